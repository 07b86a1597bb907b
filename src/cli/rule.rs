//! `wheelfix rule`: what a code of `check` means, and the way out.

use clap::Args;

use super::terminal::Terminal;
use crate::error::Exit;
use crate::ops::check;
use crate::plan::Rule;
use crate::report;

const EXAMPLES: &str = "\
Examples:
  wheelfix rule F002
      What the code means, why it matters, the way out.
  wheelfix rule
      All codes, a line each; `--all` explains every one.

Exit codes:
  0 done   2 there is no such code";

/// Explain the codes of `check`
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Codes; none lists all of them
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
    /// Explain every code
    #[arg(long, conflicts_with = "codes")]
    all: bool,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let mut rules: Vec<&Rule> = Vec::new();
    for asked in &arguments.codes {
        match check::rule(asked) {
            Ok(rule) => rules.push(rule),
            Err(error) => {
                terminal.error(&error);
                return error.exit();
            }
        }
    }
    let listed = rules.is_empty();
    if listed {
        rules = Rule::all().collect();
    }
    terminal.data(&if terminal.json() {
        format!("{}\n", report::rules_json(&rules))
    } else if listed && !arguments.all {
        report::rule_list(&rules)
    } else {
        let texts: Vec<String> = rules.iter().map(|rule| report::rule_text(rule)).collect();
        texts.join("\n")
    });
    Exit::Done
}
