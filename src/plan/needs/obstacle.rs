//! What stands in the way of a repair. Always a list: a person sees every obstacle at
//! once.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::elf::Soname;
use crate::policy::Cause;
use crate::resolve::{Libc, ModulePath, Probe};
use crate::wheel::{ArchivePath, Sentence, Untrusted};

/// So many paths tell where a library is not.
const TOLD: usize = 100;

/// A needed library that is nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MissingLibrary {
    /// Who needs it.
    pub needed_by: BTreeSet<ModulePath>,
    /// What was tried, for all who need it, each path once: the first hundred.
    pub probes: Vec<Probe>,
    /// The files of the wheel that are the library, but under a name or in a place by which no search
    /// finds it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub carried: BTreeSet<ModulePath>,
}

impl MissingLibrary {
    pub(in crate::plan) fn add(&mut self, file: &ModulePath, probes: &[Probe]) {
        self.needed_by.insert(file.clone());
        for probe in probes {
            let is_known = |known: &Probe| known.path == probe.path;
            if self.probes.len() < TOLD && !self.probes.iter().any(is_known) {
                self.probes.push(probe.clone());
            }
        }
    }
}

/// Something in a file that a platform tag does not allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocker {
    /// A symbol version that the tag's oldest platform lacks.
    Version {
        /// The file.
        file: ModulePath,
        /// The library that has to have it.
        library: Soname,
        /// The version.
        version: Untrusted,
    },
    /// A symbol that is not there, or private, on the tag's platforms.
    Symbol {
        /// The file.
        file: ModulePath,
        /// The library it would come from.
        library: Soname,
        /// The symbol.
        symbol: Untrusted,
    },
    /// Instructions that the tag's baseline processor lacks.
    Isa {
        /// The file.
        file: ModulePath,
        /// The level it is marked with.
        level: Untrusted,
    },
    /// An extension for a build of Python that no tag speaks of.
    Python {
        /// The file.
        file: ModulePath,
        /// The symbol of that build.
        symbol: Untrusted,
    },
    /// musl of the tag's version is too old for this file.
    Musl(Cause),
}

/// One reason why a wheel cannot be repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// No ELF file at all.
    NotAPlatformWheel {
        /// The file name says so too (`any`).
        pure: bool,
    },
    /// ELF files under a file name that says `any`.
    AnyWithElf {
        /// One of the files.
        file: ArchivePath,
    },
    /// All tags speak of another system than Linux.
    OtherSystem {
        /// One of the tags.
        tag: Untrusted,
    },
    /// A file for another machine than the wheel's.
    WrongMachine {
        /// The file.
        file: ArchivePath,
        /// Its machine.
        is: Untrusted,
        /// The wheel's.
        want: Untrusted,
    },
    /// A machine that wheel tags have no name for.
    UnknownMachine {
        /// A file for it.
        file: ArchivePath,
        /// The machine.
        is: Untrusted,
    },
    /// A file linked against another C library than the wheel's.
    WrongLibc {
        /// The file.
        file: ModulePath,
        /// Its C library.
        is: Libc,
        /// The wheel's.
        want: Libc,
    },
    /// Nothing says which C library the wheel is for.
    UnknownLibc,
    /// A library that is nowhere.
    Missing {
        /// The needed name.
        library: Soname,
        /// Who needs it and what was tried.
        missing: MissingLibrary,
        /// By whose loader's rules.
        libc: Libc,
    },
    /// `--plat` names no platform tag.
    NotAPlatform {
        /// What was given.
        given: Untrusted,
    },
    /// `--plat` names another machine or C library than the wheel's.
    OtherPlatform {
        /// What was given.
        given: Untrusted,
        /// What the wheel is for, as `musl x86_64`.
        wheel: Untrusted,
    },
    /// No tag of the family speaks of the machine in that version, or at all.
    NoSuchTag {
        /// The tag.
        tag: Untrusted,
        /// The oldest there is for the machine.
        oldest: Option<Untrusted>,
    },
    /// A program needs a libpython that the wheel does not carry and no tag promises.
    ProgramNeedsLibpython {
        /// The program, or a library of one.
        file: ModulePath,
        /// The needed name.
        library: Soname,
    },
    /// The content does not allow the tag.
    TagOutOfReach {
        /// The tag.
        tag: Untrusted,
        /// No tag was asked for: it is the most modern one.
        auto: bool,
        /// Why, and for `auto` why not even the most modern tag.
        blockers: Vec<Blocker>,
    },
    /// A file outside of site-packages needs libraries that will lie inside.
    Unreachable {
        /// The file.
        file: ArchivePath,
    },
    /// What comes along is larger than the user allows.
    GraftsTooLarge {
        /// Bytes of all of it, as it was before.
        total: u64,
        /// Bytes that it may have.
        most: u64,
        /// Each library's bytes, and its place in the wheel; the largest first.
        grafts: Vec<(u64, ArchivePath)>,
    },
    /// A new library's place is taken by another file.
    PlaceTaken {
        /// The place.
        path: ArchivePath,
    },
    /// A new library's place can have no name in an archive.
    NoPlace {
        /// The place.
        place: ModulePath,
        /// Why not.
        why: Sentence,
    },
}
