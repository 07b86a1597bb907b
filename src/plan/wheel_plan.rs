//! Everything that happens to one wheel, as a value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::elf::{Arch, Edits, Relr, Soname, Strip};
use crate::plan::note::Note;
use crate::plan::repair::naming;
use crate::plan::repair::sbom::Sbom;
use crate::plan::rules::fault::Fault;
use crate::plan::tree::slim::SlimKind;
use crate::policy::MuslFloor;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{ArchivePath, Untrusted, WheelFilename};

/// Everything that happens to one wheel.
#[derive(Clone, Debug, Serialize)]
pub struct WheelPlan {
    /// The file name of the input.
    pub input: Untrusted,
    /// The file name of the output.
    #[serde(serialize_with = "as_text")]
    pub output: WheelFilename,
    /// What happens to each entry, and which new ones there are.
    pub ops: BTreeMap<ArchivePath, EntryOp>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// Where the result runs; `None` where nothing was done that could change it.
    pub runs_on: Option<RunsOn>,
}

/// Where a repaired wheel runs.
#[derive(Clone, Debug, Serialize)]
pub struct RunsOn {
    /// Whose loader loads it.
    pub libc: Libc,
    /// Its platform tags, sorted.
    pub tags: Vec<String>,
    /// musl only: the oldest Alpine on which every file loads.
    pub floor: Option<MuslFloor>,
    /// glibc only: the release from which on a file of it is refused.
    pub not_from: Option<&'static str>,
    /// Why it runs nowhere.
    #[serde(skip)]
    pub nowhere: Vec<Fault>,
}

/// What happens to one entry of the output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryOp {
    /// Copied as it lies in the input.
    Keep,
    /// Left out.
    Remove(Reason),
    /// The input's entry of this name, edited.
    Edit(Edits),
    /// The input's entry `from`, edited and put here.
    Move {
        /// The entry of the input.
        from: ArchivePath,
        /// What changes in it.
        edits: Edits,
    },
    /// A library of the system.
    Graft {
        /// Where it comes from.
        source: SourceLibrary,
        /// What changes in it.
        edits: Edits,
    },
    /// The library that stands between ported files and musl.
    Shim {
        /// The machine.
        arch: Arch,
        /// What changes in it.
        edits: Edits,
    },
    /// A text made here, with its permission bits.
    Write {
        /// The content.
        text: String,
        /// 0o644 or 0o755.
        mode: u32,
    },
    /// A bill of materials, written when what it tells of is.
    Sbom(Sbom),
    /// RECORD, written last from what everything else became.
    Record,
}

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A signature of a RECORD that is no more.
    Signature,
    /// Nothing at run time reads it.
    Slim(SlimKind),
    /// It goes by another name.
    Renamed,
    /// A library of the target's own stands for it.
    Replaced,
}

/// A library of the build system that goes into the wheel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceLibrary {
    /// Its real path.
    pub path: ModulePath,
    /// SHA-256 of its bytes when they were read for the plan.
    #[serde(serialize_with = "as_hex")]
    pub digest: [u8; 32],
    /// Its size in bytes then.
    pub size: u64,
    /// The names by which it was needed.
    pub wanted_as: BTreeSet<Soname>,
}

impl WheelPlan {
    /// Does the output hold the same entries as the input, none of them changed?
    pub fn keeps_everything(&self) -> bool {
        self.ops.values().all(|op| matches!(op, EntryOp::Keep))
    }

    /// The libraries that go into the wheel, by their new place.
    pub fn grafts(&self) -> impl Iterator<Item = (&ArchivePath, &SourceLibrary)> {
        self.ops.iter().filter_map(|(path, op)| match op {
            EntryOp::Graft { source, .. } => Some((path, source)),
            _ => None,
        })
    }

    /// How many files of the wheel itself are edited.
    pub fn edited(&self) -> usize {
        let edits = |op: &&EntryOp| matches!(op, EntryOp::Edit(_) | EntryOp::Move { .. });
        self.ops.values().filter(edits).count()
    }

    /// Will `check` find something in the result that the repair leaves as it is?
    pub fn is_limited(&self) -> bool {
        let limits =
            |note: &Note| matches!(note, Note::Limited { .. } | Note::PromiseTooWide { .. });
        self.notes.iter().any(limits)
    }

    /// In how many files packed relocations are unpacked.
    pub fn unpacked(&self) -> usize {
        let unpacks = |op: &&EntryOp| match op {
            EntryOp::Edit(edits) | EntryOp::Move { edits, .. } | EntryOp::Graft { edits, .. } => {
                edits.relr == Relr::Expand
            }
            _ => false,
        };
        self.ops.values().filter(unpacks).count()
    }

    /// Are symbols stripped anywhere?
    pub fn strips(&self) -> bool {
        self.ops.values().any(|op| match op {
            EntryOp::Edit(edits) | EntryOp::Move { edits, .. } | EntryOp::Graft { edits, .. } => {
                edits.strip != Strip::None
            }
            _ => false,
        })
    }
}

fn as_text<T: fmt::Display, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_hex<S: serde::Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&naming::hex(bytes))
}
