//! Carries a plan out: tables to their new places, and every reference after them.

use super::address::{FileOffset, VirtualAddress, slice};
use super::change::{Expansion, NewNeed, Value};
use super::draft::Draft;
use super::dynamic::{DT_JMPREL, DT_PLTGOT, DT_SYMTAB, DT_VERSYM, Dynamic, Entry};
use super::error::Error;
use super::image::Image;
use super::layout::{Level, Place};
use super::relocations;
use super::section::{
    SHF_ALLOC, SHT_DYNSYM, SHT_GNU_VERNEED, SHT_REL, SHT_RELA, SHT_RELR, SHT_SYMTAB,
};
use super::segment::{PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_NOTE};
use super::symbols::{self, RawSymbol};
use super::tables::{TABLE_TAGS, Table};
use super::versions::{self, NeedRecord, VERSION_GLOBAL, VERSION_HIDDEN};

use super::rewrite::Plan;

impl Plan<'_> {
    pub(super) fn apply(&self) -> Result<Vec<u8>, Error> {
        let mut draft = Draft::of(self.image);
        self.write_needs(&mut draft)?;
        self.move_tables(&mut draft)?;
        self.move_segments(&mut draft);
        self.move_sections(&mut draft);
        self.write_dynamic(&mut draft)?;
        self.blank_unpacked(&mut draft)?;
        self.move_symbols(&mut draft)?;
        self.follow_dynamic(&mut draft);
        draft.finish()
    }

    /// The tables with their places.
    fn placed(&self) -> impl Iterator<Item = (&Table, Place)> {
        self.tables.iter().zip(self.layout.places.iter().copied())
    }

    /// Where an address of a table is now; other addresses stay.
    fn moved(&self, address: VirtualAddress) -> VirtualAddress {
        self.placed()
            .find(|(table, _)| table.contains(address))
            .map_or(address, |(table, place)| {
                place.address.plus(table.moved(address))
            })
    }

    /// Changes the version needs where they are; they only ever become fewer.
    fn write_needs(&self, draft: &mut Draft) -> Result<(), Error> {
        let codec = self.image.codec();
        let cut = |at: FileOffset| Error::malformed(at, "the version needs are cut short");
        for need in &self.change.needs {
            let (Some(file), Some(record)) = (&need.file, self.needs.get(need.record)) else {
                continue;
            };
            let offset = self.names.offset(file)?;
            codec
                .put_u32(&mut draft.bytes, record.at.plus(4).index(), offset)
                .ok_or_else(|| cut(record.at))?;
        }
        if !self.change.needs_shrink {
            return Ok(());
        }
        let Some(start) = self.needs.first().map(|record| record.at) else {
            return Ok(());
        };
        let records = packed_needs(draft, self.image, self.needs, &self.change.needs)
            .ok_or_else(|| cut(start))?;
        let ends = self.needs.iter().flat_map(|need| {
            need.versions
                .iter()
                .map(|version| version.at)
                .chain([need.at])
                .map(|at| at.plus(versions::NEED_SIZE as u64))
        });
        let end = ends.max().unwrap_or(start);
        let old_size = end.0.saturating_sub(start.0);
        if records.len() as u64 > old_size {
            return Err(Error::uneditable("the version needs overlap").at(start));
        }
        draft.clear(start, old_size)?;
        draft.write(start, &records)?;
        self.forget_versions(draft)
    }

    /// Symbols of a version that is no longer needed become symbols without a version.
    fn forget_versions(&self, draft: &mut Draft) -> Result<(), Error> {
        let stays: Vec<u16> = self
            .change
            .needs
            .iter()
            .filter_map(|need| Some((need, self.needs.get(need.record)?)))
            .flat_map(|(need, record)| {
                need.versions
                    .iter()
                    .filter_map(|&index| Some(record.versions.get(index)?.index))
            })
            .collect();
        let gone: Vec<u16> = self
            .needs
            .iter()
            .flat_map(|record| &record.versions)
            .map(|version| version.index & !VERSION_HIDDEN)
            .filter(|index| !stays.iter().any(|stays| stays & !VERSION_HIDDEN == *index))
            .collect();
        let codec = self.image.codec();
        let Some(address) = self.dynamic.address(DT_VERSYM) else {
            return Ok(());
        };
        let count =
            symbols::table(self.image, self.dynamic)?.len() as u64 / symbols::record_size(codec);
        let at = self.image.offset_of(address, count.saturating_mul(2));
        let table = at.and_then(|at| {
            super::address::slice_mut(&mut draft.bytes, at, count.saturating_mul(2))
        });
        for raw in table.unwrap_or_default().chunks_exact_mut(2) {
            if codec
                .u16(raw, 0)
                .is_some_and(|index| gone.contains(&(index & !VERSION_HIDDEN)))
            {
                codec.put_u16(raw, 0, VERSION_GLOBAL);
            }
        }
        Ok(())
    }

    /// Puts every table that changed into its place and clears where it was.
    fn move_tables(&self, draft: &mut Draft) -> Result<(), Error> {
        let changed = |table: &Table, place: Place| {
            place.offset != table.offset || !table.inserted.is_empty() || table.replaced.is_some()
        };
        let mut contents = Vec::new();
        for (table, place) in self
            .placed()
            .filter(|&(table, place)| changed(table, place))
        {
            let old = slice(&draft.bytes, table.offset, table.size)
                .ok_or_else(|| Error::malformed(table.offset, "a table lies outside the file"))?;
            let content = match &table.replaced {
                Some(new) => new.clone(),
                None => {
                    let (front, back) =
                        old.split_at(usize::try_from(table.insert_at).unwrap_or(0).min(old.len()));
                    [front, &table.inserted, back].concat()
                }
            };
            contents.push((place.offset, content));
        }
        // Without section headers something unknown may share the bytes: they stay as they are.
        if !self.image.sections.is_empty() {
            for (table, _) in self
                .placed()
                .filter(|&(table, place)| changed(table, place))
            {
                draft.clear(table.offset, table.size)?;
            }
        }
        if self.layout.level == Level::L4 {
            let size = super::segment::Segment::record_size(self.image.codec());
            draft.clear(
                draft.header.segments_at,
                size.saturating_mul(draft.segments.len() as u64),
            )?;
        }
        let (at, size) = self.layout.insertion;
        // Before the segments grow: what is in a grown one has its final place already.
        draft.insert(at, size)?;
        for (at, content) in contents {
            draft.write(at, &content)?;
        }
        Ok(())
    }

    fn move_segments(&self, draft: &mut Draft) {
        // Segments that are not loaded may have been shifted; the layout knows of the others.
        let shifted: Vec<_> = draft
            .segments
            .iter()
            .zip(&self.image.segments)
            .map(|(new, old)| (*old, *new))
            .collect();
        draft.segments.clone_from(&self.layout.segments);
        draft.header.segments_at = self.layout.headers_at;
        for segment in &mut draft.segments {
            if let Some((_, new)) = shifted
                .iter()
                .find(|(old, new)| old == segment && old.offset != new.offset)
            {
                *segment = *new;
            }
            if !matches!(
                segment.kind,
                PT_NOTE | PT_GNU_PROPERTY | PT_INTERP | PT_DYNAMIC
            ) {
                continue;
            }
            let address = segment.address;
            let Some((table, place)) = self.placed().find(|(table, _)| table.contains(address))
            else {
                continue;
            };
            let inside = table.moved(address);
            segment.offset = place.offset.plus(inside);
            segment.address = place.address.plus(inside);
            segment.physical = segment
                .physical
                .wrapping_add(segment.address.0.wrapping_sub(address.0));
            if segment.kind == PT_DYNAMIC {
                segment.file_size = table.new_size();
                segment.memory_size = table.new_size();
            }
        }
    }

    fn move_sections(&self, draft: &mut Draft) {
        for (table, place) in self.placed() {
            for &index in &table.sections {
                let Some(section) = draft.sections.get_mut(index) else {
                    continue;
                };
                let address = section.address;
                let inside = table.moved(address);
                section.size = section
                    .size
                    .saturating_add(table.growth_of(address, section.size));
                section.offset = place.offset.plus(inside);
                section.address = place.address.plus(inside);
            }
        }
        if self.change.needs_shrink {
            for section in draft
                .sections
                .iter_mut()
                .filter(|section| section.kind == SHT_GNU_VERNEED)
            {
                section.info = self.change.needs.len() as u32;
            }
        }
        if let Some(expansion) = &self.change.expand {
            self.unpack_section(draft, expansion);
        }
    }

    /// The section of the packed relocations: empty now, or of the ordinary ones.
    fn unpack_section(&self, draft: &mut Draft, expansion: &Expansion) {
        let symbols = draft
            .sections
            .iter()
            .position(|section| section.kind == SHT_DYNSYM)
            .unwrap_or(0);
        let codec = self.image.codec();
        for section in draft
            .sections
            .iter_mut()
            .filter(|section| section.kind == SHT_RELR && section.is_loaded())
        {
            if expansion.joins {
                section.size = 0;
                continue;
            }
            section.kind = if expansion.with_addend {
                SHT_RELA
            } else {
                SHT_REL
            };
            section.size = expansion.records.len() as u64;
            section.entry_size = relocations::record_size(codec, expansion.with_addend);
            section.link = symbols as u32;
            section.flags |= SHF_ALLOC;
        }
    }

    /// Clears the words whose addends now stand in relocations of their own: loaders write them
    /// without reading, and an addend that is there twice does not compress.
    fn blank_unpacked(&self, draft: &mut Draft) -> Result<(), Error> {
        let Some(expansion) = self.change.expand.as_ref().filter(|it| it.with_addend) else {
            return Ok(());
        };
        let word = self.image.codec().word_size();
        for &place in &expansion.places {
            draft.clear(relocations::place_offset(self.image, place)?, word)?;
        }
        Ok(())
    }

    fn write_dynamic(&self, draft: &mut Draft) -> Result<(), Error> {
        let codec = self.image.codec();
        let (table, place) = self
            .placed()
            .find(|(table, _)| table.contains(self.dynamic.address))
            .ok_or_else(|| Error::uneditable("the dynamic section is in no segment"))?;
        let at = place.offset.plus(table.moved(self.dynamic.address));
        let size = if table.grows() {
            table.new_size()
        } else {
            self.dynamic.size
        };
        draft.clear(at, size)?;
        let word = codec.word_size();
        let mut record_at = at;
        for entry in self.entries()? {
            let written = codec
                .put_word(&mut draft.bytes, record_at.index(), entry.tag)
                .and_then(|()| {
                    codec.put_word(&mut draft.bytes, record_at.plus(word).index(), entry.value)
                });
            written
                .ok_or_else(|| Error::uneditable("the dynamic section lies outside the file"))?;
            record_at = record_at.plus(Dynamic::entry_size(codec));
        }
        Ok(())
    }

    /// The new dynamic list with the places of names and tables.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::with_capacity(self.change.entries.len());
        for entry in &self.change.entries {
            let mut value = match &entry.value {
                Value::Number(number) => *number,
                Value::Name(name) => u64::from(self.names.offset(name)?),
            };
            let is_table =
                entry.tag == DT_JMPREL || TABLE_TAGS.iter().any(|&(tag, _)| tag == entry.tag);
            if is_table {
                value = self.moved(VirtualAddress(value)).0;
            } else if entry.tag == super::dynamic::DT_STRSZ && !self.names.appended.is_empty() {
                let table = self
                    .tables
                    .iter()
                    .find(|table| table.address == self.dynamic.strings.address);
                value = table.map_or(value, Table::new_size);
            }
            entries.push(Entry {
                tag: entry.tag,
                value,
            });
        }
        Ok(entries)
    }

    /// Symbols of sections that moved move along.
    fn move_symbols(&self, draft: &mut Draft) -> Result<(), Error> {
        let codec = self.image.codec();
        let moved: Vec<usize> = self
            .placed()
            .filter(|(table, place)| place.address != table.address)
            .flat_map(|(table, _)| table.sections.iter().copied())
            .collect();
        if moved.is_empty() && !draft.sections.is_empty() {
            return Ok(());
        }
        let mut symbol_tables: Vec<(FileOffset, u64)> = draft
            .sections
            .iter()
            .filter(|section| matches!(section.kind, SHT_SYMTAB | SHT_DYNSYM))
            .map(|section| (section.offset, section.size))
            .collect();
        if draft.sections.is_empty()
            && let Some(address) = self.dynamic.address(DT_SYMTAB)
        {
            let size = symbols::table(self.image, self.dynamic)?.len() as u64;
            symbol_tables.extend(self.image.offset_of(address, size).map(|at| (at, size)));
        }
        for (at, size) in symbol_tables {
            let table = super::address::slice_mut(&mut draft.bytes, at, size)
                .ok_or_else(|| Error::malformed(at, "a symbol table lies outside the file"))?;
            for raw in table.chunks_exact_mut(symbols::record_size(codec) as usize) {
                let Some(symbol) = RawSymbol::parse(codec, raw) else {
                    break;
                };
                let value = VirtualAddress(symbol.value);
                let follows = if self.image.sections.is_empty() {
                    symbol.is_address() && value == self.dynamic.address
                } else {
                    moved.contains(&usize::from(symbol.section))
                };
                if follows {
                    codec.put_word(raw, RawSymbol::value_at(codec), self.moved(value).0);
                }
            }
        }
        Ok(())
    }

    /// The first word of the global offset table holds the dynamic section's address.
    fn follow_dynamic(&self, draft: &mut Draft) {
        let codec = self.image.codec();
        let new = self.moved(self.dynamic.address);
        let at = self
            .dynamic
            .address(DT_PLTGOT)
            .and_then(|got| self.image.offset_of(got, codec.word_size()));
        if let Some(at) = at
            && new != self.dynamic.address
            && codec.word(&draft.bytes, at.index()) == Some(self.dynamic.address.0)
        {
            codec.put_word(&mut draft.bytes, at.index(), new.0);
        }
    }
}

/// The version needs that stay, one behind the other.
fn packed_needs(
    draft: &Draft,
    image: &Image<'_>,
    records: &[NeedRecord],
    needs: &[NewNeed],
) -> Option<Vec<u8>> {
    const SIZE: usize = versions::NEED_SIZE;
    let codec = image.codec();
    let mut packed = Vec::new();
    for (index, need) in needs.iter().enumerate() {
        let record = records.get(need.record)?;
        let total = SIZE.checked_mul(need.versions.len().checked_add(1)?)?;
        let start = packed.len();
        packed.extend_from_slice(slice(&draft.bytes, record.at, SIZE as u64)?);
        for &version in &need.versions {
            packed.extend_from_slice(slice(
                &draft.bytes,
                record.versions.get(version)?.at,
                SIZE as u64,
            )?);
        }
        let one = packed.get_mut(start..)?;
        codec.put_u16(one, 2, u16::try_from(need.versions.len()).ok()?)?;
        codec.put_u32(one, 8, SIZE as u32)?;
        let is_last = index.checked_add(1)? == needs.len();
        codec.put_u32(one, 12, if is_last { 0 } else { total as u32 })?;
        for (number, version) in one.chunks_exact_mut(SIZE).enumerate().skip(1) {
            let is_last = number == need.versions.len();
            codec.put_u32(version, 12, if is_last { 0 } else { SIZE as u32 })?;
        }
    }
    Some(packed)
}
