//! What is decided about: the ELF files of a package, what they are for, what they pull in.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::elf::{Arch, Facts};
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::rules::fault::Fault;
use crate::policy::{Importers, Pythons};
use crate::resolve::{Budget, ElfFile, Graph, Libc, Loader, MachineKey, ModulePath};
use crate::wheel::{ArchivePath, Untrusted};

/// One ELF file of the wheel.
#[derive(Clone, Debug)]
pub struct ElfEntry {
    /// Its name in the archive.
    pub entry: ArchivePath,
    /// Where it lands.
    pub installed: ModulePath,
    /// What it is.
    pub file: Arc<ElfFile>,
}

/// For what a package was built, as far as its files and its tags tell.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// The machine as loaders compare it.
    pub machine: MachineKey,
    /// The machine as tags call it.
    pub arch: Arch,
    /// Whose loader loads it.
    pub libc: Libc,
}

impl Platform {
    /// Its loader on a machine that has nothing but packages: only run paths lead anywhere.
    #[must_use]
    pub fn loader(&self, budget: Budget) -> Loader {
        Loader {
            budget,
            ..Loader::new(self.libc, self.machine)
        }
    }
}

/// The ELF files of one machine and one C library, and what each of them pulls in: of what every
/// plan and every verdict is made.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its ELF files.
    pub elf: Vec<ElfEntry>,
    /// What they are for.
    pub platform: Platform,
    /// What each of them pulls in.
    pub graph: Graph,
}

impl Subject {
    /// The real paths of what a loader links: not object files, not static programs.
    pub(in crate::plan) fn linked(&self) -> BTreeSet<ModulePath> {
        let linked = self.elf.iter().filter(|entry| entry.file.facts.dynamic);
        linked.map(|entry| entry.file.real_path.clone()).collect()
    }
}

/// Whether a program carries all it needs: it asks for no loader and for no library, also where it is
/// position-independent and relocates itself.
pub(in crate::plan) fn is_static(facts: &Facts) -> bool {
    facts.is_program && facts.interpreter.is_none() && facts.needed.is_empty()
}

/// ELF files of which nothing tells one machine and one C library.
#[derive(Clone, Debug, Default)]
pub struct Unsettled {
    /// All of them, perhaps none.
    pub elf: Vec<ElfEntry>,
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
}

/// The ELF files, whether or not it is settled what they are for.
pub fn elf_of(subject: &Result<Subject, Unsettled>) -> &[ElfEntry] {
    match subject {
        Ok(subject) => &subject.elf,
        Err(unsettled) => &unsettled.elf,
    }
}

/// A wheel or an installed package, as far as a check looks at it.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is called: a file name, or the name of a `.dist-info` folder without its ending.
    pub name: Untrusted,
    /// The platform tags that it claims.
    pub platforms: Vec<String>,
    /// The interpreters that its tags claim.
    pub pythons: Pythons,
    /// The names of extensions that they look for.
    pub importers: Importers,
    /// WHEEL says `Root-Is-Purelib: true`.
    pub purelib: bool,
    /// Its ELF files that are for its machine and C library, in a world without any system.
    pub subject: Result<Subject, Unsettled>,
    /// What was found while it was read.
    pub findings: Vec<Fault>,
}

impl Package {
    /// A package of which nothing but the name is known yet.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self {
            name: name.into(),
            platforms: Vec::new(),
            pythons: Pythons::default(),
            importers: Importers::default(),
            purelib: false,
            subject: Err(Unsettled::default()),
            findings: Vec::new(),
        }
    }
}
