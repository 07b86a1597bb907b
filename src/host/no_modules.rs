//! What in a wheel is no library, though its name says so.

use super::file_source::FileSource;
use crate::plan::{BEGINNING, NoModule};
use crate::wheel::{self, ArchivePath, Wheel};

/// The files of a wheel whose names say that they are libraries, and that do not even begin as ELF
/// files do. `is_elf`: what is known to be one.
///
/// # Errors
/// When they cannot be read.
pub(super) fn no_modules(
    source: &FileSource,
    wheel: &Wheel,
    is_elf: impl Fn(&ArchivePath) -> bool,
) -> Result<Vec<NoModule>, wheel::Error> {
    let mut found = Vec::new();
    for entry in wheel.files() {
        if NoModule::may_be(&entry.path) && !is_elf(&entry.path) {
            let begins = wheel.archive.prefix(source, entry, BEGINNING)?;
            let platforms = &wheel.filename.platform;
            found.extend(NoModule::of_bytes(platforms, &entry.path, &begins));
        }
    }
    Ok(found)
}
