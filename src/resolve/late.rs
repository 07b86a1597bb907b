//! Thread-local data of what is loaded after a program has started: every Python extension, and all
//! that it needs. And such data that is nowhere.
//!
//! Data that is reached by the initial-exec model lies at a fixed distance from the thread pointer.
//! musl lays that part out once, when a program starts (`static_tls_cnt` in its `do_relocs`);
//! glibc keeps some room for later (`TLS_STATIC_SURPLUS`).

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Offers, Surroundings, offered_kind, offers, starts};
use super::graph::{Graph, Module, ModuleId, RootWalk, Target};
use super::world::ModulePath;
use crate::elf::SymbolKind;

/// Thread-local data that is reached by initial-exec and comes later than a program's start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateThreadData {
    /// The file that reaches it.
    pub file: ModulePath,
    /// The symbol; `None`: the file's own data, without a name.
    pub symbol: Option<String>,
    /// The file that brings the data.
    pub definition: ModulePath,
}

/// Thread-local data that a file may do without (its symbol is weak), and that nothing defines.
///
/// musl asks the file that brings the data for its place, also where there is none
/// (`def.dso->tls_id` in its `do_relocs`): it reads address 0, and the process ends. glibc is
/// content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UndefinedThreadData {
    /// The file that reaches for it.
    pub file: ModulePath,
    /// The symbol.
    pub symbol: String,
}

/// How much of such data a file and what it pulls in want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticThreadData {
    /// The file that is loaded.
    pub root: ModulePath,
    /// The sum, in bytes.
    pub bytes: u64,
    /// The files that bring the data, sorted.
    pub carriers: Vec<ModulePath>,
}

/// The walks of what is loaded with dlopen, rather than with a program.
fn dlopened(graph: &Graph) -> impl Iterator<Item = &RootWalk> {
    let is_program = |walk: &RootWalk| {
        let root = graph.module(walk.root);
        root.is_some_and(|module| module.file.facts.is_program)
    };
    starts(graph).filter(move |walk| !is_program(walk))
}

/// The files that are loaded with dlopen, by their paths.
pub fn loaded_later(graph: &Graph) -> BTreeSet<&ModulePath> {
    let ids: BTreeSet<ModuleId> = dlopened(graph)
        .flat_map(|walk| walk.closure.iter().copied())
        .collect();
    let modules = ids.into_iter().filter_map(|id| graph.module(id));
    modules.map(|module| &module.path).collect()
}

/// All such data in what is loaded with dlopen, sorted.
pub fn late_thread_data(graph: &Graph) -> Vec<LateThreadData> {
    let mut found = BTreeSet::new();
    for walk in dlopened(graph) {
        let members: Vec<&Module> = members(graph, walk);
        for module in &members {
            let relocated = &module.file.facts.relocated;
            if relocated.initial_exec_own {
                found.insert(LateThreadData {
                    file: module.path.clone(),
                    symbol: None,
                    definition: module.path.clone(),
                });
            }
            for symbol in &relocated.initial_exec {
                if let Some(definition) = definition(&members, symbol) {
                    found.insert(LateThreadData {
                        file: module.path.clone(),
                        symbol: Some(symbol.clone()),
                        definition: definition.path.clone(),
                    });
                }
            }
        }
    }
    found.into_iter().collect()
}

/// All thread-local data that is reached and nowhere, sorted. What is missing is known to `around`, or
/// nothing is said.
pub fn undefined_thread_data(graph: &Graph, around: &Surroundings<'_>) -> Vec<UndefinedThreadData> {
    let mut found = BTreeSet::new();
    for walk in starts(graph) {
        let missing = walk.edges().filter(|edge| edge.target == Target::Missing);
        let expected: Option<Vec<Offers>> = missing
            .map(|edge| (around.library)(edge.wants.as_str()))
            .collect();
        let Some(expected) = expected else { continue };
        let members = members(graph, walk);
        let is_there = |symbol: &str| {
            (around.defines)(symbol)
                || expected.iter().any(|defines| defines(symbol))
                || members
                    .iter()
                    .any(|other| offers(&other.file.facts, symbol))
        };
        for module in &members {
            let wanted = module.file.facts.relocated.weak_thread_data.iter();
            let gone = wanted.filter(|symbol| !is_there(symbol));
            found.extend(gone.map(|symbol| UndefinedThreadData {
                file: module.path.clone(),
                symbol: symbol.clone(),
            }));
        }
    }
    found.into_iter().collect()
}

/// What each file that is loaded with dlopen wants of it, the same set of carriers told once, and
/// nothing of those that want none.
pub fn static_thread_data(graph: &Graph) -> Vec<StaticThreadData> {
    let mut found: BTreeMap<Vec<ModulePath>, StaticThreadData> = BTreeMap::new();
    for walk in dlopened(graph) {
        let members: Vec<&Module> = members(graph, walk);
        let mut carriers: BTreeMap<&ModulePath, u64> = BTreeMap::new();
        for module in &members {
            let relocated = &module.file.facts.relocated;
            let own = relocated.initial_exec_own.then_some(*module);
            let named = relocated.initial_exec.iter();
            let named = named.filter_map(|symbol| definition(&members, symbol));
            for carrier in named.chain(own) {
                carriers.insert(&carrier.path, carrier.file.facts.relocated.thread_data);
            }
        }
        let Some(root) = graph.module(walk.root).filter(|_| !carriers.is_empty()) else {
            continue;
        };
        let bytes = carriers
            .values()
            .fold(0_u64, |sum, one| sum.saturating_add(*one));
        let carriers: Vec<ModulePath> = carriers.into_keys().cloned().collect();
        found.entry(carriers.clone()).or_insert(StaticThreadData {
            root: root.path.clone(),
            bytes,
            carriers,
        });
    }
    found.into_values().collect()
}

fn members<'a>(graph: &'a Graph, walk: &RootWalk) -> Vec<&'a Module> {
    let ids = walk.closure.iter();
    ids.filter_map(|id| graph.module(*id)).collect()
}

/// The first file that defines a symbol of thread-local data for others.
fn definition<'a>(members: &[&'a Module], symbol: &str) -> Option<&'a Module> {
    let defines = |module: &&&Module| {
        let mut kinds = offered_kind(&module.file.facts, SymbolKind::Tls);
        kinds.any(|name| name == symbol)
    };
    members.iter().find(defines).copied()
}
