//! Proves that an edit did what was asked and nothing else; without this proof nothing is given out.

use super::contents;
use super::edits::Edits;
use super::error::Error;
use super::image::Image;
use super::meaning;
use super::second_reader;
use super::structure;

/// Compares a file before and after an edit: the structure is no worse, loaders read exactly what
/// was asked for, every other byte is the same, and a second, independent reader agrees.
///
/// # Errors
/// With the first thing that does not hold; or when either file cannot be read at all.
pub fn verify(before: &[u8], after: &[u8], edits: &Edits) -> Result<(), Error> {
    let old = Image::parse(before)?;
    old.check_symbol_tables()?;
    let new = Image::parse(after).map_err(|error| Error::unverified(error.to_string()))?;
    structure::verify(&old, &new)?;
    contents::verify(&old, &new, edits)?;
    let facts = meaning::verify(&old, &new, edits)?;
    second_reader::verify(before, after, &facts)
}
