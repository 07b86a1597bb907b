//! `wheelfix show`: the truth about wheels.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::WorldArgs;
use super::terminal::Terminal;
use crate::elf::Strip;
use crate::error::{Error, Exit};
use crate::host::{self, GatherOptions, Sysroot};
use crate::plan::{self, Inspection, Obstacle, RepairInput, Requested};
use crate::report;

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
    /// The wheels
    #[arg(required = true, value_name = "WHEEL")]
    wheels: Vec<PathBuf>,
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
    let world = arguments.world.open(Strip::None)?;
    let options = world.gather_options(Requested::Auto, Strip::None);
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    for path in &arguments.wheels {
        match inspect(path, &world.sysroot, &options, terminal) {
            Ok(inspection) if terminal.json() => all.push(inspection),
            Ok(inspection) => {
                terminal.data(&report::show_text(&inspection, terminal.verbose()));
            }
            Err(error) if arguments.allow_pure_python_wheel && is_pure(&error) => {
                let name = path.display().to_string();
                terminal.note(&name, true, "no ELF file in it, nothing to show");
            }
            Err(error) => {
                terminal.error(&error);
                exit = exit.max(error.exit());
            }
        }
    }
    if terminal.json() {
        terminal.data(&format!("{}\n", report::show_json(&all)));
    }
    Ok(exit)
}

fn is_pure(error: &Error) -> bool {
    matches!(error, Error::Blocked { obstacles, .. }
        if matches!(obstacles.as_slice(), [Obstacle::NotAPlatformWheel { .. }]))
}

fn inspect(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
    terminal: &Terminal,
) -> Result<Inspection, Error> {
    let gathered = host::gather(path, sysroot, options, terminal)?;
    let wheel = &gathered.wheel;
    let (libc, arch) = gathered
        .target
        .clone()
        .map_err(|obstacles| Error::Blocked {
            wheel: wheel.filename.to_string(),
            obstacles,
        })?;
    Ok(plan::inspect(&RepairInput {
        filename: &wheel.filename,
        entries: &gathered.entries,
        dist_info: &wheel.dist_info,
        wheel: &wheel.wheel,
        elf: &gathered.elf,
        graph: &gathered.graph,
        libc,
        arch,
    }))
}
