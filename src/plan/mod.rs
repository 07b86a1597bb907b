//! What will change, as a value: nothing is done yet, nothing here can do it.

mod auditwheel;
mod auditwheel_select;
mod auditwheel_tree;
mod check;
mod check_needs;
mod dedupe;
mod dedupe_check;
mod dedupe_owners;
mod dedupe_store;
mod finding;
mod glibc_floor;
mod graft;
mod inspect;
mod layout;
mod links;
mod naming;
mod obstacle;
mod old_python;
mod options;
mod outside;
mod repair;
mod run_path;
mod settle;
mod single_file;
mod size;
mod slim;
mod slim_tests;
mod slim_wheel;
mod tags;
mod target;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::elf::{Edits, Relr, Soname, Strip};
use crate::policy::MuslFloor;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{ArchivePath, WheelFilename};

pub use auditwheel::{Audit, AuditInput, Upgrade, audit};
pub use auditwheel_select::{Refusal, Selection, select};
pub use auditwheel_tree::{AuditLibrary, AuditTree, Disk, TreeRequest, audit_tree};
pub use check::{Package, check, finding_of_note};
pub use check_needs::name_clashes;
pub use dedupe::{DedupeInput, TreeElf, candidates, dedupe, module_path};
pub use dedupe_check::Simulation;
pub use finding::{Code, Finding};
pub use glibc_floor::{GlibcCause, GlibcFloor};
pub use inspect::{Carried, InspectInput, Inspection, Needed, inspect};
pub use layout::{LAUNCHER_FOLDER_SUFFIX, installed};
pub use obstacle::{Blocker, MissingLibrary, Obstacle};
pub use options::{RelrChoice, RepairOptions};
pub use repair::{ElfEntry, RepairInput, repair};
pub use settle::{Settled, settle};
pub use single_file::{
    Printed, RunPathRequest, SingleFileRequest, os_abi_number, printed, single_file_edits,
};
pub use size::{Category, PackageSize, Savings, TreeSize, size};
pub use slim::{SlimInput, SlimKind, SlimOptions, SlimPlan, is_source, slim};
pub use slim_tests::may_name_test;
pub use slim_wheel::slim_wheel;
pub use target::{Requested, libc_of_wheel, machine_of};
pub use tree::{
    Apart, Distribution, LinkTarget, Merged, STORE, STORE_INFO, Tree, TreeFile, TreePlan,
    followed_link, relative_link,
};

/// Everything that happens to one wheel.
#[derive(Clone, Debug, Serialize)]
pub struct WheelPlan {
    /// The file name of the input.
    pub input: String,
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
    /// A text made here, with its permission bits.
    Write {
        /// The content.
        text: String,
        /// 0o644 or 0o755.
        mode: u32,
    },
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

/// Something a person should know, though it stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// A need for libpython was dropped: the interpreter that loads the file has it.
    LibpythonDropped {
        /// The file.
        file: ModulePath,
        /// The needed name.
        library: Soname,
    },
    /// A run path entry was dropped: it leads out of the wheel.
    RunPathDropped {
        /// The file.
        file: ModulePath,
        /// The entry.
        entry: String,
    },
    /// A library stays outside because the user said so.
    Excluded {
        /// The needed name.
        library: Soname,
    },
    /// A library of the wheel that no search would have found was made reachable.
    MadeReachable {
        /// The file that needs it.
        file: ModulePath,
        /// The library.
        library: ModulePath,
    },
    /// A platform tag of the input was dropped: the content contradicts it.
    TagDropped {
        /// The tag.
        tag: String,
    },
    /// A signature was dropped.
    SignatureDropped {
        /// The entry.
        entry: ArchivePath,
    },
    /// A program moved out of the scripts folder, a launcher took its place.
    ScriptMoved {
        /// The program.
        script: ArchivePath,
    },
    /// The tag promises more than the files keep.
    PromiseTooWide {
        /// The tag.
        tag: String,
        /// The oldest Alpine that the tag speaks of.
        promised: String,
        /// The oldest Alpine on which every file loads, and its musl.
        floor: String,
        /// What stands in the way, newest first.
        causes: Vec<String>,
    },
    /// An ELF file that no process loads as a library or program; left as it is.
    TakenAsData {
        /// The file.
        file: ModulePath,
        /// What it is.
        what: &'static str,
    },
    /// Two loads of this build found different files for one name; one was taken.
    Ambiguous {
        /// Who needs it.
        file: ModulePath,
        /// The name.
        library: Soname,
        /// What was taken.
        taken: ModulePath,
        /// What was not.
        other: ModulePath,
    },
    /// The libc was told by the build root, since nothing in the wheel does.
    LibcFromSystem(Libc),
    /// Something about the input archive or its metadata.
    Input(String),
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
