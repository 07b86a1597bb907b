//! The tables an edit may move: what `.dynamic` or a program header points to, and nothing else does.

use crate::address::{FileOffset, VirtualAddress};
use crate::error::Error;
use crate::ranges::{Position, Span};
use crate::read::dynamic::{
    DT_GNU_HASH, DT_HASH, DT_REL, DT_RELA, DT_RELR, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERDEF,
    DT_VERNEED, DT_VERSYM, Dynamic, RELOCATION_TABLES,
};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations;
use crate::read::section::{
    SHT_DYNSYM, SHT_GNU_HASH, SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM, SHT_HASH,
    SHT_PROGBITS, SHT_REL, SHT_RELA, SHT_RELR, SHT_STRTAB, Section,
};
use crate::read::segment::{PT_GNU_PROPERTY, PT_INTERP, PT_NOTE};
use crate::read::symbols::{self, RawSymbol};

/// How freely a table may be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Freedom {
    /// Something else knows its address.
    Fixed,
    /// It may move in its segment, but belongs in the file's first page or in a certain segment.
    Near,
    /// It may move anywhere.
    Free,
}

/// The largest alignment that a table may ask for.
const MOST_ALIGN: u64 = 0x1000;

/// A range of the image that moves as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) address: VirtualAddress,
    pub(crate) offset: FileOffset,
    pub(crate) size: u64,
    pub(crate) align: u64,
    pub(crate) freedom: Freedom,
    /// Whether loaders may write to it, so that it must stay writable.
    pub(crate) writable: bool,
    /// Indexes of the sections in it.
    pub(crate) sections: Vec<usize>,
    /// Where in the table new bytes come, counted from its start, and those bytes.
    pub(crate) insert_at: u64,
    pub(crate) inserted: Vec<u8>,
    /// Bytes that take the place of all old ones.
    pub(crate) replaced: Option<Vec<u8>>,
}

impl Table {
    fn new(
        image: &Image<'_>,
        span: Span<VirtualAddress>,
        align: u64,
        freedom: Freedom,
    ) -> Option<Self> {
        let (address, size) = (span.start, span.size());
        Some(Self {
            address,
            offset: image.offset_of(address, size)?,
            size,
            align,
            freedom,
            writable: false,
            sections: Vec::new(),
            insert_at: size,
            inserted: Vec::new(),
            replaced: None,
        })
    }

    /// The table's size after the edit.
    pub(crate) fn new_size(&self) -> u64 {
        match &self.replaced {
            Some(bytes) => bytes.len() as u64,
            None => self.size.saturating_add(self.inserted.len() as u64),
        }
    }

    /// Whether the edit makes the table larger.
    pub(crate) fn grows(&self) -> bool {
        self.new_size() > self.size
    }

    pub(crate) fn end(&self) -> VirtualAddress {
        self.address.plus(self.size)
    }

    /// The addresses of the table as it was.
    pub(crate) fn span(&self) -> Span<VirtualAddress> {
        Span::sized(self.address, self.size)
    }

    /// The table as it was, in the file.
    pub(crate) fn file_span(&self) -> Span<FileOffset> {
        Span::sized(self.offset, self.size)
    }

    /// Whether an address is inside the table as it was.
    pub(crate) fn contains(&self, address: VirtualAddress) -> bool {
        self.span().contains(address)
    }

    /// Where an address of the old table stands in the new one, counted from its start.
    pub(crate) fn moved(&self, address: VirtualAddress) -> u64 {
        let inside = address.0.saturating_sub(self.address.0);
        let before_insertion = self.replaced.is_some() || inside <= self.insert_at;
        if before_insertion {
            inside
        } else {
            inside.saturating_add(self.inserted.len() as u64)
        }
    }

    /// How much a section of the table, given by its old place, grows.
    pub(crate) fn growth_of(&self, address: VirtualAddress, size: u64) -> u64 {
        let start = address.0.saturating_sub(self.address.0);
        let end = start.saturating_add(size);
        let holds = start <= self.insert_at
            && (self.insert_at < end || end == self.size && self.insert_at == end);
        if self.replaced.is_none() && holds {
            self.inserted.len() as u64
        } else {
            0
        }
    }
}

/// The tags of tables that have a section of their own, and its type.
const SECTION_TAGS: [(u64, u32); 10] = [
    (DT_STRTAB, SHT_STRTAB),
    (DT_SYMTAB, SHT_DYNSYM),
    (DT_HASH, SHT_HASH),
    (DT_GNU_HASH, SHT_GNU_HASH),
    (DT_VERSYM, SHT_GNU_VERSYM),
    (DT_VERDEF, SHT_GNU_VERDEF),
    (DT_VERNEED, SHT_GNU_VERNEED),
    (DT_RELA, SHT_RELA),
    (DT_REL, SHT_REL),
    (DT_RELR, SHT_RELR),
];

/// Finds the tables, in address order and apart from each other.
///
/// Without section headers only the string table, the relocations and the dynamic section are
/// tables: what else there is, and how large, nothing tells.
///
/// `symbols` are the bytes of the dynamic symbol table.
pub(crate) fn find(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    symbols: &[u8],
) -> Result<Vec<Table>, Error> {
    let mut tables = candidates(image, dynamic);
    tables.sort_by_key(|table| (table.address, table.size));
    let mut tables = merge(tables);
    for (index, section) in image
        .sections
        .iter()
        .enumerate()
        .filter(|(_, section)| lies_in_memory(section))
    {
        let span = section.memory_span();
        for table in tables.iter_mut().filter(|table| table.span().meets(span)) {
            let fits = table.span().covers(span);
            let inside = section.address.behind(table.address);
            let same_place = section.offset == table.offset.plus(inside);
            let is_aligned = section.align <= 1
                || section.align.is_power_of_two() && section.align <= MOST_ALIGN;
            if fits && same_place && is_aligned && may_be_table(section) {
                table.align = table.align.max(section.align);
                table.sections.push(index);
            } else {
                table.freedom = Freedom::Fixed;
            }
        }
    }
    pin(&mut tables, image, dynamic, symbols)?;
    Ok(tables)
}

fn lies_in_memory(section: &Section) -> bool {
    section.is_loaded() && section.file_size() > 0
}

fn may_be_table(section: &Section) -> bool {
    section.is_table() || section.kind == SHT_PROGBITS
}

fn candidates(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Vec<Table> {
    let word = image.codec().word_size();
    let mut tables = Vec::new();
    if !dynamic.is_absent() {
        let table = Table::new(image, dynamic.span(), word, Freedom::Free);
        tables.extend(table.map(|table| Table {
            writable: true,
            ..table
        }));
    }
    // These come with their size, and may span several sections.
    let strings = dynamic.table(DT_STRTAB, DT_STRSZ);
    tables.extend(strings.and_then(|span| Table::new(image, span, 1, Freedom::Free)));
    for (tag, size_tag) in RELOCATION_TABLES {
        let span = dynamic.table(tag, size_tag);
        tables.extend(span.and_then(|span| Table::new(image, span, word, Freedom::Free)));
    }
    for section in image
        .sections
        .iter()
        .filter(|section| lies_in_memory(section))
    {
        let pointed_at = SECTION_TAGS.iter().any(|&(tag, kind)| {
            kind == section.kind && dynamic.value(tag) == Some(section.address.0)
        });
        if pointed_at {
            let span = section.memory_span();
            tables.extend(Table::new(image, span, section.align, Freedom::Free));
        }
    }
    for segment in &image.segments {
        // Without sections only the interpreter's name is known to be nothing else besides.
        let is_known = match segment.kind {
            PT_NOTE | PT_GNU_PROPERTY => !image.sections.is_empty(),
            PT_INTERP => !image.is_hollow(segment),
            _ => false,
        };
        if is_known && segment.file_size > 0 {
            let span = segment.loaded_span();
            tables.extend(Table::new(image, span, segment.align, Freedom::Near));
        }
    }
    tables
}

/// Joins ranges that share bytes. Input and output are in address order.
fn merge(sorted: Vec<Table>) -> Vec<Table> {
    let mut merged: Vec<Table> = Vec::new();
    for table in sorted {
        match merged.last_mut() {
            Some(last) if last.span().meets(table.span()) => {
                let end = last.end().max(table.end());
                last.size = end.0.saturating_sub(last.address.0);
                last.insert_at = last.size;
                last.align = last.align.max(table.align);
                last.freedom = last.freedom.min(table.freedom);
                last.writable |= table.writable;
            }
            _ => merged.push(table),
        }
    }
    merged
}

/// Fixes the tables that a relocation or a symbol points into: code may know their addresses.
fn pin(
    tables: &mut [Table],
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    symbols: &[u8],
) -> Result<(), Error> {
    // Between two tables is a gap, and most addresses lie in the one of the address before: the places
    // of relocations in the data, their targets in the code.
    let (mut places, mut targets) = (Span::default(), Span::default());
    let mut pin = |gap: &mut Span<VirtualAddress>, address: VirtualAddress| {
        if gap.contains(address) {
            return;
        }
        let next = tables.partition_point(|table| table.address <= address);
        let before = next.checked_sub(1).and_then(|index| tables.get_mut(index));
        let start = before
            .as_ref()
            .map_or(VirtualAddress(0), |table| table.end());
        match before {
            Some(table) if table.contains(address) => table.freedom = Freedom::Fixed,
            _ => {
                let end = tables.get(next).map(|table| table.address);
                let end = end.unwrap_or(Position::LAST);
                *gap = Span { start, end };
            }
        }
    };
    let codec = image.codec();
    let relative = Machine::of(&image.header).relative_types();
    let word_at = |place| image.word_at(place).map(VirtualAddress);
    relocations::each(image, dynamic, |relocation| {
        pin(&mut places, relocation.place);
        let is_relative = match relative {
            Some(kinds) => kinds.contains(&relocation.kind),
            None => relocation.symbol == 0,
        };
        if is_relative {
            let target = relocation
                .addend
                .map(VirtualAddress)
                .or_else(|| word_at(relocation.place));
            if let Some(target) = target {
                pin(&mut targets, target);
            }
        }
    })?;
    for place in relocations::packed_places(image, dynamic)? {
        pin(&mut places, place);
        if let Some(target) = word_at(place) {
            pin(&mut targets, target);
        }
    }
    for raw in symbols.chunks_exact(symbols::record_size(codec) as usize) {
        let Some(symbol) = RawSymbol::parse(codec, raw) else {
            break;
        };
        // `_DYNAMIC` and symbols of sections follow what they stand for.
        let value = VirtualAddress(symbol.value);
        let is_dynamic = dynamic.span().contains(value);
        if symbol.is_address() && !symbol.is_section() && !is_dynamic {
            pin(&mut targets, value);
        }
    }
    Ok(())
}
