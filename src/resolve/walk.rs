//! Loading one file into a fresh process, name by name, breadth first, as both loaders do.

use std::collections::HashMap;
use std::sync::Arc;

use super::budget::{Bound, Exceeded, Meter};
use super::directories::{self, Directory};
use super::graph::{Edge, Graph, Module, ModuleId, Outcome, Probe, RootWalk, Target, Why};
use super::loader::{Libc, Loader};
use super::process::{Loaded, Process};
use super::rules::{is_libc_name, system};
use super::world::{ElfFile, Loadable, ModulePath, Opened, Place, World};
use super::{glibc, musl};
use crate::elf::Soname;

/// So many tried paths are kept of one search, besides the one that was taken.
const TOLD: usize = 100;
/// So many are kept of all searches.
const TOLD_IN_ALL: usize = 100_000;
/// With so many other ways in which a file's needs led somewhere a new way is compared.
const WAYS: usize = 4;

/// Load each of `roots` into a process of its own by `loader`'s rules. A root that is
/// not a readable ELF file has no walk.
///
/// # Errors
/// When the files ask for more work than the loader's budget allows.
pub fn resolve<F: Loadable>(
    world: &dyn World<F>,
    loader: &Loader,
    roots: &[ModulePath],
) -> Result<Graph<F>, Exceeded> {
    let mut session = Session {
        world,
        loader,
        system: system(world, loader)?,
        graph: Graph::within(loader.budget),
        by_path: HashMap::new(),
        ways: HashMap::new(),
        edges: Meter::new(&loader.budget, Bound::Edges),
        steps: Meter::new(&loader.budget, Bound::SearchSteps),
        missing: Meter::new(&loader.budget, Bound::Missing),
        symbols: Meter::new(&loader.budget, Bound::Symbols),
        lookups: Meter::new(&loader.budget, Bound::Lookups),
        to_tell: TOLD_IN_ALL,
    };
    for root in roots {
        if let Opened::Elf(file) = world.open(root) {
            let walk = session.walk(root, &file)?;
            session.graph.walks.push(walk);
        }
    }
    Ok(session.graph)
}

struct Session<'a, F> {
    world: &'a dyn World<F>,
    loader: &'a Loader,
    system: Vec<Directory>,
    graph: Graph<F>,
    by_path: HashMap<ModulePath, ModuleId>,
    /// The edges that each file had in processes before, to have them in common.
    ways: HashMap<ModuleId, Vec<Arc<[Edge]>>>,
    edges: Meter,
    steps: Meter,
    missing: Meter,
    symbols: Meter,
    lookups: Meter,
    /// How many more tried paths are kept.
    to_tell: usize,
}

/// What a search came to.
struct Search<F> {
    probes: Vec<Probe>,
    untold: u64,
    found: Option<(ModulePath, Arc<ElfFile<F>>)>,
}

/// The file whose needs are looked at.
struct Needing<F> {
    module: ModuleId,
    path: ModulePath,
    file: Arc<ElfFile<F>>,
    place: usize,
    /// Where its needs are looked for; put in order by the first that is not there already.
    folders: Option<Arc<[Directory]>>,
}

impl<F: Loadable> Session<'_, F> {
    fn module(&mut self, path: &ModulePath, file: &Arc<ElfFile<F>>) -> Result<ModuleId, Exceeded> {
        if let Some(id) = self.by_path.get(path) {
            return Ok(*id);
        }
        self.loader.budget.allow_file(path, file.load())?;
        let count = (self.by_path.len() as u64).saturating_add(1);
        self.loader.budget.allow(Bound::Modules, count, path)?;
        self.symbols.spend(file.facts.names(), path)?;
        let id = self.graph.push(Module {
            path: path.clone(),
            file: Arc::clone(file),
        });
        self.by_path.insert(path.clone(), id);
        Ok(id)
    }

    fn walk(&mut self, path: &ModulePath, file: &Arc<ElfFile<F>>) -> Result<RootWalk, Exceeded> {
        let root = self.module(path, file)?;
        let mut process = Process::default();
        self.load(&mut process, root, file, None)?;
        let mut groups = Vec::new();
        let mut next = 0;
        while let Some(module) = process.loaded.get(next).map(|one| one.module) {
            groups.extend(self.needs(module, next, &mut process)?);
            next = next.saturating_add(1);
        }
        Ok(RootWalk {
            root,
            closure: process.loaded.iter().map(|one| one.module).collect(),
            groups,
        })
    }

    /// Put a file into the process.
    fn load(
        &self,
        process: &mut Process,
        module: ModuleId,
        file: &ElfFile<F>,
        needed_by: Option<usize>,
    ) -> Result<usize, Exceeded> {
        let place = process.loaded.len();
        let above = needed_by.and_then(|place| process.loaded.get(place));
        let depth = above.map_or(0, |above| above.depth.saturating_add(1));
        let mut run_paths: Arc<[Directory]> =
            above.map_or_else(|| Arc::from([]), |above| Arc::clone(&above.run_paths));
        if let Some(Module { path, .. }) = self.graph.module(module) {
            self.loader.budget.allow(Bound::Depth, depth, path)?;
            let own = match self.loader.libc {
                Libc::Musl => musl::own(file.load(), path),
                Libc::Glibc => glibc::inherited(self.loader.machine.arch(), file.load(), path),
            };
            if !own.is_empty() {
                run_paths = directories::joined([&*own, &*run_paths]).into();
                self.spend_on(&run_paths, path)?;
            }
        }
        if let Some(Module { path, file }) = self.graph.module(module) {
            self.lookups.spend(file.facts.names(), path)?;
        }
        process.loaded.push(Loaded {
            module,
            is_named: false,
            depth,
            run_paths,
        });
        process.by_identity.insert(file.identity.clone(), place);
        // glibc (`_dl_map_object`) compares a bare name with those that a library was loaded under,
        // then with its DT_SONAME; musl (`load_library`) with the short names alone.
        if let (Libc::Glibc, Some(soname)) = (self.loader.libc, &file.load().soname) {
            process.name(soname.as_str(), place);
        }
        Ok(place)
    }

    /// A list of folders costs as much as looking into them.
    fn spend_on(&self, folders: &[Directory], of: &ModulePath) -> Result<(), Exceeded> {
        let count = folders.len() as u64;
        let budget = &self.loader.budget;
        budget.allow(Bound::SearchFolders, count, of)?;
        self.steps.spend(count, of)
    }

    /// Where the needs of one file lead; `None` where it has none.
    fn needs(
        &mut self,
        module: ModuleId,
        place: usize,
        process: &mut Process,
    ) -> Result<Option<Arc<[Edge]>>, Exceeded> {
        let Some(known) = self.graph.module(module) else {
            return Ok(None);
        };
        let mut needing = Needing {
            module,
            path: known.path.clone(),
            file: Arc::clone(&known.file),
            place,
            folders: None,
        };
        let file = Arc::clone(&needing.file);
        let needed = &file.load().needed;
        self.edges.spend(needed.len() as u64, &needing.path)?;
        let edges = needed.iter();
        let edges: Vec<Edge> = edges
            .map(|wants| self.step(wants, &mut needing, process))
            .collect::<Result<_, Exceeded>>()?;
        // The first group of a walk is that of its root, even if it is empty.
        if edges.is_empty() && place > 0 {
            return Ok(None);
        }
        let ways = self.ways.entry(module).or_default();
        if let Some(way) = ways.iter().find(|way| ***way == *edges) {
            return Ok(Some(Arc::clone(way)));
        }
        if ways.is_empty() {
            let missing = edges.iter().filter(|edge| edge.target == Target::Missing);
            self.missing.spend(missing.count() as u64, &needing.path)?;
        }
        let edges: Arc<[Edge]> = edges.into();
        if ways.len() < WAYS {
            ways.push(Arc::clone(&edges));
        }
        Ok(Some(edges))
    }

    fn step(
        &mut self,
        wants: &Soname,
        needing: &mut Needing<F>,
        process: &mut Process,
    ) -> Result<Edge, Exceeded> {
        let name = wants.as_str();
        let mut edge = Edge {
            from: needing.module,
            wants: wants.clone(),
            target: Target::Missing,
            probes: Arc::from([]),
            untold: 0,
        };
        if is_libc_name(self.loader.libc, name) {
            edge.target = Target::Libc;
            return Ok(edge);
        }
        let by_path = name.contains('/');
        let known = process.by_name.get(name).filter(|_| !by_path);
        if let Some(known) = known.and_then(|place| process.loaded.get(*place)) {
            edge.target = Target::Module(known.module);
            if let Some(known) = self.graph.module(known.module) {
                edge.probes = Arc::from([Probe {
                    path: known.path.clone(),
                    why: Why::AlreadyLoaded,
                    outcome: Outcome::Found,
                }]);
            }
            return Ok(edge);
        }
        let search = self.search(name, needing, process)?;
        edge.probes = search.probes.into();
        edge.untold = search.untold;
        let Some((path, file)) = search.found else {
            return Ok(edge);
        };
        let place = match process.by_identity.get(&file.identity) {
            Some(place) => *place,
            None => {
                let module = self.module(&path, &file)?;
                self.load(process, module, &file, Some(needing.place))?
            }
        };
        if let Some(one) = process.loaded.get_mut(place) {
            edge.target = Target::Module(one.module);
            // musl keeps one short name, the first that a search found it by; glibc adds
            // every name to the list.
            let keeps = match self.loader.libc {
                Libc::Musl => !one.is_named && !by_path,
                Libc::Glibc => true,
            };
            if keeps {
                one.is_named = true;
                process.name(name, place);
            }
        }
        Ok(edge)
    }

    /// Try one path after the other. Unlike musl, which fails on the first file that is
    /// there but cannot be loaded, the search goes on: on a build machine a stray linker
    /// script or a library of another machine must not hide the right one. The probe
    /// tells what was passed over.
    fn search(
        &mut self,
        name: &str,
        needing: &mut Needing<F>,
        process: &Process,
    ) -> Result<Search<F>, Exceeded> {
        let mut search = Search {
            probes: Vec::new(),
            untold: 0,
            found: None,
        };
        if name.contains('/') {
            // A relative one depends on the working directory: nothing to look at.
            if name.starts_with('/') {
                self.steps.spend(1, &needing.path)?;
                self.probe(
                    ModulePath::new(Place::System, name),
                    &Why::Path,
                    &mut search,
                );
            }
            return Ok(search);
        }
        for directory in self.folders(needing, process)?.iter() {
            self.steps.spend(1, &needing.path)?;
            self.probe(directory.path.join(name), &directory.why, &mut search);
            if search.found.is_some() {
                break;
            }
        }
        Ok(search)
    }

    /// The folders in which the needs of a file are looked for, in order.
    fn folders(
        &self,
        needing: &mut Needing<F>,
        process: &Process,
    ) -> Result<Arc<[Directory]>, Exceeded> {
        if let Some(known) = &needing.folders {
            return Ok(Arc::clone(known));
        }
        let loaded = process.loaded.get(needing.place);
        let run_paths = loaded.map_or(&[][..], |one| &one.run_paths);
        let of = (needing.file.load(), &needing.path);
        let folders: Arc<[Directory]> = match self.loader.libc {
            Libc::Musl => musl::directories(self.loader, run_paths, &self.system),
            Libc::Glibc => glibc::directories(self.loader, of, run_paths, &self.system),
        }
        .into();
        self.spend_on(&folders, &needing.path)?;
        needing.folders = Some(Arc::clone(&folders));
        Ok(folders)
    }

    fn probe(&mut self, path: ModulePath, why: &Why, search: &mut Search<F>) {
        let outcome = match self.world.open(&path) {
            Opened::Missing => Outcome::NoSuchFile,
            Opened::NotAFile => Outcome::NotAFile,
            Opened::Unreadable(why) => {
                let found = (path.clone(), why.clone());
                self.graph.unreadable.get_or_insert(found);
                Outcome::Unreadable(why)
            }
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
        let is_told = search.probes.len() < TOLD && self.to_tell > 0;
        if !is_told && outcome != Outcome::Found {
            search.untold = search.untold.saturating_add(1);
            return;
        }
        self.to_tell = self.to_tell.saturating_sub(1);
        let why = why.clone();
        search.probes.push(Probe { path, why, outcome });
    }
}
