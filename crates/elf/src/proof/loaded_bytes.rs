//! Whether loaders map the same bytes at the same addresses, but for the tables.

use crate::address::{FileOffset, VirtualAddress, is_filler, same_bytes, slice};
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::ranges::Ranges;
use crate::read::dynamic::{DT_PLTGOT, DT_SYMTAB, DT_VERSYM, Dynamic};
use crate::read::header::Header;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations;
use crate::read::section::Section;
use crate::read::segment::{PF_R, PF_W, Segment};
use crate::read::symbols;
use crate::read::tables;
use crate::read::versions;

/// The addresses of everything that an edit may move or rewrite; all of it is compared elsewhere.
fn tables_of(image: &Image<'_>) -> Result<Ranges, Error> {
    let codec = image.codec();
    let mut ranges = Vec::new();
    let mut by_offset = |at: FileOffset, size: u64| {
        for load in image.loads().filter(|load| load.holds_file_range(at, size)) {
            let start = load.address.plus(at.0.saturating_sub(load.offset.0)).0;
            ranges.push((start, start.saturating_add(size)));
        }
    };
    by_offset(FileOffset(0), Header::size(codec));
    by_offset(
        image.header.segments_at,
        Segment::record_size(codec).saturating_mul(image.segments.len() as u64),
    );
    by_offset(
        image.header.sections_at,
        Section::record_size(codec).saturating_mul(image.sections.len() as u64),
    );
    for section in image
        .sections
        .iter()
        .filter(|section| !section.is_loaded() && section.file_size() > 0)
    {
        by_offset(section.offset, section.file_size());
    }
    let dynamic = Dynamic::parse(image)?;
    for table in tables::find(image, dynamic.as_ref().unwrap_or(&Dynamic::absent()))? {
        ranges.push((table.address.0, table.end().0));
    }
    if let Some(dynamic) = dynamic {
        if let Some(got) = dynamic.address(DT_PLTGOT) {
            ranges.push((got.0, got.plus(codec.word_size()).0));
        }
        ranges.extend(version_ranges(image, &dynamic)?);
        let bytes = symbols::table(image, &dynamic)?.len() as u64;
        if let Some(address) = dynamic.address(DT_SYMTAB) {
            ranges.push((address.0, address.plus(bytes).0));
        }
    }
    Ok(Ranges::new(ranges))
}

/// Where the version needs and the symbols' versions are, which no section may tell.
fn version_ranges(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Vec<(u64, u64)>, Error> {
    let mut ranges = Vec::new();
    let symbols =
        symbols::table(image, dynamic)?.len() as u64 / symbols::record_size(image.codec());
    if let Some(address) = dynamic.address(DT_VERSYM) {
        ranges.push((address.0, address.plus(symbols.saturating_mul(2)).0));
    }
    for need in versions::needs(image, dynamic)? {
        for at in need
            .versions
            .iter()
            .map(|version| version.at)
            .chain([need.at])
        {
            let load = image.loads().find(|load| load.holds_file_range(at, 1));
            let start = load.map(|load| load.address.plus(at.0.saturating_sub(load.offset.0)).0);
            ranges.extend(
                start.map(|start| (start, start.saturating_add(versions::NEED_SIZE as u64))),
            );
        }
    }
    Ok(ranges)
}

/// Compares what loaders map, segment by segment.
pub(crate) fn verify(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let (before, after) = (OldBytes::new(old, edits)?, tables_of(new)?);
    let mut added = 0_usize;
    for load in new.loads() {
        if !old.loads().any(|other| other.address == load.address) {
            added = added.saturating_add(1);
            verify_added(new, load, &after)?;
        }
    }
    if added > 1 {
        return Err(Error::unverified("more than one segment was added"));
    }
    // Loaders map nothing for an empty segment.
    for load in old.loads().filter(|load| load.memory_size > 0) {
        let other = new
            .loads()
            .find(|other| other.address == load.address && other.memory_size > 0)
            .ok_or_else(|| Error::unverified("a loaded segment is gone").at(load.offset))?;
        // Strip gives up what is unused at a segment's end.
        let may_shrink = edits.strip != Strip::None && load.file_size == load.memory_size;
        let same = load.flags == other.flags
            && load.physical == other.physical
            && if load.file_size == load.memory_size {
                other.file_size == other.memory_size
                    && (may_shrink || other.file_size >= load.file_size)
            } else {
                (load.file_size, load.memory_size) == (other.file_size, other.memory_size)
            }
            && (other.align == load.align
                || edits.strip != Strip::None && may_be_less_aligned(old, load, other.align));
        if !same {
            return Err(Error::unverified("a loaded segment differs").at(other.offset));
        }
        let address = load.address.plus(load.file_size);
        verify_grown(new, address, other.address.plus(other.file_size), &after)?;
        verify_load(old, new, load, other, &before, &after)?;
    }
    Ok(())
}

/// Whether a segment may promise so little alignment: pages and its own sections need no more.
/// Strip lets a segment move forward in the file by it.
fn may_be_less_aligned(old: &Image<'_>, load: &Segment, align: u64) -> bool {
    let is_in_load =
        |section: &&Section| section.address >= load.address && section.address < load.memory_end();
    let sections = old.sections.iter().filter(|section| section.is_loaded());
    align < load.align
        && align.is_power_of_two()
        && align >= Machine::of(&old.header).page()
        && sections
            .filter(is_in_load)
            .all(|section| section.align <= align)
}

/// The words that only held addends of packed relocations, which have a place of their own now.
fn unpacked_words(old: &Image<'_>, edits: &Edits) -> Result<Ranges, Error> {
    let words = match Dynamic::parse(old)? {
        Some(dynamic)
            if edits.relr == Relr::Expand && relocations::unpacks_with_addends(old, &dynamic) =>
        {
            relocations::packed_places(old, &dynamic)?
        }
        _ => Vec::new(),
    };
    let size = old.codec().word_size();
    let range = |place: VirtualAddress| (place.0, place.plus(size).0);
    Ok(Ranges::new(words.into_iter().map(range).collect()))
}

/// A new segment holds tables and nothing else, can be written where the dynamic list is in it (musl
/// and glibc do), and begins on a page.
fn verify_added(new: &Image<'_>, load: &Segment, after: &Ranges) -> Result<(), Error> {
    let holds_list = new
        .dynamic()?
        .is_some_and(|list| load.offset_of(list.address, list.file_size).is_some());
    let is_usable = match load.flags {
        flags if flags == PF_R | PF_W => true,
        flags => flags == PF_R && !holds_list,
    };
    let holds = is_usable
        && load.memory_size == load.file_size
        && load.physical == load.address.0
        && load.align.is_power_of_two()
        && load.align >= Machine::of(&new.header).page();
    if !holds {
        return Err(Error::unverified("the added segment cannot be loaded").at(load.offset));
    }
    verify_grown(new, load.address, load.address.plus(load.file_size), after)
}

/// Addresses that were not in the file before hold tables or zeros.
fn verify_grown(
    new: &Image<'_>,
    from: VirtualAddress,
    to: VirtualAddress,
    after: &Ranges,
) -> Result<(), Error> {
    let mut at = from.0;
    while at < to.0 {
        let (is_table, next) = after.state(at);
        let end = next.min(to.0);
        let bytes = new
            .at(VirtualAddress(at), end.saturating_sub(at))
            .unwrap_or(&[1]);
        if !is_table && bytes.iter().any(|&byte| byte != 0) {
            return Err(Error::unverified(format!(
                "unexpected bytes at address {at:#x}"
            )));
        }
        at = end;
    }
    Ok(())
}

/// What of the old file decides which of its loaded bytes may differ.
struct OldBytes {
    /// What an edit may move or rewrite.
    tables: Ranges,
    /// Sections with bytes in the file, tables among them: no byte of theirs is filler.
    sections: Ranges,
    /// Words whose addends have left.
    unpacked: Ranges,
}

impl OldBytes {
    fn new(old: &Image<'_>, edits: &Edits) -> Result<Self, Error> {
        let sections = old
            .sections
            .iter()
            .filter(|section| section.is_loaded() && section.file_size() > 0)
            .map(|section| (section.address.0, section.memory_end().0));
        Ok(Self {
            tables: tables_of(old)?,
            sections: Ranges::new(sections.collect()),
            unpacked: unpacked_words(old, edits)?,
        })
    }

    /// Whether a byte outside of all tables is one that nobody reads.
    fn is_filler(&self, address: u64, byte: u8) -> bool {
        is_filler(byte) && !self.sections.state(address).0
    }
}

fn verify_load(
    old: &Image<'_>,
    new: &Image<'_>,
    load: &Segment,
    other: &Segment,
    before: &OldBytes,
    after: &Ranges,
) -> Result<(), Error> {
    let end = load.address.plus(load.file_size).0;
    let other_end = other.address.plus(other.file_size).0;
    let mut at = load.address.0;
    while at < end {
        let (was_table, next_before) = before.tables.state(at);
        let (is_table, next_after) = after.state(at);
        let is_gone = at >= other_end;
        let next_end = if is_gone { end } else { other_end };
        let stop = next_before.min(next_after).min(end).min(next_end);
        if was_table && is_table && !is_gone {
            // Compared by what they mean.
            at = stop;
            continue;
        }
        let size = stop.saturating_sub(at);
        let inside = at.saturating_sub(load.address.0);
        let one = slice(old.bytes, load.offset.plus(inside), size);
        let two = slice(new.bytes, other.offset.plus(inside), size);
        let outside = || Error::unverified("a segment lies outside the file").at(other.offset);
        let one = one.ok_or_else(outside)?;
        let differing = if is_gone {
            // Unused, or what a table left.
            let mut rest = (at..).zip(one);
            rest.find(|&(address, &byte)| !was_table && !before.is_filler(address, byte))
                .map(|(address, _)| address)
        } else {
            let two = two.ok_or_else(outside)?;
            let may_differ = |address, old, new| match (was_table, is_table) {
                // Left behind by a table: cleared.
                (true, _) => new == 0,
                // A table came here: nothing may have been lost.
                (false, true) => before.is_filler(address, old),
                // A table may have come through here on its way, or an addend have left.
                (false, false) => {
                    new == 0 && (before.is_filler(address, old) || before.unpacked.state(address).0)
                }
            };
            first_difference(at, one, two, &may_differ)
        };
        if let Some(address) = differing {
            let offset = other.offset.plus(address.saturating_sub(load.address.0));
            return Err(Error::unverified(format!(
                "bytes at address {address:#x}{} differ",
                section_at(old, VirtualAddress(address))
            ))
            .at(offset));
        }
        at = stop;
    }
    Ok(())
}

/// The address of the first byte that must not differ as it does.
fn first_difference(
    at: u64,
    one: &[u8],
    two: &[u8],
    may_differ: &dyn Fn(u64, u8, u8) -> bool,
) -> Option<u64> {
    if same_bytes(one, two) {
        return None;
    }
    (at..)
        .zip(one.iter().zip(two))
        .find(|&(address, (&old, &new))| old != new && !may_differ(address, old, new))
        .map(|(address, _)| address)
}

/// The section that an address is in, as a message puts it behind the address.
fn section_at(image: &Image<'_>, address: VirtualAddress) -> String {
    let mut sections = image.sections.iter();
    sections
        .find(|section| {
            section.is_loaded() && section.address <= address && address < section.memory_end()
        })
        .and_then(|section| image.section_name(section))
        .map(|name| format!(" (in {})", name.escape_ascii()))
        .unwrap_or_default()
}
