//! What a build can lack, and by which sentences of compilers, linkers and build tools it shows.

use crate::wheel::Untrusted;

/// Something that a build lacks, or that stopped it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// A header, as it was included.
    Header(Untrusted),
    /// A library, as after `-l`.
    Library(Untrusted),
    /// A file of pkg-config, without `.pc`.
    PkgConfig(Untrusted),
    /// A program.
    Program(Untrusted),
    /// The compiler of a language.
    Compiler(&'static str),
    /// A package that CMake looks for.
    CMakePackage(Untrusted),
    /// The project is for other Pythons.
    Python {
        /// What it asks for.
        wants: Untrusted,
    },
    /// The kernel ended a compiler: there was not enough memory.
    Memory,
    /// The disk is full.
    Space,
    /// An index or a page was not reached.
    Network,
    /// A page of an index, or a file, did not come.
    Unread {
        /// Its address or name.
        page: Untrusted,
        /// What was said.
        why: Untrusted,
        /// By whose fault.
        cause: Cause,
    },
    /// A file was not the one that requirements pin.
    Digest,
    /// No index has the project, or none has such a version.
    Project {
        /// The requirement.
        requirement: Untrusted,
        /// The versions that there are; empty: there is no such project.
        versions: Vec<Untrusted>,
    },
    /// Requirements that no set of versions meets.
    Conflict,
    /// The requirements are not all pinned by digests, and one is.
    Unpinned,
    /// A requirement that cannot be read.
    Requirement(Untrusted),
    /// A Python module that the build imports and does not ask for.
    Module(Untrusted),
}

/// Why something did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The network, or the server: it may come another time.
    Network,
    /// It is there for others: credentials are missing, or wrong.
    Denied,
    /// What came is not what the index names.
    Digest,
}

/// A part of what was said, and what it means.
pub(in crate::plan::build) struct Pattern {
    pub(in crate::plan::build) before: &'static str,
    pub(in crate::plan::build) after: &'static str,
    pub(in crate::plan::build) lack: fn(&str) -> Lack,
}

const fn pattern(before: &'static str, after: &'static str, lack: fn(&str) -> Lack) -> Pattern {
    Pattern {
        before,
        after,
        lack,
    }
}

fn header(name: &str) -> Lack {
    Lack::Header(name.into())
}

fn library(name: &str) -> Lack {
    Lack::Library(name.into())
}

fn pkg_config(name: &str) -> Lack {
    Lack::PkgConfig(name.into())
}

fn cmake_package(name: &str) -> Lack {
    Lack::CMakePackage(name.into())
}

pub(in crate::plan::build) fn program(name: &str) -> Lack {
    let name = name.rsplit('/').next().unwrap_or(name);
    match name {
        "cc"
        | "gcc"
        | "clang"
        | "x86_64-alpine-linux-musl-gcc"
        | "aarch64-alpine-linux-musl-gcc" => Lack::Compiler("C"),
        "c++" | "g++" | "clang++" | "cc1plus" => Lack::Compiler("C++"),
        "gfortran" | "flang" | "f77" | "f90" | "f95" => Lack::Compiler("Fortran"),
        "rustc" | "cargo" => Lack::Compiler("Rust"),
        name => Lack::Program(name.into()),
    }
}

fn compiler(language: &str) -> Lack {
    match language.to_ascii_lowercase().as_str() {
        "c" => Lack::Compiler("C"),
        "cpp" | "c++" | "cxx" => Lack::Compiler("C++"),
        "fortran" => Lack::Compiler("Fortran"),
        "rust" => Lack::Compiler("Rust"),
        "cython" => Lack::Module("Cython".into()),
        other => Lack::Program(other.into()),
    }
}

fn requirement(text: &str) -> Lack {
    Lack::Requirement(text.into())
}

/// Sentences of gcc, clang, ld, lld, pkg-config, CMake, meson, setuptools, setuptools-rust and maturin. The
/// first that fits a line counts, of each line.
pub(in crate::plan::build) static PATTERNS: [Pattern; 38] = [
    pattern("fatal error: ", ": No such file or directory", header),
    pattern("fatal error: '", "' file not found", header),
    pattern("Header \"", "\" not found", header),
    pattern("cannot find -l", "", library),
    pattern("unable to find library -l", "", library),
    pattern("library not found for -l", "", library),
    pattern("unable to find dynamic system library '", "'", library),
    pattern("unable to find dynamic system library \"", "\"", library),
    pattern("C shared or static library '", "' not found", library),
    pattern("C static library '", "' not found", library),
    pattern("Package '", "', required by", pkg_config),
    pattern("Package '", "' not found", pkg_config),
    pattern(
        "Package ",
        " was not found in the pkg-config search path",
        pkg_config,
    ),
    pattern("No package '", "' found", pkg_config),
    pattern("pkg_config: could not find ", "", pkg_config),
    pattern("ERROR: Dependency \"", "\" not found", pkg_config),
    pattern("ERROR: Dependency lookup for ", " with method", pkg_config),
    pattern("The pkg-config command could not be found", "", |_| {
        program("pkg-config")
    }),
    pattern("Did not find pkg-config", "", |_| program("pkg-config")),
    pattern("ERROR: Program '", "' not found", program),
    pattern("ERROR: Program '", "' not found or not executable", program),
    pattern(
        "Could not find a package configuration file provided by \"",
        "\"",
        cmake_package,
    ),
    pattern("Could NOT find ", "", cmake_package),
    pattern("No CMAKE_", "_COMPILER could be found", compiler),
    pattern("ERROR: Unknown compiler(s): [['", "'", program),
    pattern("ERROR: Compiler ", " can not compile programs", program),
    pattern("No Fortran compiler found", "", |_| compiler("fortran")),
    pattern("can't find Rust compiler", "", |_| compiler("rust")),
    pattern(
        "Rust not found, installing into a temporary directory",
        "",
        |_| compiler("rust"),
    ),
    pattern(
        "Cargo, the Rust package manager, is not installed",
        "",
        |_| compiler("rust"),
    ),
    pattern(
        "error: command '",
        "' failed: No such file or directory",
        program,
    ),
    pattern(
        "error: [Errno 2] No such file or directory: '",
        "'",
        program,
    ),
    pattern(
        "FileNotFoundError: [Errno 2] No such file or directory: '",
        "'",
        program,
    ),
    pattern("CMake must be installed", "", |_| program("cmake")),
    pattern("Problem with the CMake installation", "", |_| {
        program("cmake")
    }),
    pattern("Could not find ninja", "", |_| program("ninja")),
    pattern("ModuleNotFoundError: No module named '", "'", |name| {
        Lack::Module(name.into())
    }),
    pattern("Invalid requirement: '", "'", requirement),
];
