//! Files that by their names are extension modules or libraries, and that no loader takes for one.

use crate::elf::{Facts, Kind};
use crate::plan::needs::installed::installed;
use crate::plan::needs::subject::ElfEntry;
use crate::plan::needs::target::is_elsewhere;
use crate::plan::needs::unloadable::is_for_no_loader;
use crate::plan::note::Note;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::files::FileFault;
use crate::policy::names_extension;
use crate::resolve::{ModulePath, Place};
use crate::wheel::ArchivePath;

/// How many of a file's first bytes tell what it is.
pub const BEGINNING: usize = 64;

/// What a file is that does not begin as ELF does, by its first bytes.
fn kind_of(begins: &[u8]) -> &'static str {
    let is_text = |bytes: &[u8]| {
        let mut bytes = bytes.iter();
        bytes.all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
    };
    match begins {
        [] => "empty",
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            "a Mach-O file, for macOS"
        }
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => "a universal Mach-O file, for macOS",
        [b'M', b'Z', ..] => "a PE file, for Windows",
        [b'!', b'<', b'a' | b't', ..] => "an archive of object files",
        [0, b'a', b's', b'm', ..] => "WebAssembly",
        _ if begins.len() < 16 => "too short for an ELF file",
        _ if is_text(begins) => "a text",
        _ => "no ELF file",
    }
}

/// What an ELF file is that no loader takes for a library; `None`: one may.
fn unloadable(facts: &Facts) -> Option<&'static str> {
    match facts.kind {
        Kind::Relocatable => Some("an object file"),
        Kind::Core => Some("a core dump"),
        Kind::Executable => Some("a program"),
        Kind::Other(_) => Some("of an unknown ELF type"),
        Kind::Shared => is_for_no_loader(facts)
            .or_else(|| (!facts.dynamic).then_some("an ELF file without a dynamic section")),
    }
}

/// A file that its name says to be an extension module or a library, and that is none.
#[derive(Clone, Debug)]
pub struct NoModule {
    file: ModulePath,
    what: &'static str,
    /// A Python of the package's tags imports it by that name.
    is_extension: bool,
}

impl NoModule {
    /// Is the name such that a file's first bytes matter?
    #[must_use]
    pub fn may_be(path: &ArchivePath) -> bool {
        path.file_name().ends_with(".so")
    }

    /// A file that does not begin as ELF does. `platforms` are the package's tags: those of other
    /// systems have files of another kind.
    #[must_use]
    pub fn of_bytes(platforms: &[String], path: &ArchivePath, begins: &[u8]) -> Option<Self> {
        Self::of(platforms, installed(path), kind_of(begins))
    }

    /// An ELF file.
    #[must_use]
    pub fn of_elf(platforms: &[String], entry: &ElfEntry) -> Option<Self> {
        let what = unloadable(&entry.file.facts)?;
        let file = entry.installed.clone();
        // A program or an object file under any other name is what it is.
        Self::of(platforms, file, what).filter(|found| found.is_extension)
    }

    fn of(platforms: &[String], file: ModulePath, what: &'static str) -> Option<Self> {
        let elsewhere = !platforms.is_empty() && platforms.iter().all(|tag| is_elsewhere(tag));
        let name = file.file_name();
        if elsewhere || !name.ends_with(".so") {
            return None;
        }
        let pure = platforms.iter().all(|tag| tag == "any");
        // Python imports from a path of names; a folder of data has any name.
        let mut folders = file.relative().split('/').rev().skip(1);
        let importable = file.place() == Place::Wheel && folders.all(is_identifier);
        let is_extension = names_extension(name, !pure && importable);
        Some(Self {
            file,
            what,
            is_extension,
        })
    }

    /// As a finding of `check`.
    #[must_use]
    pub fn fault(self) -> Fault {
        let (file, what) = (self.file, self.what.to_owned());
        match self.is_extension {
            true => FileFault::NoExtension {
                file,
                what: what.into(),
            }
            .into(),
            false => FileFault::NoLibrary {
                file,
                what: what.into(),
            }
            .into(),
        }
    }

    /// As a warning of `repair`.
    #[must_use]
    pub fn note(self) -> Note {
        let Self { file, what, .. } = self;
        Note::NoLibrary { file, what }
    }
}

fn is_identifier(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        for (begins, what) in [
            (&b""[..], "empty"),
            (b"\x7fEL", "too short for an ELF file"),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "a Mach-O file, for macOS"),
            (
                b"\xca\xfe\xba\xbe\0\0\0\x02",
                "a universal Mach-O file, for macOS",
            ),
            (b"MZ\x90\0\x03", "a PE file, for Windows"),
            (b"!<arch>\n", "an archive of object files"),
            (b"!<thin>\n", "an archive of object files"),
            (b"GROUP ( libfoo.so.2 )\n", "a text"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\0\0\0\0\0\0", "no ELF file"),
        ] {
            assert_eq!(kind_of(begins), what, "{begins:?}");
        }
    }
}
