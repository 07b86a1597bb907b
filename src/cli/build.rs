//! `wheelfix build`: requirements in, an Alpine wheelhouse out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::args::{self, text_of};
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host::PipOptions;
use crate::ops::build::{Options, Outcome, build};
use crate::plan::{ChoiceOptions, SizeFlags, normalised};
use crate::report::{self, BuildReport, FailedPackage};
use crate::wheel::Untrusted;

const EXAMPLES: &str = "\
Examples:
  wheelfix build -r requirements.txt
      On Alpine: wheelhouse/ receives a wheel of each package and of all that they need.
  wheelfix build --sysroot /mnt/alpine --no-port numpy 'pandas>=3'
      On Debian, for an unpacked Alpine: wheels for glibc are not ported.

Exit codes:
  0 done   1 a package has no wheel   2 usage   3 malformed input   4 input or output failed";

/// Gather wheels for Alpine: taken and mended where there are some, ported or compiled where there are none
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What is wanted, as pip takes it
    #[arg(value_name = "REQUIREMENT")]
    requirements: Vec<String>,
    /// A file of requirements, or a lock (`pylock.toml`), which is gone by as it is
    #[arg(short, long, value_name = "FILE")]
    requirement: Vec<PathBuf>,
    /// A file of constraints
    #[arg(short, long, value_name = "FILE")]
    constraint: Vec<PathBuf>,
    /// Where the wheels go
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    wheel_dir: PathBuf,
    /// The interpreter whose pip does the work; on Alpine the one that the wheels are for
    #[arg(long, value_name = "PYTHON")]
    python: Option<PathBuf>,
    /// An unpacked Alpine that the wheels are for, instead of this machine
    #[arg(long, value_name = "ALPINE")]
    sysroot: Option<PathBuf>,
    /// Ask no index
    #[arg(long)]
    no_index: bool,
    /// Look for files here too: a folder or a page (can be given several times)
    #[arg(short, long, value_name = "PLACE")]
    find_links: Vec<String>,
    /// Take versions before a release
    #[arg(long)]
    pre: bool,
    /// Resolve anew, although the requirements are those of the lock that is there
    #[arg(long)]
    upgrade: bool,
    /// Compile this project although it has a wheel, or `:all:` (can be given several times)
    #[arg(long, value_name = "NAME")]
    compile: Vec<String>,
    /// What compiled code is to be like: small, fast, or as each project has it
    #[arg(long, value_enum, default_value_t = Flags::Size, value_name = "KIND")]
    flags: Flags,
    /// How many compilers may run at once; else cores and memory tell
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Port no wheels for glibc
    #[arg(long)]
    no_port: bool,
    /// Runtime libraries for glibc (libstdc++) for wheels that are ported (can be given several times)
    #[arg(long, value_name = "DIR")]
    runtimes: Vec<PathBuf>,
    /// Make the folder an index too (PEP 503): `pip install --index-url file:///…/wheelhouse/simple`
    #[arg(long)]
    index: bool,
    /// Where fetched files are kept
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// How hard to compress: 0 (not at all) to 12
    #[arg(short = 'z', long, value_name = "LEVEL")]
    zip_compression_level: Option<u8>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Flags {
    Size,
    Speed,
    None,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let start = Instant::now();
    let wheelhouse = Untrusted::from(&arguments.wheel_dir);
    let told = |made: &_| terminal.done(&report::made_line(made));
    let built = arguments
        .options(terminal)
        .and_then(|options| build(&options, terminal, &told));
    let outcome = match built {
        Ok(outcome) => outcome,
        Err(error) => {
            if terminal.json() {
                let text = report::build_failed_json(&wheelhouse, &error);
                terminal.json_data(&text);
            }
            terminal.error(&error);
            return error.exit();
        }
    };
    let mut exit = Exit::Done;
    for (_, error) in outcome.failed.iter().flat_map(|failed| &failed.errors) {
        terminal.error(error);
        exit = exit.max(error.exit());
    }
    let report = arguments.report(&outcome, &wheelhouse, start.elapsed().as_secs_f64());
    match terminal.json() {
        true => terminal.json_data(&report::build_json(&report)),
        false if terminal.quiet() => {}
        false => terminal.data(&report::build_text(&report)),
    }
    exit
}

impl Arguments {
    fn options(&self, terminal: &Terminal) -> Result<Options, Error> {
        let is_lock = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("pylock.") && name.ends_with(".toml")
        };
        let locks: Vec<&PathBuf> = self.requirement.iter().filter(is_lock).collect();
        let others = self
            .requirements
            .len()
            .saturating_add(self.requirement.len());
        let lock = match (locks.as_slice(), others) {
            (_, 0) => {
                return Err(Error::Usage(
                    "nothing is asked for: name requirements, or a file of them with `-r FILE`"
                        .into(),
                ));
            }
            ([], _) => None,
            ([lock], 1) if self.constraint.is_empty() => Some((*lock).clone()),
            _ => {
                return Err(Error::Usage(
                    "a lock is gone by as it is: name no other requirements or constraints beside it".into(),
                ));
            }
        };
        if self.sysroot.is_some() && !self.compile.is_empty() {
            return Err(Error::Usage(
                "`--compile` builds on the Alpine itself: run it there, without `--sysroot`".into(),
            ));
        }
        let time = args::source_date(terminal)?;
        Ok(Options {
            pip: PipOptions {
                no_index: self.no_index,
                find_links: self
                    .find_links
                    .iter()
                    .map(|place| from_here(place))
                    .collect(),
                constraints: self.constraint.clone(),
                files: self.requirement.clone(),
                requirements: self.requirements.clone(),
                pre: self.pre,
            },
            lock,
            wheelhouse: self.wheel_dir.clone(),
            cache: self.cache_dir.clone().unwrap_or_else(default_cache),
            python: self.python.clone(),
            sysroot: self.sysroot.clone(),
            runtimes: self.runtimes.clone(),
            choice: ChoiceOptions {
                no_port: self.no_port,
                no_compile: self.sysroot.is_some(),
                compile: self.compile.iter().map(|name| normalised(name)).collect(),
                compile_all: self.compile.iter().any(|name| name == ":all:"),
            },
            flags: match self.flags {
                Flags::Size => SizeFlags::Size,
                Flags::Speed => SizeFlags::Speed,
                Flags::None => SizeFlags::None,
            },
            jobs: self.jobs.map(usize::from),
            upgrade: self.upgrade,
            index: self.index,
            limits: terminal.limits()?,
            level: args::level(self.zip_compression_level)?,
            time,
        })
    }

    fn report<'a>(
        &self,
        outcome: &'a Outcome,
        wheelhouse: &'a Untrusted,
        seconds: f64,
    ) -> BuildReport<'a> {
        let failed = outcome.failed.iter().map(|failed| FailedPackage {
            name: &failed.name,
            version: &failed.version,
            errors: &failed.errors,
        });
        BuildReport {
            wheelhouse,
            made: &outcome.made,
            resumed: &outcome.resumed,
            failed: failed.collect(),
            seconds,
        }
    }
}

/// A folder as pip finds it, wherever it stands.
fn from_here(place: &str) -> String {
    match Path::new(place).is_dir() {
        true => std::path::absolute(place).map_or_else(|_| place.to_owned(), |path| text_of(&path)),
        false => place.to_owned(),
    }
}

/// `$XDG_CACHE_HOME/wheelfix`, else `~/.cache/wheelfix`.
fn default_cache() -> PathBuf {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    base.map_or_else(
        || PathBuf::from(".wheelfix-cache"),
        |base| base.join("wheelfix"),
    )
}
