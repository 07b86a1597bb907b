//! `wheelfix show`: the truth about wheels, single files and installed packages.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::WorldArgs;
use super::terminal::Terminal;
use crate::elf::Strip;
use crate::error::{Error, Exit};
use crate::host::{self, GatherOptions, Sysroot};
use crate::plan::{self, Fault, InspectInput, Inspection, Obstacle};
use crate::policy::Pythons;
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
    let world = arguments.world.open(Strip::None)?;
    let options = world.telling_options();
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    for path in &arguments.paths {
        match shown(path, &world.sysroot, &options, terminal) {
            Ok(found) if terminal.json() => all.extend(found),
            Ok(found) => {
                for (inspection, left_out) in found {
                    let text = report::show_text(&inspection, terminal.verbose());
                    terminal.data(&(text + &report::left_out_text(&left_out)));
                }
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
    matches!(error, Error::NotJudged { obstacles, .. }
        if matches!(obstacles.as_slice(), [Obstacle::NotAPlatformWheel { .. }]))
}

fn shown(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
    terminal: &Terminal,
) -> Result<Vec<Shown>, Error> {
    if path.is_dir() {
        return tree(path);
    }
    if path.extension().is_none_or(|extension| extension != "whl") {
        return Ok(vec![(single_file(path, sysroot, options)?, Vec::new())]);
    }
    let gathered = host::gather(path, sysroot, options, terminal)?;
    let judged = host::judge(gathered, sysroot, options)?;
    let inspection = plan::inspect(&InspectInput {
        name: judged.name,
        claims: &judged.platforms,
        pythons: &judged.pythons,
        elf: &judged.elf,
        graph: &judged.graph,
        libc: judged.libc,
        arch: judged.arch,
    });
    Ok(vec![(inspection, judged.left_out)])
}

/// Every package of an installed tree that has ELF files, in a world of nothing but the tree.
fn tree(site: &Path) -> Result<Vec<Shown>, Error> {
    if !host::is_installed_tree(site) {
        return Err(Error::Usage(format!(
            "`{}` holds no `.dist-info` folder: it is no site-packages",
            crate::wheel::escape(&site.to_string_lossy())
        )));
    }
    let packages = host::examine_tree(site)?;
    let judged = packages.iter().filter_map(|package| {
        let settled = package.settled?;
        let mut left_out = package.findings.clone();
        left_out.retain(Fault::is_of_a_stranger);
        let inspection = plan::inspect(&InspectInput {
            name: package.name.clone(),
            claims: &package.platforms,
            pythons: &package.pythons,
            elf: &package.elf,
            graph: &package.graph,
            libc: settled.libc,
            arch: settled.arch,
        });
        Some((inspection, left_out))
    });
    Ok(judged.collect())
}

/// One library or program.
fn single_file(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Inspection, Error> {
    let file = host::gather_file_alone(path, sysroot, options)?;
    Ok(plan::inspect(&InspectInput {
        name: path.display().to_string(),
        claims: &[],
        pythons: &Pythons::default(),
        elf: &[file.elf],
        graph: &file.graph,
        libc: file.libc,
        arch: file.arch,
    }))
}
