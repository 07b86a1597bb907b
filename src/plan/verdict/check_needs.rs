//! Check that everything a package's files need is found: libraries on a machine with only what
//! the tag provides, symbols in what is loaded with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::elf::Soname;
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::hindrance::{hindrances, surroundings};
use crate::plan::needs::outside::is_libpython;
use crate::plan::needs::subject::{Package, Platform, Subject};
use crate::plan::rules::fault::Fault;
use crate::plan::rules::needs::{NeedFault, Sought};
use crate::policy::{PlatformTag, Policy, Pythons, policies, policy_of};
use crate::resolve::{
    Edge, Exceeded, Graph, Leaves, Module, ModuleId, ModulePath, Target, bind, is_extension,
    starts, strays,
};

/// What may be expected outside of the package.
pub(in crate::plan) struct Promise {
    /// As it is called in findings.
    pub(in crate::plan) tag: String,
    pub(in crate::plan) policy: Option<&'static Policy>,
}

impl Promise {
    /// That of the widest tag; a package that claims none is measured by the newest there is.
    pub(in crate::plan) fn new(settled: &Platform, widest: Option<&PlatformTag>) -> Self {
        let tag = match widest {
            Some(tag) => Some(tag.clone()),
            None => policies(settled.libc, settled.arch)
                .last()
                .map(|policy| policy.tag(settled.arch)),
        };
        Self {
            policy: tag.as_ref().and_then(|tag| policy_of(tag, settled.arch)),
            tag: tag.map_or_else(String::new, |tag| tag.to_string()),
        }
    }
}

/// Check the needs of every file of `graph`.
///
/// # Errors
/// When more symbols are without a definition than its budget allows.
pub(in crate::plan) fn check(
    graph: &Graph,
    settled: &Platform,
    pythons: &Pythons,
    promise: &Promise,
    exclude: &Exclusions,
    found: &mut Vec<Fault>,
) -> Result<(), Exceeded> {
    libraries(graph, promise, exclude, found);
    run_paths(graph, settled, found)?;
    symbols(graph, settled, pythons, exclude, found)
}

/// Each needed name that leads nowhere, in the walks of files that something other than an ELF
/// file loads, and of those that no such walk reaches.
fn libraries(graph: &Graph, promise: &Promise, exclude: &Exclusions, found: &mut Vec<Fault>) {
    let provided = |name: &str| promise.policy.is_some_and(|policy| policy.provides(name));
    let extensions = extensions(graph);
    let called = called(graph);
    let mut told: BTreeSet<(ModuleId, &Soname)> = BTreeSet::new();
    for edge in starts(graph).flat_map(|walk| walk.edges()) {
        let Some(from) = graph.module(edge.from).map(|module| &module.path) else {
            continue;
        };
        // Most files are in many processes, and found to need the same in each.
        if edge.target == Target::Missing && !told.insert((edge.from, &edge.wants)) {
            continue;
        }
        let (file, library) = (from.clone(), edge.wants.clone());
        let name = edge.wants.as_str();
        // One that the package carries for its programs is a library like any other.
        let carried = matches!(edge.target, Target::Module(_)) && !extensions.contains(&edge.from);
        let fault = if exclude.hold(name) {
            continue;
        } else if is_libpython(name) && !carried && edge.target == Target::Missing {
            NeedFault::NeedsLibpython { file, library }
        } else if name.contains('/') {
            NeedFault::NeedsPath { file, library }
        } else if edge.target != Target::Missing || provided(name) {
            continue;
        } else if let Some(place) = called.get(name).copied().cloned() {
            NeedFault::Unreachable {
                file,
                library,
                place,
            }
        } else {
            let tag = promise.tag.clone();
            NeedFault::MissingLibrary {
                file,
                library,
                tag: tag.into(),
            }
        };
        found.push(fault.into());
    }
}

/// The files that are Python extensions.
fn extensions(graph: &Graph) -> BTreeSet<ModuleId> {
    let is_one = |module: &Module| is_extension(module.path.file_name(), &module.file.facts);
    let modules = graph.modules().filter(|(_, module)| is_one(module));
    modules.map(|(id, _)| id).collect()
}

/// By name, the first file that is called so, or calls itself so.
fn called(graph: &Graph) -> HashMap<&str, &ModulePath> {
    let mut called = HashMap::new();
    for (_, module) in graph.modules() {
        let soname = module.file.facts.soname.as_ref().map(Soname::as_str);
        for name in [module.path.file_name()].into_iter().chain(soname) {
            called.entry(name).or_insert(&module.path);
        }
    }
    called
}

/// Run paths by which a loader looks outside of the package for what a file needs.
fn run_paths(graph: &Graph, settled: &Platform, found: &mut Vec<Fault>) -> Result<(), Exceeded> {
    for stray in strays(graph, settled.libc, settled.arch)? {
        let (file, entry, sought) = (stray.carrier, stray.entry, Sought(stray.wants));
        let fault = match stray.leaves {
            Leaves::Outside => NeedFault::RunPathOutside {
                file,
                entry,
                sought,
            },
            Leaves::Relative => NeedFault::RunPathRelative {
                file,
                entry,
                sought,
            },
        };
        found.push(fault.into());
    }
    Ok(())
}

fn symbols(
    graph: &Graph,
    settled: &Platform,
    pythons: &Pythons,
    exclude: &Exclusions,
    found: &mut Vec<Fault>,
) -> Result<(), Exceeded> {
    let around = surroundings(settled.libc, settled.arch, pythons);
    let mut binding = bind(graph, &around)?;
    // What an excluded library defines is not known, and so neither what its users lack.
    let excludes =
        |edge: &&Edge| edge.target == Target::Missing && exclude.hold(edge.wants.as_str());
    let walks = graph.walks.iter();
    let of_excluded: BTreeSet<&ModulePath> = walks
        .filter(|walk| walk.edges().any(|edge| excludes(&edge)))
        .flat_map(|walk| walk.closure.iter().filter_map(|&id| graph.module(id)))
        .map(|module| &module.path)
        .collect();
    binding
        .unbound
        .retain(|one| !of_excluded.contains(&one.file));
    found.extend(hindrances(graph, settled, &binding, &around));
    Ok(())
}

/// Libraries that differ but are needed under one short name, in one package or across all
/// packages that a process may load together: the first one loaded serves them all. The findings
/// come with the number of the package that each belongs to.
pub fn name_clashes(packages: &[Package]) -> Vec<(usize, Fault)> {
    let mut known: BTreeMap<&str, (ModulePath, [u8; 32])> = BTreeMap::new();
    let mut told: BTreeSet<(String, ModulePath)> = BTreeSet::new();
    let mut found = Vec::new();
    for (number, package) in packages.iter().enumerate() {
        let Ok(Subject { graph, .. }) = &package.subject else {
            continue;
        };
        let edges = graph.walks.iter().flat_map(|walk| walk.edges());
        for (edge, id) in edges.filter_map(|edge: &Edge| match edge.target {
            Target::Module(id) => Some((edge, id)),
            _ => None,
        }) {
            let Some(module) = graph.module(id).filter(|module| module.path.in_wheel()) else {
                continue;
            };
            let name = edge.wants.as_str();
            let (path, digest) = known
                .entry(name)
                .or_insert_with(|| (module.path.clone(), module.file.digest));
            if *digest != module.file.digest && told.insert((name.to_owned(), module.path.clone()))
            {
                let clash = NeedFault::NameClash {
                    file: module.path.clone(),
                    library: edge.wants.clone(),
                    other: path.clone(),
                };
                found.push((number, clash.into()));
            }
        }
    }
    found
}
