//! WHEEL of what is written.

use std::collections::BTreeSet;

use crate::wheel::{Headers, Tag, WheelFilename};

/// WHEEL as it has to be for a wheel's new file name, or `None` when it is right already.
pub(in crate::plan) fn of(
    headers: &Headers,
    was: &WheelFilename,
    filename: &WheelFilename,
) -> Option<Vec<u8>> {
    let mut new = headers.clone();
    let tags: Vec<String> = Tag::expand(filename).iter().map(Tag::to_string).collect();
    let old = headers.get_all("Tag");
    let same: BTreeSet<&String> = old.iter().collect();
    if same.len() != tags.len() || !tags.iter().all(|tag| same.contains(tag)) {
        new.set_all("Tag", &tags);
    }
    let pure = headers.get_all("Root-Is-Purelib");
    if pure.len() != 1 || !pure.iter().all(|value| value.eq_ignore_ascii_case("false")) {
        new.set_all("Root-Is-Purelib", &["false"]);
    }
    if was.build != filename.build {
        new.set_all("Build", filename.build.as_slice());
    }
    let bytes = new.to_bytes();
    (bytes != headers.to_bytes()).then_some(bytes)
}
