//! A small installed tree, for the tests of `dedupe` and `slim`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use wheelfix::elf::{self, Edits, RunPath, RunPathEdit, RunPathKind};
use wheelfix::wheel::RecordHash;

use super::bounded::within;
use super::{elf_builder, scratch};

pub const WHEELFIX: &str = env!("CARGO_BIN_EXE_wheelfix");
pub const LIBRARY: &str = "libspam_leaf-0123abcd.so.1";
/// More system calls of one kind than any run of ours has.
const MOST_CALLS: usize = 80;

/// A tree with distributions `one`, `two` and `six`.
pub struct Tree {
    pub folder: TempDir,
}

impl Tree {
    /// `one` and `two` carry the same build of a library under one name but with different run
    /// paths, `six` carries `one`'s very bytes; each has an extension that needs it.
    pub fn new() -> Self {
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

    /// One package more, which carries `two`'s very bytes under a name of its own: where only equal
    /// bytes are merged, two copies come into the store.
    pub fn install_second_two(&self) {
        let path = "ten.libs/libspam_leaf-4567abcd.so.1";
        self.install("ten", &[(path, library(LIBRARY, "$ORIGIN/../x"))]);
    }

    /// The symbolic links of the tree.
    pub fn links(&self) -> Vec<String> {
        let mut state = self.state();
        state.retain(|_, what| what.starts_with("link "));
        state.into_keys().collect()
    }

    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub fn install(&self, name: &str, files: &[(&str, Vec<u8>)]) {
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

    /// Takes away what RECORD lists, as pip does.
    pub fn uninstall(&self, name: &str) {
        let record = format!("{name}-1.0.dist-info/RECORD");
        let text = fs::read_to_string(self.site().join(record)).unwrap();
        for row in text.lines() {
            let path = row.split(',').next().unwrap();
            if !path.starts_with("../") {
                fs::remove_file(self.site().join(path)).unwrap();
            }
        }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = within(words);
        command.current_dir(self.folder.path());
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(&[&[WHEELFIX], words].concat())
            .output()
            .unwrap()
    }

    pub fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}{error}");
        text + &error
    }

    /// Every file with its mode and content, every link with its text.
    pub fn state(&self) -> BTreeMap<String, String> {
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
    pub fn check_records(&self) {
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

pub fn library(soname: &str, run_path: &str) -> Vec<u8> {
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
    elf::edit(&bytes, &edits).unwrap().bytes.into()
}

pub fn link(tree: &Tree, name: &str) -> Option<PathBuf> {
    fs::read_link(tree.site().join(format!("{name}.libs/{LIBRARY}"))).ok()
}

/// Kills a run at each call that changes something on disk: `words` in a tree of `make`, once a
/// call. `check` is told whether the run was killed, or came to its end.
pub fn killed(words: &[&str], make: impl Fn() -> Tree, mut check: impl FnMut(&Tree, bool)) {
    let mut kills = 0;
    for call in [
        "renameat",
        "renameat2",
        "symlinkat",
        "unlinkat",
        "mkdirat",
        "fchmod",
        "fsync",
    ] {
        for number in 1..MOST_CALLS {
            let tree = make();
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
            let was_killed = status.signal().is_some();
            check(&tree, was_killed);
            if !was_killed {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 20, "{kills} kills");
}
