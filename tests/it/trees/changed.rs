//! Trees that somebody else writes to while they are worked on: nothing outside is ever touched, no
//! file of theirs replaced, no row lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::outside::{deduped, of, outside, pipe, state_outside};
use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX, link};
use wheelfix::error::{Error, Exit};
use wheelfix::host::Unwatched;
use wheelfix::ops::{dedupe, slim};
use wheelfix::plan::SlimOptions;

/// Something that is done to a tree, and what it is.
type Swap = (&'static str, fn(&Path));

/// What is done to a tree between plan and act.
const SWAPS: [Swap; 9] = [
    ("a folder of libraries becomes a link out", |site| {
        fs::rename(site.join("one.libs"), site.join("away")).unwrap();
        symlink("../outside", site.join("one.libs")).unwrap();
    }),
    ("another folder takes its place", |site| {
        fs::rename(site.join("one.libs"), site.join("away")).unwrap();
        fs::create_dir(site.join("one.libs")).unwrap();
        fs::copy(site.join("away").join(LIBRARY), site.join(of("one"))).unwrap();
    }),
    ("a library becomes a link out", |site| {
        fs::remove_file(site.join(of("one"))).unwrap();
        symlink(format!("../../outside/{LIBRARY}"), site.join(of("one"))).unwrap();
    }),
    ("a library is replaced by an equal one", |site| {
        fs::copy(site.join(of("one")), site.join("copy")).unwrap();
        fs::rename(site.join("copy"), site.join(of("one"))).unwrap();
    }),
    ("a library is written to", |site| {
        let mut bytes = fs::read(site.join(of("one"))).unwrap();
        bytes.push(0);
        fs::write(site.join(of("one")), bytes).unwrap();
    }),
    ("a library becomes a pipe", |site| {
        fs::remove_file(site.join(of("one"))).unwrap();
        pipe(&site.join(of("one")));
    }),
    ("a library goes", |site| {
        fs::remove_file(site.join(of("one"))).unwrap()
    }),
    ("a RECORD gets a row", |site| {
        for name in ["one", "two", "six"] {
            let record = site.join(format!("{name}-1.0.dist-info/RECORD"));
            let text = fs::read_to_string(&record).unwrap();
            fs::write(record, text + "one/new.py,,\n").unwrap();
        }
    }),
    ("the metadata becomes a link out", |site| {
        fs::rename(site.join("one-1.0.dist-info"), site.join("away")).unwrap();
        symlink("../outside", site.join("one-1.0.dist-info")).unwrap();
    }),
];

/// Who looks at the tree's state reads all files.
fn remove_pipe(tree: &Tree, what: &str) {
    if what == "a library becomes a pipe" {
        fs::remove_file(tree.site().join(of("one"))).unwrap();
    }
}

/// No file is half written, nothing outside changed, no row of another is lost.
fn holds_after(tree: &Tree, what: &str, outside: &[(String, u32, i64, Vec<u8>)]) {
    assert!(state_outside(tree) == outside, "{what}");
    let left: Vec<String> = tree
        .state()
        .into_keys()
        .filter(|path| path.ends_with("-tmp"))
        .collect();
    assert!(left.is_empty(), "{what}: {left:?}");
    if what == "a RECORD gets a row" {
        for name in ["one", "two", "six"] {
            let record = tree.site().join(format!("{name}-1.0.dist-info/RECORD"));
            let text = fs::read_to_string(record).unwrap();
            assert!(text.contains("one/new.py,,\n"), "{name}: {text}");
        }
    }
}

#[test]
fn what_changes_between_plan_and_act_is_not_replaced_by_dedupe() {
    for (what, swap) in SWAPS {
        let tree = Tree::new();
        outside(&tree);
        let before = state_outside(&tree);
        let options = dedupe::Options::default();
        let planned = dedupe::plan(&tree.site(), &options, &Unwatched).unwrap();
        swap(&tree.site());
        let error = planned.apply(&Unwatched).unwrap_err();
        assert_eq!(error.exit(), Exit::Environment, "{what}: {error:?}");
        drop(planned);
        remove_pipe(&tree, what);
        holds_after(&tree, what, &before);
        tree.done(&["dedupe", "--undo", "site"]);
        holds_after(&tree, what, &before);
        assert!(
            tree.links().iter().all(|path| !path.contains("two")),
            "{what}"
        );
    }
}

#[test]
fn what_changes_between_plan_and_act_is_not_replaced_by_slim() {
    for (what, swap) in SWAPS {
        let tree = Tree::new();
        outside(&tree);
        let before = state_outside(&tree);
        let options = slim::Options::default();
        let planned = slim::plan(&tree.site(), &options, &Unwatched).unwrap();
        let slim::Planned::Tree(planned) = planned else {
            panic!("no tree");
        };
        swap(&tree.site());
        let error = planned.apply(&Unwatched).unwrap_err();
        assert_eq!(error.exit(), Exit::Environment, "{what}: {error:?}");
        drop(planned);
        remove_pipe(&tree, what);
        holds_after(&tree, what, &before);
    }
}

/// What is to be removed and is another file by now stays.
#[test]
fn slim_removes_only_what_it_looked_at() {
    let tree = Tree::new();
    tree.install(
        "big",
        &[
            ("big/__init__.py", Vec::new()),
            ("big/tests/test_a.py", b"import big\n".to_vec()),
        ],
    );
    outside(&tree);
    let swaps: [fn(&Path); 2] = [
        |site| fs::write(site.join("big/tests/test_a.py"), "mine = 1\n").unwrap(),
        |site| {
            fs::rename(site.join("big/tests"), site.join("away")).unwrap();
            symlink("../../outside", site.join("big/tests")).unwrap();
            fs::write(site.join("../outside/test_a.py"), "theirs").unwrap();
        },
    ];
    for swap in swaps {
        let kinds = SlimOptions {
            tests: true,
            ..SlimOptions::default()
        };
        let options = slim::Options {
            kinds,
            ..slim::Options::default()
        };
        let planned = slim::plan(&tree.site(), &options, &Unwatched).unwrap();
        let slim::Planned::Tree(planned) = planned else {
            panic!("no tree");
        };
        swap(&tree.site());
        let before = state_outside(&tree);
        let error = planned.apply(&Unwatched).unwrap_err();
        assert!(matches!(error, Error::TreeChanged { .. }), "{error:?}");
        assert!(state_outside(&tree) == before);
        assert!(fs::read(tree.site().join("big/tests/test_a.py")).is_ok());
    }
}

/// After a dedupe the folder of a link becomes a link out: undo does not follow it.
#[test]
fn undo_follows_no_link() {
    let tree = deduped();
    let before = state_outside(&tree);
    fs::rename(tree.site().join("one.libs"), tree.site().join("away")).unwrap();
    symlink("../outside", tree.site().join("one.libs")).unwrap();
    fs::rename(
        tree.site().join("two-1.0.dist-info"),
        tree.site().join("gone"),
    )
    .unwrap();
    symlink("../outside", tree.site().join("two-1.0.dist-info")).unwrap();
    tree.done(&["dedupe", "--undo", "site"]);
    assert!(state_outside(&tree) == before);
    assert_eq!(link(&tree, "two"), None);
}

#[test]
fn one_run_at_a_time_changes_a_tree() {
    let tree = Tree::new();
    let before = tree.state();
    let planned = dedupe::plan(&tree.site(), &dedupe::Options::default(), &Unwatched).unwrap();
    for words in [
        "dedupe site",
        "dedupe --undo site",
        "slim site",
        "slim --tests --no-repack site",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let output = tree.run(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{words:?}: {said}");
        assert!(said.contains("another wheelfix works on"), "{said}");
        assert_eq!(tree.state(), before);
    }
    // Who only looks may.
    for words in [
        &["dedupe", "-n", "site"][..],
        &["slim", "-n", "site"],
        &["size", "site"],
    ] {
        tree.done(words);
    }
    planned.apply(&Unwatched).unwrap();
    drop(planned);
    tree.done(&["dedupe", "--undo", "site"]);
    assert_eq!(tree.state(), before);
}

#[test]
fn runs_that_start_together_end_as_one_after_the_other() {
    for round in 0..8 {
        let tree = Tree::new();
        let before = tree.state();
        let both: &[&[&str]] = match round % 2 {
            0 => &[&["dedupe", "site"], &["dedupe", "site"]],
            _ => &[
                &["dedupe", "site"],
                &["slim", "--tests", "--no-repack", "site"],
            ],
        };
        let start = |words: &&[&str]| {
            tree.command(&[&[WHEELFIX, "-q"], *words].concat())
                .spawn()
                .unwrap()
        };
        let running: Vec<_> = both.iter().map(start).collect();
        for mut run in running {
            assert!(matches!(run.wait().unwrap().code(), Some(0 | 4)));
        }
        tree.check_records();
        for (path, what) in tree.state() {
            assert!(!what.starts_with("777 "), "{path}: {what}");
        }
        tree.done(&["dedupe", "site"]);
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), before, "round {round}");
    }
}
