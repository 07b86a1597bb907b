//! Who reads sources besides Python code: data that lists them, compiled files that name them,
//! programs, and whoever installs a package for its headers alone.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memchr_iter;

use crate::plan::tree::kinds::{is_header, is_metadata, is_source};
use crate::plan::tree::tree_plan::Tree;
use crate::wheel::{ArchivePath, Sentence, sentence};

/// What reads sources besides Python code, as far as files say.
#[derive(Clone, Debug, Default)]
pub struct OtherReaders {
    /// The sources that data and compiled files name, by the ends of their paths as written.
    pub named: BTreeMap<ArchivePath, Vec<String>>,
    /// Programs for the machine.
    pub programs: BTreeSet<ArchivePath>,
}

/// Longer names are none.
const LONGEST: usize = 200;

/// The paths in a text whose last name is `wanted`, as far as they are written.
#[must_use]
pub fn sources_listed(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let is_of_path = |c: char| c.is_alphanumeric() || "_./+-".contains(c);
    let words = text.split(|c| !is_of_path(c));
    let paths = words.filter(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name.contains('.') && word.len() <= LONGEST && wanted(name)
    });
    let found: BTreeSet<&str> = paths.collect();
    found.into_iter().map(str::to_owned).collect()
}

/// The last two names of each path in a compiled file whose last name is `wanted`. A name without its
/// folder is only said to somebody.
#[must_use]
pub fn sources_compiled_in(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte);
    let mut found = BTreeSet::new();
    for slash in memchr_iter(b'/', bytes) {
        let (before, after) = bytes.split_at_checked(slash).unwrap_or_default();
        let after = after.get(1..).unwrap_or_default();
        let right = after.iter().take(LONGEST).take_while(|one| is_of_name(one));
        let name = after.get(..right.count()).unwrap_or_default();
        let Some(name) = str::from_utf8(name).ok().filter(|name| name.contains('.')) else {
            continue;
        };
        if !wanted(name) {
            continue;
        }
        let left = before.iter().rev().take(LONGEST);
        let left = left.take_while(|one| is_of_name(one)).count();
        let folder = before.get(before.len().saturating_sub(left)..);
        if let Some(folder) = folder.and_then(|folder| str::from_utf8(folder).ok())
            && !folder.is_empty()
        {
            found.insert(format!("{folder}/{name}"));
        }
    }
    found.into_iter().collect()
}

/// The sources that stay for such a reader, and why.
pub(in crate::plan) fn read_by_others(
    tree: &Tree,
    readers: &OtherReaders,
    is_gone: impl Fn(&ArchivePath) -> bool,
) -> BTreeMap<ArchivePath, Sentence> {
    let mut kept = BTreeMap::new();
    let mut of: BTreeMap<usize, Vec<&ArchivePath>> = BTreeMap::new();
    let files = tree.owners.iter();
    for (path, owner) in files.filter(|(path, _)| is_source(path.file_name()) && !is_metadata(path))
    {
        of.entry(*owner).or_default().push(path);
    }
    for (owner, why) in whole(tree, readers) {
        for path in of.get(&owner).into_iter().flatten() {
            kept.entry((*path).clone()).or_insert_with(|| why.clone());
        }
    }
    for (by, named) in readers.named.iter().filter(|(by, _)| !is_gone(by)) {
        let own = tree.owners.get(by).and_then(|owner| of.get(owner));
        for path in own.into_iter().flatten() {
            let is_named = named.iter().any(|text| is_end_of(path, text));
            let is_said = !is_text(by) && (is_made_of(by, path) || is_cython(path.file_name()));
            if !is_named || is_said {
                continue;
            }
            kept.entry((*path).clone())
                .or_insert_with(|| sentence!("named in {}", by));
            // A compiled file hands the folder of a header to a compiler.
            let folder = path
                .parent()
                .filter(|_| !is_text(by) && is_header(path.file_name()));
            let Some(folder) = folder else { continue };
            for other in own.into_iter().flatten() {
                if other.starts_with(folder.as_str()) {
                    kept.entry((*other).clone())
                        .or_insert_with(|| sentence!("beside {}, named in {}", path, by));
                }
            }
        }
    }
    kept
}

/// The distributions with a program, which reads what nothing else tells: a compiler wants the whole
/// of its library, the tests in it included.
pub(in crate::plan) fn with_programs(
    tree: &Tree,
    readers: &OtherReaders,
) -> BTreeMap<usize, Sentence> {
    let mut found = BTreeMap::new();
    for program in &readers.programs {
        if let Some(owner) = tree.owners.get(program) {
            let why = sentence!("{} is a program, which may read it", program);
            found.entry(*owner).or_insert(why);
        }
    }
    found
}

/// The distributions all of whose sources stay: those with a program, which may be a compiler, and
/// those without any code, which are there for their headers.
fn whole(tree: &Tree, readers: &OtherReaders) -> BTreeMap<usize, Sentence> {
    let mut kept = with_programs(tree, readers);
    let has_code = |path: &ArchivePath| {
        let name = path.file_name();
        let size = tree.files.get(path).map_or(0, |file| file.size);
        let is_extension = name.ends_with(".so") && name.matches('.').count() > 1;
        name.ends_with(".py") && size > 0 || is_extension
    };
    let coded = tree.owners.iter().filter(|(path, _)| has_code(path));
    let coded: BTreeSet<usize> = coded.map(|(_, owner)| *owner).collect();
    for owner in tree.owners.values().filter(|owner| !coded.contains(owner)) {
        kept.entry(*owner)
            .or_insert_with(|| "its package has no code: it is there for it".into());
    }
    kept
}

/// Whether Cython reads it, which follows the imports of sources and no name in a compiled file: there it
/// stands for tracebacks.
fn is_cython(name: &str) -> bool {
    [".pyx", ".pxd", ".pxi", ".pyx.tp", ".pxd.tp", ".pxi.tp"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether an extension module was compiled from the source beside it, which generated code (Cython's)
/// names in the messages of its errors and never opens.
fn is_made_of(module: &ArchivePath, source: &ArchivePath) -> bool {
    let Some((stem, ending)) = source.file_name().split_once('.') else {
        return false;
    };
    let own = module.file_name().strip_prefix(stem);
    own.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".so"))
        && matches!(ending, "c" | "cc" | "cpp" | "cxx")
        && module.parent() == source.parent()
}

/// What is not compiled.
fn is_text(path: &ArchivePath) -> bool {
    let name = path.file_name();
    !name.contains(".so") && name.contains('.')
}

fn is_end_of(path: &ArchivePath, text: &str) -> bool {
    let parts = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let parts: Vec<&str> = parts.collect();
    let own: Vec<&str> = path.components().collect();
    !parts.is_empty() && own.ends_with(&parts)
}

#[cfg(test)]
mod tests {
    use super::{sources_compiled_in, sources_listed};

    #[test]
    fn paths_are_seen_in_data_and_in_compiled_files() {
        let wanted = |name: &str| ["run.cu", "a.h"].contains(&name);
        let text = r#"{"kernels": ["gpu/run.cu", "other.cu"], x = ./a.h;"#;
        assert_eq!(sources_listed(text, wanted), ["./a.h", "gpu/run.cu"]);
        let bytes =
            b"\0\x01share/include/a.h\0a.h\0/a.h\0/x/include/b.h\0gpu/run.cu.in\0in/run.cu\xff";
        let found = sources_compiled_in(bytes, wanted);
        assert_eq!(found, ["in/run.cu", "include/a.h"]);
    }
}
