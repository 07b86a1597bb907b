//! Proves that an edit did what was asked and nothing else; without this proof nothing is given out.

use crate::edits::Edits;
use crate::error::Error;
use crate::proof::facts;
use crate::proof::headers;
use crate::proof::second_reader;
use crate::proof::structure;
use crate::read::object::Object;

/// Compares a file before and after an edit: the structure is no worse, loaders read exactly what
/// was asked for, every other byte is the same, and a second, independent reader agrees.
///
/// # Errors
/// With the first thing that does not hold; or when either file cannot be read at all.
pub fn verify(before: &[u8], after: &[u8], edits: &Edits) -> Result<(), Error> {
    verify_edit(&Object::parse(before)?, after, edits)
}

/// The same with a file that was read before.
pub(crate) fn verify_edit(old: &Object<'_>, after: &[u8], edits: &Edits) -> Result<(), Error> {
    old.image.check_symbol_tables()?;
    let new = Object::parse(after).map_err(|error| Error::unverified(error.to_string()))?;
    structure::verify(old, &new)?;
    headers::verify(old, &new, edits)?;
    let facts = facts::verify(old, &new, edits)?;
    second_reader::verify(old.image.bytes, after, &facts)
}
