//! How many dynamic symbols a file has: only its hash tables and relocations know.

use crate::error::Error;
use crate::read::dynamic::Dynamic;
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::image::Image;
use crate::read::relocations;

/// The number of entries of the dynamic symbol table, the empty first one included.
pub(crate) fn symbol_count(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<u64, Error> {
    if let Some(hash) = SysvHash::of(image, dynamic)? {
        return Ok(hash.symbols());
    }
    let found = match GnuHash::of(image, dynamic)? {
        Some(hash) => hash.symbol_end()?,
        None => None,
    };
    match found {
        Some(count) => Ok(count),
        // A table without any hashed symbol does not say how many there are beside.
        None => {
            relocations::highest_symbol(image, dynamic).map(|highest| highest.saturating_add(1))
        }
    }
}
