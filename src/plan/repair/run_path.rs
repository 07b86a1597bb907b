//! Run paths: which entries stay, which are dropped, which are added.

use globset::GlobSet;

use crate::elf::{Facts, RunPath, RunPathEdit, RunPathKind};
use crate::plan::Note;
use crate::resolve::ModulePath;

/// The new run path of a file of the wheel: its entries inside of the wheel in their
/// order, among them those outside that `keep` matches, then `added` folders, each once. `None`: nothing to change. What is dropped is
/// told in `notes`.
///
/// The kind written is DT_RPATH: musl treats both alike, and on glibc a DT_RUNPATH would
/// not serve the needs of what the file loads.
pub(in crate::plan) fn of_wheel_file(
    facts: &Facts,
    was: &ModulePath,
    becomes: &ModulePath,
    added: &[ModulePath],
    keep: &GlobSet,
    notes: &mut Vec<Note>,
) -> Option<RunPathEdit> {
    let old = facts.run_path.as_ref();
    let mut kept: Vec<String> = Vec::new();
    let mut folders: Vec<ModulePath> = Vec::new();
    let mut dropped = false;
    for entry in old.iter().flat_map(|old| old.value.split(':')) {
        let inside = folder_inside(entry, was);
        let Some(folder) = inside else {
            if keep.is_match(entry) {
                if kept.iter().any(|known| known == entry) {
                    dropped = true;
                } else {
                    kept.push(entry.to_owned());
                }
                continue;
            }
            dropped = true;
            if !entry.is_empty() {
                notes.push(Note::RunPathDropped {
                    file: was.clone(),
                    entry: entry.into(),
                });
            }
            continue;
        };
        if folders.contains(&folder) {
            dropped = true;
            continue;
        }
        // A file that moves keeps the folders, not the words.
        kept.push(if was == becomes {
            entry.to_owned()
        } else {
            origin_to(becomes, &folder)
        });
        folders.push(folder);
    }
    let count = kept.len();
    for folder in added {
        if !folders.contains(folder) {
            kept.push(origin_to(becomes, folder));
            folders.push(folder.clone());
        }
    }
    if was == becomes && !dropped && kept.len() == count {
        return None;
    }
    Some(match kept.is_empty() {
        true => RunPathEdit::Remove,
        false => RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: kept.join(":"),
        }),
    })
}

/// The folder that an entry names, if it lies inside of the wheel. A token other than
/// `$ORIGIN` depends on the machine and never does.
fn folder_inside(entry: &str, carrier: &ModulePath) -> Option<ModulePath> {
    let rest = entry
        .strip_prefix("${ORIGIN}")
        .or_else(|| entry.strip_prefix("$ORIGIN"))?;
    if rest.contains('$') || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let folder = carrier.parent();
    let text = format!("{}{rest}", folder.as_str());
    let (path, escaped) = ModulePath::normalised(folder.place(), &text);
    (!escaped).then_some(path)
}

/// `$ORIGIN/../numpy.libs`: the way from a file's folder to another folder of its tree.
pub(in crate::plan) fn origin_to(file: &ModulePath, folder: &ModulePath) -> String {
    let parts = |path: &ModulePath| -> Vec<String> {
        let parts = path.as_str().split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (parts(&file.parent()), parts(folder));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len().saturating_sub(common));
    let down = to.into_iter().skip(common);
    std::iter::once("$ORIGIN".to_owned())
        .chain(up)
        .chain(down)
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::Place;

    fn path(text: &str) -> ModulePath {
        ModulePath::new(Place::Wheel, text)
    }

    #[test]
    fn the_way_goes_up_and_down() {
        let way = |file, folder| origin_to(&path(file), &path(folder));
        assert_eq!(way("/a/b/c.so", "/x.libs"), "$ORIGIN/../../x.libs");
        assert_eq!(way("/c.so", "/x.libs"), "$ORIGIN/x.libs");
        assert_eq!(way("/x.libs/l.so", "/x.libs"), "$ORIGIN");
        assert_eq!(way("/a/b/c.so", "/a/lib"), "$ORIGIN/../lib");
    }

    #[test]
    fn only_entries_below_site_packages_are_inside() {
        let inside = |entry| folder_inside(entry, &path("/a/b/c.so")).is_some();
        assert!(inside("$ORIGIN"));
        assert!(inside("${ORIGIN}/../../other/lib"));
        assert!(!inside("$ORIGIN/../../.."));
        assert!(!inside("$ORIGINAL"));
        assert!(!inside("$ORIGIN/$LIB"));
        assert!(!inside("/usr/lib"));
        assert!(!inside("lib"));
        assert!(!inside(""));
    }
}
