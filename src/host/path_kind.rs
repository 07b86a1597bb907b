//! What a path leads to.

use std::path::Path;

use super::examine_tree::is_installed_tree;
use super::open::{self, Told};
use crate::error::Error;

/// What a command is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A folder that packages are installed in: it holds a `.dist-info` folder.
    Installed,
    /// Any other folder.
    Folder,
    /// A file.
    File,
    /// A device, a pipe, or nothing.
    Other,
}

impl PathKind {
    /// Is it a folder of any kind?
    pub fn is_folder(self) -> bool {
        matches!(self, Self::Installed | Self::Folder)
    }
}

/// Look, links followed.
///
/// # Errors
/// When the machine does not tell.
pub fn path_kind(path: &Path) -> Result<PathKind, Error> {
    let failed = |error| Error::io("read", path, error);
    let there = match std::fs::metadata(path) {
        Ok(there) => there,
        Err(error) if open::told(&error) == Told::Absent => return Ok(PathKind::Other),
        Err(error) => return Err(failed(error)),
    };
    Ok(match (there.is_file(), there.is_dir()) {
        (true, _) => PathKind::File,
        (false, false) => PathKind::Other,
        (false, true) if is_installed_tree(path).map_err(failed)? => PathKind::Installed,
        (false, true) => PathKind::Folder,
    })
}
