//! The dynamic section: the list that tells a loader where everything else is.

use std::cell::Cell;
use std::ffi::CStr;

use crate::address::{FileOffset, VirtualAddress, slice};
use crate::codec::Codec;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::image::Image;
use crate::read::machine::Machine;

pub(crate) const DT_NULL: u64 = 0;
pub(crate) const DT_NEEDED: u64 = 1;
pub(crate) const DT_PLTGOT: u64 = 3;
pub(crate) const DT_HASH: u64 = 4;
pub(crate) const DT_STRTAB: u64 = 5;
pub(crate) const DT_SYMTAB: u64 = 6;
pub(crate) const DT_RELA: u64 = 7;
pub(crate) const DT_RELASZ: u64 = 8;
pub(crate) const DT_RELAENT: u64 = 9;
pub(crate) const DT_STRSZ: u64 = 10;
pub(crate) const DT_SYMENT: u64 = 11;
pub(crate) const DT_SONAME: u64 = 14;
pub(crate) const DT_RPATH: u64 = 15;
pub(crate) const DT_REL: u64 = 17;
pub(crate) const DT_RELSZ: u64 = 18;
pub(crate) const DT_RELENT: u64 = 19;
pub(crate) const DT_PLTREL: u64 = 20;
pub(crate) const DT_DEBUG: u64 = 21;
pub(crate) const DT_TEXTREL: u64 = 22;
pub(crate) const DT_JMPREL: u64 = 23;
pub(crate) const DT_PLTRELSZ: u64 = 2;
pub(crate) const DT_RUNPATH: u64 = 29;
pub(crate) const DT_FLAGS: u64 = 30;
pub(crate) const DT_RELRSZ: u64 = 35;
pub(crate) const DT_RELR: u64 = 36;
pub(crate) const DT_RELRENT: u64 = 37;
/// MIPS: where the debugger's pointer is, counted from this very entry.
pub(crate) const DT_MIPS_RLD_MAP_REL: u64 = 0x7000_0035;
pub(crate) const DT_GNU_HASH: u64 = 0x6fff_fef5;
pub(crate) const DT_VERSYM: u64 = 0x6fff_fff0;
pub(crate) const DT_RELACOUNT: u64 = 0x6fff_fff9;
pub(crate) const DT_RELCOUNT: u64 = 0x6fff_fffa;
pub(crate) const DT_FLAGS_1: u64 = 0x6fff_fffb;
pub(crate) const DT_VERDEF: u64 = 0x6fff_fffc;
pub(crate) const DT_VERDEFNUM: u64 = 0x6fff_fffd;
pub(crate) const DT_VERNEED: u64 = 0x6fff_fffe;
pub(crate) const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
pub(crate) const DT_AUXILIARY: u64 = 0x7fff_fffd;
pub(crate) const DT_FILTER: u64 = 0x7fff_ffff;
pub(crate) const DT_CONFIG: u64 = 0x6fff_fefa;
pub(crate) const DT_DEPAUDIT: u64 = 0x6fff_fefb;
pub(crate) const DT_AUDIT: u64 = 0x6fff_fefc;

/// `DT_FLAGS`' way of saying `DT_TEXTREL`.
pub(crate) const DF_TEXTREL: u64 = 4;

/// `DT_FLAGS_1`: search no folders of the loader's own.
pub(crate) const DF_1_NODEFLIB: u64 = 8;

/// Whether a tag's value is an offset into the string table.
pub(crate) fn is_string_tag(tag: u64) -> bool {
    matches!(
        tag,
        DT_NEEDED
            | DT_SONAME
            | DT_RPATH
            | DT_RUNPATH
            | DT_AUXILIARY
            | DT_FILTER
            | DT_CONFIG
            | DT_DEPAUDIT
            | DT_AUDIT
    )
}

/// Whether a tag's value is the address of a table, which goes along when the table moves.
pub(crate) fn is_table_tag(tag: u64) -> bool {
    matches!(
        tag,
        DT_STRTAB
            | DT_SYMTAB
            | DT_HASH
            | DT_GNU_HASH
            | DT_VERSYM
            | DT_VERDEF
            | DT_VERNEED
            | DT_RELA
            | DT_REL
            | DT_RELR
            | DT_JMPREL
    )
}

/// The tables of relocations: the tag of each, and that of its size in bytes.
pub(crate) const RELOCATION_TABLES: [(u64, u64); 4] = [
    (DT_RELA, DT_RELASZ),
    (DT_REL, DT_RELSZ),
    (DT_JMPREL, DT_PLTRELSZ),
    (DT_RELR, DT_RELRSZ),
];

/// One entry: what it says and its value (an address, a size, a string offset or flags).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) tag: u64,
    pub(crate) value: u64,
}

/// The dynamic string table: every name of the dynamic view, each ended by a NUL.
#[derive(Clone, Debug)]
pub(crate) struct Strings<'a> {
    pub(crate) at: FileOffset,
    pub(crate) address: VirtualAddress,
    pub(crate) bytes: &'a [u8],
    /// How many bytes may still be read as names. Real tables share few suffixes; a hostile one
    /// could let a million names run through the same megabytes.
    budget: Cell<u64>,
}

/// How often, on average, a byte of the string table may be read.
const STRING_READS: u64 = 8;
/// What may be read besides, so that small tables are free to share.
const STRING_READS_FREE: u64 = 0x1_0000;

impl<'a> Strings<'a> {
    fn new(at: FileOffset, address: VirtualAddress, bytes: &'a [u8]) -> Self {
        let budget = Cell::new(
            (bytes.len() as u64)
                .saturating_mul(STRING_READS)
                .saturating_add(STRING_READS_FREE),
        );
        Self {
            at,
            address,
            bytes,
            budget,
        }
    }

    /// The bytes of the string at `offset`, without its NUL.
    pub(crate) fn raw(&self, offset: u64) -> Result<&'a [u8], Error> {
        let place = self.at.plus(offset);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self
            .bytes
            .get(start..)
            .filter(|rest| !rest.is_empty())
            .ok_or_else(|| {
                Error::malformed(place, "a string lies outside the dynamic string table")
            })?;
        let text = CStr::from_bytes_until_nul(rest)
            .map_err(|_| {
                Error::malformed(place, "a string of the dynamic string table has no end")
            })?
            .to_bytes();
        let left = self
            .budget
            .get()
            .checked_sub(text.len() as u64)
            .ok_or_else(|| {
                Error::malformed(
                    place,
                    "the names of the dynamic string table overlap beyond reason",
                )
            })?;
        self.budget.set(left);
        Ok(text)
    }

    /// The text of the string at `offset`; names of libraries and paths must be UTF-8.
    pub(crate) fn text(&self, offset: u64) -> Result<&'a str, Error> {
        std::str::from_utf8(self.raw(offset)?)
            .map_err(|_| Error::malformed(self.at.plus(offset), "a name is not UTF-8"))
    }
}

/// The dynamic section's entries, without the `DT_NULL` that ends them, and its string table.
#[derive(Clone, Debug)]
pub(crate) struct Dynamic<'a> {
    pub(crate) at: FileOffset,
    pub(crate) address: VirtualAddress,
    /// Bytes of the whole section, spare entries included.
    pub(crate) size: u64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) strings: Strings<'a>,
}

impl<'a> Dynamic<'a> {
    /// Bytes of one entry.
    pub(crate) fn entry_size(codec: Codec) -> u64 {
        codec.by_class(8, 16)
    }

    /// Reads the dynamic section; `None` if the file has none (static, or not linked yet).
    pub(crate) fn parse(image: &Image<'a>) -> Result<Option<Self>, Error> {
        let Some(segment) = image.dynamic()? else {
            return Ok(None);
        };
        // Loaders go by the address; the offset is only a copy of it.
        let at = image
            .offset_of(segment.address, segment.file_size)
            .ok_or_else(|| {
                Error::malformed(
                    segment.offset,
                    "the dynamic section is in no loaded segment",
                )
            })?;
        let entries = entries(image, segment.address, at, segment.file_size)?;
        let mut dynamic = Self {
            at,
            address: segment.address,
            size: segment.file_size,
            entries,
            strings: Strings::new(at, VirtualAddress(0), &[]),
        };
        dynamic.strings = dynamic.find_strings(image)?;
        Ok(Some(dynamic))
    }

    /// What stands for the dynamic section of a file that has none: nothing at no place.
    pub(crate) fn absent() -> Self {
        Self {
            at: FileOffset(0),
            address: VirtualAddress(0),
            size: 0,
            entries: Vec::new(),
            strings: Strings::new(FileOffset(0), VirtualAddress(0), &[]),
        }
    }

    /// The addresses of the whole section, spare entries included.
    pub(crate) fn span(&self) -> Span<VirtualAddress> {
        Span::sized(self.address, self.size)
    }

    /// Whether the file has none.
    pub(crate) fn is_absent(&self) -> bool {
        self.size == 0
    }

    fn find_strings(&self, image: &Image<'a>) -> Result<Strings<'a>, Error> {
        let missing = |what: &'static str| move || Error::malformed(self.at, what);
        let address = VirtualAddress(
            self.value(DT_STRTAB)
                .ok_or_else(missing("no string table (DT_STRTAB)"))?,
        );
        let size = self
            .value(DT_STRSZ)
            .ok_or_else(missing("no string table size (DT_STRSZ)"))?;
        let outside = missing("the dynamic string table is in no loaded segment");
        let at = image.offset_of(address, size).ok_or_else(outside)?;
        let bytes = slice(image.bytes, at, size).ok_or_else(outside)?;
        Ok(Strings::new(at, address, bytes))
    }

    /// An entry's value as an address, of a tag that counts from its own place (MIPS).
    pub(crate) fn own_relative(&self, image: &Image<'_>, index: usize, tag: u64) -> Option<u64> {
        let entry = self.entries.get(index)?;
        let counts =
            entry.tag == tag && tag == DT_MIPS_RLD_MAP_REL && Machine::of(&image.header).is_mips();
        let at = Self::entry_size(image.codec()).checked_mul(index as u64)?;
        counts.then(|| {
            let codec = image.codec();
            let sum = self.address.0.wrapping_add(at).wrapping_add(entry.value);
            sum & codec.by_class(u64::from(u32::MAX), u64::MAX)
        })
    }

    /// A tag's value. Where a tag stands twice loaders go by the last one, and so does this.
    pub(crate) fn value(&self, tag: u64) -> Option<u64> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.tag == tag)
            .map(|entry| entry.value)
    }

    /// A tag's value as an address.
    pub(crate) fn address(&self, tag: u64) -> Option<VirtualAddress> {
        self.value(tag).map(VirtualAddress)
    }

    /// The table at `tag`, of `size_tag` bytes, if both are there and it is not empty.
    pub(crate) fn table(&self, tag: u64, size_tag: u64) -> Option<Span<VirtualAddress>> {
        let address = self.address(tag)?;
        let size = self.value(size_tag).filter(|&size| size > 0)?;
        Some(Span::sized(address, size))
    }

    /// A tag's string.
    pub(crate) fn text(&self, tag: u64) -> Result<Option<&'a str>, Error> {
        self.value(tag)
            .map(|offset| self.strings.text(offset))
            .transpose()
    }
}

fn entries(
    image: &Image<'_>,
    address: VirtualAddress,
    at: FileOffset,
    size: u64,
) -> Result<Vec<Entry>, Error> {
    let codec = image.codec();
    let entry_size = Dynamic::entry_size(codec);
    let table = slice(image.bytes, at, size)
        .ok_or_else(|| Error::malformed(at, "the dynamic section lies outside the file"))?;
    let mut entries = Vec::new();
    for record in table.chunks_exact(entry_size as usize) {
        let word = codec.word_size() as usize;
        let (Some(tag), Some(value)) = (codec.word(record, 0), codec.word(record, word)) else {
            break;
        };
        if tag == DT_NULL {
            return Ok(entries);
        }
        entries.push(Entry { tag, value });
    }
    // Binutils can be told to leave no spare entry and then leaves out the last one too. Loaders
    // read on into what follows, which is zero there.
    let behind = image
        .from(address.plus(size))
        .map(|(_, bytes)| codec.word(bytes, 0));
    match behind {
        Some(Some(DT_NULL)) => Ok(entries),
        _ => Err(Error::malformed(
            at.plus(size),
            "the dynamic section has no end (DT_NULL)",
        )),
    }
}
