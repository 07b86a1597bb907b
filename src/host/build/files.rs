//! Files that a build reads.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::host::open::{self, Told};
use crate::plan;

/// A larger text is none that a person or pip wrote.
pub(super) const MOST_TEXT: u64 = 64 << 20;

/// The text of a file.
///
/// # Errors
/// When it cannot be read or is no text.
pub fn read_text(path: &Path) -> Result<String, Error> {
    open::text(path, MOST_TEXT).map_err(|error| Error::io("read", path, error))
}

/// The SHA-256 of a file, in hexadecimal digits.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::io("read", path, error);
    let (file, _) = open::regular(path).map_err(failed)?;
    let (digest, _) = open::digest(file).map_err(failed)?;
    Ok(plan::hex(&digest))
}

/// Do both paths lead to one file? What is not there is none.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|one| real(other).is_some_and(|other| one == other))
}

/// A path that means the same wherever the process stands.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// How many bytes a file has.
///
/// # Errors
/// When it cannot be asked.
pub fn size_of(path: &Path) -> Result<u64, Error> {
    let read = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    Ok(read.len())
}

/// The file of this machine that an address speaks of: `file:///…`, percent signs resolved. `None`: it is
/// elsewhere.
pub fn local_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    Some(PathBuf::from(plan::percent_decoded(path)?))
}

/// A digest over what of a machine decides the bytes of wheels that are made on it: which packages it has,
/// and which runtime libraries were named.
///
/// # Errors
/// When a folder cannot be read.
pub fn surroundings(sysroot: Option<&Path>, runtimes: &[PathBuf]) -> Result<String, Error> {
    let root = sysroot.unwrap_or_else(|| Path::new("/"));
    let mut hash = Sha256::new();
    for database in ["lib/apk/db/installed", "usr/lib/apk/db/installed"] {
        let path = root.join(database);
        match open::regular(&path).and_then(|(file, _)| open::digest(file)) {
            Ok((digest, _)) => hash.update(digest),
            Err(error) if open::told(&error) == Told::Absent => {}
            Err(error) => return Err(Error::io("read", path, error)),
        }
    }
    for folder in runtimes {
        let failed = |error| Error::io("read the folder", folder, error);
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path().is_file() {
                files.push((entry.file_name(), sha256_of(&entry.path())?));
            }
        }
        files.sort();
        hash.update(format!("{files:?}\n"));
    }
    Ok(plan::hex(&hash.finalize()))
}
