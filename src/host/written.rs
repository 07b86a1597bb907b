//! A wheel between its last byte and its name: whoever has to prove something of it reads it here.

use std::path::PathBuf;

use super::file_source::FileSource;
use super::gather::Gathered;
use super::publish::Output;
use crate::elf::{self, Edits};
use crate::error::Error;
use crate::wheel::{self, Changed, Limits, Note, Part, Rule, Wheel, WheelFilename};

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
    limits: Limits,
    /// What was odd about the wheel that it was made from.
    odd: Vec<Note>,
}

impl Written {
    /// What was written of `gathered`, for `path`.
    pub(super) fn new(output: Output, path: PathBuf, name: String, gathered: &Gathered) -> Self {
        Self {
            output,
            path,
            name,
            limits: gathered.limits.archive.clone(),
            odd: gathered.wheel.notes.clone(),
        }
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

    /// Hold it against the rules that every input is held against: what our own reader refuses, an
    /// installer may refuse or read otherwise. Contents are not unpacked again: their hashes were
    /// taken when they were written.
    fn read_again(&mut self) -> Result<(), Error> {
        let source = self.read()?;
        let wrong = |error: wheel::Error| match error.is_io() {
            true => Error::Wheel {
                wheel: self.name.clone().into(),
                error: Box::new(error),
            },
            false => Error::Output {
                wheel: self.name.clone().into(),
                error: Box::new(error),
            },
        };
        let filename = WheelFilename::parse(&self.name).map_err(wrong)?;
        let wheel = Wheel::open(&source, &filename, &self.limits).map_err(wrong)?;
        let is_name = |note: &&Note| matches!(note, Note::SameButForCase { .. });
        let new = wheel.notes.iter().filter(is_name);
        match new.into_iter().find(|note| !self.odd.contains(note)) {
            None => Ok(()),
            Some(note) => Err(wrong(wheel::Error::new(Rule::Duplicate, note.to_string()))),
        }
    }

    /// Give it its name, once it has stood the test that every input has to stand.
    ///
    /// # Errors
    /// [`Error::Output`] when it does not, and when naming it fails; then the name is as it was before.
    pub fn publish(mut self) -> Result<Applied, Error> {
        self.read_again()?;
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

/// Where an edited file differs from what it was.
pub(super) fn changed(before: &[u8], after: &[u8]) -> Changed {
    // What cannot be read was not edited.
    let moved = elf::moved(before, after).unwrap_or_default();
    let nexts = moved.iter().skip(1).map(Some).chain([None]);
    let parts: Vec<Part> = moved
        .iter()
        .zip(nexts)
        .map(|(one, next)| {
            // What lies between two of them, or behind the last one, mostly keeps to the first.
            let (from, to) = next.map_or((usize::MAX, usize::MAX), |next| (next.from, next.to));
            let length = from.saturating_sub(one.from).min(to.saturating_sub(one.to));
            Part {
                from: one.from,
                to: one.to,
                length,
            }
        })
        .collect();
    Changed::between(before, after, &parts)
}
