//! Versions that are needed of a library which nothing brings.
//!
//! glibc looks through what is loaded for the name that each version is needed of, and ends the process
//! where there is none (`_dl_check_map_versions`, `needed != NULL`). musl reads no versions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::elf::Soname;
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::links::unasked;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::needs::NeedFault;
use crate::plan::verdict::check_needs::Promise;
use crate::policy::Policy;
use crate::resolve::{Bound, Edge, Exceeded, Graph, ModuleId, RootWalk, Target, starts};

/// Finds them in every process that something other than an ELF file begins.
///
/// # Errors
/// When there are more than the graph's budget allows.
pub(in crate::plan) fn check(
    graph: &Graph,
    promise: &Promise,
    exclude: &Exclusions,
    found: &mut Vec<Fault>,
) -> Result<(), Exceeded> {
    let unasked: BTreeMap<ModuleId, BTreeSet<&Soname>> = graph
        .modules()
        .map(|(id, module)| (id, unasked(&module.file.facts).collect()))
        .filter(|(_, names): &(_, BTreeSet<&Soname>)| !names.is_empty())
        .collect();
    if unasked.is_empty() {
        return Ok(());
    }
    let walks = graph.walks.iter();
    let brought: Vec<Brought<'_>> = walks
        .map(|walk| Brought::by(graph, walk, promise))
        .collect();
    // The processes that each of these files is in.
    let mut with: BTreeMap<ModuleId, Vec<&Brought<'_>>> = BTreeMap::new();
    for (walk, brought) in graph.walks.iter().zip(&brought) {
        for id in walk.closure.iter().filter(|id| unasked.contains_key(id)) {
            with.entry(*id).or_default().push(brought);
        }
    }
    let left = graph.meter(Bound::Unbound);
    let mut told: BTreeSet<(ModuleId, &Soname)> = BTreeSet::new();
    for walk in starts(graph) {
        for id in &walk.closure {
            let Some(module) = graph.module(*id) else {
                continue;
            };
            // A library of which nobody tells how it is loaded may be loaded behind what it wants.
            let is_asked = |one: &&&Brought<'_>| one.root == walk.root || *id == walk.root;
            let processes = || with.get(id).into_iter().flatten().filter(is_asked);
            for &library in unasked.get(id).into_iter().flatten() {
                let brings = |one: &Brought<'_>| one.brings(library);
                if exclude.hold(library.as_str()) || processes().any(|one| brings(one)) {
                    continue;
                }
                if !told.insert((*id, library)) {
                    continue;
                }
                left.spend(1, &module.path)?;
                let (file, library) = (module.path.clone(), library.clone());
                found.push(NeedFault::VersionOfNothing { file, library }.into());
            }
        }
    }
    Ok(())
}

/// What a process brings under a name.
struct Brought<'a> {
    root: ModuleId,
    /// Names that are needed, of files, or that these call themselves.
    names: HashSet<&'a str>,
    /// Whether a library is loaded that the tag provides: what it brings with it is not known; it is
    /// one of those that the tag provides too.
    has_provided: bool,
    policy: Option<&'static Policy>,
}

impl<'a> Brought<'a> {
    fn by(graph: &'a Graph, walk: &'a RootWalk, promise: &Promise) -> Self {
        let policy = promise.policy;
        let mut names: HashSet<&str> = walk.edges().map(|edge| edge.wants.as_str()).collect();
        for module in walk.closure.iter().filter_map(|id| graph.module(*id)) {
            names.insert(module.path.file_name());
            names.extend(module.file.facts.soname.as_ref().map(Soname::as_str));
        }
        let is_provided = |edge: &Edge| {
            let name = edge.wants.as_str();
            edge.target == Target::Missing
                && !name.starts_with("libc.so.")
                && policy.is_some_and(|policy| policy.provides(name))
        };
        Self {
            root: walk.root,
            names,
            has_provided: walk.edges().any(is_provided),
            policy,
        }
    }

    /// Is anything in the process called so?
    fn brings(&self, name: &Soname) -> bool {
        let name = name.as_str();
        let is_of_libc = || {
            name.starts_with("libc.so.")
                || name.starts_with("ld-linux")
                || name.starts_with("ld64.so")
        };
        let is_provided = || self.policy.is_some_and(|policy| policy.provides(name));
        self.names.contains(name) || is_of_libc() || self.has_provided && is_provided()
    }
}
