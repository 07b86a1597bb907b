//! Looking at the wheels that come out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The one wheel in a folder that holds nothing else.
pub(crate) fn only_wheel(folder: &Path) -> PathBuf {
    let found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    match &found[..] {
        [wheel] if wheel.extension().is_some_and(|e| e == "whl") => wheel.clone(),
        _ => panic!("one wheel and nothing else should be there, there is {found:?}"),
    }
}

/// The grafted libraries of a wheel: file names in its libs folder up to the hash.
/// A name without a hash of eight digits is a fault.
pub(crate) fn grafts(wheel: &Path) -> BTreeSet<String> {
    let archive = zip::ZipArchive::new(fs::File::open(wheel).unwrap()).unwrap();
    archive
        .file_names()
        .filter_map(|name| Some(name.unwrap().split_once(".libs/")?.1.to_owned()))
        .filter(|library| !library.is_empty())
        .map(|library| {
            let (stem, hash) = library.split_once('.').unwrap().0.rsplit_once('-').unwrap();
            assert!(
                hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()),
                "{library}"
            );
            stem.to_owned()
        })
        .collect()
}

/// A set of names, from words.
pub(crate) fn names(words: &str) -> BTreeSet<String> {
    words.split_whitespace().map(str::to_owned).collect()
}
