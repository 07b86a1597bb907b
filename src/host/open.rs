//! The one way to open a file for reading. What a path leads to is asked before anything waits for it:
//! a pipe, a device or a socket where a file is expected is an error, not a hang. Nothing is read whole
//! without a bound.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// How a file is opened: without waiting for a pipe's writer, or becoming a terminal's process.
pub(super) const FLAGS: OFlags = OFlags::NONBLOCK
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// So much of a file is hashed at once.
const WINDOW: usize = 1 << 16;

/// A regular file, links followed, and what it is.
pub(super) fn regular(path: &Path) -> io::Result<(File, Metadata)> {
    of_kind(opened(path, FLAGS)?)
}

/// What a path leads to, opened so; a file that is made is for everybody, as far as the umask lets.
fn opened(path: &Path, flags: OFlags) -> io::Result<File> {
    let mode = Mode::from_raw_mode(0o666);
    Ok(File::from(rustix::fs::openat(CWD, path, flags, mode)?))
}

/// An open file, if it is a regular one.
pub(super) fn of_kind(file: File) -> io::Result<(File, Metadata)> {
    let metadata = file.metadata()?;
    match metadata.is_file() {
        true => Ok((file, metadata)),
        false if metadata.is_dir() => Err(Errno::ISDIR.into()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        )),
    }
}

/// Whatever a person named where a pipe is as good as a file (`@/dev/stdin`): this one is waited for.
pub(super) fn stream(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOCTTY.union(OFlags::CLOEXEC);
    opened(path, flags)
}

/// A file or a device to write to, which is there. A device's or a pipe's reader is waited for: a person
/// named it.
pub(super) fn writable(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
    opened(path, flags)
}

/// A file of ours to be written anew, made where it is not there.
pub(super) fn emptied(path: &Path) -> io::Result<File> {
    let file = lock(path)?;
    file.set_len(0)?;
    Ok(file)
}

/// A file of ours to be locked, made where it is not there.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY.union(OFlags::CREATE).union(FLAGS);
    Ok(of_kind(opened(path, flags)?)?.0)
}

/// A folder, to have its names written to the disk.
pub(super) fn folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);
    opened(path, flags)
}

/// All bytes of a file that has at most `most`.
pub(super) fn whole(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = regular(path)?;
    read_all(file, &metadata, most)
}

/// The text of a file that has at most `most` bytes.
pub(super) fn text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = whole(path, most)?;
    String::from_utf8(bytes).map_err(|_| {
        let error = "stream did not contain valid UTF-8";
        io::Error::new(io::ErrorKind::InvalidData, error)
    })
}

/// The rest of a file's bytes, at most `most`.
pub(super) fn read_all(file: File, metadata: &Metadata, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || {
        let text = format!("it has more than {most} bytes");
        io::Error::new(io::ErrorKind::FileTooLarge, text)
    };
    if metadata.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let reserved = bytes.try_reserve_exact(length.saturating_add(1));
    reserved.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match read as u64 > most {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

/// SHA-256 and size of a file's bytes from where it stands on, read in windows.
pub(super) fn digest(mut file: impl Read) -> io::Result<([u8; 32], u64)> {
    let mut window = vec![0; WINDOW];
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    loop {
        match file.read(&mut window) {
            Ok(0) => return Ok((hash.finalize().into(), size)),
            Ok(count) => {
                hash.update(window.get(..count).unwrap_or_default());
                size = size.saturating_add(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What need not be there: `None` where it is not, or is something else.
///
/// # Errors
/// When the machine does not tell.
pub fn if_there<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Io { error, .. }) if told(&error) != Told::Failed => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an error says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing is there, or nothing can be: a name too long for any file.
    Absent,
    /// Something is there, and cannot be used as a file, on this machine or another.
    Unusable,
    /// The machine failed, or does not let us: nothing is known of the path.
    Failed,
}

/// Which of them. A link that leads nowhere or in a circle is told by its absent end.
pub(super) fn told(error: &io::Error) -> Told {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP) => Told::Absent,
        // A socket (ENXIO), a device without a driver, a folder.
        Some(Errno::NXIO | Errno::NODEV | Errno::ISDIR) => Told::Unusable,
        Some(_) => Told::Failed,
        None => match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => Told::Unusable,
            _ => Told::Failed,
        },
    }
}
