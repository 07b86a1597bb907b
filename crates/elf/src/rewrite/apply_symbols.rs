//! Carries a plan out on the symbols: their places, names and versions.

use crate::address::{FileOffset, VirtualAddress, slice_mut};
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{DT_SYMTAB, DT_VERSYM};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::relocations;
use crate::read::section::{SHT_DYNSYM, SHT_SYMTAB};
use crate::read::section_numbers::SectionNumbers;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::VERSION_GLOBAL;
use crate::rewrite::draft::Draft;
use crate::rewrite::plan::Plan;

impl Plan<'_> {
    /// Symbols of sections that moved move along.
    pub(crate) fn move_symbols(&self, draft: &mut Draft) -> Result<(), Error> {
        let codec = self.image.codec();
        let moved: Vec<usize> = self
            .placed()
            .filter(|(table, place)| place.address != table.address)
            .flat_map(|(table, _)| table.sections.iter().copied())
            .collect();
        if moved.is_empty() && !draft.sections.is_empty() {
            return Ok(());
        }
        let mut symbol_tables: Vec<(Span<FileOffset>, SectionNumbers<'_>)> = draft
            .sections
            .iter()
            .enumerate()
            .filter(|(_, section)| matches!(section.kind, SHT_SYMTAB | SHT_DYNSYM))
            .map(|(index, section)| {
                let span = Span::sized(section.offset, section.size);
                (span, SectionNumbers::of(self.image, index))
            })
            .collect();
        if draft.sections.is_empty()
            && let Some(address) = self.dynamic.address(DT_SYMTAB)
        {
            let size = self.object.symbols()?.len() as u64;
            let at = self.image.offset_of(address, size);
            let numbers = SectionNumbers::of_dynamic(self.image);
            symbol_tables.extend(at.map(|at| (Span::sized(at, size), numbers)));
        }
        for (span, numbers) in symbol_tables {
            let outside = || Error::malformed(span.start, "a symbol table lies outside the file");
            let table = slice_mut(&mut draft.bytes, span.start, span.size());
            let records = symbols::record_size(codec) as usize;
            let records = table.ok_or_else(outside)?.chunks_exact_mut(records);
            for (index, raw) in records.enumerate() {
                let Some(symbol) = RawSymbol::parse(codec, raw) else {
                    break;
                };
                let value = VirtualAddress(symbol.value);
                let follows = if self.image.sections.is_empty() {
                    symbol.is_address() && value == self.dynamic.address
                } else {
                    let section = numbers.section(index, &symbol);
                    section.is_some_and(|section| moved.contains(&section))
                };
                if follows {
                    codec.put_word(raw, RawSymbol::value_at(codec), self.moved(value).0);
                }
            }
        }
        Ok(())
    }

    /// Where a range of the old file is now.
    fn offset_now(&self, address: VirtualAddress, size: u64) -> Option<FileOffset> {
        match self.placed().find(|(table, _)| table.contains(address)) {
            Some((table, place)) => Some(place.offset.plus(table.moved(address))),
            None => self.image.offset_of(address, size),
        }
    }

    /// Takes the versions off the symbols that are to have none.
    pub(crate) fn clear_versions(&self, draft: &mut Draft) -> Result<(), Error> {
        if self.change.drops_versions {
            return Ok(());
        }
        let versions = self.dynamic.address(DT_VERSYM);
        for &index in &self.change.versionless {
            let inside = (index as u64).saturating_mul(2);
            let at = versions.and_then(|at| self.offset_now(at.plus(inside), 2));
            let written = at.and_then(|at| {
                let codec = self.image.codec();
                codec.put_u16(&mut draft.bytes, at.index(), VERSION_GLOBAL)
            });
            written.ok_or_else(|| Error::uneditable("the symbols have no versions (DT_VERSYM)"))?;
        }
        Ok(())
    }

    /// Gives symbols their new names, and the hash tables, versions and relocations the order
    /// that follows from them.
    pub(crate) fn rename_symbols(&self, draft: &mut Draft) -> Result<(), Error> {
        if self.change.symbol_names.is_empty() {
            return Ok(());
        }
        let broken = || Error::uneditable("the hash tables do not hold the symbols");
        let codec = self.image.codec();
        let size = symbols::record_size(codec) as usize;
        let old = self.object.symbols()?;
        let count = old.len() / size;
        let mut records: Vec<Vec<u8>> = old.chunks_exact(size).map(<[u8]>::to_vec).collect();
        for (&index, name) in &self.change.symbol_names {
            let offset = self.names.offset(name)?;
            let record = records.get_mut(index).ok_or_else(broken)?;
            codec.put_u32(record, 0, offset).ok_or_else(broken)?;
        }
        let mut names = Vec::with_capacity(count);
        for (index, raw) in old.chunks_exact(size).enumerate() {
            names.push(match self.change.symbol_names.get(&index) {
                Some(name) => name.as_bytes(),
                None => {
                    let symbol = RawSymbol::parse(codec, raw).ok_or_else(broken)?;
                    self.dynamic.strings.raw(u64::from(symbol.name))?
                }
            });
        }
        let mut order: Vec<usize> = (0..count).collect();
        if let Some(hash) = GnuHash::of(self.image, self.dynamic)? {
            if !hash.can_find() {
                return Err(broken());
            }
            order = hash.order(&names);
            names = order
                .iter()
                .filter_map(|&index| names.get(index).copied())
                .collect();
            let bytes = hash.size(count);
            let at = self.offset_now(hash.address, bytes).ok_or_else(broken)?;
            let table = slice_mut(&mut draft.bytes, at, bytes).ok_or_else(broken)?;
            hash.write(table, &names).ok_or_else(broken)?;
        }
        if let Some(hash) = SysvHash::of(self.image, self.dynamic)? {
            let bytes = hash.size().ok_or_else(broken)?;
            let at = self.offset_now(hash.address, bytes).ok_or_else(broken)?;
            let table = slice_mut(&mut draft.bytes, at, bytes).ok_or_else(broken)?;
            hash.write(table, &names).ok_or_else(broken)?;
        }
        let records: Vec<u8> = order
            .iter()
            .filter_map(|&index| records.get(index))
            .flatten()
            .copied()
            .collect();
        let address = self.dynamic.address(DT_SYMTAB).ok_or_else(broken)?;
        let at = self
            .offset_now(address, records.len() as u64)
            .ok_or_else(broken)?;
        draft.write(at, &records)?;
        self.reorder_versions(draft, &order)?;
        self.renumber_relocations(draft, &order)
    }

    fn reorder_versions(&self, draft: &mut Draft, order: &[usize]) -> Result<(), Error> {
        let Some(address) = self.dynamic.address(DT_VERSYM) else {
            return Ok(());
        };
        let broken = || Error::uneditable("the symbols' versions (DT_VERSYM) are cut short");
        let size = (order.len() as u64).saturating_mul(2);
        let at = self.offset_now(address, size).ok_or_else(broken)?;
        let table = slice_mut(&mut draft.bytes, at, size).ok_or_else(broken)?;
        let old: Vec<[u8; 2]> = table.as_chunks().0.to_vec();
        for (target, &index) in table.as_chunks_mut().0.iter_mut().zip(order) {
            *target = *old.get(index).ok_or_else(broken)?;
        }
        Ok(())
    }

    fn renumber_relocations(&self, draft: &mut Draft, order: &[usize]) -> Result<(), Error> {
        let broken = || Error::uneditable("a relocation is of a symbol that is not there");
        let codec = self.image.codec();
        let mut new_index = vec![0_u32; order.len()];
        for (new, &old) in order.iter().enumerate() {
            *new_index.get_mut(old).ok_or_else(broken)? = new as u32;
        }
        // The procedures' relocations can be the tail of the others: once is enough.
        let mut done = std::collections::BTreeSet::new();
        for (span, with_addend) in relocations::tables(self.dynamic) {
            let record = relocations::record_size(codec, with_addend);
            let places = 0..span.size() / record;
            for place in places.map(|index| span.start.plus(index.saturating_mul(record))) {
                if !done.insert(place) {
                    continue;
                }
                // Unpacked relocations are put in front of the first one, whose address is the
                // table's and stays with it: only what is behind its first byte moves.
                let last = record.saturating_sub(1);
                let at = self.offset_now(place.plus(last), 1).ok_or_else(broken)?;
                let at = FileOffset(at.0.saturating_sub(last));
                let raw = slice_mut(&mut draft.bytes, at, record).ok_or_else(broken)?;
                relocations::renumber(codec, raw, &new_index).ok_or_else(broken)?;
            }
        }
        Ok(())
    }
}
