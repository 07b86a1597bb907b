//! A wheel to repair again and again while things go wrong, and what must hold afterwards.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

use super::bounded::within;
use super::elf_builder::Elf;
use super::scratch;
use super::tools::tool;
use super::wheel_builder::WheelBuilder;

pub const WHEELFIX: &str = env!("CARGO_BIN_EXE_wheelfix");
pub const INPUT: &str = "demo-1.0-cp312-cp312-linux_x86_64.whl";
pub const OUTPUT: &str = "demo-1.0-cp312-cp312-musllinux_1_2_x86_64.whl";

/// A folder with `sysroot/`, the wheel, and an output folder for each attempt.
pub struct Fixture {
    folder: TempDir,
    input: Vec<u8>,
}

impl Fixture {
    /// The extension and the library it needs have so many bytes that no packer makes smaller.
    pub fn new(ballast: usize) -> Self {
        let folder = scratch::folder();
        let extension = Elf {
            needed: vec!["libfoo.so.2".to_owned(), "libc.musl-x86_64.so.1".to_owned()],
            ballast,
            ..Elf::default()
        };
        let library = Elf {
            ballast,
            ..Elf::library("libfoo.so.2", &[])
        };
        let lib = folder.path().join("sysroot/usr/lib");
        fs::create_dir_all(&lib).unwrap();
        fs::write(lib.join("libfoo.so.2"), library.build()).unwrap();
        let input = WheelBuilder::default()
            .tag("cp312-cp312-linux_x86_64")
            .file("demo/__init__.py", "")
            .file("demo/_core.so", extension.build())
            .build();
        fs::write(folder.path().join(INPUT), &input).unwrap();
        Self { folder, input }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `wheelfix repair` into a folder, as words of a command line.
    pub fn words(&self, out: &str) -> Vec<String> {
        [WHEELFIX, "repair", "--sysroot", "sysroot", "-w", out, INPUT]
            .map(str::to_owned)
            .to_vec()
    }

    /// A command that begins with other words, as `strace -f`.
    pub fn command(&self, before: &[&str], out: &str) -> Command {
        let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        words.extend(self.words(out));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = within(&words);
        command
            .current_dir(self.path())
            .env_remove("LD_LIBRARY_PATH")
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What must hold after every attempt: under the final name there is a whole wheel, which
    /// only a success can have made, or nothing; beside it nothing, or, after a kill that nobody
    /// can catch, a hidden temporary file; the input is as it was.
    pub fn check(&self, out: &str, status: ExitStatus, output: &str) {
        let names = names(&self.out(out));
        let killed = status.signal() == Some(9) || status.code() == Some(128 + 9);
        for name in &names {
            let is_temporary = name.starts_with(&format!(".{OUTPUT}.tmp-"));
            let allowed = name == OUTPUT || killed && is_temporary;
            assert!(allowed, "{name} was left after {status}\n{output}");
        }
        let is_there = names.iter().any(|name| name == OUTPUT);
        // A kill may come when everything is done.
        if is_there && (status.success() || killed || status.signal().is_some()) {
            whole(&self.out(out).join(OUTPUT));
        } else {
            assert_eq!(is_there, status.success(), "after {status}\n{output}");
        }
        let input = fs::read(self.path().join(INPUT)).unwrap();
        assert!(input == self.input, "the input was changed");
        assert!(!output.contains("panicked"), "{output}");
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

pub fn text(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    format!("{stdout}{}", String::from_utf8_lossy(&output.stderr))
}

/// Python's opinion of a wheel.
pub fn whole(wheel: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/check_wheel.py");
    let mut python = tool("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to check the wheels");
    writeln!(python.stdin.take().unwrap(), "{}", wheel.display()).unwrap();
    let answer = python.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "ok\n");
}

/// Runs a script as root of a mount namespace of its own; `None` where that is not allowed.
pub fn in_namespace(folder: &Path, script: &str) -> Option<Output> {
    let unshare = |script: &str| {
        let mut command = tool("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        command
            .current_dir(folder)
            .env("RAYON_NUM_THREADS", "1")
            .output()
            .unwrap()
    };
    let able = "mkdir -p probe && mount -t tmpfs -o size=1m none probe";
    let tried = unshare(able);
    if !tried.status.success() {
        println!("skipped: no mounting here: {}", text(&tried).trim());
        return None;
    }
    Some(unshare(script))
}
