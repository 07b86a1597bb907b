//! Which section each symbol of a table is of, also where sixteen bits are too few to say it.

use crate::address::slice;
use crate::codec::Codec;
use crate::read::image::Image;
use crate::read::section::{FIRST_RESERVED, SHN_XINDEX, SHT_DYNSYM, SHT_SYMTAB_SHNDX};
use crate::read::symbols::RawSymbol;

/// The section numbers of one symbol table.
pub(crate) struct SectionNumbers<'a> {
    codec: Codec,
    /// Index of the section of numbers that do not fit the symbols, if the table has one.
    pub(crate) extension: Option<usize>,
    /// That section's bytes: four for each symbol.
    pub(crate) extended: &'a [u8],
}

impl<'a> SectionNumbers<'a> {
    /// The numbers of the dynamic symbols.
    pub(crate) fn of_dynamic(image: &Image<'a>) -> Self {
        let mut sections = image.sections.iter();
        let table = sections.position(|section| section.kind == SHT_DYNSYM);
        Self::of(image, table.unwrap_or(usize::MAX))
    }

    /// The numbers of the symbol table that is the section of this index.
    pub(crate) fn of(image: &Image<'a>, table: usize) -> Self {
        let extension = image
            .sections
            .iter()
            .position(|section| section.kind == SHT_SYMTAB_SHNDX && section.link as usize == table);
        let extended = extension
            .and_then(|index| image.sections.get(index))
            .and_then(|section| slice(image.bytes, section.offset, section.file_size()))
            .unwrap_or_default();
        Self {
            codec: image.codec(),
            extension,
            extended,
        }
    }

    /// The section of the symbol at this place of the table; `None` where it is of none
    /// (undefined, absolute, common) or the file does not say.
    pub(crate) fn section(&self, place: usize, symbol: &RawSymbol) -> Option<usize> {
        match symbol.section {
            0 => None,
            SHN_XINDEX => {
                let number = self.codec.u32(self.extended, place.checked_mul(4)?)?;
                usize::try_from(number).ok()
            }
            reserved if usize::from(reserved) >= FIRST_RESERVED => None,
            number => Some(usize::from(number)),
        }
    }
}

/// A section's number as it stands in a field of sixteen bits, and in the wider one beside it.
pub(crate) fn split(number: usize) -> (u16, u32) {
    if number < FIRST_RESERVED {
        (number as u16, 0)
    } else {
        (SHN_XINDEX, number as u32)
    }
}
