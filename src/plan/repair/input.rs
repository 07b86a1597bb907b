//! What a repair is decided by.

use crate::elf::Arch;
use crate::plan::needs::subject::ElfEntry;
use crate::resolve::{Graph, Libc};
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
    /// Its ELF files.
    pub elf: &'a [ElfEntry],
    /// What each of them pulls in.
    pub graph: &'a Graph,
    /// Whose loader will load it.
    pub libc: Libc,
    /// For which machine.
    pub arch: Arch,
}
