//! Write a file so that its name appears only when it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::interrupt::{Doomed, expect_size_limit, has_proc};
use super::open;
use crate::error::Error;

/// How much is gathered before it is written.
const BUFFER: usize = 1 << 18;

/// From this size on bytes are written as they come: to gather them costs more than a call.
const LARGE: usize = 1 << 13;

/// A file that is being written. Dropped before [`Output::publish`], it leaves nothing.
pub(super) struct Output {
    file: File,
    /// What has not been written yet; most edits of single files never need its memory.
    gathered: Vec<u8>,
    /// The name it has while it is written; `None`: it has none at all (`O_TMPFILE`), so
    /// that even a kill leaves nothing behind.
    temporary: Option<Doomed>,
    target: PathBuf,
}

impl Output {
    /// Begin to write what will be `target`; its folder is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub(super) fn create(target: &Path) -> Result<Self, Error> {
        expect_size_limit();
        let folder = folder_of(target);
        let unnamed = || {
            let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
            rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666))
        };
        // Files without a name can be given one only through /proc.
        let unnamed = match unnamed() {
            Err(_) => {
                let failed = |error| Error::io("make the folder", folder, error);
                fs::create_dir_all(folder).map_err(failed)?;
                unnamed()
            }
            opened => opened,
        };
        let unnamed = unnamed.ok().filter(|_| has_proc());
        let (file, temporary) = match unnamed {
            Some(descriptor) => (File::from(descriptor), None),
            None => {
                let temporary = Doomed::lasting(&temporary_name(target));
                let failed = |error| Error::io("write to the folder", folder, error);
                let file = File::options()
                    .read(true)
                    .write(true)
                    .create_new(true)
                    .open(temporary.path())
                    .map_err(failed)?;
                (file, Some(temporary))
            }
        };
        Ok(Self {
            file,
            gathered: Vec::new(),
            temporary,
            target: target.to_owned(),
        })
    }

    /// Give the file the permissions of another one.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(super) fn set_permissions(&self, permissions: fs::Permissions) -> Result<(), Error> {
        let set = self.file.set_permissions(permissions);
        set.map_err(|error| Error::io("set the permissions of", &self.target, error))
    }

    /// What was written so far, to be read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn reader(&mut self) -> Result<File, Error> {
        let written = self.flush().and_then(|()| self.file.try_clone());
        written.map_err(|error| Error::io("write", &self.target, error))
    }

    /// Give the file its name: flush, sync, rename, sync the folder. What had the name
    /// before is replaced.
    ///
    /// # Errors
    /// When any of it fails; then the name is as it was before.
    pub(super) fn publish(self) -> Result<(), Error> {
        self.publish_as(true)
    }

    /// As [`Self::publish`], but does not wait for the disk: for one of many files of a build, which
    /// a loss of power costs anyway. To wait takes longer than to edit such a file.
    ///
    /// # Errors
    /// When any of it fails; then the name is as it was before.
    pub(super) fn publish_soon(self) -> Result<(), Error> {
        self.publish_as(false)
    }

    fn publish_as(mut self, synced: bool) -> Result<(), Error> {
        let written = self.flush();
        let Self {
            file,
            temporary,
            target,
            ..
        } = self;
        let failed = |error| Error::io("write", &target, error);
        written.map_err(failed)?;
        if synced {
            file.sync_all().map_err(failed)?;
        }
        let temporary = match temporary {
            Some(temporary) => temporary,
            None => name_it(&file, &target).map_err(failed)?,
        };
        fs::rename(temporary.path(), &target).map_err(failed)?;
        temporary.keep();
        if synced {
            sweep(&target);
        }
        // The name itself must survive a loss of power; a file system that cannot sync a
        // folder has no more to offer.
        if synced && let Ok(folder) = open::folder(folder_of(&target)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gathered.len().saturating_add(bytes.len()) > BUFFER || bytes.len() >= LARGE {
            self.flush()?;
        }
        if bytes.len() >= LARGE {
            return self.file.write(bytes);
        }
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(BUFFER);
        }
        self.gathered.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }
}

/// The folder that a file lies in.
pub(super) fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A hidden name beside the target that no `*.whl` matches.
fn temporary_name(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    folder_of(target).join(format!(".{name}.tmp-{}", std::process::id()))
}

/// A temporary file of another process is left alone until it is so old.
const STALE: Duration = Duration::from_secs(600);

/// Remove what processes that are gone have left beside a target: temporary files for the same name.
fn sweep(target: &Path) {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let begins = format!(".{name}.tmp-");
    // Nobody has asked for it: what cannot be looked at or removed stays.
    for entry in fs::read_dir(folder_of(target))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&begins));
        let number = number.and_then(|number| number.parse().ok());
        let Some(process) = number.and_then(Pid::from_raw) else {
            continue;
        };
        let metadata = entry.metadata();
        let old = metadata.is_ok_and(|metadata| {
            let age = metadata.modified().ok().and_then(|at| at.elapsed().ok());
            metadata.is_file() && age.is_some_and(|age| age > STALE)
        });
        // In another container the number may be of a process that we cannot see: hence the age.
        if old && test_kill_process(process) == Err(Errno::SRCH) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Link a file without a name to a temporary one: only rename replaces what is there.
fn name_it(file: &File, target: &Path) -> io::Result<Doomed> {
    let temporary = Doomed::new(&temporary_name(target));
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    let follow = AtFlags::SYMLINK_FOLLOW;
    let link = || rustix::fs::linkat(CWD, &descriptor, CWD, temporary.path(), follow);
    match link() {
        Err(Errno::EXIST) => {
            // A leftover of a killed process with the same number.
            fs::remove_file(temporary.path())?;
            link()?;
        }
        linked => linked?,
    }
    Ok(temporary)
}
