//! Program headers: what a loader maps and where it finds the rest.

use super::address::{FileOffset, VirtualAddress};
use super::codec::Codec;

pub(super) const PT_NULL: u32 = 0;
pub(super) const PT_LOAD: u32 = 1;
pub(super) const PT_DYNAMIC: u32 = 2;
pub(super) const PT_INTERP: u32 = 3;
pub(super) const PT_NOTE: u32 = 4;
pub(super) const PT_PHDR: u32 = 6;
pub(super) const PT_GNU_STACK: u32 = 0x6474_e551;
pub(super) const PT_GNU_PROPERTY: u32 = 0x6474_e553;

pub(super) const PF_X: u32 = 1;
pub(super) const PF_W: u32 = 2;
pub(super) const PF_R: u32 = 4;

/// One program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) offset: FileOffset,
    pub(super) address: VirtualAddress,
    pub(super) physical: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    pub(super) align: u64,
}

impl Segment {
    /// Bytes of one program header.
    pub(super) fn record_size(codec: Codec) -> u64 {
        codec.by_class(32, 56)
    }

    pub(super) fn parse(codec: Codec, record: &[u8]) -> Option<Self> {
        let at = |elf32: usize, elf64: usize| codec.word(record, codec.by_class(elf32, elf64));
        Some(Self {
            kind: codec.u32(record, 0)?,
            flags: codec.u32(record, codec.by_class(24, 4))?,
            offset: FileOffset(at(4, 8)?),
            address: VirtualAddress(at(8, 16)?),
            physical: at(12, 24)?,
            file_size: at(16, 32)?,
            memory_size: at(20, 40)?,
            align: at(28, 48)?,
        })
    }

    pub(super) fn store(&self, codec: Codec, record: &mut [u8]) -> Option<()> {
        codec.put_u32(record, 0, self.kind)?;
        codec.put_u32(record, codec.by_class(24, 4), self.flags)?;
        codec.put_word(record, codec.by_class(4, 8), self.offset.0)?;
        codec.put_word(record, codec.by_class(8, 16), self.address.0)?;
        codec.put_word(record, codec.by_class(12, 24), self.physical)?;
        codec.put_word(record, codec.by_class(16, 32), self.file_size)?;
        codec.put_word(record, codec.by_class(20, 40), self.memory_size)?;
        codec.put_word(record, codec.by_class(28, 48), self.align)
    }

    pub(super) fn is_load(&self) -> bool {
        self.kind == PT_LOAD
    }

    /// Where the segment's bytes end in the file.
    pub(super) fn file_end(&self) -> FileOffset {
        self.offset.plus(self.file_size)
    }

    /// Where the segment ends in memory.
    pub(super) fn memory_end(&self) -> VirtualAddress {
        self.address.plus(self.memory_size)
    }

    /// The offset of `[address, address + size)`, if all of it is file bytes of this segment.
    pub(super) fn offset_of(&self, address: VirtualAddress, size: u64) -> Option<FileOffset> {
        let inside = address.0.checked_sub(self.address.0)?;
        let end = inside.checked_add(size)?;
        (end <= self.file_size).then(|| self.offset.plus(inside))
    }

    /// Whether `[offset, offset + size)` lies in this segment's file bytes.
    pub(super) fn holds_file_range(&self, offset: FileOffset, size: u64) -> bool {
        offset >= self.offset && offset.plus(size) <= self.file_end()
    }
}
