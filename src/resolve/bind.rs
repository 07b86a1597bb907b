//! Symbol binding: does every strong undefined symbol find a definition when a file is
//! loaded? musl binds all of them at once, so one that finds none stops the load; glibc may do so
//! later, and then it ends the process.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::budget::{Bound, Exceeded, Meter};
use super::graph::{Graph, ModuleId, RootWalk, Target};
use super::scope::Scopes;
use super::world::ModulePath;
use crate::elf::{Binding, Facts, Symbol, SymbolKind};
use crate::wheel::Untrusted;

/// A symbol that nothing defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unbound {
    /// The file that needs it.
    pub file: ModulePath,
    /// The symbol.
    pub symbol: Untrusted,
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
type Expected<'a> = dyn Fn(&str) -> Option<Vec<Offers>> + 'a;

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
///
/// # Errors
/// When more symbols are without a definition than the graph's budget allows.
pub fn bind(graph: &Graph, surroundings: &Surroundings<'_>) -> Result<BindingReport, Exceeded> {
    let mut binder = Binder::new(graph, surroundings);
    let mut unknown = BTreeSet::new();
    for walk in starts(graph) {
        if let Some(expected) = expected(walk, surroundings) {
            binder.walk(walk, &expected)?;
        } else if let Some(module) = graph.module(walk.root) {
            unknown.insert(module.path.clone());
        }
    }
    Ok(BindingReport {
        unbound: binder.unbound(),
        unknown: unknown.into_iter().collect(),
    })
}

/// What the libraries that a process misses define; `None` where that is not known of one.
pub(super) fn expected(walk: &RootWalk, surroundings: &Surroundings<'_>) -> Option<Vec<Offers>> {
    let missing = walk.edges().filter(|edge| edge.target == Target::Missing);
    let missing: BTreeSet<&str> = missing.map(|edge| edge.wants.as_str()).collect();
    let known = missing.into_iter().map(|name| (surroundings.library)(name));
    let known: Option<Vec<Vec<Offers>>> = known.collect();
    Some(known?.into_iter().flatten().collect())
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
    /// What files define for others.
    defined: Scopes<&'a str>,
    /// What they define for others and the loader passes over.
    indirect: Scopes<&'a str>,
    /// The strong symbols each module needs of others, with their numbers in both.
    wanted: BTreeMap<ModuleId, Vec<(usize, &'a str)>>,
    /// What nothing defines, with the file that defines it and is passed over.
    unbound: BTreeMap<(ModuleId, &'a str), Option<ModuleId>>,
    left: Meter,
}

impl<'a> Binder<'a> {
    fn new(graph: &'a Graph, surroundings: &Surroundings<'_>) -> Self {
        let wanted: BTreeMap<ModuleId, Vec<&str>> = graph
            .modules()
            .map(|(id, module)| (id, wanted(&module.file.facts, surroundings)))
            .collect();
        let asked = || wanted.values().flatten().copied();
        let mut defined = Scopes::new(asked());
        let mut indirect = Scopes::new(asked().filter(|_| !surroundings.indirect));
        for (id, module) in graph.modules() {
            let facts = &module.file.facts;
            if surroundings.indirect {
                defined.offer(id, offered(facts));
                continue;
            }
            let passed_over: HashSet<&str> = offered_kind(facts, SymbolKind::Ifunc).collect();
            let taken = offered(facts).filter(|name| !passed_over.contains(name));
            defined.offer(id, taken);
            indirect.offer(id, passed_over);
        }
        let numbered = |name: &'a str| Some((defined.number(&name)?, name));
        let wanted = wanted.into_iter().map(|(id, names)| {
            let numbered = names.into_iter().filter_map(numbered);
            (id, numbered.collect())
        });
        let wanted = wanted.collect();
        Self {
            graph,
            defined,
            indirect,
            wanted,
            unbound: BTreeMap::new(),
            left: graph.meter(Bound::Unbound),
        }
    }

    fn walk(&mut self, walk: &RootWalk, expected: &[Offers]) -> Result<(), Exceeded> {
        self.defined.enter(&walk.closure);
        self.indirect.enter(&walk.closure);
        for id in &walk.closure {
            for &(number, symbol) in self.wanted.get(id).into_iter().flatten() {
                if self.defined.first(number).is_some()
                    || expected.iter().any(|offers| offers(symbol))
                {
                    continue;
                }
                let passed_over = self.indirect.first(number);
                let passed_over = passed_over
                    .and_then(|place| walk.closure.get(place))
                    .copied();
                let known = self.unbound.insert((*id, symbol), passed_over);
                if let (None, Some(module)) = (known, self.graph.module(*id)) {
                    self.left.spend(1, &module.path)?;
                }
            }
        }
        Ok(())
    }

    fn unbound(&self) -> Vec<Unbound> {
        let path = |id| self.graph.module(id).map(|module| module.path.clone());
        let all = self.unbound.iter();
        let mut all: Vec<Unbound> = all
            .filter_map(|((id, symbol), passed_over)| {
                Some(Unbound {
                    file: path(*id)?,
                    symbol: (*symbol).into(),
                    passed_over: passed_over.and_then(path),
                })
            })
            .collect();
        all.sort();
        all
    }
}

/// The strong symbols that a file needs of others.
fn wanted<'a>(facts: &'a Facts, surroundings: &Surroundings<'_>) -> Vec<&'a str> {
    let needed = required(facts)
        .filter(|symbol| !(surroundings.versions && symbol.version.is_some()))
        .map(|symbol| symbol.name);
    let own = facts.relocated.indirect.iter().map(String::as_str);
    let own = own.filter(|_| !surroundings.indirect);
    let all = needed.chain(own);
    all.filter(|name| !(surroundings.defines)(name)).collect()
}
