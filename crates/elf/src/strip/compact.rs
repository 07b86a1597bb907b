//! Gives up the holes that other editors leave in the segments they add.
//!
//! Each time patchelf moves a table it leaves the old place empty. Where a segment holds nothing
//! but tables they can close ranks, and the segment ends earlier.

use crate::address::{FileOffset, VirtualAddress};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::tables::Table;
use crate::rewrite::layout::{Layout, Level, Place};
use crate::rewrite::plan;
use crate::rewrite::space::Space;

/// The file with shorter segments; the bytes behind their ends are left for strip to drop.
/// `None` if there is no hole to close, or if moving anything would be a risk.
pub(crate) fn compact(bytes: &[u8]) -> Result<Option<Buffer>, Error> {
    let object = Object::parse(bytes)?;
    plan::relocate(&object, |tables| lay_out(&object.image, tables))
}

fn lay_out(image: &Image<'_>, tables: &[Table]) -> Option<Layout> {
    if image.sections.is_empty() || Machine::of(&image.header).is_mips() {
        return None;
    }
    let space = Space::of(image, tables).ok()?;
    let mut places: Vec<Place> = tables
        .iter()
        .map(|table| Place {
            offset: table.offset,
            address: table.address,
        })
        .collect();
    let mut segments = image.segments.clone();
    for load in &space.loads {
        let Some((end, moved)) = load.compacted(tables) else {
            continue;
        };
        for (index, offset) in moved {
            let address = VirtualAddress(load.address_of(offset));
            *places.get_mut(index)? = Place {
                offset: FileOffset(offset),
                address,
            };
        }
        let segment = segments.get_mut(load.segment)?;
        segment.file_size = end.checked_sub(load.start)?;
        segment.memory_size = segment.file_size;
    }
    if segments == image.segments {
        return None;
    }
    Some(Layout {
        level: Level::L0,
        places,
        segments,
        headers_at: image.header.segments_at,
        insertion: (FileOffset(image.bytes.len() as u64), 0),
    })
}
