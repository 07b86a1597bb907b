//! A process while files are loaded into it.

use std::collections::HashMap;
use std::sync::Arc;

use super::directories::Directory;
use super::graph::ModuleId;
use super::world::FileIdentity;

/// One module of the process.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) module: ModuleId,
    /// Whether a search has found it under a name: musl keeps only the first of these.
    pub(super) is_named: bool,
    /// How many files had to be loaded before it, each for the next one.
    pub(super) depth: u64,
    /// The folders of its own run path and of those that it inherits, in the loader's order.
    pub(super) run_paths: Arc<[Directory]>,
}

/// The process so far.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) loaded: Vec<Loaded>,
    pub(super) by_identity: HashMap<FileIdentity, usize>,
    /// The names by which what is loaded is known, each with the first file that has it.
    pub(super) by_name: HashMap<String, usize>,
}

impl Process {
    /// Let the file at `place` be known under a name too.
    pub(super) fn name(&mut self, name: &str, place: usize) {
        let known = self.by_name.entry(name.to_owned()).or_insert(place);
        *known = place.min(*known);
    }
}
