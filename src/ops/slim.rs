//! Take away what nothing reads, from an installed tree or from a wheel.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{World, WorldOptions};
use crate::elf::Strip;
use crate::error::Error;
use crate::host::{
    self, Applied, Gathered, GatheredTree, Limits, OutputOptions, Progress, SlimFacts, Slimmed,
    TreeRoot,
};
use crate::plan::{self, Exclusions, Requested, SlimInput, SlimOptions, SlimPlan, Tree};
use crate::wheel::{ArchivePath, Source, Untrusted, sentence};

/// What may go.
#[derive(Clone, Debug)]
pub struct Options {
    /// By kind; by default only what repacking ELF files saves.
    pub kinds: SlimOptions,
    /// Files whose path one of these patterns matches stay.
    pub keep: Vec<String>,
    /// Nothing is going to be changed: others may work on the tree meanwhile.
    pub dry_run: bool,
    /// How much the files may ask for.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kinds: SlimOptions {
                repack: true,
                ..SlimOptions::default()
            },
            keep: Vec::new(),
            dry_run: false,
            limits: Limits::default(),
        }
    }
}

/// A tree or a wheel of which it is known what goes; nothing is done yet.
pub enum Planned {
    /// A folder that packages are installed in.
    Tree(Box<PlannedTree>),
    /// A wheel.
    Wheel(Box<PlannedWheel>),
}

/// Look at an installed tree or a wheel and decide what goes.
///
/// # Errors
/// When it is neither, cannot be read, or a pattern is none.
pub fn plan(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Planned, Error> {
    if !host::path_kind(path)?.is_folder() {
        return plan_wheel(path, options, progress);
    }
    let root = TreeRoot::open(path)?.limited(&options.limits);
    if !options.dry_run {
        // What is planned with must not change before it is done.
        root.lock()?;
    }
    let mut gathered = host::gather_tree(root, progress)?;
    let facts = host::slim_facts(&gathered, progress)?;
    gathered.notes.extend(facts.notes());
    let plan = decided(&gathered.tree, &facts, options)?;
    let planned = PlannedTree { gathered, plan };
    Ok(Planned::Tree(Box::new(planned)))
}

fn plan_wheel(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Planned, Error> {
    let (gathered, world) = gather_wheel(path, &options.limits, progress)?;
    let (tree, facts) = host::wheel_facts(&gathered)?;
    let plan = decided(&tree, &facts, options)?;
    let planned = PlannedWheel {
        name: gathered.wheel.filename.to_string(),
        gathered,
        world,
        tree,
        plan,
    };
    Ok(Planned::Wheel(Box::new(planned)))
}

fn decided(tree: &Tree, facts: &SlimFacts, options: &Options) -> Result<SlimPlan, Error> {
    let keep = keeping(&options.keep)?;
    let input = SlimInput {
        tree,
        sources: &facts.sources,
        texts: &facts.texts,
        strippable: &facts.strippable,
        unread: &facts.unread,
        keep: &|path: &ArchivePath| keep.is_match(path.as_str()),
    };
    Ok(plan::slim(&input, &options.kinds))
}

fn keeping(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut globs = GlobSetBuilder::new();
    for text in patterns {
        let wrong = |error: globset::Error| {
            let (text, error) = (
                Untrusted::from(text.as_str()),
                Untrusted::from(error.to_string()),
            );
            Error::Usage(sentence!("`--keep {}` is no pattern: {}", text, error))
        };
        globs.add(GlobBuilder::new(text).build().map_err(wrong)?);
    }
    globs.build().map_err(|error| {
        Error::Usage(sentence!(
            "`--keep`: {}",
            Untrusted::from(error.to_string())
        ))
    })
}

/// Read a wheel as `slim` and `size` see it.
pub(super) fn gather_wheel(
    path: &Path,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Gathered, World), Error> {
    // Nothing of the machine counts: only the wheel's own files are looked at.
    let nowhere = WorldOptions {
        instead: Some(Vec::new()),
        limits: limits.clone(),
        ..WorldOptions::default()
    };
    let world = World::to_change(&nowhere, Requested::Auto, Strip::All, Exclusions::default())?;
    let gathered = host::gather(path, &world.sysroot, &world.gather, progress)?;
    Ok((gathered, world))
}

/// An installed tree of which it is known what goes.
pub struct PlannedTree {
    gathered: GatheredTree,
    plan: SlimPlan,
}

impl PlannedTree {
    /// The tree's folder, links followed.
    pub fn site(&self) -> &Path {
        self.gathered.site()
    }

    /// What a person should know of the tree.
    pub fn notes(&self) -> &[crate::wheel::Sentence] {
        &self.gathered.notes
    }

    /// What goes.
    pub fn plan(&self) -> &SlimPlan {
        &self.plan
    }

    /// The files as they were found.
    pub fn tree(&self) -> &Tree {
        &self.gathered.tree
    }

    /// How many bytes the plan saves.
    pub fn would_save(&self) -> u64 {
        let removed = self.plan.removed.keys();
        let files = removed.filter_map(|path| self.gathered.tree.files.get(path));
        let removed: u64 = files.map(|file| file.size).sum();
        let repacked: u64 = self.plan.repacked.values().sum();
        removed.saturating_add(repacked)
    }

    /// Do it.
    ///
    /// # Errors
    /// When something cannot be read or written; what was done until then stays done.
    pub fn apply(&self, progress: &dyn Progress) -> Result<Slimmed, Error> {
        host::slim_tree(&self.gathered, &self.plan, progress)
    }
}

/// A wheel of which it is known what goes.
pub struct PlannedWheel {
    name: String,
    gathered: Gathered,
    world: World,
    tree: Tree,
    plan: SlimPlan,
}

impl PlannedWheel {
    /// The wheel's file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What goes.
    pub fn plan(&self) -> &SlimPlan {
        &self.plan
    }

    /// The files as they were found.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The wheel's size in bytes.
    pub fn size(&self) -> u64 {
        self.gathered.source.size()
    }

    /// Write the smaller wheel.
    ///
    /// # Errors
    /// When the machine would not read or write; then nothing was written.
    pub fn write(&self, output: &OutputOptions, progress: &dyn Progress) -> Result<Applied, Error> {
        output.check()?;
        let gathered = &self.gathered;
        let wheel = &gathered.wheel;
        let plan = plan::slim_wheel(
            &wheel.filename,
            &gathered.entries,
            &wheel.dist_info,
            &self.plan,
        );
        host::apply_wheel(&plan, gathered, &self.world.sysroot, output, progress)
    }
}
