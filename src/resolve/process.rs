//! A process while files are loaded into it: what each loader's rules look at.

use super::graph::{Graph, ModuleId};
use super::loader::Loader;
use super::world::World;

/// One module of the process.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) module: ModuleId,
    /// The names under which it was asked for and found by a search.
    pub(super) names: Vec<String>,
    /// Its place in the process's list of the file that made it load.
    pub(super) needed_by: Option<usize>,
}

/// The process so far.
pub(super) struct Walk<'a, F> {
    pub(super) world: &'a dyn World<F>,
    pub(super) loader: &'a Loader,
    pub(super) graph: &'a Graph<F>,
    pub(super) loaded: &'a [Loaded],
}

impl<'a, F> Walk<'a, F> {
    /// `loaded`, the one that needed it, and so on up to the root.
    pub(super) fn chain(
        &self,
        loaded: &'a Loaded,
    ) -> impl Iterator<Item = &'a Loaded> + use<'a, F> {
        let list = self.loaded;
        std::iter::successors(Some(loaded), move |one| list.get(one.needed_by?))
            // Each step goes to an earlier one, so this ends; the bound says so.
            .take(list.len().saturating_add(1))
    }
}
