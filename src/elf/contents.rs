//! Whether every byte that an edit had no business with is still the same.

use super::address::{FileOffset, VirtualAddress, same_bytes, same_slices, slice};
use super::dynamic::{DT_PLTGOT, DT_VERSYM, Dynamic};
use super::edits::{Edits, Relr, Strip};
use super::error::Error;
use super::header::Header;
use super::image::Image;
use super::relocations;
use super::section::Section;
use super::sections_kept;
use super::segment::{
    PF_X, PT_DYNAMIC, PT_GNU_PROPERTY, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR,
    Segment,
};
use super::space::is_filler;
use super::symbols::{self};
use super::tables::{self};
use super::versions;

/// Compares all bytes and headers but those of the tables, which have a meaning of their own.
pub(super) fn verify(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    verify_header(old, new, edits)?;
    verify_segments(old, new, edits)?;
    verify_loaded(old, new, edits)?;
    sections_kept::verify(old, new, edits)?;
    verify_overlay(old, new)
}

fn verify_header(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    // Everything up to the tables' places, and the flags behind them.
    let codec = old.codec();
    let identity = |image: &Image<'_>| {
        let mut identity = image.bytes.get(..24)?.to_vec();
        *identity.get_mut(7)? = edits.more.os_abi.unwrap_or(image.header.os_abi);
        Some(identity)
    };
    let same = identity(old) == identity(new)
        && new.header.os_abi == edits.more.os_abi.unwrap_or(old.header.os_abi)
        && codec == new.codec()
        && old.header.entry == new.header.entry
        && old.header.flags == new.header.flags;
    if same {
        Ok(())
    } else {
        Err(Error::unverified("the ELF header differs"))
    }
}

fn verify_segments(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let others = |image: &Image<'_>| -> Vec<Segment> {
        image
            .segments
            .iter()
            .filter(|segment| !matches!(segment.kind, PT_LOAD | PT_NULL))
            .copied()
            .collect()
    };
    let (mut before, after) = (others(old), others(new));
    // What is asked of the stack is seen in the facts; here it must be all there is new.
    if edits.more.exec_stack.is_some() {
        let stack = |segment: &&Segment| segment.kind == PT_GNU_STACK;
        let at = after
            .iter()
            .position(|segment| segment.kind == PT_GNU_STACK);
        match (
            before
                .iter_mut()
                .find(|segment| segment.kind == PT_GNU_STACK),
            at,
        ) {
            (Some(one), Some(at)) => {
                let flags = after.get(at).map_or(0, |segment| segment.flags);
                one.flags = one.flags & !PF_X | flags & PF_X;
            }
            (None, Some(at)) => before.insert(
                at.min(before.len()),
                *after
                    .iter()
                    .find(stack)
                    .ok_or_else(|| Error::unverified("no stack"))?,
            ),
            _ => {}
        }
    }
    if before.len() != after.len() {
        return Err(Error::unverified("there are more or fewer program headers"));
    }
    for (one, other) in before.iter().zip(&after) {
        let moves = matches!(
            one.kind,
            PT_PHDR | PT_DYNAMIC | PT_NOTE | PT_GNU_PROPERTY | PT_INTERP
        );
        let keeps_size = match one.kind {
            PT_PHDR | PT_DYNAMIC => false,
            PT_INTERP => edits.more.interpreter.is_none(),
            _ => true,
        };
        let same = one.kind == other.kind
            && one.flags == other.flags
            && one.align == other.align
            && one.physical.wrapping_sub(one.address.0)
                == other.physical.wrapping_sub(other.address.0)
            && (moves || one.address == other.address)
            && (one.memory_size == other.memory_size || other.memory_size == other.file_size)
            && (!keeps_size
                || (one.file_size, one.memory_size) == (other.file_size, other.memory_size));
        if !same {
            return Err(Error::unverified("a program header differs").at(other.offset));
        }
        let has_content = keeps_size && one.file_size > 0;
        // What is loaded is compared range by range, where tables may differ.
        let is_loaded = || {
            old.loads()
                .any(|load| load.holds_file_range(one.offset, one.file_size))
        };
        if has_content && (moves || !is_loaded()) {
            let content = slice(old.bytes, one.offset, one.file_size);
            let others = slice(new.bytes, other.offset, other.file_size);
            if !same_slices(content, others) {
                return Err(
                    Error::unverified("a program header's content differs").at(other.offset)
                );
            }
        }
    }
    Ok(())
}

/// Address ranges, in order, apart from each other.
#[derive(Clone, Debug, Default)]
struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    fn new(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.retain(|range| range.0 < range.1);
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joined = next.0 <= kept.1;
            if joined {
                kept.1 = kept.1.max(next.1);
            }
            joined
        });
        Self(ranges)
    }

    /// Whether an address is in a range, and where that changes next.
    fn state(&self, address: u64) -> (bool, u64) {
        let next = self.0.partition_point(|range| range.1 <= address);
        match self.0.get(next) {
            Some(&(start, end)) if start <= address => (true, end),
            Some(&(start, _)) => (false, start),
            None => (false, u64::MAX),
        }
    }
}

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
        if let Some(address) = dynamic.address(super::dynamic::DT_SYMTAB) {
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

fn verify_loaded(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let (before, after) = (tables_of(old)?, tables_of(new)?);
    let blank = unpacked_words(old, edits)?;
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
            && (may_shrink || other.file_size >= load.file_size)
            && if load.file_size == load.memory_size {
                other.file_size == other.memory_size
            } else {
                load.memory_size == other.memory_size
            }
            && other.align <= load.align;
        if !same {
            return Err(Error::unverified("a loaded segment differs").at(other.offset));
        }
        let address = load.address.plus(load.file_size);
        verify_grown(new, address, other.address.plus(other.file_size), &after)?;
        verify_load(old, new, load, other, &before, &after, &blank)?;
    }
    Ok(())
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

/// A new segment holds tables and nothing else.
fn verify_added(new: &Image<'_>, load: &Segment, after: &Ranges) -> Result<(), Error> {
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

fn verify_load(
    old: &Image<'_>,
    new: &Image<'_>,
    load: &Segment,
    other: &Segment,
    before: &Ranges,
    after: &Ranges,
    blank: &Ranges,
) -> Result<(), Error> {
    let end = load.address.plus(load.file_size).0;
    let mut at = load.address.0;
    while at < end {
        let (was_table, next_before) = before.state(at);
        let (is_table, next_after) = after.state(at);
        let other_end = other.address.plus(other.file_size).0;
        let is_gone = at >= other_end;
        let next_end = if is_gone { end } else { other_end };
        let stop = next_before.min(next_after).min(end).min(next_end);
        let size = stop.saturating_sub(at);
        let inside = at.saturating_sub(load.address.0);
        let one = slice(old.bytes, load.offset.plus(inside), size);
        let two = if is_gone {
            Some(&[][..])
        } else {
            slice(new.bytes, other.offset.plus(inside), size)
        };
        let (Some(one), Some(two)) = (one, two) else {
            return Err(Error::unverified("a segment lies outside the file").at(other.offset));
        };
        let each = |may_differ: &dyn Fn(u8, u8) -> bool| {
            same_bytes(one, two)
                || one
                    .iter()
                    .zip(two)
                    .all(|(&old, &new)| old == new || may_differ(old, new))
        };
        let holds = match (was_table, is_table) {
            _ if is_gone => was_table || one.iter().copied().all(is_filler),
            // Compared by what they mean.
            (true, true) => true,
            // Left behind by a table: cleared, or as it was.
            (true, false) => each(&|_, new| new == 0),
            // A table came here: nothing may have been lost.
            (false, true) => each(&|old, _| is_filler(old)),
            // A table may have come through here on its way, or an addend have left.
            (false, false) => {
                same_bytes(one, two)
                    || (at..)
                        .zip(one.iter().zip(two))
                        .all(|(address, (&old, &new))| {
                            old == new || new == 0 && (is_filler(old) || blank.state(address).0)
                        })
            }
        };
        if !holds {
            return Err(
                Error::unverified(format!("bytes at address {at:#x} differ"))
                    .at(other.offset.plus(inside)),
            );
        }
        at = stop;
    }
    Ok(())
}

/// What was appended to the file without any header knowing of it is still there.
fn verify_overlay(old: &Image<'_>, new: &Image<'_>) -> Result<(), Error> {
    if same_bytes(overlay(old), overlay(new)) {
        Ok(())
    } else {
        Err(Error::unverified("what was appended to the file differs"))
    }
}

/// What lies behind all that headers know of, without the zeros around it.
fn overlay<'a>(image: &Image<'a>) -> &'a [u8] {
    let end = image.described_end().index();
    let bytes = image.bytes.get(end..).unwrap_or_default();
    let is_zero = |&byte: &u8| byte == 0;
    let Some(first) = bytes.iter().position(|byte| !is_zero(byte)) else {
        return &[];
    };
    let last = bytes.iter().rposition(|byte| !is_zero(byte));
    bytes.get(first..=last.unwrap_or(first)).unwrap_or_default()
}
