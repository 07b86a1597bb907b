//! A machine that has nothing but packages: what a check resolves in, so that its verdict does
//! not depend on the machine it runs on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::{ElfEntry, Settled};
use crate::resolve::{ElfFile, Graph, Loader, ModulePath, Opened, World, resolve};

/// The ELF files of one wheel, or of all packages of an installed tree.
#[derive(Default)]
pub(super) struct PackageWorld {
    pub(super) files: BTreeMap<ModulePath, Arc<ElfFile>>,
}

impl PackageWorld {
    pub(super) fn of(elf: &[ElfEntry]) -> Self {
        let files = elf
            .iter()
            .map(|entry| (entry.installed.clone(), Arc::clone(&entry.file)));
        Self {
            files: files.collect(),
        }
    }

    /// What each of `roots` pulls in.
    pub(super) fn resolve(&self, settled: &Settled, roots: &[ElfEntry]) -> Graph {
        let loader = Loader {
            libc: settled.libc,
            machine: settled.machine,
            environment: Vec::new(),
            lib_path: Vec::new(),
            search_system: false,
        };
        let roots: Vec<ModulePath> = roots
            .iter()
            .filter(|entry| entry.file.facts.dynamic)
            .map(|entry| entry.installed.clone())
            .collect();
        resolve(self, &loader, &roots)
    }
}

impl World for PackageWorld {
    fn open(&self, path: &ModulePath) -> Opened {
        match self.files.get(path) {
            Some(file) => Opened::Elf(Arc::clone(file)),
            None => Opened::Missing,
        }
    }

    fn text(&self, _: &str) -> Option<String> {
        None
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}
