//! Where a wheel goes, and how it is written.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::error::Error;
use crate::wheel::{DosDateTime, Level};

/// How a wheel is written.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    /// The folder, `-w`.
    pub folder: PathBuf,
    /// How hard to deflate, `-z`.
    pub level: Level,
    /// The time of what is new, `SOURCE_DATE_EPOCH`.
    pub time: DosDateTime,
    /// Leave a file that is there already, `--no-clobber`.
    pub keep_existing: bool,
    /// The input itself may be replaced, `--in-place`.
    pub in_place: bool,
}

impl OutputOptions {
    /// Can anything be written there? Asked before work begins that would be for nothing.
    ///
    /// # Errors
    /// When the folder, or the nearest one above it that is there, cannot be written to.
    pub fn check(&self) -> Result<(), Error> {
        check_folder(&self.folder)
    }
}

/// Can anything be written into a folder, be it there or not?
///
/// # Errors
/// When it, or the nearest one above it that is there, cannot be written to.
pub fn check_folder(wanted: &Path) -> Result<(), Error> {
    let path = std::path::absolute(wanted).unwrap_or_else(|_| wanted.to_owned());
    for folder in path.ancestors() {
        let flags = OFlags::DIRECTORY.union(OFlags::PATH).union(OFlags::CLOEXEC);
        let tried = rustix::fs::openat(CWD, folder, flags, Mode::empty());
        let tried = tried.and_then(|opened| {
            rustix::fs::accessat(&opened, ".", Access::WRITE_OK, AtFlags::empty())
        });
        match tried {
            Err(Errno::NOENT) => {}
            Err(error) => {
                return Err(Error::io("write to the folder", wanted, error.into()));
            }
            Ok(()) => return Ok(()),
        }
    }
    Ok(())
}

impl Default for OutputOptions {
    /// `wheelhouse`, written anew and the same at any time.
    fn default() -> Self {
        Self {
            folder: PathBuf::from("wheelhouse"),
            level: Level::default(),
            time: DosDateTime::default(),
            keep_existing: false,
            in_place: false,
        }
    }
}
