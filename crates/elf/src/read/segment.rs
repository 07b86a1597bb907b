//! Program headers: what a loader maps and where it finds the rest.

use crate::address::{FileOffset, VirtualAddress};
use crate::codec::Codec;
use crate::ranges::{Position, Span};

pub(crate) const PT_NULL: u32 = 0;
pub(crate) const PT_LOAD: u32 = 1;
pub(crate) const PT_DYNAMIC: u32 = 2;
pub(crate) const PT_INTERP: u32 = 3;
pub(crate) const PT_NOTE: u32 = 4;
pub(crate) const PT_PHDR: u32 = 6;
pub(crate) const PT_TLS: u32 = 7;
pub(crate) const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
pub(crate) const PT_ARM_EXIDX: u32 = 0x7000_0001;
pub(crate) const PT_GNU_STACK: u32 = 0x6474_e551;
pub(crate) const PT_GNU_RELRO: u32 = 0x6474_e552;
pub(crate) const PT_GNU_PROPERTY: u32 = 0x6474_e553;

pub(crate) const PF_X: u32 = 1;
pub(crate) const PF_W: u32 = 2;
pub(crate) const PF_R: u32 = 4;

/// One program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) offset: FileOffset,
    pub(crate) address: VirtualAddress,
    pub(crate) physical: u64,
    pub(crate) file_size: u64,
    pub(crate) memory_size: u64,
    pub(crate) align: u64,
}

impl Segment {
    /// Bytes of one program header.
    pub(crate) fn record_size(codec: Codec) -> u64 {
        codec.by_class(32, 56)
    }

    pub(crate) fn parse(codec: Codec, record: &[u8]) -> Option<Self> {
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

    pub(crate) fn store(&self, codec: Codec, record: &mut [u8]) -> Option<()> {
        codec.put_u32(record, 0, self.kind)?;
        codec.put_u32(record, codec.by_class(24, 4), self.flags)?;
        codec.put_word(record, codec.by_class(4, 8), self.offset.0)?;
        codec.put_word(record, codec.by_class(8, 16), self.address.0)?;
        codec.put_word(record, codec.by_class(12, 24), self.physical)?;
        codec.put_word(record, codec.by_class(16, 32), self.file_size)?;
        codec.put_word(record, codec.by_class(20, 40), self.memory_size)?;
        codec.put_word(record, codec.by_class(28, 48), self.align)
    }

    pub(crate) fn is_load(&self) -> bool {
        self.kind == PT_LOAD
    }

    /// Where the segment's bytes end in the file.
    pub(crate) fn file_end(&self) -> FileOffset {
        self.offset.plus(self.file_size)
    }

    /// Where the segment ends in memory.
    pub(crate) fn memory_end(&self) -> VirtualAddress {
        self.address.plus(self.memory_size)
    }

    /// The offset of `[address, address + size)`, if all of it is file bytes of this segment.
    pub(crate) fn offset_of(&self, address: VirtualAddress, size: u64) -> Option<FileOffset> {
        let inside = address.0.checked_sub(self.address.0)?;
        let end = inside.checked_add(size)?;
        (end <= self.file_size).then(|| self.offset.plus(inside))
    }

    /// Its bytes in the file.
    pub(crate) fn file_span(&self) -> Span<FileOffset> {
        Span::sized(self.offset, self.file_size)
    }

    /// The addresses that it takes, those without file bytes as well.
    pub(crate) fn memory_span(&self) -> Span<VirtualAddress> {
        Span::sized(self.address, self.memory_size)
    }

    /// The addresses of its file bytes.
    pub(crate) fn loaded_span(&self) -> Span<VirtualAddress> {
        Span::sized(self.address, self.file_size)
    }

    /// The address of a byte of the file, one of this segment's.
    pub(crate) fn address_of(&self, offset: FileOffset) -> VirtualAddress {
        self.address.plus(offset.behind(self.offset))
    }

    /// Whether all of that lies in this segment's file bytes.
    pub(crate) fn holds(&self, span: Span<FileOffset>) -> bool {
        self.file_span().covers(span)
    }
}
