//! What is decided about: the ELF files of a package, what they are for, what they pull in.

use std::sync::Arc;

use crate::elf::Arch;
use crate::plan::verdict::finding::Finding;
use crate::policy::Pythons;
use crate::resolve::{ElfFile, Graph, Libc, MachineKey, ModulePath};
use crate::wheel::ArchivePath;

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

/// For what a wheel was built, as far as its files and its tags tell.
#[derive(Clone, Copy, Debug)]
pub struct Settled {
    /// The machine as loaders compare it.
    pub machine: MachineKey,
    /// The machine as tags call it.
    pub arch: Arch,
    /// Whose loader loads it.
    pub libc: Libc,
}

/// A wheel or an installed package, as far as a check looks at it.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is called: a file name, or the name of a `.dist-info` folder without its ending.
    pub name: String,
    /// The platform tags that it claims.
    pub platforms: Vec<String>,
    /// The interpreters that its tags claim.
    pub pythons: Pythons,
    /// WHEEL says `Root-Is-Purelib: true`.
    pub purelib: bool,
    /// Its ELF files that are for its machine and C library.
    pub elf: Vec<ElfEntry>,
    /// What they are for; `None`: nothing to judge.
    pub settled: Option<Settled>,
    /// What each of them pulls in, in a world without any system.
    pub graph: Graph,
    /// What was found while it was read.
    pub findings: Vec<Finding>,
}
