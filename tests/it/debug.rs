//! What `--debug-dir` keeps is what a debugger finds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::command::text;
use crate::support::scratch;
use crate::support::tools::{has, tool};
use crate::support::wheel_builder::WheelBuilder;
use wheelfix::elf::{self, Edits, Strip};
use zip::ZipArchive;

const DEEP: &str = "\
static int inner_function(int value) {
  return value * 3;
}
int deep_function(int value) { return inner_function(value) + 1; }
";

/// A library that needs nothing, so that no C library has a say.
fn compile(folder: &Path, name: &str, source: &str, more: &[&str]) -> PathBuf {
    let (code, library) = (folder.join("deep.c"), folder.join(name));
    fs::write(&code, source).unwrap();
    let output = tool("gcc")
        .args(["-shared", "-fPIC", "-nostdlib", "-g", "-O0", "-o"])
        .arg(&library)
        .arg(&code)
        .arg(format!("-Wl,-soname,{name}"))
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    library
}

/// What gdb knows of a function that only the debug file can tell of.
fn gdb(file: &Path, debug_folder: &Path) -> String {
    let output = tool("gdb")
        .args([
            "-nx",
            "-batch",
            "-iex",
            "set debuginfod enabled off",
            "-iex",
        ])
        .arg(format!(
            "set debug-file-directory {}",
            debug_folder.display()
        ))
        .args(["-ex", "info line inner_function"])
        .arg(file)
        .output()
        .unwrap();
    text(&output)
}

/// The function's line is in the debug file's tables, its name in its symbols.
fn is_resolved(said: &str) -> bool {
    said.contains("deep.c\" starts at address") && said.contains("<inner_function>")
}

/// The graft of a wheel whose extension needs `libdeep.so.1`, stripped, unpacked into `folder`.
fn repaired(folder: &Path, build_id: &str) -> PathBuf {
    compile(folder, "libdeep.so.1", DEEP, &[build_id]);
    let link = ["-Wl,--no-as-needed", "-L.", "-l:libdeep.so.1"];
    let code = "int deep_function(int); int PyInit__core(void) { return deep_function(1); }\n";
    let core = compile(folder, "_core.so", code, &link);
    let mut builder =
        WheelBuilder::new("demo", "1.0").file("demo/_core.so", fs::read(core).unwrap());
    builder.tags = vec!["cp312-cp312-linux_x86_64".to_owned()];
    let wheel = folder.join("demo-1.0-cp312-cp312-linux_x86_64.whl");
    fs::write(&wheel, builder.zip().build()).unwrap();
    fs::create_dir(folder.join("root")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args([
            "repair",
            "--libc",
            "musl",
            "--sysroot",
            "root",
            "--lib-path",
            ".",
        ])
        .args(["--strip", "--debug-dir", "symbols"])
        .arg(&wheel)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let made = folder.join("wheelhouse/demo-1.0-cp312-cp312-musllinux_1_2_x86_64.whl");
    let mut archive = ZipArchive::new(File::open(made).unwrap()).unwrap();
    archive.extract(folder.join("site")).unwrap();
    let mut grafts = fs::read_dir(folder.join("site/demo.libs")).unwrap();
    grafts.next().unwrap().unwrap().path()
}

fn can_debug() -> bool {
    cfg!(target_arch = "x86_64") && has("gcc") && has("gdb")
}

#[test]
fn gdb_finds_a_function_by_the_build_id() {
    if !can_debug() {
        return;
    }
    let scratch = scratch::folder();
    let folder = scratch.path();
    let graft = repaired(folder, "-Wl,--build-id=sha1");
    let without = gdb(&graft, &folder.join("nothing"));
    assert!(without.contains("not defined"), "{without}");
    let said = gdb(&graft, &folder.join("symbols"));
    assert!(is_resolved(&said), "{said}");
    let count = fs::read_dir(folder.join("symbols/.build-id"))
        .unwrap()
        .count();
    assert!(count >= 1, "the extension and the graft have a build id");
}

#[test]
fn gdb_finds_a_function_by_the_link_where_there_is_no_build_id() {
    if !can_debug() {
        return;
    }
    let scratch = scratch::folder();
    let folder = scratch.path();
    let graft = repaired(folder, "-Wl,--build-id=none");
    let name = graft.file_name().unwrap().to_str().unwrap();
    let kept = folder.join("symbols/demo-1.0-cp312-cp312-musllinux_1_2_x86_64/demo.libs");
    let debug = kept.join(format!("{name}.debug"));
    // GDB looks beside the file, and refuses a debug file whose checksum is another one.
    let beside = graft.with_file_name(format!("{name}.debug"));
    fs::copy(&debug, &beside).unwrap();
    let said = gdb(&graft, &folder.join("nothing"));
    assert!(is_resolved(&said), "{said}");
    let mut other = fs::read(&debug).unwrap();
    other.push(0);
    fs::write(&beside, other).unwrap();
    let said = gdb(&graft, &folder.join("nothing"));
    assert!(said.contains("CRC mismatch"), "{said}");
}

/// Name, kind, address and size of each section, as binutils reads them.
fn sections(file: &Path) -> Vec<(String, String, String, String)> {
    let output = tool("readelf").args(["-SW"]).arg(file).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let rows = said.lines().filter_map(|line| {
        let (number, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
        number
            .trim()
            .parse::<usize>()
            .ok()
            .filter(|number| *number > 0)?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [name, kind, address, _, size, ..] = words.as_slice() else {
            return None;
        };
        let word = |word: &str| word.to_owned();
        Some((word(name), word(kind), word(address), word(size)))
    });
    rows.collect()
}

#[test]
fn a_debug_file_is_what_binutils_makes() {
    if !(cfg!(target_arch = "x86_64") && has("gcc") && has("objcopy") && has("readelf")) {
        return;
    }
    let scratch = scratch::folder();
    let folder = scratch.path();
    let library = compile(folder, "libdeep.so.1", DEEP, &["-Wl,--build-id=sha1"]);
    let bytes = fs::read(&library).unwrap();
    let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
    fs::write(&ours, &*elf::debug_file(&bytes).unwrap()).unwrap();
    let copied = tool("objcopy")
        .arg("--only-keep-debug")
        .arg(&library)
        .arg(&theirs)
        .output();
    assert!(copied.unwrap().status.success());
    assert!(sections(&ours).len() > 15);
    // binutils writes its symbols and names anew, without those that it does not need.
    let comparable = |file: &Path| -> Vec<_> {
        let mut all = sections(file);
        all.retain(|(name, ..)| !matches!(name.as_str(), ".symtab" | ".strtab" | ".shstrtab"));
        all
    };
    assert_eq!(comparable(&ours), comparable(&theirs));
    let edits = Edits {
        strip: Strip::All,
        debug_link: Some("libdeep.so.1.debug".to_owned()),
        ..Edits::default()
    };
    let edited = elf::edit(&bytes, &edits).unwrap();
    let plain = Edits {
        debug_link: None,
        ..edits.clone()
    };
    let plain = elf::edit(&bytes, &plain).unwrap();
    let more = edited.bytes.len() - plain.bytes.len();
    assert!(more < 200, "the link takes {more} bytes");
    fs::write(&ours, &*edited.bytes).unwrap();
    let linked = sections(&ours);
    assert_eq!(linked.last().unwrap().0, ".gnu_debuglink");
    assert_eq!(
        linked.iter().filter(|(name, ..)| name == ".symtab").count(),
        0
    );
}

#[test]
fn what_is_no_library_has_no_debug_file() {
    assert!(elf::debug_file(b"").is_err());
    assert!(elf::debug_file(b"\x7fELF").is_err());
    let mut bytes = crate::support::elf_builder::Elf {
        debug: 100,
        ..Default::default()
    }
    .build();
    assert!(elf::debug_file(&bytes).is_ok());
    let relocatable = 1;
    bytes[16] = relocatable;
    assert!(elf::debug_file(&bytes).is_err());
}
