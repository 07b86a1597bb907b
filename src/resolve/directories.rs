//! Lists of folders as both loaders write them: split, expand, name the reason.

use std::collections::HashSet;

use super::graph::Why;
use super::world::ModulePath;

/// One folder to look in.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) path: ModulePath,
    pub(super) why: Why,
}

impl Directory {
    pub(super) fn new(path: ModulePath, why: Why) -> Self {
        Self { path, why }
    }
}

/// `paths`, each for the same reason.
pub(super) fn of(paths: &[ModulePath], why: &Why) -> Vec<Directory> {
    paths
        .iter()
        .map(|path| Directory::new(path.clone(), why.clone()))
        .collect()
}

/// The lists one after the other; of folders that two of them name the first counts.
pub(super) fn joined<'a>(lists: impl IntoIterator<Item = &'a [Directory]>) -> Vec<Directory> {
    let mut seen = HashSet::new();
    let all = lists.into_iter().flatten();
    all.filter(|one| seen.insert(&one.path)).cloned().collect()
}

/// Those inside of the wheel, and the others.
pub(super) fn parted(list: &[Directory]) -> (Vec<Directory>, Vec<Directory>) {
    let list = list.iter().cloned();
    list.partition(|entry| entry.path.in_wheel())
}

/// The entries of a list; empty ones mean the working directory, which says nothing
/// about another machine, so they are left out.
pub(super) fn split<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(separators).filter(|entry| !entry.is_empty())
}

/// An entry of a run path as an absolute folder: `$ORIGIN` at its beginning is the
/// folder of the file that carries it, in the same tree; an entry that begins with `/`
/// lies in the system; one that does neither is relative to a working directory that
/// nobody knows, and is `None`.
pub(super) fn absolute(entry: &str, carrier: &ModulePath) -> Option<ModulePath> {
    let rest = entry
        .strip_prefix("${ORIGIN}")
        .or_else(|| entry.strip_prefix("$ORIGIN"));
    match rest {
        Some(rest) => {
            let folder = carrier.parent();
            // `$ORIGINAL` is `$ORIGIN` followed by `AL`: text, not parts of a path.
            let (path, escaped) =
                ModulePath::normalised(folder.place(), &format!("{}{rest}", folder.as_str()));
            // Above site-packages lies a machine that nobody knows.
            (!(escaped && path.in_wheel())).then_some(path)
        }
        None if entry.starts_with('/') => Some(ModulePath::new(super::world::Place::System, entry)),
        None => None,
    }
}
