//! A wheel between its last byte and its name: whoever has to prove something of it reads it here.

use std::path::PathBuf;

use super::file_source::FileSource;
use super::publish::Output;
use crate::elf::{self, Edits};
use crate::error::Error;

/// What was written.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The wheel.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// A wheel that is written, and has no name yet. Dropped, it leaves nothing.
pub struct Written {
    output: Output,
    path: PathBuf,
    name: String,
}

impl Written {
    pub(super) fn new(output: Output, path: PathBuf, name: String) -> Self {
        Self { output, path, name }
    }

    /// The file name it will have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was written, to be read.
    ///
    /// # Errors
    /// When the machine would not write or read it.
    pub fn read(&mut self) -> Result<FileSource, Error> {
        FileSource::of(self.output.reader()?, &self.path)
    }

    /// Give it its name.
    ///
    /// # Errors
    /// When that fails; then the name is as it was before.
    pub fn publish(self) -> Result<Applied, Error> {
        let path = self.path;
        self.output.publish()?;
        let metadata = std::fs::metadata(&path).map_err(|error| Error::io("read", &path, error))?;
        Ok(Applied {
            path,
            size: metadata.len(),
        })
    }
}

/// All edits of a file. New names of symbols go first, by themselves.
pub(super) fn edit_in_steps(bytes: &[u8], edits: &Edits) -> Result<elf::Buffer, elf::Error> {
    if edits.more.rename_symbols.is_empty() {
        return Ok(elf::edit(bytes, edits)?.bytes);
    }
    let mut rest = edits.clone();
    let names = Edits {
        more: elf::MoreEdits {
            rename_symbols: std::mem::take(&mut rest.more.rename_symbols),
            ..elf::MoreEdits::default()
        },
        ..Edits::default()
    };
    let renamed = elf::edit(bytes, &names)?.bytes;
    Ok(elf::edit(&renamed, &rest)?.bytes)
}
