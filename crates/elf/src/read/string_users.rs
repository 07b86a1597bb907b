//! Who uses a string of the dynamic string table: an edit may write over one that nobody uses.

use std::ops::Range;

use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{DT_RPATH, DT_RUNPATH, Dynamic, is_string_tag};
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions;

/// Where in the string table the run path stands, without its NUL, if nothing but the run path's
/// entries uses any of those bytes.
pub(crate) fn unshared_run_path(object: &Object<'_>) -> Result<Option<Range<usize>>, Error> {
    let (image, dynamic) = (&object.image, &object.dynamic);
    let of_run_path = |tag: u64| matches!(tag, DT_RPATH | DT_RUNPATH);
    let mut own = dynamic
        .entries
        .iter()
        .filter(|entry| of_run_path(entry.tag));
    let Some(first) = own.next() else {
        return Ok(None);
    };
    if own.any(|other| other.value != first.value) {
        return Ok(None);
    }
    let size = dynamic.strings.raw(first.value)?.len();
    let Ok(start) = usize::try_from(first.value) else {
        return Ok(None);
    };
    let span = start..start.saturating_add(size);
    // Otherwise it is the end of a longer string.
    let begins = match start.checked_sub(1) {
        Some(before) => dynamic.strings.bytes.get(before) == Some(&0),
        None => false,
    };
    let mut used = !begins || names_of_sections_overlap(image, dynamic, &span);
    let mut note = |offset: u64| {
        let inside = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .checked_sub(start);
        used |= inside.is_some_and(|inside| inside < size);
    };
    for entry in &dynamic.entries {
        if is_string_tag(entry.tag) && !of_run_path(entry.tag) {
            note(entry.value);
        }
    }
    let codec = image.codec();
    let record = symbols::record_size(codec) as usize;
    for raw in object.symbols()?.chunks_exact(record) {
        if let Some(symbol) = RawSymbol::parse(codec, raw) {
            note(u64::from(symbol.name));
        }
    }
    for need in versions::needs(image, dynamic)? {
        note(u64::from(need.file));
        for version in &need.versions {
            note(u64::from(version.name));
        }
    }
    for name in versions::definition_names(image, dynamic)? {
        note(u64::from(name));
    }
    Ok((!used && size > 0).then_some(span))
}

/// Whether the sections have their names where the string is.
fn names_of_sections_overlap(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    span: &Range<usize>,
) -> bool {
    let start = dynamic.strings.at.plus(span.start as u64);
    let span = Span::sized(start, span.len() as u64);
    let names = image.sections.get(image.names_index);
    names.is_some_and(|names| names.file_size() > 0 && names.file_span().meets(span))
}
