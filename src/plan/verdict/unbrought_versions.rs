//! Versions that are needed of a library which nothing brings.
//!
//! glibc looks through what is loaded for the name that each version is needed of, and ends the process
//! where there is none (`_dl_check_map_versions`, `needed != NULL`). musl reads no versions.

use crate::elf::Soname;
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::needs::NeedFault;
use crate::plan::verdict::check_needs::Promise;
use crate::resolve::{Graph, RootWalk, Target, starts};

/// Finds them in every process that something other than an ELF file begins.
pub(in crate::plan) fn check(
    graph: &Graph,
    promise: &Promise,
    exclude: &Exclusions,
    found: &mut Vec<Fault>,
) {
    for walk in starts(graph) {
        for &id in &walk.closure {
            let Some(module) = graph.module(id) else {
                continue;
            };
            // A library of which nobody tells how it is loaded may be loaded behind what it wants.
            let is_asked = |one: &&RootWalk| one.root == walk.root || id == walk.root;
            let walks = || {
                graph
                    .walks
                    .iter()
                    .filter(|one| one.closure.contains(&id))
                    .filter(is_asked)
            };
            let facts = &module.file.facts;
            let names = facts.version_needs.iter().map(|need| &need.file);
            for library in names.filter(|name| !facts.needed.contains(name)) {
                let brings = |walk| is_brought(graph, walk, promise, library);
                if exclude.hold(library.as_str()) || walks().any(brings) {
                    continue;
                }
                let (file, library) = (module.path.clone(), library.clone());
                found.push(NeedFault::VersionOfNothing { file, library }.into());
            }
        }
    }
}

/// Is anything in the process called so? What a library that the tag provides brings with it is not
/// known; it is one of those that the tag provides too.
fn is_brought(graph: &Graph, walk: &RootWalk, promise: &Promise, name: &Soname) -> bool {
    let provides = |name: &Soname| {
        let policy = promise.policy;
        policy.is_some_and(|policy| policy.provides(name.as_str()))
    };
    let by_name = || walk.edges().any(|edge| edge.wants == *name);
    let by_itself = || {
        let mut modules = walk.closure.iter().filter_map(|&id| graph.module(id));
        modules.any(|module| {
            let soname = module.file.facts.soname.as_ref();
            soname == Some(name) || module.path.file_name() == name.as_str()
        })
    };
    let is_of_libc = || {
        let name = name.as_str();
        name.starts_with("libc.so.") || name.starts_with("ld-linux") || name.starts_with("ld64.so")
    };
    let by_provided = || {
        let is_provided =
            |wants: &Soname| provides(wants) && !wants.as_str().starts_with("libc.so.");
        let mut edges = walk.edges();
        provides(name)
            && edges.any(|edge| edge.target == Target::Missing && is_provided(&edge.wants))
    };
    by_name() || by_itself() || is_of_libc() || by_provided()
}
