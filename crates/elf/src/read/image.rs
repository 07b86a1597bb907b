//! A file taken apart into header, program headers and section headers, all within its bounds.

use crate::address::{FileOffset, VirtualAddress, slice};
use crate::codec::Codec;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::header::{Header, Kind};
use crate::read::section::{
    SHN_XINDEX, SHT_DYNSYM, SHT_NOBITS, SHT_SYMTAB, SHT_SYMTAB_SHNDX, Section,
};
use crate::read::segment::{PT_DYNAMIC, Segment};

/// The tables of one file, and its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Image<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) header: Header,
    pub(crate) segments: Vec<Segment>,
    /// Empty when the file has no section headers.
    pub(crate) sections: Vec<Section>,
    /// Index of the section that holds the section names.
    pub(crate) names_index: usize,
}

impl<'a> Image<'a> {
    /// Takes a file apart. A core dump's program headers are left out: it is never loaded.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let header = Header::parse(bytes)?;
        let segments = if header.kind == Kind::Core {
            Vec::new()
        } else {
            segments(bytes, &header)?
        };
        let (sections, names_index) = sections(bytes, &header)?;
        Ok(Self {
            bytes,
            header,
            segments,
            sections,
            names_index,
        })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.header.codec
    }

    /// The segments that a loader maps, in file order.
    pub(crate) fn loads(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.is_load())
    }

    /// Where `[address, address + size)` is in the file, if one mapped segment holds it all.
    pub(crate) fn offset_of(&self, address: VirtualAddress, size: u64) -> Option<FileOffset> {
        self.loads().find_map(|load| load.offset_of(address, size))
    }

    /// The bytes of a part of the file, if it has them all.
    pub(crate) fn file_bytes(&self, span: Span<FileOffset>) -> Option<&'a [u8]> {
        slice(self.bytes, span.start, span.size())
    }

    /// The bytes at these addresses.
    pub(crate) fn loaded_bytes(&self, span: Span<VirtualAddress>) -> Option<&'a [u8]> {
        self.at(span.start, span.size())
    }

    /// The number of address size that is loaded at an address.
    pub(crate) fn word_at(&self, address: VirtualAddress) -> Option<u64> {
        let codec = self.codec();
        codec.word(self.at(address, codec.word_size())?, 0)
    }

    /// The addresses at which a part of the file is loaded.
    pub(crate) fn addresses_of(
        &self,
        span: Span<FileOffset>,
    ) -> impl Iterator<Item = Span<VirtualAddress>> {
        let loads = self.loads().filter(move |load| load.holds(span));
        loads.map(move |load| Span::sized(load.address_of(span.start), span.size()))
    }

    /// The ELF header.
    pub(crate) fn header_span(&self) -> Span<FileOffset> {
        Span::sized(FileOffset(0), Header::size(self.codec()))
    }

    /// The program headers.
    pub(crate) fn segments_span(&self) -> Span<FileOffset> {
        let size = Segment::record_size(self.codec());
        let size = size.saturating_mul(self.segments.len() as u64);
        Span::sized(self.header.segments_at, size)
    }

    /// The section headers; empty when the file has none.
    pub(crate) fn sections_span(&self) -> Span<FileOffset> {
        let size = Section::record_size(self.codec());
        let size = size.saturating_mul(self.sections.len() as u64);
        Span::sized(self.header.sections_at, size)
    }

    /// The bytes at `[address, address + size)`.
    pub(crate) fn at(&self, address: VirtualAddress, size: u64) -> Option<&'a [u8]> {
        slice(self.bytes, self.offset_of(address, size)?, size)
    }

    /// Everything from `address` to the end of its segment's file bytes, and where that is.
    pub(crate) fn from(&self, address: VirtualAddress) -> Option<(FileOffset, &'a [u8])> {
        self.loads().find_map(|load| {
            let start = load.offset_of(address, 1)?;
            let size = load.file_end().0.checked_sub(start.0)?;
            Some((start, slice(self.bytes, start, size)?))
        })
    }

    /// The one `PT_DYNAMIC`, if the file has any; loaders take no file that has two.
    pub(crate) fn dynamic(&self) -> Result<Option<&Segment>, Error> {
        let mut found = self
            .segments
            .iter()
            .filter(|segment| segment.kind == PT_DYNAMIC && segment.file_size > 0);
        let first = found.next();
        match found.next() {
            Some(second) => Err(Error::malformed(
                second.offset,
                "a second dynamic section (PT_DYNAMIC)",
            )),
            None => Ok(first),
        }
    }

    /// Whether a segment's bytes were left out of the file though its header still counts them:
    /// files with nothing but debug information are like that.
    pub(crate) fn is_hollow(&self, segment: &Segment) -> bool {
        self.sections
            .iter()
            .any(|section| section.kind == SHT_NOBITS && section.address == segment.address)
    }

    /// Refuses a file with very many symbol tables. A file has one of each kind; what has a thousand,
    /// all of the same bytes, only wants to keep an editor busy.
    pub(crate) fn check_symbol_tables(&self) -> Result<(), Error> {
        const MOST: usize = 16;
        let is_symbols =
            |section: &&Section| matches!(section.kind, SHT_SYMTAB | SHT_DYNSYM | SHT_SYMTAB_SHNDX);
        match self.sections.iter().filter(is_symbols).nth(MOST) {
            Some(section) => {
                Err(Error::uneditable(format!("more than {MOST} symbol tables")).at(section.offset))
            }
            None => Ok(()),
        }
    }

    /// Where everything ends that some header describes. What comes after was appended by others.
    pub(crate) fn described_end(&self) -> FileOffset {
        let headers = [
            self.header_span().end,
            self.segments_span().end,
            self.sections_span().end,
        ];
        let segments = self
            .segments
            .iter()
            .filter(|segment| segment.file_size > 0)
            .map(Segment::file_end);
        let sections = self.sections.iter().map(Section::file_end);
        let end = headers
            .into_iter()
            .chain(segments)
            .chain(sections)
            .max()
            .unwrap_or_default();
        end.min(FileOffset(self.bytes.len() as u64))
    }

    /// What others appended to the file: all that no header describes; nothing where it is zeros.
    pub(crate) fn overlay(&self) -> &'a [u8] {
        let rest = self.bytes.get(self.described_end().index()..);
        let is_used = |rest: &&[u8]| rest.iter().any(|&byte| byte != 0);
        rest.filter(is_used).unwrap_or_default()
    }

    /// The overlay without the zeros around it.
    pub(crate) fn payload(&self) -> &'a [u8] {
        let overlay = self.overlay();
        let is_used = |&byte: &u8| byte != 0;
        let start = overlay.iter().position(is_used);
        let end = overlay.iter().rposition(is_used);
        match (start, end) {
            (Some(start), Some(end)) => overlay.get(start..=end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// A section's name without its NUL, or `None` where the names are broken.
    pub(crate) fn section_name(&self, section: &Section) -> Option<&'a [u8]> {
        let names = self.sections.get(self.names_index)?;
        let table = slice(self.bytes, names.offset, names.file_size())?;
        let rest = table.get(section.name as usize..)?;
        rest.split(|&byte| byte == 0).next()
    }
}

fn segments(bytes: &[u8], header: &Header) -> Result<Vec<Segment>, Error> {
    let codec = header.codec;
    let record_size = Segment::record_size(codec);
    let table_size = record_size.saturating_mul(u64::from(header.segment_count));
    let table = slice(bytes, header.segments_at, table_size).ok_or_else(|| {
        Error::malformed(
            header.segments_at,
            "the program headers lie outside the file",
        )
    })?;
    let mut segments = Vec::with_capacity(usize::from(header.segment_count));
    for (index, record) in table.chunks_exact(record_size as usize).enumerate() {
        let at = header
            .segments_at
            .plus(record_size.saturating_mul(index as u64));
        let segment = Segment::parse(codec, record)
            .ok_or_else(|| Error::malformed(at, "the file ends inside a program header"))?;
        check_segment(bytes, &segment, at)?;
        segments.push(segment);
    }
    Ok(segments)
}

fn check_segment(bytes: &[u8], segment: &Segment, at: FileOffset) -> Result<(), Error> {
    if segment.file_size > 0 && slice(bytes, segment.offset, segment.file_size).is_none() {
        return Err(Error::malformed(
            at,
            "a segment's bytes lie outside the file",
        ));
    }
    if segment.is_load() {
        if segment.address.0.checked_add(segment.memory_size).is_none() {
            return Err(Error::malformed(at, "a segment's addresses overflow"));
        }
        if segment.file_size > segment.memory_size {
            return Err(Error::malformed(
                at,
                "a segment is larger in the file than in memory",
            ));
        }
    }
    Ok(())
}

fn sections(bytes: &[u8], header: &Header) -> Result<(Vec<Section>, usize), Error> {
    if header.sections_at.0 == 0 {
        return Ok((Vec::new(), 0));
    }
    let codec = header.codec;
    let record_size = Section::record_size(codec);
    let outside = || {
        Error::malformed(
            header.sections_at,
            "the section headers lie outside the file",
        )
    };
    let first = slice(bytes, header.sections_at, record_size)
        .and_then(|record| Section::parse(codec, record))
        .ok_or_else(outside)?;
    // Numbers too large for the ELF header stand in the first section header instead.
    let count = if header.section_count == 0 {
        first.size
    } else {
        u64::from(header.section_count)
    };
    let names_index = if header.names_index == SHN_XINDEX {
        first.link as usize
    } else {
        usize::from(header.names_index)
    };
    let table =
        slice(bytes, header.sections_at, record_size.saturating_mul(count)).ok_or_else(outside)?;
    let sections = table
        .chunks_exact(record_size as usize)
        .map(|record| Section::parse(codec, record))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(outside)?;
    Ok((sections, names_index))
}
