//! Thread-local data of what is loaded after a program has started: every Python extension, and all
//! that it needs. And such data that is nowhere.
//!
//! Data that is reached by the initial-exec model lies at a fixed distance from the thread pointer.
//! musl lays that part out once, when a program starts (`static_tls_cnt` in its `do_relocs`);
//! glibc keeps some room for later (`TLS_STATIC_SURPLUS`).

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Surroundings, expected, offered, offered_kind, starts};
use super::graph::{Graph, Module, ModuleId, RootWalk};
use super::scope::Scopes;
use super::world::ModulePath;
use crate::elf::SymbolKind;
use crate::wheel::Untrusted;

/// Thread-local data that is reached by initial-exec and comes later than a program's start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateThreadData {
    /// The file that reaches it.
    pub file: ModulePath,
    /// The symbol; `None`: the file's own data, without a name.
    pub symbol: Option<Untrusted>,
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
    pub symbol: Untrusted,
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
    let mut found: BTreeSet<(ModuleId, Option<&str>, ModuleId)> = BTreeSet::new();
    let mut data = ThreadData::of(graph);
    for walk in dlopened(graph) {
        data.scopes.enter(&walk.closure);
        for (id, module) in members(graph, walk) {
            if module.file.facts.relocated.initial_exec_own {
                found.insert((id, None, id));
            }
            for &(number, symbol) in data.reached.get(&id).into_iter().flatten() {
                let definition = data.scopes.first(number);
                if let Some(definition) = definition.and_then(|place| walk.closure.get(place)) {
                    found.insert((id, Some(symbol), *definition));
                }
            }
        }
    }
    let path = |id| graph.module(id).map(|module| module.path.clone());
    let found = found.into_iter().filter_map(|(file, symbol, definition)| {
        Some(LateThreadData {
            file: path(file)?,
            symbol: symbol.map(str::to_owned).map(Into::into),
            definition: path(definition)?,
        })
    });
    let mut found: Vec<LateThreadData> = found.collect();
    found.sort();
    found
}

/// All thread-local data that is reached and nowhere, sorted. What is missing is known to `around`, or
/// nothing is said.
pub fn undefined_thread_data(graph: &Graph, around: &Surroundings<'_>) -> Vec<UndefinedThreadData> {
    let wanted = |module: &Module| !module.file.facts.relocated.weak_thread_data.is_empty();
    if !graph.modules().any(|(_, module)| wanted(module)) {
        return Vec::new();
    }
    let wanted = |id: ModuleId| {
        let module = graph.module(id).into_iter();
        module.flat_map(|module| &module.file.facts.relocated.weak_thread_data)
    };
    let all = graph.modules().flat_map(|(id, _)| wanted(id));
    let mut scopes = Scopes::new(all.map(String::as_str));
    for (id, module) in graph.modules() {
        scopes.offer(id, offered(&module.file.facts));
    }
    let mut found = BTreeSet::new();
    for walk in starts(graph) {
        let Some(expected) = expected(walk, around) else {
            continue;
        };
        scopes.enter(&walk.closure);
        for id in &walk.closure {
            for symbol in wanted(*id) {
                let number = scopes.number(&symbol.as_str());
                let is_there = number.and_then(|number| scopes.first(number)).is_some()
                    || (around.defines)(symbol)
                    || expected.iter().any(|defines| defines(symbol));
                if !is_there {
                    found.insert((*id, symbol));
                }
            }
        }
    }
    let found = found.into_iter().filter_map(|(id, symbol)| {
        Some(UndefinedThreadData {
            file: graph.module(id)?.path.clone(),
            symbol: symbol.clone().into(),
        })
    });
    let mut found: Vec<UndefinedThreadData> = found.collect();
    found.sort();
    found
}

/// What each file that is loaded with dlopen wants of it, the same set of carriers told once, and
/// nothing of those that want none.
pub fn static_thread_data(graph: &Graph) -> Vec<StaticThreadData> {
    let mut found: BTreeMap<Vec<ModulePath>, StaticThreadData> = BTreeMap::new();
    let mut data = ThreadData::of(graph);
    for walk in dlopened(graph) {
        data.scopes.enter(&walk.closure);
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for (place, (id, module)) in members(graph, walk).enumerate() {
            places.extend(
                module
                    .file
                    .facts
                    .relocated
                    .initial_exec_own
                    .then_some(place),
            );
            let named = data.reached.get(&id).into_iter().flatten();
            places.extend(named.filter_map(|(number, _)| data.scopes.first(*number)));
        }
        let carriers = places
            .into_iter()
            .filter_map(|place| walk.closure.get(place));
        let carriers = carriers.filter_map(|id| graph.module(*id));
        let carriers: BTreeMap<&ModulePath, u64> = carriers
            .map(|module| (&module.path, module.file.facts.relocated.thread_data))
            .collect();
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

/// The files of a process, in order.
fn members<'a>(graph: &'a Graph, walk: &RootWalk) -> impl Iterator<Item = (ModuleId, &'a Module)> {
    let ids = walk.closure.iter();
    ids.filter_map(|id| Some((*id, graph.module(*id)?)))
}

/// Which symbols of thread-local data files reach, and who defines them for others.
struct ThreadData<'a> {
    scopes: Scopes<&'a str>,
    /// By file, with their numbers.
    reached: BTreeMap<ModuleId, Vec<(usize, &'a str)>>,
}

impl<'a> ThreadData<'a> {
    fn of(graph: &'a Graph) -> Self {
        let reached = |module: &'a Module| module.file.facts.relocated.initial_exec.iter();
        let all = graph.modules().flat_map(|(_, module)| reached(module));
        let mut scopes = Scopes::new(all.map(String::as_str));
        for (id, module) in graph.modules() {
            let names = offered_kind(&module.file.facts, SymbolKind::Tls);
            scopes.offer(id, names);
        }
        let reached = graph.modules().map(|(id, module)| {
            let names = reached(module).map(String::as_str);
            let numbered = names.filter_map(|name| Some((scopes.number(&name)?, name)));
            (id, numbered.collect())
        });
        Self {
            reached: reached.collect(),
            scopes,
        }
    }
}
