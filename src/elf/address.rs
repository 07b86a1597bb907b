//! The two kinds of place an ELF file speaks of, kept apart: offsets and addresses.

use std::fmt;

use serde::Serialize;

/// A byte's position in the file, counted from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileOffset(pub u64);

/// A byte's address in the loaded image, relative to the load base of a shared object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct VirtualAddress(pub u64);

impl FileOffset {
    /// The offset `size` bytes further on; stays at the end of the number range instead of wrapping.
    #[must_use]
    pub fn plus(self, size: u64) -> Self {
        Self(self.0.saturating_add(size))
    }

    /// The offset as an index into a slice; the largest index where it does not fit.
    #[must_use]
    pub(super) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl VirtualAddress {
    /// The address `size` bytes further on; stays at the end of the number range instead of wrapping.
    #[must_use]
    pub fn plus(self, size: u64) -> Self {
        Self(self.0.saturating_add(size))
    }
}

impl fmt::Display for FileOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// `value` raised to the next multiple of `alignment`; an alignment of 0 or 1 asks for nothing.
/// `None` when the number range ends before.
pub(super) fn align_up(value: u64, alignment: u64) -> Option<u64> {
    if alignment <= 1 {
        return Some(value);
    }
    value.checked_next_multiple_of(alignment)
}

/// `value` lowered to the last multiple of `alignment`; an alignment of 0 or 1 asks for nothing.
pub(super) fn align_down(value: u64, alignment: u64) -> u64 {
    if alignment <= 1 {
        return value;
    }
    value.saturating_sub(value % alignment)
}

/// The bytes `[at, at + size)` of a file, if it has them all.
pub(super) fn slice(bytes: &[u8], at: FileOffset, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(at.0).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// The bytes `[at, at + size)` of a file for writing, if it has them all.
pub(super) fn slice_mut(bytes: &mut [u8], at: FileOffset, size: u64) -> Option<&mut [u8]> {
    let start = usize::try_from(at.0).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get_mut(start..end)
}
