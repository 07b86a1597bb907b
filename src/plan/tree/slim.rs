//! What of a tree or a wheel can go without anything that reads it missing it.
//!
//! Nothing goes that something mentions: tests that a module imports, headers that code names,
//! stubs that are read at run time. What stays for such a reason is told with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::tree::kinds::{is_metadata, is_source, source_of};
use crate::plan::tree::slim_tests::{self, TestScan};
use crate::plan::tree::tree_plan::{STORE, Tree};
use crate::python::Mentions;
use crate::wheel::ArchivePath;

/// What may go.
#[derive(Clone, Debug, Default)]
pub struct SlimOptions {
    /// Symbol tables and dead holes of ELF files.
    pub repack: bool,
    /// Tests.
    pub tests: bool,
    /// Sources and headers of compiled languages, static libraries.
    pub sources: bool,
    /// Type stubs.
    pub stubs: bool,
    /// Compiled Python, whose source is there.
    pub bytecode: bool,
    /// Data for trying packages out.
    pub samples: bool,
}

/// What kind of file it is that goes, or how large the files of each kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlimKind {
    /// A test or what belongs to one.
    Test,
    /// A source or header of a compiled language, a static library.
    Source,
    /// A type stub.
    Stub,
    /// Compiled Python.
    Bytecode,
    /// Data for trying a package out.
    Sample,
}

/// What `slim` does to a tree or a wheel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SlimPlan {
    /// What goes.
    pub removed: BTreeMap<ArchivePath, SlimKind>,
    /// ELF files that become smaller, and by how many bytes.
    pub repacked: BTreeMap<ArchivePath, u64>,
    /// What stays though it looks as if it could go, and why.
    pub kept: BTreeMap<ArchivePath, String>,
}

impl SlimPlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.repacked.is_empty()
    }
}

/// What is known of a tree or wheel.
pub struct SlimInput<'a> {
    /// Its files.
    pub tree: &'a Tree,
    /// What its Python sources mention; bytecode and tests of others excepted, all of them.
    pub sources: &'a BTreeMap<ArchivePath, Mentions>,
    /// How many bytes each ELF file would be smaller.
    pub strippable: &'a BTreeMap<ArchivePath, u64>,
    /// Whether a file must stay because the user says so.
    pub keep: &'a dyn Fn(&ArchivePath) -> bool,
}

/// Works out what goes.
#[must_use]
pub fn slim(input: &SlimInput<'_>, options: &SlimOptions) -> SlimPlan {
    let mut plan = SlimPlan::default();
    let tests = options
        .tests
        .then(|| slim_tests::scan(input.tree, input.sources));
    let mentioned = mentioned_names(input, tests.as_ref());
    let linked = linked_files(input.tree);
    for path in input.tree.files.keys() {
        if is_metadata(path) || !input.tree.owners.contains_key(path) {
            continue;
        }
        let Some(kind) = kind_of(path, tests.as_ref(), input.tree) else {
            continue;
        };
        let wanted = match kind {
            SlimKind::Test => options.tests,
            SlimKind::Source => options.sources,
            SlimKind::Stub => options.stubs,
            SlimKind::Bytecode => options.bytecode,
            SlimKind::Sample => options.samples,
        };
        if !wanted {
            continue;
        }
        let reason = if (input.keep)(path) {
            Some("--keep".to_owned())
        } else if let Some(link) = linked.get(path) {
            Some(format!("{link} links to it"))
        } else {
            match kind {
                SlimKind::Test => tests
                    .as_ref()
                    .and_then(|tests| tests.kept.get(path).cloned()),
                SlimKind::Source => mentioned
                    .get(path.file_name())
                    .map(|by| format!("named in {by}")),
                SlimKind::Stub => stub_reader(path, input.sources),
                SlimKind::Bytecode | SlimKind::Sample => None,
            }
        };
        match reason {
            Some(why) => plan.kept.insert(path.clone(), why),
            None => plan
                .removed
                .insert(path.clone(), kind)
                .map(|_| String::new()),
        };
    }
    remove_bytecode_of_removed(input.tree, &mut plan);
    if options.repack {
        for (path, saved) in input.strippable {
            // What `dedupe` links to must stay what its undo takes the other copies from.
            let stays = plan.removed.contains_key(path)
                || (input.keep)(path)
                || linked.contains_key(path)
                || path.first() == STORE;
            if *saved > 0 && !stays {
                plan.repacked.insert(path.clone(), *saved);
            }
        }
    }
    plan
}

/// The files that links of the tree lead to, each with the first of those.
fn linked_files(tree: &Tree) -> BTreeMap<&ArchivePath, &ArchivePath> {
    let mut linked = BTreeMap::new();
    for (path, file) in &tree.files {
        if file.link.is_some()
            && let Some(target) = tree.real(path)
        {
            linked.entry(target).or_insert(path);
        }
    }
    linked
}

/// The kind of a file that could go; `None` for all others. Without a scan nothing is a test.
#[must_use]
pub(in crate::plan) fn kind_of(
    path: &ArchivePath,
    tests: Option<&TestScan>,
    tree: &Tree,
) -> Option<SlimKind> {
    let name = path.file_name();
    if tests.is_some_and(|tests| tests.files.contains(path)) {
        return Some(SlimKind::Test);
    }
    if name.ends_with(".pyc") {
        let source = source_of(path);
        return source
            .filter(|source| tree.files.contains_key(source))
            .map(|_| SlimKind::Bytecode);
    }
    if name.ends_with(".pyi") {
        return Some(SlimKind::Stub);
    }
    if is_source(name) {
        return Some(SlimKind::Source);
    }
    let in_samples = path.components().any(|part| part == "sample_data");
    in_samples.then_some(SlimKind::Sample)
}

/// File names of sources that some Python source mentions, with the first that does.
fn mentioned_names(input: &SlimInput<'_>, tests: Option<&TestScan>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (path, mentions) in input.sources {
        // Compiled code has the names of its own sources in its messages.
        if !path.file_name().ends_with(".py") {
            continue;
        }
        if tests.is_some_and(|tests| tests.files.contains(path) && !tests.kept.contains_key(path)) {
            continue;
        }
        for text in &mentions.strings {
            let name = text.rsplit('/').next().unwrap_or(text);
            if is_source(name) {
                names
                    .entry(name.to_owned())
                    .or_insert_with(|| path.to_string());
            }
        }
    }
    names
}

/// A module that reads its stub when it is imported (`lazy_loader.attach_stub`).
fn stub_reader(stub: &ArchivePath, sources: &BTreeMap<ArchivePath, Mentions>) -> Option<String> {
    let source = ArchivePath::parse(stub.as_str().strip_suffix('i')?).ok()?;
    let reads = sources.get(&source)?.attaches_stub;
    reads.then(|| format!("read at run time by {source} (attach_stub)"))
}

/// Bytecode without its source would still be imported.
fn remove_bytecode_of_removed(tree: &Tree, plan: &mut SlimPlan) {
    let orphans: BTreeSet<(ArchivePath, SlimKind)> = tree
        .files
        .keys()
        .filter(|path| path.file_name().ends_with(".pyc") && !plan.removed.contains_key(*path))
        .filter_map(|path| {
            let kind = plan.removed.get(&source_of(path)?)?;
            Some((path.clone(), *kind))
        })
        .collect();
    plan.removed.extend(orphans);
}
