//! Which files are tests, and which of them something imports all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::tree::kinds::{is_metadata, source_of};
use crate::plan::tree::tree_plan::Tree;
use crate::python::Mentions;
use crate::wheel::{ArchivePath, Sentence, sentence};

/// The tests of a tree.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct TestScan {
    /// Everything in folders of tests, and `conftest.py`.
    pub(in crate::plan) files: BTreeSet<ArchivePath>,
    /// What of it stays, and why.
    pub(in crate::plan) kept: BTreeMap<ArchivePath, Sentence>,
}

/// Finds the tests, and what of them the rest of the tree refers to: by an import, a string with
/// a module's name, or a string with a path.
pub(in crate::plan) fn scan(tree: &Tree, sources: &BTreeMap<ArchivePath, Mentions>) -> TestScan {
    let folders = test_folders(tree);
    let mut scan = TestScan {
        files: tree
            .files
            .keys()
            .filter(|path| !is_metadata(path))
            .filter(|path| is_conftest(path) || folder_of(path.as_str(), &folders).is_some())
            .cloned()
            .collect(),
        kept: BTreeMap::new(),
    };
    // Tests by the name they are imported by, packages among them.
    let mut modules: BTreeMap<String, ArchivePath> = BTreeMap::new();
    for path in &scan.files {
        if let Some(module) = module_of(path) {
            modules.insert(module, path.clone());
        }
    }
    let packages: BTreeSet<String> = modules
        .keys()
        .filter_map(|module| module.split_once('.'))
        .map(|(package, _)| format!("{package}."))
        .collect();
    let mut queue: Vec<(ArchivePath, Sentence)> = Vec::new();
    for (path, mentions) in sources {
        if scan.files.contains(path) {
            continue;
        }
        for name in compiled_in(path, mentions, &modules, &packages) {
            push(&modules, name, &sentence!("named in {}", path), &mut queue);
        }
        for name in imported(path, mentions) {
            push(
                &modules,
                &name,
                &sentence!("imported by {}", path),
                &mut queue,
            );
        }
        for text in &mentions.strings {
            let why = sentence!("named in {}", path);
            push(&modules, text, &why, &mut queue);
            for target in paths_named(path, text, &scan.files) {
                queue.push((target, why.clone()));
            }
        }
    }
    while let Some((path, why)) = queue.pop() {
        if scan.kept.contains_key(&path) {
            continue;
        }
        if let Some(mentions) = sources.get(&path) {
            for name in imported(&path, mentions) {
                push(
                    &modules,
                    &name,
                    &sentence!("imported by {}", path),
                    &mut queue,
                );
            }
            for name in compiled_in(&path, mentions, &modules, &packages) {
                push(&modules, name, &sentence!("named in {}", path), &mut queue);
            }
        }
        keep_beside(&path, &why, &mut scan);
        scan.kept.insert(path, why);
    }
    keep_bytecode(&mut scan);
    scan
}

/// A module that stays finds the data beside it.
fn keep_beside(path: &ArchivePath, why: &Sentence, scan: &mut TestScan) {
    let folder = path.parent();
    let beside: Vec<ArchivePath> = scan
        .files
        .iter()
        .filter(|other| {
            let name = other.file_name();
            let is_code = [".py", ".pyc", ".pyi", ".so"]
                .iter()
                .any(|end| name.ends_with(end));
            other.parent() == folder && !is_code
        })
        .cloned()
        .collect();
    for other in beside {
        scan.kept
            .entry(other)
            .or_insert_with(|| sentence!("beside {}, {}", path, why));
    }
}

fn keep_bytecode(scan: &mut TestScan) {
    let compiled: Vec<(ArchivePath, Sentence)> = scan
        .files
        .iter()
        .filter(|path| path.file_name().ends_with(".pyc"))
        .filter_map(|path| {
            let why = scan.kept.get(&source_of(path)?)?;
            Some((path.clone(), why.clone()))
        })
        .collect();
    scan.kept.extend(compiled);
}

/// Adds the module, and the packages around it, whose own code is run first.
fn push(
    modules: &BTreeMap<String, ArchivePath>,
    name: &str,
    why: &Sentence,
    queue: &mut Vec<(ArchivePath, Sentence)>,
) {
    if !modules.contains_key(name) {
        return;
    }
    let mut name = name;
    loop {
        if let Some(path) = modules.get(name) {
            queue.push((path.clone(), why.clone()));
        }
        match name.rsplit_once('.') {
            Some((package, _)) => name = package,
            None => return,
        }
    }
}

/// Tests that compiled code names. Cython writes many names one behind the other with nothing
/// between, so that a name may stand anywhere in a text. `packages`: the outermost ones of
/// `modules`, each with a dot.
fn compiled_in<'a>(
    path: &ArchivePath,
    mentions: &Mentions,
    modules: &'a BTreeMap<String, ArchivePath>,
    packages: &BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    if path.file_name().ends_with(".py") || is_metadata(path) {
        return found;
    }
    for text in &mentions.strings {
        for (start, _) in text.char_indices() {
            let rest = text.get(start..).unwrap_or_default();
            if !packages.iter().any(|package| rest.starts_with(package)) {
                continue;
            }
            for (end, _) in rest.char_indices().skip(1).chain([(rest.len(), ' ')]) {
                let known = rest.get(..end).and_then(|name| modules.get_key_value(name));
                found.extend(known.map(|(name, _)| name.as_str()));
            }
        }
    }
    found
}

/// Everything that the imports of a source may mean, by absolute name.
fn imported(path: &ArchivePath, mentions: &Mentions) -> Vec<String> {
    let package = package_of(path);
    let mut names = Vec::new();
    for import in &mentions.imports {
        let base = if import.level == 0 {
            import.module.clone()
        } else {
            let up = import.level.saturating_sub(1);
            let keep = package.len().saturating_sub(up);
            let mut parts: Vec<&str> = package.iter().take(keep).map(String::as_str).collect();
            if !import.module.is_empty() {
                parts.push(&import.module);
            }
            parts.join(".")
        };
        names.extend(import.names.iter().map(|name| format!("{base}.{name}")));
        names.push(base);
    }
    names
}

/// The package in which the relative imports of a module start.
fn package_of(path: &ArchivePath) -> Vec<String> {
    let mut parts: Vec<String> = path.components().map(str::to_owned).collect();
    parts.pop();
    parts
}

/// The name by which a module or package is imported.
fn module_of(path: &ArchivePath) -> Option<String> {
    let mut parts: Vec<&str> = path.components().collect();
    let name = parts.pop()?;
    let stem = name.strip_suffix(".py").or_else(|| {
        let is_native = name.ends_with(".so");
        is_native.then(|| name.split('.').next()).flatten()
    })?;
    if stem != "__init__" {
        parts.push(stem);
    }
    Some(parts.join("."))
}

/// Tests whose path a string of a source may mean: from its own folder or from its package's.
fn paths_named(
    source: &ArchivePath,
    text: &str,
    files: &BTreeSet<ArchivePath>,
) -> Vec<ArchivePath> {
    if !text.contains('/') {
        return Vec::new();
    }
    let text = text.trim_matches('/');
    let folder = source.parent();
    let bases = [
        folder.as_ref().map(ArchivePath::as_str),
        Some(source.first()),
        None,
    ];
    let mut found = Vec::new();
    for base in bases {
        let whole = match base {
            Some(base) => format!("{base}/{text}"),
            None => text.to_owned(),
        };
        if ArchivePath::parse(&whole).is_ok() {
            let inside = files.iter().filter(|file| file.starts_with(&whole));
            found.extend(inside.cloned());
        }
    }
    found
}

fn is_conftest(path: &ArchivePath) -> bool {
    path.file_name() == "conftest.py" && path.parent().is_some()
}

/// Folders called `tests`, and those called `test` that have a test in them: some packages offer
/// a module `test` to those who write tests.
fn test_folders(tree: &Tree) -> BTreeSet<ArchivePath> {
    let mut folders = BTreeSet::new();
    // What is above a folder is looked at once, however many files are in it.
    let mut seen = BTreeSet::new();
    for path in tree.files.keys() {
        let Some(folder) = path.parent() else {
            continue;
        };
        let name = path.file_name();
        let is_test =
            name.starts_with("test_") && name.ends_with(".py") || name.ends_with("_test.py");
        let mut above = Some(folder);
        while let Some(folder) = above {
            if seen.contains(&(folder.clone(), is_test)) {
                break;
            }
            if folder.file_name() == "tests" || folder.file_name() == "test" && is_test {
                folders.insert(folder.clone());
            }
            above = folder.parent();
            seen.insert((folder, is_test));
        }
    }
    folders
}

fn folder_of<'a>(path: &str, folders: &'a BTreeSet<ArchivePath>) -> Option<&'a ArchivePath> {
    if folders.is_empty() {
        return None;
    }
    let mut above = path.rsplit_once('/');
    while let Some((folder, _)) = above {
        if let Some(found) = folders.get(folder) {
            return Some(found);
        }
        above = folder.rsplit_once('/');
    }
    None
}

/// Whether a string could speak of tests: what the scan of sources wants to know of.
#[must_use]
pub fn may_name_test(text: &str) -> bool {
    text.contains("test")
}
