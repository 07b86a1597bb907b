//! The copies in the store: their names, which library a file is by its name, and what of the
//! store no package uses any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::without_hash;
use crate::plan::tree::tree_plan::{LinkTarget, STORE, Tree};
use crate::wheel::ArchivePath;

/// How many digits of its digest a copy's name gets when the plain one is taken.
const DIGITS: usize = 16;

/// The library that a file is by its name: without the hashes that repairs put there, and without
/// the digits of `store_path`. Any name may end in so many digits; what is one library is proved
/// by bytes later, so that a name taken for too much costs a comparison, nothing else.
#[must_use]
pub fn library_name(file_name: &str) -> String {
    let (stem, rest) = file_name.split_at(file_name.find('.').unwrap_or(file_name.len()));
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match stem.rsplit_once('-') {
        Some((front, tail))
            if !front.is_empty() && tail.len() == DIGITS && tail.chars().all(is_digit) =>
        {
            without_hash(&format!("{front}{rest}"))
        }
        _ => without_hash(file_name),
    }
}

/// A free name in the store: the file's own, or with the first digits of its digest.
pub(in crate::plan) fn store_path(
    kept: &ArchivePath,
    contents: &BTreeMap<ArchivePath, [u8; 32]>,
    taken: &BTreeSet<ArchivePath>,
) -> Option<ArchivePath> {
    let name = kept.file_name();
    let plain = ArchivePath::parse(&format!("{STORE}/{name}")).ok()?;
    if !taken.contains(&plain) {
        return Some(plain);
    }
    let digest = contents.get(kept)?;
    let (stem, rest) = name.split_at(name.find('.').unwrap_or(name.len()));
    let hash: String = crate::plan::repair::naming::hex(digest)
        .chars()
        .take(DIGITS)
        .collect();
    let named = ArchivePath::parse(&format!("{STORE}/{stem}-{hash}{rest}")).ok()?;
    // What has that name as well stays what it is, and these files stay apart.
    (!taken.contains(&named)).then_some(named)
}

/// What of the store no other file of the tree leads to, be it a copy or a link to one.
pub(in crate::plan) fn unused(
    tree: &Tree,
    new_links: &BTreeMap<ArchivePath, ArchivePath>,
) -> BTreeSet<ArchivePath> {
    let next = |path: &ArchivePath| match new_links.get(path) {
        Some(target) => Some(target),
        None => match &tree.files.get(path)?.link {
            Some(LinkTarget::Inside(target)) => Some(target),
            _ => None,
        },
    };
    let mut used: BTreeSet<&ArchivePath> = BTreeSet::new();
    for path in tree.files.keys().filter(|path| path.first() != STORE) {
        let mut target = next(path);
        while let Some(path) = target
            && used.insert(path)
        {
            target = next(path);
        }
    }
    let of_store = tree.files.keys().filter(|path| tree.is_copy(path));
    of_store
        .filter(|path| !used.contains(path))
        .cloned()
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_made_free_is_the_library_s_name_again() {
        let path = |text: &str| ArchivePath::parse(text).unwrap();
        for (name, library) in [
            ("liba-0123abcd.so.1", "liba.so.1"),
            ("liba.so.1", "liba.so.1"),
            ("liba", "liba"),
        ] {
            let kept = path(&format!("a.libs/{name}"));
            let contents = BTreeMap::from([(kept.clone(), [0xab; 32])]);
            let mut taken = BTreeSet::new();
            let first = store_path(&kept, &contents, &taken).unwrap();
            assert_eq!(first.file_name(), name);
            taken.insert(first);
            let second = store_path(&kept, &contents, &taken).unwrap();
            assert_eq!(library_name(name), library);
            assert_eq!(library_name(second.file_name()), library);
            taken.insert(second);
            assert_eq!(store_path(&kept, &contents, &taken), None);
        }
        for name in [
            "liba-0123456789ABCDEF.so",
            "-0123456789abcdef.so",
            "liba-0123456789abcde.so",
        ] {
            assert_eq!(library_name(name), name);
        }
    }
}
