//! Who defines each name that files ask for, under the rules of one C library's loader.
//!
//! An extension is loaded into a process in which the program, the interpreter's library and the C
//! library are there first, so that their names come before all others; then come the extension and
//! what it needs, in loading order. In a program the order is the program's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::elf::{Binding, Facts, Symbol, SymbolKind};
use crate::resolve::{Graph, Libc, Module, ModuleId, ModulePath, RootWalk, Target, starts};

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
pub(in crate::plan) fn bindings(
    graph: &Graph,
    surroundings: &Surroundings<'_>,
) -> BTreeMap<Reference, BTreeSet<Definer>> {
    let modules: HashMap<ModuleId, Names<'_>> = graph
        .modules()
        .map(|(id, module)| (id, Names::of(module, surroundings)))
        .collect();
    let mut found: BTreeMap<Reference, BTreeSet<Definer>> = BTreeMap::new();
    let begins = |walk: &&RootWalk| graph.module(walk.root).is_some_and(surroundings.begins);
    for walk in starts(graph).filter(begins) {
        let is_whole = walk.edges().all(|edge| {
            edge.target != Target::Missing || (surroundings.expected)(edge.wants.as_str())
        });
        let process = Process {
            walk,
            modules: &modules,
            surroundings,
            is_program: graph
                .module(walk.root)
                .is_some_and(|root| root.file.facts.is_program),
        };
        for id in &walk.closure {
            for asked in modules.get(id).into_iter().flat_map(|names| &names.asked) {
                let definer = process.definer(asked, *id);
                if definer == Definer::Nobody && !is_whole {
                    continue;
                }
                // Most references are found once in many processes.
                match found.get_mut(&asked.reference) {
                    Some(definers) => {
                        definers.insert(definer);
                    }
                    None => {
                        found.insert(asked.reference.clone(), BTreeSet::from([definer]));
                    }
                }
            }
        }
    }
    found
}

/// A reference, and whether the file's own definition counts for it.
struct Asked {
    reference: Reference,
    skips_own: bool,
}

/// What one file defines and asks for.
struct Names<'a> {
    defined: HashMap<&'a str, Vec<Symbol<'a>>>,
    asked: Vec<Asked>,
    path: &'a ModulePath,
    /// Its own definitions come first for itself (`DF_SYMBOLIC`).
    is_symbolic: bool,
}

impl<'a> Names<'a> {
    fn of(module: &'a Module, surroundings: &Surroundings<'_>) -> Self {
        let facts: &'a Facts = &module.file.facts;
        let path = &module.file.real_path;
        let mut defined: HashMap<&str, Vec<Symbol<'_>>> = HashMap::new();
        let mut asked = Vec::new();
        let mut versions: HashMap<&str, &str> = HashMap::new();
        for symbol in facts.symbols.iter() {
            if symbol.binding == Binding::Local || symbol.name.is_empty() {
                continue;
            }
            if symbol.defined {
                if let Some(version) = symbol.version {
                    versions.insert(symbol.name, version);
                }
                defined.entry(symbol.name).or_default().push(symbol);
                continue;
            }
            asked.push(Asked {
                reference: Reference {
                    file: path.clone(),
                    name: symbol.name.to_owned(),
                    version: symbol.version.map(str::to_owned),
                    weak: symbol.is_weak(),
                    own: false,
                },
                skips_own: false,
            });
        }
        let Own { looked_up, copied } = (surroundings.own)(module);
        let own = looked_up.into_iter().map(|name| (name, false));
        for (name, skips_own) in own.chain(copied.into_iter().map(|name| (name, true))) {
            let version = versions
                .get(name.as_str())
                .map(|version| (*version).to_owned());
            asked.push(Asked {
                reference: Reference {
                    file: path.clone(),
                    name,
                    version,
                    weak: false,
                    own: true,
                },
                skips_own,
            });
        }
        Self {
            defined,
            asked,
            path,
            is_symbolic: facts.flags & DF_SYMBOLIC != 0,
        }
    }

    fn defines(&self, reference: &Reference, rules: Libc) -> bool {
        let symbols = self.defined.get(reference.name.as_str());
        let mut symbols = symbols.into_iter().flatten();
        symbols.any(|symbol| match rules {
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
                known && symbol.default_version
            }
            // elf/dl-lookup.c, check_match.
            Libc::Glibc => match (symbol.version, reference.version.as_deref()) {
                (None, _) => true,
                (Some(has), Some(wants)) => has == wants,
                (Some(_), None) => symbol.default_version,
            },
        })
    }
}

/// A process that began with one file.
struct Process<'a> {
    walk: &'a RootWalk,
    modules: &'a HashMap<ModuleId, Names<'a>>,
    surroundings: &'a Surroundings<'a>,
    is_program: bool,
}

impl Process<'_> {
    fn definer(&self, asked: &Asked, asking: ModuleId) -> Definer {
        let reference = &asked.reference;
        let rules = self.surroundings.rules;
        let (name, version) = (reference.name.as_str(), reference.version.as_deref());
        let libc = || (self.surroundings.libc)(name, version).then_some(Definer::Libc);
        let python = || (self.surroundings.python)(name).then_some(Definer::Python);
        let file = || {
            let closure = self.walk.closure.iter();
            let mut others = closure.filter(|id| !(asked.skips_own && **id == asking));
            others.find_map(|id| {
                let names = self.modules.get(id)?;
                let defines = names.defines(reference, rules);
                defines.then(|| Definer::File(names.path.clone()))
            })
        };
        // musl knows no DF_SYMBOLIC.
        let first = self.modules.get(&asking).filter(|names| {
            rules == Libc::Glibc && names.is_symbolic && names.defines(reference, rules)
        });
        let found = match (first, self.is_program) {
            (Some(names), _) => Some(Definer::File(names.path.clone())),
            (None, true) => file().or_else(libc),
            (None, false) => libc().or_else(python).or_else(file),
        };
        found.unwrap_or(Definer::Nobody)
    }
}
