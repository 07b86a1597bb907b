//! The result: modules, edges, and for each edge everything that was tried.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::budget::{Bound, Budget, Meter};
use super::world::{ElfFile, ModulePath};
use crate::elf::{Facts, Soname};
use crate::wheel::Untrusted;

/// A module's place in [`Graph::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModuleId(usize);

/// One file of one path. Two links to one file, opened under both names, are one
/// module: the one whose path was opened first.
#[derive(Clone, Debug)]
pub struct Module<F = Facts> {
    /// The path it was opened by: `$ORIGIN` is this path's folder.
    pub path: ModulePath,
    /// The file behind it.
    pub file: Arc<ElfFile<F>>,
}

/// Where a needed name leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// To a file.
    Module(ModuleId),
    /// To the C library or the loader itself, which every process has.
    Libc,
    /// Nowhere.
    Missing,
}

/// Why a path was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The name was loaded before, in this process.
    AlreadyLoaded,
    /// The needed name is a path itself.
    Path,
    /// `LD_LIBRARY_PATH`.
    Environment,
    /// The run path of this module.
    RunPath(ModulePath),
    /// `--lib-path`.
    LibPath,
    /// A line of this file (`ld-musl-*.path`, `ld.so.conf`).
    PathFile(Untrusted),
    /// The loader's own list.
    Default,
}

/// What trying a path gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Taken.
    Found,
    /// No such file.
    NoSuchFile,
    /// A folder, a device.
    NotAFile,
    /// It cannot be read: why.
    Unreadable(Untrusted),
    /// Not an ELF file.
    NotElf,
    /// A broken ELF file: how.
    Malformed(Untrusted),
    /// An ELF file of another machine or word size.
    WrongMachine {
        /// What the file is for.
        is: Untrusted,
        /// What is wanted.
        want: Untrusted,
    },
    /// An ELF file that no process can load as a library: why.
    NotALibrary(&'static str),
}

/// One path that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The path.
    pub path: ModulePath,
    /// Which rule led there.
    pub why: Why,
    /// What it gave.
    pub outcome: Outcome,
}

/// One needed name of one module, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who needs it.
    pub from: ModuleId,
    /// The needed name, as written.
    pub wants: Soname,
    /// Where it leads.
    pub target: Target,
    /// The paths that were tried, in order: the first hundred, and the one that was taken.
    pub probes: Arc<[Probe]>,
    /// How many more were.
    pub untold: u64,
}

/// What one file pulls in when it is loaded into a fresh process.
#[derive(Clone, Debug)]
pub struct RootWalk {
    /// The file that was loaded.
    pub root: ModuleId,
    /// Everything it pulls in, itself first, in loading order.
    pub closure: Vec<ModuleId>,
    /// The edges of each file of the closure, in its order. What a file needs leads to the same files
    /// in most processes, which then have those edges in common.
    pub(super) groups: Vec<Arc<[Edge]>>,
}

impl RootWalk {
    /// The edges, in the order in which the loader meets them.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> + Clone {
        self.groups.iter().flat_map(|group| group.iter())
    }
}

/// The edges of many walks, those that walks have in common told once: once where they begin at what
/// was loaded first, and once where they do not.
pub fn distinct_edges<'a>(
    walks: impl Iterator<Item = &'a RootWalk>,
) -> impl Iterator<Item = (&'a RootWalk, &'a Edge)> {
    let mut seen = HashSet::new();
    walks.flat_map(move |walk| {
        let groups = walk.groups.iter().enumerate();
        let new: Vec<&'a Arc<[Edge]>> = groups
            .filter(|(place, group)| seen.insert((Arc::as_ptr(group), *place == 0)))
            .map(|(_, group)| group)
            .collect();
        new.into_iter()
            .flat_map(move |group| group.iter().map(move |edge| (walk, edge)))
    })
}

/// All walks over a set of roots, with their modules in common.
#[derive(Clone, Debug)]
pub struct Graph<F = Facts> {
    modules: Vec<Module<F>>,
    /// One walk for each root, in the order in which the roots were given.
    pub walks: Vec<RootWalk>,
    /// The first path that was tried and could not be read, with why: what was found after it may
    /// not be what a loader finds.
    pub unreadable: Option<(ModulePath, Untrusted)>,
    /// How much work its files may ask for beyond what was done for it.
    pub(super) budget: Budget,
}

impl<F> Default for Graph<F> {
    fn default() -> Self {
        Self {
            modules: Vec::new(),
            walks: Vec::new(),
            unreadable: None,
            budget: Budget::default(),
        }
    }
}

impl<F> Graph<F> {
    /// The module behind an id of this graph.
    pub fn module(&self, id: ModuleId) -> Option<&Module<F>> {
        self.modules.get(id.0)
    }

    /// All modules with their ids.
    pub fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module<F>)> {
        self.modules
            .iter()
            .enumerate()
            .map(|(index, module)| (ModuleId(index), module))
    }

    /// Does any needed name lead nowhere?
    pub fn is_incomplete(&self) -> bool {
        distinct_edges(self.walks.iter()).any(|(_, edge)| edge.target == Target::Missing)
    }

    /// How much of a bound its files may still ask for.
    pub fn meter(&self, bound: Bound) -> Meter {
        Meter::new(&self.budget, bound)
    }

    /// An empty graph whose files may ask for so much.
    pub(super) fn within(budget: Budget) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, module: Module<F>) -> ModuleId {
        self.modules.push(module);
        ModuleId(self.modules.len().saturating_sub(1))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyLoaded => formatter.write_str("already loaded under this name"),
            Self::Path => formatter.write_str("the needed name is a path"),
            Self::Environment => formatter.write_str("LD_LIBRARY_PATH"),
            Self::RunPath(of) => write!(formatter, "run path of {of}"),
            Self::LibPath => formatter.write_str("--lib-path"),
            Self::PathFile(file) => formatter.write_str(file.as_str()),
            Self::Default => formatter.write_str("loader's default path"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found => formatter.write_str("found"),
            Self::NoSuchFile => formatter.write_str("no such file"),
            Self::NotAFile => formatter.write_str("not a regular file"),
            Self::Unreadable(why) => write!(formatter, "cannot be read: {why}"),
            Self::NotElf => formatter.write_str("not an ELF file"),
            Self::Malformed(how) => formatter.write_str(how.as_str()),
            Self::WrongMachine { is, want } => {
                write!(formatter, "wrong machine: {is}, want {want}")
            }
            Self::NotALibrary(why) => write!(formatter, "not a shared library: {why}"),
        }
    }
}
