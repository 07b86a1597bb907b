//! Where the bytes of an installed tree or of a wheel are, and what could be saved.

use std::path::Path;

use super::dedupe::planned;
use super::slim::gather_wheel;
use crate::error::Error;
use crate::host::{self, Likeness, Progress, SlimFacts};
use crate::plan::{self, SlimInput, Tree, TreePlan, TreeSize};

/// Measure a folder that packages are installed in, or a wheel.
///
/// # Errors
/// When it is neither, or cannot be read.
pub fn size(path: &Path, progress: &dyn Progress) -> Result<TreeSize, Error> {
    if host::path_kind(path).is_folder() {
        let gathered = host::gather_tree(path, progress)?;
        let facts = host::slim_facts(&gathered, progress)?;
        let (dedupe, _) = planned(&gathered, Likeness::SameBuild, progress)?;
        return Ok(measured(&gathered.tree, &facts, &dedupe));
    }
    let (gathered, _) = gather_wheel(path, progress)?;
    let (tree, facts) = host::wheel_facts(&gathered)?;
    Ok(measured(&tree, &facts, &TreePlan::default()))
}

fn measured(tree: &Tree, facts: &SlimFacts, dedupe: &TreePlan) -> TreeSize {
    let input = SlimInput {
        tree,
        sources: &facts.sources,
        strippable: &facts.strippable,
        keep: &|_| false,
    };
    plan::size(&input, &facts.tables, dedupe)
}
