//! One copy of each library that several packages of an installed tree carry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::host::{self, GatheredTree, Likeness, Limits, Progress, TreeRoot, Undone};
use crate::plan::{self, DedupeInput, TreePlan};
use crate::wheel::ArchivePath;

/// How a tree is made smaller.
#[derive(Clone, Debug)]
pub struct Options {
    /// How alike two files have to be; [`Likeness::SameBuild`] by default.
    pub likeness: Likeness,
    /// Load every library with this interpreter before and after.
    pub verify_import: Option<PathBuf>,
    /// Nothing is going to be changed: others may work on the tree meanwhile.
    pub dry_run: bool,
    /// How much the tree's files may ask for.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            likeness: Likeness::SameBuild,
            verify_import: None,
            dry_run: false,
            limits: Limits::default(),
        }
    }
}

/// A tree of which it is known what is to be done; nothing is done yet.
pub struct Planned {
    gathered: GatheredTree,
    plan: TreePlan,
    contents: Contents,
    verify_import: Option<PathBuf>,
}

/// SHA-256 of the files that are compared.
type Contents = BTreeMap<ArchivePath, [u8; 32]>;

/// What became of the tree.
#[derive(Debug)]
pub enum Outcome {
    /// It is as the plan says.
    Done,
    /// It is as it was: a library did not load any more, or the interpreter did not say.
    TakenBack {
        /// How many files are their own again.
        restored: usize,
        /// Why.
        why: Error,
    },
}

/// Look at an installed tree and decide what becomes a link to what.
///
/// # Errors
/// When it is no such tree, another run works on it, or it cannot be read.
pub fn plan(site: &Path, options: &Options, progress: &dyn Progress) -> Result<Planned, Error> {
    let root = TreeRoot::open(site)?.limited(&options.limits);
    if !options.dry_run {
        // What is planned with must not change before it is done.
        root.lock()?;
    }
    let mut gathered = host::gather_tree(root, progress)?;
    let (plan, contents) = planned(&mut gathered, options.likeness, progress)?;
    Ok(Planned {
        gathered,
        plan,
        contents,
        verify_import: options.verify_import.clone(),
    })
}

/// What a dedupe would do to a tree that was read.
pub(super) fn planned(
    gathered: &mut GatheredTree,
    likeness: Likeness,
    progress: &dyn Progress,
) -> Result<(TreePlan, Contents), Error> {
    gathered.find_store()?;
    let groups = plan::candidates(&gathered.tree, &gathered.elf);
    let twins = host::find_twins(gathered, &groups, likeness, progress)?;
    let plan = plan::dedupe(DedupeInput {
        tree: &gathered.tree,
        elf: &gathered.elf,
        twins: twins.classes,
        contents: &twins.contents,
        apart: twins.apart,
        budget: gathered.limits().budget,
    });
    let of = gathered.site().to_string_lossy();
    let plan = plan.map_err(Error::exceeded(of))?;
    Ok((plan, twins.contents))
}

/// Put back everything that was linked before, byte for byte.
///
/// # Errors
/// When a file of the store is not what the links were made for, or something cannot be written.
pub fn undo(site: &Path) -> Result<Undone, Error> {
    host::undo_dedupe(TreeRoot::open(site)?)
}

impl Planned {
    /// The tree's folder, links followed.
    pub fn site(&self) -> &Path {
        self.gathered.site()
    }

    /// What is to be done.
    pub fn plan(&self) -> &TreePlan {
        &self.plan
    }

    /// What a person should know of the tree.
    pub fn notes(&self) -> &[crate::wheel::Sentence] {
        &self.gathered.notes
    }

    /// Do it.
    ///
    /// # Errors
    /// When a file changed meanwhile or the machine would not read or write. What was done until
    /// then can be undone or carried on.
    pub fn apply(&self, progress: &dyn Progress) -> Result<Outcome, Error> {
        // Without a new link nothing loads otherwise than before.
        let python = match &self.verify_import {
            Some(python) if !self.plan.links.is_empty() => python,
            _ => {
                self.link(progress)?;
                return Ok(Outcome::Done);
            }
        };
        let before = host::load_failures(&self.gathered, python)?;
        self.link(progress)?;
        let Err(why) = self.loads_as_before(python, &before) else {
            return Ok(Outcome::Done);
        };
        let undone = host::take_back(&self.gathered, &self.plan)?;
        Ok(Outcome::TakenBack {
            restored: undone.restored.len(),
            why,
        })
    }

    fn link(&self, progress: &dyn Progress) -> Result<(), Error> {
        host::apply_dedupe(&self.gathered, &self.plan, &self.contents, progress)
    }

    fn loads_as_before(
        &self,
        python: &Path,
        before: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let after = host::load_failures(&self.gathered, python)?;
        let mut new = after.into_iter();
        let Some((path, why)) = new.find(|(path, _)| !before.contains_key(path)) else {
            return Ok(());
        };
        Err(Error::Refused {
            path: PathBuf::from(path),
            why: crate::wheel::sentence!(
                "it does not load any more once it is linked: {}",
                crate::wheel::Untrusted::from(why.as_str())
            ),
            hint: "`--level identical` merges fewer files; please report the two packages".into(),
        })
    }
}
