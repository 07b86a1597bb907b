//! Packages as a loader sees them: installed on a system, or on a machine that has nothing else,
//! so that a verdict does not depend on the machine it is made on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::elf::Facts;
use crate::plan::needs::subject::{ElfEntry, Platform, Subject};
use crate::resolve::{ElfFile, Exceeded, Loader, ModulePath, Opened, World, resolve};

/// The ELF files of one wheel, or of all packages of an installed tree, by where they lie.
pub struct PackageWorld<'a, F = Facts> {
    files: BTreeMap<ModulePath, Arc<ElfFile<F>>>,
    /// What there is outside of the packages.
    system: Option<&'a (dyn World<F> + Sync)>,
}

impl<'a> PackageWorld<'a> {
    /// These files, and outside of them the files of `system`.
    pub fn on(system: &'a (dyn World + Sync), elf: &[ElfEntry]) -> Self {
        Self {
            system: Some(system),
            ..Self::alone(elf)
        }
    }

    /// These files and nothing else.
    pub fn alone<'e>(elf: impl IntoIterator<Item = &'e ElfEntry>) -> Self {
        elf.into_iter()
            .map(|entry| (entry.installed.clone(), Arc::clone(&entry.file)))
            .collect()
    }

    /// `elf`, each file that is dynamically linked loaded into a process of its own.
    ///
    /// # Errors
    /// When they ask for more work than the loader's budget allows.
    pub fn load(
        &self,
        elf: Vec<ElfEntry>,
        platform: Platform,
        loader: &Loader,
    ) -> Result<Subject, Exceeded> {
        let roots: Vec<ModulePath> = elf
            .iter()
            .filter(|entry| entry.file.facts.dynamic)
            .map(|entry| entry.installed.clone())
            .collect();
        let graph = resolve(self, loader, &roots)?;
        Ok(Subject {
            elf,
            platform,
            graph,
        })
    }
}

impl<F> FromIterator<(ModulePath, Arc<ElfFile<F>>)> for PackageWorld<'_, F> {
    fn from_iter<I: IntoIterator<Item = (ModulePath, Arc<ElfFile<F>>)>>(files: I) -> Self {
        Self {
            files: files.into_iter().collect(),
            system: None,
        }
    }
}

impl<F> World<F> for PackageWorld<'_, F> {
    fn open(&self, path: &ModulePath) -> Opened<F> {
        if let Some(system) = self.system.filter(|_| !path.in_wheel()) {
            return system.open(path);
        }
        match self.files.get(path) {
            Some(file) => Opened::Elf(Arc::clone(file)),
            None => Opened::Missing,
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        self.system?.text(path)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.system
            .map_or_else(Vec::new, |system| system.list(folder))
    }
}
