//! Every pair of our own commands, in both orders, twice over: what one has written is input for all
//! of them. `crates/elf/tests/pairs.rs` has the edits that they make, over more libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::port::ported;
use crate::support::command::{script, text};
use crate::support::installed_tree::{Tree, WHEELFIX};
use crate::support::scratch;
use crate::support::wheels::only_wheel;

/// What makes a wheel of a wheel.
const OF_WHEELS: [&str; 4] = ["repair", "repair --strip", "repair --relr=keep", "slim"];
/// What changes a tree, and what only looks at it.
const OF_TREES: [&str; 6] = [
    "dedupe",
    "dedupe --undo",
    "slim",
    "slim --tests --sources",
    "check",
    "size",
];

/// The full Alpine, and the wheels that were built in it.
fn stage() -> (PathBuf, PathBuf) {
    let folders = script("setup", &["--tests"]);
    let mut folders = folders.lines().map(PathBuf::from);
    let (full, samples) = (folders.next().unwrap(), folders.nth(1).unwrap());
    (full, samples)
}

fn sample(name: &str) -> PathBuf {
    let file = format!("{name}-1.0-cp313-cp313-linux_x86_64.whl");
    stage().1.join(file)
}

fn wheelfix(words: &str, paths: &[&Path]) -> Output {
    let mut command = Command::new(WHEELFIX);
    command.args(words.split(' ')).args(paths);
    if words.starts_with("repair") {
        command.arg("--sysroot").arg(stage().0);
    }
    command.output().unwrap()
}

/// One command on a wheel.
fn step(words: &str, wheel: &Path, out: &Path, way: &str) -> PathBuf {
    let output = wheelfix(&format!("{words} -w"), &[out, wheel]);
    assert!(output.status.success(), "{way}: {}", text(&output));
    only_wheel(out)
}

/// Every pair on a wheel, each twice over; what comes out is sound.
fn every_pair(wheel: &Path) {
    for first in OF_WHEELS {
        let begun = tempfile::tempdir().unwrap();
        let once = step(first, wheel, begun.path(), first);
        for second in OF_WHEELS {
            let folder = tempfile::tempdir().unwrap();
            let mut last = once.clone();
            let mut way = first.to_owned();
            for (number, words) in [second, first, second].iter().enumerate() {
                way = format!("{way}, {words}");
                let out = folder.path().join(number.to_string());
                last = step(words, &last, &out, &way);
            }
            // What nobody repaired lacks its libraries.
            let is_whole = way.contains("repair");
            for look in ["check", "show"].iter().skip(usize::from(!is_whole)) {
                let output = wheelfix(look, &[&last]);
                assert!(
                    output.status.success(),
                    "{look} after {way}: {}",
                    text(&output)
                );
            }
        }
    }
}

#[test]
fn what_one_command_wrote_every_other_one_takes() {
    for name in ["spam_c", "spam_cxx"] {
        every_pair(&sample(name));
    }
}

#[test]
fn what_port_wrote_every_command_takes() {
    let folder = tempfile::tempdir().unwrap();
    every_pair(&ported("kiwisolver", folder.path()));
}

/// Packages that carry the libraries of a repaired wheel, one of them only those.
fn tree(wheel: &Path) -> Tree {
    let tree = Tree {
        folder: scratch::folder(),
    };
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel).unwrap()).unwrap();
    archive.extract(tree.site()).unwrap();
    let files = fs::read_dir(tree.site().join("spam_c.libs")).unwrap();
    let files = files.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (format!("more.libs/{name}"), fs::read(entry.path()).unwrap())
    });
    let files: Vec<(String, Vec<u8>)> = files.collect();
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.clone()))
        .collect();
    tree.install("more", &files);
    tree
}

#[test]
fn what_one_command_made_of_a_tree_every_other_one_takes() {
    let out = tempfile::tempdir().unwrap();
    let wheel = step("repair", &sample("spam_c"), out.path(), "repair");
    for first in OF_TREES {
        for second in OF_TREES {
            let tree = tree(&wheel);
            for words in [first, second, first, second] {
                let way = format!("{first}, {second}: {words}");
                let words: Vec<&str> = words.split(' ').chain(["site"]).collect();
                let output = tree.run(&words);
                let said = text(&output);
                let nothing = said.contains("nothing to undo") || said.contains("Nothing to undo");
                assert!(output.status.success() || nothing, "{way}: {said}");
                let looked = tree.run(&["check", "--ignore", "T006,W004,S001", "site"]);
                assert!(
                    looked.status.success(),
                    "check after {way}: {}",
                    text(&looked)
                );
            }
        }
    }
}
