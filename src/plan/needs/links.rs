//! One answer for each needed name, from the walks of all roots.
//!
//! A library may be reached by several files of the wheel, and musl hands run paths
//! down, so one name may lead to different files, or nowhere, depending on who was
//! loaded first. A repaired wheel has one DT_NEEDED for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::elf::{Facts, Soname};
use crate::plan::Note;
use crate::resolve::{
    Edge, ElfFile, Graph, ModuleId, ModulePath, Probe, RootWalk, Target, distinct_edges,
};

/// Where a needed name leads, all walks taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Leads {
    /// To a file of the wheel.
    Inside {
        file: ModulePath,
        /// Loaded on its own, the needing file finds it by itself.
        alone: bool,
    },
    /// To a file outside of the wheel, by its real path.
    Outside(ModulePath),
    /// To the C library or the loader.
    Libc,
    /// Nowhere; what was tried.
    Missing(Arc<[Probe]>),
}

/// The files and what each of their needed names leads to.
#[derive(Debug, Default)]
pub(in crate::plan) struct Links {
    pub(in crate::plan) files: BTreeMap<ModulePath, Arc<ElfFile>>,
    pub(in crate::plan) needs: BTreeMap<ModulePath, BTreeMap<Soname, Leads>>,
    /// What a file has version needs on without needing it: another file of the process brings it.
    pub(in crate::plan) brought: BTreeMap<ModulePath, BTreeMap<Soname, Leads>>,
    /// The programs, and what they load: nobody but themselves brings a libpython there.
    pub(in crate::plan) of_programs: BTreeSet<ModulePath>,
    pub(in crate::plan) notes: BTreeSet<Note>,
}

impl Links {
    /// What the needed names of a file lead to.
    pub(in crate::plan) fn of(&self, file: &ModulePath) -> impl Iterator<Item = (&Soname, &Leads)> {
        self.needs.get(file).into_iter().flatten()
    }

    /// Read the walks. A file of the wheel beats one of the system (the loader finds it
    /// first where the wheel runs), and a found file beats none.
    pub(in crate::plan) fn merge(graph: &Graph) -> Self {
        let mut links = Self::default();
        for (_, module) in graph.modules() {
            links
                .files
                .entry(module.file.real_path.clone())
                .or_insert_with(|| Arc::clone(&module.file));
        }
        for (walk, edge) in distinct_edges(graph.walks.iter()) {
            let Some(from) = graph.module(edge.from) else {
                continue;
            };
            if let Some(leads) = leads(graph, walk, edge) {
                links.add(&from.file.real_path, &edge.wants, leads);
            }
        }
        let unasked: BTreeMap<ModuleId, BTreeSet<&Soname>> = graph
            .modules()
            .map(|(id, module)| (id, unasked(&module.file.facts).collect()))
            .filter(|(_, names): &(_, BTreeSet<&Soname>)| !names.is_empty())
            .collect();
        for walk in &graph.walks {
            links.add_process(graph, walk, &unasked);
        }
        links
    }

    /// What the files of one process have of each other without asking for it.
    fn add_process(
        &mut self,
        graph: &Graph,
        walk: &RootWalk,
        unasked: &BTreeMap<ModuleId, BTreeSet<&Soname>>,
    ) {
        let root = graph.module(walk.root);
        if root.is_some_and(|module| module.file.facts.is_program) {
            let modules = walk.closure.iter().filter_map(|&id| graph.module(id));
            let paths = modules.map(|module| module.file.real_path.clone());
            self.of_programs.extend(paths);
        }
        if !walk.closure.iter().any(|id| unasked.contains_key(id)) {
            return;
        }
        let mut first: HashMap<&Soname, &Edge> = HashMap::new();
        for edge in walk.edges() {
            first.entry(&edge.wants).or_insert(edge);
        }
        for id in &walk.closure {
            let Some(module) = graph.module(*id) else {
                continue;
            };
            for name in unasked.get(id).into_iter().flatten() {
                let edge = first.get(name);
                if let Some(found) = edge.and_then(|edge| leads(graph, walk, edge)) {
                    let path = module.file.real_path.clone();
                    let known = self.brought.entry(path).or_default();
                    known.entry((*name).clone()).or_insert(found);
                }
            }
        }
    }

    fn add(&mut self, from: &ModulePath, wants: &Soname, new: Leads) {
        let known = self.needs.entry(from.clone()).or_default();
        let Some(old) = known.get_mut(wants) else {
            known.insert(wants.clone(), new);
            return;
        };
        match (&mut *old, new) {
            (
                Leads::Inside { file, alone },
                Leads::Inside {
                    file: other,
                    alone: also,
                },
            ) if *file == other => {
                *alone |= also;
            }
            (
                Leads::Inside { file: taken, .. } | Leads::Outside(taken),
                Leads::Inside { file: other, .. } | Leads::Outside(other),
            ) if taken.in_wheel() == other.in_wheel() && *taken != other => {
                self.notes.insert(Note::Ambiguous {
                    file: from.clone(),
                    library: wants.clone(),
                    taken: taken.clone(),
                    other,
                });
            }
            (old, new) if rank(&new) > rank(old) => *old = new,
            _ => {}
        }
    }
}

/// The libraries that a file has version needs on without needing them.
pub(in crate::plan) fn unasked(facts: &Facts) -> impl Iterator<Item = &Soname> {
    let needed: HashSet<&Soname> = facts.needed.iter().collect();
    let names = facts.version_needs.iter().map(|need| &need.file);
    names.filter(move |name| !needed.contains(name))
}

fn leads(graph: &Graph, walk: &RootWalk, edge: &Edge) -> Option<Leads> {
    Some(match edge.target {
        Target::Libc => Leads::Libc,
        Target::Missing => Leads::Missing(Arc::clone(&edge.probes)),
        Target::Module(id) => match graph.module(id)? {
            to if to.path.in_wheel() => Leads::Inside {
                file: to.path.clone(),
                alone: edge.from == walk.root,
            },
            to => Leads::Outside(to.file.real_path.clone()),
        },
    })
}

fn rank(leads: &Leads) -> u8 {
    match leads {
        Leads::Missing(_) => 0,
        Leads::Outside(_) => 1,
        Leads::Inside { .. } => 2,
        Leads::Libc => 3,
    }
}
