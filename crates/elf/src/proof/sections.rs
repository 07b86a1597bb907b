//! Whether the sections that had to stay are there, the same, and at the same place of their segment.

use std::collections::BTreeSet;

use crate::address::{VirtualAddress, same_slices};
use crate::codec::Codec;
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::section::{
    SHF_INFO_LINK, SHN_ABS, SHN_XINDEX, SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_VERNEED, SHT_PROGBITS,
    SHT_REL, SHT_RELA, SHT_RELR, SHT_STRTAB, SHT_SYMTAB, SHT_SYMTAB_SHNDX, Section, is_debug_name,
};
use crate::read::section_numbers::SectionNumbers;
use crate::read::segment::PT_INTERP;
use crate::read::symbols::{self, RawSymbol};
use crate::read::tables::Table;

/// What the comparison of sections needs to know of the old file.
struct OldSections<'a> {
    image: &'a Image<'a>,
    tables: &'a [Table],
    /// Sections that symbol tables have their names in.
    symbol_names: BTreeSet<u32>,
    edits: &'a Edits,
    /// Bytes that unpacked relocations take, and those of one of them; 0 if none are unpacked.
    unpacked: (u64, u64),
}

impl<'a> OldSections<'a> {
    fn new(object: &'a Object<'a>, edits: &'a Edits) -> Result<Self, Error> {
        let Object { image, dynamic, .. } = object;
        let symbol_names = image
            .sections
            .iter()
            .filter(|section| holds_symbols(section))
            .map(|section| section.link)
            .collect();
        let unpacked = match edits.relr {
            Relr::Expand => {
                let with_addend = relocations::unpacks_with_addends(image, dynamic);
                let record = relocations::record_size(image.codec(), with_addend);
                let count = relocations::packed_places(image, dynamic)?.len() as u64;
                (count.saturating_mul(record), record)
            }
            Relr::Keep => (0, 0),
        };
        Ok(Self {
            image,
            tables: object.tables()?,
            symbol_names,
            edits,
            unpacked,
        })
    }

    fn is_table(&self, section: &Section) -> bool {
        self.is_table_at(section.address)
    }

    fn is_table_at(&self, address: VirtualAddress) -> bool {
        self.tables.iter().any(|table| table.contains(address))
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
        let (bytes, record) = self.unpacked;
        let same_kind = if bytes > 0 && section.kind == SHT_RELR && other.size > 0 {
            matches!(other.kind, SHT_REL | SHT_RELA) && other.entry_size == record
        } else {
            section.kind == other.kind && section.entry_size == other.entry_size
        };
        let address_stays =
            !section.is_loaded() || section.address == other.address || self.is_table(section);
        same_kind && section.flags == other.flags && section.align == other.align && address_stays
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
            let (unpacked, _) = self.unpacked;
            let size_holds = match section.kind {
                SHT_STRTAB | SHT_DYNAMIC if self.is_table(section) => true,
                SHT_RELR if unpacked > 0 => other.size == 0 || other.size == unpacked,
                SHT_PROGBITS if self.edits.more.interpreter.is_some() && self.is_table(section) => {
                    let mut segments = new.segments.iter();
                    let interpreter = segments.find(|segment| segment.kind == PT_INTERP);
                    interpreter.is_some_and(|segment| segment.file_size == other.size)
                }
                SHT_REL | SHT_RELA if other.size == section.size.saturating_add(unpacked) => true,
                _ => section.size == other.size,
            };
            // An empty section has no bytes to be found anywhere: a segment may grow over one that
            // stood right behind it, or end before one, as what unpacking relocations leaves.
            let (was, is) = (place_in_segment(old, section), place_in_segment(new, other));
            let is_empty = section.size == 0 && other.size == 0;
            let keeps_place =
                self.is_table(section) || was == is || is_empty && (was.is_none() || is.is_none());
            if keeps_place && size_holds {
                return Ok(());
            }
            let name = old.section_name(section).unwrap_or_default().escape_ascii();
            return Err(Error::unverified(format!(
                "the size or place of the section {name} differs"
            ))
            .at(other.offset));
        }
        let one = old.file_bytes(section.file_span());
        let two = new.file_bytes(other.file_span());
        if index == old.names_index {
            // The names were compared one by one; the last has to end, too.
            let ends = |names: Option<&[u8]>| names.and_then(<[u8]>::last) == Some(&0);
            return if ends(two) || !ends(one) {
                Ok(())
            } else {
                Err(Error::unverified("a section's name does not end").at(other.offset))
            };
        }
        // Symbols are compared once it is known where all sections went.
        if holds_symbols(section) || same_slices(one, two) {
            Ok(())
        } else {
            let name = old.section_name(section).unwrap_or_default().escape_ascii();
            Err(
                Error::unverified(format!("the content of the section {name} differs"))
                    .at(other.offset),
            )
        }
    }
}

impl OldSections<'_> {
    /// Whether two symbol tables say the same; without debug sections the symbols that stood for
    /// them are gone. `kept` tells where each old section went.
    fn same_symbols(
        &self,
        new: &Image<'_>,
        index: usize,
        other_index: usize,
        kept: &[Option<usize>],
    ) -> bool {
        let old = self.image;
        let numbers = SectionNumbers::of(old, index);
        let other_numbers = SectionNumbers::of(new, other_index);
        let mut rest = records(new, other_index).enumerate().peekable();
        for (place, raw) in records(old, index).enumerate() {
            let Some(symbol) = RawSymbol::parse(old.codec(), raw) else {
                return false;
            };
            let section = numbers.section(place, &symbol);
            let went = section.map(|section| kept.get(section).copied().flatten());
            let is_same = rest.peek().is_some_and(|&(other_place, other_raw)| {
                RawSymbol::parse(new.codec(), other_raw).is_some_and(|other| {
                    let other_section = other_numbers.section(other_place, &other);
                    let follows = match went {
                        Some(Some(went)) => other_section == Some(went),
                        Some(None) => other.section == SHN_ABS || other_section == section,
                        None => other.section == symbol.section,
                    };
                    let value = self.value_after(new, kept, section, &symbol, other.value);
                    follows && same_but(old.codec(), raw, other_raw, other.section, value)
                })
            });
            if is_same {
                rest.next();
            } else if !(symbol.is_section() && went == Some(None)) {
                return false;
            }
        }
        rest.next().is_none()
    }

    /// What a symbol's value has to be: one in a table follows it, as `found` does if it is as far
    /// into the new table as it was into the old one.
    fn value_after(
        &self,
        new: &Image<'_>,
        kept: &[Option<usize>],
        section: Option<usize>,
        symbol: &RawSymbol,
        found: u64,
    ) -> u64 {
        let value = VirtualAddress(symbol.value);
        if found == symbol.value || !symbol.is_address() || !self.is_table_at(value) {
            return symbol.value;
        }
        let is_same_spot = |(index, old): (usize, &Section)| {
            let is_of = Some(index) == section || old.memory_span().contains(value);
            let went = kept.get(index).copied().flatten();
            let new = went.and_then(|went| new.sections.get(went));
            is_of
                && new.is_some_and(|new| {
                    value.0.wrapping_sub(old.address.0) == found.wrapping_sub(new.address.0)
                })
        };
        let mut sections = self.image.sections.iter().enumerate();
        if sections.any(is_same_spot) {
            found
        } else {
            symbol.value
        }
    }
}

/// Whether two records say the same, once the old one has this section's number and this value.
fn same_but(codec: Codec, raw: &[u8], other_raw: &[u8], section: u16, value: u64) -> bool {
    if raw == other_raw {
        return true;
    }
    let mut expected = raw.to_vec();
    codec.put_u16(&mut expected, RawSymbol::section_at(codec), section);
    codec.put_word(&mut expected, RawSymbol::value_at(codec), value);
    expected == other_raw
}

/// How far into the file bytes of its segment a section begins.
fn place_in_segment(image: &Image<'_>, section: &Section) -> Option<u64> {
    let load = image
        .loads()
        .find(|load| load.memory_span().contains(section.address))?;
    Some(section.offset.0.wrapping_sub(load.offset.0))
}

fn holds_symbols(section: &Section) -> bool {
    matches!(section.kind, SHT_SYMTAB | SHT_SYMTAB_SHNDX)
}

/// Compares the sections one by one; strip may have taken some away.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let olds = OldSections::new(old, edits)?;
    let (old, new) = (&old.image, &new.image);
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
                let name = old.section_name(section).unwrap_or_default().escape_ascii();
                return Err(
                    Error::unverified(format!("the section {name} is missing or differs"))
                        .at(section.offset),
                );
            }
        }
    }
    if waiting.is_some() {
        return Err(Error::unverified("there is a section too many"));
    }
    for (index, &other) in kept.iter().enumerate() {
        let pair =
            other.and_then(|other| Some((old.sections.get(index)?, new.sections.get(other)?)));
        let Some((section, other_section)) = pair.filter(|(it, _)| it.kind == SHT_SYMTAB) else {
            continue;
        };
        let other = other.unwrap_or_default();
        if !olds.same_symbols(new, index, other, &kept) {
            return Err(Error::unverified("a symbol differs").at(other_section.offset));
        }
        // It says how many symbols at its front are local.
        if section.info != other_section.info
            && other_section.info != symbols::local_count(new.codec(), content(new, other))
        {
            return Err(
                Error::unverified("a symbol table's count differs").at(other_section.offset)
            );
        }
    }
    verify_links(old, new, &kept)
}

/// Sections point to each other by number; the numbers change together.
fn verify_links(old: &Image<'_>, new: &Image<'_>, kept: &[Option<usize>]) -> Result<(), Error> {
    let follows =
        |from: usize, to: usize| (from, to) == (0, 0) || kept.get(from) == Some(&Some(to));
    // The first header may say in the ELF header's place which section has the names, as was read.
    let counts_names = old.header.names_index == SHN_XINDEX;
    for (index, (section, &other)) in old.sections.iter().zip(kept).enumerate() {
        let Some(other) = other.and_then(|other| new.sections.get(other)) else {
            continue;
        };
        let was_valid = (section.link as usize) < old.sections.len();
        let link_holds = if section.kind == other.kind {
            !was_valid
                || index == 0 && counts_names
                || follows(section.link as usize, other.link as usize)
        } else {
            // Packed relocations that were written out name the symbols as ordinary ones do.
            let symbols = new.sections.iter().position(|it| it.kind == SHT_DYNSYM);
            other.link as usize == symbols.unwrap_or(0)
        };
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

/// The bytes of a section.
fn content<'a>(image: &Image<'a>, index: usize) -> &'a [u8] {
    let section = image.sections.get(index);
    section
        .and_then(|section| image.file_bytes(section.file_span()))
        .unwrap_or_default()
}

/// The records of a symbol table, by its section.
fn records<'a>(image: &Image<'a>, index: usize) -> std::slice::ChunksExact<'a, u8> {
    content(image, index).chunks_exact(symbols::record_size(image.codec()) as usize)
}
