//! What a check finds: codes that never change their meaning, and findings as values.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::resolve::ModulePath;

/// Declares the codes, each with its identifier and a name for people.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal $name:literal,)+) => {
        /// What kind of fault a finding is. New ones may come; an identifier never changes its
        /// meaning. The letter says what it is about: the archive (W), RECORD (R), tags (T),
        /// ELF files (E), libraries (L), run paths (P), symbols (S), the oldest system (F).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// All codes, sorted by identifier within each letter.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable identifier, a letter and three digits.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// The name for people, in kebab case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

codes! {
    /// The archive cannot be read as a wheel. Context: what is wrong.
    Unreadable = "W001" "unreadable-archive",
    /// A name in the archive is unsafe or there twice. Context: what is wrong.
    UnsafeName = "W002" "unsafe-name",
    /// The file name is not a wheel's. Context: what is wrong.
    FileName = "W003" "wrong-file-name",
    /// WHEEL or METADATA is missing or broken. Context: what is wrong.
    Metadata = "W004" "broken-metadata",
    /// METADATA contradicts the file name. Context: what is wrong.
    MetadataDiffers = "W005" "metadata-differs",
    /// Two names differ only in case. Context: which.
    SameButForCase = "W006" "same-name-but-for-case",
    /// RECORD is missing or cannot be read. Context: what is wrong.
    NoRecord = "R001" "no-record",
    /// RECORD does not list the files that are there. Context: which.
    RecordFiles = "R002" "record-incomplete",
    /// A file is not what RECORD says. Context: which.
    RecordMismatch = "R003" "record-mismatch",
    /// RECORD's hashes prove nothing. Context: which.
    RecordWeak = "R004" "record-proves-nothing",
    /// The tags in WHEEL are not those of the file name. Context: the difference.
    TagsDiffer = "T001" "tags-differ",
    /// The tag says `any`, and there are ELF files. File: one of them.
    AnyWithElf = "T002" "any-with-elf",
    /// A tag names a machine that the files are not for. Subject: the tag; context: the machine.
    TagMachine = "T003" "tag-of-another-machine",
    /// A tag names a C library that the files are not for. Subject: the tag; context: the C library.
    TagLibc = "T004" "tag-of-another-libc",
    /// A platform tag that no installer on Linux knows for the machine. Subject: the tag.
    UnknownTag = "T005" "unknown-tag",
    /// A plain `linux` tag. Subject: the tag.
    PromisesNothing = "T006" "tag-promises-nothing",
    /// WHEEL says that nothing depends on the machine, and there are ELF files. File: one of them.
    Purelib = "T007" "purelib-with-elf",
    /// An ELF file that is broken. Context: how.
    BrokenElf = "E001" "broken-elf",
    /// A file for another machine. Subject: its machine; context: the wheel's.
    OtherMachine = "E002" "other-machine",
    /// A file for another C library. Subject: its C library; context: the wheel's.
    OtherLibc = "E003" "other-libc",
    /// A file that asks for an executable stack.
    ExecutableStack = "E004" "executable-stack",
    /// A file whose relocations write to code.
    TextRelocations = "E005" "text-relocations",
    /// A file with memory that is writable and executable.
    WritableCode = "E006" "writable-code",
    /// A C library in the wheel.
    CarriesLibc = "E007" "carries-libc",
    /// An extension for a Python with narrow Unicode. Subject: a symbol.
    NarrowUnicode = "E008" "narrow-unicode",
    /// An extension for a Python with fpectl. Subject: a symbol.
    PyFpe = "E009" "pyfpe",
    /// A needed library that is nowhere. Subject: the library; context: the tag.
    MissingLibrary = "L001" "missing-library",
    /// A needed library that is in the wheel, where no search finds it. Subject: the library;
    /// context: where it is.
    Unreachable = "L002" "unreachable-library",
    /// Two different libraries under one short name. File: one; subject: the name; context: the other.
    NameClash = "L003" "name-clash",
    /// A need for libpython. Subject: the library.
    NeedsLibpython = "L004" "needs-libpython",
    /// A needed name that is a path. Subject: the name.
    NeedsPath = "L005" "needs-a-path",
    /// A run path entry by which a library is looked for outside of the package. Subject: the entry;
    /// context: the libraries.
    RunPathOutside = "P001" "run-path-outside",
    /// A run path entry by which a library is looked for where the working directory is. Subject: the
    /// entry; context: the libraries.
    RunPathRelative = "P002" "run-path-relative",
    /// A run path with a token that musl does not know. Subject: the run path.
    RunPathToken = "P003" "run-path-token",
    /// A symbol that nothing defines. Subject: the symbol; context: where it usually lives.
    Unbound = "S001" "unbound-symbol",
    /// A symbol that is private or missing where the tag runs. Subject: the symbol; context: its
    /// library.
    PrivateSymbol = "S002" "private-symbol",
    /// A symbol younger than the musl that the tag promises. Subject: the symbol; context: since when.
    NewMuslSymbol = "F001" "musl-symbol-too-new",
    /// Packed relocations, which the musl that the tag promises cannot load. Subject: the tag.
    PackedRelocations = "F002" "packed-relocations",
    /// A symbol version younger than the glibc that the tag promises. Subject: the version;
    /// context: its library and the tag.
    NewGlibcVersion = "F003" "glibc-version-too-new",
    /// Instructions that the tag's processors lack. Subject: the level.
    NewProcessor = "F004" "processor-too-new",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// One fault of one wheel. What `subject` and `context` hold is said at its [`Code`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind of fault.
    pub code: Code,
    /// The file that has it; `None`: the wheel as a whole.
    pub file: Option<ModulePath>,
    /// What it is about (a library, a symbol, a tag), as it stands in the file: not escaped.
    pub subject: String,
    /// What else belongs to it, fit to be shown.
    pub context: String,
}

impl Finding {
    /// A fault of the wheel as a whole.
    pub fn of_wheel(code: Code, subject: impl Into<String>, context: impl Into<String>) -> Self {
        Self {
            code,
            file: None,
            subject: subject.into(),
            context: context.into(),
        }
    }

    /// A fault of one file.
    pub fn of_file(
        code: Code,
        file: &ModulePath,
        subject: impl Into<String>,
        context: impl Into<String>,
    ) -> Self {
        Self {
            file: Some(file.clone()),
            ..Self::of_wheel(code, subject, context)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::plan::Code;

    #[test]
    fn every_code_is_a_letter_and_three_digits_and_stands_once() {
        let ids: BTreeSet<&str> = Code::ALL.iter().map(|code| code.id()).collect();
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!((ids.len(), names.len()), (Code::ALL.len(), Code::ALL.len()));
        for id in ids {
            let (letter, digits) = id.split_at(1);
            assert!(letter.chars().all(|c| c.is_ascii_uppercase()), "{id}");
            assert!(
                digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit()),
                "{id}"
            );
        }
    }
}
