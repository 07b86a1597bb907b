//! A handful of files in memory and a loader to load them with.

use wheelfix::resolve::{
    Edge, Graph, Libc, Loader, MachineKey, MemoryWorld, ModulePath, Opened, Place, Target, resolve,
};

use super::elf_builder::Elf;

pub fn elf(needed: &[&str]) -> Elf {
    Elf {
        needed: needed.iter().map(|name| (*name).to_owned()).collect(),
        ..Elf::default()
    }
}

pub fn with_rpath(path: &str, needed: &[&str]) -> Elf {
    Elf {
        rpath: Some(path.to_owned()),
        ..elf(needed)
    }
}

pub fn with_runpath(path: &str, needed: &[&str]) -> Elf {
    Elf {
        runpath: Some(path.to_owned()),
        ..elf(needed)
    }
}

pub struct SmallWorld {
    machine: String,
    world: MemoryWorld,
    loader: Loader,
}

impl SmallWorld {
    pub fn musl(machine: &str) -> Self {
        Self::new(Libc::Musl, machine)
    }

    pub fn glibc(machine: &str) -> Self {
        Self::new(Libc::Glibc, machine)
    }

    fn new(libc: Libc, machine: &str) -> Self {
        let mut any = elf(&[]);
        any.machine = machine.to_owned();
        let facts = wheelfix::elf::read(&any.build()).unwrap();
        Self {
            machine: machine.to_owned(),
            world: MemoryWorld::new(),
            loader: Loader {
                search_system: true,
                ..Loader::new(libc, MachineKey::of(&facts))
            },
        }
    }

    pub fn environment(&mut self, folder: &str) {
        self.loader.environment.push(path(folder));
    }

    pub fn lib_path(&mut self, folder: &str) {
        self.loader.lib_path.push(path(folder));
    }

    pub fn search_system(&mut self, search: bool) {
        self.loader.search_system = search;
    }

    /// A file for the world's machine, unless it says that it is for another one.
    pub fn put(&mut self, place: &str, mut file: Elf) {
        if file.machine == Elf::default().machine {
            file.machine.clone_from(&self.machine);
        }
        self.put_exactly(place, file);
    }

    pub fn put_exactly(&mut self, place: &str, file: Elf) {
        let facts = wheelfix::elf::read(&file.build()).unwrap();
        self.world.elf(&path(place), facts);
    }

    pub fn link(&mut self, place: &str, target: &str) {
        self.world.link(&path(place), &path(target));
    }

    pub fn text(&mut self, place: &str) {
        self.world.answer(&path(place), Opened::NotElf);
    }

    pub fn write(&mut self, place: &str, text: &str) {
        self.world.write(place, text);
    }

    fn graph(&self, root: &str) -> Graph {
        resolve(&self.world, &self.loader, &[path(root)]).unwrap()
    }

    /// The edge of that name, whoever has it.
    pub fn edge(&self, root: &str, name: &str) -> Edge {
        let graph = self.graph(root);
        let mut edges = graph.walks[0].edges();
        let edge = edges.find(|edge| edge.wants.as_str() == name);
        edge.expect("nobody needs that name").clone()
    }

    /// Where a name leads.
    pub fn found(&self, root: &str, name: &str) -> String {
        let graph = self.graph(root);
        match self.edge(root, name).target {
            Target::Module(id) => graph.module(id).unwrap().path.to_string(),
            other => panic!("{name} leads to {other:?}"),
        }
    }

    pub fn tried(&self, root: &str, name: &str) -> Vec<String> {
        let edge = self.edge(root, name);
        edge.probes
            .iter()
            .map(|probe| probe.path.to_string())
            .collect()
    }

    /// The paths of everything that is loaded, in loading order.
    pub fn closure(&self, root: &str) -> Vec<String> {
        let graph = self.graph(root);
        let modules = graph.walks[0].closure.iter();
        modules
            .map(|id| graph.module(*id).unwrap().path.to_string())
            .collect()
    }
}

/// `wheel:/…` is a path of site-packages, any other one of the system.
fn path(text: &str) -> ModulePath {
    match text.strip_prefix("wheel:") {
        Some(inside) => ModulePath::new(Place::Wheel, inside),
        None => ModulePath::new(Place::System, text),
    }
}
