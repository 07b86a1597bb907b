//! What became of a package: the row of the table, and what is kept to go on after a stop.

use serde::{Deserialize, Serialize};

use crate::plan::build::choice::Why;
use crate::wheel::Untrusted;

/// How a wheel came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// As an index has it, byte for byte.
    Taken,
    /// Repaired after it was taken.
    Mended,
    /// Made from a wheel for glibc.
    Ported,
    /// Built from source.
    Compiled,
}

impl How {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Mended => "mended",
            Self::Ported => "ported",
            Self::Compiled => "compiled",
        }
    }
}

/// A package that is in the wheelhouse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The project, normalised.
    pub name: Untrusted,
    /// Its version.
    pub version: Untrusted,
    /// How.
    pub how: How,
    /// Why this way.
    pub why: Why,
    /// What failed before it, in words.
    pub passed: Vec<Untrusted>,
    /// The file it was made from.
    pub source: Untrusted,
    /// Its size in bytes.
    pub source_size: u64,
    /// The wheel's file name.
    pub wheel: Untrusted,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The oldest Alpine it runs on; `None`: any that has the Python.
    pub floor: Option<Untrusted>,
    /// How long it took, in seconds; not what it cost in an earlier run.
    pub seconds: f64,
    /// The SHA-256 over all that decides it: while it is the same, nothing is done again.
    pub inputs: String,
}
