//! What copies of a deduped tree are, made by the usual tools: with its links the same tree, without
//! them a larger one in which everything is there as well.

use std::fs;
use std::path::Path;

use crate::support::installed_tree::{LIBRARY, Tree};
use crate::support::tools::has;

/// A copy of `site` in `copy`, and whether its links are links still.
const COPIES: [(&str, &str, bool); 7] = [
    ("cp", "cp -a site copy", true),
    ("cp", "cp -rL site copy", false),
    (
        "tar",
        "mkdir copy && tar -cf - -C site . | tar -xf - -C copy",
        true,
    ),
    (
        "tar",
        "mkdir copy && tar -chf - -C site . | tar -xf - -C copy",
        false,
    ),
    ("rsync", "rsync -a site/ copy/", true),
    (
        "zip",
        "(cd site && zip -qry ../all.zip .) && unzip -q all.zip -d copy",
        true,
    ),
    (
        "zip",
        "(cd site && zip -qr ../all.zip .) && python3 -m zipfile -e all.zip copy",
        false,
    ),
];

#[test]
fn copies_hold_all_libraries_with_links_and_without() {
    for (name, program, keeps_links) in COPIES {
        if !has(name) {
            continue;
        }
        let tree = Tree::new();
        let said = tree.done(&["dedupe", "site"]);
        assert!(said.contains("Copy the tree with its links"), "{said}");
        let copied = tree.command(&["sh", "-c", program]).status().unwrap();
        assert!(copied.success(), "{program}");
        let site = fs::canonicalize(tree.site()).unwrap();
        // Nothing in the copy may lead to what it was copied from.
        let bytes = |path: &str, site: &Path| fs::read(site.join(path)).unwrap();
        let names = ["one", "two", "six"].map(|name| format!("{name}.libs/{LIBRARY}"));
        let before = names.each_ref().map(|path| bytes(path, &site));
        fs::remove_dir_all(&site).unwrap();
        fs::rename(tree.folder.path().join("copy"), &site).unwrap();
        assert_eq!(
            names.each_ref().map(|path| bytes(path, &site)),
            before,
            "{program}"
        );
        assert_eq!(
            tree.links().len(),
            if keeps_links { 3 } else { 0 },
            "{program}"
        );
        tree.check_records();
        if !keeps_links {
            // All is there several times again, and can be merged again.
            tree.done(&["dedupe", "site"]);
        }
        assert_eq!(tree.links().len(), 3, "{program}");
        let said = tree.done(&["dedupe", "--undo", "site"]);
        assert!(said.contains("Restored 3 files"), "{program}: {said}");
        tree.check_records();
    }
}
