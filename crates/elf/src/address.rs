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
    pub(crate) fn index(self) -> usize {
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
pub(crate) fn align_up(value: u64, alignment: u64) -> Option<u64> {
    if alignment <= 1 {
        return Some(value);
    }
    value.checked_next_multiple_of(alignment)
}

/// `value` lowered to the last multiple of `alignment`; an alignment of 0 or 1 asks for nothing.
pub(crate) fn align_down(value: u64, alignment: u64) -> u64 {
    if alignment <= 1 {
        return value;
    }
    value.saturating_sub(value % alignment)
}

/// The bytes `[at, at + size)` of a file, if it has them all.
pub(crate) fn slice(bytes: &[u8], at: FileOffset, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(at.0).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

/// The bytes `[at, at + size)` of a file for writing, if it has them all.
pub(crate) fn slice_mut(bytes: &mut [u8], at: FileOffset, size: u64) -> Option<&mut [u8]> {
    let start = usize::try_from(at.0).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get_mut(start..end)
}

/// What linkers and patchelf fill gaps with.
pub(crate) fn is_filler(byte: u8) -> bool {
    matches!(byte, 0 | b'X' | b'Z')
}

/// Whether two runs of bytes are the same.
///
/// As `==`, but by words of our own: the C library's `memcmp`, to which the compiler leaves slices,
/// goes byte by byte in musl.
pub(crate) fn same_bytes(one: &[u8], two: &[u8]) -> bool {
    let ((words, rest), (others, other_rest)) = (one.as_chunks::<8>(), two.as_chunks::<8>());
    let ((blocks, last), (other_blocks, other_last)) =
        (words.as_chunks::<8>(), others.as_chunks::<8>());
    one.len() == two.len()
        && blocks
            .iter()
            .zip(other_blocks)
            .all(|(one, two)| difference(one, two) == 0)
        && difference(last, other_last) == 0
        && rest.iter().zip(other_rest).all(|(one, two)| one == two)
}

/// All bits in which the words of two equally long runs differ.
fn difference(one: &[[u8; 8]], two: &[[u8; 8]]) -> u64 {
    let pairs = one.iter().zip(two);
    pairs.fold(0, |bits, (one, two)| {
        bits | (u64::from_ne_bytes(*one) ^ u64::from_ne_bytes(*two))
    })
}

/// The same of what [`slice()`] found, or did not find in either.
pub(crate) fn same_slices(one: Option<&[u8]>, two: Option<&[u8]>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => same_bytes(one, two),
        (one, two) => one.is_none() && two.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::same_bytes;

    #[test]
    fn one_bit_anywhere_is_a_difference() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            let one = bytes.get(..length).unwrap();
            assert!(same_bytes(one, one));
            assert!(!same_bytes(one, bytes.get(..length + 1).unwrap()));
            for at in 0..length {
                let mut other = one.to_vec();
                *other.get_mut(at).unwrap() ^= 0x80;
                assert!(!same_bytes(one, &other), "{at} of {length}");
            }
        }
    }
}
