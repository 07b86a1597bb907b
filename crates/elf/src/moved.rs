//! What lies elsewhere in a file once it was edited.

use crate::error::Error;
use crate::read::image::Image;

/// A loaded part of two files. Its bytes need not be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Where it begins in the older file, in bytes.
    pub from: usize,
    /// Where it begins in the newer one.
    pub to: usize,
    /// How many bytes of it are in both.
    pub length: usize,
}

/// The loaded parts that two files have at the same address, in the order of both: those that come in another
/// order, or share bytes with the one before, are left out.
///
/// # Errors
/// When one of them is no ELF file.
pub fn moved(before: &[u8], after: &[u8]) -> Result<Vec<Moved>, Error> {
    let (before, after) = (Image::parse(before)?, Image::parse(after)?);
    let mut found: Vec<Moved> = before
        .loads()
        .filter_map(|old| {
            let new = after.loads().find(|new| new.address == old.address)?;
            Some(Moved {
                from: usize::try_from(old.offset.0).ok()?,
                to: usize::try_from(new.offset.0).ok()?,
                length: usize::try_from(old.file_size.min(new.file_size)).ok()?,
            })
        })
        .collect();
    found.sort_by_key(|one| one.from);
    let (mut old_end, mut new_end) = (0, 0);
    found.retain(|one| {
        let follows = one.from >= old_end && one.to >= new_end;
        if follows {
            old_end = one.from.saturating_add(one.length);
            new_end = one.to.saturating_add(one.length);
        }
        follows
    });
    Ok(found)
}
