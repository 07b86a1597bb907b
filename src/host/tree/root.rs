//! The only way to an installed tree: its folder is opened once, and every path of it is walked
//! from there without following a link, whatever is swapped for what meanwhile.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fd::OwnedFd;
use rustix::fs::{Access, AtFlags, FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::error::Error;
use crate::host::limits::Limits;
use crate::host::open;
use crate::wheel::ArchivePath;

const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// No library of a wheel comes near this; what is larger is not read into memory.
pub(super) const MOST_READ: u64 = 2 << 30;

/// The folder of an installed tree, opened. Paths in it are given as [`ArchivePath`]s, or as text
/// where the empty one is the folder itself.
#[derive(Debug)]
pub struct TreeRoot {
    folder: OwnedFd,
    /// For messages, and for programs that are given paths.
    path: PathBuf,
    /// Whether the kernel walks a whole path without links at once (`openat2`).
    walks_whole: AtomicBool,
    /// Folders in which names changed since they were last synced.
    unsynced: Mutex<BTreeSet<String>>,
    /// How much its files may ask for.
    limits: Limits,
}

impl TreeRoot {
    /// Open the folder of a tree. Links on the way to it are followed: its user named it.
    ///
    /// # Errors
    /// When it is no folder, or cannot be opened.
    pub fn open(site: &Path) -> Result<Self, Error> {
        let failed = |error| Error::io("read", site, error);
        let path = fs::canonicalize(site).map_err(failed)?;
        let flags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);
        let folder = rustix::fs::open(site, flags, Mode::empty());
        Ok(Self {
            folder: folder.map_err(|error| failed(error.into()))?,
            path,
            walks_whole: AtomicBool::new(true),
            unsynced: Mutex::default(),
            limits: Limits::default(),
        })
    }

    /// The same, with other limits than the usual.
    #[must_use]
    pub fn limited(self, limits: &Limits) -> Self {
        let limits = limits.clone();
        Self { limits, ..self }
    }

    /// How much its files may ask for.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Its path, links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path of the tree on this machine, for messages.
    pub fn host_path(&self, path: &str) -> PathBuf {
        match path {
            "" => self.path.clone(),
            path => self.path.join(path),
        }
    }

    /// Whose it is: user and group.
    pub(super) fn owner(&self) -> Result<(u32, u32), Error> {
        let metadata = look_at(&self.folder, ".".as_ref());
        let metadata = metadata.map_err(|error| self.failed("read", "", error))?;
        Ok((metadata.uid(), metadata.gid()))
    }

    /// Keep other runs away from the tree until the value is dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] when another run does so already.
    pub fn lock(&self) -> Result<(), Error> {
        match rustix::fs::flock(&self.folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(Error::Busy {
                path: self.path.clone(),
            }),
            // A file system without locks has none to offer.
            _ => Ok(()),
        }
    }

    /// A folder of the tree, opened without following a link.
    pub(super) fn folder(&self, path: &str) -> Result<OwnedFd, Errno> {
        if path.is_empty() {
            return rustix::fs::openat(&self.folder, ".", FOLDER, Mode::empty());
        }
        if self.walks_whole.load(Ordering::Relaxed) {
            let resolve = ResolveFlags::BENEATH
                .union(ResolveFlags::NO_SYMLINKS)
                .union(ResolveFlags::NO_MAGICLINKS);
            match rustix::fs::openat2(&self.folder, path, FOLDER, Mode::empty(), resolve) {
                // Old kernels do not have it, sandboxes refuse it in either of these ways.
                Err(Errno::NOSYS | Errno::PERM | Errno::TOOBIG | Errno::INVAL) => {
                    self.walks_whole.store(false, Ordering::Relaxed);
                }
                Err(Errno::AGAIN | Errno::NAMETOOLONG) => {}
                opened => return opened,
            }
        }
        let mut folder = rustix::fs::openat(&self.folder, ".", FOLDER, Mode::empty())?;
        for part in path.split('/') {
            folder = rustix::fs::openat(&folder, part, FOLDER, Mode::empty())?;
        }
        Ok(folder)
    }

    /// The folder that a path lies in, and its name in there.
    pub(super) fn parent<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str), Errno> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.folder(folder)?, name))
    }

    /// What a folder holds: names, each with what lies there; links are not followed.
    pub(in crate::host) fn entries(
        &self,
        folder: &str,
    ) -> Result<Vec<(OsString, Metadata)>, Errno> {
        let opened = self.folder(folder)?;
        let mut found = Vec::new();
        for entry in rustix::fs::Dir::read_from(&opened)? {
            let name = entry?.file_name().to_bytes().to_owned();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsString::from_vec(name);
            match look_at(&opened, &name) {
                Ok(metadata) => found.push((name, metadata)),
                // Gone since the folder was read.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// What lies at a path; a link is not followed. `None`: nothing.
    pub(super) fn look(&self, path: &str) -> Result<Option<Metadata>, Error> {
        let looked = self.parent(path);
        match looked.and_then(|(folder, name)| look_at(&folder, name.as_ref())) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    /// The text of a link; `None` if there is none at that path.
    pub(super) fn read_link(&self, path: &str) -> Result<Option<String>, Error> {
        let read = || {
            let (folder, name) = self.parent(path)?;
            rustix::fs::readlinkat(&folder, name, Vec::new())
        };
        match read() {
            Ok(text) => Ok(Some(String::from_utf8_lossy(text.as_bytes()).into_owned())),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    /// Open a regular file for reading. What else lies there is not waited for.
    pub(super) fn open_file(&self, path: &str) -> Result<(File, Metadata), Error> {
        let open = || {
            let (folder, name) = self.parent(path)?;
            let flags = OFlags::NOFOLLOW.union(open::FLAGS);
            rustix::fs::openat(&folder, name, flags, Mode::empty())
        };
        let file = File::from(open().map_err(|error| self.failed("read", path, error))?);
        open::of_kind(file).map_err(|error| Error::io("read", self.host_path(path), error))
    }

    /// Open a regular file as a loader does: a link of that name is followed, wherever it leads, and none
    /// on the way to it.
    pub(in crate::host) fn open_followed(&self, path: &str) -> io::Result<(File, Metadata)> {
        let (folder, name) = self.parent(path)?;
        let file = rustix::fs::openat(&folder, name, open::FLAGS, Mode::empty())?;
        open::of_kind(File::from(file))
    }

    /// What a path leads to, as [`TreeRoot::open_followed`] would have it.
    pub(in crate::host) fn look_followed(&self, path: &str) -> io::Result<Metadata> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::PATH.union(OFlags::CLOEXEC);
        let found = rustix::fs::openat(&folder, name, flags, Mode::empty())?;
        File::from(found).metadata()
    }

    /// The bytes of a regular file, and what it was as it was read.
    pub(super) fn read(&self, path: &str, most: u64) -> Result<(Vec<u8>, Metadata), Error> {
        let (file, metadata) = self.open_file(path)?;
        let failed = |error| Error::io("read", self.host_path(path), error);
        let bytes = open::read_all(file, &metadata, most).map_err(failed)?;
        Ok((bytes, metadata))
    }

    /// SHA-256 and size of a regular file, read in windows.
    pub(super) fn digest(&self, path: &str) -> Result<([u8; 32], u64), Error> {
        let (file, _) = self.open_file(path)?;
        open::digest(file).map_err(|error| Error::io("read", self.host_path(path), error))
    }

    /// Refuse early where a folder cannot be written to.
    pub(super) fn check_writable(&self, folder: &str) -> Result<(), Error> {
        let opened = self.folder(folder);
        let can = opened.and_then(|opened| {
            rustix::fs::accessat(&opened, ".", Access::WRITE_OK, AtFlags::empty())
        });
        can.map_err(|error| self.failed("write to the folder", folder, error))
    }

    /// Remember that names changed in the folder of a path.
    pub(super) fn touched(&self, path: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let unsynced = self.unsynced.lock();
        let mut unsynced = unsynced.unwrap_or_else(PoisonError::into_inner);
        if !unsynced.contains(folder) {
            unsynced.insert(folder.to_owned());
        }
    }

    /// Wait until all changes of names are on the disk: the next phase relies on them.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let unsynced = self.unsynced.lock();
        let folders = std::mem::take(&mut *unsynced.unwrap_or_else(PoisonError::into_inner));
        for folder in folders {
            match self
                .folder(&folder)
                .and_then(|opened| rustix::fs::fsync(&opened))
            {
                // Gone, or a file system that cannot sync a folder.
                Ok(()) | Err(Errno::NOENT | Errno::INVAL) => {}
                Err(error) => return Err(self.failed("write to the folder", &folder, error)),
            }
        }
        Ok(())
    }

    /// The error of a call on a path: a link or a file where a folder was is a change.
    pub(super) fn failed(&self, doing: &'static str, path: &str, error: Errno) -> Error {
        let path = self.host_path(path);
        match error {
            Errno::LOOP | Errno::NOTDIR => Error::TreeChanged { path },
            error => Error::io(doing, path, error.into()),
        }
    }
}

/// A path of the tree as [`TreeRoot`] takes folders.
pub(super) fn text(folder: Option<&ArchivePath>) -> &str {
    folder.map_or("", ArchivePath::as_str)
}

/// What lies in an open folder under a name; a link is not followed.
pub(super) fn look_at(folder: &OwnedFd, name: &OsStr) -> Result<Metadata, Errno> {
    let flags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    let found = rustix::fs::openat(folder, name.as_bytes(), flags, Mode::empty())?;
    let metadata = File::from(found).metadata();
    metadata.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree with a folder, a link to it, a link out of it, and a long way down.
    fn tree() -> (tempfile::TempDir, TreeRoot) {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        fs::create_dir_all(site.join("a/b")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/file"), "secret").unwrap();
        fs::write(site.join("a/b/file"), "text").unwrap();
        symlink("a", site.join("inner")).unwrap();
        symlink("../outside", site.join("outer")).unwrap();
        symlink("file", site.join("a/b/link")).unwrap();
        let root = TreeRoot::open(&site).unwrap();
        (folder, root)
    }

    #[test]
    fn no_link_is_followed_whoever_walks() {
        let (_folder, root) = tree();
        for whole in [true, false] {
            root.walks_whole.store(whole, Ordering::Relaxed);
            assert_eq!(root.read("a/b/file", 9).unwrap().0, b"text");
            assert_eq!(root.read_link("a/b/link").unwrap().unwrap(), "file");
            for path in [
                "outer/file",
                "inner/b/file",
                "a/b/link",
                "outer",
                "a/b/file/x",
            ] {
                let error = root.read(path, 9).unwrap_err();
                assert!(
                    matches!(error, Error::TreeChanged { .. }),
                    "{path}: {error:?}"
                );
            }
            assert!(root.look("outer/file").is_err());
            assert!(root.check_writable("outer").is_err());
            assert!(root.entries("inner").is_err());
            assert!(root.read("a/b/file", 3).is_err());
        }
    }

    #[test]
    fn what_is_deeper_than_a_path_may_be_long_is_reached() {
        let (_folder, root) = tree();
        let part = "x".repeat(200);
        let mut path = String::new();
        for _ in 0..25 {
            let folder = root.folder(&path).unwrap();
            rustix::fs::mkdirat(&folder, part.as_str(), Mode::from_raw_mode(0o755)).unwrap();
            path = if path.is_empty() {
                part.clone()
            } else {
                format!("{path}/{part}")
            };
        }
        assert!(path.len() > 4096);
        assert!(root.entries(&path).unwrap().is_empty());
    }
}
