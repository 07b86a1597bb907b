//! The store of an earlier wheelfix was a distribution: it is taken over, and undone.

use std::fs;

use crate::support::installed_tree::{LIBRARY, Tree, link};
use wheelfix::wheel::RecordHash;

const INFO: &str = "wheelfix_store-1.dist-info";

/// A deduped tree as an earlier wheelfix left it.
fn deduped(tree: &Tree, installer: Option<&str>) {
    tree.done(&["dedupe", "site"]);
    let info = tree.site().join(INFO);
    fs::create_dir(&info).unwrap();
    let manifest = tree.site().join("wheelfix.libs/.wheelfix.json");
    fs::rename(manifest, info.join("manifest.json")).unwrap();
    fs::write(
        info.join("METADATA"),
        "Metadata-Version: 2.1\nName: wheelfix-store\nVersion: 1\n",
    )
    .unwrap();
    fs::write(info.join("WHEEL"), "Wheel-Version: 1.0\n").unwrap();
    if let Some(installer) = installer {
        fs::write(info.join("INSTALLER"), installer).unwrap();
    }
    let mut record = format!("{INFO}/RECORD,,\n");
    for path in [
        format!("wheelfix.libs/{LIBRARY}"),
        format!("{INFO}/manifest.json"),
    ] {
        let bytes = fs::read(tree.site().join(&path)).unwrap();
        record += &format!("{path},{},{}\n", RecordHash::sha256(&bytes), bytes.len());
    }
    fs::write(info.join("RECORD"), record).unwrap();
}

#[test]
fn the_next_dedupe_takes_an_old_store_over() {
    for installer in [Some("wheelfix\n"), None] {
        let tree = Tree::new();
        let before = tree.state();
        deduped(&tree, installer);
        tree.done(&["dedupe", "site"]);
        assert!(!tree.site().join(INFO).exists());
        assert!(tree.site().join("wheelfix.libs/.wheelfix.json").is_file());
        assert!(link(&tree, "two").is_some());
        tree.check_records();
        assert!(tree.done(&["dedupe", "site"]).contains("Nothing to merge"));
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), before);
    }
}

#[test]
fn an_old_store_is_undone() {
    let tree = Tree::new();
    let before = tree.state();
    deduped(&tree, Some("wheelfix\n"));
    tree.done(&["dedupe", "--undo", "site"]);
    assert_eq!(tree.state(), before);
}

/// A wheel of that name: an installer has written its own name.
#[test]
fn a_package_with_the_name_of_the_old_store_is_not_trusted() {
    for words in [&["dedupe", "site"][..], &["dedupe", "--undo", "site"]] {
        let tree = Tree::new();
        deduped(&tree, Some("pip\n"));
        let before = tree.state();
        let output = tree.run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert_eq!(tree.state(), before);
    }
}

/// What sweeps away what no requirement names has taken the old store: nothing is left to be
/// undone, and packages that are installed anew are linked again.
#[test]
fn a_swept_store_does_not_stand_in_the_way() {
    let tree = Tree::new();
    deduped(&tree, Some("wheelfix\n"));
    let fresh = Tree::new();
    for folder in [INFO, "wheelfix.libs"] {
        fs::remove_dir_all(tree.site().join(folder)).unwrap();
    }
    for name in ["one", "two", "six"] {
        let path = format!("{name}.libs/{LIBRARY}");
        fs::remove_file(tree.site().join(&path)).unwrap();
        fs::copy(fresh.site().join(&path), tree.site().join(&path)).unwrap();
    }
    tree.done(&["dedupe", "site"]);
    assert!(link(&tree, "two").is_some());
    tree.check_records();
}
