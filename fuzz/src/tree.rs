//! Any folder as an installed tree: every command on trees answers, and touches nothing outside of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path};

use wheelfix::host::{Limits, Unwatched};
use wheelfix::ops::{check, dedupe, size, slim};
use wheelfix::plan::{Exclusions, RuleChoice, SlimOptions};

use super::folders;

/// Parts of paths that mean something to somebody.
const PARTS: [&str; 24] = [
    "one",
    "one.libs",
    "libspam_leaf-0123abcd.so.1",
    "_core.abi3.so",
    "one-1.0.dist-info",
    "RECORD",
    "wheelfix.libs",
    ".wheelfix.json",
    ".wheelfix-slim.json",
    "tests",
    "__pycache__",
    "a.py",
    "a.pyc",
    "a.pyi",
    "x.h",
    "two",
    "two-1.0.dist-info",
    "METADATA",
    "WHEEL",
    "entry_points.txt",
    "..",
    "outside",
    "victim",
    "zzz",
];

/// Reads a program of making entries: what, where, with which content.
struct Program<'a>(&'a [u8]);

impl<'a> Program<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn path(&mut self) -> Option<String> {
        let parts = usize::from(self.byte()? % 3) + 1;
        let mut path = Vec::new();
        for _ in 0..parts {
            let part = PARTS[usize::from(self.byte()?) % PARTS.len()];
            path.push(part);
        }
        Some(path.join("/"))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?) * 8;
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        Some(text)
    }
}

/// Lays the folder out; what the file system refuses is left out.
fn lay_out(site: &Path, bytes: &[u8]) {
    let mut program = Program(bytes);
    while let (Some(kind), Some(path)) = (program.byte(), program.path()) {
        let path = site.join(path);
        // Only what is made goes outside, never the making itself.
        if path.components().any(|part| part == Component::ParentDir) {
            continue;
        }
        if let Some(parent) = path.parent() {
            let _ = fs::create_dir_all(parent);
        }
        let inside = path.parent().and_then(|parent| parent.canonicalize().ok());
        if !inside.is_some_and(|parent| parent.starts_with(site)) {
            continue;
        }
        let _ = match kind % 5 {
            0 | 1 => {
                let Some(text) = program.text() else { return };
                match path.is_symlink() {
                    true => Ok(()),
                    false => fs::write(&path, text),
                }
            }
            2 => fs::create_dir(&path),
            3 => {
                let Some(target) = program.path() else { return };
                symlink(format!("../{target}"), &path)
            }
            _ => {
                let Some(target) = program.path() else { return };
                symlink(target, &path)
            }
        };
    }
}

/// Lays it out and lets every command have its way.
///
/// # Panics
/// When something outside of it changed.
pub fn check(bytes: &[u8]) {
    let folder = folders::scratch();
    let real = folder.path().canonicalize().expect("it is there");
    folders::make_outside(&real);
    let site = real.join("site");
    fs::create_dir_all(site.join("one-1.0.dist-info")).expect("a folder can be made");
    let _ = fs::write(
        site.join("one-1.0.dist-info/RECORD"),
        "one/_core.abi3.so,,\none/a.py,,\n",
    );
    lay_out(&site, bytes);
    let before = folders::outside(&real);
    all_commands(&site);
    assert!(
        folders::outside(&real) == before,
        "something outside changed"
    );
}

/// Everything that reads or changes a tree.
pub fn all_commands(site: &Path) {
    let _ = size::size(site, &Limits::default(), &Unwatched);
    let _ = check::check(
        &[site.to_owned()],
        &RuleChoice::default(),
        &Exclusions::default(),
        &Limits::default(),
        &Unwatched,
    );
    let options = slim::Options {
        kinds: SlimOptions {
            repack: true,
            tests: true,
            sources: true,
            stubs: true,
            bytecode: true,
            samples: true,
        },
        ..slim::Options::default()
    };
    if let Ok(planned) = dedupe::plan(site, &dedupe::Options::default(), &Unwatched) {
        let _ = planned.apply(&Unwatched);
    }
    if let Ok(slim::Planned::Tree(tree)) = slim::plan(site, &options, &Unwatched) {
        let _ = tree.apply(&Unwatched);
    }
    let _ = dedupe::undo(site);
}
