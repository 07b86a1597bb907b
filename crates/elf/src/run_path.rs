//! Where a file's needs are searched, and under which of two tags.

use serde::Serialize;

/// The two tags that name folders to search, which loaders treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunPathKind {
    /// `DT_RPATH`.
    Rpath,
    /// `DT_RUNPATH`.
    Runpath,
}

/// Where a file's needs are searched: folders separated by colons, `$ORIGIN` for its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunPath {
    /// The tag it stands under.
    pub kind: RunPathKind,
    /// The folders, exactly as written.
    pub value: String,
}
