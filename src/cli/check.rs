//! `wheelfix check`: is everything true that wheels and installed packages say of themselves?

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::ops::check;
use crate::ops::repair::excluding;
use crate::plan::{Degree, RuleChoice};
use crate::report::{self, Checked};

const EXAMPLES: &str = "\
Examples:
  wheelfix check dist/
      Every wheel of a folder: tags, RECORD, libraries, symbols, run paths, the oldest system.
  wheelfix check --select L,S --output-format github .venv/lib/python3.13/site-packages
      An installed tree, libraries and symbols only, as annotations for a workflow.

Exit codes:
  0 no error found   1 errors found, with --strict warnings too   2 usage   3 asks for too much   4 input or output failed";

/// Check that wheels, or the packages of an installed tree, are what they say
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Wheels, folders of wheels, site-packages folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only these codes; a beginning stands for all that begin so (`L`, `F00`)
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    select: Vec<String>,
    /// Not these codes
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
    /// A library that may be missing, as for `repair`, with wildcards; or a file that nothing loads
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// How to write it; `--json` is the same as `--output-format json`
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output_format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// Workflow commands, which GitHub shows as annotations
    Github,
    /// A code quality report, which GitLab shows beside a merge request
    Gitlab,
    /// SARIF 2.1.0
    Sarif,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match check(arguments, terminal) {
        Ok(exit) => exit,
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn check(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Error> {
    let choice = RuleChoice {
        select: check::rules(&arguments.select)?,
        ignore: check::rules(&arguments.ignore)?,
    };
    let exclude = excluding(&arguments.exclude)?;
    let limits = terminal.limits()?;
    let outcome = check::check(&arguments.paths, &choice, &exclude, &limits, terminal)?;
    let least = match arguments.strict {
        true => Degree::Warning,
        false => Degree::Error,
    };
    let mut exit = match outcome.worst() {
        Some(worst) if worst >= least => Exit::No,
        _ => Exit::Done,
    };
    for error in &outcome.failed {
        terminal.error(error);
        exit = exit.max(error.exit());
    }
    let checked = outcome.checked.into_iter().map(|one| Checked {
        path: one.path,
        name: one.name,
        findings: one.findings,
    });
    let all: Vec<Checked> = checked.collect();
    let format = match terminal.json() {
        true => Format::Json,
        false => arguments.output_format,
    };
    match format {
        Format::Text => terminal.data(&report::check_text(&all)),
        Format::Json => terminal.json_data(&report::check_json(&all)),
        Format::Github => terminal.commands(&report::check_github(&all)),
        Format::Gitlab => terminal.json_data(&report::check_gitlab(&all)),
        Format::Sarif => terminal.json_data(&report::check_sarif(&all)),
    }
    if format == Format::Text && !all.is_empty() {
        terminal.done(&report::check_summary(&all));
    }
    Ok(exit)
}
