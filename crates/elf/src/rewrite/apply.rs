//! Carries a plan out: tables to their new places, and every reference after them.

use crate::address::{VirtualAddress, slice};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::read::dynamic::{
    DT_MIPS_RLD_MAP_REL, DT_PLTGOT, DT_STRSZ, Dynamic, Entry, is_table_tag,
};
use crate::read::relocations;
use crate::read::section::{
    SHF_ALLOC, SHT_DYNSYM, SHT_GNU_VERNEED, SHT_PROGBITS, SHT_REL, SHT_RELA, SHT_RELR,
};
use crate::read::segment::{PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_NOTE};
use crate::read::tables::Table;
use crate::rewrite::change::Expansion;
use crate::rewrite::draft::Draft;
use crate::rewrite::layout::{Level, Place};
use crate::rewrite::list::Value;
use crate::rewrite::plan::Plan;

impl Plan<'_> {
    pub(crate) fn apply(&self) -> Result<Buffer, Error> {
        let mut draft = Draft::of(self.image)?;
        if let Some((inside, bytes)) = &self.names.rewritten {
            let at = self.dynamic.strings.at.plus(*inside as u64);
            draft.write(at, bytes)?;
        }
        self.write_needs(&mut draft)?;
        self.move_tables(&mut draft)?;
        self.move_segments(&mut draft);
        self.move_sections(&mut draft);
        self.write_dynamic(&mut draft)?;
        self.blank_unpacked(&mut draft)?;
        self.clear_versions(&mut draft)?;
        self.rename_symbols(&mut draft)?;
        self.move_symbols(&mut draft)?;
        self.change.header.apply(&mut draft);
        self.follow_dynamic(&mut draft);
        draft.finish()
    }

    /// The tables with their places.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (&Table, Place)> {
        self.tables.iter().zip(self.layout.places.iter().copied())
    }

    /// Where an address of a table is now; other addresses stay.
    pub(crate) fn moved(&self, address: VirtualAddress) -> VirtualAddress {
        self.placed()
            .find(|(table, _)| table.contains(address))
            .map_or(address, |(table, place)| {
                place.address.plus(table.moved(address))
            })
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
            let headers = self.image.segments_span();
            draft.clear(headers.start, headers.size())?;
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
            if segment.kind == PT_DYNAMIC || table.replaced.is_some() {
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
                if table.replaced.is_some() && section.kind == SHT_PROGBITS {
                    section.size = table.new_size(); // The interpreter's name.
                }
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
        if self.dynamic.is_absent() {
            return Ok(());
        }
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
        for (index, entry) in self.change.entries.iter().enumerate() {
            let mut value = match &entry.value {
                Value::Number(number) => *number,
                Value::Name(name) => u64::from(self.names.offset(name)?),
            };
            if entry.tag == DT_MIPS_RLD_MAP_REL {
                value = self.follow_own_relative(index, value);
            }
            if is_table_tag(entry.tag) {
                value = self.moved(VirtualAddress(value)).0;
            } else if entry.tag == DT_STRSZ && !self.names.appended.is_empty() {
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

    /// The value of an entry that counts from its own place, at its new place.
    fn follow_own_relative(&self, index: usize, value: u64) -> u64 {
        let codec = self.image.codec();
        let mut olds = 0..self.dynamic.entries.len();
        let target = olds.find_map(|old| {
            self.dynamic
                .own_relative(self.image, old, DT_MIPS_RLD_MAP_REL)
        });
        let inside = Dynamic::entry_size(codec).saturating_mul(index as u64);
        let place = self.moved(self.dynamic.address).plus(inside);
        match target {
            Some(target) => {
                target.wrapping_sub(place.0) & codec.by_class(u64::from(u32::MAX), u64::MAX)
            }
            None => value,
        }
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
