//! Numbers in ELF's four shapes: 32 or 64 bit, little or big endian.

use serde::Serialize;

/// The width of addresses and offsets (`EI_CLASS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 32-bit.
    Elf32,
    /// 64-bit.
    Elf64,
}

/// The byte order (`EI_DATA`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// How one file writes numbers. Positions are relative to the slice that is given, which is
/// one record or the whole file; `None` means that the slice ends before the number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Codec {
    pub(crate) class: Class,
    pub(crate) endian: Endian,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut::<N>()? = value;
    Some(())
}

impl Codec {
    pub(crate) fn is_64(self) -> bool {
        self.class == Class::Elf64
    }

    /// Bytes in an address.
    pub(crate) fn word_size(self) -> u64 {
        if self.is_64() { 8 } else { 4 }
    }

    /// One of two numbers: the 32-bit file's or the 64-bit file's.
    pub(crate) fn by_class<T>(self, elf32: T, elf64: T) -> T {
        if self.is_64() { elf64 } else { elf32 }
    }

    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = array(bytes, at)?;
        Some(match self.endian {
            Endian::Little => u16::from_le_bytes(raw),
            Endian::Big => u16::from_be_bytes(raw),
        })
    }

    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = array(bytes, at)?;
        Some(match self.endian {
            Endian::Little => u32::from_le_bytes(raw),
            Endian::Big => u32::from_be_bytes(raw),
        })
    }

    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = array(bytes, at)?;
        Some(match self.endian {
            Endian::Little => u64::from_le_bytes(raw),
            Endian::Big => u64::from_be_bytes(raw),
        })
    }

    /// An address-sized number.
    pub(crate) fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        match self.class {
            Class::Elf32 => self.u32(bytes, at).map(u64::from),
            Class::Elf64 => self.u64(bytes, at),
        }
    }

    pub(crate) fn put_u16(self, bytes: &mut [u8], at: usize, value: u16) -> Option<()> {
        let raw = match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        };
        put(bytes, at, raw)
    }

    pub(crate) fn put_u32(self, bytes: &mut [u8], at: usize, value: u32) -> Option<()> {
        let raw = match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        };
        put(bytes, at, raw)
    }

    pub(crate) fn put_u64(self, bytes: &mut [u8], at: usize, value: u64) -> Option<()> {
        let raw = match self.endian {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        };
        put(bytes, at, raw)
    }

    /// Writes an address-sized number; `None` also when it does not fit a 32-bit file.
    pub(crate) fn put_word(self, bytes: &mut [u8], at: usize, value: u64) -> Option<()> {
        match self.class {
            Class::Elf32 => self.put_u32(bytes, at, u32::try_from(value).ok()?),
            Class::Elf64 => self.put_u64(bytes, at, value),
        }
    }
}
