//! Whether every file of a tree still finds what it found before some became links.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::LoadFacts;
use crate::plan::tree::classes::{Choice, Classes, Leads, is_of_store};
use crate::resolve::{Graph, ModulePath, RootWalk, Target};
use crate::wheel::{Sentence, sentence};

/// By who needs it and which of their needs: where that leads in one process.
type Found = BTreeMap<(Leads, usize), BTreeSet<Leads>>;

/// The first class that is to blame for a need which leads elsewhere than before.
pub(in crate::plan) fn first_loss(
    before: &[Graph<LoadFacts>],
    after: &[Graph<LoadFacts>],
    classes: &Classes,
    with_store: &Classes,
    choices: &BTreeMap<usize, Choice>,
) -> Option<(usize, Sentence)> {
    let mut processes: BTreeMap<ModulePath, Found> = BTreeMap::new();
    for graph in after {
        for walk in graph.walks.iter().filter(|walk| !is_of_store(graph, walk)) {
            if let Some(root) = graph.module(walk.root) {
                processes.insert(root.path.clone(), found(graph, walk, with_store));
            }
        }
    }
    for graph in before {
        for walk in graph.walks.iter().filter(|walk| !is_of_store(graph, walk)) {
            let root = graph.module(walk.root)?;
            let was = found(graph, walk, classes);
            let now = processes.get(&root.path);
            let now_of = |need| now.and_then(|now| now.get(need));
            // Who is not loaded any more has lost nothing: who would have loaded it has.
            let (loaded, gone): (Vec<_>, Vec<_>) =
                was.iter().partition(|(need, _)| now_of(need).is_some());
            for (need, leads) in loaded.into_iter().chain(gone) {
                if leads.iter().any(|lead| matches!(lead, Leads::Out(_))) {
                    continue;
                }
                let same = now_of(need).is_some_and(|now| now.is_subset(leads));
                if same {
                    continue;
                }
                let merged = |lead: &Leads| match lead {
                    Leads::Class(class) if choices.contains_key(class) => Some(*class),
                    _ => None,
                };
                let blamed = merged(&need.0).or_else(|| leads.iter().find_map(merged));
                if let Some(class) = blamed {
                    let why =
                        sentence!("one build, but {} would not find what it needs", &root.path);
                    return Some((class, why));
                }
            }
        }
    }
    None
}

fn found(graph: &Graph<LoadFacts>, walk: &RootWalk, classes: &Classes) -> Found {
    let mut found = Found::new();
    for edge in walk.edges() {
        let Some(from) = graph.module(edge.from) else {
            continue;
        };
        let needed = &from.file.facts.needed;
        let Some(index) = needed.iter().position(|name| *name == edge.wants) else {
            continue;
        };
        let leads = match edge.target {
            Target::Libc => Leads::Libc,
            Target::Missing => Leads::Out(edge.wants.as_str().to_owned()),
            Target::Module(id) => match graph.module(id) {
                Some(module) => classes.key(&module.file.real_path),
                None => continue,
            },
        };
        found
            .entry((classes.key(&from.file.real_path), index))
            .or_default()
            .insert(leads);
    }
    found
}
