//! A file as a [`Source`]: read by position, from any thread, and watched for changes.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::open::{self, Told};
use crate::error::Error;
use crate::wheel::Source;

/// So many bytes are copied at a time.
const PIECE: usize = 1 << 18;

/// A regular file, opened once.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    path: PathBuf,
    size: u64,
    stamp: Stamp,
}

/// What changes when a file is written to or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Whoever writes can set the time of a write back, not this one.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl FileSource {
    /// Open a file for reading.
    ///
    /// # Errors
    /// When it is not there, not a regular file, or may not be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::io("read", path, error);
        let (file, _) = open::regular(path).map_err(failed)?;
        Self::of(file, path)
    }

    /// A file that is open already; `path` is what it is called in messages.
    ///
    /// # Errors
    /// When nothing can be told of it.
    pub(super) fn of(file: File, path: &Path) -> Result<Self, Error> {
        let metadata = file
            .metadata()
            .map_err(|error| Error::io("read", path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            size: metadata.size(),
            stamp: Stamp::of(&metadata),
        })
    }

    /// Its path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Is `other` the same file?
    ///
    /// # Errors
    /// When the machine does not tell.
    pub fn is(&self, other: &Path) -> Result<bool, Error> {
        match std::fs::metadata(other) {
            Ok(there) => Ok((there.dev(), there.ino()) == (self.stamp.device, self.stamp.inode)),
            Err(error) if open::told(&error) == Told::Absent => Ok(false),
            Err(error) => Err(Error::io("read", other, error)),
        }
    }

    /// Copies what was opened, whatever has its name by now.
    ///
    /// # Errors
    /// When it cannot be read, or `output`, which becomes `target`, cannot be written.
    pub(super) fn copy_to(&self, output: &mut dyn Write, target: &Path) -> Result<(), Error> {
        let mut piece = vec![0; PIECE];
        let mut at = 0_u64;
        while at < self.size {
            let left = usize::try_from(self.size.saturating_sub(at)).unwrap_or(PIECE);
            let part = piece.get_mut(..left.min(PIECE)).unwrap_or_default();
            if let Err(error) = self.file.read_exact_at(part, at) {
                self.check_unchanged()?;
                return Err(Error::io("read", &self.path, error));
            }
            let written = output.write_all(part);
            written.map_err(|error| Error::io("write", target, error))?;
            at = at.saturating_add(part.len() as u64);
        }
        Ok(())
    }

    /// Has nobody written to it since it was opened?
    ///
    /// # Errors
    /// [`Error::Changed`] when somebody has.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        let now = self
            .file
            .metadata()
            .map_err(|error| Error::io("read", &self.path, error))?;
        if Stamp::of(&now) == self.stamp {
            return Ok(());
        }
        Err(Error::Changed {
            path: self.path.as_path().into(),
        })
    }
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}
