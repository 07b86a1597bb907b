//! What goes wrong in a build.

use std::path::PathBuf;

use crate::plan::build::lack::Lack;
use crate::wheel::{Sentence, Untrusted};

/// Why requirements come to no wheelhouse, or a package to no wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildFault {
    /// pip does not do what it was asked.
    Engine {
        /// As in "cannot …".
        doing: Untrusted,
        /// What it said.
        said: Untrusted,
        /// What it means.
        lacks: Vec<Lack>,
    },
    /// A lock that cannot be gone by.
    Lock {
        /// The lock.
        path: PathBuf,
        /// Why not.
        why: Untrusted,
    },
    /// Versions that their authors took back.
    Yanked {
        /// Each with its version.
        packages: Vec<Untrusted>,
    },
    /// A requirement by an address that is no archive: what is there has no digest.
    NoArchive {
        /// The package and its version.
        package: Untrusted,
    },
    /// A file is not the one that the lock names.
    Digest {
        /// Its name.
        file: Untrusted,
        /// The SHA-256 that the lock names.
        expected: Untrusted,
        /// The file's own.
        found: Untrusted,
    },
    /// A file did not come.
    NotFetched {
        /// Its name.
        file: Untrusted,
        /// What was said.
        why: Untrusted,
    },
    /// A wheel that the check calls wrong, and mending did not help.
    StillWrong {
        /// Its name.
        file: Untrusted,
        /// What is wrong with it.
        findings: Vec<Sentence>,
    },
    /// No file of the package leads to a wheel for the target.
    NoWay {
        /// The package and its version.
        package: Untrusted,
        /// The target's tag, such as `cp313 on x86_64`.
        target: Untrusted,
        /// What was asked for stands in the way of one that would.
        forbidden: Option<&'static str>,
    },
    /// Only compiling leads to a wheel, and this is not the system that it is for.
    Foreign {
        /// The package and its version.
        package: Untrusted,
    },
    /// A source archive was not built.
    NotBuilt {
        /// The package and its version.
        package: Untrusted,
        /// What was said, whole or its end.
        said: Untrusted,
        /// What it lacks.
        lacks: Vec<Lack>,
        /// Where all of it is.
        log: PathBuf,
    },
}
