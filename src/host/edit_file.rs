//! Read and write single files of the machine that are no wheels: ELF files, as `wheelfix patchelf`
//! does, and pages.

use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::open::{self, Told};
use super::output_options::check_folder;
use super::publish::{Output, folder_of};
use crate::elf::{self, Buffer, Facts, Soname};
use crate::error::Error;

/// The most bytes that are read of a value given as `@FILE`.
const LONGEST_VALUE: u64 = 1 << 24;

/// How much is read of a file beyond what it said it has.
const WINDOW: usize = 1 << 15;

/// The most bytes that a file to edit may have.
const MOST: u64 = 8 << 30;

/// The most bytes an ELF header has.
const ELF_HEADER: u64 = 64;

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub fn read_file(path: &Path) -> Result<Buffer, Error> {
    let read = || -> io::Result<Buffer> {
        let (mut file, metadata) = open::regular(path)?;
        if metadata.len() > MOST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "no program and no library is so large",
            ));
        }
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        // One more, so that the end shows without asking for memory.
        let mut bytes = Buffer::zeroed(length.saturating_add(1), 0)?;
        let mut filled = 0_usize;
        loop {
            match file.read(bytes.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if filled == bytes.len() {
                bytes.resize(filled.saturating_mul(2).max(WINDOW))?;
            }
        }
        bytes.resize(filled)?;
        Ok(bytes)
    };
    read().map_err(|error| Error::io("read", path, error))
}

/// The text that an option's value `@FILE` stands for.
///
/// # Errors
/// When the file cannot be read, is not UTF-8, or larger than any name.
pub fn read_value(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::io("read", path, error);
    let mut text = String::new();
    let file = open::stream(path).map_err(failed)?;
    file.take(LONGEST_VALUE)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// Whether a folder holds a library of that name, built for the same machine as a file.
pub fn holds_library(folder: &str, name: &Soname, facts: &Facts) -> bool {
    // As patchelf does, the name is put behind the folder whatever it looks like.
    let path = format!("{folder}/{}", name.as_str());
    let mut header = Vec::new();
    let read = open::regular(path.as_ref())
        .and_then(|(file, _)| file.take(ELF_HEADER).read_to_end(&mut header));
    read.is_ok() && elf::machine_number(&header) == Some(facts.machine.number)
}

/// Write an edited file over itself, or to another path with its permissions. A file is replaced
/// as a whole; what a link points to is replaced, not the link.
///
/// # Errors
/// When it cannot be written; then what was there before is there still.
pub fn write_edited(input: &Path, output: &Path, bytes: &[u8]) -> Result<(), Error> {
    let (target, there) = real(output)?;
    let model = match there {
        Some(there) if !there.is_file() => return write_device(&target, bytes),
        Some(there) => {
            if there.permissions().readonly() {
                // Replacing needs no right to the file itself, but a file made read-only is meant to stay.
                let opened = open::writable(&target);
                opened.map_err(|error| Error::io("write", &target, error))?;
            }
            there
        }
        None => fs::metadata(input).map_err(|error| Error::io("read", input, error))?,
    };
    let mut file = Output::create(&target)?;
    file.set_permissions(model.permissions())?;
    let written = file.write_all(bytes);
    written.map_err(|error| Error::io("write", &target, error))?;
    file.publish_soon()
}

/// Can a page be written there? Asked before work begins that would be for nothing.
///
/// # Errors
/// When neither what is there nor its folder can be written to.
pub fn check_page(path: &Path) -> Result<(), Error> {
    let (target, there) = real(path)?;
    match there {
        Some(there) if there.is_dir() => {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            Err(Error::io("write", path, error))
        }
        Some(there) if !there.is_file() => Ok(()),
        _ => check_folder(folder_of(&target)),
    }
}

/// Write a page, whole or not at all.
///
/// # Errors
/// When it cannot be written; then what was there before is there still.
pub fn write_page(path: &Path, text: &str) -> Result<(), Error> {
    let (target, there) = real(path)?;
    if there.is_some_and(|there| !there.is_file()) {
        return write_device(&target, text.as_bytes());
    }
    let mut file = Output::create(&target)?;
    file.write_all(text.as_bytes())
        .map_err(|error| Error::io("write", path, error))?;
    file.publish_soon()
}

/// What a path stands for, and what is there: what a link points to is replaced, not the link. A link
/// that leads nowhere is replaced itself.
///
/// # Errors
/// When the machine does not tell.
fn real(path: &Path) -> Result<(PathBuf, Option<Metadata>), Error> {
    let told = |looked: io::Result<Metadata>| match looked {
        Ok(there) => Ok(Some(there)),
        Err(error) if open::told(&error) == Told::Absent => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    };
    let there = told(fs::symlink_metadata(path))?;
    if there.as_ref().is_none_or(|there| !there.is_symlink()) {
        return Ok((path.to_owned(), there));
    }
    match fs::canonicalize(path) {
        Ok(target) => {
            let there = told(fs::metadata(&target))?;
            Ok((target, there))
        }
        Err(error) if open::told(&error) == Told::Absent => Ok((path.to_owned(), None)),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Write to a device or a pipe, which has nothing to replace.
fn write_device(target: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = open::writable(target).and_then(|mut device| device.write_all(bytes));
    written.map_err(|error| Error::io("write", target, error))
}
