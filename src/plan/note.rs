//! What a person should know of a wheel, though it stops nothing.

use serde::Serialize;

use crate::elf::Soname;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{ArchivePath, Sentence, Untrusted};

/// Where something keeps a wheel from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// On every system.
    Nowhere,
    /// On this glibc and newer ones.
    NotFromGlibc(&'static str),
    /// It depends on what else is there, or on who asks for it.
    Sometimes,
}

/// Something a person should know, though it stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// A need for libpython was dropped: the interpreter that loads the file has it.
    LibpythonDropped {
        /// The file.
        file: ModulePath,
        /// The needed name.
        library: Soname,
    },
    /// A run path entry was dropped: it leads out of the wheel.
    RunPathDropped {
        /// The file.
        file: ModulePath,
        /// The entry.
        entry: Untrusted,
    },
    /// A library stays outside because the user said so.
    Excluded {
        /// The needed name.
        library: Soname,
    },
    /// A pattern of `--exclude` matches nothing.
    ExcludeUnused {
        /// The pattern.
        pattern: Untrusted,
        /// Needed names that it may have meant.
        instead: Vec<Soname>,
    },
    /// A library of the wheel that no search would have found was made reachable.
    MadeReachable {
        /// The file that needs it.
        file: ModulePath,
        /// The library.
        library: ModulePath,
    },
    /// Variables that glibc makes one for the whole process (`STB_GNU_UNIQUE`) are one for each file
    /// that is loaded by itself.
    Apart {
        /// Their names.
        names: Vec<Untrusted>,
    },
    /// A platform tag of the input was dropped: the content contradicts it.
    TagDropped {
        /// The tag.
        tag: Untrusted,
    },
    /// A signature was dropped.
    SignatureDropped {
        /// The entry.
        entry: ArchivePath,
    },
    /// A program moved out of the scripts folder, a launcher took its place.
    ScriptMoved {
        /// The program.
        script: ArchivePath,
    },
    /// The tag promises more than the files keep.
    PromiseTooWide {
        /// The tag.
        tag: Untrusted,
        /// The oldest Alpine that the tag speaks of.
        promised: Untrusted,
        /// The oldest Alpine on which every file loads, and its musl.
        floor: Untrusted,
        /// What stands in the way, newest first.
        causes: Vec<Sentence>,
    },
    /// An ELF file that no process loads as a library or program; left as it is.
    TakenAsData {
        /// The file.
        file: ModulePath,
        /// What it is.
        what: &'static str,
    },
    /// A file that its name says to be an extension module or a library is none; left as it is.
    NoLibrary {
        /// The file.
        file: ModulePath,
        /// What it is.
        what: &'static str,
    },
    /// Two loads of this build found different files for one name; one was taken.
    Ambiguous {
        /// Who needs it.
        file: ModulePath,
        /// The name.
        library: Soname,
        /// What was taken.
        taken: ModulePath,
        /// What was not.
        other: ModulePath,
    },
    /// The libc was told by the build root, since nothing in the wheel does.
    LibcFromSystem(Libc),
    /// What was written runs nowhere, or not everywhere: `check` finds it too.
    Limited {
        /// The code of `check`.
        code: &'static str,
        /// Where it does not run.
        limit: Limit,
        /// Why.
        text: Sentence,
    },
    /// Something about the input archive or its metadata.
    Input(Sentence),
}
