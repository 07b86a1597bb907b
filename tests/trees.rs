//! Installed trees: `dedupe`, its undo after a kill at any step, and `slim`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "support/elf_builder.rs"]
mod elf_builder;
#[path = "support/scratch.rs"]
mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use wheelfix::elf::{self, Edits, RunPath, RunPathEdit, RunPathKind};
use wheelfix::wheel::RecordHash;

const WHEELFIX: &str = env!("CARGO_BIN_EXE_wheelfix");
const LIBRARY: &str = "libspam_leaf-0123abcd.so.1";
/// More system calls of one kind than any run of ours has.
const MOST_CALLS: usize = 80;

/// A tree with distributions `one`, `two` and `six`.
struct Tree {
    folder: TempDir,
}

impl Tree {
    /// `one` and `two` carry the same build of a library under one name but with different run
    /// paths, `six` carries `one`'s very bytes; each has an extension that needs it.
    fn new() -> Self {
        let tree = Self {
            folder: scratch::folder(),
        };
        for (name, run_path) in [
            ("one", "$ORIGIN"),
            ("two", "$ORIGIN/../x"),
            ("six", "$ORIGIN"),
        ] {
            let extension = elf_builder::Elf {
                needed: vec![LIBRARY.to_owned(), "libc.musl-x86_64.so.1".to_owned()],
                rpath: Some(format!("$ORIGIN/../{name}.libs")),
                ..elf_builder::Elf::default()
            };
            tree.install(
                name,
                &[
                    (
                        &format!("{name}/__init__.py"),
                        b"from . import _core\n".to_vec(),
                    ),
                    (
                        &format!("{name}/_core.cpython-313-x86_64-linux-musl.so"),
                        extension.build(),
                    ),
                    (
                        &format!("{name}.libs/{LIBRARY}"),
                        library(LIBRARY, run_path),
                    ),
                ],
            );
        }
        tree
    }

    fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    fn install(&self, name: &str, files: &[(&str, Vec<u8>)]) {
        let info = format!("{name}-1.0.dist-info");
        let mut record = String::new();
        let metadata = (
            format!("{info}/METADATA"),
            format!("Name: {name}\n").into_bytes(),
        );
        let files = files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), bytes.clone()));
        for (path, bytes) in files.chain([metadata]) {
            let host = self.site().join(&path);
            fs::create_dir_all(host.parent().unwrap()).unwrap();
            fs::write(&host, &bytes).unwrap();
            record += &format!("{path},{},{}\r\n", RecordHash::sha256(&bytes), bytes.len());
        }
        record += &format!("../../bin/{name},,\r\n{info}/RECORD,,\r\n");
        fs::write(self.site().join(format!("{info}/RECORD")), record).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(&[&[WHEELFIX], words].concat())
            .output()
            .unwrap()
    }

    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}{error}");
        text + &error
    }

    /// Every file with its mode and content, every link with its text.
    fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        let mut folders = vec![self.site()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path
                    .strip_prefix(self.site())
                    .unwrap()
                    .display()
                    .to_string();
                let metadata = path.symlink_metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(path);
                    state.insert(name, "folder".to_owned());
                } else if metadata.is_symlink() {
                    state.insert(
                        name,
                        format!("link {}", fs::read_link(&path).unwrap().display()),
                    );
                } else {
                    let hash = RecordHash::sha256(&fs::read(&path).unwrap());
                    let mode = metadata.permissions().mode();
                    state.insert(
                        name,
                        format!("{mode:o} {hash} {:?}", metadata.modified().unwrap()),
                    );
                }
            }
        }
        // When RECORD was rewritten nobody asks.
        for (name, text) in &mut state {
            if name.ends_with("RECORD") {
                *text = text.split(' ').take(2).collect();
            }
        }
        state
    }

    /// Every row of every RECORD is true.
    fn check_records(&self) {
        for entry in fs::read_dir(self.site()).unwrap() {
            let record = entry.unwrap().path().join("RECORD");
            let Ok(text) = fs::read_to_string(&record) else {
                continue;
            };
            for row in text.lines() {
                let parts: Vec<&str> = row.rsplitn(3, ',').collect();
                if parts[0].is_empty() {
                    continue;
                }
                let bytes = fs::read(self.site().join(parts[2])).expect(row);
                assert_eq!(parts[0], bytes.len().to_string(), "{row}");
                assert_eq!(parts[1], RecordHash::sha256(&bytes).to_string(), "{row}");
            }
        }
    }
}

fn library(soname: &str, run_path: &str) -> Vec<u8> {
    let path = "fixtures/alpine/usr/lib/libspam_inner.so.3.0.1";
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let edits = Edits {
        soname: Some(soname.into()),
        remove_needed: ["libz.so.1".into()].into(),
        run_path: Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: run_path.to_owned(),
        })),
        ..Edits::default()
    };
    elf::edit(&bytes, &edits).unwrap().bytes
}

fn link(tree: &Tree, name: &str) -> Option<PathBuf> {
    fs::read_link(tree.site().join(format!("{name}.libs/{LIBRARY}"))).ok()
}

#[test]
fn copies_of_one_build_become_links_to_the_store_and_back() {
    let tree = Tree::new();
    let before = tree.state();
    tree.done(&["dedupe", "--dry-run", "site"]);
    assert_eq!(tree.state(), before);
    tree.done(&["dedupe", "site"]);
    for name in ["one", "two", "six"] {
        let to = Path::new("../wheelfix.libs").join(LIBRARY);
        assert_eq!(link(&tree, name), Some(to), "{name}");
    }
    tree.check_records();
    let after = tree.state();
    assert!(tree.done(&["dedupe", "site"]).contains("Nothing to merge"));
    assert_eq!(tree.state(), after);
    tree.done(&["dedupe", "--undo", "site"]);
    assert_eq!(tree.state(), before);
    assert!(
        tree.done(&["dedupe", "--undo", "site"])
            .contains("Nothing to undo")
    );
}

#[test]
fn only_equal_bytes_are_merged_when_that_is_asked() {
    let tree = Tree::new();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    assert!(link(&tree, "one").is_some() && link(&tree, "six").is_some());
    assert_eq!(link(&tree, "two"), None);
    tree.check_records();
}

#[test]
fn another_build_of_the_same_name_stays_apart() {
    let tree = Tree::new();
    let path = tree.site().join(format!("two.libs/{LIBRARY}"));
    let mut bytes = fs::read(&path).unwrap();
    // The first byte of its code: the program header says where that is.
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let headers = (0..bytes[56]).map(|index| number(32) + usize::from(index) * 56);
    let code = headers
        .filter(|&at| bytes[at..at + 4] == [1, 0, 0, 0] && bytes[at + 4] & 1 == 1)
        .map(|at| number(at + 8))
        .next()
        .unwrap();
    bytes[code] ^= 1;
    fs::write(&path, bytes).unwrap();
    tree.done(&["dedupe", "site"]);
    assert!(link(&tree, "one").is_some());
    assert_eq!(link(&tree, "two"), None);
}

#[test]
fn a_package_that_is_installed_anew_is_linked_again_and_one_that_went_is_forgotten() {
    let tree = Tree::new();
    let fresh = fs::read(tree.site().join(format!("two.libs/{LIBRARY}"))).unwrap();
    tree.done(&["dedupe", "site"]);
    let path = tree.site().join(format!("two.libs/{LIBRARY}"));
    fs::remove_file(&path).unwrap();
    fs::write(&path, fresh).unwrap();
    tree.done(&["dedupe", "site"]);
    assert!(link(&tree, "two").is_some());
    for name in ["one", "two", "six"] {
        for folder in [
            name.to_owned(),
            format!("{name}.libs"),
            format!("{name}-1.0.dist-info"),
        ] {
            fs::remove_dir_all(tree.site().join(folder)).unwrap();
        }
    }
    tree.install("last", &[("last.py", b"".to_vec())]);
    tree.done(&["dedupe", "site"]);
    let left: Vec<_> = fs::read_dir(tree.site()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn links_into_a_cache_are_refused_and_hard_links_are_never_written_through() {
    let tree = Tree::new();
    let cache = tree.folder.path().join("cache.so");
    let library = tree.site().join(format!("one.libs/{LIBRARY}"));
    fs::hard_link(&library, &cache).unwrap();
    let bytes = fs::read(&cache).unwrap();
    tree.done(&["dedupe", "site"]);
    tree.done(&["slim", "site"]);
    assert_eq!(fs::read(&cache).unwrap(), bytes);
    tree.done(&["dedupe", "--undo", "site"]);
    fs::remove_file(&library).unwrap();
    symlink(&cache, &library).unwrap();
    let output = tree.run(&["dedupe", "site"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("link-mode"), "{text}");
}

/// Kills a run at the `number`th call of each kind that changes something on disk.
fn killed(words: &[&str], mut check: impl FnMut(&Tree, &BTreeMap<String, String>, bool)) {
    let mut kills = 0;
    for call in ["rename", "symlink", "unlink", "mkdir", "openat", "rmdir"] {
        for number in 1..MOST_CALLS {
            let tree = Tree::new();
            let before = tree.state();
            if words.contains(&"--undo") {
                tree.done(&["dedupe", "site"]);
            }
            let only = format!("trace={call}");
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace = [
                "strace",
                "-f",
                "-o",
                "/dev/null",
                "-e",
                &only,
                "-e",
                &inject,
                WHEELFIX,
            ];
            let status = tree
                .command(&[&strace[..], words].concat())
                .output()
                .unwrap()
                .status;
            let was_killed = !status.success();
            check(&tree, &before, was_killed);
            if !was_killed {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 20, "{kills} kills");
}

#[test]
fn a_dedupe_that_is_killed_at_any_step_can_be_undone_or_carried_on() {
    killed(&["dedupe", "site"], |tree, before, _| {
        // Whatever was reached, the libraries are there.
        for name in ["one", "two", "six"] {
            let bytes = fs::read(tree.site().join(format!("{name}.libs/{LIBRARY}"))).unwrap();
            assert!(elf::read(&bytes).is_ok());
        }
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), *before);
        tree.done(&["dedupe", "site"]);
        tree.check_records();
        assert!(link(tree, "two").is_some());
    });
}

#[test]
fn an_undo_that_is_killed_at_any_step_can_be_undone_again() {
    killed(&["dedupe", "--undo", "site"], |tree, before, _| {
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), *before);
    });
}

#[test]
fn slim_takes_what_nothing_mentions_and_keeps_records_true() {
    let tree = Tree::new();
    let text = |text: &str| text.as_bytes().to_vec();
    tree.install(
        "big",
        &[
            (
                "big/__init__.py",
                text("from .tests import helper\nH = 'named.h'\n"),
            ),
            (
                "big/stub.py",
                text("import lazy_loader\nlazy_loader.attach_stub(__name__)\n"),
            ),
            ("big/stub.pyi", text("x: int\n")),
            ("big/plain.pyi", text("x: int\n")),
            ("big/named.h", text("int x;\n")),
            ("big/other.c", text("int x;\n")),
            ("big/tests/__init__.py", text("")),
            ("big/tests/helper.py", text("from .deep import x\n")),
            ("big/tests/deep.py", text("x = 1\n")),
            ("big/tests/test_a.py", text("import big\n")),
            ("big/tests/__pycache__/test_a.cpython-313.pyc", text("x")),
            ("big/test/client.py", text("")),
            ("big/sub/tests/data/a.txt", text("x")),
        ],
    );
    let said = tree.done(&["slim", "-v", "--tests", "--sources", "--stubs", "site"]);
    let kept = |path: &str| tree.site().join(path).exists();
    for path in [
        "big/tests/helper.py",
        "big/tests/deep.py",
        "big/tests/__init__.py",
        "big/named.h",
        "big/stub.pyi",
        "big/test/client.py",
        "big/__init__.py",
    ] {
        assert!(kept(path), "{path}\n{said}");
    }
    for path in [
        "big/tests/test_a.py",
        "big/tests/__pycache__",
        "big/other.c",
        "big/plain.pyi",
        "big/sub",
    ] {
        assert!(!kept(path), "{path}\n{said}");
    }
    assert!(
        said.contains("big/tests/helper.py   imported by big/__init__.py"),
        "{said}"
    );
    assert!(said.contains("named in big/__init__.py"), "{said}");
    tree.check_records();
    assert!(
        tree.done(&["slim", "--tests", "--sources", "--stubs", "site"])
            .contains("Nothing to take")
    );
}
