//! Moves loaded segments closer together in the file, without moving them in memory.
//!
//! What strip takes away may have stood between two of them, and linkers align them in the file
//! more than any page needs.

use crate::address::{FileOffset, align_up};
use crate::error::Error;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::segment::Segment;

/// A segment's new place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Squeezed {
    pub(crate) old: Segment,
    pub(crate) offset: FileOffset,
    /// The alignment it promises; lower than before where that let it move.
    pub(crate) align: u64,
}

impl Squeezed {
    /// Where something that is at `offset` in the old file is in the new one.
    pub(crate) fn moved(&self, offset: FileOffset) -> FileOffset {
        FileOffset(
            self.offset
                .0
                .saturating_add(offset.0.saturating_sub(self.old.offset.0)),
        )
    }

    /// Where the segment's bytes end in the new file.
    pub(crate) fn end(&self) -> FileOffset {
        self.offset.plus(self.old.file_size)
    }
}

/// The new places of all loaded segments that have bytes in the file, in file order.
pub(crate) fn squeeze(image: &Image<'_>) -> Result<Vec<Squeezed>, Error> {
    let page = Machine::of(&image.header).page();
    let mut loads: Vec<Segment> = image
        .loads()
        .filter(|load| load.file_size > 0)
        .copied()
        .collect();
    loads.sort_by_key(|load| load.offset);
    let mut squeezed: Vec<Squeezed> = Vec::with_capacity(loads.len());
    for old in loads {
        let lower = squeezed.last().map_or(old.offset, Squeezed::end);
        let Some(room) = old.offset.0.checked_sub(lower.0) else {
            return Err(Error::uneditable("loaded segments share bytes of the file").at(old.offset));
        };
        let steps = |align: u64| room.checked_div(align).unwrap_or(0).saturating_mul(align);
        let full = old.align.max(page);
        let content = image
            .sections
            .iter()
            .filter(|section| section.is_loaded() && old.memory_span().contains(section.address))
            .map(|section| section.align)
            .max()
            .unwrap_or(full);
        let least = align_up(content.max(page), page).unwrap_or(full).min(full);
        let (back, align) = if steps(least) > steps(full) && full % least == 0 {
            (steps(least), old.align.min(least))
        } else {
            (steps(full), old.align)
        };
        squeezed.push(Squeezed {
            old,
            offset: FileOffset(old.offset.0.saturating_sub(back)),
            align,
        });
    }
    Ok(squeezed)
}
