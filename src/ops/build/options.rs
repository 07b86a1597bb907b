//! What a build is asked for, and what it comes to.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::Error;
use crate::host::{Limits, PipOptions};
use crate::plan::{ChoiceOptions, Made, SizeFlags, Way};
use crate::wheel::{DosDateTime, Level, Untrusted};

/// How a wheelhouse is built.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Requirements, and where they are looked for.
    pub pip: PipOptions,
    /// A lock to go by instead.
    pub lock: Option<PathBuf>,
    /// The folder that receives the wheels.
    pub wheelhouse: PathBuf,
    /// The folder for what was fetched.
    pub cache: PathBuf,
    /// The interpreter whose pip does the work, and on Alpine whom the wheels are for.
    pub python: Option<PathBuf>,
    /// The Alpine that the wheels are for; `None`: this machine.
    pub sysroot: Option<PathBuf>,
    /// Folders with runtime libraries for glibc, for wheels that are ported.
    pub runtimes: Vec<PathBuf>,
    /// Which way packages go.
    pub choice: ChoiceOptions,
    /// What compiled code is to be like.
    pub flags: SizeFlags,
    /// How many compilers may run at once; `None`: as many as cores and memory allow.
    pub jobs: Option<usize>,
    /// Resolve anew although the lock that is there is from the same requirements.
    pub upgrade: bool,
    /// Write an index (PEP 503) too.
    pub index: bool,
    /// How much files may ask for.
    pub limits: Limits,
    /// How hard wheels are packed.
    pub level: Level,
    /// The time of what is new in them.
    pub time: DosDateTime,
}

/// What it has come to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is in the wheelhouse, by name.
    pub made: Vec<Made>,
    /// Those that an earlier run had made.
    pub resumed: BTreeSet<Untrusted>,
    /// What is not, by name.
    pub failed: Vec<Failed>,
}

/// A package that is not in the wheelhouse.
#[derive(Debug)]
pub struct Failed {
    /// The project.
    pub name: Untrusted,
    /// Its version.
    pub version: Untrusted,
    /// What was tried, and what went wrong.
    pub errors: Vec<(Way, Error)>,
}
