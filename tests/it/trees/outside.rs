//! A tree with something beside it that nobody may touch.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::support::installed_tree::{LIBRARY, Tree};
use crate::support::tools::tool;

/// Where the test tree has a package's library.
pub fn of(name: &str) -> String {
    format!("{name}.libs/{LIBRARY}")
}

/// A deduped tree beside a folder `outside`, with files of the names that the tree has.
pub fn deduped() -> Tree {
    let tree = Tree::new();
    tree.done(&["dedupe", "site"]);
    outside(&tree);
    tree
}

/// Files of the names that the tree has, in a folder `outside` beside it.
pub fn outside(tree: &Tree) {
    let folder = tree.folder.path().join("outside");
    fs::create_dir(&folder).unwrap();
    for name in [
        LIBRARY,
        "RECORD",
        "__init__.py",
        "sshd_config",
        ".wheelfix.json",
    ] {
        fs::write(folder.join(name), format!("one.libs/{LIBRARY},,\n")).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
}

/// Names, modes, times and bytes of what is outside.
pub fn state_outside(tree: &Tree) -> Vec<(String, u32, i64, Vec<u8>)> {
    let entries = fs::read_dir(tree.folder.path().join("outside")).unwrap();
    let mut state: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let there = path.symlink_metadata().unwrap();
            assert!(there.is_file(), "{}", path.display());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (
                name,
                there.mode(),
                there.ctime_nsec(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    state.sort();
    state
}

pub fn pipe(path: &Path) {
    let made = tool("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
