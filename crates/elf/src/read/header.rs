//! The ELF header: the first 52 or 64 bytes of a file.

use serde::Serialize;

use crate::address::FileOffset;
use crate::codec::{Class, Codec, Endian};
use crate::error::Error;

/// The four bytes every ELF file begins with.
pub(crate) const MAGIC: [u8; 4] = *b"\x7fELF";

/// What a file is for (`e_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An object file, to be linked (`ET_REL`).
    Relocatable,
    /// A program linked to fixed addresses (`ET_EXEC`).
    Executable,
    /// A shared object, which position-independent programs are too (`ET_DYN`).
    Shared,
    /// A memory image of a process (`ET_CORE`).
    Core,
    /// Anything else, with its number.
    Other(u16),
}

impl From<u16> for Kind {
    fn from(value: u16) -> Self {
        match value {
            1 => Self::Relocatable,
            2 => Self::Executable,
            3 => Self::Shared,
            4 => Self::Core,
            other => Self::Other(other),
        }
    }
}

/// The header's fields that reading and editing need. Offsets of 0 mean "no such table".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) codec: Codec,
    pub(crate) os_abi: u8,
    pub(crate) kind: Kind,
    pub(crate) machine: u16,
    pub(crate) flags: u32,
    pub(crate) entry: u64,
    pub(crate) segments_at: FileOffset,
    pub(crate) segment_count: u16,
    pub(crate) sections_at: FileOffset,
    pub(crate) section_count: u16,
    pub(crate) names_index: u16,
}

/// Positions of the fields behind the addresses, which differ by class.
struct Tail {
    flags: usize,
    ehsize: usize,
    phentsize: usize,
    phnum: usize,
    shentsize: usize,
    shnum: usize,
    shstrndx: usize,
}

const fn tail(codec: Codec) -> Tail {
    let start = match codec.class {
        Class::Elf32 => 36,
        Class::Elf64 => 48,
    };
    Tail {
        flags: start,
        ehsize: start + 4,
        phentsize: start + 6,
        phnum: start + 8,
        shentsize: start + 10,
        shnum: start + 12,
        shstrndx: start + 14,
    }
}

impl Header {
    /// Bytes in the header itself.
    pub(crate) fn size(codec: Codec) -> u64 {
        codec.by_class(52, 64)
    }

    /// Reads the header; checks what every reader depends on (class, byte order, record sizes).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.starts_with(&MAGIC) {
            return Err(Error::not_elf());
        }
        let codec = Codec {
            class: match bytes.get(4) {
                Some(1) => Class::Elf32,
                Some(2) => Class::Elf64,
                _ => return Err(Error::malformed(FileOffset(4), "unknown class")),
            },
            endian: match bytes.get(5) {
                Some(1) => Endian::Little,
                Some(2) => Endian::Big,
                _ => return Err(Error::malformed(FileOffset(5), "unknown byte order")),
            },
        };
        let header = Self::fields(codec, bytes).ok_or_else(|| {
            Error::malformed(
                FileOffset(bytes.len() as u64),
                "the file ends inside the ELF header",
            )
        })?;
        header.check(bytes)?;
        Ok(header)
    }

    fn fields(codec: Codec, bytes: &[u8]) -> Option<Self> {
        let tail = tail(codec);
        let word = codec.word_size() as usize;
        Some(Self {
            codec,
            os_abi: *bytes.get(7)?,
            kind: Kind::from(codec.u16(bytes, 16)?),
            machine: codec.u16(bytes, 18)?,
            entry: codec.word(bytes, 24)?,
            segments_at: FileOffset(codec.word(bytes, 24 + word)?),
            sections_at: FileOffset(codec.word(bytes, 24 + 2 * word)?),
            flags: codec.u32(bytes, tail.flags)?,
            segment_count: codec.u16(bytes, tail.phnum)?,
            section_count: codec.u16(bytes, tail.shnum)?,
            names_index: codec.u16(bytes, tail.shstrndx)?,
        })
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        let codec = self.codec;
        let tail = tail(codec);
        let sized = |at: usize, expected: u16, what: &'static str| match codec.u16(bytes, at) {
            Some(found) if found == expected => Ok(()),
            _ => Err(Error::malformed(FileOffset(at as u64), what)),
        };
        sized(
            tail.ehsize,
            codec.by_class(52, 64),
            "wrong size of the ELF header (e_ehsize)",
        )?;
        if self.segment_count != 0 {
            sized(
                tail.phentsize,
                codec.by_class(32, 56),
                "wrong size of a program header (e_phentsize)",
            )?;
        }
        if self.sections_at.0 != 0 {
            sized(
                tail.shentsize,
                codec.by_class(40, 64),
                "wrong size of a section header (e_shentsize)",
            )?;
        }
        if self.segment_count == u16::MAX {
            // PN_XNUM: more than 65534 segments. No loader accepts such a file.
            return Err(Error::malformed(
                FileOffset(tail.phnum as u64),
                "too many program headers (PN_XNUM)",
            ));
        }
        Ok(())
    }

    /// Writes the fields an edit may change: the ABI, where the two tables are, how long they are.
    pub(crate) fn store(&self, bytes: &mut [u8]) -> Option<()> {
        let codec = self.codec;
        let tail = tail(codec);
        let word = codec.word_size() as usize;
        *bytes.get_mut(7)? = self.os_abi;
        codec.put_word(bytes, 24 + word, self.segments_at.0)?;
        codec.put_word(bytes, 24 + 2 * word, self.sections_at.0)?;
        codec.put_u16(bytes, tail.phnum, self.segment_count)?;
        codec.put_u16(bytes, tail.shnum, self.section_count)?;
        codec.put_u16(bytes, tail.shstrndx, self.names_index)
    }
}
