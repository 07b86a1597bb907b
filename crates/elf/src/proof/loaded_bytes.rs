//! Whether loaders map the same bytes at the same addresses, but for the tables.

use crate::address::{VirtualAddress, is_filler, same_bytes, slice};
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::ranges::{Position, Ranges, Span};
use crate::read::dynamic::{DT_PLTGOT, DT_SYMTAB, DT_VERSYM};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::section::Section;
use crate::read::segment::{PF_R, PF_W, Segment};
use crate::read::tables::Table;
use crate::read::versions;

/// The addresses of everything that an edit may move or rewrite; all of it is compared elsewhere.
fn tables_of(object: &Object<'_>) -> Result<Ranges<VirtualAddress>, Error> {
    let Object { image, dynamic, .. } = object;
    let headers = [
        image.header_span(),
        image.segments_span(),
        image.sections_span(),
    ];
    let not_loaded = image
        .sections
        .iter()
        .filter(|section| !section.is_loaded() && section.file_size() > 0)
        .map(Section::file_span);
    let mut ranges: Vec<Span<VirtualAddress>> = Vec::new();
    for span in headers.into_iter().chain(not_loaded) {
        ranges.extend(image.addresses_of(span));
    }
    ranges.extend(object.tables()?.iter().map(Table::span));
    if object.is_linked() {
        if let Some(got) = dynamic.address(DT_PLTGOT) {
            ranges.push(Span::sized(got, image.codec().word_size()));
        }
        add_versions(&mut ranges, object)?;
        if let Some(address) = dynamic.address(DT_SYMTAB) {
            ranges.push(Span::sized(address, object.symbols()?.len() as u64));
        }
    }
    Ok(Ranges::new(ranges))
}

/// Where the version needs and the symbols' versions are, which no section may tell.
fn add_versions(ranges: &mut Vec<Span<VirtualAddress>>, object: &Object<'_>) -> Result<(), Error> {
    let Object { image, dynamic, .. } = object;
    if let Some(address) = dynamic.address(DT_VERSYM) {
        let size = (object.symbol_count()? as u64).saturating_mul(2);
        ranges.push(Span::sized(address, size));
    }
    for need in versions::needs(image, dynamic)? {
        let records = need.versions.iter().map(|version| version.at);
        for at in records.chain([need.at]) {
            // It was read of one of the loaded segments, if not to its end.
            let load = image.loads().find(|load| load.file_span().contains(at));
            let start = load.map(|load| load.address_of(at));
            ranges.extend(start.map(|start| Span::sized(start, versions::NEED_SIZE as u64)));
        }
    }
    Ok(())
}

/// Compares what loaders map, segment by segment.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let (before, after) = (OldBytes::new(old, edits)?, tables_of(new)?);
    let (old, new) = (&old.image, &new.image);
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
        let grown = Span {
            start: load.loaded_span().end,
            end: other.loaded_span().end,
        };
        verify_grown(new, grown, &after)?;
        verify_load(old, new, load, other, &before, &after)?;
    }
    Ok(())
}

/// Whether a segment may promise so little alignment: pages and its own sections need no more.
/// Strip lets a segment move forward in the file by it.
fn may_be_less_aligned(old: &Image<'_>, load: &Segment, align: u64) -> bool {
    let is_in_load = |section: &&Section| load.memory_span().contains(section.address);
    let sections = old.sections.iter().filter(|section| section.is_loaded());
    align < load.align
        && align.is_power_of_two()
        && align >= Machine::of(&old.header).page()
        && sections
            .filter(is_in_load)
            .all(|section| section.align <= align)
}

/// The words that only held addends of packed relocations, which have a place of their own now.
fn unpacked_words(old: &Object<'_>, edits: &Edits) -> Result<Ranges<VirtualAddress>, Error> {
    let Object { image, dynamic, .. } = old;
    let leave = edits.relr == Relr::Expand && relocations::unpacks_with_addends(image, dynamic);
    let words = match leave {
        true => relocations::packed_places(image, dynamic)?,
        false => Vec::new(),
    };
    let size = image.codec().word_size();
    let word = |place| Span::sized(place, size);
    Ok(Ranges::new(words.into_iter().map(word).collect()))
}

/// A new segment holds tables and nothing else, can be written where the dynamic list is in it (musl
/// and glibc do), and begins on a page.
fn verify_added(
    new: &Image<'_>,
    load: &Segment,
    after: &Ranges<VirtualAddress>,
) -> Result<(), Error> {
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
    verify_grown(new, load.loaded_span(), after)
}

/// Addresses that were not in the file before hold tables or zeros.
fn verify_grown(
    new: &Image<'_>,
    grown: Span<VirtualAddress>,
    after: &Ranges<VirtualAddress>,
) -> Result<(), Error> {
    let mut start = grown.start;
    while start < grown.end {
        let (is_table, next) = after.state(start);
        let end = next.min(grown.end);
        let bytes = new.loaded_bytes(Span { start, end }).unwrap_or(&[1]);
        if !is_table && bytes.iter().any(|&byte| byte != 0) {
            return Err(Error::unverified(format!(
                "unexpected bytes at address {start}"
            )));
        }
        start = end;
    }
    Ok(())
}

/// What of the old file decides which of its loaded bytes may differ.
struct OldBytes {
    /// What an edit may move or rewrite.
    tables: Ranges<VirtualAddress>,
    /// Sections with bytes in the file, tables among them: no byte of theirs is filler.
    sections: Ranges<VirtualAddress>,
    /// Words whose addends have left.
    unpacked: Ranges<VirtualAddress>,
}

impl OldBytes {
    fn new(old: &Object<'_>, edits: &Edits) -> Result<Self, Error> {
        let sections = old
            .image
            .sections
            .iter()
            .filter(|section| section.is_loaded() && section.file_size() > 0)
            .map(Section::memory_span);
        Ok(Self {
            tables: tables_of(old)?,
            sections: Ranges::new(sections.collect()),
            unpacked: unpacked_words(old, edits)?,
        })
    }
}

fn verify_load(
    old: &Image<'_>,
    new: &Image<'_>,
    load: &Segment,
    other: &Segment,
    before: &OldBytes,
    after: &Ranges<VirtualAddress>,
) -> Result<(), Error> {
    let end = load.loaded_span().end;
    let other_end = other.loaded_span().end;
    let mut at = load.address;
    while at < end {
        let (was_table, next_before) = before.tables.state(at);
        let (is_table, next_after) = after.state(at);
        let (in_section, next_section) = before.sections.state(at);
        let is_gone = at >= other_end;
        let next_end = if is_gone { end } else { other_end };
        let stop = next_before.min(next_after).min(next_section);
        let stop = stop.min(end).min(next_end);
        if was_table && is_table && !is_gone {
            // Compared by what they mean.
            at = stop;
            continue;
        }
        let size = stop.behind(at);
        let inside = at.behind(load.address);
        let one = slice(old.bytes, load.offset.plus(inside), size);
        let two = slice(new.bytes, other.offset.plus(inside), size);
        let outside = || Error::unverified("a segment lies outside the file").at(other.offset);
        let one = one.ok_or_else(outside)?;
        // A byte outside of all tables that nobody reads.
        let is_filler = |byte| !in_section && is_filler(byte);
        let differing = if is_gone {
            // Unused, or what a table left.
            let mut rest = addresses(at).zip(one);
            rest.find(|&(_, &byte)| !was_table && !is_filler(byte))
                .map(|(address, _)| address)
        } else {
            let two = two.ok_or_else(outside)?;
            let may_differ = |address, old, new| match (was_table, is_table) {
                // Left behind by a table: cleared.
                (true, _) => new == 0,
                // A table came here: nothing may have been lost.
                (false, true) => is_filler(old),
                // A table may have come through here on its way, or an addend have left.
                (false, false) => new == 0 && (is_filler(old) || before.unpacked.contains(address)),
            };
            first_difference(at, one, two, &may_differ)
        };
        if let Some(address) = differing {
            let offset = other.offset.plus(address.behind(load.address));
            return Err(Error::unverified(format!(
                "bytes at address {address}{} differ",
                section_at(old, address)
            ))
            .at(offset));
        }
        at = stop;
    }
    Ok(())
}

/// All addresses from one on.
fn addresses(from: VirtualAddress) -> impl Iterator<Item = VirtualAddress> {
    (from.0..).map(VirtualAddress)
}

/// The address of the first byte that must not differ as it does.
fn first_difference(
    at: VirtualAddress,
    one: &[u8],
    two: &[u8],
    may_differ: &dyn Fn(VirtualAddress, u8, u8) -> bool,
) -> Option<VirtualAddress> {
    if same_bytes(one, two) {
        return None;
    }
    addresses(at)
        .zip(one.iter().zip(two))
        .find(|&(address, (&old, &new))| old != new && !may_differ(address, old, new))
        .map(|(address, _)| address)
}

/// The section that an address is in, as a message puts it behind the address.
fn section_at(image: &Image<'_>, address: VirtualAddress) -> String {
    let mut sections = image.sections.iter();
    sections
        .find(|section| section.is_loaded() && section.memory_span().contains(address))
        .and_then(|section| image.section_name(section))
        .map(|name| format!(" (in {})", name.escape_ascii()))
        .unwrap_or_default()
}
