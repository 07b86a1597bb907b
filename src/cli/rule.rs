//! `wheelfix rule`: what a code of `check` means, and the way out.

use clap::Args;

use super::terminal::Terminal;
use crate::error::Exit;
use crate::ops::check;
use crate::plan::Code;
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
    let mut codes = Vec::new();
    for asked in &arguments.codes {
        match check::code(asked) {
            Ok(code) => codes.push(code),
            Err(error) => {
                terminal.error(&error);
                return error.exit();
            }
        }
    }
    let listed = codes.is_empty();
    if listed {
        codes = Code::ALL.to_vec();
    }
    terminal.data(&if terminal.json() {
        format!("{}\n", report::rules_json(&codes))
    } else if listed && !arguments.all {
        report::rule_list()
    } else {
        let texts: Vec<String> = codes.iter().map(|code| report::rule_text(*code)).collect();
        texts.join("\n")
    });
    Exit::Done
}
