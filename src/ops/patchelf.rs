//! What stands in for patchelf: single ELF files, edited in place or compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::elf::{self, Buffer, Comparison, Edited, Facts, Soname};
use crate::error::Error;
use crate::host;
use crate::plan::{self, Printed, SingleFileRequest};
use crate::wheel::{Sentence, Untrusted, sentence};

/// An ELF file that was read.
pub struct OpenedFile {
    path: PathBuf,
    bytes: Buffer,
    facts: Facts,
}

impl OpenedFile {
    /// Read a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no ELF file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bytes = host::read_file(path)?;
        let facts = elf::read(&bytes).map_err(about(path))?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            facts,
        })
    }

    /// The lines that patchelf prints of it, in its order.
    ///
    /// # Errors
    /// When it does not have what is asked for.
    pub fn printed(&self, what: Printed) -> Result<Vec<String>, Error> {
        let path = Untrusted::from(self.path.as_path());
        plan::printed(&self.facts, what)
            .map_err(|why| Error::Usage(sentence!("{}: {}", path, Untrusted::from(why))))
    }

    /// Edit it, all in one go; the result is verified, and not written yet.
    ///
    /// # Errors
    /// When that cannot be done safely.
    pub fn edit(self, request: &SingleFileRequest) -> Result<EditedFile, Error> {
        let facts = self.facts;
        let has = |folder: &str, name: &Soname| host::holds_library(folder, name, &facts);
        let edits = plan::single_file_edits(&facts, request, has);
        // The edit reads the file for itself; the memory of many symbols serves it better.
        drop(facts);
        let edited = elf::edit(&self.bytes, &edits).map_err(about(&self.path))?;
        Ok(EditedFile {
            old_size: self.bytes.len(),
            path: self.path,
            edited,
        })
    }
}

/// A file's new bytes.
pub struct EditedFile {
    path: PathBuf,
    /// The size in bytes that it had.
    pub old_size: usize,
    /// What the edit has come to.
    pub edited: Edited,
}

impl EditedFile {
    /// Write it over the file, where anything changed, or to `output`, with the file's permissions.
    ///
    /// # Errors
    /// When it cannot be written; then what was there before is there still.
    pub fn write(&self, output: Option<&Path>) -> Result<(), Error> {
        if !self.edited.changed && output.is_none() {
            return Ok(());
        }
        host::write_edited(&self.path, output.unwrap_or(&self.path), &self.edited.bytes)
    }
}

/// Two files beside each other.
pub struct Compared {
    /// What differs.
    pub found: Comparison,
    /// Their sizes in bytes.
    pub sizes: (usize, usize),
}

/// Tell what differs between two ELF files, and whether edits account for all of it.
///
/// # Errors
/// When one of them cannot be read or is no ELF file.
pub fn compare(before: &Path, after: &Path) -> Result<Compared, Error> {
    let (old, new) = (host::read_file(before)?, host::read_file(after)?);
    // Which of the two cannot be read?
    elf::read(&old).map_err(about(before))?;
    let found = elf::compare(&old, &new).map_err(about(after))?;
    Ok(Compared {
        found,
        sizes: (old.len(), new.len()),
    })
}

/// Read a map of symbols, an old and a new name a line, up to the first empty line.
///
/// # Errors
/// When it cannot be read, or a line is no such pair.
pub fn renamed_symbols(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut names = BTreeMap::new();
    let text = host::read_value(path)?;
    for (number, line) in text.lines().enumerate() {
        let at = |what: Sentence| {
            let line = number.saturating_add(1);
            Error::Usage(sentence!("{}:{}: {}", Untrusted::from(path), line, what))
        };
        let mut words = line.split_whitespace();
        let Some(old) = words.next() else {
            break;
        };
        let new = words
            .next()
            .ok_or_else(|| at("Map file line is missing the second element".into()))?;
        if old.contains('@') || new.contains('@') {
            return Err(at(sentence!(
                "Name pair contains version tag: {} {}",
                Untrusted::from(old),
                Untrusted::from(new)
            )));
        }
        if names.insert(old.to_owned(), new.to_owned()).is_some() {
            return Err(at(sentence!(
                "Name '{}' appears twice in the map file",
                Untrusted::from(old)
            )));
        }
    }
    Ok(names)
}

/// The text that an option's value `@FILE` stands for.
///
/// # Errors
/// When the file cannot be read or is not UTF-8.
pub fn value_of_file(path: &Path) -> Result<String, Error> {
    host::read_value(path).map_err(|error| match error {
        Error::Io { path, error, .. } => Error::Usage(sentence!(
            "getting info about '{}': {}",
            Untrusted::from(&path),
            error
        )),
        error => error,
    })
}

fn about(path: &Path) -> impl Fn(elf::Error) -> Error {
    move |error| Error::Elf {
        path: path.to_owned(),
        error,
    }
}
