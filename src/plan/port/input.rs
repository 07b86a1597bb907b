//! What a port is decided by.

use std::collections::BTreeMap;

use crate::elf::{Arch, BindingNeeds, Facts};
use crate::plan::needs::subject::ElfEntry;
use crate::policy::Pythons;
use crate::resolve::{Graph, Libc, libc_of};
use crate::wheel::{ArchivePath, Headers, WheelFilename};

/// A wheel as it was read.
pub struct PortWheel<'a> {
    /// Its file name.
    pub filename: &'a WheelFilename,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Its files, in the archive's order, folders left out.
    pub entries: &'a [ArchivePath],
    /// Its `.dist-info` folder.
    pub dist_info: &'a ArchivePath,
    /// Its WHEEL file.
    pub wheel: &'a Headers,
    /// Its ELF files.
    pub elf: &'a [ElfEntry],
}

/// Wheels that are ported together, as one world.
pub struct PortInput<'a> {
    /// The wheels.
    pub wheels: Vec<PortWheel<'a>>,
    /// The interpreters that they are for.
    pub pythons: &'a [Pythons],
    /// The machine of all of them.
    pub arch: Arch,
    /// What each file pulls in, in a [`PortWorld`](super::world::PortWorld).
    pub graph: &'a Graph,
    /// What each file of the graph asks of a loader, by its digest.
    pub needs: &'a BTreeMap<[u8; 32], BindingNeeds>,
}

impl PortInput<'_> {
    /// Does an interpreter define this name for extensions?
    pub(in crate::plan) fn python_has(&self, name: &str) -> bool {
        self.pythons.iter().any(|pythons| pythons.have(name))
    }
}

/// For which C library a file was built; one that does not tell was built for glibc, like the wheel
/// it is of.
pub(in crate::plan) fn built_for(facts: &Facts) -> Libc {
    libc_of(facts).unwrap_or(Libc::Glibc)
}
