//! Which copies of a library become one, and where that one lies.
//!
//! Six rules make a link safe. The files are one build (proved by whoever reads bytes). What they
//! need leads to one class again, need by need ([`Classes::refine`]). From each link's folder the
//! kept file finds what it needs, and it is as self-sufficient as each file it stands for: both
//! are seen by loading every file of the tree before and after (`dedupe_check`), and so is that
//! no package comes to load what another one brings (`dedupe_owners`). Twins
//! inside one distribution become links to each other; across distributions they become links to
//! a store that belongs to none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dedupe_check::{self, Simulation};
use super::dedupe_owners::Owners;
use super::dedupe_store::{library_name, store_path, unused};
use super::tree::{Apart, Merged, STORE, Tree, TreePlan};
use crate::elf::{Kind, LoadFacts, Span, VirtualAddress, without_hash};
use crate::resolve::{Edge, ElfFile, Graph, ModulePath, Place, RootWalk, Target};
use crate::wheel::ArchivePath;

/// One ELF file of a tree.
#[derive(Clone, Debug)]
pub struct TreeElf {
    /// What loaders search by.
    pub file: Arc<ElfFile<LoadFacts>>,
    /// Its executable segments.
    pub code: Vec<Span<VirtualAddress>>,
}

/// What is known of a tree when it is planned.
pub struct DedupeInput<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Its ELF files by path; links are there with the file behind them.
    pub elf: &'a BTreeMap<ArchivePath, TreeElf>,
    /// Files that are proved to be one build; each at least two.
    pub twins: Vec<Vec<ArchivePath>>,
    /// Which of them are equal byte for byte: equal numbers.
    pub contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
    /// What was found different on the way.
    pub apart: Vec<Apart>,
    /// Loads all files of a tree with these links.
    pub simulate: &'a dyn Fn(&Simulation<'_>) -> Vec<Graph<LoadFacts>>,
}

/// The path of a file in the resolver's world.
#[must_use]
pub fn module_path(path: &ArchivePath) -> ModulePath {
    ModulePath::new(Place::Wheel, path.as_str())
}

/// Vendored libraries of one name and machine, which may be twins; each group has several files,
/// and at least one that is not a link yet.
#[must_use]
pub fn candidates(tree: &Tree, elf: &BTreeMap<ArchivePath, TreeElf>) -> Vec<Vec<ArchivePath>> {
    let mut groups: BTreeMap<(String, String), Vec<ArchivePath>> = BTreeMap::new();
    for (path, one) in elf {
        let is_file = tree.files.get(path).is_some_and(|file| file.link.is_none());
        let facts = &one.file.facts;
        let is_library = facts.kind == Kind::Shared && facts.dynamic && !facts.is_program;
        if is_file && is_library && is_vendored(path) && tree.owner(path).is_some() {
            // Code of one size at one address: anything else is another build for sure.
            let code = one.code.iter().map(|span| (span.start.0, span.size()));
            let shape = format!("{:?} {:?}", facts.machine, code.collect::<Vec<_>>());
            let key = (library_name(path.file_name()), shape);
            groups.entry(key).or_default().push(path.clone());
        }
    }
    groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

/// Whether a file is by its name a library for others, rather than a module of Python's.
fn is_vendored(path: &ArchivePath) -> bool {
    let name = path.file_name();
    let in_libs = || {
        let folder = path.parent();
        folder.is_some_and(|folder| folder.as_str().ends_with(".libs"))
    };
    let is_module = name.contains(".cpython-") || name.contains(".abi3.") || name.contains(".pypy");
    let is_versioned = name.contains(".so.");
    !is_module && (name.starts_with("lib") || is_versioned || in_libs())
}

/// Files in classes; every file of a class can stand for every other.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    pub(super) of: BTreeMap<ArchivePath, usize>,
}

/// Where a need leads, for the comparison of two files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leads {
    Class(usize),
    File(ModulePath),
    Libc,
    /// Out of the tree, under this name.
    Out(String),
}

impl Classes {
    fn new(twins: &[Vec<ArchivePath>]) -> Self {
        let numbered = twins.iter().enumerate();
        let of =
            numbered.flat_map(|(class, files)| files.iter().map(move |path| (path.clone(), class)));
        Self { of: of.collect() }
    }

    /// The class of a file, or the file itself.
    pub(super) fn key(&self, path: &ModulePath) -> Leads {
        let known = ArchivePath::parse(path.relative()).ok();
        match known.and_then(|path| self.of.get(&path).copied()) {
            Some(class) => Leads::Class(class),
            None => Leads::File(path.clone()),
        }
    }

    /// Splits classes until the needs of all files of one lead to the same classes.
    fn refine(
        &mut self,
        graphs: &[Graph<LoadFacts>],
        elf: &BTreeMap<ArchivePath, TreeElf>,
        apart: &mut Vec<Apart>,
    ) {
        loop {
            let mut signatures = needs_of(graphs, elf, self);
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
                return;
            }
            self.tell_split(&next, apart);
            *self = next;
        }
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
                    why: "one build, but what they need leads to different files".to_owned(),
                });
            }
        }
    }

    fn members(&self) -> BTreeMap<usize, Vec<ArchivePath>> {
        let mut members: BTreeMap<usize, Vec<ArchivePath>> = BTreeMap::new();
        for (path, class) in &self.of {
            members.entry(*class).or_default().push(path.clone());
        }
        members.retain(|_, files| files.len() > 1);
        members
    }
}

/// For each file in a class, where each of its needs leads in any process: those of its links are
/// its own. Nobody loads what is in the store but by links, so that only what has none yet is
/// judged by where it lies.
fn needs_of(
    graphs: &[Graph<LoadFacts>],
    elf: &BTreeMap<ArchivePath, TreeElf>,
    classes: &Classes,
) -> BTreeMap<ArchivePath, Vec<BTreeSet<Leads>>> {
    let mut needs: BTreeMap<ArchivePath, Vec<BTreeSet<Leads>>> = BTreeMap::new();
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
                    Some(target) => classes.key(&target.file.real_path),
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
    // Missing when it is loaded first, found when its user brought it: only the latter tells.
    for set in needs.values_mut().flatten() {
        if set.len() > 1 {
            set.retain(|leads| !matches!(leads, Leads::Out(_)));
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
        let is_asked = move |walk: &&RootWalk| dedupe_check::is_of_store(graph, walk) == of_store;
        let walks = graph.walks.iter().filter(is_asked);
        walks.flat_map(move |walk| walk.edges.iter().map(move |edge| (graph, edge)))
    })
}

/// Works out what `dedupe` does to a tree.
#[must_use]
pub fn dedupe(input: DedupeInput<'_>) -> TreePlan {
    let tree = input.tree;
    let mut apart = input.apart;
    let before = (input.simulate)(&Simulation::default());
    let mut classes = Classes::new(&input.twins);
    classes.refine(&before, input.elf, &mut apart);
    let mut choices: BTreeMap<usize, Choice> = classes
        .members()
        .into_iter()
        .map(|(class, files)| (class, Choice::new(files, input.elf, input.contents)))
        .collect();
    let owners = Owners::new(tree, input.elf, input.contents, &before, &classes);
    loop {
        let plan = arrange(tree, &choices, input.contents);
        let simulation = Simulation {
            links: &plan.links,
            stored: &plan.stored,
        };
        let after = (input.simulate)(&simulation);
        let keys = dedupe_check::with_store(&classes, &plan);
        let loss = dedupe_check::first_loss(&before, &after, &classes, &keys, &choices);
        let refusal = loss.or_else(|| owners.first_stranger(&after, &keys, &choices));
        let Some((class, why)) = refusal else {
            return finish(tree, plan, apart);
        };
        let exhausted = choices
            .get_mut(&class)
            .is_none_or(|choice| !choice.take_next());
        if exhausted && let Some(choice) = choices.remove(&class) {
            apart.extend(choice.refused(&why));
        }
    }
}

/// The files of a class and which of them is to stand for all.
pub(super) struct Choice {
    files: Vec<ArchivePath>,
    /// Best first; one for each different content.
    order: Vec<ArchivePath>,
    at: usize,
}

impl Choice {
    fn new(
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

    pub(super) fn kept(&self) -> Option<&ArchivePath> {
        self.order.get(self.at)
    }

    fn take_next(&mut self) -> bool {
        self.at = self.at.saturating_add(1);
        self.at < self.order.len()
    }

    fn refused(self, why: &str) -> Option<Apart> {
        let mut files = self.files.into_iter();
        Some(Apart {
            one: files.next()?,
            other: files.next()?,
            why: why.to_owned(),
        })
    }
}

fn arrange(
    tree: &Tree,
    choices: &BTreeMap<usize, Choice>,
    contents: &BTreeMap<ArchivePath, [u8; 32]>,
) -> TreePlan {
    let mut plan = TreePlan::default();
    let mut taken: BTreeSet<ArchivePath> = tree
        .files
        .keys()
        .filter(|path| path.first() == STORE)
        .cloned()
        .collect();
    for choice in choices.values() {
        let Some(kept) = choice.kept() else {
            continue;
        };
        let owners: BTreeSet<_> = choice
            .files
            .iter()
            .map(|path| tree.owners.get(path))
            .collect();
        let size = |path: &ArchivePath| tree.files.get(path).map_or(0, |file| file.size);
        let at = if kept.first() == STORE || owners.len() == 1 {
            kept.clone()
        } else {
            let Some(at) = store_path(kept, contents, &taken) else {
                continue;
            };
            taken.insert(at.clone());
            plan.stored.insert(at.clone(), kept.clone());
            at
        };
        let links: Vec<ArchivePath> = choice
            .files
            .iter()
            .filter(|path| **path != at)
            .cloned()
            .collect();
        let all: u64 = links.iter().map(size).sum();
        let cost = if at == *kept { 0 } else { size(kept) };
        let mut digests = choice.files.iter().map(|path| contents.get(path));
        let first = digests.next().flatten();
        plan.merged.push(Merged {
            library: library_name(kept.file_name()),
            kept: kept.clone(),
            at: at.clone(),
            identical: digests.all(|digest| digest == first),
            saved: all.saturating_sub(cost),
            links: links.clone(),
        });
        plan.links
            .extend(links.into_iter().map(|link| (link, at.clone())));
    }
    plan
}

/// Adds what of the store nothing links to any more, which need not become a link either.
fn finish(tree: &Tree, mut plan: TreePlan, mut apart: Vec<Apart>) -> TreePlan {
    let unused = unused(tree, &plan.links);
    plan.links.retain(|path, _| !unused.contains(path));
    for merged in &mut plan.merged {
        let (gone, stay) = std::mem::take(&mut merged.links)
            .into_iter()
            .partition(|path| unused.contains(path));
        let gone: Vec<ArchivePath> = gone;
        merged.links = stay;
        merged.saved = merged.saved.saturating_sub(tree.size_of(gone.iter()));
    }
    plan.merged.retain(|merged| !merged.links.is_empty());
    plan.dropped = unused.into_iter().collect();
    apart.sort();
    apart.dedup();
    plan.apart = apart;
    plan.merged
        .sort_by(|one, other| (other.saved, &one.kept).cmp(&(one.saved, &other.kept)));
    plan
}
