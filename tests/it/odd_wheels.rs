//! Wheels of odd kinds, built here with gcc, repaired, and loaded by glibc: what the repair says of
//! them has to be what the loader says.

#![cfg(target_env = "gnu")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::command::text;
use crate::support::elf_workshop::{LOADER, outcome, run};
use crate::support::tools::{has, tool};
use crate::support::wheel_builder::WheelBuilder;
use crate::support::wheels::only_wheel;

/// A folder with what a test builds.
struct Yard(tempfile::TempDir);

impl Yard {
    /// `None` where there is no compiler.
    fn open() -> Option<Self> {
        let yard = has("gcc").then(|| Self(tempfile::tempdir().unwrap()))?;
        fs::create_dir(yard.path("lib")).unwrap();
        fs::write(yard.path("load.c"), LOADER).unwrap();
        let (load, source) = (yard.path("load"), yard.path("load.c"));
        run(tool("gcc").arg("-o").arg(load).arg(source)).unwrap();
        Some(yard)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a text; words that end in `.so` or stand behind `lib/` are files of the yard.
    fn gcc(&self, output: &str, source: &str, words: &[&str]) -> Vec<u8> {
        let text = self.path("source.c");
        fs::write(&text, source).unwrap();
        let mut command = tool("gcc");
        command.current_dir(self.0.path());
        command.args([
            "-O1",
            "-Wl,--no-as-needed",
            "-Wl,--allow-shlib-undefined",
            "-o",
            output,
        ]);
        run(command.arg("source.c").args(words)).unwrap();
        fs::read(self.path(output)).unwrap()
    }

    fn wheelfix(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
        command.current_dir(self.0.path());
        command.args(words).output().unwrap()
    }

    /// Writes a wheel of these files, repairs it, and unpacks the result into `site`.
    fn repaired(&self, files: &[(&str, &[u8])], words: &[&str]) -> Result<PathBuf, String> {
        let mut wheel = WheelBuilder::new("demo", "1.0").tag("cp313-cp313-linux_x86_64");
        for (path, bytes) in files {
            wheel = wheel.file(path, bytes);
        }
        let name = "demo-1.0-cp313-cp313-linux_x86_64.whl";
        fs::write(self.path(name), wheel.build()).unwrap();
        let all = [
            &["repair", "--lib-path", "lib", "-w", "out"],
            words,
            &[name],
        ]
        .concat();
        let output = self.wheelfix(&all);
        if !output.status.success() {
            return Err(text(&output));
        }
        let found = only_wheel(&self.path("out"));
        let site = self.path("site");
        let mut unpack = tool("python3");
        unpack.args(["-m", "zipfile", "-e"]).arg(&found).arg(&site);
        run(&mut unpack).unwrap();
        let checked = self.wheelfix(&["check", "--select", "L", "out"]);
        assert!(checked.status.success(), "{}", text(&checked));
        Ok(site)
    }

    /// Loads a file and asks it for `answer`.
    fn load(&self, path: &Path) -> Result<(), String> {
        run(Command::new(self.path("load")).arg(path))
    }
}

#[test]
fn a_version_need_without_its_library_follows_the_graft_that_another_file_brings() {
    let Some(yard) = Yard::open() else { return };
    fs::write(yard.path("v"), "BIG_1 { global: big; };").unwrap();
    let soname = "-Wl,-soname,libbig.so.5";
    let flags = ["-shared", "-fPIC", soname, "-Wl,--version-script=v"];
    yard.gcc("lib/libbig.so.5", "int big(void) { return 21; }", &flags);
    let source = "extern int big(void); int inner(void) { return big(); }";
    let flags = [
        "-shared",
        "-fPIC",
        "-Wl,-soname,libinner.so",
        "lib/libbig.so.5",
    ];
    yard.gcc("libinner.so", source, &flags);
    // The need goes, the version need stays: what build systems make that put libraries in by hand.
    let named = fs::read(yard.path("libinner.so")).unwrap();
    let inner = without_need(&named, b"libbig.so.5");
    fs::write(yard.path("libinner.so"), &inner).unwrap();
    let source = "extern int big(void), inner(void); int answer(void) { return big() + inner(); }";
    let words = [
        "-shared",
        "-fPIC",
        "-Wl,-rpath,$ORIGIN",
        "lib/libbig.so.5",
        "libinner.so",
    ];
    let extension = yard.gcc("ext.so", source, &words);
    let files: [(&str, &[u8]); 2] = [("demo/ext.so", &extension), ("demo/libinner.so", &inner)];
    let site = yard.repaired(&files, &[]).unwrap();
    yard.load(&site.join("demo/ext.so")).unwrap();
    let needs = run_text(
        tool("readelf")
            .arg("-VW")
            .arg(site.join("demo/libinner.so")),
    );
    assert!(!needs.contains("libbig.so.5"), "{needs}");
    // Where nothing brings it, glibc ends the process and `check` says so.
    let source = "extern int inner(void); int answer(void) { return inner(); }";
    let words = ["-shared", "-fPIC", "-Wl,-rpath,$ORIGIN", "libinner.so"];
    let alone = yard.gcc("alone.so", source, &words);
    assert!(yard.load(&yard.path("alone.so")).is_err());
    let wheel = WheelBuilder::new("alone", "1.0").tag("cp313-cp313-manylinux_2_17_x86_64");
    let wheel = wheel
        .file("alone/ext.so", &alone)
        .file("alone/libinner.so", &inner);
    let name = "alone-1.0-cp313-cp313-manylinux_2_17_x86_64.whl";
    fs::write(yard.path(name), wheel.build()).unwrap();
    let checked = yard.wheelfix(&["check", "--select", "L006", name]);
    assert!(text(&checked).contains("libbig.so.5"), "{}", text(&checked));
}

/// The file with one need fewer, as an editor leaves it that knows nothing of versions: the entry
/// becomes a spare one at the end of the list.
pub(crate) fn without_need(bytes: &[u8], name: &[u8]) -> Vec<u8> {
    let facts = goblin_dynamic(bytes);
    let (list, strings) = facts;
    let mut bytes = bytes.to_vec();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let mut at = list;
    loop {
        let (tag, value) = (word(&bytes, at), word(&bytes, at + 8) as usize);
        assert_ne!(tag, 0, "the need is not there");
        if tag == 1 && bytes[strings + value..].starts_with(name) {
            break;
        }
        at += 16;
    }
    // Everything behind it moves up by one entry, the end of the list included.
    let mut end = at;
    while word(&bytes, end) != 0 {
        end += 16;
    }
    bytes.copy_within(at + 16..end + 16, at);
    bytes
}

/// Where the dynamic list and its strings are in a 64-bit file whose first segments are not moved.
fn goblin_dynamic(bytes: &[u8]) -> (usize, usize) {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let half = |at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()));
    let (table, count) = (word(32), half(56));
    let headers = (0..count).map(|number| table + number * half(54));
    let list = headers.clone().find(|&at| bytes[at] == 2).unwrap();
    let list = word(list + 8);
    let mut at = list;
    while word(at) != 5 {
        at += 16;
    }
    let address = word(at + 8);
    let load = headers.clone().find(|&at| {
        bytes[at] == 1 && (word(at + 16)..word(at + 16) + word(at + 32)).contains(&address)
    });
    let load = load.unwrap();
    (list, address - word(load + 16) + word(load + 8))
}

fn run_text(command: &mut Command) -> String {
    text(&outcome(command).unwrap())
}

const PYTHON: &str = "int Py_BytesMain(int c, char **v) { return c == 1 && v ? 42 : 1; }";
const PROGRAM: &str = "extern int Py_BytesMain(int, char **); int main(int c, char **v) { return Py_BytesMain(c, v); }";
const LIBPYTHON: &str = "libpython3.13.so.1.0";

#[test]
fn a_program_finds_the_libpython_that_the_wheel_carries_and_one_without_is_refused() {
    let Some(yard) = Yard::open() else { return };
    let soname = format!("-Wl,-soname,{LIBPYTHON}");
    let python = format!("lib/{LIBPYTHON}");
    let library = yard.gcc(&python, PYTHON, &["-shared", "-fPIC", &soname]);
    let program = yard.gcc("prog", PROGRAM, &[&python, "-Wl,-rpath,$ORIGIN/lib"]);
    // Nothing leads this one to the library: the repair does.
    let astray = yard.gcc("astray", PROGRAM, &[&python]);
    let source = "extern int Py_BytesMain(int, char **); void *PyInit_ext(void) { return Py_BytesMain; } int answer(void) { return 42; }";
    let extension = yard.gcc("ext.so", source, &["-shared", "-fPIC", &python]);
    let carried = format!("demo/lib/{LIBPYTHON}");
    let files: [(&str, &[u8]); 4] = [
        ("demo/prog", &program),
        ("demo/astray", &astray),
        ("demo/ext.so", &extension),
        (&carried, &library),
    ];
    let site = yard.repaired(&files, &[]).unwrap();
    for name in ["demo/prog", "demo/astray"] {
        let path = site.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let output = outcome(&mut Command::new(&path)).unwrap();
        assert_eq!(output.status.code(), Some(42), "{name}: {}", text(&output));
    }
    let needs = run_text(tool("readelf").arg("-d").arg(site.join("demo/ext.so")));
    assert!(!needs.contains("libpython"), "{needs}");
    let without = yard.repaired(&files[..3], &[]).unwrap_err();
    assert!(
        without.contains("--exclude libpython3.13.so.1.0"),
        "{without}"
    );
}
