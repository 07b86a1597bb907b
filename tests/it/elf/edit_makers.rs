//! The ELF editor against files of makers other than a C compiler with its usual linker: rustc,
//! patchelf, an assembler that asks for more sections than the header can count, and C++.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::support::elf_workshop::*;
use crate::support::tools::{has, is_strict, tool};
use object::{Object, ObjectSection, ObjectSymbol};
use wheelfix::elf::{Edits, Relr, RunPathKind, Strip};

/// Unwinds, which works only where the program headers are found in memory.
const RUST: &str = r#"
#[no_mangle]
pub extern "C" fn answer() -> i32 {
    std::panic::set_hook(Box::new(|_| ()));
    let caught = std::panic::catch_unwind(|| std::hint::black_box(None::<i32>).unwrap());
    if caught.is_err() { 42 } else { 1 }
}
"#;

#[test]
fn a_panic_is_caught_in_an_edited_rust_library() {
    let shop = shop!();
    if !has("rustc") {
        return;
    }
    fs::write(shop.path("lib.rs"), RUST).unwrap();
    for linker in [
        "-Clink-arg=-Wl,-soname,librust.so",
        "-Clink-arg=-fuse-ld=bfd",
        "-Clink-arg=-fuse-ld=lld",
    ] {
        let mut command = tool("rustc");
        command.args(["--crate-type=cdylib", "-O", "--edition=2021", linker, "-o"]);
        run(command.arg(shop.path("rust.so")).arg(shop.path("lib.rs"))).unwrap();
        let original = fs::read(shop.path("rust.so")).unwrap();
        shop.load("rust, original", &original);
        for strip in [Strip::None, Strip::Debug, Strip::All] {
            let edits = Edits {
                strip,
                relr: Relr::Expand,
                ..repair()
            };
            let edited = edit(&original, &edits);
            shop.load(&format!("rust, {linker}, {strip:?}"), &edited.bytes);
            if let Some(stripped) = shop.binutils_strip(&edited.bytes) {
                shop.load(&format!("rust, {linker}, {strip:?}, then strip"), &stripped);
            }
        }
    }
}

// patchelf#170, #192, #202: the second run broke what the first one had moved.
#[test]
fn files_that_patchelf_edited_once_or_twice_go_through_everything() {
    let shop = shop!();
    if !has("patchelf") {
        return;
    }
    let shapes = [
        &[][..],
        &["-Wl,-z,noseparate-code"],
        &["-fuse-ld=lld"],
        &["-Wl,-z,max-page-size=0x200000"],
    ];
    for (patchelf, flags) in ["patchelf-0.17", "patchelf"]
        .into_iter()
        .flat_map(|patchelf| shapes.map(|flags| (patchelf, flags)))
    {
        let Some(_) = shop.shape(flags) else { continue };
        let file = shop.path("libshape.so.1");
        for (round, page) in [(1, "4096"), (2, "65536")] {
            let path = format!("$ORIGIN:/{}", "p".repeat(3000 * round));
            let mut command = tool(patchelf);
            command.args(["--page-size", page, "--set-rpath", &path]);
            if round == 2 {
                command.args(["--set-soname", &format!("lib{}.so", "s".repeat(500))]);
            }
            run(command.arg(&file)).unwrap();
            let patched = fs::read(&file).unwrap();
            let name = format!("{flags:?}, {patchelf} {round} times");
            put_through(&shop, &name, &patched);
        }
    }
}

/// Links the library with so many sections more, every hundredth with a symbol that only the
/// symbol table has.
fn with_sections(shop: &Workshop, count: usize) -> Vec<u8> {
    let mut source = String::new();
    for number in 0..count {
        writeln!(source, ".section .many.{number},\"aw\"\n.byte 1").unwrap();
        if number % 100 == 0 {
            writeln!(source, "many_{number}:").unwrap();
        }
    }
    fs::write(shop.path("many.s"), source).unwrap();
    let many = shop.path("many.s").display().to_string();
    shop.shape(&["-fuse-ld=lld", &many]).unwrap()
}

/// How many sections there are, and the name of the section that each symbol is of, by another reader.
fn sections_of_symbols(bytes: &[u8]) -> (usize, BTreeMap<String, Option<String>>) {
    let file = object::File::parse(bytes).unwrap();
    let section_of = |symbol: object::Symbol<'_, '_>| {
        let index = symbol.section_index()?;
        Some(
            file.section_by_index(index)
                .unwrap()
                .name()
                .unwrap()
                .to_owned(),
        )
    };
    let symbols = file.symbols();
    let named = symbols.filter(|symbol| !symbol.name().unwrap().is_empty());
    let all = named.map(|symbol| (symbol.name().unwrap().to_owned(), section_of(symbol)));
    // The empty first section is none to that reader.
    (file.sections().count() + 1, all.collect())
}

// The header has two bytes for their number: more are counted in the first section header, and
// the symbols' sections stand in a table of their own.
#[test]
fn a_file_with_more_sections_than_the_header_can_count_is_edited_and_stripped() {
    let shop = shop!();
    if !has("ld.lld") {
        return;
    }
    let stripped = |original: &[u8], strip| edit(original, &Edits { strip, ..repair() }).bytes;
    let small = stripped(&with_sections(&shop, 0), Strip::All);
    let (kept, _) = sections_of_symbols(&small);
    for (count, fits_stripped) in [(0xff40, false), (0xff00 - 1 - kept, true)] {
        let original = with_sections(&shop, count);
        assert_eq!(original[60..62], [0, 0], "the header counts them");
        let (_, sections) = sections_of_symbols(&original);
        assert_eq!(sections["answer"].as_deref(), Some(".text"));
        let last = format!("many_{}", (count - 1) / 100 * 100);
        let of_last = last.replace("many_", ".many.");
        assert_eq!(sections[&last].as_deref(), Some(of_last.as_str()));
        shop.load("many sections", &original);
        let edited = edit(&original, &repair()).bytes;
        shop.load("many sections, edited", &edited);
        assert_eq!(sections_of_symbols(&edited).1, sections);
        let debug = stripped(&original, Strip::Debug);
        shop.load("many sections, without debug sections", &debug);
        assert_eq!(sections_of_symbols(&debug).1, sections);
        let all = stripped(&original, Strip::All);
        shop.load("many sections, stripped", &all);
        assert_eq!(sections_of_symbols(&all), (count + kept, BTreeMap::new()));
        assert_eq!(all[60..62] != [0, 0], fits_stripped);
        assert!(all.len() < debug.len());
    }
}

// A symbol of a section that is gone must not be left with the number that another one has now.
#[test]
fn symbols_of_debug_sections_are_absolute_once_those_are_gone() {
    let shop = shop!();
    let source = ".section .debug_notes,\"\",@progbits\nin_notes:\n.long 7\n.text\nin_text: nop\n";
    fs::write(shop.path("notes.s"), source).unwrap();
    let notes = shop.path("notes.s").display().to_string();
    let original = shop.shape(&[&notes]).unwrap();
    let (_, mut sections) = sections_of_symbols(&original);
    assert_eq!(sections["in_notes"].as_deref(), Some(".debug_notes"));
    let edits = Edits {
        strip: Strip::Debug,
        ..repair()
    };
    let stripped = edit(&original, &edits).bytes;
    shop.load("without debug sections", &stripped);
    sections.insert("in_notes".into(), None);
    assert_eq!(sections_of_symbols(&stripped).1, sections);
}

const THROWER: &str = r#"
#include <stdexcept>
#include <string>
extern "C" int dep_answer(void);
extern "C" int dep_other(void);
extern "C" int answer(void) {
  try { if (dep_answer() + dep_other() == 41) throw std::runtime_error(std::string("forty")); }
  catch (const std::exception &e) { return e.what() == std::string("forty") ? 42 : 2; }
  return 1;
}
"#;

#[test]
fn an_exception_is_caught_in_an_edited_cxx_library() {
    let shop = shop!();
    if !has("g++") {
        return;
    }
    fs::write(shop.path("throw.cc"), THROWER).unwrap();
    let dep = shop.path(DEP_NAME);
    for flags in [
        &[][..],
        &["-Wl,--spare-dynamic-tags=0"],
        &["-fuse-ld=lld"],
        &["-fuse-ld=mold"],
    ] {
        let mut command = tool("g++");
        command
            .args(["-shared", "-fPIC", "-Wl,-rpath,$ORIGIN", "-o"])
            .arg(shop.path("throw.so"));
        run(command.arg(shop.path("throw.cc")).arg(&dep).args(flags)).unwrap();
        let original = fs::read(shop.path("throw.so")).unwrap();
        put_through(&shop, &format!("C++ {flags:?}"), &original);
    }
}

// patchelf#622: a file of fixed addresses got a segment below its first one.
#[test]
fn programs_of_every_linker_start_after_every_chain() {
    let shop = shop!();
    shop.shape(&[]).unwrap();
    let source = "extern int answer(void); int main(void) { return answer() == 42 ? 0 : 3; }";
    fs::write(shop.path("main.c"), source).unwrap();
    for linker in ["bfd", "gold", "lld", "mold"] {
        for kind in [&["-pie", "-fPIE"][..], &["-no-pie", "-fno-pie"]] {
            let program = shop.path("program");
            let mut command = tool("gcc");
            command
                .args(kind)
                .arg(format!("-fuse-ld={linker}"))
                .arg("-o")
                .arg(&program);
            command
                .arg(shop.path("main.c"))
                .arg(shop.path("libshape.so.1"))
                .arg(shop.path(DEP_NAME));
            if let Err(error) = run(command.arg("-Wl,-rpath,$ORIGIN")) {
                assert!(!is_strict(), "{error}");
                continue;
            }
            let original = fs::read(&program).unwrap();
            let long = format!("$ORIGIN/{}:$ORIGIN", "p".repeat(2000));
            let edits = |strip| Edits {
                run_path: set_path(RunPathKind::Runpath, &long),
                strip,
                ..Edits::default()
            };
            let edited = edit(&original, &edits(Strip::None)).bytes;
            let stripped = edit(&original, &edits(Strip::All)).bytes;
            let theirs = shop.binutils_strip(&edited).unwrap();
            for (what, bytes) in [
                ("edited", edited),
                ("with strip", stripped),
                ("then strip", theirs.into()),
            ] {
                fs::write(&program, bytes).unwrap();
                run(&mut Command::new(&program))
                    .unwrap_or_else(|error| panic!("{linker} {kind:?} {what}: {error}"));
            }
        }
    }
}

#[test]
fn a_program_that_is_still_open_for_writing_is_started_when_it_is_closed() {
    let shop = shop!();
    let program = shop.path("load");
    let held = fs::OpenOptions::new().append(true).open(&program).unwrap();
    let busy = Command::new(&program).output().unwrap_err();
    assert_eq!(busy.kind(), std::io::ErrorKind::ExecutableFileBusy);
    let closing = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        drop(held);
    });
    let output = outcome(Command::new(&program).arg("no-such-library.so")).unwrap();
    assert_eq!(output.status.code(), Some(1));
    closing.join().unwrap();
}
