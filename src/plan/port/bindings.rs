//! Who defines each name that files ask for, under the rules of one C library's loader.
//!
//! An extension is loaded into a process in which the program, the interpreter's library and the C
//! library are there first, so that their names come before all others; then come the extension and
//! what it needs, in loading order. In a program the order is the program's own.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};
use std::sync::Arc;

use crate::elf::{Binding, Facts, Symbol, SymbolKind};
use crate::resolve::{Graph, Libc, Module, ModuleId, ModulePath, RootWalk, Scopes, Target, starts};

/// `DT_FLAGS`: a file's own definitions come first for itself.
const DF_SYMBOLIC: u64 = 2;

/// One name that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct Reference {
    /// The file, by its real path.
    pub(in crate::plan) file: ModulePath,
    /// The name.
    pub(in crate::plan) name: String,
    /// The version it asks for.
    pub(in crate::plan) version: Option<String>,
    /// May it stay unresolved?
    pub(in crate::plan) weak: bool,
    /// Does the file define it too, and look it up all the same?
    pub(in crate::plan) own: bool,
}

/// Who defines a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Definer {
    /// The C library.
    Libc,
    /// The interpreter.
    Python,
    /// A file, by its real path.
    File(ModulePath),
    /// Nobody.
    Nobody,
}

/// The names that a file both defines and looks up, and of them those that it copies into itself.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Own {
    /// Its own definition counts.
    pub(in crate::plan) looked_up: Vec<String>,
    /// Another's is looked for.
    pub(in crate::plan) copied: Vec<String>,
}

/// References, and who defines each; most of them have their definers in common.
pub(in crate::plan) type Bindings = BTreeMap<Reference, Arc<BTreeSet<Definer>>>;

/// What is there beside the files.
pub(in crate::plan) struct Surroundings<'a> {
    /// Whose rules count.
    pub(in crate::plan) rules: Libc,
    /// Does the C library define this name, in this version where one is asked for?
    pub(in crate::plan) libc: &'a dyn Fn(&str, Option<&str>) -> bool,
    /// Does the interpreter?
    pub(in crate::plan) python: &'a dyn Fn(&str) -> bool,
    /// The names that a file both defines and looks up, and those that it copies into itself.
    pub(in crate::plan) own: &'a dyn Fn(&Module) -> Own,
    /// Is this a file that somebody may load by itself, before others?
    pub(in crate::plan) begins: &'a dyn Fn(&Module) -> bool,
    /// May this needed name be missing from the graph?
    pub(in crate::plan) expected: &'a dyn Fn(&str) -> bool,
}

/// All references of all files, each with everybody who defines it in some process. A name that nobody
/// defines in a process that lacks a library is left out: the library may.
pub(in crate::plan) fn bindings(graph: &Graph, surroundings: &Surroundings<'_>) -> Bindings {
    let mut binder = Binder::new(graph, surroundings);
    let begins = |walk: &&RootWalk| graph.module(walk.root).is_some_and(surroundings.begins);
    for walk in starts(graph).filter(begins) {
        let is_whole = walk.edges().all(|edge| {
            edge.target != Target::Missing || (surroundings.expected)(edge.wants.as_str())
        });
        let root = graph.module(walk.root);
        let is_program = root.is_some_and(|root| root.file.facts.is_program);
        binder.walk(walk, is_whole, is_program);
    }
    binder.found(graph)
}

/// Which of a file's definitions of a name serves: one without a version every reference, one that is
/// the default those that ask for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot<'a> {
    Any,
    Default,
    Version(&'a str),
}

type Key<'a> = (&'a str, Slot<'a>);

/// Who defines a name in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Found {
    Libc,
    Python,
    File(ModuleId),
    Nobody,
}

/// A reference, and who defines it.
struct Asked {
    reference: Reference,
    /// The numbers of the names, each with a slot, by which a file may define it.
    numbers: [Option<usize>; 2],
    /// The file's own definition does not count.
    skips_own: bool,
    /// Whether it has one that comes first for it (`DF_SYMBOLIC`).
    takes_own: bool,
    /// Who defines it outside of files, of those who come first in an extension.
    outside: Option<Found>,
    /// Whether the C library does.
    in_libc: bool,
    /// In all processes so far.
    found: Vec<Found>,
}

struct Binder<'a> {
    scopes: Scopes<Key<'a>>,
    asked: BTreeMap<ModuleId, Vec<Asked>>,
}

impl<'a> Binder<'a> {
    fn new(graph: &'a Graph, surroundings: &Surroundings<'_>) -> Self {
        let rules = surroundings.rules;
        let asked: BTreeMap<ModuleId, (Vec<Reference>, Vec<Reference>)> = graph
            .modules()
            .map(|(id, module)| (id, asked(module, surroundings)))
            .collect();
        // The names of what is defined live as long as the graph.
        let keys = graph.modules().flat_map(|(_, module)| {
            let symbols = module.file.facts.symbols.iter();
            symbols
                .filter(is_global)
                .flat_map(|symbol| asking(rules, symbol.name, symbol.version))
        });
        let mut scopes = Scopes::new(keys);
        for (id, module) in graph.modules() {
            let symbols = module.file.facts.symbols.iter();
            let defined = symbols.filter(|symbol| is_global(symbol) && symbol.defined);
            scopes.offer(id, defined.flat_map(|symbol| offering(rules, symbol)));
        }
        let asked = asked.into_iter().map(|(id, (plain, copied))| {
            let flags = graph.module(id).map(|module| module.file.facts.flags);
            // musl knows no DF_SYMBOLIC.
            let is_symbolic =
                rules == Libc::Glibc && flags.is_some_and(|flags| flags & DF_SYMBOLIC != 0);
            let plain = plain.into_iter().map(|reference| (reference, false));
            let copied = copied.into_iter().map(|reference| (reference, true));
            let all = plain.chain(copied).map(|(reference, skips_own)| {
                let (name, version) = (reference.name.as_str(), reference.version.as_deref());
                let in_libc = (surroundings.libc)(name, version);
                let in_python = || (surroundings.python)(name);
                let outside = match in_libc {
                    true => Some(Found::Libc),
                    false => in_python().then_some(Found::Python),
                };
                let mut keys = asking(rules, name, version);
                let numbers = [keys.next(), keys.next()];
                let numbers = numbers.map(|key| scopes.number(&key?));
                let has = |number: &usize| scopes.has(id, *number);
                let takes_own = is_symbolic && numbers.iter().flatten().any(has);
                drop(keys);
                Asked {
                    reference,
                    numbers,
                    skips_own,
                    takes_own,
                    outside,
                    in_libc,
                    found: Vec::new(),
                }
            });
            (id, all.collect())
        });
        let asked = asked.collect();
        Self { scopes, asked }
    }

    fn walk(&mut self, walk: &RootWalk, is_whole: bool, is_program: bool) {
        self.scopes.enter(&walk.closure);
        for (place, id) in walk.closure.iter().enumerate() {
            for asked in self.asked.get_mut(id).into_iter().flatten() {
                let first = |number: &usize| match asked.skips_own {
                    true => self.scopes.first_but(*number, place),
                    false => self.scopes.first(*number),
                };
                let file = || {
                    let place = asked.numbers.iter().flatten().filter_map(first).min()?;
                    walk.closure.get(place).copied().map(Found::File)
                };
                let libc = || asked.in_libc.then_some(Found::Libc);
                let definer = match (asked.takes_own, is_program) {
                    (true, _) => Some(Found::File(*id)),
                    (false, true) => file().or_else(libc),
                    (false, false) => asked.outside.or_else(file),
                };
                let definer = definer.unwrap_or(Found::Nobody);
                // Most references are found once in many processes.
                if definer == Found::Nobody && !is_whole {
                    continue;
                }
                if let Err(place) = asked.found.binary_search(&definer) {
                    asked.found.insert(place, definer);
                }
            }
        }
    }

    fn found(self, graph: &Graph) -> Bindings {
        let told = |found: &Found| match found {
            Found::Libc => Some(Definer::Libc),
            Found::Python => Some(Definer::Python),
            Found::Nobody => Some(Definer::Nobody),
            Found::File(id) => {
                let module = graph.module(*id)?;
                Some(Definer::File(module.file.real_path.clone()))
            }
        };
        let mut sets: HashMap<Vec<Found>, Arc<BTreeSet<Definer>>> = HashMap::new();
        let mut all = Bindings::new();
        for asked in self.asked.into_values().flatten() {
            if asked.found.is_empty() {
                continue;
            }
            let set = sets.entry(asked.found).or_insert_with_key(|found| {
                let definers: BTreeSet<Definer> = found.iter().filter_map(told).collect();
                Arc::new(definers)
            });
            // A symbol table may have a name twice, and a file may be loaded by two paths.
            match all.entry(asked.reference) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(Arc::clone(set));
                }
                btree_map::Entry::Occupied(mut known) => {
                    if known.get() != set {
                        let both = known.get().union(set).cloned().collect();
                        known.insert(Arc::new(both));
                    }
                }
            }
        }
        all
    }
}

fn is_global(symbol: &Symbol<'_>) -> bool {
    symbol.binding != Binding::Local && !symbol.name.is_empty()
}

/// By what a reference is looked for.
fn asking<'n>(
    rules: Libc,
    name: &'n str,
    version: Option<&'n str>,
) -> impl Iterator<Item = Key<'n>> {
    let slot = match (rules, version) {
        (Libc::Musl, _) => None,
        (Libc::Glibc, Some(version)) => Some(Slot::Version(version)),
        (Libc::Glibc, None) => Some(Slot::Default),
    };
    [Some(Slot::Any), slot]
        .into_iter()
        .flatten()
        .map(move |slot| (name, slot))
}

/// By what a definition is found.
fn offering<'n>(rules: Libc, symbol: Symbol<'n>) -> impl Iterator<Item = Key<'n>> {
    let slots = match rules {
        // ldso/dynlink.c, find_sym2: OK_TYPES, and no version that is hidden.
        Libc::Musl => {
            let known = matches!(
                symbol.kind,
                SymbolKind::None
                    | SymbolKind::Object
                    | SymbolKind::Function
                    | SymbolKind::Common
                    | SymbolKind::Tls
            );
            [(known && symbol.default_version).then_some(Slot::Any), None]
        }
        // elf/dl-lookup.c, check_match.
        Libc::Glibc => match symbol.version {
            None => [Some(Slot::Any), None],
            Some(version) => {
                let default = symbol.default_version.then_some(Slot::Default);
                [Some(Slot::Version(version)), default]
            }
        },
    };
    slots
        .into_iter()
        .flatten()
        .map(move |slot| (symbol.name, slot))
}

/// What a file asks for: of others or of itself, and what it copies into itself, of others alone.
fn asked(module: &Module, surroundings: &Surroundings<'_>) -> (Vec<Reference>, Vec<Reference>) {
    let facts: &Facts = &module.file.facts;
    let path = &module.file.real_path;
    let mut asked = Vec::new();
    let mut versions: HashMap<&str, &str> = HashMap::new();
    for symbol in facts.symbols.iter().filter(is_global) {
        if symbol.defined {
            if let Some(version) = symbol.version {
                versions.insert(symbol.name, version);
            }
            continue;
        }
        asked.push(Reference {
            file: path.clone(),
            name: symbol.name.to_owned(),
            version: symbol.version.map(str::to_owned),
            weak: symbol.is_weak(),
            own: false,
        });
    }
    let own = |name: String| Reference {
        file: path.clone(),
        version: versions
            .get(name.as_str())
            .map(|version| (*version).to_owned()),
        name,
        weak: false,
        own: true,
    };
    let Own { looked_up, copied } = (surroundings.own)(module);
    asked.extend(looked_up.into_iter().map(own));
    (asked, copied.into_iter().map(own).collect())
}
