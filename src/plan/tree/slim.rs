//! What of a tree or a wheel can go without anything that reads it missing it.
//!
//! Nothing goes that something mentions: tests that a module imports, headers that code names,
//! stubs that are read at run time. What stays for such a reason is told with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde::Serialize;

use crate::plan::tree::kinds::{is_metadata, is_source, source_of};
use crate::plan::tree::slim_readers::with_programs;
use crate::plan::tree::slim_sources::{self, SourceFacts};
use crate::plan::tree::slim_tests::{self, TestScan};
use crate::plan::tree::tree_plan::{STORE, Tree};
use crate::python::Mentions;
use crate::wheel::{ArchivePath, Sentence, sentence};

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
    pub kept: BTreeMap<ArchivePath, Sentence>,
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
    /// What texts say of sources that compilers read.
    pub texts: &'a SourceFacts,
    /// How many bytes each ELF file would be smaller.
    pub strippable: &'a BTreeMap<ArchivePath, u64>,
    /// Files that were not looked into: what they mention nobody knows.
    pub unread: &'a BTreeMap<ArchivePath, Sentence>,
    /// Whether a file must stay because the user says so.
    pub keep: &'a dyn Fn(&ArchivePath) -> bool,
}

/// Works out what goes.
#[must_use]
pub fn slim(input: &SlimInput<'_>, options: &SlimOptions) -> SlimPlan {
    let tests = options
        .tests
        .then(|| slim_tests::scan(input.tree, input.sources));
    slim_of(input, options, tests.as_ref())
}

/// As [`slim`], where the tests have been looked for.
pub(in crate::plan) fn slim_of(
    input: &SlimInput<'_>,
    options: &SlimOptions,
    tests: Option<&TestScan>,
) -> SlimPlan {
    let mut plan = SlimPlan::default();
    let sources = slim_sources::kept(input.tree, input.sources, input.texts, tests);
    let linked = linked_files(input.tree);
    let stubs = StubReaders::of(input.sources);
    let programs = with_programs(input.tree, &input.texts.others);
    for path in input.tree.files.keys() {
        if is_metadata(path) || !input.tree.owners.contains_key(path) {
            continue;
        }
        let Some(kind) = kind_of(path, tests, input.tree) else {
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
            Some("--keep".into())
        } else if let Some(link) = linked.get(path) {
            Some(sentence!("{} links to it", link))
        } else if let Some(unread) = unread_of(path, kind, input) {
            Some(sentence!("{} was not looked into", unread))
        } else {
            match kind {
                SlimKind::Test => {
                    let named = tests.and_then(|tests| tests.kept.get(path));
                    let owner = input.tree.owners.get(path).filter(|_| !is_python(path));
                    let by_program = || owner.and_then(|owner| programs.get(owner));
                    named.or_else(by_program).cloned()
                }
                SlimKind::Source => sources.get(path).cloned(),
                SlimKind::Stub => {
                    let read = stub_reader(path, input.sources).or_else(|| stubs.reader(path));
                    read.or_else(|| data_stub(path, input.tree))
                }
                SlimKind::Bytecode | SlimKind::Sample => None,
            }
        };
        match reason {
            Some(why) => plan.kept.insert(path.clone(), why),
            None => plan
                .removed
                .insert(path.clone(), kind)
                .map(|_| Sentence::default()),
        };
    }
    remove_bytecode_of_removed(input.tree, &mut plan);
    if options.repack {
        for (path, saved) in input.strippable {
            // What `dedupe` links to must stay what its undo takes the other copies from; what no
            // package brought is somebody's own.
            let stays = plan.removed.contains_key(path)
                || !input.tree.owners.contains_key(path)
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

/// Whether a file is Python's own business, which no other program reads.
fn is_python(path: &ArchivePath) -> bool {
    let name = path.file_name();
    [".py", ".pyc", ".pyi"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// What may mention a file, for all that is known: an unread file of its package, or what may speak
/// of any package.
fn unread_of<'a>(
    path: &ArchivePath,
    kind: SlimKind,
    input: &SlimInput<'a>,
) -> Option<&'a ArchivePath> {
    if matches!(kind, SlimKind::Bytecode | SlimKind::Sample) {
        return None;
    }
    let mut unread = input.unread.keys();
    unread.find(|unread| is_metadata(unread) || unread.first() == path.first())
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

/// A module that reads its stub when it is imported (`lazy_loader.attach_stub`).
fn stub_reader(stub: &ArchivePath, sources: &BTreeMap<ArchivePath, Mentions>) -> Option<Sentence> {
    let source = ArchivePath::parse(stub.as_str().strip_suffix('i')?).ok()?;
    let reads = sources.get(&source)?.attaches_stub;
    reads.then(|| sentence!("read at run time by {} (attach_stub)", source))
}

/// Which modules read stubs of their package by their names.
struct StubReaders<'a> {
    /// By the first folder and the name of the file.
    named: BTreeMap<(&'a str, &'a str), &'a ArchivePath>,
    /// By the first folder: those that read stubs of any name (`.pyi`, `*.pyi`, `{name}.pyi`).
    any: BTreeMap<&'a str, &'a ArchivePath>,
}

impl<'a> StubReaders<'a> {
    fn of(sources: &'a BTreeMap<ArchivePath, Mentions>) -> Self {
        let (mut named, mut any) = (BTreeMap::new(), BTreeMap::new());
        let is_test = |path: &ArchivePath| path.components().any(|part| part == "tests");
        for (path, mentions) in sources.iter().filter(|(path, _)| !is_test(path)) {
            for text in mentions
                .strings
                .iter()
                .filter(|text| text.ends_with(".pyi"))
            {
                let name = text.rsplit('/').next().unwrap_or(text);
                if name == ".pyi" || name.contains(['*', '{', '%', '?', '[', '\\']) {
                    any.entry(path.first()).or_insert(path);
                } else {
                    named.entry((path.first(), name)).or_insert(path);
                }
            }
        }
        Self { named, any }
    }

    fn reader(&self, stub: &ArchivePath) -> Option<Sentence> {
        let package = stub.first();
        let named = self.named.get(&(package, stub.file_name()));
        let by = named.or_else(|| self.any.get(package))?;
        Some(sentence!("{} reads stubs", by))
    }
}

/// A stub that describes no module of its folder is no annotation but data, as those of a type
/// checker are.
fn data_stub(stub: &ArchivePath, tree: &Tree) -> Option<Sentence> {
    let stem = stub.as_str().strip_suffix("pyi")?;
    // `x.py`, `x.so`, `x.cpython-313-….so`.
    let after = (Bound::Included(stem), Bound::Unbounded);
    let after = tree
        .files
        .range::<str, _>(after)
        .map(|(path, _)| path.as_str());
    let mut beside = after.map_while(|path| path.strip_prefix(stem));
    let is_module = |ending: &str| {
        let is_code = ["py", "so", "pyc"].iter().any(|end| ending.ends_with(end));
        is_code && !ending.contains('/')
    };
    let has_module = beside.any(is_module);
    (!has_module).then(|| "no module is beside it: it is data".into())
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
