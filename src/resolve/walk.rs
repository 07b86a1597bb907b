//! Loading one file into a fresh process, name by name, breadth first, as both loaders do.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::directories::Directory;
use super::graph::{Edge, Graph, Module, ModuleId, Outcome, Probe, RootWalk, Target, Why};
use super::loader::{Libc, Loader};
use super::process::{Loaded, Walk};
use super::rules::is_libc_name;
use super::world::{ElfFile, FileIdentity, ModulePath, Opened, Place, World};
use super::{glibc, musl};
use crate::elf::{LoadFacts, Soname};

/// Load each of `roots` into a process of its own by `loader`'s rules. A root that is
/// not a readable ELF file has no walk.
pub fn resolve<F: AsRef<LoadFacts>>(
    world: &dyn World<F>,
    loader: &Loader,
    roots: &[ModulePath],
) -> Graph<F> {
    let mut session = Session {
        world,
        loader,
        graph: Graph::default(),
        by_path: HashMap::new(),
    };
    for root in roots {
        if let Opened::Elf(file) = world.open(root) {
            let walk = session.walk(root, &file);
            session.graph.walks.push(walk);
        }
    }
    session.graph
}

struct Session<'a, F> {
    world: &'a dyn World<F>,
    loader: &'a Loader,
    graph: Graph<F>,
    by_path: HashMap<ModulePath, ModuleId>,
}

/// What a search came to.
struct Search<F> {
    probes: Vec<Probe>,
    found: Option<(ModulePath, Arc<ElfFile<F>>)>,
}

impl<F: AsRef<LoadFacts>> Session<'_, F> {
    fn module(&mut self, path: &ModulePath, file: &Arc<ElfFile<F>>) -> ModuleId {
        if let Some(id) = self.by_path.get(path) {
            return *id;
        }
        let id = self.graph.push(Module {
            path: path.clone(),
            file: Arc::clone(file),
        });
        self.by_path.insert(path.clone(), id);
        id
    }

    fn walk(&mut self, path: &ModulePath, file: &Arc<ElfFile<F>>) -> RootWalk {
        let root = self.module(path, file);
        let mut loaded = vec![Loaded {
            module: root,
            names: Vec::new(),
            needed_by: None,
        }];
        let mut identities: BTreeMap<FileIdentity, usize> = BTreeMap::new();
        identities.insert(file.identity.clone(), 0);
        let mut edges = Vec::new();
        let mut next = 0;
        while let Some(current) = loaded.get(next).cloned() {
            let needed: Vec<Soname> = self
                .graph
                .module(current.module)
                .map(|module| module.file.load().needed.clone())
                .unwrap_or_default();
            for wants in needed {
                let edge = self.step(&wants, next, &current, &mut loaded, &mut identities);
                edges.push(edge);
            }
            next = next.saturating_add(1);
        }
        RootWalk {
            root,
            closure: loaded.iter().map(|one| one.module).collect(),
            edges,
        }
    }

    fn step(
        &mut self,
        wants: &Soname,
        position: usize,
        current: &Loaded,
        loaded: &mut Vec<Loaded>,
        identities: &mut BTreeMap<FileIdentity, usize>,
    ) -> Edge {
        let name = wants.as_str();
        let mut edge = Edge {
            from: current.module,
            wants: wants.clone(),
            target: Target::Missing,
            probes: Vec::new(),
        };
        if is_libc_name(self.loader.libc, name) {
            edge.target = Target::Libc;
            return edge;
        }
        if let Some(module) = self.find_loaded(name, loaded) {
            edge.target = Target::Module(module);
            if let Some(known) = self.graph.module(module) {
                edge.probes.push(Probe {
                    path: known.path.clone(),
                    why: Why::AlreadyLoaded,
                    outcome: Outcome::Found,
                });
            }
            return edge;
        }
        let search = self.search(name, current, loaded);
        edge.probes = search.probes;
        let Some((path, file)) = search.found else {
            return edge;
        };
        let by_path = name.contains('/');
        let place = match identities.get(&file.identity) {
            Some(place) => *place,
            None => {
                let module = self.module(&path, &file);
                identities.insert(file.identity.clone(), loaded.len());
                loaded.push(Loaded {
                    module,
                    names: Vec::new(),
                    needed_by: Some(position),
                });
                loaded.len().saturating_sub(1)
            }
        };
        if let Some(one) = loaded.get_mut(place) {
            edge.target = Target::Module(one.module);
            // musl keeps one short name, the first that a search found it by; glibc adds
            // every name to the list.
            let keeps = match self.loader.libc {
                Libc::Musl => one.names.is_empty() && !by_path,
                Libc::Glibc => true,
            };
            if keeps {
                one.names.push(name.to_owned());
            }
        }
        edge
    }

    fn find_loaded(&self, name: &str, loaded: &[Loaded]) -> Option<ModuleId> {
        if name.contains('/') {
            return None;
        }
        let walk = self.view(loaded);
        loaded
            .iter()
            .find(|one| match self.loader.libc {
                Libc::Musl => musl::already_loaded(one, name),
                Libc::Glibc => glibc::already_loaded(&walk, one, name),
            })
            .map(|one| one.module)
    }

    fn view<'a>(&'a self, loaded: &'a [Loaded]) -> Walk<'a, F> {
        Walk {
            world: self.world,
            loader: self.loader,
            graph: &self.graph,
            loaded,
        }
    }

    /// Try one path after the other. Unlike musl, which fails on the first file that is
    /// there but cannot be loaded, the search goes on: on a build machine a stray linker
    /// script or a library of another machine must not hide the right one. The probe
    /// tells what was passed over.
    fn search(&self, name: &str, current: &Loaded, loaded: &[Loaded]) -> Search<F> {
        let mut search = Search {
            probes: Vec::new(),
            found: None,
        };
        if name.contains('/') {
            // A relative one depends on the working directory: nothing to look at.
            if name.starts_with('/') {
                self.probe(ModulePath::new(Place::System, name), Why::Path, &mut search);
            }
            return search;
        }
        let walk = self.view(loaded);
        let directories: Vec<Directory> = match self.loader.libc {
            Libc::Musl => musl::directories(&walk, current),
            Libc::Glibc => glibc::directories(&walk, current),
        };
        for directory in directories {
            let path = directory.path.join(name);
            // A folder that two rules name is looked into once.
            if search.probes.iter().any(|probe| probe.path == path) {
                continue;
            }
            self.probe(path, directory.why, &mut search);
            if search.found.is_some() {
                break;
            }
        }
        search
    }

    fn probe(&self, path: ModulePath, why: Why, search: &mut Search<F>) {
        let outcome = match self.world.open(&path) {
            Opened::Missing => Outcome::NoSuchFile,
            Opened::NotAFile => Outcome::NotAFile,
            Opened::Unreadable(why) => Outcome::Unreadable(why),
            Opened::NotElf => Outcome::NotElf,
            Opened::Malformed(how) => Outcome::Malformed(how),
            Opened::Elf(file) => {
                let outcome = self.loader.judge(file.load());
                if outcome == Outcome::Found {
                    search.found = Some((path.clone(), file));
                }
                outcome
            }
        };
        search.probes.push(Probe { path, why, outcome });
    }
}
