//! Symbol binding: does every strong undefined symbol find a definition when a file is
//! loaded? musl binds all of them at once, so one that finds none stops the load; glibc may do so
//! later, and then it ends the process.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::graph::{Graph, ModuleId, RootWalk, Target};
use super::world::ModulePath;
use crate::elf::{Binding, Facts, Symbol, SymbolKind};

/// A symbol that nothing defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unbound {
    /// The file that needs it.
    pub file: ModulePath,
    /// The symbol.
    pub symbol: String,
    /// A file that defines it as an indirect function (`STT_GNU_IFUNC`), where the loader passes over
    /// such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<ModulePath>,
}

/// What binding came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BindingReport {
    /// The symbols that nothing defines, by file.
    pub unbound: Vec<Unbound>,
    /// Files of which nothing can be said, since a library that they pull in is missing.
    pub unknown: Vec<ModulePath>,
}

/// Does a library define this symbol?
pub type Offers = Box<dyn Fn(&str) -> bool>;

/// What a library that is not there defines, by its name; `None` where that is not known.
type Expected<'a> = dyn Fn(&str) -> Option<Offers> + 'a;

/// What files may take symbols from although no file of the graph defines them.
pub struct Surroundings<'a> {
    /// Does the C library or the interpreter define this symbol?
    pub defines: Box<dyn Fn(&str) -> bool + 'a>,
    /// What a library that the graph misses defines, where it may be expected all the same and
    /// that is known.
    pub library: Box<Expected<'a>>,
    /// A symbol that asks for a version has its definition: the linker saw it, and whether the
    /// version is there is asked elsewhere. Not with musl, which knows no versions.
    pub versions: bool,
    /// The loader knows indirect functions (`STT_GNU_IFUNC`). musl's passes over their definitions,
    /// a file's own among them (`OK_TYPES` of its `find_sym`).
    pub indirect: bool,
}

/// Bind every file in the closures of `graph`, each in the walks of [`starts`].
pub fn bind(graph: &Graph, surroundings: &Surroundings<'_>) -> BindingReport {
    let mut binder = Binder {
        graph,
        surroundings,
        defined: BTreeMap::new(),
        indirect: BTreeMap::new(),
        wanted: BTreeMap::new(),
    };
    let mut unbound = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for walk in starts(graph) {
        let missing = walk.edges().filter(|edge| edge.target == Target::Missing);
        let known: Option<Vec<Offers>> = missing
            .map(|edge| (surroundings.library)(edge.wants.as_str()))
            .collect();
        if let Some(expected) = known {
            binder.walk(walk, &expected, &mut unbound);
        } else if let Some(module) = graph.module(walk.root) {
            unknown.insert(module.path.clone());
        }
    }
    BindingReport {
        unbound: unbound.into_iter().collect(),
        unknown: unknown.into_iter().collect(),
    }
}

/// The walks that show how each file is really loaded: those of files that Python or the kernel
/// loads, since a library's symbols and run paths may come from who loads it; then those of
/// libraries that no such file reaches.
pub fn starts(graph: &Graph) -> impl Iterator<Item = &RootWalk> {
    let starts: Vec<&RootWalk> = graph
        .walks
        .iter()
        .filter(|walk| is_start(graph, walk))
        .collect();
    let reached: BTreeSet<ModuleId> = starts
        .iter()
        .flat_map(|walk| walk.closure.iter().copied())
        .collect();
    let alone = graph
        .walks
        .iter()
        .filter(move |walk| !reached.contains(&walk.root));
    starts.into_iter().chain(alone)
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

/// The names that a file defines for others: a local symbol is nobody else's.
pub fn offered(facts: &Facts) -> impl Iterator<Item = &str> {
    let symbols = facts.symbols.iter();
    let offered = symbols.filter(|symbol| symbol.defined && symbol.binding != Binding::Local);
    offered.map(|symbol| symbol.name)
}

/// Those of one kind.
pub(super) fn offered_kind(facts: &Facts, kind: SymbolKind) -> impl Iterator<Item = &str> {
    let symbols = facts.symbols.iter();
    let offered = symbols.filter(|symbol| symbol.defined && symbol.binding != Binding::Local);
    let offered = offered.filter(move |symbol| symbol.kind == kind);
    offered.map(|symbol| symbol.name)
}

/// Does a file define this symbol for others?
pub fn offers(facts: &Facts, name: &str) -> bool {
    offered(facts).any(|own| own == name)
}

/// The symbols for which a file must find a definition: a weak one may stay without.
pub fn required(facts: &Facts) -> impl Iterator<Item = Symbol<'_>> {
    let symbols = facts.symbols.iter();
    symbols
        .filter(|symbol| !symbol.defined && !symbol.is_weak() && symbol.binding != Binding::Local)
}

struct Binder<'a> {
    graph: &'a Graph,
    surroundings: &'a Surroundings<'a>,
    /// What each module defines for others.
    defined: BTreeMap<ModuleId, HashSet<&'a str>>,
    /// What it defines for others and the loader passes over.
    indirect: BTreeMap<ModuleId, HashSet<&'a str>>,
    /// The strong symbols each module needs of others.
    wanted: BTreeMap<ModuleId, Vec<&'a str>>,
}

impl<'a> Binder<'a> {
    fn walk(&mut self, walk: &RootWalk, expected: &[Offers], unbound: &mut BTreeSet<Unbound>) {
        for id in &walk.closure {
            self.read(*id);
        }
        for id in &walk.closure {
            let Some(module) = self.graph.module(*id) else {
                continue;
            };
            for symbol in self.wanted.get(id).into_iter().flatten() {
                let mut closure = walk.closure.iter().filter_map(|id| self.defined.get(id));
                if !closure.any(|defined| defined.contains(symbol))
                    && !expected.iter().any(|offers| offers(symbol))
                {
                    let mut indirect = walk.closure.iter();
                    let passed_over = indirect.find(|id| {
                        self.indirect
                            .get(id)
                            .is_some_and(|one| one.contains(symbol))
                    });
                    let passed_over = passed_over.and_then(|id| self.graph.module(*id));
                    unbound.insert(Unbound {
                        file: module.path.clone(),
                        symbol: (*symbol).to_owned(),
                        passed_over: passed_over.map(|module| module.path.clone()),
                    });
                }
            }
        }
    }

    fn read(&mut self, id: ModuleId) {
        let graph: &'a Graph = self.graph;
        let Some(module) = graph.module(id) else {
            return;
        };
        if self.defined.contains_key(&id) {
            return;
        }
        let facts = &module.file.facts;
        let mut defined: HashSet<&'a str> = offered(facts).collect();
        if !self.surroundings.indirect {
            let indirect: HashSet<&'a str> = offered_kind(facts, SymbolKind::Ifunc).collect();
            defined.retain(|name| !indirect.contains(name));
            self.indirect.insert(id, indirect);
        }
        self.defined.insert(id, defined);
        let needed = required(facts)
            .filter(|symbol| !(self.surroundings.versions && symbol.version.is_some()))
            .filter(|symbol| !(self.surroundings.defines)(symbol.name))
            .map(|symbol| symbol.name);
        let own = facts.relocated.indirect.iter().map(String::as_str);
        let own = own.filter(|_| !self.surroundings.indirect);
        let own = own.filter(|name| !(self.surroundings.defines)(name));
        self.wanted.insert(id, needed.chain(own).collect());
    }
}
