//! `wheelfix check`: is everything true that wheels and installed packages say of themselves?

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host;
use crate::plan::{self, Package, Rule, RuleChoice};
use crate::report::{self, Checked};

const EXAMPLES: &str = "\
Examples:
  wheelfix check dist/
      Every wheel of a folder: tags, RECORD, libraries, symbols, run paths, the oldest system.
  wheelfix check --select L,S --output-format github .venv/lib/python3.13/site-packages
      An installed tree, libraries and symbols only, as annotations for a workflow.

Exit codes:
  0 nothing found   1 findings   2 usage   4 input or output failed";

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
        select: rules(&arguments.select)?,
        ignore: rules(&arguments.ignore)?,
    };
    let mut wheels = Vec::new();
    let mut all = Vec::new();
    for path in &arguments.paths {
        if !path.is_dir() {
            wheels.push(path.clone());
        } else if host::is_installed_tree(path) {
            all.extend(judged(path, host::examine_tree(path)?));
        } else {
            wheels.extend(host::wheels_in(path)?);
        }
    }
    let examined: Vec<Result<Vec<Checked>, Error>> = wheels
        .par_iter()
        .map(|path| Ok(judged(path, vec![host::examine(path, terminal)?])))
        .collect();
    let mut exit = Exit::Done;
    for result in examined {
        match result {
            Ok(checked) => all.extend(checked),
            Err(error) => {
                terminal.error(&error);
                exit = exit.max(error.exit());
            }
        }
    }
    for one in &mut all {
        one.findings.retain(|fault| choice.holds(fault.rule()));
    }
    let format = match terminal.json() {
        true => Format::Json,
        false => arguments.output_format,
    };
    terminal.data(&match format {
        Format::Text => report::check_text(&all),
        Format::Json => format!("{}\n", report::check_json(&all)),
        Format::Github => report::check_github(&all),
        Format::Sarif => format!("{}\n", report::check_sarif(&all)),
    });
    if format == Format::Text && !all.is_empty() {
        terminal.done(&report::check_summary(&all));
    }
    let found = all.iter().any(|one| !one.findings.is_empty());
    Ok(exit.max(if found { Exit::No } else { Exit::Done }))
}

/// The findings of packages that share a process.
fn judged(path: &Path, packages: Vec<Package>) -> Vec<Checked> {
    let graphs: Vec<_> = packages.iter().map(|package| &package.graph).collect();
    let mut clashes = plan::name_clashes(&graphs);
    let mut all = Vec::new();
    for (number, package) in packages.iter().enumerate() {
        let mut findings = plan::check(package);
        let own = clashes.extract_if(.., |(of, _)| *of == number);
        findings.extend(own.map(|(_, fault)| fault));
        findings.sort();
        all.push(Checked {
            path: path.display().to_string(),
            name: package.name.clone(),
            findings,
        });
    }
    all
}

/// The rules whose codes begin with one of `prefixes`.
fn rules(prefixes: &[String]) -> Result<Vec<&'static Rule>, Error> {
    let mut found = Vec::new();
    for prefix in prefixes {
        let before = found.len();
        found.extend(Rule::all().filter(|rule| rule.id.starts_with(prefix.as_str())));
        if found.len() == before || prefix.is_empty() {
            return Err(super::rule::unknown(prefix));
        }
    }
    Ok(found)
}
