//! `wheelfix dedupe`: one copy of each library that several packages carry.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host::Likeness;
use crate::ops::dedupe::{self, Options, Outcome};
use crate::report;

const EXAMPLES: &str = "\
Examples:
  wheelfix dedupe --dry-run .venv/lib/python3.13/site-packages
      Which copies of libraries would become one, and what that saves.
  wheelfix dedupe /usr/lib/python3.13/site-packages
      Do it; in a Dockerfile in the same RUN as the installation. pip goes on working.
  wheelfix dedupe --undo /usr/lib/python3.13/site-packages
      Put every file back, byte for byte.

Exit codes:
  0 done   1 refused   2 usage   3 not a store of wheelfix's   4 input or output failed, or the tree is busy";

/// Keep one copy of each library that several installed packages carry, with links to it
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
    let options = Options {
        likeness: match arguments.level {
            Level::Identical => Likeness::Identical,
            Level::SameBuild => Likeness::SameBuild,
        },
        verify_import: arguments.verify_import.clone(),
        dry_run: arguments.dry_run,
        limits: terminal.limits()?,
    };
    let planned = dedupe::plan(&arguments.site, &options, terminal)?;
    let site = planned.site().to_string_lossy();
    if !arguments.dry_run
        && let Outcome::TakenBack { restored, why } = planned.apply(terminal)?
    {
        terminal.note(site.as_ref(), true, &report::undo_line(restored));
        return Err(why);
    }
    let (plan, notes) = (planned.plan(), planned.notes());
    if terminal.json() {
        let text = report::dedupe_json(&site, plan, notes, arguments.dry_run);
        terminal.json_data(&text);
    } else if !terminal.quiet() {
        terminal.data(&report::dedupe_text(plan, notes, terminal.verbose()));
    }
    terminal.done(&report::dedupe_line(plan, arguments.dry_run));
    Ok(())
}

fn undo(arguments: &Arguments, terminal: &Terminal) -> Result<(), Error> {
    if arguments.dry_run {
        return Err(Error::Usage("`--undo` has no dry run".into()));
    }
    let undone = dedupe::undo(&arguments.site)?;
    for path in &undone.left {
        terminal.note(path.as_str(), false, "no link any more; left as it is");
    }
    for path in &undone.rows_left {
        terminal.note(
            path.as_str(),
            true,
            "somebody else changed its row in RECORD; that is left as it is",
        );
    }
    terminal.done(&report::undo_line(undone.restored.len()));
    Ok(())
}
