//! Whether every byte that an edit had no business with is still the same.

use std::collections::BTreeSet;

use super::address::{FileOffset, VirtualAddress, slice};
use super::codec::Codec;
use super::dynamic::{DT_PLTGOT, DT_VERSYM, Dynamic};
use super::edits::{Edits, Relr, Strip};
use super::error::Error;
use super::header::Header;
use super::image::Image;
use super::section::{
    SHF_INFO_LINK, SHT_DYNAMIC, SHT_GNU_VERNEED, SHT_REL, SHT_RELA, SHT_RELR, SHT_STRTAB,
    SHT_SYMTAB, SHT_SYMTAB_SHNDX, Section, is_debug_name,
};
use super::segment::{
    PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR, Segment,
};
use super::space::is_filler;
use super::symbols::{self, RawSymbol};
use super::tables::{self, Table};
use super::versions;

/// Compares all bytes and headers but those of the tables, which have a meaning of their own.
pub(super) fn verify(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    verify_header(old, new)?;
    verify_segments(old, new)?;
    verify_loaded(old, new, edits)?;
    verify_sections(old, new, edits)
}

fn verify_header(old: &Image<'_>, new: &Image<'_>) -> Result<(), Error> {
    // Everything up to the tables' places, and the flags behind them.
    let codec = old.codec();
    let identity = |image: &Image<'_>| image.bytes.get(..24).map(<[u8]>::to_vec);
    let same = identity(old) == identity(new)
        && codec == new.codec()
        && old.header.entry == new.header.entry
        && old.header.flags == new.header.flags;
    if same {
        Ok(())
    } else {
        Err(Error::unverified("the ELF header differs"))
    }
}

fn verify_segments(old: &Image<'_>, new: &Image<'_>) -> Result<(), Error> {
    let others = |image: &Image<'_>| -> Vec<Segment> {
        image
            .segments
            .iter()
            .filter(|segment| !matches!(segment.kind, PT_LOAD | PT_NULL))
            .copied()
            .collect()
    };
    let (before, after) = (others(old), others(new));
    if before.len() != after.len() {
        return Err(Error::unverified("there are more or fewer program headers"));
    }
    for (one, other) in before.iter().zip(&after) {
        let moves = matches!(
            one.kind,
            PT_PHDR | PT_DYNAMIC | PT_NOTE | PT_GNU_PROPERTY | PT_INTERP
        );
        let keeps_size = !matches!(one.kind, PT_PHDR | PT_DYNAMIC);
        let same = one.kind == other.kind
            && one.flags == other.flags
            && one.align == other.align
            && one.physical.wrapping_sub(one.address.0)
                == other.physical.wrapping_sub(other.address.0)
            && (moves || one.address == other.address)
            && (one.memory_size == other.memory_size || other.memory_size == other.file_size)
            && (!keeps_size
                || (one.file_size, one.memory_size) == (other.file_size, other.memory_size));
        if !same {
            return Err(Error::unverified("a program header differs").at(other.offset));
        }
        let has_content = keeps_size && one.file_size > 0;
        if has_content
            && slice(old.bytes, one.offset, one.file_size)
                != slice(new.bytes, other.offset, other.file_size)
        {
            let is_loaded = old
                .loads()
                .any(|load| load.holds_file_range(one.offset, one.file_size));
            // What is loaded is compared range by range, where tables may differ.
            if !is_loaded || moves {
                return Err(
                    Error::unverified("a program header's content differs").at(other.offset)
                );
            }
        }
    }
    Ok(())
}

/// Address ranges, in order, apart from each other.
#[derive(Clone, Debug, Default)]
struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    fn new(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.retain(|range| range.0 < range.1);
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joined = next.0 <= kept.1;
            if joined {
                kept.1 = kept.1.max(next.1);
            }
            joined
        });
        Self(ranges)
    }

    /// Whether an address is in a range, and where that changes next.
    fn state(&self, address: u64) -> (bool, u64) {
        let next = self.0.partition_point(|range| range.1 <= address);
        match self.0.get(next) {
            Some(&(start, end)) if start <= address => (true, end),
            Some(&(start, _)) => (false, start),
            None => (false, u64::MAX),
        }
    }
}

/// The addresses of everything that an edit may move or rewrite; all of it is compared elsewhere.
fn tables_of(image: &Image<'_>) -> Result<Ranges, Error> {
    let codec = image.codec();
    let mut ranges = Vec::new();
    let mut by_offset = |at: FileOffset, size: u64| {
        for load in image.loads().filter(|load| load.holds_file_range(at, size)) {
            let start = load.address.plus(at.0.saturating_sub(load.offset.0)).0;
            ranges.push((start, start.saturating_add(size)));
        }
    };
    by_offset(FileOffset(0), Header::size(codec));
    by_offset(
        image.header.segments_at,
        Segment::record_size(codec).saturating_mul(image.segments.len() as u64),
    );
    by_offset(
        image.header.sections_at,
        Section::record_size(codec).saturating_mul(image.sections.len() as u64),
    );
    for section in image
        .sections
        .iter()
        .filter(|section| !section.is_loaded() && section.file_size() > 0)
    {
        by_offset(section.offset, section.file_size());
    }
    if let Some(dynamic) = Dynamic::parse(image)? {
        for table in tables::find(image, &dynamic)? {
            ranges.push((table.address.0, table.end().0));
        }
        if let Some(got) = dynamic.address(DT_PLTGOT) {
            ranges.push((got.0, got.plus(codec.word_size()).0));
        }
        ranges.extend(version_ranges(image, &dynamic)?);
        let bytes = symbols::table(image, &dynamic)?.len() as u64;
        if let Some(address) = dynamic.address(super::dynamic::DT_SYMTAB) {
            ranges.push((address.0, address.plus(bytes).0));
        }
    }
    Ok(Ranges::new(ranges))
}

/// Where the version needs and the symbols' versions are, which no section may tell.
fn version_ranges(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Vec<(u64, u64)>, Error> {
    let mut ranges = Vec::new();
    let symbols =
        symbols::table(image, dynamic)?.len() as u64 / symbols::record_size(image.codec());
    if let Some(address) = dynamic.address(DT_VERSYM) {
        ranges.push((address.0, address.plus(symbols.saturating_mul(2)).0));
    }
    for need in versions::needs(image, dynamic)? {
        for at in need
            .versions
            .iter()
            .map(|version| version.at)
            .chain([need.at])
        {
            let load = image.loads().find(|load| load.holds_file_range(at, 1));
            let start = load.map(|load| load.address.plus(at.0.saturating_sub(load.offset.0)).0);
            ranges.extend(
                start.map(|start| (start, start.saturating_add(versions::NEED_SIZE as u64))),
            );
        }
    }
    Ok(ranges)
}

fn verify_loaded(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let (before, after) = (tables_of(old)?, tables_of(new)?);
    let mut added = 0_usize;
    for load in new.loads() {
        if !old.loads().any(|other| other.address == load.address) {
            added = added.saturating_add(1);
            verify_added(new, load, &after)?;
        }
    }
    if added > 1 {
        return Err(Error::unverified("more than one segment was added"));
    }
    for load in old.loads() {
        let other = new
            .loads()
            .find(|other| other.address == load.address)
            .ok_or_else(|| Error::unverified("a loaded segment is gone").at(load.offset))?;
        // Strip gives up what is unused at a segment's end.
        let may_shrink = edits.strip != Strip::None && load.file_size == load.memory_size;
        let same = load.flags == other.flags
            && load.physical == other.physical
            && (may_shrink || other.file_size >= load.file_size)
            && if load.file_size == load.memory_size {
                other.file_size == other.memory_size
            } else {
                load.memory_size == other.memory_size
            }
            && other.align <= load.align;
        if !same {
            return Err(Error::unverified("a loaded segment differs").at(other.offset));
        }
        let address = load.address.plus(load.file_size);
        verify_grown(new, address, other.address.plus(other.file_size), &after)?;
        verify_load(old, new, load, other, &before, &after)?;
    }
    Ok(())
}

/// A new segment holds tables and nothing else.
fn verify_added(new: &Image<'_>, load: &Segment, after: &Ranges) -> Result<(), Error> {
    verify_grown(new, load.address, load.address.plus(load.file_size), after)
}

/// Addresses that were not in the file before hold tables or zeros.
fn verify_grown(
    new: &Image<'_>,
    from: VirtualAddress,
    to: VirtualAddress,
    after: &Ranges,
) -> Result<(), Error> {
    let mut at = from.0;
    while at < to.0 {
        let (is_table, next) = after.state(at);
        let end = next.min(to.0);
        let bytes = new
            .at(VirtualAddress(at), end.saturating_sub(at))
            .unwrap_or(&[1]);
        if !is_table && bytes.iter().any(|&byte| byte != 0) {
            return Err(Error::unverified(format!(
                "unexpected bytes at address {at:#x}"
            )));
        }
        at = end;
    }
    Ok(())
}

fn verify_load(
    old: &Image<'_>,
    new: &Image<'_>,
    load: &Segment,
    other: &Segment,
    before: &Ranges,
    after: &Ranges,
) -> Result<(), Error> {
    let end = load.address.plus(load.file_size).0;
    let mut at = load.address.0;
    while at < end {
        let (was_table, next_before) = before.state(at);
        let (is_table, next_after) = after.state(at);
        let other_end = other.address.plus(other.file_size).0;
        let is_gone = at >= other_end;
        let next_end = if is_gone { end } else { other_end };
        let stop = next_before.min(next_after).min(end).min(next_end);
        let size = stop.saturating_sub(at);
        let inside = at.saturating_sub(load.address.0);
        let one = slice(old.bytes, load.offset.plus(inside), size);
        let two = if is_gone {
            Some(&[][..])
        } else {
            slice(new.bytes, other.offset.plus(inside), size)
        };
        let (Some(one), Some(two)) = (one, two) else {
            return Err(Error::unverified("a segment lies outside the file").at(other.offset));
        };
        let each = |may_differ: &dyn Fn(u8, u8) -> bool| {
            one == two
                || one
                    .iter()
                    .zip(two)
                    .all(|(&old, &new)| old == new || may_differ(old, new))
        };
        let holds = match (was_table, is_table) {
            _ if is_gone => was_table || one.iter().copied().all(is_filler),
            // Compared by what they mean.
            (true, true) => true,
            // Left behind by a table: cleared, or as it was.
            (true, false) => each(&|_, new| new == 0),
            // A table came here: nothing may have been lost.
            (false, true) => each(&|old, _| is_filler(old)),
            // A table may have come through here on its way.
            (false, false) => each(&|old, new| is_filler(old) && new == 0),
        };
        if !holds {
            return Err(
                Error::unverified(format!("bytes at address {at:#x} differ"))
                    .at(other.offset.plus(inside)),
            );
        }
        at = stop;
    }
    Ok(())
}

/// What the comparison of sections needs to know of the old file.
struct OldSections<'a> {
    image: &'a Image<'a>,
    tables: Vec<Table>,
    /// Sections that symbol tables have their names in.
    symbol_names: BTreeSet<u32>,
    edits: &'a Edits,
}

impl<'a> OldSections<'a> {
    fn new(image: &'a Image<'a>, edits: &'a Edits) -> Result<Self, Error> {
        let tables = match Dynamic::parse(image)? {
            Some(dynamic) => tables::find(image, &dynamic)?,
            None => Vec::new(),
        };
        let symbol_names = image
            .sections
            .iter()
            .filter(|section| holds_symbols(section))
            .map(|section| section.link)
            .collect();
        Ok(Self {
            image,
            tables,
            symbol_names,
            edits,
        })
    }

    fn is_table(&self, section: &Section) -> bool {
        self.tables
            .iter()
            .any(|table| table.contains(section.address))
    }

    /// Whether strip may take a section away.
    fn may_go(&self, index: usize, section: &Section) -> bool {
        let strip = self.edits.strip;
        if section.is_loaded() || strip == Strip::None {
            return false;
        }
        let is_debug = self.image.section_name(section).is_some_and(is_debug_name);
        let names_symbols =
            section.kind == SHT_STRTAB && self.symbol_names.contains(&(index as u32));
        let relocates = matches!(section.kind, SHT_RELA | SHT_REL);
        is_debug || relocates || strip == Strip::All && (holds_symbols(section) || names_symbols)
    }

    fn is_same(&self, section: &Section, other: &Section) -> bool {
        let unpacked = self.edits.relr == Relr::Expand && section.kind == SHT_RELR;
        let same_kind = section.kind == other.kind
            && section.flags == other.flags
            && section.entry_size == other.entry_size;
        let address_stays =
            !section.is_loaded() || section.address == other.address || self.is_table(section);
        (same_kind || unpacked) && section.align == other.align && address_stays
    }

    fn verify_content(
        &self,
        new: &Image<'_>,
        index: usize,
        section: &Section,
        other: &Section,
    ) -> Result<(), Error> {
        let old = self.image;
        if section.is_loaded() {
            let unpacks = self.edits.relr == Relr::Expand;
            let keeps_size = match section.kind {
                SHT_STRTAB | SHT_DYNAMIC => !self.is_table(section),
                SHT_REL | SHT_RELA | SHT_RELR => !unpacks,
                _ => true,
            };
            let keeps_place = self.is_table(section)
                || place_in_segment(old, section) == place_in_segment(new, other);
            if keeps_place && (section.size == other.size || !keeps_size) {
                return Ok(());
            }
            return Err(Error::unverified("a section's size or place differs").at(other.offset));
        }
        if index == old.names_index {
            return Ok(()); // The names were compared one by one.
        }
        let one = slice(old.bytes, section.offset, section.file_size());
        let two = slice(new.bytes, other.offset, other.file_size());
        let holds = match section.kind {
            SHT_SYMTAB => same_symbols(
                old,
                one.unwrap_or_default(),
                two.unwrap_or_default(),
                self.edits.strip,
            ),
            SHT_SYMTAB_SHNDX => true,
            _ => one == two,
        };
        if holds {
            Ok(())
        } else {
            Err(Error::unverified("a section's content differs").at(other.offset))
        }
    }
}

/// How far into the file bytes of its segment a section begins.
fn place_in_segment(image: &Image<'_>, section: &Section) -> Option<u64> {
    let load = image
        .loads()
        .find(|load| section.address >= load.address && section.address < load.memory_end())?;
    Some(section.offset.0.wrapping_sub(load.offset.0))
}

fn holds_symbols(section: &Section) -> bool {
    matches!(section.kind, SHT_SYMTAB | SHT_SYMTAB_SHNDX)
}

fn verify_sections(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let olds = OldSections::new(old, edits)?;
    let mut rest = new.sections.iter().enumerate();
    let mut waiting = rest.next();
    // Where each old section went.
    let mut kept: Vec<Option<usize>> = Vec::with_capacity(old.sections.len());
    for (index, section) in old.sections.iter().enumerate() {
        match waiting {
            Some((other_index, other))
                if new.section_name(other) == old.section_name(section)
                    && olds.is_same(section, other) =>
            {
                olds.verify_content(new, index, section, other)?;
                kept.push(Some(other_index));
                waiting = rest.next();
            }
            _ if olds.may_go(index, section) => kept.push(None),
            _ => {
                return Err(Error::unverified("a section is missing or differs").at(section.offset));
            }
        }
    }
    if waiting.is_some() {
        return Err(Error::unverified("there is a section too many"));
    }
    verify_links(old, new, &kept)?;
    verify_overlay(old, new)
}

/// Sections point to each other by number; the numbers change together.
fn verify_links(old: &Image<'_>, new: &Image<'_>, kept: &[Option<usize>]) -> Result<(), Error> {
    let follows =
        |from: usize, to: usize| (from, to) == (0, 0) || kept.get(from) == Some(&Some(to));
    for (section, &other) in old.sections.iter().zip(kept) {
        let Some(other) = other.and_then(|other| new.sections.get(other)) else {
            continue;
        };
        let was_valid = (section.link as usize) < old.sections.len();
        let unpacked = section.kind != other.kind;
        let link_holds =
            !was_valid || unpacked || follows(section.link as usize, other.link as usize);
        let info_holds = match section.kind {
            // How many records there are, of what strip or an edit may take from.
            SHT_GNU_VERNEED | SHT_SYMTAB => true,
            _ if section.flags & SHF_INFO_LINK == 0 && section.info == other.info => true,
            _ => follows(section.info as usize, other.info as usize),
        };
        if !link_holds || !info_holds {
            return Err(Error::unverified("a section's link points elsewhere").at(other.offset));
        }
    }
    if !old.sections.is_empty()
        && old.names_index != 0
        && !follows(old.names_index, new.names_index)
    {
        return Err(Error::unverified("the section names are elsewhere"));
    }
    Ok(())
}

/// The symbols are the same; without debug sections those that stood for them are gone.
fn same_symbols(old: &Image<'_>, one: &[u8], two: &[u8], strip: Strip) -> bool {
    let codec = old.codec();
    let parse = |table: &[u8]| -> Vec<RawSymbol> { all_symbols(codec, table) };
    let mut rest = parse(two).into_iter().peekable();
    for symbol in parse(one) {
        let same = rest
            .peek()
            .is_some_and(|other| (symbol.name, symbol.info) == (other.name, other.info));
        if same {
            rest.next();
        } else if strip == Strip::None || !symbol.is_section() {
            return false;
        }
    }
    rest.next().is_none()
}

fn all_symbols(codec: Codec, table: &[u8]) -> Vec<RawSymbol> {
    table
        .chunks_exact(symbols::record_size(codec) as usize)
        .filter_map(|raw| RawSymbol::parse(codec, raw))
        .collect()
}

/// What was appended to the file without any header knowing of it is still there.
fn verify_overlay(old: &Image<'_>, new: &Image<'_>) -> Result<(), Error> {
    let overlay = |image: &Image<'_>| -> Vec<u8> {
        let bytes = image
            .bytes
            .get(image.described_end().index()..)
            .unwrap_or_default();
        let length = bytes
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last.saturating_add(1));
        bytes.get(..length).unwrap_or_default().to_vec()
    };
    let trimmed = |bytes: Vec<u8>| {
        bytes
            .into_iter()
            .skip_while(|&byte| byte == 0)
            .collect::<Vec<_>>()
    };
    if trimmed(overlay(old)) == trimmed(overlay(new)) {
        Ok(())
    } else {
        Err(Error::unverified("what was appended to the file differs"))
    }
}
