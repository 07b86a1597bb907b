//! Files of a tree that can stand for each other, and which of a class does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::elf::{LoadFacts, Span, VirtualAddress, without_hash};
use crate::plan::tree::tree_plan::{Apart, STORE, TreePlan};
use crate::resolve::{
    Bound, Budget, Edge, ElfFile, Exceeded, Graph, Meter, ModulePath, Place, RootWalk, Target,
};
use crate::wheel::{ArchivePath, Sentence};

/// One ELF file of a tree.
#[derive(Clone, Debug)]
pub struct TreeElf {
    /// What loaders search by.
    pub file: Arc<ElfFile<LoadFacts>>,
    /// Its executable segments.
    pub code: Vec<Span<VirtualAddress>>,
}

/// How much more may be gone through: each round of a decision looks at all needs of all processes.
pub(in crate::plan) struct Rounds(Meter);

impl Rounds {
    pub(in crate::plan) fn new(budget: &Budget) -> Self {
        Self(Meter::new(budget, Bound::RoundEdges))
    }

    /// Another round over these processes.
    ///
    /// # Errors
    /// When less is left.
    pub(in crate::plan) fn spend(&self, graphs: &[Graph<LoadFacts>]) -> Result<(), Exceeded> {
        let walks = graphs.iter().flat_map(|graph| &graph.walks);
        let count = walks.map(|walk| walk.edges().count() as u64).sum();
        let site = ModulePath::new(Place::Wheel, "/");
        self.0.spend(count, &site)
    }
}

/// Files in classes; every file of a class can stand for every other.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Classes {
    pub(in crate::plan) of: BTreeMap<ArchivePath, usize>,
}

/// Where a need leads, for the comparison of two files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Leads {
    Class(usize),
    File(ModulePath),
    Libc,
    /// Out of the tree, under this name.
    Out(String),
}

impl Classes {
    pub(in crate::plan) fn new(twins: &[Vec<ArchivePath>]) -> Self {
        let numbered = twins.iter().enumerate();
        let of =
            numbered.flat_map(|(class, files)| files.iter().map(move |path| (path.clone(), class)));
        Self { of: of.collect() }
    }

    /// The class of a file, or the file itself.
    pub(in crate::plan) fn key(&self, path: &ModulePath) -> Leads {
        let known = ArchivePath::parse(path.relative()).ok();
        match known.and_then(|path| self.of.get(&path).copied()) {
            Some(class) => Leads::Class(class),
            None => Leads::File(path.clone()),
        }
    }

    /// Splits classes until the needs of all files of one lead to the same classes.
    ///
    /// # Errors
    /// When that takes more work than is allowed.
    pub(in crate::plan) fn refine(
        &mut self,
        graphs: &[Graph<LoadFacts>],
        elf: &BTreeMap<ArchivePath, TreeElf>,
        apart: &mut Vec<Apart>,
        rounds: &Rounds,
    ) -> Result<(), Exceeded> {
        // Where needs lead stays; only what class that is changes from round to round.
        let needs = needs_of(graphs, elf, self);
        loop {
            rounds.spend(graphs)?;
            let mut signatures = self.signatures(&needs);
            let mut numbers: BTreeMap<(usize, Vec<BTreeSet<Leads>>), usize> = BTreeMap::new();
            let mut next = Self::default();
            for (path, class) in &self.of {
                let signature = signatures.remove(path).unwrap_or_default();
                let count = numbers.len();
                let number = *numbers.entry((*class, signature)).or_insert(count);
                next.of.insert(path.clone(), number);
            }
            let before: BTreeSet<usize> = self.of.values().copied().collect();
            if numbers.len() == before.len() {
                return Ok(());
            }
            self.tell_split(&next, apart);
            *self = next;
        }
    }

    /// The needs of files, told by classes.
    fn signatures(&self, needs: &Needs) -> Needs {
        let told = |set: &BTreeSet<Leads>| {
            let leads = set.iter().map(|leads| match leads {
                Leads::File(path) => self.key(path),
                other => other.clone(),
            });
            let mut told: BTreeSet<Leads> = leads.collect();
            // Missing when it is loaded first, found when its user brought it: only the latter tells.
            if told.len() > 1 {
                told.retain(|leads| !matches!(leads, Leads::Out(_)));
            }
            told
        };
        let of = needs.iter();
        of.map(|(path, sets)| (path.clone(), sets.iter().map(told).collect()))
            .collect()
    }

    fn tell_split(&self, next: &Self, apart: &mut Vec<Apart>) {
        let mut first: BTreeMap<usize, (&ArchivePath, usize)> = BTreeMap::new();
        for (path, class) in &self.of {
            let new = next.of.get(path).copied().unwrap_or(usize::MAX);
            let &mut (one, number) = first.entry(*class).or_insert((path, new));
            if number != new {
                apart.push(Apart {
                    one: one.clone(),
                    other: path.clone(),
                    why: "one build, but what they need leads to different files".into(),
                });
            }
        }
    }

    pub(in crate::plan) fn members(&self) -> BTreeMap<usize, Vec<ArchivePath>> {
        let mut members: BTreeMap<usize, Vec<ArchivePath>> = BTreeMap::new();
        for (path, class) in &self.of {
            members.entry(*class).or_default().push(path.clone());
        }
        members.retain(|_, files| files.len() > 1);
        members
    }
}

/// For each file, where each of its needs leads in any process.
type Needs = BTreeMap<ArchivePath, Vec<BTreeSet<Leads>>>;

/// For each file in a class, to which file each of its needs leads: those of its links are its own. Nobody loads what is in the store but by links, so that only what has none yet is
/// judged by where it lies.
fn needs_of(
    graphs: &[Graph<LoadFacts>],
    elf: &BTreeMap<ArchivePath, TreeElf>,
    classes: &Classes,
) -> Needs {
    let mut needs = Needs::new();
    for of_store in [false, true] {
        let told: BTreeSet<ArchivePath> = needs.keys().cloned().collect();
        for (graph, edge) in edges_of(graphs, of_store) {
            let Some(module) = graph.module(edge.from) else {
                continue;
            };
            let Ok(path) = ArchivePath::parse(module.file.real_path.relative()) else {
                continue;
            };
            if !classes.of.contains_key(&path) || told.contains(&path) {
                continue;
            }
            let Some(facts) = elf.get(&path).map(|one| &one.file.facts) else {
                continue;
            };
            let Some(index) = facts.needed.iter().position(|name| *name == edge.wants) else {
                continue;
            };
            let leads = match edge.target {
                Target::Libc => Leads::Libc,
                Target::Missing => Leads::Out(without_hash(edge.wants.as_str())),
                Target::Module(id) => match graph.module(id) {
                    Some(target) => Leads::File(target.file.real_path.clone()),
                    None => continue,
                },
            };
            let list = needs.entry(path).or_default();
            if list.len() <= index {
                list.resize(index.saturating_add(1), BTreeSet::new());
            }
            if let Some(set) = list.get_mut(index) {
                set.insert(leads);
            }
        }
    }
    needs
}

/// The edges of the processes in which a file of the store, or any other, was loaded first.
fn edges_of(
    graphs: &[Graph<LoadFacts>],
    of_store: bool,
) -> impl Iterator<Item = (&Graph<LoadFacts>, &Edge)> {
    graphs.iter().flat_map(move |graph| {
        let is_asked = move |walk: &&RootWalk| is_of_store(graph, walk) == of_store;
        let walks = graph.walks.iter().filter(is_asked);
        walks.flat_map(move |walk| walk.edges().map(move |edge| (graph, edge)))
    })
}

/// The classes, with the files of the store in those of what they are copies of.
pub(in crate::plan) fn with_store(classes: &Classes, plan: &TreePlan) -> Classes {
    let mut of = classes.of.clone();
    for (at, kept) in &plan.stored {
        if let Some(class) = classes.of.get(kept) {
            of.insert(at.clone(), *class);
        }
    }
    Classes { of }
}

/// Whether a file of the store was loaded by its own path, as nobody does: its links are there for
/// that, and it is from their folders that its needs are to be found.
pub(in crate::plan) fn is_of_store(graph: &Graph<LoadFacts>, walk: &RootWalk) -> bool {
    let root = graph.module(walk.root);
    root.is_some_and(|root| root.path.relative().split('/').next() == Some(STORE))
}

/// The files of a class and which of them is to stand for all.
pub(in crate::plan) struct Choice {
    pub(in crate::plan) files: Vec<ArchivePath>,
    /// Best first; one for each different content.
    order: Vec<ArchivePath>,
    at: usize,
}

impl Choice {
    pub(in crate::plan) fn new(
        files: Vec<ArchivePath>,
        elf: &BTreeMap<ArchivePath, TreeElf>,
        contents: &BTreeMap<ArchivePath, [u8; 32]>,
    ) -> Self {
        let rank = |path: &ArchivePath| {
            let file = elf.get(path).map(|one| &one.file);
            let finds_siblings = file.is_some_and(|file| {
                let run_path = file.facts.run_path.as_ref();
                run_path.is_some_and(|run_path| run_path.value.contains("$ORIGIN"))
            });
            let size = file.map_or(u64::MAX, |file| file.size);
            // What is in the store already stays there.
            (path.first() != STORE, !finds_siblings, size, path.clone())
        };
        let mut order = files.clone();
        order.sort_by_key(rank);
        if order.first().is_some_and(|first| first.first() == STORE) {
            order.truncate(1);
        }
        let mut seen = BTreeSet::new();
        order.retain(|path| {
            contents
                .get(path)
                .is_none_or(|content| seen.insert(*content))
        });
        Self {
            files,
            order,
            at: 0,
        }
    }

    pub(in crate::plan) fn kept(&self) -> Option<&ArchivePath> {
        self.order.get(self.at)
    }

    pub(in crate::plan) fn take_next(&mut self) -> bool {
        self.at = self.at.saturating_add(1);
        self.at < self.order.len()
    }

    pub(in crate::plan) fn refused(self, why: Sentence) -> Option<Apart> {
        let mut files = self.files.into_iter();
        Some(Apart {
            one: files.next()?,
            other: files.next()?,
            why,
        })
    }
}
