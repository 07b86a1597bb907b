//! `wheelfix repair`: vendor what a wheel needs and tag it as what it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::{Args, ValueEnum};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use super::args::{self, World, WorldArgs};
use super::terminal::Terminal;
use crate::elf::Strip;
use crate::error::{Error, Exit};
use crate::host::{self, GatherOptions, Gathered, OutputOptions};
use crate::plan::{self, Obstacle, RelrChoice, RepairInput, RepairOptions, Requested, WheelPlan};
use crate::report::{self, Ending, Outcome, RepairSummary};
use crate::wheel::Source;

const EXAMPLES: &str = "\
Examples:
  wheelfix repair dist/*.whl
      In an Alpine builder: wheelhouse/ receives wheels that import on a bare Alpine.
  wheelfix repair --sysroot /mnt/alpine --strip -w out demo-1.0-cp313-cp313-linux_x86_64.whl
      From any machine, against an unpacked Alpine, and smaller.

Exit codes:
  0 done   1 cannot be repaired   2 usage   3 malformed wheel   4 input or output failed

Environment:
  WHEELFIX_PLAT, WHEELFIX_ZIP_COMPRESSION_LEVEL and WHEELFIX_LD_LIBRARY_PATH stand for --plat, -z
  and folders to look in; AUDITWHEEL_… is read where WHEELFIX_… is not set. LD_LIBRARY_PATH and
  SOURCE_DATE_EPOCH count as everywhere.";

/// Vendor the libraries a wheel needs, set its run paths, tag it as what it is
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The wheels
    #[arg(required = true, value_name = "WHEEL")]
    wheels: Vec<PathBuf>,
    /// Where the repaired wheels go
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    wheel_dir: PathBuf,
    /// The platform tag to reach, or `auto` for the best that the content allows
    #[arg(long, value_name = "TAG")]
    plat: Option<String>,
    /// Write the tag of --plat only, though the content allows a better one
    #[arg(long)]
    only_plat: bool,
    /// Leave file name and WHEEL as they are
    #[arg(long)]
    no_update_tags: bool,
    /// A library that stays outside, with wildcards; matched on its name, then on its path
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Leave out symbol tables and debug sections, or the debug sections only
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    strip: Option<StripArg>,
    /// Packed relocations (DT_RELR), which musl before 1.2.4 cannot load: unpack or keep them
    #[arg(long, value_enum, value_name = "HOW", default_value_t = RelrArg::Auto)]
    relr: RelrArg,
    /// What follows the distribution's name in the libraries' folder
    #[arg(short = 'L', long, value_name = "SUFFIX", default_value = ".libs")]
    lib_sdir: String,
    /// How hard to compress: 0 (not at all) to 12
    #[arg(short = 'z', long, value_name = "LEVEL")]
    zip_compression_level: Option<u8>,
    /// Accept files marked for newer processors than the tag's baseline
    #[arg(long)]
    disable_isa_ext_check: bool,
    /// Copy a wheel without ELF files instead of refusing it
    #[arg(long)]
    allow_pure_python_wheel: bool,
    /// Accepted for the sake of old command lines: wheelfix edits ELF files itself
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    patcher: Option<String>,
    /// Show what would be done, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Repair the other wheels when one cannot be
    #[arg(long)]
    keep_going: bool,
    /// Fail where the output is there already
    #[arg(long)]
    no_clobber: bool,
    /// The output may replace its own input
    #[arg(long)]
    in_place: bool,
    /// Called as auditwheel: refuse what it refuses, in its words.
    #[arg(skip)]
    pub(super) refuse_as_auditwheel: bool,
    #[command(flatten)]
    world: WorldArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RelrArg {
    /// Unpack them where the tag promises a C library that cannot load them
    Auto,
    Expand,
    Keep,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StripArg {
    All,
    Debug,
}

/// Everything that all wheels of one call have in common.
struct Job<'a> {
    arguments: &'a Arguments,
    terminal: &'a Terminal,
    world: World,
    gather: GatherOptions,
    options: RepairOptions,
    output: OutputOptions,
    /// The outputs' names, and for which wheel each is.
    claimed: Mutex<BTreeMap<String, PathBuf>>,
}

/// What became of one wheel.
enum Done {
    Repaired(Box<WheelPlan>, RepairSummary, Option<PathBuf>),
    /// Copied to this path, since there is nothing to repair in it.
    Copied(PathBuf),
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let job = match job(arguments, terminal) {
        Ok(job) => job,
        Err(error) => {
            terminal.error(&error);
            return error.exit();
        }
    };
    let failed = AtomicBool::new(false);
    let results: Vec<(&PathBuf, Result<Done, Error>)> = arguments
        .wheels
        .par_iter()
        .map(|path| {
            let result = job.guarded(path, &failed);
            if let Err(error) = &result {
                failed.store(true, Ordering::Relaxed);
                terminal.error(error);
            }
            (path, result)
        })
        .collect();
    if terminal.json() {
        terminal.data(&format!("{}\n", json(&results, arguments.dry_run)));
    }
    let exits = results.iter().map(|(_, result)| match result {
        Ok(_) => Exit::Done,
        Err(error) => error.exit(),
    });
    exits.max().unwrap_or(Exit::Done)
}

fn json(results: &[(&PathBuf, Result<Done, Error>)], dry_run: bool) -> String {
    let outcomes: Vec<Outcome<'_>> = results
        .iter()
        .map(|(path, result)| Outcome {
            input: path.display().to_string(),
            ending: match result {
                Ok(Done::Repaired(plan, summary, output)) => Ending::Repaired {
                    plan,
                    summary: *summary,
                    output: output.as_ref().map(|path| path.display().to_string()),
                },
                Ok(Done::Copied(path)) => Ending::Copied(path.display().to_string()),
                Err(error) => Ending::Failed(error),
            },
        })
        .collect();
    report::repair_json(&outcomes, dry_run)
}

fn job<'a>(arguments: &'a Arguments, terminal: &'a Terminal) -> Result<Job<'a>, Error> {
    let strip = match arguments.strip {
        None => Strip::None,
        Some(StripArg::All) => Strip::All,
        Some(StripArg::Debug) => Strip::Debug,
    };
    let plat = match arguments.plat.clone().or_else(|| args::setting("PLAT")) {
        Some(text) => Requested::parse(&text).map_err(|_| Error::Usage(format!(
            "`{}` is no Linux platform tag; pass `--plat auto`, or a tag such as `musllinux_1_2_x86_64`",
            crate::wheel::escape(&text)
        )))?,
        None => Requested::Auto,
    };
    if arguments.lib_sdir.is_empty() || arguments.lib_sdir.contains('/') {
        return Err(Error::Usage(
            "--lib-sdir must be a few characters such as `.libs`, without `/`".to_owned(),
        ));
    }
    let (time, clamped) = args::source_date()?;
    if clamped {
        let text = "outside of what an archive can hold (1980 to 2107); the nearest time counts";
        terminal.note("SOURCE_DATE_EPOCH", true, text);
    }
    if arguments.patcher.is_some() {
        terminal.note(
            "--patcher",
            false,
            "not needed: wheelfix edits ELF files itself",
        );
    }
    let world = arguments.world.open(strip)?;
    Ok(Job {
        gather: world.gather_options(plat.clone(), strip),
        options: RepairOptions {
            plat,
            lib_suffix: arguments.lib_sdir.clone(),
            update_tags: !arguments.no_update_tags,
            only_plat: arguments.only_plat,
            strip,
            relr: match arguments.relr {
                RelrArg::Keep => RelrChoice::Keep,
                RelrArg::Expand => RelrChoice::Expand,
                RelrArg::Auto => RelrChoice::Auto,
            },
            exclude: globs(&arguments.exclude)?,
            disable_isa_check: arguments.disable_isa_ext_check,
        },
        output: OutputOptions {
            folder: arguments.wheel_dir.clone(),
            level: args::level(arguments.zip_compression_level)?,
            time,
            keep_existing: arguments.no_clobber,
            in_place: arguments.in_place,
        },
        arguments,
        terminal,
        world,
        claimed: Mutex::default(),
    })
}

fn globs(patterns: &[String]) -> Result<GlobSet, Error> {
    let bad = |error: globset::Error| Error::Usage(format!("--exclude: {error}"));
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).build().map_err(bad)?);
    }
    set.build().map_err(bad)
}

impl Job<'_> {
    fn guarded(&self, path: &Path, failed: &AtomicBool) -> Result<Done, Error> {
        if failed.load(Ordering::Relaxed) && !self.arguments.keep_going {
            return Err(Error::NotBegun {
                wheel: path.display().to_string(),
            });
        }
        self.one(path)
    }

    fn one(&self, path: &Path) -> Result<Done, Error> {
        let start = Instant::now();
        let gathered = host::gather(path, &self.world.sysroot, &self.gather, self.terminal)?;
        let name = gathered.wheel.filename.to_string();
        self.refuse(&gathered)?;
        let plan = match self.plan(&gathered) {
            Ok(plan) => plan,
            Err(obstacles) => return self.without_plan(&gathered, name, obstacles),
        };
        for note in &plan.notes {
            let (warning, text) = report::note_text(note);
            self.terminal.note(&name, warning, &text);
        }
        let mut summary = RepairSummary {
            input_size: gathered.source.size(),
            strip_would_save: strip_would_save(&gathered, &plan),
            ..RepairSummary::default()
        };
        if self.arguments.dry_run {
            if !self.terminal.json() {
                self.terminal.data(&report::plan_text(&plan));
            }
            return Ok(Done::Repaired(Box::new(plan), summary, None));
        }
        if self.terminal.verbose() {
            self.terminal.done(report::plan_text(&plan).trim_end());
        }
        self.claim(&plan.output.to_string(), path)?;
        let sysroot = &self.world.sysroot;
        let applied = host::apply_wheel(&plan, &gathered, sysroot, &self.output, self.terminal)?;
        summary.size = applied.size;
        summary.seconds = start.elapsed().as_secs_f64();
        self.terminal.done(&report::success(&plan, &summary));
        Ok(Done::Repaired(Box::new(plan), summary, Some(applied.path)))
    }

    /// auditwheel takes no wheel without a file for the machine in its name.
    fn refuse(&self, gathered: &Gathered) -> Result<(), Error> {
        if !self.arguments.refuse_as_auditwheel {
            return Ok(());
        }
        let filename = &gathered.wheel.filename;
        let Err(refusal) = plan::select(&filename.platform, plan::elf_of(&gathered.subject)) else {
            return Ok(());
        };
        for text in &refusal.ignored {
            let text = crate::wheel::escape(text);
            self.terminal.note(&filename.to_string(), true, &text);
        }
        let text = report::refusal_text(&refusal);
        if refusal.pure && self.arguments.allow_pure_python_wheel {
            self.terminal.done(&text);
            return Ok(());
        }
        Err(Error::NoPlatformWheel(text))
    }

    /// Two inputs may become one name; the second must not silently replace the first.
    fn claim(&self, output: &str, wheel: &Path) -> Result<(), Error> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        match claimed.get(output) {
            Some(first) => Err(Error::SameOutput {
                path: self.output.folder.join(output),
                first: first.display().to_string(),
                second: wheel.display().to_string(),
            }),
            None => {
                claimed.insert(output.to_owned(), wheel.to_owned());
                Ok(())
            }
        }
    }

    fn plan(&self, gathered: &Gathered) -> Result<WheelPlan, Vec<Obstacle>> {
        let subject = gathered.subject.as_ref();
        let subject = subject.map_err(|unsettled| unsettled.obstacles.clone())?;
        let wheel = &gathered.wheel;
        let input = RepairInput {
            filename: &wheel.filename,
            entries: &gathered.entries,
            dist_info: &wheel.dist_info,
            wheel: &wheel.wheel,
            subject,
        };
        let mut plan = plan::repair(&input, &self.options)?;
        plan.notes.extend(gathered.notes.iter().cloned());
        Ok(plan)
    }

    /// A wheel without ELF files may be copied; anything else is an error.
    fn without_plan(
        &self,
        gathered: &Gathered,
        wheel: String,
        obstacles: Vec<Obstacle>,
    ) -> Result<Done, Error> {
        let pure = matches!(obstacles.as_slice(), [Obstacle::NotAPlatformWheel { .. }]);
        if !pure || !self.arguments.allow_pure_python_wheel {
            return Err(Error::Blocked { wheel, obstacles });
        }
        if self.arguments.dry_run {
            if !self.terminal.json() {
                let name = crate::wheel::escape(&wheel);
                let text = format!("{name}\n  no ELF library or program in it: copied as it is\n");
                self.terminal.data(&text);
            }
            return Ok(Done::Copied(self.output.folder.join(wheel)));
        }
        self.claim(&wheel, gathered.source.path())?;
        let applied = host::copy_wheel(gathered, &self.output)?;
        let path = applied.path.display();
        self.terminal.done(&format!(
            "Copied {wheel} to {path}: no ELF library or program in it, nothing to repair"
        ));
        Ok(Done::Copied(applied.path))
    }
}

/// What stripping would save in the wheel's own files and in what comes along; nothing
/// where they are stripped.
fn strip_would_save(gathered: &Gathered, plan: &WheelPlan) -> u64 {
    if plan.strips() {
        return 0;
    }
    let Ok(subject) = &gathered.subject else {
        return 0;
    };
    let own: u64 = subject.elf.iter().map(|entry| entry.file.strippable).sum();
    let grafts = plan.grafts().filter_map(|(_, source)| {
        let mut modules = subject.graph.modules();
        modules.find(|(_, module)| module.file.real_path == source.path)
    });
    own.saturating_add(grafts.map(|(_, module)| module.file.strippable).sum())
}
