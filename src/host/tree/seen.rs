//! What a file was when a plan was made with it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

/// What tells whether a file is still the one that was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    device: u64,
    inode: u64,
    size: u64,
    /// Kind and permissions.
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    /// When anything of it changed last, its names included.
    changed: (i64, i64),
    /// Whether it has other names: to take one of those away changes it as well.
    is_shared: bool,
}

impl Seen {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            is_shared: metadata.nlink() > 1,
        }
    }

    /// Whether this is the same file and nothing of it changed.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.is_but_for_name(other) && (self.is_shared || self.changed == other.changed)
    }

    /// Whether this is the same file with the same content, which may have another name by now.
    pub(super) fn is_but_for_name(&self, other: &Self) -> bool {
        self.is_same_file(other) && self.is_alike(other)
    }

    /// Whether all but its place on the disk is the same.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        (self.size, self.mode, self.owner, self.modified)
            == (other.size, other.mode, other.owner, other.modified)
    }

    /// Whether it is the same file, whatever is in it.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    pub(super) fn owner(&self) -> (u32, u32) {
        self.owner
    }
}

/// What a file has besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    /// Permissions, without setuid, setgid and sticky.
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: Option<SystemTime>,
}

impl Attributes {
    /// Those of a regular file.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode() & 0o777,
            owner: (metadata.uid(), metadata.gid()),
            modified: metadata.modified().ok(),
        }
    }
}
