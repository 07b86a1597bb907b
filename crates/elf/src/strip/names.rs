//! The table of section names that a stripped file has.

use crate::error::Error;
use crate::read::image::Image;

/// Sections by index, each with the offset of its name.
pub(crate) type NameOffsets = Vec<(usize, u32)>;

/// The names of the kept sections, sharing common ends, and where each section's is.
pub(crate) fn names(image: &Image<'_>, removed: &[bool]) -> Result<(Vec<u8>, NameOffsets), Error> {
    let kept = image
        .sections
        .iter()
        .enumerate()
        .filter(|&(index, _)| !removed.get(index).copied().unwrap_or(false));
    let mut named: Vec<(usize, &[u8])> = kept
        .map(|(index, section)| (index, image.section_name(section).unwrap_or_default()))
        .collect();
    // In the order of their reversed spelling a name comes right before those that end with it.
    named.sort_by(|left, right| {
        right
            .1
            .iter()
            .rev()
            .cmp(left.1.iter().rev())
            .then(left.0.cmp(&right.0))
    });
    let mut table = vec![0];
    let mut offsets = Vec::with_capacity(named.len());
    let mut last: (&[u8], usize) = (b"", 0);
    for (index, name) in named {
        let offset = if name.is_empty() {
            0
        } else if last.0.ends_with(name) {
            last.1
                .saturating_add(last.0.len().saturating_sub(name.len()))
        } else {
            let offset = table.len();
            table.extend_from_slice(name);
            table.push(0);
            last = (name, offset);
            offset
        };
        let offset = u32::try_from(offset)
            .map_err(|_| Error::uneditable("the section names are larger than 4 GiB"))?;
        offsets.push((index, offset));
    }
    offsets.sort_unstable();
    Ok((table, offsets))
}
