//! Which sources of compiled languages something reads when it runs: compilers, and what calls them.
//!
//! A source stays when a Python source names it, makes a path of its folder, or tells where the
//! headers of its package are; when something else reads it (`slim_readers`); and when what stays
//! includes it. What cannot be known stays.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::tree::includes::Include;
use crate::plan::tree::kinds::{is_header, is_metadata, is_source};
use crate::plan::tree::slim_readers::{OtherReaders, read_by_others};
use crate::plan::tree::slim_tests::TestScan;
use crate::plan::tree::tree_plan::Tree;
use crate::python::{Mentions, Paths};
use crate::wheel::{ArchivePath, Sentence, sentence};

/// What the texts of a tree say of sources.
#[derive(Clone, Debug, Default)]
pub struct SourceFacts {
    /// What each text includes.
    pub includes: BTreeMap<ArchivePath, Vec<Include>>,
    /// Of which folders each Python source makes paths.
    pub paths: BTreeMap<ArchivePath, Paths>,
    /// What else reads sources.
    pub others: OtherReaders,
}

/// Cython reads declarations of any package that somebody cimports.
const CYTHON: &str = "Cython/Compiler";
/// The sources that stay, and why. `is_gone`: tests that nothing needs; what they say does not count.
pub(in crate::plan) fn kept(
    tree: &Tree,
    mentions: &BTreeMap<ArchivePath, Mentions>,
    facts: &SourceFacts,
    tests: Option<&TestScan>,
) -> BTreeMap<ArchivePath, Sentence> {
    let is_gone = |path: &ArchivePath| {
        tests.is_some_and(|tests| tests.files.contains(path) && !tests.kept.contains_key(path))
    };
    let mut keeping = Keeping::new(tree);
    for (path, mentions) in mentions {
        // Compiled code has the names of its own sources in its messages.
        if path.file_name().ends_with(".py") && !is_gone(path) {
            keeping.named_in(path, mentions);
        }
    }
    for (path, paths) in facts.paths.iter().filter(|(path, _)| !is_gone(path)) {
        keeping.of_folders(path, paths);
    }
    if tree.files.keys().any(|path| path.starts_with(CYTHON)) {
        let is_declaration = |path: &&ArchivePath| {
            let name = path.file_name();
            name.ends_with(".pxd") || name.ends_with(".pxi")
        };
        keeping.all(
            is_declaration,
            &"Cython is installed, which reads it for others".into(),
        );
    }
    for (path, why) in read_by_others(tree, &facts.others, is_gone) {
        keeping.kept.entry(path).or_insert(why);
    }
    let mut queue: Vec<&ArchivePath> = Vec::new();
    // What is no source stays anyway.
    let texts = facts.includes.keys();
    queue.extend(texts.filter(|path| !is_source(path.file_name()) && !is_gone(path)));
    queue.extend(
        keeping
            .sources
            .iter()
            .filter(|path| keeping.kept.contains_key(**path)),
    );
    while let Some(path) = queue.pop() {
        for include in facts.includes.get(path).into_iter().flatten() {
            for found in keeping.found_by(path, include) {
                if !keeping.kept.contains_key(found) {
                    let why = sentence!("included by {}", path);
                    keeping.kept.insert(found.clone(), why);
                    queue.push(found);
                }
            }
        }
    }
    keeping.kept
}

struct Keeping<'a> {
    tree: &'a Tree,
    sources: BTreeSet<&'a ArchivePath>,
    by_name: BTreeMap<&'a str, Vec<&'a ArchivePath>>,
    /// Folders with sources in or below them, by their last name.
    folders: BTreeMap<String, BTreeSet<ArchivePath>>,
    kept: BTreeMap<ArchivePath, Sentence>,
}

impl<'a> Keeping<'a> {
    fn new(tree: &'a Tree) -> Self {
        let files = tree.files.keys();
        let sources = files.filter(|path| is_source(path.file_name()) && !is_metadata(path));
        let mut keeping = Self {
            tree,
            sources: sources.collect(),
            by_name: BTreeMap::new(),
            folders: BTreeMap::new(),
            kept: BTreeMap::new(),
        };
        for path in &keeping.sources {
            keeping
                .by_name
                .entry(path.file_name())
                .or_default()
                .push(*path);
            let mut above = path.parent();
            while let Some(folder) = above {
                above = folder.parent();
                let name = folder.file_name().to_owned();
                if !keeping.folders.entry(name).or_default().insert(folder) {
                    break;
                }
            }
        }
        keeping
    }

    /// Keep all sources of a kind that are not kept yet.
    fn all(&mut self, is_one: impl Fn(&&'a ArchivePath) -> bool, why: &Sentence) {
        for path in self.sources.iter().copied().filter(is_one) {
            self.kept.entry(path.clone()).or_insert_with(|| why.clone());
        }
    }

    fn named_in(&mut self, by: &ArchivePath, mentions: &Mentions) {
        for text in &mentions.strings {
            let name = text.rsplit('/').next().unwrap_or(text);
            for path in self.by_name.get(name).into_iter().flatten() {
                let kept = self.kept.entry((*path).clone());
                kept.or_insert_with(|| sentence!("named in {}", by));
            }
        }
    }

    fn of_folders(&mut self, by: &ArchivePath, paths: &Paths) {
        if paths.gives_includes {
            let why = sentence!("{} tells where the headers of its package are", by);
            let is_header =
                |path: &&ArchivePath| is_header(path.file_name()) && path.first() == by.first();
            self.all(is_header, &why);
        }
        let joined = paths.joined.iter().map(|text| (text, true));
        let others = paths.others.iter().map(|text| (text, false));
        for (text, is_joined) in joined.chain(others) {
            for folder in self.folders_named(by, text, is_joined) {
                let why = sentence!("{} makes a path of {}", by, folder);
                self.all(|path| path.starts_with(folder.as_str()), &why);
            }
        }
    }

    /// The folders of a source's package that a text of it may mean. A name of a module is likely
    /// only that, unless a path is made of it.
    fn folders_named(&self, by: &ArchivePath, text: &str, is_joined: bool) -> Vec<ArchivePath> {
        let parts = parts_of(text);
        let folders = parts.last().and_then(|last| self.folders.get(*last));
        let is_meant = |folder: &&ArchivePath| {
            let init = folder.join("__init__.py");
            let is_package = init.is_ok_and(|init| self.tree.files.contains_key(&init));
            let is_own = folder.first() == by.first() || by.parent().is_none();
            (is_joined || !is_package) && is_own && ends_with(folder, &parts)
        };
        folders
            .into_iter()
            .flatten()
            .filter(is_meant)
            .cloned()
            .collect()
    }

    /// The sources that an include may mean.
    fn found_by(&self, by: &ArchivePath, include: &Include) -> Vec<&'a ArchivePath> {
        match include {
            Include::File(path) => {
                let parts = parts_of(path);
                let found = self.ending_in(&parts);
                let own = found.iter().filter(|path| path.first() == by.first());
                let own: Vec<&ArchivePath> = own.copied().collect();
                // A plain name means a file of the package, if it has one.
                match parts.len() == 1 && !own.is_empty() {
                    true => own,
                    false => found,
                }
            }
            Include::Module(name) => {
                let mut parts: Vec<&str> = name.split('.').collect();
                let mut found = self.ending_in(&[&parts[..], &["__init__.pxd"]].concat());
                if let Some(last) = parts.pop() {
                    let file = format!("{last}.pxd");
                    found.extend(self.ending_in(&[&parts[..], &[file.as_str()]].concat()));
                }
                found
            }
        }
    }

    fn ending_in(&self, parts: &[&str]) -> Vec<&'a ArchivePath> {
        let named = parts.last().and_then(|last| self.by_name.get(last));
        let named = named.into_iter().flatten().copied();
        named.filter(|path| ends_with(path, parts)).collect()
    }
}

/// The names of a path as a source writes it; what leads up, or is filled in, may be anything.
fn parts_of(text: &str) -> Vec<&str> {
    let parts = text.split('/');
    parts
        .filter(|part| !matches!(*part, "" | "." | "..") && !part.contains(['{', '%']))
        .collect()
}

fn ends_with(path: &ArchivePath, parts: &[&str]) -> bool {
    let own = path.components().rev();
    let mut matched = own.zip(parts.iter().rev());
    let count = path.components().count();
    count >= parts.len() && matched.all(|(one, other)| one == *other)
}
