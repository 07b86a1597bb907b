//! Names of modules in compiled code: what an extension imports stands in it as text.

use std::collections::BTreeSet;

use memchr::memmem;

use crate::address::slice;
use crate::error::Error;
use crate::read::image::Image;

/// As much of a text is taken on each side of what was looked for: no name of a module is longer.
const MOST_BESIDE: usize = 200;

/// The texts with `part` and a dot in them among the bytes that a loader maps: letters, digits,
/// `_` and `.`, as far as they reach. Several names may stand in one text: some compilers write
/// them one behind the other, with nothing between.
///
/// # Errors
/// When it is no ELF file whose headers can be read.
pub fn dotted_names(bytes: &[u8], part: &str) -> Result<BTreeSet<String>, Error> {
    let image = Image::parse(bytes)?;
    let mut names = BTreeSet::new();
    let finder = memmem::Finder::new(part);
    for load in image.loads() {
        let mapped = slice(bytes, load.offset, load.file_size).unwrap_or_default();
        for at in finder.find_iter(mapped) {
            let (before, after) = mapped.split_at_checked(at).unwrap_or_default();
            let left = before.iter().rev().take(MOST_BESIDE);
            let left = left.take_while(|byte| is_of_name(**byte)).count();
            let right = after.iter().take(MOST_BESIDE);
            let right = right.take_while(|byte| is_of_name(**byte)).count();
            let text = mapped.get(at.saturating_sub(left)..at.saturating_add(right));
            let text = text.and_then(|text| str::from_utf8(text).ok());
            if let Some(text) = text.filter(|text| text.contains('.')) {
                names.insert(text.to_owned());
            }
        }
    }
    Ok(names)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}
