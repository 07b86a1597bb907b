//! The tables an edit may move: what `.dynamic` or a program header points to, and nothing else does.

use crate::address::{FileOffset, VirtualAddress};
use crate::error::Error;
use crate::read::dynamic::{
    DT_GNU_HASH, DT_HASH, DT_JMPREL, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELASZ, DT_RELR, DT_RELRSZ,
    DT_RELSZ, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM, Dynamic,
};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations;
use crate::read::section::{
    SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_HASH, SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM,
    SHT_HASH, SHT_NOTE, SHT_PROGBITS, SHT_REL, SHT_RELA, SHT_RELR, SHT_STRTAB, Section,
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
        address: VirtualAddress,
        size: u64,
        align: u64,
        freedom: Freedom,
    ) -> Option<Self> {
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

    /// Whether an address is inside the table as it was.
    pub(crate) fn contains(&self, address: VirtualAddress) -> bool {
        address >= self.address && address < self.end()
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

    fn joins(&self, other: &Self) -> bool {
        self.address < other.end() && other.address < self.end()
    }
}

/// The tags whose values are addresses of tables, and the section type that belongs to each.
pub(crate) const TABLE_TAGS: [(u64, u32); 10] = [
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

/// The tags that come with their size; such a range may span several sections.
const RANGE_TAGS: [(u64, u64); 5] = [
    (DT_STRTAB, DT_STRSZ),
    (DT_RELA, DT_RELASZ),
    (DT_REL, DT_RELSZ),
    (DT_JMPREL, DT_PLTRELSZ),
    (DT_RELR, DT_RELRSZ),
];

/// Finds the tables, in address order and apart from each other.
///
/// Without section headers only the string table, the relocations and the dynamic section are
/// tables: what else there is, and how large, nothing tells.
pub(crate) fn find(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Vec<Table>, Error> {
    let mut tables = candidates(image, dynamic);
    tables.sort_by_key(|table| (table.address, table.size));
    let mut tables = merge(tables);
    for (index, section) in image
        .sections
        .iter()
        .enumerate()
        .filter(|(_, section)| lies_in_memory(section))
    {
        let range = (section.address, section.memory_end());
        for table in tables
            .iter_mut()
            .filter(|table| table.address < range.1 && range.0 < table.end())
        {
            let fits = range.0 >= table.address && range.1 <= table.end();
            let same_place = section.offset
                == table
                    .offset
                    .plus(section.address.0.saturating_sub(table.address.0));
            let is_aligned = section.align <= 1
                || section.align.is_power_of_two() && section.align <= MOST_ALIGN;
            if fits && same_place && is_aligned && is_table(section) {
                table.align = table.align.max(section.align);
                table.sections.push(index);
            } else {
                table.freedom = Freedom::Fixed;
            }
        }
    }
    pin(&mut tables, image, dynamic)?;
    Ok(tables)
}

fn lies_in_memory(section: &Section) -> bool {
    section.is_loaded() && section.file_size() > 0
}

fn is_table(section: &Section) -> bool {
    matches!(section.kind, SHT_NOTE | SHT_DYNAMIC)
        || TABLE_TAGS.iter().any(|&(_, kind)| kind == section.kind)
        // .interp is of no type of its own.
        || section.kind == SHT_PROGBITS
}

fn candidates(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Vec<Table> {
    let word = image.codec().word_size();
    let mut tables = Vec::new();
    if !dynamic.is_absent() {
        let table = Table::new(image, dynamic.address, dynamic.size, word, Freedom::Free);
        tables.extend(table.map(|table| Table {
            writable: true,
            ..table
        }));
    }
    for (tag, size_tag) in RANGE_TAGS {
        let Some((address, size)) = dynamic.range(tag, size_tag) else {
            continue;
        };
        let align = if tag == DT_STRTAB { 1 } else { word };
        tables.extend(Table::new(image, address, size, align, Freedom::Free));
    }
    for section in image
        .sections
        .iter()
        .filter(|section| lies_in_memory(section))
    {
        let pointed_at = TABLE_TAGS.iter().any(|&(tag, kind)| {
            kind == section.kind && dynamic.value(tag) == Some(section.address.0)
        });
        if pointed_at {
            tables.extend(Table::new(
                image,
                section.address,
                section.size,
                section.align,
                Freedom::Free,
            ));
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
            let size = segment.file_size;
            tables.extend(Table::new(
                image,
                segment.address,
                size,
                segment.align,
                Freedom::Near,
            ));
        }
    }
    tables
}

/// Joins ranges that share bytes. Input and output are in address order.
fn merge(sorted: Vec<Table>) -> Vec<Table> {
    let mut merged: Vec<Table> = Vec::new();
    for table in sorted {
        match merged.last_mut() {
            Some(last) if last.joins(&table) => {
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

/// Addresses that are in no table.
type Gap = std::ops::Range<VirtualAddress>;

/// Fixes the tables that a relocation or a symbol points into: code may know their addresses.
fn pin(tables: &mut [Table], image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<(), Error> {
    let dynamic_range = (dynamic.address, dynamic.address.plus(dynamic.size));
    // Between two tables is a gap, and most addresses lie in the one of the address before: the places
    // of relocations in the data, their targets in the code.
    let (mut places, mut targets) = (Gap::default(), Gap::default());
    let mut pin = |gap: &mut Gap, address: VirtualAddress| {
        if gap.contains(&address) {
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
                *gap = start..end.unwrap_or(VirtualAddress(u64::MAX));
            }
        }
    };
    let codec = image.codec();
    let relative = Machine::of(&image.header).relative_types();
    let word_at = |place: VirtualAddress| {
        image
            .at(place, codec.word_size())
            .and_then(|bytes| codec.word(bytes, 0))
            .map(VirtualAddress)
    };
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
    let table = symbols::table(image, dynamic)?;
    for raw in table.chunks_exact(symbols::record_size(codec) as usize) {
        let Some(symbol) = RawSymbol::parse(codec, raw) else {
            break;
        };
        // `_DYNAMIC` and symbols of sections follow what they stand for.
        let value = VirtualAddress(symbol.value);
        let is_dynamic = value >= dynamic_range.0 && value < dynamic_range.1;
        if symbol.is_address() && !symbol.is_section() && !is_dynamic {
            pin(&mut targets, value);
        }
    }
    Ok(())
}
