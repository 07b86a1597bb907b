//! `wheelfix show`: the truth about wheels, single files and installed packages.

use std::path::PathBuf;

use clap::Args;

use super::args::{WorldArgs, text_of};
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::ops;
use crate::report::{self, Shown};

const EXAMPLES: &str = "\
Examples:
  wheelfix show numpy-2.5.5-cp313-cp313-musllinux_1_2_x86_64.whl
      The tag it deserves, the oldest Alpine it runs on and why, what it carries and needs.
  wheelfix show --json dist/*.whl
      The same for other programs.

Exit codes:
  0 done   1 nothing to show (no ELF file)   2 usage   3 malformed wheel   4 input or output failed";

/// Tell the tag a wheel deserves, where it runs and why, what it carries and needs
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Wheels, libraries, programs, site-packages folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Accept wheels without ELF files
    #[arg(long)]
    allow_pure_python_wheel: bool,
    #[command(flatten)]
    world: WorldArgs,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match show(arguments, terminal) {
        Ok(exit) => exit,
        Err(error) => {
            terminal.error(&error);
            error.exit()
        }
    }
}

fn show(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Error> {
    let world = arguments.world.open(terminal)?;
    let mut exit = Exit::Done;
    let mut all: Vec<Shown> = Vec::new();
    for path in &arguments.paths {
        match ops::show::show(path, &world, terminal) {
            Ok(found) => {
                for one in found {
                    if terminal.json() {
                        all.push((one.inspection, one.left_out));
                        continue;
                    }
                    let text = report::show_text(&one.inspection, terminal.verbose());
                    terminal.data(&(text + &report::left_out_text(&one.left_out)));
                }
            }
            Err(error) if arguments.allow_pure_python_wheel && error.is_no_platform_wheel() => {
                let name = text_of(path);
                terminal.note(name.as_str(), true, "no ELF file in it, nothing to show");
            }
            Err(error) => {
                terminal.error(&error);
                exit = exit.max(error.exit());
            }
        }
    }
    if terminal.json() {
        terminal.json_data(&report::show_json(&all));
    }
    Ok(exit)
}
