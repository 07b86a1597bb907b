//! Where the bytes of a tree are, and what each step could save.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::tree::kinds::is_metadata;
use crate::plan::tree::slim::{SlimInput, SlimKind, SlimOptions, kind_of, slim_of};
use crate::plan::tree::slim_tests;
use crate::plan::tree::tree_plan::{STORE, Tree, TreePlan};
use crate::wheel::{ArchivePath, Sentence, Untrusted};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// ELF files.
    Native,
    /// Python modules.
    Python,
    /// Compiled Python.
    Bytecode,
    /// Tests and what belongs to them.
    Tests,
    /// Sources and headers of compiled languages.
    Sources,
    /// Type stubs.
    Stubs,
    /// What the installer wrote down.
    Metadata,
    /// Everything else.
    Data,
}

impl Category {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::Native,
        Self::Python,
        Self::Bytecode,
        Self::Tests,
        Self::Sources,
        Self::Stubs,
        Self::Data,
        Self::Metadata,
    ];

    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
            Self::Bytecode => "bytecode",
            Self::Tests => "tests",
            Self::Sources => "sources",
            Self::Stubs => "stubs",
            Self::Metadata => "metadata",
            Self::Data => "data",
        }
    }
}

/// The sizes of one distribution, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageSize {
    /// All of it.
    pub total: u64,
    /// By category; empty ones are left out.
    pub categories: BTreeMap<Category, u64>,
    /// Symbol tables and debug sections of its ELF files.
    pub symbols: u64,
    /// Dead holes of its ELF files.
    pub holes: u64,
    /// Each file with its category, largest first.
    #[serde(skip)]
    pub files: Vec<(ArchivePath, Category, u64, u64)>,
}

/// What each step would save, in bytes; each counted on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Savings {
    /// `dedupe`.
    pub dedupe: u64,
    /// `slim`.
    pub repack: u64,
    /// `slim --tests`.
    pub tests: u64,
    /// `slim --sources`.
    pub sources: u64,
    /// `slim --stubs`.
    pub stubs: u64,
    /// `slim --samples`.
    pub samples: u64,
    /// `slim --no-pyc`, once the tests are gone.
    pub bytecode: u64,
}

/// The sizes of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TreeSize {
    /// All files.
    pub total: u64,
    /// By distribution, and the copies of `dedupe` under the name of the store; what belongs to none
    /// stands under an empty name.
    pub packages: BTreeMap<Untrusted, PackageSize>,
    /// What could be saved.
    pub savings: Savings,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Sentence>,
}

/// Adds up a tree. `tables`: how many of an ELF file's strippable bytes are symbol tables.
#[must_use]
pub fn size(
    input: &SlimInput<'_>,
    tables: &BTreeMap<ArchivePath, u64>,
    dedupe: &TreePlan,
) -> TreeSize {
    let tree = input.tree;
    let all = SlimOptions {
        repack: true,
        tests: true,
        sources: true,
        stubs: true,
        bytecode: true,
        samples: true,
    };
    let tests = slim_tests::scan(tree, input.sources);
    let plan = slim_of(input, &all, Some(&tests));
    let mut sizes = TreeSize {
        total: tree.size(),
        ..TreeSize::default()
    };
    sizes.savings.dedupe = dedupe.saved();
    for (path, file) in &tree.files {
        let removed = plan.removed.get(path).copied();
        let sum = match removed {
            Some(SlimKind::Test) => Some(&mut sizes.savings.tests),
            Some(SlimKind::Source) => Some(&mut sizes.savings.sources),
            Some(SlimKind::Stub) => Some(&mut sizes.savings.stubs),
            Some(SlimKind::Sample) => Some(&mut sizes.savings.samples),
            Some(SlimKind::Bytecode) => Some(&mut sizes.savings.bytecode),
            None => None,
        };
        if let Some(sum) = sum {
            *sum = sum.saturating_add(file.size);
        }
        let repacked = plan.repacked.get(path).copied().unwrap_or(0);
        sizes.savings.repack = sizes.savings.repack.saturating_add(repacked);
        let category = if input.strippable.contains_key(path) {
            Category::Native
        } else {
            category(path, kind_of(path, Some(&tests), tree))
        };
        let name = match tree.owner(path) {
            Some(owner) => owner.name.clone(),
            None if tree.is_copy(path) => STORE.into(),
            None => String::new().into(),
        };
        let package = sizes.packages.entry(name).or_default();
        package.total = package.total.saturating_add(file.size);
        let sum = package.categories.entry(category).or_default();
        *sum = sum.saturating_add(file.size);
        let symbols = tables.get(path).copied().unwrap_or(0);
        let strippable = input.strippable.get(path).copied().unwrap_or(0);
        package.symbols = package.symbols.saturating_add(symbols);
        package.holes = package
            .holes
            .saturating_add(strippable.saturating_sub(symbols));
        let after = after(path, file.size, removed, repacked, tree, dedupe);
        package
            .files
            .push((path.clone(), category, file.size, after));
    }
    for package in sizes.packages.values_mut() {
        package
            .files
            .sort_by(|one, other| (other.2, &one.0).cmp(&(one.2, &other.0)));
    }
    sizes
}

/// What is left of a file when all has been done but removing bytecode, which has a price.
fn after(
    path: &ArchivePath,
    size: u64,
    removed: Option<SlimKind>,
    repacked: u64,
    tree: &Tree,
    dedupe: &TreePlan,
) -> u64 {
    let is_copy = dedupe.links.contains_key(path);
    let stays_elsewhere = dedupe.stored.values().any(|kept| kept == path);
    let is_gone = removed.is_some_and(|kind| kind != SlimKind::Bytecode);
    let in_store = path.first() == STORE || tree.files.get(path).is_some_and(|f| f.link.is_some());
    match () {
        () if is_gone || is_copy && !stays_elsewhere => 0,
        () if in_store => size,
        () => size.saturating_sub(repacked),
    }
}

fn category(path: &ArchivePath, kind: Option<SlimKind>) -> Category {
    match kind {
        _ if is_metadata(path) => Category::Metadata,
        Some(SlimKind::Test) => Category::Tests,
        Some(SlimKind::Source) => Category::Sources,
        Some(SlimKind::Stub) => Category::Stubs,
        Some(SlimKind::Bytecode) => Category::Bytecode,
        Some(SlimKind::Sample) | None => match path.file_name() {
            name if name.ends_with(".py") => Category::Python,
            name if name.ends_with(".pyc") => Category::Bytecode,
            _ => Category::Data,
        },
    }
}
