//! Somebody changes a tree while a run is in the middle of a system call: nothing outside of the tree is
//! touched, and no row of a RECORD is lost. The run is root's where the tests are, the tree another user's.
//!
//! `cargo test` stops at some of the calls; `WHEELFIX_EVERY_CALL=1 cargo test --test it trees::swapped` at every one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::{Child, Stdio};

use super::outside::{deduped, of, outside, state_outside};
use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX};
use crate::support::tools::{has, tool};

/// Calls after which the world may be another, and how many of the first ones are left out at a time.
const CALLS: [(&str, usize); 10] = [
    ("openat2", 11),
    ("statx", 11),
    ("getdents64", 7),
    ("readlinkat", 3),
    ("fchmod", 3),
    ("renameat,renameat2", 1),
    ("symlinkat", 1),
    ("unlinkat", 1),
    ("mkdirat", 1),
    ("fsync", 3),
];

/// Something that is done to a tree, and what it is.
type Swap = (&'static str, fn(&Path));

/// What somebody does to the tree; what is not there by then is left.
const SWAPS: [Swap; 6] = [
    ("a folder of libraries becomes a link out", |site| {
        replace(site, "one.libs", "../outside");
    }),
    ("the store becomes a link out", |site| {
        replace(site, "wheelfix.libs", "../outside");
    }),
    ("the metadata becomes a link out", |site| {
        replace(site, "one-1.0.dist-info", "../outside");
    }),
    ("libraries become links out", |site| {
        for name in ["one", "two", "six"] {
            replace(site, &of(name), &format!("../../outside/{LIBRARY}"));
        }
    }),
    ("a RECORD becomes a link out", |site| {
        replace(site, "one-1.0.dist-info/RECORD", "../../outside/RECORD");
    }),
    ("RECORDs get a row", |site| {
        for name in ["one", "two", "six"] {
            let record = site.join(format!("{name}-1.0.dist-info/RECORD"));
            if let Ok(text) = fs::read_to_string(&record) {
                let _ = fs::write(record, text + "one/new.py,,\n");
            }
        }
    }),
];

fn replace(site: &Path, path: &str, target: &str) {
    let gone = site.join(format!("../away-{}", path.replace('/', "-")));
    if fs::rename(site.join(path), gone).is_ok() {
        symlink(target, site.join(path)).unwrap();
    }
}

/// The tree and what is beside it are another user's, where we are root.
fn give_away(folder: &Path) {
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        let there = path.symlink_metadata().unwrap();
        if there.is_dir() {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        if !there.is_symlink() {
            let _ = chown(&path, Some(65_534), Some(65_534));
        }
    }
}

/// Starts a run that stops behind one system call.
fn start(tree: &Tree, words: &[&str], call: &str, number: usize) -> Child {
    let only = format!("trace={call}");
    let inject = format!("inject={call}:signal=STOP:when={number}");
    let strace = ["strace", "-f", "-e", &only, "-e", &inject, WHEELFIX, "-q"];
    let mut command = tree.command(&[&strace[..], words].concat());
    command.env("RAYON_NUM_THREADS", "1");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Lets the run go to that call, the world change, and the run go on. Whether it came to the call.
fn swapped(mut run: Child, swap: impl FnOnce()) -> bool {
    let mut swap = Some(swap);
    let children = format!("/proc/{0}/task/{0}/children", run.id());
    let mut said = String::new();
    for line in BufReader::new(run.stderr.take().unwrap()).lines() {
        let line = String::from_utf8_lossy(line.unwrap().as_bytes()).into_owned();
        // Each thread that comes to its call of that number stops the run once more.
        if line.contains("stopped by SIGSTOP") {
            if let Some(swap) = swap.take() {
                swap();
            }
            let run = fs::read_to_string(&children).unwrap_or_default();
            for process in run.split_whitespace() {
                let mut kill = tool("sh");
                kill.args(["-c", &format!("kill -CONT {process} 2>/dev/null")]);
                kill.status().unwrap();
            }
        }
        said += &line;
        said.push('\n');
    }
    let status = run.wait().unwrap();
    assert!(
        status.code().is_some_and(|code| code <= 4),
        "{status}: {said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    swap.is_none()
}

/// How many rows of ours each RECORD has.
fn rows(tree: &Tree) -> BTreeMap<&'static str, usize> {
    let count = |name: &'static str| {
        let record = tree.site().join(format!("{name}-1.0.dist-info/RECORD"));
        let text = fs::read_to_string(record).unwrap_or_default();
        (
            name,
            text.lines().filter(|row| *row == "one/new.py,,").count(),
        )
    };
    ["one", "two", "six"].map(count).into()
}

fn every_call(words: &[&str], make: fn() -> Tree) {
    if !has("strace") {
        return;
    }
    let every = std::env::var_os("WHEELFIX_EVERY_CALL").is_some();
    let mut stops = 0;
    for (what, swap) in SWAPS {
        for (call, step) in CALLS {
            let mut number = 1;
            loop {
                let tree = make();
                give_away(tree.folder.path());
                let before = state_outside(&tree);
                let run = start(&tree, words, call, number);
                let mut added = BTreeMap::new();
                let stopped = swapped(run, || {
                    swap(&tree.site());
                    added = rows(&tree);
                });
                let place = format!("{words:?}, {call} {number}: {what}");
                assert!(state_outside(&tree) == before, "{place}");
                for (name, count) in rows(&tree) {
                    // A RECORD that is a link now leads to no row.
                    assert!(
                        count >= added.get(name).copied().unwrap_or(0).min(1),
                        "{place}: {name}"
                    );
                }
                if !stopped {
                    break;
                }
                stops += 1;
                number += if every { 1 } else { step };
            }
        }
    }
    assert!(stops > 60, "{stops} stops");
    println!("{words:?}: {stops} stops");
}

#[test]
fn dedupe_is_not_led_out_at_any_call() {
    every_call(&["dedupe", "site"], || {
        let tree = Tree::new();
        outside(&tree);
        tree
    });
}

#[test]
fn undo_is_not_led_out_at_any_call() {
    every_call(&["dedupe", "--undo", "site"], deduped);
}

#[test]
fn slim_is_not_led_out_at_any_call() {
    every_call(&["slim", "--tests", "--no-pyc", "site"], || {
        let tree = Tree::new();
        outside(&tree);
        tree
    });
}
