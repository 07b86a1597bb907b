//! Any bytes as the manifest of the store and as the journals in a tree: acted on only as far as the tree
//! goes, or not at all.

use std::fs;
use std::path::Path;

use super::{folders, tree};

/// Names of the state that a run leaves in a tree.
const MANIFEST: &str = "wheelfix.libs/.wheelfix.json";
const JOURNAL: &str = ".wheelfix-slim.json";

/// A tree in which a library of two packages is one, as far as names go.
fn lay_out(site: &Path) {
    let library =
        fs::read(folders::alpine().join("usr/lib/libspam_outer.so.1.2")).unwrap_or_default();
    for name in ["one", "two"] {
        let info = site.join(format!("{name}-1.0.dist-info"));
        fs::create_dir_all(&info).expect("a folder can be made");
        let libs = site.join(format!("{name}.libs"));
        fs::create_dir_all(&libs).expect("a folder can be made");
        let file = "libspam_outer-0123abcd.so.1";
        fs::write(libs.join(file), &library).expect("it can be written");
        let row = wheelfix::wheel::record_line(
            &format!("{name}.libs/{file}"),
            &wheelfix::wheel::RecordHash::sha256(&library),
            library.len() as u64,
        );
        fs::write(
            info.join("RECORD"),
            format!("{row}\n{name}-1.0.dist-info/RECORD,,\n"),
        )
        .expect("it can be written");
    }
}

/// The manifest that `dedupe` writes into that tree.
#[must_use]
pub fn manifest() -> Vec<u8> {
    let folder = folders::scratch();
    lay_out(folder.path());
    let options = wheelfix::ops::dedupe::Options::default();
    let planned = wheelfix::ops::dedupe::plan(folder.path(), &options, &wheelfix::host::Unwatched);
    let planned = planned.expect("the tree can be planned with");
    let _ = planned
        .apply(&wheelfix::host::Unwatched)
        .expect("it can be deduped");
    fs::read(folder.path().join(MANIFEST)).expect("dedupe wrote a manifest")
}

/// Puts them where a run looks for its own state.
///
/// # Panics
/// When something outside of the tree changed.
pub fn check(bytes: &[u8]) {
    let Some((&head, rest)) = bytes.split_first() else {
        return;
    };
    let folder = folders::scratch();
    folders::make_outside(folder.path());
    let site = folder.path().join("site");
    lay_out(&site);
    if head & 1 == 0 {
        // As deduped: the links are there.
        let options = wheelfix::ops::dedupe::Options::default();
        if let Ok(planned) =
            wheelfix::ops::dedupe::plan(&site, &options, &wheelfix::host::Unwatched)
        {
            let _ = planned.apply(&wheelfix::host::Unwatched);
        }
    }
    let _ = fs::create_dir_all(site.join("wheelfix.libs"));
    let (manifest, journal) = match head & 6 {
        0 | 2 => (Some(rest), None),
        4 => (None, Some(rest)),
        _ => (Some(rest), Some(rest)),
    };
    if let Some(bytes) = manifest {
        fs::write(site.join(MANIFEST), bytes).expect("it can be written");
    }
    if let Some(bytes) = journal {
        fs::write(site.join(JOURNAL), bytes).expect("it can be written");
    }
    let before = folders::outside(folder.path());
    let _ = wheelfix::ops::dedupe::undo(&site);
    tree::all_commands(&site);
    assert!(
        folders::outside(folder.path()) == before,
        "something outside changed"
    );
}
