//! What a repair is decided by.

use crate::plan::needs::subject::Subject;
use crate::wheel::{ArchivePath, Headers, WheelFilename};

/// Everything a repair is decided by.
pub struct RepairInput<'a> {
    /// The file name of the wheel.
    pub filename: &'a WheelFilename,
    /// Its files, in the archive's order, folders left out.
    pub entries: &'a [ArchivePath],
    /// Its `.dist-info` folder.
    pub dist_info: &'a ArchivePath,
    /// Its WHEEL file.
    pub wheel: &'a Headers,
    /// Its ELF files, what they are for and what each of them pulls in.
    pub subject: &'a Subject,
}
