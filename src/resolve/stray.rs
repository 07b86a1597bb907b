//! Searches that leave the package: where a loader, following a file's run path, looks for a
//! library in a folder that is not the package's before it finds it.
//!
//! An entry that leads out and that no search comes by is none: musl, for one, answers for the
//! C library without looking anywhere.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use super::budget::{Bound, Exceeded};
use super::directories::{absolute, split};
use super::graph::{Edge, Graph, Module, ModuleId, Outcome, RootWalk, Target, Why};
use super::loader::Libc;
use super::world::ModulePath;
use super::{bind, glibc, musl};
use crate::elf::Arch;
use crate::wheel::Untrusted;

/// Where an entry of a run path leads, if not into the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaves {
    /// To a folder of the machine, or above site-packages.
    Outside,
    /// To wherever the working directory is.
    Relative,
}

/// An entry of a run path by which searches leave the package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// The file that has the run path.
    pub carrier: ModulePath,
    /// The entry, as written; empty: the working directory.
    pub entry: Untrusted,
    /// Where it leads.
    pub leaves: Leaves,
    /// What is looked for there; empty: whatever the file opens itself (`dlopen` of glibc
    /// follows the run path of its caller).
    pub wants: BTreeSet<Untrusted>,
}

/// A file with an entry of its run path.
type Key<'a> = (&'a ModulePath, &'a str, Leaves);

/// Every entry by which a search leaves the package, in the walks of [`bind::starts`] over a
/// world that holds nothing but the package.
///
/// # Errors
/// When there are more entries to go through than the graph's budget allows.
pub fn strays(graph: &Graph, libc: Libc, arch: Arch) -> Result<Vec<Stray>, Exceeded> {
    let mut found: BTreeMap<Key<'_>, BTreeSet<&str>> = BTreeMap::new();
    let steps = graph.meter(Bound::SearchSteps);
    for walk in bind::starts(graph) {
        let parents = parents(walk);
        let mut known: BTreeMap<ModuleId, Vec<Entry<'_>>> = BTreeMap::new();
        for edge in walk.edges().filter(|edge| is_searched(edge, libc)) {
            let from = match known.entry(edge.from) {
                btree_map::Entry::Occupied(known) => known.into_mut(),
                btree_map::Entry::Vacant(place) => {
                    let chain =
                        std::iter::successors(Some(edge.from), |id| parents.get(id).copied());
                    let chain: Vec<&Module> = chain.filter_map(|id| graph.module(id)).collect();
                    let mut of_chain = followed(&run_paths(libc, &chain), libc, arch);
                    if let Some(module) = chain.first() {
                        let count = chain.len().saturating_add(of_chain.len());
                        steps.spend(count as u64, &module.path)?;
                    }
                    // In most files no entry leaves the package, and what is behind the last one
                    // that does is no matter.
                    let last = of_chain.iter().rposition(|entry| entry.leaves.is_some());
                    of_chain.truncate(last.map_or(0, |last| last.saturating_add(1)));
                    place.insert(of_chain)
                }
            };
            if let Some(first) = from.first() {
                steps.spend(from.len() as u64, first.carrier)?;
            }
            for key in before_found(edge, from) {
                found.entry(key).or_default().insert(edge.wants.as_str());
            }
        }
    }
    let opens = |module: &Module| libc == Libc::Glibc && calls_dlopen(module);
    for (_, module) in graph.modules().filter(|(_, module)| opens(module)) {
        let text = module.file.facts.run_path.as_ref();
        for entry in entries(libc, text.map_or("", |text| &text.value)) {
            if let Some(leaves) = leaves(entry, &module.path) {
                found.entry((&module.path, entry, leaves)).or_default();
            }
        }
    }
    let found = found.into_iter();
    let found = found.map(|((carrier, entry, leaves), wants)| Stray {
        carrier: carrier.clone(),
        entry: entry.into(),
        leaves,
        wants: wants.into_iter().map(Into::into).collect(),
    });
    Ok(found.collect())
}

/// An entry of a run path that a loader follows.
struct Entry<'a> {
    carrier: &'a ModulePath,
    text: &'a str,
    leaves: Option<Leaves>,
    /// The folders that it means.
    folders: Vec<ModulePath>,
}

/// Who made each module of a walk load: the first that needed it.
fn parents(walk: &RootWalk) -> BTreeMap<ModuleId, ModuleId> {
    let mut parents = BTreeMap::new();
    for edge in walk.edges() {
        if let Target::Module(id) = edge.target
            && id != walk.root
        {
            parents.entry(id).or_insert(edge.from);
        }
    }
    parents
}

/// Does the loader go through folders for this need? Not for what is in the process already, as
/// glibc itself is in every program of glibc.
fn is_searched(edge: &Edge, libc: Libc) -> bool {
    let name = edge.wants.as_str();
    let there = edge.probes.iter().any(|one| one.why == Why::AlreadyLoaded)
        || libc == Libc::Glibc && name == glibc::LIBC;
    edge.target != Target::Libc && !there && !name.contains('/')
}

/// The run paths that count for what `chain`'s first file needs, in order; the file that needed
/// it comes next in the chain, and so on up to the root.
fn run_paths<'a>(libc: Libc, chain: &[&'a Module]) -> Vec<(&'a Module, &'a str)> {
    let mut found = Vec::new();
    for (position, module) in chain.iter().enumerate() {
        let facts = &module.file.facts;
        let text = match libc {
            Libc::Musl => facts.run_path.as_ref().map(|text| text.value.as_str()),
            Libc::Glibc if position == 0 && facts.runpath.is_some() => {
                return vec![(module, facts.runpath.as_deref().unwrap_or_default())];
            }
            Libc::Glibc if facts.runpath.is_some() => None,
            Libc::Glibc => facts.rpath.as_deref(),
        };
        found.extend(text.map(|text| (*module, text)));
    }
    found
}

/// The entries of these run paths, in order.
fn followed<'a>(run_paths: &[(&'a Module, &'a str)], libc: Libc, arch: Arch) -> Vec<Entry<'a>> {
    let all = run_paths.iter().flat_map(|(module, text)| {
        let entries = entries(libc, text).into_iter();
        entries.map(|text| Entry {
            carrier: &module.path,
            text,
            leaves: leaves(text, &module.path),
            folders: match libc {
                Libc::Musl => Vec::from_iter(absolute(text, &module.path)),
                Libc::Glibc => glibc::folders(Some(arch), text, &module.path),
            },
        })
    });
    all.collect()
}

/// The entries by which the search for `edge`'s library leaves the package before it ends.
fn before_found<'a>(edge: &Edge, entries: &[Entry<'a>]) -> Vec<Key<'a>> {
    let mut probes = edge.probes.iter();
    let found = probes.find(|probe| probe.outcome == Outcome::Found);
    let found = found.map(|probe| probe.path.parent());
    let mut left = Vec::new();
    for entry in entries {
        left.extend(
            entry
                .leaves
                .map(|leaves| (entry.carrier, entry.text, leaves)),
        );
        let is_there = |found: &ModulePath| entry.folders.contains(found);
        if found.as_ref().is_some_and(is_there) {
            break;
        }
    }
    left
}

/// The entries of a run path that its loader follows. To glibc one that is empty is the working
/// directory, unless all of the run path is; musl passes over it.
fn entries(libc: Libc, text: &str) -> Vec<&str> {
    match libc {
        Libc::Musl if musl::ignores(text) => Vec::new(),
        Libc::Musl => split(text, &[':', '\n']).collect(),
        Libc::Glibc if text.is_empty() => Vec::new(),
        Libc::Glibc => text.split(':').collect(),
    }
}

fn leaves(entry: &str, carrier: &ModulePath) -> Option<Leaves> {
    let rest = entry
        .strip_prefix("${ORIGIN}")
        .or_else(|| entry.strip_prefix("$ORIGIN"));
    match rest {
        Some(_) => absolute(entry, carrier)
            .is_none()
            .then_some(Leaves::Outside),
        None if entry.starts_with('/') => Some(Leaves::Outside),
        None => Some(Leaves::Relative),
    }
}

fn calls_dlopen(module: &Module) -> bool {
    let mut symbols = module.file.facts.symbols.iter();
    symbols.any(|symbol| !symbol.defined && ["dlopen", "dlmopen"].contains(&symbol.name))
}
