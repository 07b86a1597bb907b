//! Installed trees: `slim`, also after a kill at any step, and on a tree that was deduped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::elf_builder;
use crate::support::installed_tree::{LIBRARY, Tree, killed, library};
use wheelfix::elf;

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
            ("big/plain.py", text("x = 1\n")),
            ("big/plain.pyi", text("x: int\n")),
            ("big/named.h", text("int x;\n")),
            ("big/other.c", text("int x;\n")),
            ("big/tests/__init__.py", text("")),
            ("big/tests/helper.py", text("from .deep import x\n")),
            ("big/tests/deep.py", text("x = 1\n")),
            ("big/tests/test_a.py", text("import big\n")),
            ("big/tests/__pycache__/test_a.cpython-313.pyc", text("x")),
            ("big/test/client.py", text("")),
            ("big/tests/command.py", text("from . import used\n")),
            ("big/tests/used.py", text("")),
            ("big/tests/from_c.py", text("")),
            ("big/tests/run_together.py", text("")),
            (
                "big/_cython.so",
                elf_builder::Elf {
                    soname: Some("a_name.selfbig.tests.run_togetherset".to_owned()),
                    ..elf_builder::Elf::default()
                }
                .build(),
            ),
            (
                "big/_native.so",
                elf_builder::Elf {
                    soname: Some("big.tests.from_c".to_owned()),
                    ..elf_builder::Elf::default()
                }
                .build(),
            ),
            (
                "big-1.0.dist-info/entry_points.txt",
                text("[console_scripts]\nbig = big.tests.command:main\n"),
            ),
            ("big/sub/tests/data/a.txt", text("x")),
        ],
    );
    let said = tree.done(&["slim", "-v", "--tests", "--sources", "--stubs", "site"]);
    let kept = |path: &str| tree.site().join(path).exists();
    for path in [
        "big/tests/helper.py",
        "big/tests/deep.py",
        "big/tests/__init__.py",
        "big/tests/command.py",
        "big/tests/used.py",
        "big/tests/from_c.py",
        "big/tests/run_together.py",
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
    assert!(
        said.contains("big/tests/from_c.py   named in big/_native.so"),
        "{said}"
    );
    let by = "big/tests/command.py   named in big-1.0.dist-info/entry_points.txt";
    assert!(said.contains(by), "{said}");
    tree.check_records();
    assert!(
        tree.done(&["slim", "--tests", "--sources", "--stubs", "site"])
            .contains("Nothing to take")
    );
}

/// What is in a tree: each file's mode and hash, each link's text.
fn contents(tree: &Tree) -> BTreeMap<String, String> {
    let state = tree.state().into_iter();
    state
        .map(|(path, text)| (path, text.split(' ').take(2).collect()))
        .collect()
}

const WANTED: [&str; 6] = [
    "slim",
    "--tests",
    "--sources",
    "--stubs",
    "--no-pyc",
    "site",
];

/// A tree of which something of every kind goes, and libraries that become smaller.
fn tree_with_ballast() -> Tree {
    let tree = Tree::new();
    let text = |text: &str| text.as_bytes().to_vec();
    tree.install(
        "big",
        &[
            ("big/__init__.py", text("")),
            ("big/__pycache__/__init__.cpython-313.pyc", text("x")),
            ("big/stub.py", text("x = 1\n")),
            ("big/stub.pyi", text("x: int\n")),
            ("big/other.c", text("int x;\n")),
            ("big/sub/tests/A_test.py", text("import big\n")),
            (
                "big/sub/tests/__pycache__/A_test.cpython-313.pyc",
                text("x"),
            ),
            ("big/sub/tests/data/deep/a.txt", text("x")),
        ],
    );
    tree
}

#[test]
fn a_slim_that_is_killed_at_any_step_leaves_whole_files_and_the_next_one_ends_it() {
    let finished = {
        let tree = tree_with_ballast();
        tree.done(&WANTED);
        contents(&tree)
    };
    let before = contents(&tree_with_ballast());
    let library = format!("one.libs/{LIBRARY}");
    assert_ne!(finished[&library], before[&library], "nothing is repacked");
    killed(&WANTED, tree_with_ballast, |tree, was_killed| {
        let mut left = contents(tree);
        left.retain(|path, _| !path.contains(".wheelfix-"));
        for (path, text) in &left {
            let whole = [before.get(path), finished.get(path)].contains(&Some(text));
            assert!(whole, "{path} is neither as before nor as after");
        }
        for path in finished.keys() {
            assert!(left.contains_key(path), "{path} is gone");
        }
        if was_killed {
            // Also a run that has nothing to take makes RECORD true.
            tree.done(&["slim", "--no-repack", "site"]);
            tree.check_records();
        }
        tree.done(&WANTED);
        assert_eq!(contents(tree), finished);
        tree.check_records();
    });
}

/// Two copies of one library in one distribution: one of them becomes a link to the other.
fn tree_with_twins_in_one_distribution(other: &str) -> Tree {
    let tree = Tree::new();
    tree.install(
        "own",
        &[
            ("own/__init__.py", Vec::new()),
            (
                "own/tests/libspam_own.so.1",
                library("libspam_own.so.1", "$ORIGIN"),
            ),
            (other, library("libspam_own.so.1", "$ORIGIN/../x/y")),
        ],
    );
    tree
}

#[test]
fn what_a_link_leads_to_is_neither_repacked_nor_removed() {
    let other = "own/z/libspam_own.so.1";
    let tree = tree_with_twins_in_one_distribution(other);
    let before = tree.state();
    tree.done(&["dedupe", "site"]);
    let target = fs::read_link(tree.site().join(other)).unwrap();
    assert_eq!(target, Path::new("../tests/libspam_own.so.1"));
    let said = tree.done(&["slim", "-v", "--tests", "site"]);
    assert!(
        said.contains("own/tests/libspam_own.so.1   own/z/libspam_own.so.1 links to it"),
        "{said}"
    );
    assert!(elf::read(&fs::read(tree.site().join(other)).unwrap()).is_ok());
    tree.check_records();
    tree.done(&["dedupe", "--undo", "site"]);
    let after = tree.state();
    for path in [other, "own/tests/libspam_own.so.1"] {
        assert_eq!(after[path], before[path], "{path}");
    }
    tree.check_records();
}

#[test]
fn the_page_of_sizes_needs_nothing_else_and_no_name_gets_out_of_its_data() {
    let tree = Tree::new();
    let names = [
        "big/</script><script>alert(1)</script>.py",
        "big/<!--<script>.py",
        "big/<img src=x onerror=alert(1)>\u{2028}\"'&amp;.py",
    ];
    tree.install("big", &names.map(|name| (name, b"x = 1\n".to_vec())));
    tree.done(&["size", "--html", "map.html", "site"]);
    let page = fs::read_to_string(tree.folder.path().join("map.html")).unwrap();
    for (tag, times) in [("<script", 1), ("</script", 1), ("<img", 0), ("<!--", 0)] {
        assert_eq!(page.matches(tag).count(), times, "{tag}");
    }
    for outside in [
        "http:", "https:", "//cdn", "<link", "@import", "url(", " src=",
    ] {
        let data_aside = page.replace("img src=x onerror", "");
        assert!(!data_aside.contains(outside), "{outside}");
    }
    // What is in it is what was there.
    let (_, data) = page.split_once("const data = ").unwrap();
    let mut values = serde_json::Deserializer::from_str(data).into_iter();
    let data: serde_json::Value = values.next().unwrap().unwrap();
    let packages = data["packages"].as_array().unwrap();
    let big = packages.iter().find(|one| one["name"] == "big-1.0");
    let files = big.unwrap()["files"].as_array().unwrap();
    for name in names {
        assert!(files.iter().any(|file| file[0] == name), "{name}");
    }
    // Names are put on the page as text only.
    for way_in in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
    ] {
        assert!(!page.contains(way_in), "{way_in}");
    }
}
