//! Wheels, roots and trees that ask for much with few bytes, put to every command.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::bounded::{begin, said};
use super::elf_builder::Elf;
use super::scratch;
use super::wheel_builder::WheelBuilder;

pub const WHEEL: &str = "demo-1.0-cp312-cp312-musllinux_1_2_x86_64.whl";
pub const GLIBC: &str = "demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl";

/// A folder with a wheel for each C library, an empty root, and whatever else is put there.
pub struct Bomb {
    pub folder: TempDir,
}

impl Bomb {
    pub fn new(files: &[(String, Elf)]) -> Self {
        let folder = scratch::folder();
        for (name, tag, libc) in [
            (
                WHEEL,
                "cp312-cp312-musllinux_1_2_x86_64",
                "libc.musl-x86_64.so.1",
            ),
            (GLIBC, "cp312-cp312-manylinux_2_17_x86_64", "libc.so.6"),
        ] {
            let mut wheel = WheelBuilder::default()
                .tag(tag)
                .file("demo/__init__.py", "");
            for (path, elf) in files {
                let mut elf = elf.clone();
                elf.needed.push(libc.to_owned());
                wheel = wheel.file(path, elf.build());
            }
            fs::write(folder.path().join(name), wheel.build()).unwrap();
        }
        fs::create_dir_all(folder.path().join("root/usr/lib")).unwrap();
        fs::create_dir_all(folder.path().join("root/etc")).unwrap();
        Self { folder }
    }

    pub fn one(elf: Elf) -> Self {
        Self::new(&[("demo/_core.so".to_owned(), elf)])
    }

    pub fn root(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    pub fn run(&self, words: &[&str]) -> (i32, String) {
        said(self.folder.path(), words)
    }

    /// Every command that loads what is in wheels.
    pub fn commands(&self) -> Vec<(String, i32, String)> {
        let mut found = Vec::new();
        for wheel in [WHEEL, GLIBC] {
            for words in [
                &["check", wheel][..],
                &["show", "--sysroot", "root", wheel],
                &["lddtree", "--sysroot", "root", wheel],
                &["lddtree", "--json", "--sysroot", "root", wheel],
                &["repair", "--sysroot", "root", "-w", "out", wheel],
            ] {
                let (code, text) = self.run(words);
                found.push((words.join(" "), code, text));
            }
        }
        let (code, text) = self.run(&["port", "--runtimes", "root/usr/lib", "-w", "out", GLIBC]);
        found.push(("port".to_owned(), code, text));
        found
    }

    /// Each command comes to an answer, or ends with 3 and names a bound, within what [`said`] allows.
    pub fn ended(&self) {
        for (words, code, text) in self.commands() {
            let is_refused = code == 3 && text.contains("--limit ");
            assert!(
                [0, 1].contains(&code) || is_refused,
                "{words}: {code} {}",
                begin(&text)
            );
        }
    }

    /// Each command ends with 3 and names the bound; nothing is written.
    pub fn refused(&self, bound: &str) {
        for (words, code, text) in self.commands() {
            assert_eq!(code, 3, "{words}: {text}");
            assert!(
                text.contains(&format!("--limit {bound}=")),
                "{words}: {text}"
            );
            assert!(text.len() < 20_000, "{words}: {} bytes", text.len());
        }
        assert!(!self.folder.path().join("out").exists());
    }

    /// Each command comes to an answer.
    pub fn answered(&self) {
        for (words, code, text) in self.commands() {
            assert!(
                [0, 1].contains(&code),
                "{words}: {code} {}",
                &text[..text.len().min(3000)]
            );
        }
    }
}

pub fn needing(needed: Vec<String>) -> Elf {
    Elf {
        needed,
        ..Elf::default()
    }
}

pub fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("lib{number}.so")).collect()
}
