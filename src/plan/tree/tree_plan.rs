//! An installed tree as a value, and what will change in it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::wheel::{ArchivePath, InstalledRecord, Sentence, Untrusted};

/// A site-packages folder: every file below it, and who installed what.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Files and symbolic links; folders are not listed.
    pub files: BTreeMap<ArchivePath, TreeFile>,
    /// What is installed, by its `.dist-info` folder.
    pub distributions: Vec<Distribution>,
    /// Which distribution lists a file; the first, if several do.
    pub owners: BTreeMap<ArchivePath, usize>,
    /// Whether `dedupe` made the store: what lies in it and no distribution lists is its copies.
    pub has_store: bool,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its size in bytes; of a link, that of its text.
    pub size: u64,
    /// Where it points, if it is a symbolic link.
    pub link: Option<LinkTarget>,
}

/// Where a symbolic link points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// To this path of the tree, whether or not it is there.
    Inside(ArchivePath),
    /// Out of the tree.
    Outside(Untrusted),
}

/// One installed distribution.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Its name and version as its folder has them: `numpy-2.5.5`.
    pub name: Untrusted,
    /// Its RECORD.
    pub record_path: ArchivePath,
    /// What RECORD says.
    pub record: InstalledRecord,
}

impl Tree {
    /// The distribution that lists a file.
    #[must_use]
    pub fn owner(&self, path: &ArchivePath) -> Option<&Distribution> {
        self.distributions.get(*self.owners.get(path)?)
    }

    /// Whether a file is a copy of the store, or a link there.
    #[must_use]
    pub fn is_copy(&self, path: &ArchivePath) -> bool {
        self.has_store && path.first() == STORE && !self.owners.contains_key(path)
    }

    /// The bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.values().map(|file| file.size).sum()
    }

    /// The bytes of these files.
    pub fn size_of<'a>(&self, paths: impl Iterator<Item = &'a ArchivePath>) -> u64 {
        let files = paths.filter_map(|path| self.files.get(path));
        files.map(|file| file.size).sum()
    }

    /// The file behind a path, through at most so many links as a kernel follows.
    #[must_use]
    pub fn real<'a>(&'a self, mut path: &'a ArchivePath) -> Option<&'a ArchivePath> {
        const MOST_LINKS: usize = 40;
        for _ in 0..MOST_LINKS {
            match &self.files.get(path)?.link {
                None => return Some(path),
                Some(LinkTarget::Inside(target)) => path = target,
                Some(LinkTarget::Outside(_)) => return None,
            }
        }
        None
    }
}

/// The folder of the copies that several distributions share.
pub const STORE: &str = "wheelfix.libs";
/// What `dedupe` knows of its links, among the copies.
pub const STORE_MANIFEST: &str = "wheelfix.libs/.wheelfix.json";
/// The `.dist-info` folder that the store of an earlier wheelfix has. What makes an environment what
/// its requirements name removes it, and the copies with it: so the store is no distribution.
pub const STORE_INFO: &str = "wheelfix_store-1.dist-info";

/// Everything that `dedupe` changes in a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TreePlan {
    /// New files of the store, by their path, each a copy of another file.
    pub stored: BTreeMap<ArchivePath, ArchivePath>,
    /// Files that become symbolic links to another file of the tree.
    pub links: BTreeMap<ArchivePath, ArchivePath>,
    /// Files and links of the store that nothing else links to any more.
    pub dropped: Vec<ArchivePath>,
    /// The classes behind it, for people.
    pub merged: Vec<Merged>,
    /// Libraries of one name that stay apart, and why.
    pub apart: Vec<Apart>,
}

/// Files that are one library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// The library's name, without hashes.
    pub library: Untrusted,
    /// The file whose bytes stay.
    pub kept: ArchivePath,
    /// Where those bytes are then.
    pub at: ArchivePath,
    /// The files that become links to it; those that are links already are not listed.
    pub links: Vec<ArchivePath>,
    /// Whether all of them were equal byte for byte.
    pub identical: bool,
    /// Whether one package has it under several names: who loads it by two of them has two of it.
    pub other_names: bool,
    /// The bytes that this saves.
    pub saved: u64,
}

/// Two files of one name that are not made one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Apart {
    /// One of them.
    pub one: ArchivePath,
    /// The other, or more of the same kind.
    pub other: ArchivePath,
    /// Why.
    pub why: Sentence,
}

impl TreePlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.stored.is_empty() && self.dropped.is_empty()
    }

    /// The bytes that it saves.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.merged.iter().map(|merged| merged.saved).sum()
    }
}

/// The text of a relative symbolic link at `from` to `to`.
#[must_use]
pub fn relative_link(from: &ArchivePath, to: &ArchivePath) -> String {
    let folder: Vec<&str> = match from.as_str().rsplit_once('/') {
        Some((folder, _)) => folder.split('/').collect(),
        None => Vec::new(),
    };
    let target: Vec<&str> = to.components().collect();
    let common = folder
        .iter()
        .zip(&target)
        .take_while(|(one, other)| one == other)
        .count();
    let mut parts = vec![".."; folder.len().saturating_sub(common)];
    parts.extend(target.iter().skip(common));
    parts.join("/")
}

/// The path of the tree to which a link's text leads from `from`'s folder; `None`: out of it.
#[must_use]
pub fn followed_link(from: &ArchivePath, text: &str) -> Option<ArchivePath> {
    if text.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.components().collect();
    parts.pop();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    ArchivePath::parse(&parts.join("/")).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_lead_where_they_should() {
        let path = |text: &str| ArchivePath::parse(text).unwrap();
        for (from, to, text) in [
            ("a.libs/x.so", "wheelfix.libs/y.so", "../wheelfix.libs/y.so"),
            ("a.libs/x.so", "a.libs/y.so", "y.so"),
            ("a/b/c/x.so", "a/d/y.so", "../../d/y.so"),
            ("x.so", "wheelfix.libs/y.so", "wheelfix.libs/y.so"),
        ] {
            assert_eq!(relative_link(&path(from), &path(to)), text);
            assert_eq!(followed_link(&path(from), text), Some(path(to)));
        }
        assert_eq!(followed_link(&path("a/x"), "../../y"), None);
        assert_eq!(followed_link(&path("a/x"), "/y"), None);
    }
}
