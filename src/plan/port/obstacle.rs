//! What keeps a wheel from being ported.

use serde::Serialize;

use crate::elf::Soname;
use crate::resolve::ModulePath;
use crate::wheel::{Sentence, Untrusted};

/// One reason why a wheel is not ported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PortObstacle {
    /// It is for musl already.
    AlreadyMusl {
        /// Its tag.
        tag: Untrusted,
    },
    /// No file of it is for a machine.
    Pure,
    /// It is for a machine on which the C libraries differ too much.
    Machine {
        /// As tags call it.
        arch: Untrusted,
    },
    /// What it is for cannot be told, or it is for several things.
    Unsettled {
        /// Why.
        why: Untrusted,
    },
    /// A file wants its stack to be executable.
    ExecutableStack {
        /// The file.
        file: ModulePath,
    },
    /// A file's relocations write to code, which musl does not do.
    TextRelocations {
        /// The file.
        file: ModulePath,
    },
    /// A file chooses functions when it is loaded (IFUNC), which musl cannot.
    Ifunc {
        /// The file.
        file: ModulePath,
        /// Such a name of it, where one is known.
        name: Option<Untrusted>,
    },
    /// A library keeps threads' data where only a program may (initial-exec TLS).
    StaticTls {
        /// The file.
        file: ModulePath,
    },
    /// A file has relocations that musl does not know.
    Relocations {
        /// The file.
        file: ModulePath,
        /// Their types.
        types: Vec<u32>,
    },
    /// An initialiser of a file reads the program's arguments, which musl hands to none.
    InitArguments {
        /// The file.
        file: ModulePath,
    },
    /// A file needs a name for which nothing right can be given.
    Name {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
        /// The version it asks for.
        version: Option<Untrusted>,
        /// Why; the first word is the kind of reason.
        why: Untrusted,
    },
    /// A file needs a name of glibc that nobody has looked at.
    UnknownName {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
        /// The version it asks for.
        version: Option<Untrusted>,
        /// Whether it could do without.
        weak: bool,
    },
    /// A file needs a name that nothing defines.
    Unbound {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// A file defines a name, and glibc's comes before it: what it calls is not its own.
    Interposed {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// A name of the wheel's own that musl has too, and glibc has not: musl's would come first.
    MuslHasToo {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// Who defines a name depends on who loads the file.
    Depends {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// A file asks for two versions of a name that mean different things.
    Versions {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// A program copies a name into itself that is another's on musl.
    Copied {
        /// The file.
        file: ModulePath,
        /// The name.
        name: Untrusted,
    },
    /// A runtime library was not found.
    MissingRuntime {
        /// The file that needs it.
        file: ModulePath,
        /// Its name.
        library: Soname,
        /// Whether it is the one built for musl.
        for_musl: bool,
    },
    /// A library is neither in the wheels nor one that comes along.
    MissingLibrary {
        /// The file that needs it.
        file: ModulePath,
        /// Its name.
        library: Soname,
    },
    /// A needed name leads to one file or another, depending on who loads the file.
    TwoLibraries {
        /// The file that needs it.
        file: ModulePath,
        /// The name.
        library: Soname,
    },
    /// A runtime library is for the other C library than it has to be.
    WrongRuntime {
        /// Its file.
        file: ModulePath,
        /// Whether it has to be the one built for musl.
        for_musl: bool,
    },
    /// A program or library lies where it cannot reach the wheel's own libraries.
    Unreachable {
        /// The file.
        file: ModulePath,
    },
    /// The archive has a file already where a new one has to go.
    PlaceTaken {
        /// The place.
        file: ModulePath,
    },
    /// What was written does not hold up.
    Proof {
        /// The file.
        file: ModulePath,
        /// What is wrong.
        why: Sentence,
    },
}
