//! What a path leads to.

use std::path::Path;

use super::examine_tree::is_installed_tree;

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
pub fn path_kind(path: &Path) -> PathKind {
    if path.is_file() {
        return PathKind::File;
    }
    match (path.is_dir(), is_installed_tree(path)) {
        (true, true) => PathKind::Installed,
        (true, false) => PathKind::Folder,
        (false, _) => PathKind::Other,
    }
}
