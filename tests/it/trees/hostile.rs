//! A store that somebody else wrote into a tree: what is not as wheelfix makes it is not acted on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use super::outside::{deduped, of, outside, state_outside};
use crate::support::installed_tree::{LIBRARY, Tree, link};

const MANIFEST: &str = "wheelfix.libs/.wheelfix.json";

/// Neither `dedupe` nor `--undo` acts on the store, and nothing changes anywhere.
fn is_not_trusted(tree: &Tree, what: &str) {
    let before = (tree.state(), state_outside(tree));
    for words in [&["dedupe", "site"][..], &["dedupe", "--undo", "site"]] {
        let output = tree.run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{what}, {words:?}: {said}");
        assert!(said.contains("cannot trust"), "{what}: {said}");
        assert!((tree.state(), state_outside(tree)) == before, "{what}");
    }
}

type Change = Box<dyn Fn(&mut Value)>;

fn forged(change: impl Fn(&mut Value)) -> Tree {
    let tree = deduped();
    let path = tree.site().join(MANIFEST);
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    tree
}

/// A field of the alias of `one`'s library.
fn alias(field: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |manifest| manifest["links"][of("one")][field] = value.clone()
}

/// The whole entry under another path.
fn moved(path: &'static str) -> impl Fn(&mut Value) {
    move |manifest| {
        let links = manifest["links"].as_object_mut().unwrap();
        let mut entry = links.remove(&of("one")).unwrap();
        let row = format!("{path},,");
        entry["record"] = json!(["one-1.0.dist-info/RECORD", row, row]);
        links.insert(path.to_owned(), entry);
    }
}

#[test]
fn a_manifest_that_says_what_dedupe_never_writes_is_not_acted_on() {
    let row = format!("one.libs/{LIBRARY},,");
    let record = |path: &str| alias("record", json!([path, row, row]));
    let rows = |before: &str, after: &str| {
        alias("record", json!(["one-1.0.dist-info/RECORD", before, after]))
    };
    let absolute = "/etc/passwd";
    let changes: Vec<(&str, Change)> = vec![
        ("a file outside", Box::new(record("../outside/sshd_config"))),
        ("an absolute path", Box::new(record(absolute))),
        ("a module", Box::new(record("one/__init__.py"))),
        ("a METADATA", Box::new(record("one-1.0.dist-info/METADATA"))),
        (
            "a deep RECORD",
            Box::new(record("one-1.0.dist-info/x/RECORD")),
        ),
        (
            "the old store's",
            Box::new(record("wheelfix_store-1.dist-info/RECORD")),
        ),
        ("another's row", Box::new(rows("two/__init__.py,,", &row))),
        ("two rows", Box::new(rows(&format!("{row}\nx,,"), &row))),
        ("no row", Box::new(rows("PermitRootLogin yes", &row))),
        ("no row after", Box::new(rows(&row, ""))),
        ("setuid", Box::new(alias("mode", json!(0o4755)))),
        ("a kind", Box::new(alias("mode", json!(0o100_755)))),
        ("a size", Box::new(alias("size", json!(1_u64 << 62)))),
        ("a digest", Box::new(alias("sha256", json!("00")))),
        ("a delta", Box::new(alias("delta", json!("***")))),
        (
            "a time",
            Box::new(alias("modified", json!([u64::MAX, u32::MAX]))),
        ),
        (
            "a target outside",
            Box::new(alias("target", json!("../outside/RECORD"))),
        ),
        ("itself", Box::new(alias("target", json!(of("one"))))),
        (
            "another's file",
            Box::new(alias("target", json!("six/__init__.py"))),
        ),
        ("the manifest", Box::new(alias("target", json!(MANIFEST)))),
        (
            "metadata",
            Box::new(alias("target", json!("one-1.0.dist-info/METADATA"))),
        ),
        ("a circle", Box::new(alias("target", json!(of("two"))))),
        ("a new field", Box::new(alias("more", json!(1)))),
        ("a path outside", Box::new(moved("../outside/RECORD"))),
        ("an absolute one", Box::new(moved("/etc/passwd"))),
        ("a RECORD", Box::new(moved("one-1.0.dist-info/RECORD"))),
        ("the store", Box::new(moved("wheelfix.libs"))),
        (
            "a version",
            Box::new(|all| all["schema"]["version"] = json!(2)),
        ),
        ("a list", Box::new(|all| all["links"] = json!([]))),
    ];
    for (what, change) in changes {
        let circle = |manifest: &mut Value| {
            change(manifest);
            if what == "a circle" {
                manifest["links"][of("two")]["target"] = json!(of("one"));
            }
        };
        is_not_trusted(&forged(circle), what);
    }
}

#[test]
fn a_store_that_is_no_folder_of_ours_is_not_acted_on() {
    type Made = fn(&Path);
    let changes: [(&str, Made); 7] = [
        ("a link out", |site| {
            fs::rename(site.join("wheelfix.libs"), site.join("away")).unwrap();
            symlink("../outside", site.join("wheelfix.libs")).unwrap();
        }),
        ("a file", |site| {
            fs::remove_dir_all(site.join("wheelfix.libs")).unwrap();
            fs::write(site.join("wheelfix.libs"), "").unwrap();
        }),
        ("a linked manifest", |site| {
            fs::remove_file(site.join(MANIFEST)).unwrap();
            symlink("../../outside/.wheelfix.json", site.join(MANIFEST)).unwrap();
        }),
        ("a folder for a manifest", |site| {
            fs::remove_file(site.join(MANIFEST)).unwrap();
            fs::create_dir(site.join(MANIFEST)).unwrap();
        }),
        ("a manifest without end", |site| {
            let file = fs::File::create(site.join(MANIFEST)).unwrap();
            file.set_len(1 << 40).unwrap();
        }),
        ("a manifest that a package brought", |site| {
            let record = site.join("two-1.0.dist-info/RECORD");
            let text = fs::read_to_string(&record).unwrap();
            fs::write(record, format!("{text}{MANIFEST},,\n")).unwrap();
        }),
        ("a copy that a package brought", |site| {
            let record = site.join("two-1.0.dist-info/RECORD");
            let text = fs::read_to_string(&record).unwrap();
            fs::write(record, format!("{text}wheelfix.libs/{LIBRARY},,\n")).unwrap();
        }),
    ];
    for (what, change) in changes {
        let tree = deduped();
        change(&tree.site());
        if what == "a linked manifest" {
            // What is behind the link is a sound manifest.
            let there = tree.folder.path().join("outside/.wheelfix.json");
            fs::write(
                there,
                r#"{"schema":{"name":"wheelfix.store","version":1},"links":{}}"#,
            )
            .unwrap();
        }
        if what == "a folder for a manifest" || what == "a manifest without end" {
            // Its state cannot be taken whole; the code is enough.
            for words in [&["dedupe", "site"][..], &["dedupe", "--undo", "site"]] {
                assert_eq!(tree.run(words).status.code(), Some(3), "{what}");
            }
            continue;
        }
        is_not_trusted(&tree, what);
    }
}

/// A delta or a copy that is another by now makes nothing, and takes no memory.
#[test]
fn what_does_not_come_out_as_it_was_is_not_written() {
    let bomb = "eNrtwTEBAAAAwqD1T20ND6AAAIB3Awu4AAE=";
    for (field, value) in [("delta", json!(bomb)), ("sha256", json!("0".repeat(64)))] {
        let tree = forged(alias(field, value));
        let before = link(&tree, "one");
        let output = tree.run(&["dedupe", "--undo", "site"]);
        assert_eq!(output.status.code(), Some(1), "{field}");
        assert_eq!(link(&tree, "one"), before, "{field}");
    }
}

/// A row that is not what dedupe wrote stays, and is told of.
#[test]
fn undo_leaves_rows_that_others_wrote() {
    let tree = deduped();
    let record = tree.site().join("one-1.0.dist-info/RECORD");
    let text = fs::read_to_string(&record).unwrap();
    let row = text.lines().find(|row| row.contains(LIBRARY)).unwrap();
    let own = format!("one.libs/{LIBRARY},sha256=theirs,7");
    fs::write(&record, text.replace(row, &own) + "one/new.py,,\n").unwrap();
    let said = tree.done(&["dedupe", "--undo", "site"]);
    assert!(said.contains("changed its row in RECORD"), "{said}");
    let text = fs::read_to_string(&record).unwrap();
    assert!(
        text.contains(&own) && text.contains("one/new.py,,\n"),
        "{text}"
    );
    assert_eq!(link(&tree, "one"), None);
}

#[test]
fn a_forged_journal_of_slim_is_not_acted_on() {
    for journal in [
        r#"["../outside"]"#,
        r#"["/etc"]"#,
        r#"["one-1.0.dist-info/RECORD"]"#,
        r#"{"one": 1}"#,
        "[1]",
        "",
    ] {
        let tree = Tree::new();
        outside(&tree);
        fs::write(tree.site().join(".wheelfix-slim.json"), journal).unwrap();
        let before = (tree.state(), state_outside(&tree));
        let output = tree.run(&["slim", "--tests", "site"]);
        assert_eq!(output.status.code(), Some(3), "{journal}");
        assert!((tree.state(), state_outside(&tree)) == before, "{journal}");
    }
}
