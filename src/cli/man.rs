//! `wheelfix man`: the manual, as `man` reads it.

use clap::{Args, Command};
use clap_mangen::Man;

use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::wheel::{Untrusted, sentence};

const EXAMPLES: &str = "\
Examples:
  wheelfix man repair | man -l -
      Read the page of a command.
  wheelfix man > /usr/share/man/man1/wheelfix.1
      Install the page of the program; each command has one of its own, `wheelfix-repair.1` and so on.

Exit codes:
  0 done   2 there is no such command   4 the page could not be written";

/// Print a page of the manual
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The command; none: the program's own page
    command: Option<String>,
}

/// Run the command. `program`: what there are pages of.
pub(super) fn run(arguments: &Arguments, program: Command, terminal: &Terminal) -> Exit {
    match page(program, arguments.command.as_deref()) {
        Ok(text) => {
            terminal.value(&text);
            Exit::Done
        }
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn page(mut program: Command, name: Option<&str>) -> Result<String, Error> {
    program.build();
    let command = match name {
        None => program,
        Some(name) => named(&program, name)?,
    };
    let mut text = Vec::new();
    Man::new(command)
        .render(&mut text)
        .map_err(|error| Error::Usage(sentence!("the page cannot be made: {}", error)))?;
    // roff reads bytes: what is not ASCII is named by its code point.
    let mut page = String::new();
    for one in String::from_utf8_lossy(&text).chars() {
        match one.is_ascii() {
            true => page.push(one),
            false => page.push_str(&format!("\\[u{:04X}]", u32::from(one))),
        }
    }
    Ok(page)
}

/// A command of the program, under the name that its page has.
fn named(program: &Command, name: &str) -> Result<Command, Error> {
    let all = || program.get_subcommands();
    match all().find(|command| command.get_name() == name) {
        Some(found) => Ok(found.clone().name(format!("wheelfix-{name}"))),
        None => {
            let names: Vec<&str> = all().map(Command::get_name).collect();
            Err(Error::Usage(sentence!(
                "there is no command `{}`; there are {}",
                Untrusted::from(name),
                Untrusted::from(names.join(", "))
            )))
        }
    }
}
