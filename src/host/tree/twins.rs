//! Compare the bytes of libraries that may be one build.

use std::collections::BTreeMap;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::gather_tree::GatheredTree;
use super::root::MOST_READ;
use crate::elf;
use crate::error::Error;
use crate::host::Progress;
use crate::plan::{Apart, STORE, library_name};
use crate::resolve::is_extension;
use crate::wheel::{ArchivePath, Sentence, sentence};

/// How alike files must be to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Equal byte for byte.
    Identical,
    /// One build, whatever names and paths were given to it afterwards.
    SameBuild,
}

/// Files that are one library, by their bytes.
#[derive(Clone, Debug, Default)]
pub struct Twins {
    /// The classes, each of at least two files.
    pub classes: Vec<Vec<ArchivePath>>,
    /// SHA-256 of each file in them.
    pub contents: BTreeMap<ArchivePath, [u8; 32]>,
    /// What differs.
    pub apart: Vec<Apart>,
}

/// Find the twins within each of `groups`.
///
/// # Errors
/// When a file cannot be read.
pub fn find_twins(
    gathered: &GatheredTree,
    groups: &[Vec<ArchivePath>],
    likeness: Likeness,
    progress: &dyn Progress,
) -> Result<Twins, Error> {
    progress.expect(gathered.tree.size_of(groups.iter().flatten()));
    let found: Vec<Twins> = groups
        .par_iter()
        .map(|group| within(gathered, group, likeness, progress))
        .collect::<Result<_, Error>>()?;
    let mut all = Twins::default();
    for twins in found {
        all.classes.extend(twins.classes);
        all.contents.extend(twins.contents);
        all.apart.extend(twins.apart);
    }
    Ok(all)
}

/// One class in the making; only its first file's bytes are ever read again.
struct Class {
    digests: Vec<[u8; 32]>,
    files: Vec<ArchivePath>,
}

fn within(
    gathered: &GatheredTree,
    group: &[ArchivePath],
    likeness: Likeness,
    progress: &dyn Progress,
) -> Result<Twins, Error> {
    let read = |path: &ArchivePath| gathered.read(path);
    let mut twins = Twins::default();
    let mut classes: Vec<Class> = Vec::new();
    // What is in the store comes first: others are compared with it.
    let mut order: Vec<&ArchivePath> = group.iter().collect();
    order.sort_by_key(|path| (path.first() != STORE, *path));
    let size = |path: &ArchivePath| gathered.tree.files.get(path).map_or(0, |file| file.size);
    for path in order {
        if size(path) > MOST_READ {
            let other = group.iter().find(|other| *other != path);
            twins.apart.extend(other.map(|other| Apart {
                one: path.clone(),
                other: other.clone(),
                why: sentence!("it has {} bytes, too many to compare", size(path)),
            }));
            continue;
        }
        let bytes = read(path)?;
        progress.advance(bytes.len() as u64);
        if elf::read(&bytes).map_or(true, |facts| is_extension(path.file_name(), &facts)) {
            continue;
        }
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        twins.contents.insert(path.clone(), digest);
        let known = classes
            .iter_mut()
            .find(|class| class.digests.contains(&digest));
        if let Some(class) = known {
            class.files.push(path.clone());
            continue;
        }
        let mut joined = false;
        let mut why: Option<Apart> = None;
        for class in &mut classes {
            let Some(first) = class.files.first().cloned() else {
                continue;
            };
            // Under another name only a copy is taken for the same library.
            if library_name(first.file_name()) != library_name(path.file_name()) {
                continue;
            }
            let difference = match likeness {
                Likeness::Identical => Some(Sentence::from("not equal byte for byte")),
                Likeness::SameBuild => {
                    let difference = elf::same_build(&read(&first)?, &bytes).err();
                    difference.map(|difference| Sentence::of(&difference))
                }
            };
            match difference {
                None => {
                    class.files.push(path.clone());
                    class.digests.push(digest);
                    joined = true;
                    break;
                }
                Some(difference) => {
                    let other = path.clone();
                    why.get_or_insert(Apart {
                        one: first,
                        other,
                        why: difference,
                    });
                }
            }
        }
        if !joined {
            twins.apart.extend(why);
            classes.push(Class {
                digests: vec![digest],
                files: vec![path.clone()],
            });
        }
    }
    twins.classes = classes
        .into_iter()
        .map(|class| class.files)
        .filter(|files| files.len() > 1)
        .collect();
    Ok(twins)
}
