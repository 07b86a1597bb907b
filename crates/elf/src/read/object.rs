//! A file read once: what all who judge or change it go by.

use std::cell::OnceCell;

use crate::address::FileOffset;
use crate::codec::Codec;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::Dynamic;
use crate::read::image::Image;
use crate::read::symbols;
use crate::read::tables::{self, Table};

/// A file, its dynamic section, and what takes long to find, which is found once, when it is asked
/// for.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    pub(crate) image: Image<'a>,
    /// [`Dynamic::absent`] in a file that no loader links.
    pub(crate) dynamic: Dynamic<'a>,
    /// Where the dynamic symbols are.
    symbols: OnceCell<Span<FileOffset>>,
    tables: OnceCell<Vec<Table>>,
}

impl<'a> Object<'a> {
    /// Reads a file.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::of(Image::parse(bytes)?)
    }

    /// Reads what a file that was taken apart says to loaders.
    pub(crate) fn of(image: Image<'a>) -> Result<Self, Error> {
        let dynamic = Dynamic::parse(&image)?.unwrap_or_else(Dynamic::absent);
        Ok(Self {
            image,
            dynamic,
            symbols: OnceCell::new(),
            tables: OnceCell::new(),
        })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.image.codec()
    }

    /// Whether it has a dynamic section.
    pub(crate) fn is_linked(&self) -> bool {
        !self.dynamic.is_absent()
    }

    /// The dynamic symbol table, as many records as the hash tables tell of.
    pub(crate) fn symbols(&self) -> Result<&'a [u8], Error> {
        let span = match self.symbols.get() {
            Some(span) => *span,
            None => {
                let span = symbols::place(&self.image, &self.dynamic)?;
                *self.symbols.get_or_init(|| span)
            }
        };
        Ok(self.image.file_bytes(span).unwrap_or_default())
    }

    /// How many dynamic symbols there are, the empty first one included.
    pub(crate) fn symbol_count(&self) -> Result<usize, Error> {
        let record = symbols::record_size(self.codec()) as usize;
        Ok(self.symbols()?.len() / record)
    }

    /// The versions of the dynamic symbols, two bytes each; `None` where they have none.
    pub(crate) fn symbol_versions(&self) -> Result<Option<&'a [u8]>, Error> {
        symbols::version_table(&self.image, &self.dynamic, self.symbol_count()?)
    }

    /// What an edit may move, in address order and apart from each other.
    pub(crate) fn tables(&self) -> Result<&[Table], Error> {
        if let Some(tables) = self.tables.get() {
            return Ok(tables);
        }
        let tables = tables::find(&self.image, &self.dynamic, self.symbols()?)?;
        Ok(self.tables.get_or_init(|| tables))
    }
}
