//! The root in which libraries are looked for, read once and kept for every wheel.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::elf::{self, Strip};
use crate::error::Error;
use crate::plan::Disk;
use crate::resolve::{ElfFile, FileIdentity, Libc, ModulePath, Opened, Place, World};

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
}

impl Default for SysrootOptions {
    /// The machine's own root.
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            strip: Strip::None,
        }
    }
}

/// Why a path leads to no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nowhere {
    /// A part of it is not there.
    Missing,
    /// There are too many symbolic links on the way.
    Looping,
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
        let bytes = fs::read(&host).map_err(|error| Error::io("read", &host, error))?;
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
        let host = self.on_host(&self.real(path).ok()?);
        let metadata = fs::metadata(&host).ok()?;
        if !metadata.is_file() || metadata.size() > most {
            return None;
        }
        fs::read(&host).ok()
    }

    /// The names in a folder, sorted; none where it is no folder.
    pub(super) fn names(&self, folder: &ModulePath) -> Vec<String> {
        let Ok(real) = self.real(folder) else {
            return Vec::new();
        };
        let Ok(entries) = fs::read_dir(self.on_host(&real)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
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
        let metadata = fs::symlink_metadata(&host).map_err(|_| Nowhere::Missing)?;
        if !metadata.is_symlink() {
            return Ok(here);
        }
        *links = links.checked_sub(1).ok_or(Nowhere::Looping)?;
        let target = fs::read_link(&host).map_err(|_| Nowhere::Missing)?;
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
        let Ok(real) = self.real(path) else {
            return Opened::Missing;
        };
        let host = self.on_host(&real);
        let metadata = match fs::metadata(&host) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Opened::Missing,
            Err(error) => return Opened::Unreadable(error.to_string()),
        };
        if !metadata.is_file() {
            return Opened::NotAFile;
        }
        let identity = FileIdentity(format!("{}:{}", metadata.dev(), metadata.ino()));
        if let Some(known) = lock(&self.by_identity).get(&identity) {
            return known.clone();
        }
        let opened = match read_if_elf(&host) {
            Ok(Some(bytes)) => self.understand(&bytes, identity.clone(), real),
            Ok(None) => Opened::NotElf,
            Err(error) => Opened::Unreadable(error.to_string()),
        };
        lock(&self.by_identity).insert(identity, opened.clone());
        opened
    }

    fn understand(&self, bytes: &[u8], identity: FileIdentity, real_path: ModulePath) -> Opened {
        let measure = Some(self.strip);
        match elf_file(bytes, identity, real_path, measure, sha256(bytes)) {
            Ok(file) => Opened::Elf(Arc::new(file)),
            Err(error) => Opened::Malformed(error.to_string()),
        }
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
        Some(Strip::None) => elf::strippable(bytes, Strip::All).unwrap_or(0),
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
fn read_if_elf(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = fs::File::open(path)?;
    let mut bytes = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut bytes)?;
    if !elf::is_elf(&bytes) {
        return Ok(None);
    }
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
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
        let real = match self.real(&ModulePath::new(Place::System, path)) {
            Ok(real) => real,
            Err(Nowhere::Missing) => return None,
            Err(Nowhere::Looping) => return Some(String::new()),
        };
        let host = self.on_host(&real);
        let metadata = fs::metadata(&host).ok()?;
        if !metadata.is_file() || metadata.size() > MAX_TEXT {
            return Some(String::new());
        }
        let bytes = fs::read(&host).unwrap_or_default();
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.names(&ModulePath::new(Place::System, folder))
    }
}

impl Disk for Sysroot {
    fn is_folder(&self, path: &ModulePath) -> bool {
        let real = self.real(path);
        real.is_ok_and(|real| self.on_host(&real).is_dir())
    }

    fn link(&self, path: &ModulePath) -> Option<String> {
        let folder = self.real(&path.parent()).ok()?;
        let target = fs::read_link(self.on_host(&folder.join(path.file_name()))).ok()?;
        target.into_os_string().into_string().ok()
    }
}
