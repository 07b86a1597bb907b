//! Where a ported wheel comes from, as a text in its `.dist-info`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::elf::Soname;
use crate::wheel::Untrusted;

/// The file's name in `.dist-info`.
pub const PROVENANCE: &str = "wheelfix-port.json";

/// What was done to a wheel. Nothing of the machine that did it is in here.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// What this is.
    pub schema: Schema,
    /// wheelfix's version.
    pub wheelfix: &'static str,
    /// The wheel that was ported.
    pub source: Source,
    /// The shim in it; none where no file needs it.
    pub shim: Option<Carried>,
    /// The runtime libraries that came along.
    pub runtimes: Vec<Carried>,
    /// Each file of the wheel that was changed, by its place.
    pub files: BTreeMap<Untrusted, Changed>,
}

/// The name and version of the format.
#[derive(Clone, Debug, Serialize)]
pub struct Schema {
    /// `wheelfix.ported`.
    pub name: &'static str,
    /// It only grows.
    pub version: u32,
}

/// The wheel that was ported.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Its file name.
    pub filename: Untrusted,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A library that came along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Carried {
    /// Its place in the wheel.
    pub file: Untrusted,
    /// What it was called.
    pub from: Untrusted,
    /// SHA-256 of its bytes before it was changed, in hexadecimal.
    pub sha256: String,
    /// For which C library it was built.
    pub built_for: &'static str,
    /// New names of what it asks for, by the old ones.
    pub renamed: BTreeMap<Untrusted, Untrusted>,
    /// Weak names that nothing defines.
    pub nulls: BTreeSet<Untrusted>,
    /// The wheel's own copy that it stands for, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Untrusted>,
}

/// What was changed in a file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Changed {
    /// Its place before, where it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Untrusted>,
    /// New names of what it asks for, by the old ones.
    pub renamed: BTreeMap<Untrusted, Untrusted>,
    /// Weak names that nothing defines.
    pub nulls: BTreeSet<Untrusted>,
    /// Libraries it does not need any more.
    pub dropped: BTreeSet<Soname>,
}

impl Provenance {
    /// As text.
    pub(in crate::plan) fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }
}
