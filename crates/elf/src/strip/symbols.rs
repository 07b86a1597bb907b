//! The symbol tables that a stripped file keeps: which symbols go, and the new numbers of the
//! sections of those that stay.

use crate::error::Error;
use crate::read::section::{SHN_ABS, SHT_DYNSYM, SHT_REL, SHT_RELA, SHT_SYMTAB, SHT_SYMTAB_SHNDX};
use crate::read::section_numbers::{SectionNumbers, split};
use crate::read::symbols::{self, RawSymbol};
use crate::strip::plan::Plan;

/// The bytes of a symbol table, and of the table of its wide section numbers.
struct Renumbered {
    symbols: Vec<u8>,
    extended: Vec<u8>,
}

impl Plan<'_> {
    /// Works out the tables that are not as they were.
    pub(crate) fn renumber_symbols(&mut self) -> Result<(), Error> {
        // What counts symbols by number needs every one of them.
        let is_counted = self.kept.iter().any(|kept| {
            let section = self.section(kept);
            matches!(section.kind, SHT_REL | SHT_RELA) && !section.is_loaded()
                || section.kind == SHT_SYMTAB_SHNDX
        });
        let mut contents = Vec::new();
        for (place, kept) in self.kept.iter().enumerate() {
            let section = self.section(kept);
            if !matches!(section.kind, SHT_SYMTAB | SHT_DYNSYM) {
                continue;
            }
            let table = self.image.file_bytes(section.file_span()).ok_or_else(|| {
                Error::malformed(section.offset, "a symbol table lies outside the file")
            })?;
            let numbers = SectionNumbers::of(self.image, kept.index);
            let is_static = section.kind == SHT_SYMTAB;
            let new = self.renumbered(table, &numbers, is_static, is_static && !is_counted);
            if new.symbols != table {
                contents.push((place, new.symbols));
            }
            let extension = numbers.extension.and_then(|index| self.new_index(index));
            if let Some(place) = extension
                && new.extended != numbers.extended
            {
                contents.push((place, new.extended));
            }
        }
        for (place, content) in contents {
            if let Some(kept) = self.kept.get_mut(place) {
                kept.content = Some(content);
            }
        }
        Ok(())
    }

    fn renumbered(
        &self,
        table: &[u8],
        numbers: &SectionNumbers<'_>,
        is_static: bool,
        drops: bool,
    ) -> Renumbered {
        let codec = self.image.codec();
        let mut new = Renumbered {
            symbols: Vec::with_capacity(table.len()),
            extended: numbers.extended.to_vec(),
        };
        let record = symbols::record_size(codec) as usize;
        for (place, raw) in table.chunks_exact(record).enumerate() {
            let Some(symbol) = RawSymbol::parse(codec, raw) else {
                break;
            };
            let section = numbers
                .section(place, &symbol)
                .filter(|&old| old < self.image.sections.len())
                .map(|old| self.new_index(old));
            let (short, wide) = match section {
                Some(Some(new)) => {
                    let (short, wide) = split(new);
                    (short, Some(wide))
                }
                // It stood for a section that is gone.
                Some(None) if drops && symbol.is_section() => continue,
                // Its number is another section's now. Of a dynamic symbol loaders ask only
                // whether it is absolute: that must not change.
                Some(None) if is_static => (SHN_ABS, Some(0)),
                _ => (symbol.section, None),
            };
            let start = new.symbols.len();
            new.symbols.extend_from_slice(raw);
            let copied = new.symbols.get_mut(start..).unwrap_or_default();
            codec.put_u16(copied, RawSymbol::section_at(codec), short);
            if let Some(wide) = wide {
                codec.put_u32(&mut new.extended, place.saturating_mul(4), wide);
            }
        }
        new
    }
}
