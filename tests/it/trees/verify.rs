//! `dedupe --verify-import`: an interpreter loads every library before and after, and what does
//! not load any more is put back. The interpreter here is a script that says what a test wants;
//! `alpine/dedupe.rs` asks a real one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Output, Stdio};

use crate::support::installed_tree::{LIBRARY, Tree, killed, link};

/// A tree and an interpreter for it: `answer` is shell, which may ask whether the tree is
/// `linked` yet, that is more than the number in `links` says, and prints the JSON of failures.
fn tree_with_interpreter(answer: &str) -> Tree {
    let tree = Tree::new();
    let folder = tree.folder.path().to_str().unwrap();
    fs::write(tree.folder.path().join("links"), "0").unwrap();
    let script = format!(
        "#!/bin/sh
cd {folder}
linked() {{ [ $(find site -type l | wc -l) -gt $(cat links) ]; }}
linked && cat >asked.after || cat >asked.before
{answer}"
    );
    // Another process writes it: a file that this one had open for writing could not be run
    // while a test beside this one starts a program, which inherits what is open.
    let mut writer = tree
        .command(&["sh", "-c", "cat >python && chmod 755 python"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    pipe.write_all(script.as_bytes()).unwrap();
    drop(pipe);
    assert!(writer.wait().unwrap().success());
    tree
}

fn verified(tree: &Tree) -> (Output, String) {
    let output = tree.run(&["dedupe", "--verify-import", "./python", "site"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// The libraries that the interpreter was asked for, by their path in the tree.
fn asked(tree: &Tree, when: &str) -> Vec<String> {
    let text = fs::read(tree.folder.path().join(format!("asked.{when}"))).unwrap();
    let paths: Vec<String> = serde_json::from_slice(&text).unwrap();
    let site = fs::canonicalize(tree.site()).unwrap();
    let below = |path: &String| {
        let path = std::path::Path::new(path).strip_prefix(&site).unwrap();
        path.to_str().unwrap().to_owned()
    };
    paths.iter().map(below).collect()
}

/// A JSON of one failure, of a file in the tree.
fn fails(path: &str) -> String {
    format!(r#"printf '{{"%s/site/{path}": "symbol not found"}}' "$(pwd -P)""#)
}

#[test]
fn every_library_is_loaded_before_and_after() {
    let tree = tree_with_interpreter("echo '{}'");
    let (output, said) = verified(&tree);
    assert!(output.status.success(), "{said}");
    assert!(link(&tree, "two").is_some());
    tree.check_records();
    let mut all = Vec::new();
    for name in ["one", "six", "two"] {
        all.push(format!("{name}.libs/{LIBRARY}"));
        all.push(format!("{name}/_core.cpython-313-x86_64-linux-musl.so"));
    }
    all.sort();
    assert_eq!(asked(&tree, "before"), all);
    assert_eq!(asked(&tree, "after"), all);
}

#[test]
fn one_that_does_not_load_any_more_brings_everything_back() {
    let path = "one/_core.cpython-313-x86_64-linux-musl.so";
    let fault = fails(path);
    let tree = tree_with_interpreter(&format!("linked && {fault} || echo '{{}}'"));
    let before = tree.state();
    let (output, said) = verified(&tree);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!(
            "site/{path}`: it does not load any more once it is linked: symbol not found"
        )),
        "{said}"
    );
    assert!(said.contains("Restored 3 files"), "{said}");
    assert!(!asked(&tree, "after").is_empty());
    assert_eq!(tree.state(), before);
    tree.check_records();
}

/// What becomes a link is a file of a package, or the store's second copy, to which others link.
#[test]
fn one_that_does_not_load_any_more_leaves_the_links_of_runs_before() {
    let fault = fails("one/_core.cpython-313-x86_64-linux-musl.so");
    for second_copy in [false, true] {
        let tree = tree_with_interpreter(&format!("linked && {fault} || echo '{{}}'"));
        if second_copy {
            tree.install_second_two();
        }
        tree.done(&["dedupe", "--level", "identical", "site"]);
        let links = tree.links();
        fs::write(tree.folder.path().join("links"), links.len().to_string()).unwrap();
        let before = but_for_times(&tree);
        let (output, said) = verified(&tree);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("Restored 1 file\n"), "{said}");
        assert!(!asked(&tree, "after").is_empty());
        assert_eq!(tree.links(), links);
        assert_eq!(but_for_times(&tree), before);
        tree.check_records();
        // It can be done again, and all of it undone.
        tree.done(&["dedupe", "site"]);
        assert!(tree.links().len() > links.len());
        tree.check_records();
        tree.done(&["dedupe", "--undo", "site"]);
        assert!(tree.links().is_empty());
        tree.check_records();
    }
}

#[test]
fn a_taking_back_that_is_killed_at_any_step_can_be_undone_or_carried_on() {
    let fault = fails("one/_core.cpython-313-x86_64-linux-musl.so");
    let before = RefCell::default();
    let make = || {
        let tree = tree_with_interpreter(&format!("linked && {fault} || echo '{{}}'"));
        tree.install_second_two();
        before.replace(tree.state());
        tree.done(&["dedupe", "--level", "identical", "site"]);
        fs::write(tree.folder.path().join("links"), "4").unwrap();
        tree
    };
    let words = ["dedupe", "--verify-import", "./python", "site"];
    let mut turn = 0;
    killed(&words, make, |tree, _| {
        turn += 1;
        if turn % 2 == 0 {
            tree.done(&["dedupe", "site"]);
            tree.check_records();
        }
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), *before.borrow());
    });
}

/// The state without the times of what the store says of itself.
fn but_for_times(tree: &Tree) -> BTreeMap<String, String> {
    let mut state = tree.state();
    for (name, text) in &mut state {
        if name.ends_with(".wheelfix.json") {
            *text = text.split(' ').take(2).collect();
        }
    }
    state
}

#[test]
fn what_did_not_load_before_need_not_load_after() {
    // The copy in the store, which was not there before, does not load either.
    let all = r#"sed 's/^\[/{/; s/]$/}/; s/","/": "no", "/g; s/"}$/": "no"}/'"#;
    let tree = tree_with_interpreter(&format!(
        "linked && {all} asked.after || {all} asked.before"
    ));
    let (output, said) = verified(&tree);
    assert!(output.status.success(), "{said}");
    assert!(link(&tree, "two").is_some());
}

#[test]
fn an_interpreter_that_fails_leaves_the_tree_as_it_was() {
    let dies = "did not say which libraries load (exit status: 7)";
    for (answer, when) in [
        ("exit 7", "before"),
        ("linked && exit 7; echo '{}'", "after"),
    ] {
        let tree = tree_with_interpreter(answer);
        let before = tree.state();
        let (output, said) = verified(&tree);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(dies), "{said}");
        assert!(!asked(&tree, when).is_empty());
        assert_eq!(tree.state(), before);
    }
}

#[test]
fn a_library_that_prints_as_it_is_loaded_does_not_spoil_the_answer() {
    let tree = Tree::new();
    let source = "#include <unistd.h>
        __attribute__((constructor)) static void hello(void) { write(1, \"hello\\n\", 6); }";
    fs::write(tree.folder.path().join("loud.c"), source).unwrap();
    let mut compiler = tree.command(&["gcc", "-shared", "-fPIC", "-o", "site/loud.so", "loud.c"]);
    assert!(compiler.status().unwrap().success());
    let output = tree.run(&["dedupe", "--verify-import", "python3", "site"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("hello"), "it was not loaded: {said}");
    assert!(link(&tree, "two").is_some());
}

#[test]
fn an_interpreter_that_is_not_there_leaves_the_tree_as_it_was() {
    let tree = Tree::new();
    let before = tree.state();
    let (output, said) = verified(&tree);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("cannot run the interpreter `./python`"),
        "{said}"
    );
    assert_eq!(tree.state(), before);
}

#[test]
fn an_interpreter_that_reads_nothing_is_told_of_by_how_it_ended() {
    // More paths than a pipe holds.
    let tree = Tree::new();
    let far = "x".repeat(200);
    for number in 0..400 {
        let path = tree.site().join(format!("one/{far}{number}.so"));
        symlink("_core.cpython-313-x86_64-linux-musl.so", path).unwrap();
    }
    let before = tree.state();
    let output = tree.run(&["dedupe", "--verify-import", "/bin/false", "site"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("exit status: 1"), "{said}");
    assert_eq!(tree.state(), before);
}
