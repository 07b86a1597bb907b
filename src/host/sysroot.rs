//! The root in which libraries are looked for, read once and kept for every wheel.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::limits::Limits;
use super::open::{self, Told};
use crate::elf::{self, Strip};
use crate::error::Error;
use crate::plan::Disk;
use crate::resolve::{ElfFile, FileIdentity, Graph, Libc, ModulePath, Opened, Place, World};

/// As many symbolic links as the kernel follows (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;
/// Larger configuration files are not what they are called.
const MAX_TEXT: u64 = 1 << 20;

/// How a root is read.
#[derive(Clone, Debug)]
pub struct SysrootOptions {
    /// `--sysroot`; `/` by default.
    pub root: PathBuf,
    /// What stripping is measured by.
    pub strip: Strip,
    /// How much a file of it may ask for.
    pub limits: Limits,
}

impl Default for SysrootOptions {
    /// The machine's own root.
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            strip: Strip::None,
            limits: Limits::default(),
        }
    }
}

/// Why a path leads to no file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Nowhere {
    /// A part of it is not there.
    Missing,
    /// There are too many symbolic links on the way.
    Looping,
    /// The machine failed to say: why.
    Unknown(String),
}

/// A root folder. Symbolic links in it mean what they mean to a process whose root it
/// is: they never lead out of it.
pub struct Sysroot {
    root: PathBuf,
    strip: Strip,
    opened: Mutex<HashMap<ModulePath, Opened>>,
    /// Folders with their links followed, and how many links that were.
    folders: Mutex<HashMap<ModulePath, (ModulePath, usize)>>,
    by_identity: Mutex<HashMap<FileIdentity, Opened>>,
    limits: Limits,
    /// The first thing that the machine failed to say.
    failure: Mutex<Option<(PathBuf, io::Error)>>,
}

impl Sysroot {
    /// Look at a root.
    ///
    /// # Errors
    /// When it is no folder.
    pub fn open(options: &SysrootOptions) -> Result<Self, Error> {
        let failed = |error| Error::io("read the sysroot", &options.root, error);
        let root = fs::canonicalize(&options.root).map_err(failed)?;
        if !root.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self {
            root,
            strip: options.strip,
            opened: Mutex::default(),
            folders: Mutex::default(),
            by_identity: Mutex::default(),
            limits: options.limits.clone(),
            failure: Mutex::default(),
        })
    }

    /// A folder of the machine, as the resolver calls it: a path of the root if it lies
    /// inside, else a path of the host.
    ///
    /// # Errors
    /// When it is no folder.
    pub fn folder(&self, path: &Path) -> Result<ModulePath, Error> {
        let failed = |error| Error::io("look for libraries in", path, error);
        let real = fs::canonicalize(path).map_err(failed)?;
        if !real.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        let inside = real.strip_prefix(&self.root).ok();
        let (place, text) = match inside {
            Some(inside) => (Place::System, inside.to_string_lossy().into_owned()),
            None => (Place::Host, real.to_string_lossy().into_owned()),
        };
        Ok(ModulePath::new(place, &text))
    }

    /// The C library whose loader lies in the root, if exactly one kind does.
    pub fn libc(&self) -> Option<Libc> {
        let names = |folder: &str| self.list(folder);
        let lib = [names("/lib"), names("/lib64"), names("/usr/lib")].concat();
        let musl = lib.iter().any(|name| name.starts_with("ld-musl-"));
        let glibc = lib
            .iter()
            .any(|name| name.starts_with("ld-linux") || name.starts_with("ld64.so"));
        match (musl, glibc) {
            (true, false) => Some(Libc::Musl),
            (false, true) => Some(Libc::Glibc),
            _ => None,
        }
    }

    /// Read a library again, whole, for grafting.
    ///
    /// # Errors
    /// When it cannot be read, or is not any more the file with this digest.
    pub fn read(&self, path: &ModulePath, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let host = self.on_host(path);
        let bytes = open::whole(&host, self.limits.elf_file);
        let bytes = bytes.map_err(|error| Error::io("read", &host, error))?;
        if sha256(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(Error::Changed {
            path: host.as_path().into(),
        })
    }

    /// What a file holds, with its links followed; `None` where it is not there, is no file, cannot be
    /// read, or has more than `most` bytes.
    pub(super) fn bytes(&self, path: &ModulePath, most: u64) -> Option<Vec<u8>> {
        let host = self.on_host(&self.found(path)?);
        self.known(&host, open::whole(&host, most))
    }

    /// The names in a folder, sorted; none where it is no folder.
    pub(super) fn names(&self, folder: &ModulePath) -> Vec<String> {
        let Some(real) = self.found(folder) else {
            return Vec::new();
        };
        let host = self.on_host(&real);
        let read = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name());
        let names = fs::read_dir(&host).and_then(|entries| entries.map(read).collect());
        let names: Vec<OsString> = self.known(&host, names).unwrap_or_default();
        let names = names.into_iter();
        let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        names
    }

    /// Has the machine said all that was asked of it for a graph?
    ///
    /// # Errors
    /// The first thing that it failed to say: what is known of the root may be wrong.
    pub fn check(&self, graph: &Graph) -> Result<(), Error> {
        if let Some((path, why)) = &graph.unreadable {
            let error = io::Error::other(why.to_string());
            return Err(Error::io("read", self.on_host(path), error));
        }
        self.check_root()
    }

    /// The same of what holds for every graph: its configuration, its package databases.
    ///
    /// # Errors
    /// As for [`Self::check`].
    pub fn check_root(&self) -> Result<(), Error> {
        match lock(&self.failure).as_ref() {
            None => Ok(()),
            Some((path, error)) => {
                let again = io::Error::new(error.kind(), error.to_string());
                Err(Error::io("read", path, again))
            }
        }
    }

    /// Why what a path leads to cannot be opened as a file, if it cannot.
    pub(super) fn refusal(&self, path: &ModulePath) -> Option<io::Error> {
        open::regular(&self.on_host(&self.found(path)?)).err()
    }

    fn remember(&self, path: &Path, error: io::Error) {
        lock(&self.failure).get_or_insert_with(|| (path.to_owned(), error));
    }

    /// What was read, if anything is there to be read; a failure is kept for [`Self::check`].
    fn known<T>(&self, path: &Path, read: io::Result<T>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                if open::told(&error) == Told::Failed {
                    self.remember(path, error);
                }
                None
            }
        }
    }

    /// The path with every symbolic link followed; where it leads nowhere, `None`.
    fn found(&self, path: &ModulePath) -> Option<ModulePath> {
        match self.real(path) {
            Ok(real) => Some(real),
            Err(Nowhere::Missing | Nowhere::Looping) => None,
            Err(Nowhere::Unknown(why)) => {
                self.remember(&self.on_host(path), io::Error::other(why));
                None
            }
        }
    }

    /// A real path of the root or of the host, as this machine calls it.
    fn on_host(&self, path: &ModulePath) -> PathBuf {
        match path.place() {
            Place::Host => PathBuf::from(path.as_str()),
            _ => self.root.join(path.relative()),
        }
    }

    /// The path with every symbolic link followed, inside of the path's tree.
    fn real(&self, path: &ModulePath) -> Result<ModulePath, Nowhere> {
        let mut links = MAX_LINKS;
        self.follow(path, &mut links)
    }

    fn follow(&self, path: &ModulePath, links: &mut usize) -> Result<ModulePath, Nowhere> {
        let parent = path.parent();
        if parent == *path {
            return Ok(path.clone());
        }
        let folder = self.follow_folder(&parent, links)?;
        let here = folder.join(path.file_name());
        let host = self.on_host(&here);
        let metadata = fs::symlink_metadata(&host);
        let metadata = metadata.map_err(|error| nowhere(&host, &error))?;
        if !metadata.is_symlink() {
            return Ok(here);
        }
        *links = links.checked_sub(1).ok_or(Nowhere::Looping)?;
        let target = fs::read_link(&host);
        let target = target.map_err(|error| nowhere(&host, &error))?;
        let target = target.to_str().ok_or(Nowhere::Missing)?;
        let next = if target.starts_with('/') {
            ModulePath::new(path.place(), target)
        } else {
            folder.join(target)
        };
        self.follow(&next, links)
    }

    /// The same for a folder, remembered with what it took: whether a path has too many links
    /// must not depend on what was looked at before.
    fn follow_folder(&self, folder: &ModulePath, links: &mut usize) -> Result<ModulePath, Nowhere> {
        let known = lock(&self.folders).get(folder).cloned();
        if let Some((real, took)) = known {
            *links = links.checked_sub(took).ok_or(Nowhere::Looping)?;
            return Ok(real);
        }
        let before = *links;
        let real = self.follow(folder, links)?;
        let took = before.saturating_sub(*links);
        lock(&self.folders).insert(folder.clone(), (real.clone(), took));
        Ok(real)
    }

    fn read_elf(&self, path: &ModulePath) -> Opened {
        let real = match self.real(path) {
            Ok(real) => real,
            Err(Nowhere::Unknown(why)) => return Opened::Unreadable(why.into()),
            Err(Nowhere::Missing | Nowhere::Looping) => return Opened::Missing,
        };
        let host = self.on_host(&real);
        let (file, metadata) = match open::regular(&host) {
            Ok(opened) => opened,
            Err(error) => {
                return match open::told(&error) {
                    Told::Absent => Opened::Missing,
                    Told::Unusable => Opened::NotAFile,
                    Told::Failed => Opened::Unreadable(error.to_string().into()),
                };
            }
        };
        let identity = FileIdentity(format!("{}:{}", metadata.dev(), metadata.ino()));
        if let Some(known) = lock(&self.by_identity).get(&identity) {
            return known.clone();
        }
        let opened = match read_if_elf(file, &metadata, self.limits.elf_file) {
            Ok(Some(bytes)) => self.understand(&bytes, identity.clone(), real),
            Ok(None) => Opened::NotElf,
            Err(error) if open::told(&error) == Told::Unusable => {
                Opened::Malformed(error.to_string().into())
            }
            Err(error) => Opened::Unreadable(error.to_string().into()),
        };
        lock(&self.by_identity).insert(identity, opened.clone());
        opened
    }

    fn understand(&self, bytes: &[u8], identity: FileIdentity, real_path: ModulePath) -> Opened {
        let measure = Some(self.strip);
        match elf_file(bytes, identity, real_path, measure, sha256(bytes)) {
            Ok(file) => Opened::Elf(Arc::new(file)),
            Err(error) => Opened::Malformed(error.to_string().into()),
        }
    }
}

/// What an error on the way to a file means.
fn nowhere(path: &Path, error: &io::Error) -> Nowhere {
    match open::told(error) {
        Told::Absent | Told::Unusable => Nowhere::Missing,
        Told::Failed => Nowhere::Unknown(format!(
            "{error}, at {}",
            crate::wheel::Untrusted::from(path)
        )),
    }
}

/// The facts of an ELF file that is in memory, with its SHA-256. `measure`: what stripping is
/// measured by, if it is.
///
/// # Errors
/// When it is broken.
pub(super) fn elf_file(
    bytes: &[u8],
    identity: FileIdentity,
    real_path: ModulePath,
    measure: Option<Strip>,
    digest: [u8; 32],
) -> Result<ElfFile, elf::Error> {
    let facts = elf::read(bytes)?;
    // A file that cannot be stripped safely has nothing to save.
    let strippable = match measure.filter(|_| facts.dynamic) {
        None => 0,
        // Nobody strips now: what is told of it is a remark.
        Some(Strip::None) => elf::strip_saves(bytes, Strip::All).unwrap_or(0),
        Some(chosen) => elf::strippable(bytes, chosen).unwrap_or(0),
    };
    Ok(ElfFile {
        identity,
        real_path,
        facts: Arc::new(facts),
        digest,
        size: bytes.len() as u64,
        strippable,
    })
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The whole file if it begins as ELF.
pub(super) fn read_if_elf(
    file: File,
    metadata: &Metadata,
    most: u64,
) -> io::Result<Option<Vec<u8>>> {
    let mut begins = [0; 4];
    match file.read_exact_at(&mut begins, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    match elf::is_elf(&begins) {
        true => open::read_all(file, metadata, most).map(Some),
        false => Ok(None),
    }
}

/// A lock is only ever held for a look-up: what another thread left is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World for Sysroot {
    fn open(&self, path: &ModulePath) -> Opened {
        if let Some(known) = lock(&self.opened).get(path) {
            return known.clone();
        }
        let opened = self.read_elf(path);
        lock(&self.opened).insert(path.clone(), opened.clone());
        opened
    }

    fn text(&self, path: &str) -> Option<String> {
        let place = ModulePath::new(Place::System, path);
        let real = match self.real(&place) {
            Ok(real) => real,
            Err(Nowhere::Missing) => return None,
            Err(Nowhere::Looping) => return Some(String::new()),
            Err(Nowhere::Unknown(why)) => {
                self.remember(&self.on_host(&place), io::Error::other(why));
                return Some(String::new());
            }
        };
        let host = self.on_host(&real);
        let bytes = open::whole(&host, MAX_TEXT);
        if let Err(error) = &bytes
            && error.kind() == io::ErrorKind::FileTooLarge
        {
            self.remember(&host, io::Error::new(error.kind(), error.to_string()));
        }
        let bytes = self.known(&host, bytes).unwrap_or_default();
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.names(&ModulePath::new(Place::System, folder))
    }
}

impl Disk for Sysroot {
    fn is_folder(&self, path: &ModulePath) -> bool {
        let metadata = self.found(path).map(|real| self.on_host(&real));
        let metadata = metadata.and_then(|host| self.known(&host, fs::metadata(&host)));
        metadata.is_some_and(|metadata| metadata.is_dir())
    }

    fn link(&self, path: &ModulePath) -> Option<String> {
        let folder = self.found(&path.parent())?;
        let host = self.on_host(&folder.join(path.file_name()));
        let target = match fs::read_link(&host) {
            // There, and no link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return None,
            target => self.known(&host, target)?,
        };
        target.into_os_string().into_string().ok()
    }
}
