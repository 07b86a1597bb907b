//! `wheelfix dedupe`: one copy of each library that several packages carry.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host::{self, GatheredTree, Likeness};
use crate::plan::{self, DedupeInput, TreePlan};
use crate::report;
use crate::wheel::ArchivePath;

const EXAMPLES: &str = "\
Examples:
  wheelfix dedupe --dry-run .venv/lib/python3.13/site-packages
      Which copies of libraries would become one, and what that saves.
  wheelfix dedupe /usr/lib/python3.13/site-packages
      Do it; in a Dockerfile in the same RUN as the installation. pip goes on working.
  wheelfix dedupe --undo /usr/lib/python3.13/site-packages
      Put every file back, byte for byte.

Exit codes:
  0 done   1 refused   2 usage   4 input or output failed";

/// Make one of the copies of a library that several installed packages carry
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder that packages are installed in
    #[arg(value_name = "SITE-PACKAGES")]
    site: PathBuf,
    /// How alike two files have to be
    #[arg(long, value_enum, default_value_t = Level::SameBuild)]
    level: Level,
    /// Show what would be done, change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Put back everything that was linked before, byte for byte
    #[arg(long, conflicts_with_all = ["level", "verify_import"])]
    undo: bool,
    /// Load every library with this interpreter before and after; undo if one does not load any more
    #[arg(long, value_name = "PYTHON", conflicts_with = "dry_run")]
    verify_import: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Equal byte for byte
    Identical,
    /// One build of one library, to which repairs gave different names and run paths
    SameBuild,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let result = if arguments.undo {
        undo(arguments, terminal)
    } else {
        dedupe(arguments, terminal)
    };
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn dedupe(arguments: &Arguments, terminal: &Terminal) -> Result<(), Error> {
    let gathered = host::gather_tree(&arguments.site, terminal)?;
    let likeness = match arguments.level {
        Level::Identical => Likeness::Identical,
        Level::SameBuild => Likeness::SameBuild,
    };
    let (plan, contents) = planned(&gathered, likeness, terminal)?;
    if !arguments.dry_run {
        apply(arguments, &gathered, &plan, &contents, terminal)?;
    }
    let notes = &gathered.notes;
    if terminal.json() {
        let site = gathered.site.to_string_lossy();
        let text = report::dedupe_json(&site, &plan, notes, arguments.dry_run);
        terminal.data(&format!("{text}\n"));
    } else {
        terminal.data(&report::dedupe_text(&plan, notes, terminal.verbose()));
    }
    terminal.done(&report::dedupe_line(&plan, arguments.dry_run));
    Ok(())
}

/// SHA-256 of the files that are compared.
type Contents = BTreeMap<ArchivePath, [u8; 32]>;

/// What `dedupe` would do to a tree.
pub(super) fn planned(
    gathered: &GatheredTree,
    likeness: Likeness,
    terminal: &Terminal,
) -> Result<(TreePlan, Contents), Error> {
    let groups = plan::candidates(&gathered.tree, &gathered.elf);
    let twins = host::find_twins(gathered, &groups, likeness, terminal)?;
    let plan = plan::dedupe(DedupeInput {
        tree: &gathered.tree,
        elf: &gathered.elf,
        twins: twins.classes,
        contents: &twins.contents,
        apart: twins.apart,
    });
    Ok((plan, twins.contents))
}

fn apply(
    arguments: &Arguments,
    gathered: &GatheredTree,
    plan: &TreePlan,
    contents: &Contents,
    terminal: &Terminal,
) -> Result<(), Error> {
    // Without a new link nothing loads otherwise than before.
    let python = match &arguments.verify_import {
        Some(python) if !plan.links.is_empty() => python,
        _ => return host::apply_dedupe(gathered, plan, contents, terminal),
    };
    let before = host::load_failures(gathered, python)?;
    host::apply_dedupe(gathered, plan, contents, terminal)?;
    let verdict = host::load_failures(gathered, python).and_then(|after| {
        let mut after = after.into_iter();
        let Some((path, why)) = after.find(|(path, _)| !before.contains_key(path)) else {
            return Ok(());
        };
        Err(Error::Refused {
            path: PathBuf::from(path),
            why: format!("it does not load any more once it is linked: {why}"),
            hint: "`--level identical` merges fewer files; please report the two packages"
                .to_owned(),
        })
    });
    if verdict.is_err() {
        let undone = host::take_back(gathered, plan)?;
        let site = gathered.site.to_string_lossy();
        let text = report::undo_line(undone.restored.len());
        terminal.note(&site, true, &text);
    }
    verdict
}

fn undo(arguments: &Arguments, terminal: &Terminal) -> Result<(), Error> {
    if arguments.dry_run {
        return Err(Error::Usage("`--undo` has no dry run".to_owned()));
    }
    let undone = host::undo_dedupe(&arguments.site)?;
    for path in &undone.left {
        terminal.note(path, false, "no link any more; left as it is");
    }
    terminal.done(&report::undo_line(undone.restored.len()));
    Ok(())
}
