//! `wheelfix completions`: what a shell needs to complete command lines.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::terminal::Terminal;
use crate::error::Exit;

const EXAMPLES: &str = "\
Examples:
  wheelfix completions bash > /etc/bash_completion.d/wheelfix
      For all users of bash.
  wheelfix completions fish > ~/.config/fish/completions/wheelfix.fish
      For yourself, in fish.

Exit codes:
  0 done   2 there is no such shell";

/// Print the completions of a shell
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Run the command. `program`: what is completed.
pub(super) fn run(arguments: &Arguments, mut program: Command, terminal: &Terminal) -> Exit {
    let mut text = Vec::new();
    generate(arguments.shell, &mut program, "wheelfix", &mut text);
    terminal.value(&String::from_utf8_lossy(&text));
    Exit::Done
}
