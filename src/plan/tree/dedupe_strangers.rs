//! Whether one package would come to depend on another.
//!
//! A run path may lead to the folder of its own package by that package's name. From a link in
//! another package's folder it leads there as well: all is found, until that package is removed.
//! So a file may load what is of its own distribution, of the store, or of whom that need led to
//! before. A file that no RECORD lists is its folder's: when it goes nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::LoadFacts;
use crate::plan::tree::classes::{Choice, Classes, Leads, TreeElf, is_of_store};
use crate::plan::tree::tree_plan::{STORE, Tree};
use crate::resolve::{Edge, Graph, Module, ModulePath, Outcome, Probe, RootWalk, Target, Why};
use crate::wheel::{ArchivePath, Sentence, sentence};

/// Who may take a file away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// A distribution that lists it.
    Distribution(usize),
    /// Whoever looks after this folder of the tree.
    Folder(String),
}

/// In the process of which file, who needs it, and which of its needs it is.
type Need = (ModulePath, Leads, usize);

/// Whose files are, and whom each need led to before.
pub(in crate::plan) struct Owners<'a> {
    tree: &'a Tree,
    contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
    listed: BTreeMap<&'a str, BTreeSet<Owner>>,
    before: BTreeMap<Need, BTreeSet<Owner>>,
}

impl<'a> Owners<'a> {
    pub(in crate::plan) fn new(
        tree: &'a Tree,
        elf: &BTreeMap<ArchivePath, TreeElf>,
        contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
        before: &[Graph<LoadFacts>],
        classes: &Classes,
    ) -> Self {
        // Not the tree's owners, which are one a file: what two distributions list goes with
        // either of them.
        let mut listed: BTreeMap<&str, BTreeSet<Owner>> = BTreeMap::new();
        for (index, distribution) in tree.distributions.iter().enumerate() {
            let paths = distribution.record.paths();
            for path in paths.filter(|path| elf.contains_key(*path)) {
                let owners = listed.entry(path.as_str()).or_default();
                owners.insert(Owner::Distribution(index));
            }
        }
        let mut owners = Self {
            tree,
            contents,
            listed,
            before: BTreeMap::new(),
        };
        let mut known: BTreeMap<Need, BTreeSet<Owner>> = BTreeMap::new();
        for graph in before {
            for walk in &graph.walks {
                for edge in walk.edges() {
                    if let Some(step) = Step::of(graph, walk, edge, classes) {
                        let of_target = owners.of_target(&step);
                        known.entry(step.need).or_default().extend(of_target);
                    }
                }
            }
        }
        owners.before = known;
        owners
    }

    /// The first class that is to blame for a need which leads to a package it did not lead to.
    pub(in crate::plan) fn first_stranger(
        &self,
        after: &[Graph<LoadFacts>],
        with_store: &Classes,
        choices: &BTreeMap<usize, Choice>,
    ) -> Option<(usize, Sentence)> {
        for graph in after {
            for walk in &graph.walks {
                if is_of_store(graph, walk) {
                    continue;
                }
                for edge in walk.edges() {
                    let Some(step) = Step::of(graph, walk, edge, with_store) else {
                        continue;
                    };
                    if !self.is_stranger(&step) {
                        continue;
                    }
                    if let Some(class) = self.blamed(graph, walk, &step, with_store, choices) {
                        let why = sentence!(
                            "one build, but {} would load {}, which its package does not bring",
                            &step.from.path,
                            &step.found
                        );
                        return Some((class, why));
                    }
                }
            }
        }
        None
    }

    fn is_stranger(&self, step: &Step<'_>) -> bool {
        let own = self.of(&step.from.path);
        let known = self.before.get(&step.need);
        let is_known = |owner: &Owner| known.is_some_and(|known| known.contains(owner));
        let of_target = self.of_target(step);
        let mut owners = of_target.iter();
        owners.any(|owner| !own.contains(owner) && !is_known(owner))
    }

    /// Only a file that has other bytes now can lead elsewhere: who needs it, or whose run path
    /// it was found by, or else any of the process.
    fn blamed(
        &self,
        graph: &Graph<LoadFacts>,
        walk: &RootWalk,
        step: &Step<'_>,
        with_store: &Classes,
        choices: &BTreeMap<usize, Choice>,
    ) -> Option<usize> {
        let merged = |path: &ModulePath| {
            let path = ArchivePath::parse(path.relative()).ok()?;
            let real = self.tree.real(&path)?;
            let class = *with_store.of.get(real)?;
            let kept = choices.get(&class)?.kept()?;
            Some((class, self.contents.get(kept) != self.contents.get(real)))
        };
        let modules = walk.closure.iter().filter_map(|id| graph.module(*id));
        let all: Vec<(usize, bool)> = [&step.from.path]
            .into_iter()
            .chain(step.holder)
            .chain(modules.map(|module| &module.path))
            .filter_map(merged)
            .collect();
        let changed = all.iter().find(|(_, is_other)| *is_other);
        changed.or(all.first()).map(|(class, _)| *class)
    }

    /// Where it was found and what lies there: a link may lead on to another package.
    fn of_target(&self, step: &Step<'_>) -> BTreeSet<Owner> {
        let mut owners = self.of(step.found);
        owners.extend(self.of(&step.target.file.real_path));
        owners
    }

    /// Nobody, for what is of the store or of the system.
    fn of(&self, path: &ModulePath) -> BTreeSet<Owner> {
        let first = path.relative().split('/').next().unwrap_or_default();
        if !path.in_wheel() || first == STORE {
            return BTreeSet::new();
        }
        match self.listed.get(path.relative()) {
            Some(owners) => owners.clone(),
            None => BTreeSet::from([Owner::Folder(first.to_owned())]),
        }
    }
}

/// A need that leads to a file.
struct Step<'a> {
    need: Need,
    from: &'a Module<LoadFacts>,
    target: &'a Module<LoadFacts>,
    /// The path that the search found it by. That of `target` is another one if the same file was
    /// loaded by another path before: it is there today, but this search must not fail tomorrow.
    found: &'a ModulePath,
    /// Whose run path led there.
    holder: Option<&'a ModulePath>,
}

impl<'a> Step<'a> {
    fn of(
        graph: &'a Graph<LoadFacts>,
        walk: &RootWalk,
        edge: &'a Edge,
        classes: &Classes,
    ) -> Option<Step<'a>> {
        let Target::Module(id) = edge.target else {
            return None;
        };
        let root = graph.module(walk.root)?;
        let from = graph.module(edge.from)?;
        let target = graph.module(id)?;
        let mut names = from.file.facts.needed.iter();
        let index = names.position(|name| *name == edge.wants)?;
        let is_found = |probe: &&Probe| probe.outcome == Outcome::Found;
        let probe = edge.probes.iter().rfind(is_found);
        Some(Step {
            need: (root.path.clone(), classes.key(&from.file.real_path), index),
            from,
            target,
            found: probe.map_or(&target.path, |probe| &probe.path),
            holder: probe.and_then(|probe| match &probe.why {
                Why::RunPath(of) => Some(of),
                _ => None,
            }),
        })
    }
}
