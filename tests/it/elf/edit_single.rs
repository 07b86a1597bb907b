//! The edits that people ask for of single files: interpreter, stack, symbols, needs. Programs and
//! libraries are built here, edited, and run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::elf_workshop::*;
use crate::support::tools::tool;
use wheelfix::elf::{self, Edits, MoreEdits, RunPathKind};

const PROGRAM: &str = r#"
extern int dep_answer(void);
static const char *const words[] = { "a", "b", "c" };
int main(int argc, char **argv) { (void)argv; return words[argc][0] == 'b' && dep_answer() == 40 ? 42 : 1; }
"#;

fn more(more: MoreEdits) -> Edits {
    Edits {
        more,
        ..Edits::default()
    }
}

/// Builds a program that needs the library of the workshop.
fn program(shop: &Workshop, flags: &[&str]) -> Vec<u8> {
    fs::write(shop.path("program.c"), PROGRAM).unwrap();
    let mut command = tool("gcc");
    command.args(["-O1", "-g", "-o"]).arg(shop.path("program"));
    command.arg(shop.path("program.c")).arg(shop.path(DEP_NAME));
    command.arg(format!("-Wl,-rpath,{}", shop.folder.path().display()));
    run(command.args(flags)).unwrap();
    fs::read(shop.path("program")).unwrap()
}

fn exit_of(shop: &Workshop, bytes: &[u8]) -> Option<i32> {
    let path: PathBuf = shop.path("tried");
    let _ = fs::remove_file(&path);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    outcome(&mut Command::new(&path))
        .ok()
        .and_then(|output| output.status.code())
}

const SHAPES: [&[&str]; 4] = [
    &["-pie", "-fPIE"],
    &["-no-pie", "-fno-pie"],
    &["-no-pie", "-fno-pie", "-Wl,-z,max-page-size=0x200000"],
    &[
        "-pie",
        "-fPIE",
        "-Wl,-z,noseparate-code",
        "-Wl,--spare-dynamic-tags=0",
    ],
];

// patchelf#446, #474, #558: programs must still start after their interpreter grew.
#[test]
fn a_program_starts_with_a_longer_interpreter_and_a_shorter_one() {
    let shop = shop!();
    for flags in SHAPES {
        let original = program(&shop, flags);
        assert_eq!(exit_of(&shop, &original), Some(42), "{flags:?}");
        let old = read(&original).interpreter.unwrap();
        let long = shop.path(&"i".repeat(200));
        let _ = fs::remove_file(&long);
        std::os::unix::fs::symlink(&old, &long).unwrap();
        let long = long.display().to_string();
        let set = |to: &str| {
            more(MoreEdits {
                interpreter: Some(to.to_owned()),
                ..MoreEdits::default()
            })
        };
        let longer = edit(&original, &set(&long));
        assert_eq!(read(&longer.bytes).interpreter.as_deref(), Some(&*long));
        assert_eq!(exit_of(&shop, &longer.bytes), Some(42), "{flags:?}");
        let back = edit(&longer.bytes, &set(&old));
        assert_eq!(read(&back.bytes).interpreter.as_deref(), Some(&*old));
        assert_eq!(exit_of(&shop, &back.bytes), Some(42), "{flags:?}");
        assert!(!edit(&back.bytes, &set(&old)).changed);
        let missing = edit(&original, &set("/no/such/loader"));
        assert_eq!(exit_of(&shop, &missing.bytes), None, "{flags:?}");
    }
}

#[test]
fn a_program_runs_after_every_edit_at_once_and_twenty_more() {
    let shop = shop!();
    for flags in SHAPES {
        let original = program(&shop, flags);
        fs::copy(shop.path(DEP_NAME), shop.path("libextra.so.1")).unwrap();
        let mut edits = more(MoreEdits {
            add_needed: vec!["libextra.so.1".into()],
            exec_stack: Some(true),
            os_abi: Some(3),
            no_default_libraries: true,
            erase_run_path: true,
            ..MoreEdits::default()
        });
        // What is needed besides is found in the default folders, which are not searched.
        let folder = shop.folder.path().display().to_string();
        let path = format!("{folder}:/lib/x86_64-linux-gnu:/lib64:/usr/lib");
        edits.run_path = set_path(RunPathKind::Runpath, &path);
        let mut bytes = edit(&original, &edits).bytes;
        let facts = read(&bytes);
        assert_eq!(facts.needed[0].as_str(), "libextra.so.1");
        assert_eq!((facts.exec_stack, facts.os_abi), (Some(true), 3));
        assert_eq!(facts.flags_1 & 8, 8);
        edits.more.exec_stack = Some(false);
        bytes = edit(&bytes, &edits).bytes;
        assert_eq!(exit_of(&shop, &bytes), Some(42), "{flags:?}");
        let first = bytes.len();
        for round in 0..20 {
            edits.run_path = set_path(RunPathKind::Rpath, &format!("{path}:/round/{round}"));
            bytes = edit(&bytes, &edits).bytes;
        }
        assert_eq!(exit_of(&shop, &bytes), Some(42), "{flags:?}");
        assert!(
            bytes.len() < first + 1024,
            "{flags:?}: {first} to {}",
            bytes.len()
        );
    }
}

// patchelf#162, #315: a run path that ends another string must not be written over.
#[test]
fn an_old_run_path_is_erased_only_where_nothing_else_uses_its_bytes() {
    let shop = shop!();
    let count =
        |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).filter(|it| *it == text).count();
    let own = shop.shape(&["-Wl,-rpath,/nowhere/to/be/found"]).unwrap();
    let edits = |erase| Edits {
        run_path: set_path(RunPathKind::Runpath, "$ORIGIN"),
        ..more(MoreEdits {
            erase_run_path: erase,
            ..MoreEdits::default()
        })
    };
    let kept = edit(&own, &edits(false));
    assert_eq!(count(&kept.bytes, b"/nowhere/to/be/found"), 1);
    let erased = edit(&own, &edits(true));
    assert_eq!(count(&erased.bytes, b"/nowhere/to/be/found"), 0);
    assert_eq!(erased.bytes.len(), own.len());
    shop.load("erased run path", &erased.bytes);
    // The symbol `lib_f` ends the run path's bytes: the linker shares them.
    let shared = shop.shape(&["-Wl,-rpath,/x/lib_f"]).unwrap();
    let edited = edit(&shared, &edits(true));
    assert!(
        read(&edited.bytes)
            .symbols
            .iter()
            .any(|symbol| symbol.name == "lib_f")
    );
    shop.load("shared run path", &edited.bytes);
}

#[test]
fn renamed_symbols_are_found_under_their_new_names_and_no_others() {
    let shop = shop!();
    for flags in [
        &["-Wl,--hash-style=gnu"][..],
        &["-Wl,--hash-style=sysv"],
        &["-Wl,--hash-style=both", "-Wl,-z,now"],
        &["-fuse-ld=lld"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let names = ["answer", "lib_f", "my_init"];
        let renamed = |from: &str, to: &str| {
            let pair = |name: &str| (format!("{from}{name}"), format!("{to}{name}"));
            let rename_symbols: BTreeMap<String, String> =
                names.iter().map(|it| pair(it)).collect();
            more(MoreEdits {
                rename_symbols,
                ..MoreEdits::default()
            })
        };
        let there = edit(&original, &renamed("", "another_"));
        let all: BTreeSet<String> = read(&there.bytes)
            .symbols
            .iter()
            .map(|it| it.name.to_owned())
            .collect();
        assert!(
            all.contains("another_answer") && !all.contains("answer"),
            "{flags:?}"
        );
        // The loader looks for `answer`, which is not there now.
        fs::write(shop.path("tried.so"), &there.bytes).unwrap();
        let found = Command::new(shop.path("load"))
            .arg(shop.path("tried.so"))
            .status()
            .unwrap();
        assert_eq!(found.code(), Some(2), "{flags:?}");
        let back = edit(&there.bytes, &renamed("another_", ""));
        shop.load(&format!("{flags:?} renamed there and back"), &back.bytes);
        // What a library wants can be renamed too: here to a symbol of the same library.
        let wanted = more(MoreEdits {
            rename_symbols: BTreeMap::from([("dep_other".to_owned(), "dep_answer".to_owned())]),
            clear_versions: BTreeSet::from(["dep_other".to_owned()]),
            ..MoreEdits::default()
        });
        let edited = edit(&original, &wanted);
        fs::write(shop.path("tried.so"), &edited.bytes).unwrap();
        let status = Command::new(shop.path("load"))
            .arg(shop.path("tried.so"))
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(3), "{flags:?}: 40 + 1 + 40 is not 42");
    }
}

#[test]
fn a_version_taken_off_a_symbol_lets_any_version_do() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let edits = more(MoreEdits {
        clear_versions: BTreeSet::from(["dep_answer".to_owned()]),
        ..MoreEdits::default()
    });
    let edited = edit(&original, &edits);
    let facts = read(&edited.bytes);
    let version = |name: &str| {
        let mut symbols = facts.symbols.iter();
        symbols
            .find(|it| it.name == name)
            .unwrap()
            .version
            .map(str::to_owned)
    };
    assert_eq!(version("dep_answer"), None);
    assert_eq!(version("dep_other").as_deref(), Some("DEP_2.0"));
    shop.load("version taken off", &edited.bytes);
}

#[test]
fn a_stack_header_is_added_where_there_is_none() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,-z,max-page-size=0x200000"],
        &["-Wl,-z,noseparate-code"],
    ] {
        let mut bytes = shop.shape(flags).unwrap();
        // PT_GNU_STACK out of the program headers: the last one takes its place.
        let (at, count) = (64, usize::from(bytes[56]));
        let header = |bytes: &[u8], index: usize| bytes[at + index * 56..][..56].to_vec();
        let stack = (0..count)
            .find(|&index| header(&bytes, index)[..4] == 0x6474_e551_u32.to_le_bytes())
            .unwrap();
        for index in stack..count - 1 {
            let next = header(&bytes, index + 1);
            bytes[at + index * 56..][..56].copy_from_slice(&next);
        }
        bytes[at + (count - 1) * 56..][..56].fill(0);
        bytes[56] -= 1;
        assert_eq!(read(&bytes).exec_stack, None);
        let set = more(MoreEdits {
            exec_stack: Some(false),
            ..MoreEdits::default()
        });
        let edited = edit(&bytes, &set);
        assert_eq!(read(&edited.bytes).exec_stack, Some(false));
        shop.load(&format!("stack header added, {flags:?}"), &edited.bytes);
    }
}

#[test]
fn a_comparison_explains_an_edit_and_names_what_no_edit_explains() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let edited = edit(&original, &repair());
    let found = elf::compare(&original, &edited.bytes).unwrap();
    assert!(found.rest.is_none(), "{:?}", found.rest);
    assert_eq!(found.edits.soname, repair().soname);
    assert_eq!(found.edits.rename_needed, repair().rename_needed);
    let mut broken = edited.bytes.to_vec();
    let text = broken.windows(4).rposition(|it| it == b"\x7fELF").unwrap();
    assert_eq!(text, 0);
    // One byte of code.
    let code = read_entry_of(&broken, "answer");
    broken[code] ^= 1;
    let found = elf::compare(&original, &broken).unwrap();
    assert!(found.rest.is_some());
}

/// The file offset of a symbol's code; the first segments are mapped one to one here.
fn read_entry_of(bytes: &[u8], name: &str) -> usize {
    use object::{Object, ObjectSymbol};
    let file = object::File::parse(bytes).unwrap();
    let mut symbols = file.dynamic_symbols();
    let symbol = symbols.find(|it| it.name() == Ok(name)).unwrap();
    usize::try_from(symbol.address()).unwrap()
}
