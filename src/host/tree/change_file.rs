//! Change one file of a tree in one step, so that a kill leaves the old one or the new one.
//!
//! What is written on the way has a name that the next run knows and removes. A file is always
//! replaced, never written into: other trees and caches may share it by a hard link.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Gid, Uid};

use super::gather_tree::TEMPORARY;
use crate::error::Error;
use crate::host::interrupt::{Doomed, expect_size_limit};

/// What a file has besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: Option<SystemTime>,
}

impl Attributes {
    /// Those of a file that is there; links are not followed.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let metadata =
            fs::symlink_metadata(path).map_err(|error| Error::io("read", path, error))?;
        Ok(Self {
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            modified: metadata.modified().ok(),
        })
    }

    /// Those of a new text file in a folder.
    pub(super) fn of_new(folder: &Path) -> Result<Self, Error> {
        let like = Self::of(folder)?;
        Ok(Self {
            mode: 0o644,
            modified: None,
            ..like
        })
    }
}

/// Put `bytes` at `path`, whatever was there.
pub(super) fn write(path: &Path, bytes: &[u8], attributes: &Attributes) -> Result<(), Error> {
    expect_size_limit();
    let name = Doomed::new(&temporary(path));
    let temporary = name.path();
    let failed = |error| Error::io("write", path, error);
    let done = || -> io::Result<()> {
        let _ = fs::remove_file(temporary);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .open(temporary)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(attributes.mode))?;
        own(temporary, attributes.owner);
        if let Some(modified) = attributes.modified {
            file.set_times(FileTimes::new().set_modified(modified))?;
        }
        file.sync_all()?;
        fs::rename(temporary, path)
    };
    done().map_err(failed)?;
    name.keep();
    Ok(())
}

/// Put `bytes` at `path`, unless they are there already.
pub(super) fn write_if_new(
    path: &Path,
    bytes: &[u8],
    attributes: &Attributes,
) -> Result<(), Error> {
    match fs::read(path) {
        Ok(old) if old == bytes => Ok(()),
        _ => write(path, bytes, attributes),
    }
}

/// Put a symbolic link at `path`, whatever was there.
pub(super) fn link(path: &Path, text: &str) -> Result<(), Error> {
    let temporary = temporary(path);
    let owner = Attributes::of(path).map(|attributes| attributes.owner).ok();
    let done = || -> io::Result<()> {
        let _ = fs::remove_file(&temporary);
        symlink(text, &temporary)?;
        if let Some(owner) = owner {
            own(&temporary, owner);
        }
        fs::rename(&temporary, path)
    };
    done().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::io("make a link of", path, error)
    })
}

/// Remove a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Remove a folder if nothing is in it.
pub(super) fn remove_empty(path: &Path) {
    // Whatever is in it belongs to others.
    let _ = fs::remove_dir(path);
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{TEMPORARY}"))
}

/// Give a file to whoever the tree belongs to, where that takes more than being oneself.
fn own(path: &Path, (user, group): (u32, u32)) {
    let same = fs::symlink_metadata(path)
        .is_ok_and(|metadata| (metadata.uid(), metadata.gid()) == (user, group));
    if !same {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        // Who may not give files away keeps them.
        let _ = rustix::fs::chownat(rustix::fs::CWD, path, Some(user), Some(group), flags);
    }
}

/// Refuse early where a folder cannot be written to.
pub(super) fn check_writable(folder: &Path) -> Result<(), Error> {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)
        .map_err(|error| Error::io("write to the folder", folder, error.into()))
}

/// Keep other runs away from a tree until the value is dropped.
pub(super) fn lock(site: &Path) -> Result<File, Error> {
    let failed = |error| Error::io("lock", site, error);
    let folder = File::open(site).map_err(failed)?;
    let operation = rustix::fs::FlockOperation::NonBlockingLockExclusive;
    match rustix::fs::flock(&folder, operation) {
        Ok(()) => Ok(folder),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Refused {
            path: site.to_owned(),
            why: "another wheelfix changes it".to_owned(),
            hint: "wait for it to finish, then run again".to_owned(),
        }),
        // A file system without locks has none to offer.
        Err(_) => Ok(folder),
    }
}
