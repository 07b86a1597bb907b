//! Which loader's rules count, and with which settings.

use serde::Serialize;

use super::graph::Outcome;
use super::world::{ModulePath, World};
use super::{glibc, musl};
use crate::elf::{Arch, Facts, Kind, LoadFacts, Machine, Soname};

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

/// Is `name` the C library or the loader of either kind, under any spelling? Such a
/// name is never a library to be carried along.
pub(super) fn is_libc_name(libc: Libc, name: &str) -> bool {
    match libc {
        Libc::Musl => musl::is_libc_name(name),
        Libc::Glibc => glibc::is_loader_name(name),
    }
}

/// Which C library a file was linked against, as far as the file itself tells.
pub fn libc_of(facts: &Facts) -> Option<Libc> {
    let interpreter = facts.interpreter.as_deref().unwrap_or_default();
    let interpreter = interpreter.rsplit('/').next().unwrap_or_default();
    let needed = facts.needed.iter().map(Soname::as_str);
    let asks_for_version = || {
        let mut needs = facts.version_needs.iter();
        needs.any(|need| need.versions.iter().any(|v| v.name.starts_with("GLIBC_")))
    };
    named_libc(needed.chain([interpreter])).or_else(|| asks_for_version().then_some(Libc::Glibc))
}

/// The same by what the file needs alone.
pub fn needed_libc(facts: &LoadFacts) -> Option<Libc> {
    named_libc(facts.needed.iter().map(Soname::as_str))
}

/// The C library that one of the names belongs to.
fn named_libc<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<Libc> {
    let says_musl = |name: &str| {
        name.starts_with("libc.musl-") || name.starts_with("ld-musl-") || name == "libc.so"
    };
    let says_glibc = |name: &str| name == "libc.so.6" || glibc::is_loader_name(name);
    if names.clone().any(says_musl) {
        return Some(Libc::Musl);
    }
    let mut names = names;
    names.any(says_glibc).then_some(Libc::Glibc)
}

/// The folders of the system itself that a C library's configuration names: for musl those of the
/// machine's path file, or the built-in ones; for glibc those of `/etc/ld.so.conf`.
pub fn configured_folders(world: &dyn World, libc: Libc, arch: Option<Arch>) -> Vec<ModulePath> {
    let found = match libc {
        Libc::Musl => musl::configured(world, arch),
        Libc::Glibc => glibc::configured(world),
    };
    found.into_iter().map(|directory| directory.path).collect()
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
    /// Could a process of this loader's machine load the file as a library?
    pub(super) fn judge(&self, facts: &LoadFacts) -> Outcome {
        let key = MachineKey::of(facts);
        if !self.machine.fits(&key) {
            return Outcome::WrongMachine {
                is: key.name(),
                want: self.machine.name(),
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
