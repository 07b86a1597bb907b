//! The folder that wheels go to, and beside them what a later run goes on from.
//!
//! ```text
//! wheelhouse/NAME.whl          whole wheels; each appears by rename
//! wheelhouse/pylock.toml       what was resolved
//! wheelhouse/wheelhouse.txt    what to install, with the digests of the wheels
//! wheelhouse/.wheelfix/made/   one file a package: how it came to be, and from what
//! wheelhouse/.wheelfix/logs/   what builds said
//! wheelhouse/.wheelfix/work/   half-done things of one run; the next one empties it
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::files::MOST_TEXT;
use super::files::{sha256_of, size_of};
use crate::error::Error;
use crate::host::open;
use crate::host::publish::Output;
use crate::plan::Made;

/// As much of a log is looked through, in bytes.
const LOG_READ: u64 = 8 << 20;

/// The folder, taken by this run alone.
pub struct Wheelhouse {
    folder: PathBuf,
    cache: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Wheelhouse {
    /// Take it. `cache`: the folder for files that were fetched.
    ///
    /// # Errors
    /// When it cannot be made, another run works on it, or what is wheelfix's in it lies elsewhere.
    pub fn open(folder: &Path, cache: &Path) -> Result<Self, Error> {
        let own = folder.join(".wheelfix");
        for below in ["", "made", "logs", "work"] {
            refuse_link(&own.join(below))?;
        }
        for path in [&own.join("made"), &own.join("logs"), &cache.join("files")] {
            make_folder(path)?;
        }
        let path = own.join("lock");
        let failed = |error| Error::io("lock", &path, error);
        let lock = open::lock(&path).map_err(failed)?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::Busy {
                    path: folder.to_owned(),
                });
            }
            locked => locked.map_err(|error| failed(error.into()))?,
        }
        let work = own.join("work");
        match fs::remove_dir_all(&work) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("empty", &work, error));
            }
            _ => {}
        }
        make_folder(&work)?;
        Ok(Self {
            // pip runs elsewhere and is told of folders.
            folder: fs::canonicalize(folder).map_err(|error| Error::io("read", folder, error))?,
            cache: fs::canonicalize(cache).map_err(|error| Error::io("read", cache, error))?,
            _lock: lock,
        })
    }

    /// The folder, as the machine calls it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lock that is kept in it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lock_text(&self) -> Result<Option<String>, Error> {
        let path = self.lock_path();
        match open::text(&path, MOST_TEXT) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    /// Where the lock is.
    pub fn lock_path(&self) -> PathBuf {
        self.folder.join("pylock.toml")
    }

    /// Keep a text under a path below the folder; what is there already and equal is left alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        if open::text(&path, MOST_TEXT).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let mut output = Output::create(&path)?;
        let written = output.write_all(text.as_bytes());
        written.map_err(|error| Error::io("write", &path, error))?;
        output.publish()
    }

    /// What earlier runs have made, by package. What cannot be read counts as not made.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn made(&self) -> Result<BTreeMap<String, Made>, Error> {
        let folder = self.own("made");
        let failed = |error| Error::io("read", &folder, error);
        let mut made = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let text = open::text(&path, MOST_TEXT).unwrap_or_default();
            if let Ok(one) = serde_json::from_str::<Made>(&text)
                && path
                    .file_stem()
                    .is_some_and(|stem| stem == one.name.as_str())
                && is_wheel_name(one.wheel.as_str())
            {
                made.insert(one.name.as_str().to_owned(), one);
            }
        }
        Ok(made)
    }

    /// Is the wheel there as it was made?
    pub fn holds(&self, made: &Made) -> bool {
        let path = self.folder.join(made.wheel.as_str());
        size_of(&path).is_ok_and(|size| size == made.size)
            && sha256_of(&path).is_ok_and(|sum| sum == made.sha256)
    }

    /// Remember what was made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, made: &Made) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(made).unwrap_or_default();
        self.keep(
            &format!(".wheelfix/made/{}.json", made.name.as_str()),
            &format!("{text}\n"),
        )
    }

    /// Take a wheel out again, and forget it.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn forget(&self, made: &Made) -> Result<(), Error> {
        let record = self
            .own("made")
            .join(format!("{}.json", made.name.as_str()));
        remove(&record)?;
        remove(
            &self
                .folder
                .join("simple")
                .join(made.name.as_str())
                .join("index.html"),
        )?;
        self.remove_wheel(made.wheel.as_str())
    }

    /// Remove a wheel.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn remove_wheel(&self, name: &str) -> Result<(), Error> {
        match is_wheel_name(name) {
            true => remove(&self.folder.join(name)),
            false => Ok(()),
        }
    }

    /// Put a whole wheel into the folder; its name appears when it is.
    ///
    /// # Errors
    /// When the machine would not read or write.
    pub fn place(&self, from: &Path, name: &str) -> Result<(), Error> {
        let failed = |error| Error::io("read", from, error);
        let (mut source, _) = open::regular(from).map_err(failed)?;
        let path = self.folder.join(name);
        let mut output = Output::create(&path)?;
        io::copy(&mut source, &mut output).map_err(|error| Error::io("write", &path, error))?;
        output.publish()
    }

    /// An empty folder for half-done things.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn work(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.own("work").join(name);
        make_folder(&path)?;
        Ok(path)
    }

    /// The file that receives what a build says.
    pub fn log(&self, name: &str) -> PathBuf {
        self.own("logs").join(format!("{name}.log"))
    }

    /// The wheel that a build has put into a folder; `None`: not exactly one.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn only_wheel(&self, folder: &Path) -> Result<Option<PathBuf>, Error> {
        let failed = |error| Error::io("read", folder, error);
        let mut wheels = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == "whl") {
                wheels.push(path);
            }
        }
        let only = wheels.pop().filter(|_| wheels.is_empty());
        Ok(only)
    }

    /// What a build has said, from its last megabytes on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn end_of_log(&self, path: &Path) -> Result<String, Error> {
        let failed = |error| Error::io("read", path, error);
        let (mut log, metadata) = open::regular(path).map_err(failed)?;
        let begin = metadata.len().saturating_sub(LOG_READ);
        log.seek(SeekFrom::Start(begin)).map_err(failed)?;
        let mut end = Vec::new();
        let read = log.take(LOG_READ).read_to_end(&mut end);
        read.map_err(failed)?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    }

    /// Where a file with this digest is kept, once it was fetched.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn cached(&self, sha256: &str, name: &str) -> Result<PathBuf, Error> {
        let folder = self.cache.join("files").join(sha256);
        make_folder(&folder)?;
        Ok(folder.join(name))
    }

    /// Give a fetched file the name it is kept under.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn keep_fetched(&self, from: &Path, to: &Path) -> Result<(), Error> {
        fs::rename(from, to).map_err(|error| Error::io("write", to, error))
    }

    /// Where a file goes while it is fetched: where [`Self::keep_fetched`] can rename it from. Files that
    /// are fetched at the same time do not meet there.
    pub fn incoming(&self, sha256: &str) -> PathBuf {
        self.cache
            .join(format!("incoming-{}-{sha256}", std::process::id()))
    }

    /// Remove a file, if it is there.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn discard(&self, path: &Path) -> Result<(), Error> {
        remove(path)
    }

    fn own(&self, name: &str) -> PathBuf {
        self.folder.join(".wheelfix").join(name)
    }
}

impl Drop for Wheelhouse {
    /// What is half done is of no use to anyone; where the machine refuses, the next run empties it.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.own("work"));
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|error| Error::io("make the folder", path, error))
}

/// What is emptied and written without a question is no folder that a link leads to.
fn refuse_link(path: &Path) -> Result<(), Error> {
    // A slash at the end would be the folder behind the link.
    let plain: PathBuf = path.components().collect();
    let is_link = fs::symlink_metadata(&plain).is_ok_and(|there| there.is_symlink());
    match is_link {
        true => Err(Error::Refused {
            path: plain,
            why: "it is a symbolic link, which wheelfix makes none of there".into(),
            hint: "remove it, or name another folder with `--wheel-dir DIR`".into(),
        }),
        false => Ok(()),
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// A record that someone else wrote must not lead out of the folder.
fn is_wheel_name(name: &str) -> bool {
    name.ends_with(".whl") && !name.contains('/') && !name.starts_with('.')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_fetched_at_the_same_time_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let house = Wheelhouse::open(&folder.path().join("w"), &folder.path().join("c")).unwrap();
        assert_ne!(house.incoming("0a"), house.incoming("0b"));
    }

    #[test]
    fn of_a_long_log_the_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let house = Wheelhouse::open(&folder.path().join("w"), &folder.path().join("c")).unwrap();
        let log = house.log("demo-1.0");
        let file = File::create(&log).unwrap();
        file.set_len(LOG_READ * 100).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"the end", LOG_READ * 100).unwrap();
        let said = house.end_of_log(&log).unwrap();
        assert_eq!(said.len() as u64, LOG_READ);
        assert!(said.ends_with("the end"));
    }
}
