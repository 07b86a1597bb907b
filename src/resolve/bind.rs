//! Symbol binding: does every strong undefined symbol find a definition when a file is
//! loaded? musl binds all of them at once, so one that finds none stops the load.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::graph::{Graph, ModuleId, RootWalk, Target};
use super::world::ModulePath;
use crate::elf::{Binding, Facts};

/// A symbol that nothing defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unbound {
    /// The file that needs it.
    pub file: ModulePath,
    /// The symbol.
    pub symbol: String,
}

/// What binding came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BindingReport {
    /// The symbols that nothing defines, by file.
    pub unbound: Vec<Unbound>,
    /// Files of which nothing can be said, since a library that they pull in is missing.
    pub unknown: Vec<ModulePath>,
}

/// Bind every file in the closures of `graph`. `outside` says whether the C library or
/// the interpreter defines a symbol.
///
/// A library is asked in the closures of those that Python or the kernel loads, since its
/// symbols may come from who loads it; one that no such file reaches is asked alone.
pub fn bind(graph: &Graph, outside: impl Fn(&str) -> bool) -> BindingReport {
    let starts: Vec<&RootWalk> = graph
        .walks
        .iter()
        .filter(|walk| is_start(graph, walk))
        .collect();
    let reached: BTreeSet<ModuleId> = starts
        .iter()
        .flat_map(|walk| walk.closure.clone())
        .collect();
    let alone = graph
        .walks
        .iter()
        .filter(|walk| !reached.contains(&walk.root));
    let mut binder = Binder {
        graph,
        defined: BTreeMap::new(),
        wanted: BTreeMap::new(),
    };
    let mut unbound = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for walk in starts.iter().copied().chain(alone) {
        let complete = walk.edges.iter().all(|edge| edge.target != Target::Missing);
        if complete {
            binder.walk(walk, &outside, &mut unbound);
        } else if let Some(module) = graph.module(walk.root) {
            unknown.insert(module.path.clone());
        }
    }
    BindingReport {
        unbound: unbound.into_iter().collect(),
        unknown: unknown.into_iter().collect(),
    }
}

/// Is the root loaded by somebody else than another ELF file: a Python extension, or a
/// program?
fn is_start(graph: &Graph, walk: &RootWalk) -> bool {
    let Some(module) = graph.module(walk.root) else {
        return false;
    };
    let facts = &module.file.facts;
    facts.is_program || is_extension(module.path.file_name(), facts)
}

/// A Python extension defines an init function named after the file's stem.
pub fn is_extension(file_name: &str, facts: &Facts) -> bool {
    let stem = file_name.split('.').next().unwrap_or_default();
    let prefixes = ["PyInit_", "PyInitU_", "init", "_cffi_pypyinit_"];
    facts.symbols.iter().any(|symbol| {
        let named = |prefix: &str| symbol.name.strip_prefix(prefix) == Some(stem);
        symbol.defined && prefixes.into_iter().any(named)
    })
}

struct Binder<'a> {
    graph: &'a Graph,
    /// What each module defines for others.
    defined: BTreeMap<ModuleId, HashSet<&'a str>>,
    /// The strong symbols each module needs of others.
    wanted: BTreeMap<ModuleId, Vec<&'a str>>,
}

impl<'a> Binder<'a> {
    fn walk(
        &mut self,
        walk: &RootWalk,
        outside: &impl Fn(&str) -> bool,
        unbound: &mut BTreeSet<Unbound>,
    ) {
        for id in &walk.closure {
            self.read(*id, outside);
        }
        for id in &walk.closure {
            let Some(module) = self.graph.module(*id) else {
                continue;
            };
            for symbol in self.wanted.get(id).into_iter().flatten() {
                let mut closure = walk.closure.iter().filter_map(|id| self.defined.get(id));
                if !closure.any(|defined| defined.contains(symbol)) {
                    unbound.insert(Unbound {
                        file: module.path.clone(),
                        symbol: (*symbol).to_owned(),
                    });
                }
            }
        }
    }

    fn read(&mut self, id: ModuleId, outside: &impl Fn(&str) -> bool) {
        let graph: &'a Graph = self.graph;
        let Some(module) = graph.module(id) else {
            return;
        };
        if self.defined.contains_key(&id) {
            return;
        }
        let symbols = || module.file.facts.symbols.iter();
        let offered = symbols()
            .filter(|symbol| symbol.defined && symbol.binding != Binding::Local)
            .map(|symbol| symbol.name);
        self.defined.insert(id, offered.collect());
        let needed = symbols()
            .filter(|symbol| !symbol.defined && !symbol.is_weak())
            .filter(|symbol| symbol.binding != Binding::Local && !outside(symbol.name))
            .map(|symbol| symbol.name);
        self.wanted.insert(id, needed.collect());
    }
}
