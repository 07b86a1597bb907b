//! What an edit is asked to change; the fields stand in the order they are applied.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::run_path::RunPath;
use crate::soname::Soname;

/// What to leave out of a file that no loader needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strip {
    /// Nothing.
    #[default]
    None,
    /// Debug sections.
    Debug,
    /// Debug sections and the symbol table besides the dynamic one.
    All,
}

/// What to do about packed relative relocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relr {
    /// Leave them packed.
    #[default]
    Keep,
    /// Write them as ordinary relocations, for loaders that do not know `DT_RELR`.
    Expand,
}

/// What to do about the run path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunPathEdit {
    /// This one and no other, under this one's tag.
    Set(RunPath),
    /// None at all.
    Remove,
}

/// All changes to one file, made in one go. The default asks for nothing.
///
/// Names in the maps that the file does not use are no error: one map serves a whole wheel.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Edits {
    /// What to leave out.
    pub strip: Strip,
    /// What to do about packed relative relocations.
    pub relr: Relr,
    /// The new name of the file itself; a file that has none is given one.
    pub soname: Option<Soname>,
    /// New names for what the file needs, in `NEEDED` and in its version needs.
    pub rename_needed: BTreeMap<Soname, Soname>,
    /// Needs to take away, by the name the file has for them; their version needs go with them.
    pub remove_needed: BTreeSet<Soname>,
    /// What to do about the run path; `None` leaves it as it is.
    pub run_path: Option<RunPathEdit>,
    /// The name, without folders, of the file with what strip leaves out for debuggers
    /// ([`crate::debug_file`]): the file says that it belongs to it (`.gnu_debuglink`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug_link: Option<String>,
    /// What only those ask for who edit single files; a wheel's repair asks for none of it.
    #[serde(skip_serializing_if = "MoreEdits::is_empty")]
    pub more: MoreEdits,
}

/// The edits that no repair needs: those of a tool for single files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MoreEdits {
    /// Libraries to need besides, in front of all others and in this order. One that is needed
    /// already is not added.
    pub add_needed: Vec<Soname>,
    /// The loader that a program asks for; a file that asks for none is an error.
    pub interpreter: Option<String>,
    /// Whether the stack is to be executable (`PT_GNU_STACK`); a file that does not say gets a
    /// program header for it.
    pub exec_stack: Option<bool>,
    /// `EI_OSABI`.
    pub os_abi: Option<u8>,
    /// Whether loaders are to search no folders of their own (`DF_1_NODEFLIB`).
    pub no_default_libraries: bool,
    /// Whether the dynamic list is to have the entry that debuggers look for (`DT_DEBUG`).
    pub debug_entry: bool,
    /// Whether the old run path's bytes are overwritten where nothing else uses them, and used again.
    pub erase_run_path: bool,
    /// New names for dynamic symbols, defined or wanted; versions stay.
    pub rename_symbols: BTreeMap<String, String>,
    /// Dynamic symbols that lose their version.
    pub clear_versions: BTreeSet<String>,
}

impl MoreEdits {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Edits {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
