//! Where the bytes of an installed tree or of a wheel are, and what could be saved.

use std::path::Path;

use super::dedupe::planned;
use super::slim::gather_wheel;
use crate::error::Error;
use crate::host::{self, Likeness, Limits, Progress, SlimFacts, TreeRoot};
use crate::plan::{self, SlimInput, Tree, TreePlan, TreeSize};
use crate::wheel::{Sentence, Shown, sentence};

/// Measure a folder that packages are installed in, or a wheel.
///
/// # Errors
/// When it is neither, or cannot be read.
pub fn size(path: &Path, limits: &Limits, progress: &dyn Progress) -> Result<TreeSize, Error> {
    if host::path_kind(path)?.is_folder() {
        let mut gathered = host::gather_tree(TreeRoot::open(path)?.limited(limits), progress)?;
        let facts = host::slim_facts(&gathered, progress)?;
        let (dedupe, _) = planned(&mut gathered, Likeness::SameBuild, progress)?;
        let mut size = measured(&gathered.tree, &facts, &dedupe);
        size.notes = gathered.notes;
        size.notes.extend(facts.notes());
        let copies = dedupe.merged.iter().filter(|merged| merged.other_names);
        size.notes
            .extend(copies.map(|merged| under_other_names(&merged.kept)));
        return Ok(size);
    }
    let (gathered, _) = gather_wheel(path, limits, progress)?;
    let (tree, facts) = host::wheel_facts(&gathered)?;
    let mut size = measured(&tree, &facts, &TreePlan::default());
    let copies = plan::copies_under_other_names(plan::elf_of(&gathered.subject)).into_iter();
    size.notes
        .extend(copies.map(|(file, _)| under_other_names(&file)));
    Ok(size)
}

fn under_other_names(file: &impl Shown) -> Sentence {
    sentence!(
        "{}: the same package has it under other names; loaded by two of them it is initialised \
         twice",
        file
    )
}

fn measured(tree: &Tree, facts: &SlimFacts, dedupe: &TreePlan) -> TreeSize {
    let input = SlimInput {
        tree,
        sources: &facts.sources,
        texts: &facts.texts,
        strippable: &facts.strippable,
        unread: &facts.unread,
        keep: &|_| false,
    };
    plan::size(&input, &facts.tables, dedupe)
}
