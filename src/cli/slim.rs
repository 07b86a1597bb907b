//! `wheelfix slim`: take away what nothing reads, from an installed tree or from a wheel.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::args::{level, source_date};
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host::{self, OutputOptions};
use crate::ops::slim::{self, Options, Planned, PlannedTree, PlannedWheel};
use crate::plan::SlimOptions;
use crate::report;
use crate::wheel::Untrusted;

const EXAMPLES: &str = "\
Examples:
  wheelfix slim /usr/lib/python3.13/site-packages
      Repack every library: symbol tables and dead holes go, no file does.
  wheelfix slim --tests --sources .venv/lib/python3.13/site-packages
      Also tests that nothing imports, and sources that nothing names.
  wheelfix slim -w small numpy-2.5.5-cp313-cp313-musllinux_1_2_x86_64.whl
      The same for a wheel; the result is written to `small/`.

Exit codes:
  0 done   1 refused   2 usage   3 malformed wheel   4 input or output failed";

/// Take away what nothing reads: symbol tables, holes, and on request tests, sources, stubs
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders that packages are installed in, and wheels
    #[arg(required = true, value_name = "TREE|WHEEL")]
    paths: Vec<PathBuf>,
    /// Leave ELF files as they are
    #[arg(long)]
    no_repack: bool,
    /// Remove tests that nothing else imports or names
    #[arg(long)]
    tests: bool,
    /// Remove C, C++, Fortran and Cython sources, headers and static libraries that no module names
    #[arg(long)]
    sources: bool,
    /// Remove type stubs (.pyi) that nothing reads at run time
    #[arg(long)]
    stubs: bool,
    /// Remove sample data of packages that show how to use them
    #[arg(long)]
    samples: bool,
    /// Remove compiled Python (.pyc); every start then compiles anew, and takes about three times as long
    #[arg(long)]
    no_pyc: bool,
    /// Keep files whose path matches (can be given several times)
    #[arg(long, value_name = "GLOB")]
    keep: Vec<String>,
    /// Show what would be done, change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Where slimmed wheels are written
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    wheel_dir: PathBuf,
    /// Accept a wheel that would replace its own input
    #[arg(long)]
    in_place: bool,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let mut exit = Exit::Done;
    let mut all = Vec::new();
    for path in &arguments.paths {
        match arguments.slim(path, terminal) {
            Ok(value) => all.push(value),
            Err(error) => {
                terminal.error(&error);
                exit = exit.max(error.exit());
                all.push(report::slim_failed_json(&path.to_string_lossy(), &error));
            }
        }
    }
    if terminal.json() {
        let text = report::slim_all_json(&all, arguments.dry_run);
        terminal.json_data(&text);
    }
    exit
}

impl Arguments {
    fn slim(&self, path: &Path, terminal: &Terminal) -> Result<Value, Error> {
        if !self.dry_run && !host::path_kind(path)?.is_folder() {
            self.output(terminal)?.check()?;
        }
        match slim::plan(path, &self.options(terminal)?, terminal)? {
            Planned::Tree(tree) => self.tree(&tree, terminal),
            Planned::Wheel(wheel) => self.wheel(&wheel, terminal),
        }
    }

    fn options(&self, terminal: &Terminal) -> Result<Options, Error> {
        Ok(Options {
            kinds: SlimOptions {
                repack: !self.no_repack,
                tests: self.tests,
                sources: self.sources,
                stubs: self.stubs,
                bytecode: self.no_pyc,
                samples: self.samples,
            },
            keep: self.keep.clone(),
            dry_run: self.dry_run,
            limits: terminal.limits()?,
        })
    }

    fn tree(&self, planned: &PlannedTree, terminal: &Terminal) -> Result<Value, Error> {
        let name = planned.site().to_string_lossy();
        for note in planned.notes() {
            terminal.note(name.as_ref(), true, note.as_str());
        }
        let (saved, left) = if self.dry_run {
            (planned.would_save(), Vec::new())
        } else {
            let done = planned.apply(terminal)?;
            (done.removed.saturating_add(done.repacked), done.left)
        };
        let (plan, tree) = (planned.plan(), planned.tree());
        if !terminal.json() && !terminal.quiet() {
            terminal.data(&report::slim_text(plan, tree, &left, terminal.verbose()));
        }
        let line = report::slim_line(&name.as_ref().into(), saved, tree.size(), self.dry_run);
        terminal.done(&line);
        Ok(report::slim_json(&name, plan, tree, &left, None))
    }

    fn wheel(&self, planned: &PlannedWheel, terminal: &Terminal) -> Result<Value, Error> {
        let (name, plan, tree) = (planned.name(), planned.plan(), planned.tree());
        let written = match self.dry_run {
            true => None,
            false => Some(planned.write(&self.output(terminal)?, terminal)?),
        };
        if !terminal.json() && !terminal.quiet() {
            terminal.data(&report::slim_text(plan, tree, &[], terminal.verbose()));
        }
        terminal.done(&match &written {
            None => format!("Would write {}", Untrusted::from(name)),
            Some(written) => {
                let saved = planned.size().saturating_sub(written.size);
                let place = Untrusted::from(&written.path);
                report::slim_line(&place, saved, planned.size(), false)
            }
        });
        let output = written.map(|written| written.path.to_string_lossy().into_owned());
        Ok(report::slim_json(name, plan, tree, &[], output.as_deref()))
    }

    fn output(&self, terminal: &Terminal) -> Result<OutputOptions, Error> {
        Ok(OutputOptions {
            folder: self.wheel_dir.clone(),
            level: level(None)?,
            time: source_date(terminal)?,
            keep_existing: false,
            in_place: self.in_place,
        })
    }
}
