//! The bytes of a whole file in memory, got from the kernel in the way that costs least.
//!
//! To get memory page by page is most of what an edit of a large file costs: 2.5 µs for each 4 KiB
//! against 90 µs for one page of 2 MiB (docs/elf-corpus.md). A machine without large pages gives
//! small ones for the same asking.

use std::collections::TryReserveError;
use std::fmt;
use std::ops::{Deref, DerefMut, Range};

use memmap2::{Advice, MmapMut, MmapOptions};

/// From this size on a mapping is asked for, with all its pages at once: less than that is soon
/// got page by page.
const MAPPED: usize = 64 << 10;

/// From this size on large pages are asked for: to fill one with zeros takes as long as to get
/// a hundred small ones at once.
const LARGE: usize = 384 << 10;

/// So much of a buffer has large pages, what is behind it small ones, all at once. A virtual machine
/// gives free large pages back to its host; to get more than a few of them again takes longer than
/// small ones.
const HUGE: usize = 16 << 20;

/// A large page on the machines that wheels are repaired on; elsewhere it is only an alignment.
const PAGE: usize = 2 << 20;

/// Bytes that can grow. Equal when the bytes are, however they are kept.
pub struct Buffer {
    memory: Memory,
}

enum Memory {
    /// What the allocator gives.
    Small(Vec<u8>),
    /// A mapping of its own; the bytes begin where a large page does, if it has large pages.
    Mapped {
        map: MmapMut,
        start: usize,
        length: usize,
    },
}

impl Buffer {
    /// That many zeros, with room for more behind them.
    ///
    /// # Errors
    /// When there is not so much memory.
    pub fn zeroed(length: usize, room: usize) -> Result<Self, TryReserveError> {
        let capacity = length.saturating_add(room);
        let memory = match mapped(capacity) {
            Some((map, start)) => Memory::Mapped { map, start, length },
            None => {
                let mut bytes = Vec::new();
                bytes.try_reserve_exact(capacity)?;
                bytes.resize(length, 0);
                Memory::Small(bytes)
            }
        };
        Ok(Self { memory })
    }

    /// A copy, with room for more behind it.
    ///
    /// # Errors
    /// When there is not so much memory.
    pub fn copy_of(bytes: &[u8], room: usize) -> Result<Self, TryReserveError> {
        let capacity = bytes.len().saturating_add(room);
        let mut copy = Self::zeroed(0, capacity)?;
        match &mut copy.memory {
            Memory::Small(small) => small.extend_from_slice(bytes),
            Memory::Mapped { length, .. } => {
                *length = bytes.len();
                copy.copy_from_slice(bytes);
            }
        }
        Ok(copy)
    }

    /// Grows with zeros, or ends earlier.
    ///
    /// # Errors
    /// When there is not so much memory.
    pub fn resize(&mut self, new: usize) -> Result<(), TryReserveError> {
        let old = self.len();
        match &mut self.memory {
            Memory::Small(bytes) if new <= bytes.capacity() => bytes.resize(new, 0),
            Memory::Mapped { map, start, length } if new <= map.len().saturating_sub(*start) => {
                *length = new;
                // What was cut off before is no zero any more.
                if let Some(grown) = self.get_mut(old..new) {
                    grown.fill(0);
                }
            }
            Memory::Small(_) | Memory::Mapped { .. } => {
                let mut grown = Self::copy_of(self, new.saturating_sub(old))?;
                grown.resize(new)?;
                *self = grown;
            }
        }
        Ok(())
    }
}

/// A mapping, and from where on it has that much. `None` where what the allocator gives will do, or
/// where there is no such mapping to be had.
fn mapped(capacity: usize) -> Option<(MmapMut, usize)> {
    if capacity < MAPPED {
        return None;
    }
    if capacity < LARGE {
        let map = MmapOptions::new()
            .len(capacity)
            .populate()
            .map_anon()
            .ok()?;
        return Some((map, 0));
    }
    // What is never touched costs nothing.
    let length = capacity.checked_next_multiple_of(PAGE)?.checked_add(PAGE)?;
    let map = MmapOptions::new().len(length).map_anon().ok()?;
    let start = map.as_ptr().align_offset(PAGE);
    if start.checked_add(capacity)? > map.len() {
        return None;
    }
    // A kernel without large pages refuses, and loses nothing; so does an old one that is asked for
    // many pages at once.
    if capacity <= HUGE {
        let _ = map.advise(Advice::HugePage);
    } else {
        let _ = map.advise_range(Advice::HugePage, start, HUGE);
        let rest = start.checked_add(HUGE)?;
        let _ = map.advise_range(Advice::PopulateWrite, rest, capacity.checked_sub(HUGE)?);
    }
    Some((map, start))
}

fn range(start: usize, length: usize) -> Range<usize> {
    start..start.saturating_add(length)
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Small(bytes) => bytes,
            Memory::Mapped { map, start, length } => {
                map.get(range(*start, *length)).unwrap_or_default()
            }
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Small(bytes) => bytes,
            Memory::Mapped { map, start, length } => {
                map.get_mut(range(*start, *length)).unwrap_or_default()
            }
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        let memory = Memory::Small(bytes);
        Self { memory }
    }
}

impl From<Buffer> for Vec<u8> {
    fn from(buffer: Buffer) -> Self {
        match buffer.memory {
            Memory::Small(bytes) => bytes,
            Memory::Mapped { .. } => buffer.to_vec(),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl PartialEq<Vec<u8>> for Buffer {
    fn eq(&self, other: &Vec<u8>) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, HUGE, LARGE, MAPPED, Memory};

    fn is_mapped(buffer: &Buffer) -> bool {
        matches!(buffer.memory, Memory::Mapped { .. })
    }

    #[test]
    fn grows_from_small_to_large_and_keeps_its_bytes() {
        let old: Vec<u8> = (0..=255).cycle().take(MAPPED - 7).collect();
        let mut buffer = Buffer::copy_of(&old, 0).unwrap();
        assert!(!is_mapped(&buffer));
        for length in [MAPPED, MAPPED + 1, LARGE, LARGE + 1, HUGE + 1] {
            buffer.resize(length).unwrap();
            assert!(is_mapped(&buffer));
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.get(..old.len()), Some(old.as_slice()));
            assert!(buffer.iter().skip(old.len()).all(|byte| *byte == 0));
        }
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        for length in [100, MAPPED + 1, 3 * LARGE] {
            let mut buffer = Buffer::copy_of(&vec![7; length], 0).unwrap();
            buffer.resize(length / 2).unwrap();
            buffer.resize(length).unwrap();
            let (kept, grown) = buffer.split_at(length / 2);
            assert!(kept.iter().all(|byte| *byte == 7));
            assert!(grown.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn room_is_used_where_it_lies() {
        for length in [100, MAPPED + 1, 3 * LARGE] {
            let mut buffer = Buffer::copy_of(&vec![7; length], 50).unwrap();
            let at = buffer.as_ptr();
            buffer.resize(length + 50).unwrap();
            assert_eq!(at, buffer.as_ptr());
        }
    }

    #[test]
    fn more_than_there_is_is_an_error() {
        assert!(Buffer::zeroed(usize::MAX, 0).is_err());
        assert!(Buffer::zeroed(usize::MAX / 2, 0).is_err());
    }

    #[test]
    fn equal_bytes_are_equal_however_they_are_kept() {
        for length in [MAPPED, LARGE] {
            let bytes = vec![1; length];
            assert_eq!(Buffer::copy_of(&bytes, 0).unwrap(), Buffer::from(bytes));
        }
    }
}
