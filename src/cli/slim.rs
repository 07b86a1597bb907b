//! `wheelfix slim`: take away what nothing reads, from an installed tree or from a wheel.

use std::path::{Path, PathBuf};

use clap::Args;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::Value;

use super::args::{level, source_date};
use super::terminal::Terminal;
use crate::elf::Strip;
use crate::error::{Error, Exit};
use crate::host::{
    self, GatherOptions, Gathered, OutputOptions, SlimFacts, Sysroot, SysrootOptions,
};
use crate::plan::{self, SlimInput, SlimOptions, SlimPlan, Tree};
use crate::report;
use crate::wheel::ArchivePath;

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
        let result = if path.is_dir() {
            slim_tree(arguments, path, terminal)
        } else {
            slim_wheel(arguments, path, terminal)
        };
        match result {
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
        terminal.data(&format!("{text}\n"));
    }
    exit
}

impl Arguments {
    fn options(&self) -> SlimOptions {
        SlimOptions {
            repack: !self.no_repack,
            tests: self.tests,
            sources: self.sources,
            stubs: self.stubs,
            bytecode: self.no_pyc,
            samples: self.samples,
        }
    }

    fn keep(&self) -> Result<GlobSet, Error> {
        let mut globs = GlobSetBuilder::new();
        for text in &self.keep {
            let wrong = |error| Error::Usage(format!("`--keep {text}` is no pattern: {error}"));
            globs.add(GlobBuilder::new(text).build().map_err(wrong)?);
        }
        globs
            .build()
            .map_err(|error| Error::Usage(format!("`--keep`: {error}")))
    }

    fn plan(&self, tree: &Tree, facts: &SlimFacts) -> Result<SlimPlan, Error> {
        let keep = self.keep()?;
        let input = SlimInput {
            tree,
            sources: &facts.sources,
            strippable: &facts.strippable,
            keep: &|path: &ArchivePath| keep.is_match(path.as_str()),
        };
        Ok(plan::slim(&input, &self.options()))
    }
}

fn slim_tree(arguments: &Arguments, path: &Path, terminal: &Terminal) -> Result<Value, Error> {
    let gathered = host::gather_tree(path, terminal)?;
    let facts = host::slim_facts(&gathered, terminal)?;
    let slim = arguments.plan(&gathered.tree, &facts)?;
    let name = gathered.site.to_string_lossy().into_owned();
    for note in &gathered.notes {
        terminal.note(&name, true, note);
    }
    let (saved, left) = if arguments.dry_run {
        let removed = slim
            .removed
            .keys()
            .filter_map(|path| gathered.tree.files.get(path));
        let removed: u64 = removed.map(|file| file.size).sum();
        let repacked: u64 = slim.repacked.values().sum();
        (removed.saturating_add(repacked), Vec::new())
    } else {
        let done = host::slim_tree(&gathered, &slim, terminal)?;
        (done.removed.saturating_add(done.repacked), done.left)
    };
    if !terminal.json() {
        terminal.data(&report::slim_text(
            &slim,
            &gathered.tree,
            &left,
            terminal.verbose(),
        ));
    }
    let before = gathered.tree.size();
    terminal.done(&report::slim_line(&name, saved, before, arguments.dry_run));
    Ok(report::slim_json(&name, &slim, &gathered.tree, &left, None))
}

/// Read a wheel as `slim` and `size` see it.
pub(super) fn gather_wheel(path: &Path, terminal: &Terminal) -> Result<(Gathered, Sysroot), Error> {
    let sysroot = Sysroot::open(&SysrootOptions {
        strip: Strip::All,
        ..SysrootOptions::default()
    })?;
    // Nothing of the machine counts: only the wheel's own files are looked at.
    let options = GatherOptions {
        search_system: false,
        strip: Strip::All,
        ..GatherOptions::default()
    };
    let gathered = host::gather(path, &sysroot, &options, terminal)?;
    Ok((gathered, sysroot))
}

fn slim_wheel(arguments: &Arguments, path: &Path, terminal: &Terminal) -> Result<Value, Error> {
    let (gathered, sysroot) = gather_wheel(path, terminal)?;
    let (tree, facts) = host::wheel_facts(&gathered)?;
    let slim = arguments.plan(&tree, &facts)?;
    let wheel = &gathered.wheel;
    let plan = plan::slim_wheel(&wheel.filename, &gathered.entries, &wheel.dist_info, &slim);
    let mut output = None;
    let before = crate::wheel::Source::size(&gathered.source);
    let mut after = before;
    if !arguments.dry_run {
        let (time, _) = source_date()?;
        let options = OutputOptions {
            folder: arguments.wheel_dir.clone(),
            level: level(None)?,
            time,
            in_place: arguments.in_place,
            ..OutputOptions::default()
        };
        let applied = host::apply_wheel(&plan, &gathered, &sysroot, &options, terminal)?;
        after = applied.size;
        output = Some(applied.path.to_string_lossy().into_owned());
    }
    if !terminal.json() {
        terminal.data(&report::slim_text(&slim, &tree, &[], terminal.verbose()));
    }
    let name = wheel.filename.to_string();
    let saved = before.saturating_sub(after);
    if arguments.dry_run {
        terminal.done(&format!("Would write {name}"));
    } else {
        terminal.done(&report::slim_line(&name, saved, before, false));
    }
    let output = output.as_deref();
    Ok(report::slim_json(&name, &slim, &tree, &[], output))
}
