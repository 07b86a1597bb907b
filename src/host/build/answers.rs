//! What pip's interpreter answers (`pip_helper.py`).

use std::path::PathBuf;

use serde::Deserialize;

/// What is known of a project that has no wheel.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StandIn {
    /// The versions of its source archives.
    pub found: Vec<String>,
    /// The versions that would fit, and were taken back.
    pub yanked: Vec<String>,
    /// Is there a wheel of its metadata now?
    pub made: bool,
    /// The source archive of the newest version that fits; `None`: none fits.
    pub sdist: Option<PathBuf>,
    /// Where no version fits: the pages that were not read, and may have one.
    #[serde(default)]
    pub unreached: Vec<Unreached>,
}

/// A page of an index that was not read. An index says of a project that it does not have it: this is something else.
#[derive(Clone, Debug, Deserialize)]
pub struct Unreached {
    /// Its address, without credentials.
    pub page: String,
    /// What was said.
    pub why: String,
    /// It was there, and asks for credentials, or others.
    pub denied: bool,
}
