//! Folders to try things in, and the fixtures.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A folder that goes away, in memory where there is such a place.
#[must_use]
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a folder can be made")
}

/// The miniature Alpine of the fixtures.
#[must_use]
pub fn alpine() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = [
        here.join("fixtures/alpine"),
        here.join("../fixtures/alpine"),
    ];
    let found = roots.into_iter().find(|root| root.is_dir());
    found.expect("the fixtures are there")
}

/// A folder beside a tree, which nothing that is done to the tree may touch: what is in it.
#[must_use]
pub fn outside(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder.join("outside")).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let mode = fs::symlink_metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        found.insert(path.clone(), (fs::read(&path).unwrap_or_default(), mode));
    }
    found
}

/// Makes that folder.
pub fn make_outside(folder: &Path) {
    fs::create_dir_all(folder.join("outside")).expect("a folder can be made");
    for name in ["RECORD", "victim", "libspam_leaf-0123abcd.so.1"] {
        fs::write(folder.join("outside").join(name), name).expect("it can be written");
    }
}
