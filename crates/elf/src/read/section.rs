//! Section headers: the linker's view, which loaders ignore and tools live by.

use crate::address::{FileOffset, VirtualAddress};
use crate::codec::Codec;
use crate::ranges::Span;

pub(crate) const SHT_NULL: u32 = 0;
pub(crate) const SHT_PROGBITS: u32 = 1;
pub(crate) const SHT_SYMTAB: u32 = 2;
pub(crate) const SHT_STRTAB: u32 = 3;
pub(crate) const SHT_RELA: u32 = 4;
pub(crate) const SHT_HASH: u32 = 5;
pub(crate) const SHT_DYNAMIC: u32 = 6;
pub(crate) const SHT_NOTE: u32 = 7;
pub(crate) const SHT_NOBITS: u32 = 8;
pub(crate) const SHT_REL: u32 = 9;
pub(crate) const SHT_DYNSYM: u32 = 11;
pub(crate) const SHT_SYMTAB_SHNDX: u32 = 18;
pub(crate) const SHT_RELR: u32 = 19;
pub(crate) const SHT_ARM_ATTRIBUTES: u32 = 0x7000_0003;
pub(crate) const SHT_GNU_HASH: u32 = 0x6fff_fff6;
pub(crate) const SHT_GNU_VERDEF: u32 = 0x6fff_fffd;
pub(crate) const SHT_GNU_VERNEED: u32 = 0x6fff_fffe;
pub(crate) const SHT_GNU_VERSYM: u32 = 0x6fff_ffff;

/// From here on a number in a field of sixteen bits is no section's (`SHN_LORESERVE`).
pub(crate) const FIRST_RESERVED: usize = 0xff00;
pub(crate) const SHN_ABS: u16 = 0xfff1;
/// The section's number stands in another field, which is wide enough.
pub(crate) const SHN_XINDEX: u16 = 0xffff;

pub(crate) const SHF_ALLOC: u64 = 2;
pub(crate) const SHF_INFO_LINK: u64 = 0x40;

/// One section header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: u32,
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) address: VirtualAddress,
    pub(crate) offset: FileOffset,
    pub(crate) size: u64,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) align: u64,
    pub(crate) entry_size: u64,
}

impl Section {
    /// Bytes of one section header.
    pub(crate) fn record_size(codec: Codec) -> u64 {
        codec.by_class(40, 64)
    }

    pub(crate) fn parse(codec: Codec, record: &[u8]) -> Option<Self> {
        let at = |elf32: usize, elf64: usize| codec.word(record, codec.by_class(elf32, elf64));
        Some(Self {
            name: codec.u32(record, 0)?,
            kind: codec.u32(record, 4)?,
            flags: at(8, 8)?,
            address: VirtualAddress(at(12, 16)?),
            offset: FileOffset(at(16, 24)?),
            size: at(20, 32)?,
            link: codec.u32(record, codec.by_class(24, 40))?,
            info: codec.u32(record, codec.by_class(28, 44))?,
            align: at(32, 48)?,
            entry_size: at(36, 56)?,
        })
    }

    pub(crate) fn store(&self, codec: Codec, record: &mut [u8]) -> Option<()> {
        codec.put_u32(record, 0, self.name)?;
        codec.put_u32(record, 4, self.kind)?;
        codec.put_word(record, 8, self.flags)?;
        codec.put_word(record, codec.by_class(12, 16), self.address.0)?;
        codec.put_word(record, codec.by_class(16, 24), self.offset.0)?;
        codec.put_word(record, codec.by_class(20, 32), self.size)?;
        codec.put_u32(record, codec.by_class(24, 40), self.link)?;
        codec.put_u32(record, codec.by_class(28, 44), self.info)?;
        codec.put_word(record, codec.by_class(32, 48), self.align)?;
        codec.put_word(record, codec.by_class(36, 56), self.entry_size)
    }

    /// Whether the section is part of the loaded image.
    pub(crate) fn is_loaded(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }

    /// Bytes the section takes in the file.
    pub(crate) fn file_size(&self) -> u64 {
        if matches!(self.kind, SHT_NOBITS | SHT_NULL) {
            0
        } else {
            self.size
        }
    }

    /// Where the section's bytes end in the file.
    pub(crate) fn file_end(&self) -> FileOffset {
        self.offset.plus(self.file_size())
    }

    /// Its bytes in the file.
    pub(crate) fn file_span(&self) -> Span<FileOffset> {
        Span::sized(self.offset, self.file_size())
    }

    /// The addresses that it takes.
    pub(crate) fn memory_span(&self) -> Span<VirtualAddress> {
        Span::sized(self.address, self.size)
    }

    /// Whether it is of a type that only tables of the dynamic section and notes are of. `.interp`
    /// is of no type of its own.
    pub(crate) fn is_table(&self) -> bool {
        matches!(
            self.kind,
            SHT_DYNAMIC
                | SHT_DYNSYM
                | SHT_GNU_HASH
                | SHT_GNU_VERDEF
                | SHT_GNU_VERNEED
                | SHT_GNU_VERSYM
                | SHT_HASH
                | SHT_NOTE
                | SHT_REL
                | SHT_RELA
                | SHT_RELR
                | SHT_STRTAB
        )
    }
}

/// Whether a section of this name holds debug information, which only debuggers read.
pub(crate) fn is_debug_name(name: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 5] = [
        b".debug_",
        b".zdebug_",
        b".gnu.debuglto_",
        b".gnu.linkonce.wi.",
        b".stab",
    ];
    const NAMES: [&[u8]; 3] = [b".gdb_index", b".line", b".debug"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}
