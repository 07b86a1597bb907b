//! One error for the whole program: what happened, where, and what that means for the
//! exit code. How it reads is `report`'s business.

use std::fmt;
use std::path::PathBuf;

use crate::plan::{BuildFault, Obstacle, PortObstacle, Refusal};
use crate::resolve::{Exceeded, ModulePath};
use crate::wheel::{ArchivePath, Sentence, Shown, Untrusted};

/// The exit codes, which are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no: it cannot be repaired, a check found something.
    No,
    /// 2: usage or configuration.
    Usage,
    /// 3: malformed or hostile input.
    Malformed,
    /// 4: the environment: input and output, space, permission.
    Environment,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Malformed => 3,
            Self::Environment => 4,
        }
    }
}

impl Shown for crate::elf::Error {}
impl Shown for crate::elf::Difference {}
impl Shown for Place {}

/// Where an ELF file that could not be read or edited lies.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the wheel.
    Entry(ArchivePath),
    /// In the build root.
    Library(ModulePath),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(path) => write!(formatter, "{path}"),
            Self::Library(path) => write!(formatter, "{path}"),
        }
    }
}

/// Everything that can end a command.
#[derive(Debug)]
pub enum Error {
    /// The command line or the environment variables ask for something impossible.
    Usage(Sentence),
    /// The wheel is not one, or lies about itself.
    Wheel {
        /// The wheel's file name.
        wheel: Untrusted,
        /// What is wrong with it.
        error: Box<crate::wheel::Error>,
    },
    /// What was written breaks a rule that every wheel is held against; it was not given its name.
    Output {
        /// The output's file name.
        wheel: Untrusted,
        /// The rule.
        error: Box<crate::wheel::Error>,
    },
    /// ELF files of the wheel that cannot be read.
    MalformedElf {
        /// The wheel's file name.
        wheel: Untrusted,
        /// Each file, and what is wrong with it.
        files: Vec<(ArchivePath, crate::elf::Error)>,
    },
    /// The files ask for more work than is allowed.
    Exceeded {
        /// What they are of: a wheel's file name, a path.
        of: Untrusted,
        /// Which bound was reached, and where.
        exceeded: Exceeded,
    },
    /// A file that was named is not what a command can read.
    NotReadable {
        /// The file.
        place: Place,
        /// Why not.
        why: Sentence,
    },
    /// The wheel cannot be repaired.
    Blocked {
        /// The wheel's file name.
        wheel: Untrusted,
        /// Everything that stands in the way.
        obstacles: Vec<Obstacle>,
    },
    /// The wheel cannot be ported.
    NotPortable {
        /// The wheel's file name.
        wheel: Untrusted,
        /// Everything that stands in the way.
        obstacles: Vec<PortObstacle>,
    },
    /// Nothing can be told of the wheel.
    NotJudged {
        /// The wheel's file name.
        wheel: Untrusted,
        /// Why not.
        obstacles: Vec<Obstacle>,
    },
    /// The wheel is none for a platform, as auditwheel judges it.
    NoPlatformWheel(Refusal),
    /// An ELF file could not be edited safely.
    Edit {
        /// The wheel's file name.
        wheel: Untrusted,
        /// The file.
        place: Place,
        /// Why.
        error: crate::elf::Error,
    },
    /// A single file is no ELF file, a broken one, or could not be edited safely.
    Elf {
        /// The file.
        path: PathBuf,
        /// Why.
        error: crate::elf::Error,
    },
    /// A file is not any more what the plan was made for.
    Changed {
        /// The file.
        path: Untrusted,
    },
    /// The machine would not do it.
    Io {
        /// What was tried, as in "cannot …".
        doing: Sentence,
        /// With which file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The output is there already, and `--no-clobber` or the input forbids replacing it.
    Exists {
        /// The output.
        path: PathBuf,
        /// It is the input itself.
        is_input: bool,
    },
    /// Two wheels of one call would be written to one file.
    SameOutput {
        /// The output.
        path: PathBuf,
        /// The wheel that came first.
        first: Untrusted,
        /// The wheel that came second.
        second: Untrusted,
    },
    /// A tree that must not be changed.
    Refused {
        /// The tree or a file of it.
        path: PathBuf,
        /// Why.
        why: Sentence,
        /// What to do.
        hint: Sentence,
    },
    /// Something in a tree that says it is wheelfix's, and is not as wheelfix writes it.
    Untrusted {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: Sentence,
    },
    /// Another run works on the tree.
    Busy {
        /// The tree.
        path: PathBuf,
    },
    /// A file of a tree, or a folder on the way to it, is not any more what was planned with.
    TreeChanged {
        /// The file.
        path: PathBuf,
    },
    /// What goes wrong in a build of a wheelhouse.
    Build(BuildFault),
    /// Not begun, since another wheel failed.
    NotBegun {
        /// The wheel's file name.
        wheel: Untrusted,
    },
}

impl Error {
    /// The exit code that it stands for.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::SameOutput { .. } => Exit::Usage,
            Self::Wheel { error, .. } if error.is_io() => Exit::Environment,
            Self::Wheel { .. }
            | Self::MalformedElf { .. }
            | Self::Exceeded { .. }
            | Self::NotReadable { .. }
            | Self::Untrusted { .. } => Exit::Malformed,
            Self::Blocked { obstacles, .. } => match obstacles.as_slice() {
                [Obstacle::NotAPlatform { .. }] => Exit::Usage,
                _ => Exit::No,
            },
            Self::Edit { error, .. } | Self::Elf { error, .. } if error.is_malformed_input() => {
                Exit::Malformed
            }
            Self::Build(BuildFault::NotFetched { .. }) => Exit::Environment,
            Self::Build(BuildFault::Digest { .. } | BuildFault::Lock { .. }) => Exit::Malformed,
            Self::Build(_)
            | Self::Edit { .. }
            | Self::Output { .. }
            | Self::NotPortable { .. }
            | Self::Elf { .. }
            | Self::NotBegun { .. }
            | Self::NoPlatformWheel(_)
            | Self::NotJudged { .. }
            | Self::Refused { .. } => Exit::No,
            Self::Changed { .. }
            | Self::TreeChanged { .. }
            | Self::Busy { .. }
            | Self::Io { .. }
            | Self::Exists { .. } => Exit::Environment,
        }
    }

    /// Is it only that there is no ELF file in the wheel, so that nothing can be told of it?
    pub fn is_no_platform_wheel(&self) -> bool {
        matches!(self, Self::NotJudged { obstacles, .. }
            if matches!(obstacles.as_slice(), [Obstacle::NotAPlatformWheel { .. }]))
    }

    /// Files of `of` ask for too much.
    pub fn exceeded(of: impl Into<Untrusted>) -> impl FnOnce(Exceeded) -> Self {
        let of = of.into();
        move |exceeded| Self::Exceeded { of, exceeded }
    }

    /// An error of the machine.
    pub fn io(doing: impl Into<Sentence>, path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        Self::Io {
            doing: doing.into(),
            path: path.into(),
            error,
        }
    }
}

impl From<BuildFault> for Error {
    fn from(fault: BuildFault) -> Self {
        Self::Build(fault)
    }
}
