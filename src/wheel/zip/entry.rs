//! One entry of an archive.

use std::borrow::Cow;

use crate::wheel::path::ArchivePath;
use crate::wheel::zip::dos_time::DosDateTime;

/// How an entry's bytes are packed. Wheels use no other methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// As they are (method 0).
    Stored,
    /// Deflate, RFC 1951 (method 8).
    Deflated,
}

impl Method {
    pub(in crate::wheel) fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
        }
    }
}

/// A file or directory in an archive, as both of its headers agree it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the `/` that ends a directory's.
    pub path: ArchivePath,
    /// Whether it is a directory; such an entry has no bytes.
    pub is_directory: bool,
    /// How its bytes are packed.
    pub method: Method,
    /// The CRC-32 of its unpacked bytes.
    pub crc32: u32,
    /// Packed bytes.
    pub compressed_size: u64,
    /// Unpacked bytes.
    pub size: u64,
    /// Where its local header begins, in bytes from the start of the archive.
    pub header_offset: u64,
    /// Where its packed bytes begin.
    pub data_offset: u64,
    /// When it was last changed, as its maker says.
    pub modified: DosDateTime,
    /// Permissions: 0o755 where any executable bit was set, else 0o644 (a directory: 0o755);
    /// `None` where the maker gave none.
    pub mode: Option<u32>,
    /// Whether its sizes and CRC stand behind its bytes (flag bit 3).
    pub(in crate::wheel) has_descriptor: bool,
    /// The flag bits as they are.
    pub(in crate::wheel) flags: u16,
    /// Whether its bytes may be in memory at once, by the reader's limits.
    pub(in crate::wheel) may_be_held: bool,
}

impl Entry {
    /// The name as it stands in the headers: a directory's ends in `/`.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        if self.is_directory {
            Cow::Owned(format!("{}/", self.path.as_str()))
        } else {
            Cow::Borrowed(self.path.as_str())
        }
    }

    /// Whether the file is executable.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        !self.is_directory && self.mode == Some(0o755)
    }
}
