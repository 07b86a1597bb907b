//! The names of grafted libraries: equal names mean equal bytes, in every wheel.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use sha2::{Digest, Sha256};

use crate::elf::{Relr, Soname, Strip, without_hash};
use crate::plan::needs::links::Links;
use crate::plan::needs::outside::{Need, Outside};
use crate::plan::repair::options::{exec_stack_of, relr_of, strip_of};
use crate::resolve::ModulePath;

/// Changes with every change of the editor that makes other bytes of the same edits, so
/// that a name never stands for two contents.
const EDITOR: &str = "wheelfix graft 1";

/// What, beside the source and the names it needs, decides a graft's bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) struct Options<'a> {
    pub(in crate::plan) strip: Strip,
    pub(in crate::plan) relr: Relr,
    pub(in crate::plan) debug_links: bool,
    pub(in crate::plan) clear_exec_stack: bool,
    /// Names that stay as they are.
    pub(in crate::plan) no_mangle: &'a GlobSet,
}

/// The name each graft gets. A name depends on the names of what the graft needs, so
/// they are settled from the leaves up; libraries that need each other are one group.
pub(in crate::plan) fn names(
    outside: &Outside,
    links: &Links,
    run_paths: &BTreeMap<ModulePath, String>,
    options: Options<'_>,
) -> BTreeMap<ModulePath, Soname> {
    let mut graph: DiGraph<&ModulePath, ()> = DiGraph::new();
    let nodes: BTreeMap<&ModulePath, NodeIndex> = outside
        .grafts
        .keys()
        .map(|path| (path, graph.add_node(path)))
        .collect();
    for (path, node) in &nodes {
        for target in grafts_of(outside, path) {
            if let Some(other) = nodes.get(target) {
                graph.add_edge(*node, *other, ());
            }
        }
    }
    let mut names: BTreeMap<ModulePath, Soname> = BTreeMap::new();
    // Kosaraju's components come leaves first.
    for component in kosaraju_scc(&graph) {
        let mut members: Vec<&ModulePath> = component
            .iter()
            .filter_map(|node| graph.node_weight(*node).copied())
            .collect();
        members.sort_by_key(|path| (digest_of(links, path), path.file_name().to_owned()));
        let group: Vec<String> = members
            .iter()
            .map(|path| {
                let run_path = run_paths.get(*path).map_or("", String::as_str);
                description(outside, links, path, &members, &names, run_path, options)
            })
            .collect();
        let group = group.join("\n");
        for (position, path) in members.iter().enumerate() {
            let text = format!("{EDITOR}\n{group}\nmember {position}\n");
            let hash = Sha256::digest(text.as_bytes());
            let hash: String = hex(&hash).chars().take(8).collect();
            let name = match plain_name(outside, links, path, options.no_mangle) {
                Some(name) => name,
                None => graft_name(path.file_name(), &hash),
            };
            names.insert((*path).clone(), name);
        }
    }
    names
}

/// The names that stand in a file, as needs or in version needs alone, and what becomes of them.
fn named<'a>(
    outside: &'a Outside,
    path: &ModulePath,
) -> impl Iterator<Item = (&'a Soname, &'a Need)> {
    let of = |all: &'a BTreeMap<ModulePath, BTreeMap<Soname, Need>>| all.get(path);
    let (needs, brought) = (of(&outside.needs), of(&outside.brought));
    needs.into_iter().chain(brought).flatten()
}

fn grafts_of<'a>(outside: &'a Outside, path: &ModulePath) -> impl Iterator<Item = &'a ModulePath> {
    named(outside, path).filter_map(|(_, need)| match need {
        Need::Graft(target) => Some(target),
        _ => None,
    })
}

fn digest_of(links: &Links, path: &ModulePath) -> String {
    links
        .files
        .get(path)
        .map(|file| hex(&file.digest))
        .unwrap_or_default()
}

/// Everything that decides one graft's bytes, as text. No path of the build machine is
/// in it: the same library found elsewhere is the same library.
fn description(
    outside: &Outside,
    links: &Links,
    path: &ModulePath,
    group: &[&ModulePath],
    names: &BTreeMap<ModulePath, Soname>,
    run_path: &str,
    options: Options<'_>,
) -> String {
    let mut lines = BTreeSet::new();
    for (wants, need) in named(outside, path) {
        let becomes = match need {
            Need::Graft(target) => match group.iter().position(|member| *member == target) {
                Some(position) => format!("member {position}"),
                None => names
                    .get(target)
                    .map(|name| name.as_str().to_owned())
                    .unwrap_or_default(),
            },
            Need::Dropped => "dropped".to_owned(),
            Need::Stays | Need::Excluded | Need::Reach(_) | Need::Inside(_) => continue,
        };
        lines.insert(format!("needed {} {becomes}", wants.as_str()));
    }
    let lines: Vec<String> = lines.into_iter().collect();
    let file = links.files.get(path);
    let strip = file.map_or(options.strip, |file| strip_of(file, options.strip));
    let relr = file.map_or(options.relr, |file| relr_of(file, options.relr));
    // What is not asked for is not told, so that names do not change with each new option.
    let mut more = String::new();
    if options.debug_links && strip != Strip::None {
        more.push_str(" debug link");
    }
    if file
        .and_then(|file| exec_stack_of(file, options.clear_exec_stack))
        .is_some()
    {
        more.push_str(" no executable stack");
    }
    format!(
        "source {} {}\nstrip {strip:?} relr {relr:?}{more} run path {run_path}\n{}",
        path.file_name(),
        digest_of(links, path),
        lines.join("\n")
    )
}

/// The name that a graft keeps, if it is to keep one: its SONAME, by which it is looked for, or else its
/// file's. It is matched by every name that it was needed by.
fn plain_name(
    outside: &Outside,
    links: &Links,
    path: &ModulePath,
    no_mangle: &GlobSet,
) -> Option<Soname> {
    let soname = links
        .files
        .get(path)
        .and_then(|file| file.facts.soname.as_ref());
    let soname = soname.filter(|name| !name.as_str().is_empty() && !name.as_str().contains('/'));
    let name = match soname {
        Some(name) => name.clone(),
        None => Soname::from(path.file_name().to_owned()),
    };
    let mut wanted = outside.grafts.get(path).into_iter().flatten();
    let keeps =
        no_mangle.is_match(name.as_str()) || wanted.any(|name| no_mangle.is_match(name.as_str()));
    keeps.then_some(name)
}

/// `libssl.so.3` with hash `92df611d` is `libssl-92df611d.so.3`; a hash that a former
/// repair put there is replaced.
pub(in crate::plan) fn graft_name(file_name: &str, hash: &str) -> Soname {
    let plain = without_hash(file_name);
    let (stem, rest) = match plain.find('.') {
        Some(dot) => plain.split_at(dot),
        None => (plain.as_str(), ""),
    };
    Soname::from(format!("{stem}-{hash}{rest}"))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_goes_before_the_first_dot() {
        let name = |file| graft_name(file, "0123abcd").into_string();
        assert_eq!(name("libssl.so.3"), "libssl-0123abcd.so.3");
        assert_eq!(name("libgeos.3.14.so"), "libgeos-0123abcd.3.14.so");
        assert_eq!(name("libodd"), "libodd-0123abcd");
    }

    #[test]
    fn a_former_hash_is_replaced_not_doubled() {
        let name = |file| graft_name(file, "0123abcd").into_string();
        assert_eq!(
            name("libgcc_s-0cd532bd-c8f934f9.so.1"),
            "libgcc_s-0123abcd.so.1"
        );
        assert_eq!(name("libfoo-12345678x.so"), "libfoo-12345678x-0123abcd.so");
    }
}
