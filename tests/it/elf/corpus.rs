//! Real libraries, edited and loaded: a small part of `scripts/evidence/elf-corpus`, and the runtime of C++
//! as public wheels carry it, on a musl that does not know its packed relocations.
//!
//! Needs `scripts/setup --tests`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::command::{script, text};
use crate::support::tools::tool;
use wheelfix::elf::{self, Edits, Relr};

/// What the corpus edits with, built of the code as it is. Cargo builds examples before it runs all
/// tests, but not when it is asked for this one alone.
fn example() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut build = Command::new(std::env::var_os("CARGO").unwrap());
    build
        .args(["build", "--quiet", "--locked", "--example", "elf_edit"])
        .arg("--target-dir")
        .arg(target);
    let output = build
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    target.join("debug/examples/elf_edit")
}

#[test]
fn libraries_of_alpine_and_of_three_wheels_load_after_every_chain() {
    let tool = example();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/evidence/elf-corpus");
    let mut command = Command::new(corpus);
    let output = command
        .arg("--small")
        .env("ELF_EDIT", tool)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&output);
    let row = said
        .lines()
        .find(|line| line.starts_with("| x86_64 |"))
        .unwrap();
    let files: u32 = row.split('|').nth(2).unwrap().trim().parse().unwrap();
    assert!(files > 100, "{said}");
}

/// Throws through both libraries: one keeps the exceptions, the other unwinds.
const THROWS: &str = r#"
extern "C" int puts(const char *);
struct Thrown { int number; virtual ~Thrown() {} };
struct More : Thrown { };
__attribute__((noinline)) static void fling(int number) { More more; more.number = number; throw more; }
int main(int count, char **) {
  try { fling(count + 41); } catch (const Thrown &thrown) { return thrown.number == 42 ? puts("caught"), 0 : 1; }
  return 2;
}
"#;

/// A folder with what numpy's wheel brings for C++, and programs that load it.
struct Bench {
    folder: tempfile::TempDir,
    loader: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Bench {
    fn new() -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let wheels = script(
            "fetch",
            &[
                &format!("{root}/scripts/evidence/corpus/wheels.txt"),
                "numpy",
            ],
        );
        let wheel = fs::read_dir(wheels.trim())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let folder = tempfile::tempdir().unwrap();
        let mut unpack = tool("python3");
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(wheel)
            .arg(folder.path());
        assert!(unpack.status().unwrap().success());
        let libraries: Vec<PathBuf> = fs::read_dir(folder.path().join("numpy.libs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.starts_with("libstdc++-") || name.starts_with("libgcc_s-")
            })
            .collect();
        assert_eq!(libraries.len(), 2, "{libraries:?}");
        let old =
            PathBuf::from(script("evidence/elves/make-loader", &["x86_64", "bookworm"]).trim());
        assert!(
            fs::read_to_string(old.join("version"))
                .unwrap()
                .starts_with("1.2.3")
        );
        let bench = Self {
            loader: old.join("lib/ld-musl-x86_64.so.1"),
            folder,
            libraries,
        };
        fs::write(bench.path("throws.cc"), THROWS).unwrap();
        bench.zig(&["c++", "-c", "-o"], "throws.o", &[bench.path("throws.cc")]);
        let mut inputs = vec![bench.path("throws.o")];
        inputs.extend(bench.libraries.iter().cloned());
        bench.zig(&["cc", "-dynamic", "-o"], "throws", &inputs);
        let checker = Path::new(root).join("scripts/evidence/elves/dlcheck.c");
        bench.zig(&["cc", "-dynamic", "-o"], "dlcheck", &[checker]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn zig(&self, what: &[&str], output: &str, inputs: &[PathBuf]) {
        let zig = script("zig", &[]);
        let mut command = Command::new(zig.trim());
        command
            .arg(what[0])
            .args(["-target", "x86_64-linux-musl", "-O1"])
            .args(&what[1..]);
        for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            command.env(name, concat!(env!("CARGO_TARGET_TMPDIR"), "/zig"));
        }
        let output = command
            .arg(self.path(output))
            .args(inputs)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }

    /// Runs a program under the old musl, with the libraries as they are now.
    fn run(&self, program: &str, input: &str) -> Output {
        let mut command = Command::new(&self.loader);
        command
            .arg("--library-path")
            .arg(self.path("numpy.libs"))
            .arg(self.path(program));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program that throws does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}

#[test]
fn exceptions_work_on_a_musl_without_packed_relocations_once_they_are_unpacked() {
    let bench = Bench::new();
    let libstdcxx = bench
        .libraries
        .iter()
        .find(|path| path.to_string_lossy().contains("libstdc++"));
    let list = format!("{}\n", libstdcxx.unwrap().display());
    let before = text(&bench.run("dlcheck", &list));
    assert!(before.starts_with("no "), "it loads packed: {before}");
    assert!(
        before.contains("wait status 11") || before.contains("wait status 139"),
        "no crash: {before}"
    );
    assert!(!bench.run("throws", "").status.success());

    let edits = Edits {
        relr: Relr::Expand,
        ..Edits::default()
    };
    for path in &bench.libraries {
        let bytes = fs::read(path).unwrap();
        assert!(
            elf::read(&bytes).unwrap().relr > Some(0),
            "{}",
            path.display()
        );
        let edited = elf::edit(&bytes, &edits).unwrap();
        assert_eq!(elf::read(&edited.bytes).unwrap().relr, None);
        fs::write(path, edited.bytes).unwrap();
    }
    let after = text(&bench.run("dlcheck", &list));
    assert!(after.starts_with("ok "), "{after}");
    let thrown = bench.run("throws", "");
    assert!(
        thrown.status.success() && text(&thrown) == "caught\n",
        "{}",
        text(&thrown)
    );
}
