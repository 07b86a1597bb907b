//! Which loader's rules count, and with which settings.

use serde::Serialize;

use super::budget::Budget;
use super::graph::Outcome;
use super::world::ModulePath;
use crate::elf::{Arch, Kind, LoadFacts, Machine};

/// A C library, and with it a dynamic loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// musl (Alpine, Void).
    Musl,
    /// The GNU C library.
    Glibc,
}

impl Libc {
    /// Its name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Musl => "musl",
            Self::Glibc => "glibc",
        }
    }
}

/// A loader with its settings: everything that decides where a name leads, apart from
/// the files themselves.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Whose rules.
    pub libc: Libc,
    /// A file of the machine that is loaded for; others are passed over.
    pub machine: MachineKey,
    /// `LD_LIBRARY_PATH`, entry by entry.
    pub environment: Vec<ModulePath>,
    /// `--lib-path` and `--ldpaths`: folders to look in when the run paths gave nothing,
    /// before the system's own.
    pub lib_path: Vec<ModulePath>,
    /// Look in the system's own folders too (not with `--ldpaths`, which replaces them).
    pub search_system: bool,
    /// How much work the files may ask for.
    pub budget: Budget,
}

/// What makes two ELF files loadable into one process: machine, word size, byte order,
/// and on Arm how floating point numbers are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineKey(Machine);

impl MachineKey {
    /// The key of a file.
    pub fn of(facts: &LoadFacts) -> Self {
        Self(facts.machine)
    }

    /// The architecture as wheel tags call it, where they have a name for it.
    pub fn arch(&self) -> Option<Arch> {
        self.0.arch()
    }

    /// The machine's name for people.
    pub fn name(&self) -> String {
        match self.arch() {
            Some(arch) => arch.name().to_owned(),
            None => format!(
                "ELF machine {} ({:?}, {:?} endian)",
                self.0.number, self.0.class, self.0.endian
            ),
        }
    }

    /// Can one process hold files of both? armv6 and armv7 can.
    pub fn fits(&self, other: &Self) -> bool {
        let key = |machine: &Machine| (machine.number, machine.class, machine.endian);
        let floats = |machine: &Machine| machine.float_abi();
        let same_floats = match (floats(&self.0), floats(&other.0)) {
            (Some(one), Some(another)) => one == another,
            _ => true,
        };
        key(&self.0) == key(&other.0) && same_floats
    }
}

impl Loader {
    /// One to which only run paths tell where to look.
    pub fn new(libc: Libc, machine: MachineKey) -> Self {
        Self {
            libc,
            machine,
            environment: Vec::new(),
            lib_path: Vec::new(),
            search_system: false,
            budget: Budget::default(),
        }
    }

    /// Could a process of this loader's machine load the file as a library?
    pub(super) fn judge(&self, facts: &LoadFacts) -> Outcome {
        let key = MachineKey::of(facts);
        if !self.machine.fits(&key) {
            return Outcome::WrongMachine {
                is: key.name().into(),
                want: self.machine.name().into(),
            };
        }
        match facts.kind {
            Kind::Shared if facts.dynamic => Outcome::Found,
            Kind::Shared => Outcome::NotALibrary("it has no dynamic section"),
            Kind::Relocatable => Outcome::NotALibrary("it is an object file"),
            Kind::Core => Outcome::NotALibrary("it is a core dump"),
            Kind::Executable => Outcome::NotALibrary("it is a program"),
            Kind::Other(_) => Outcome::NotALibrary("its ELF type is unknown"),
        }
    }
}
