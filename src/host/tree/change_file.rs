//! Change one file of a tree in one step, so that a kill leaves the old one or the new one.
//!
//! What is written on the way has a name that the next run knows and removes. A file is always
//! replaced, never written into: other trees and caches may share it by a hard link. What is
//! replaced is looked at right before and, out of its place, right after: if it is not what the
//! plan was made with it is put back.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Uid};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::root::{TreeRoot, look_at};
use super::seen::{Attributes, Seen};
use crate::error::Error;
use crate::host::interrupt::{Step, expect_size_limit};

/// What a half-done change leaves behind when it is killed ends so.
pub(super) const TEMPORARY: &str = ".wheelfix-tmp";
/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// What is to be there before a change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'a> {
    /// This very file.
    File(&'a Seen),
    /// A link with this text.
    Link(&'a str),
    /// Nothing.
    Nothing,
    /// Whatever is there is ours, under the lock.
    Ours,
}

impl Expected<'_> {
    /// Whether it lies in the folder under a name; `moved`: it came there by a rename.
    fn lies_at(&self, folder: &OwnedFd, name: &str, moved: bool) -> Result<bool, Errno> {
        let found = match look_at(folder, name.as_ref()) {
            Ok(metadata) => metadata,
            Err(Errno::NOENT) => return Ok(matches!(self, Self::Nothing | Self::Ours)),
            Err(error) => return Err(error),
        };
        Ok(match self {
            Self::File(seen) if moved => {
                let found = Seen::of(&found);
                // To rename a file of a layer below copies it.
                let is_copy = || is_overlay(folder) && seen.is_alike(&found);
                seen.is_but_for_name(&found) || is_copy()
            }
            Self::File(seen) => seen.is(&Seen::of(&found)),
            Self::Link(text) => {
                found.is_symlink()
                    && rustix::fs::readlinkat(folder, name, Vec::new())?.to_bytes()
                        == text.as_bytes()
            }
            Self::Nothing => false,
            Self::Ours => true,
        })
    }
}

/// Whether a folder is one of layers, as those of containers are (`OVERLAYFS_SUPER_MAGIC`).
#[allow(clippy::useless_conversion)] // The number's type is another one on other machines.
fn is_overlay(folder: &OwnedFd) -> bool {
    const OVERLAY: i64 = 0x794c_7630;
    rustix::fs::fstatfs(folder).is_ok_and(|found| i64::try_from(found.f_type) == Ok(OVERLAY))
}

/// Put `bytes` at `path`.
///
/// # Errors
/// [`Error::TreeChanged`] when what is there is not what is expected; when it cannot be written.
/// Then what was there is there still.
pub(super) fn write(
    root: &TreeRoot,
    path: &str,
    bytes: &[u8],
    attributes: &Attributes,
    expected: Expected<'_>,
) -> Result<(), Error> {
    expect_size_limit();
    put(root, "write", path, expected, |folder, temporary| {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let flags = flags | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(0o600);
        let mut file = File::from(rustix::fs::openat(folder, temporary, flags, mode)?);
        file.write_all(bytes)?;
        give(&file, file.metadata()?, attributes.owner);
        file.set_permissions(Permissions::from_mode(attributes.mode & 0o777))?;
        if let Some(modified) = attributes.modified {
            file.set_times(FileTimes::new().set_modified(modified))?;
        }
        file.sync_all()
    })
}

/// Put a symbolic link at `path`.
///
/// # Errors
/// As [`write()`].
pub(super) fn link(
    root: &TreeRoot,
    path: &str,
    to: &str,
    owner: (u32, u32),
    expected: Expected<'_>,
) -> Result<(), Error> {
    put(
        root,
        "make a link of",
        path,
        expected,
        |folder, temporary| {
            rustix::fs::symlinkat(to, folder, temporary)?;
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = File::from(rustix::fs::openat(folder, temporary, flags, Mode::empty())?);
            let metadata = made.metadata()?;
            // Somebody may have put another file there: only a link of our own is given away.
            let own = rustix::process::geteuid().as_raw();
            if metadata.is_symlink() && metadata.uid() == own && metadata.nlink() == 1 {
                give(&made, metadata, owner);
            }
            Ok(())
        },
    )
}

/// Give an open file to whoever the tree belongs to, where that takes more than being oneself.
fn give(file: &File, is: Metadata, (user, group): (u32, u32)) {
    if (is.uid(), is.gid()) != (user, group) {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        // Who may not give files away keeps them.
        let flags = AtFlags::EMPTY_PATH;
        let _ = rustix::fs::chownat(file, "", Some(user), Some(group), flags);
    }
}

/// Make something under a temporary name, and put it in its place.
fn put(
    root: &TreeRoot,
    doing: &'static str,
    path: &str,
    expected: Expected<'_>,
    make: impl FnOnce(&OwnedFd, &str) -> io::Result<()>,
) -> Result<(), Error> {
    let failed = |error| root.failed(doing, path, error);
    let (folder, name) = root.parent(path).map_err(failed)?;
    let temporary = temporary_of(name);
    let _step = Step::begin();
    root.touched(path);
    clear(&folder, &temporary).map_err(failed)?;
    let made = make(&folder, &temporary).and_then(|()| {
        let made = look_at(&folder, temporary.as_ref())?;
        Ok(swap(
            &folder,
            &temporary,
            name,
            &expected,
            &Seen::of(&made),
        )?)
    });
    match made {
        Ok(true) => Ok(()),
        Ok(false) => {
            let _ = clear(&folder, &temporary);
            let path = root.host_path(path);
            Err(Error::TreeChanged { path })
        }
        Err(error) => {
            let _ = clear(&folder, &temporary);
            Err(Error::io(doing, root.host_path(path), error))
        }
    }
}

/// Put what has the temporary name under its own; whether what was there was what is expected. If
/// not, all is as before.
fn swap(
    folder: &OwnedFd,
    temporary: &str,
    name: &str,
    expected: &Expected<'_>,
    made: &Seen,
) -> Result<bool, Errno> {
    let rename = |flags| rustix::fs::renameat_with(folder, temporary, folder, name, flags);
    let plain = || rustix::fs::renameat(folder, temporary, folder, name);
    if !expected.lies_at(folder, name, false)? {
        return Ok(false);
    }
    let flags = match expected {
        Expected::Ours => return plain().map(|()| true),
        Expected::Nothing => RenameFlags::NOREPLACE,
        Expected::File(_) | Expected::Link(_) => RenameFlags::EXCHANGE,
    };
    match rename(flags) {
        Ok(()) => {}
        Err(Errno::EXIST | Errno::NOENT) => return Ok(false),
        // A file system, or a kernel, that has no such rename: it was looked at a moment ago.
        Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) => return plain().map(|()| true),
        Err(error) => return Err(error),
    }
    match expected {
        Expected::Nothing => Ok(true),
        _ => exchanged(folder, temporary, name, expected, made),
    }
}

/// After an exchange: whether what came out is what is expected. If not, it goes back.
fn exchanged(
    folder: &OwnedFd,
    temporary: &str,
    name: &str,
    expected: &Expected<'_>,
    made: &Seen,
) -> Result<bool, Errno> {
    if expected.lies_at(folder, temporary, true)? {
        clear(folder, temporary)?;
        return Ok(true);
    }
    // Unless what went in was replaced as well.
    let is_ours = |found: Metadata| made.is_same_file(&Seen::of(&found));
    if look_at(folder, name.as_ref()).is_ok_and(is_ours) {
        let flags = RenameFlags::EXCHANGE;
        rustix::fs::renameat_with(folder, temporary, folder, name, flags)?;
    }
    Ok(false)
}

/// Remove a file that may be gone already.
///
/// # Errors
/// [`Error::TreeChanged`] when what is there is not what is expected; when it cannot be removed.
pub(super) fn remove(root: &TreeRoot, path: &str, expected: Expected<'_>) -> Result<(), Error> {
    let unlink = || -> Result<bool, Errno> {
        let (folder, name) = root.parent(path)?;
        match look_at(&folder, name.as_ref()) {
            Err(Errno::NOENT) => return Ok(true),
            Err(error) => return Err(error),
            Ok(_) if !expected.lies_at(&folder, name, false)? => return Ok(false),
            Ok(_) => {}
        }
        root.touched(path);
        clear(&folder, name)?;
        Ok(true)
    };
    match unlink() {
        Ok(true) | Err(Errno::NOENT) => Ok(()),
        Ok(false) => Err(Error::TreeChanged {
            path: root.host_path(path),
        }),
        Err(error) => Err(root.failed("remove", path, error)),
    }
}

/// Remove a folder if nothing is in it.
pub(super) fn remove_empty(root: &TreeRoot, path: &str) {
    root.touched(path);
    if let Ok((folder, name)) = root.parent(path) {
        // Whatever is in it belongs to others.
        let _ = rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR);
    }
}

/// Make a folder of the tree, if it is not there.
///
/// # Errors
/// When it cannot be made, or something else lies there.
pub(super) fn make_folder(root: &TreeRoot, path: &str, owner: (u32, u32)) -> Result<(), Error> {
    let failed = |error| root.failed("make the folder", path, error);
    let (folder, name) = root.parent(path).map_err(failed)?;
    match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)) {
        Ok(()) => {
            root.touched(path);
            let made = File::from(root.folder(path).map_err(failed)?);
            let failed = |error| Error::io("make the folder", root.host_path(path), error);
            give(&made, made.metadata().map_err(failed)?, owner);
            Ok(())
        }
        Err(Errno::EXIST) => root.folder(path).map(drop).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn clear(folder: &OwnedFd, name: &str) -> Result<(), Errno> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        done => done,
    }
}

/// Whether a file is by its name something half done.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY)
}

fn temporary_of(name: &str) -> String {
    let plain = format!(".{name}{TEMPORARY}");
    if plain.len() <= LONGEST_NAME {
        return plain;
    }
    let digest = Sha256::digest(name.as_bytes());
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".{hash}{TEMPORARY}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    const ATTRIBUTES: Attributes = Attributes {
        mode: 0o4644,
        owner: (0, 0),
        modified: None,
    };

    fn tree() -> (tempfile::TempDir, TreeRoot) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "old").unwrap();
        let root = TreeRoot::open(folder.path()).unwrap();
        (folder, root)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let names = entries.map(|entry| name(entry).into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_not_the_expected_one_stays() {
        let (folder, root) = tree();
        let seen = Seen::of(&root.look("file").unwrap().unwrap());
        let path = folder.path().join("file");
        fs::rename(&path, folder.path().join("away")).unwrap();
        fs::write(&path, "new").unwrap();
        let expected = Expected::File(&seen);
        for error in [
            write(&root, "file", b"ours", &ATTRIBUTES, expected).unwrap_err(),
            link(&root, "file", "away", (0, 0), expected).unwrap_err(),
            remove(&root, "file", expected).unwrap_err(),
            write(&root, "file", b"ours", &ATTRIBUTES, Expected::Nothing).unwrap_err(),
            write(&root, "file", b"ours", &ATTRIBUTES, Expected::Link("away")).unwrap_err(),
        ] {
            assert!(matches!(error, Error::TreeChanged { .. }), "{error:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(&folder), ["away", "file"]);
    }

    /// What is swapped in between the look and the exchange comes out of the exchange.
    #[test]
    fn a_file_that_comes_at_the_last_moment_goes_back() {
        let (folder, root) = tree();
        let seen = Seen::of(&root.look("file").unwrap().unwrap());
        let (opened, name) = root.parent("file").unwrap();
        fs::write(folder.path().join("theirs"), "theirs").unwrap();
        fs::rename(folder.path().join("theirs"), folder.path().join("file")).unwrap();
        fs::write(folder.path().join("made"), "ours").unwrap();
        let made = Seen::of(&root.look("made").unwrap().unwrap());
        let flags = RenameFlags::EXCHANGE;
        rustix::fs::renameat_with(&opened, "made", &opened, name, flags).unwrap();
        let expected = Expected::File(&seen);
        assert!(!exchanged(&opened, "made", name, &expected, &made).unwrap());
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(
            (read("file"), read("made")),
            (b"theirs".to_vec(), b"ours".to_vec())
        );
        // The expected one is taken away.
        rustix::fs::renameat_with(&opened, "made", &opened, name, flags).unwrap();
        let theirs = Seen::of(&root.look("made").unwrap().unwrap());
        assert!(exchanged(&opened, "made", name, &Expected::File(&theirs), &made).unwrap());
        assert_eq!(names(&folder), ["file"]);
    }

    #[test]
    fn what_is_written_has_no_rights_of_its_own_and_any_name() {
        let (folder, root) = tree();
        for name in ["file".to_owned(), "x".repeat(255)] {
            let path = folder.path().join(&name);
            write(&root, &name, b"ours", &ATTRIBUTES, Expected::Ours).unwrap();
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o644);
            link(&root, &name, "to", (0, 0), Expected::Ours).unwrap();
            assert_eq!(root.read_link(&name).unwrap().unwrap(), "to");
        }
        assert_eq!(names(&folder).len(), 2);
    }
}
