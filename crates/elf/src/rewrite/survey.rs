//! Takes stock of a file's loaded segments: what stays in them, what can move, what is unused.

use crate::address::{FileOffset, VirtualAddress, align_down, align_up, is_filler, slice};
use crate::error::Error;
use crate::ranges::{Ranges, Span};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::section::Section;
use crate::read::segment::{
    PF_W, PF_X, PT_DYNAMIC, PT_GNU_PROPERTY, PT_GNU_RELRO, PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR,
    Segment,
};
use crate::read::tables::{Freedom, Table};

use crate::rewrite::space::{Holder, Item, LoadSpace, Space};

impl Space {
    /// Takes stock of a file. Refuses files whose segments overlap or are out of order.
    pub(crate) fn of(image: &Image<'_>, tables: &[Table]) -> Result<Self, Error> {
        check_order(image)?;
        let page = Machine::of(&image.header).page();
        let fixed = fixed_ranges(image, tables);
        let mut loads = Vec::new();
        for (index, segment) in image.segments.iter().enumerate() {
            if segment.is_load() && segment.file_size > 0 {
                loads.push(load_space(image, tables, &fixed, index, segment, page));
            }
        }
        Ok(Self { loads, page })
    }
}

fn check_order(image: &Image<'_>) -> Result<(), Error> {
    let mut loads: Vec<&Segment> = image.loads().collect();
    let in_order = loads.windows(2).all(|pair| match pair {
        [first, second] => first.memory_end() <= second.address,
        _ => true,
    });
    if !in_order {
        return Err(Error::uneditable(
            "loaded segments overlap or are out of order",
        ));
    }
    if loads
        .iter()
        .any(|load| load.align > 1 && !load.align.is_power_of_two())
    {
        return Err(Error::uneditable(
            "a segment's alignment is not a power of two",
        ));
    }
    loads.sort_by_key(|load| load.offset);
    let apart = loads.windows(2).all(|pair| match pair {
        [first, second] => {
            first.file_size == 0 || second.file_size == 0 || first.file_end() <= second.offset
        }
        _ => true,
    });
    if apart {
        Ok(())
    } else {
        Err(Error::uneditable("loaded segments share bytes of the file"))
    }
}

/// Everything of the file that stays where it is, except the program headers.
fn fixed_ranges(image: &Image<'_>, tables: &[Table]) -> Ranges<FileOffset> {
    let mut ranges = vec![image.header_span()];
    ranges.push(image.sections_span());
    let in_table = |span: Span<FileOffset>| {
        let is_free = |table: &&Table| table.freedom != Freedom::Fixed;
        let mut free = tables.iter().filter(is_free);
        free.any(|table| table.file_span().covers(span))
    };
    let sections = image.sections.iter();
    for section in sections.filter(|section| section.file_size() > 0) {
        if !(section.is_loaded() && in_table(section.file_span())) {
            ranges.push(section.file_span());
        }
    }
    let fixed = |table: &&Table| table.freedom == Freedom::Fixed;
    ranges.extend(tables.iter().filter(fixed).map(Table::file_span));
    let segments = image.segments.iter();
    for segment in segments.filter(|segment| segment.file_size > 0) {
        let spans_others = matches!(segment.kind, PT_LOAD | PT_PHDR | PT_GNU_RELRO);
        let is_table = matches!(
            segment.kind,
            PT_NOTE | PT_GNU_PROPERTY | PT_INTERP | PT_DYNAMIC
        );
        let goes_along = is_table && in_table(segment.file_span());
        if !(spans_others || goes_along) {
            ranges.push(segment.file_span());
        }
    }
    // Program headers repeat what sections say; overlapping ranges would look like a lack of room.
    Ranges::new(ranges)
}

fn load_space(
    image: &Image<'_>,
    tables: &[Table],
    fixed: &Ranges<FileOffset>,
    index: usize,
    segment: &Segment,
    page: u64,
) -> LoadSpace {
    let (start, file_end) = (segment.offset.0, segment.file_end().0);
    let mut items = Vec::new();
    let mut push = |span: Span<FileOffset>, holder: Holder| {
        let (from, to) = (span.start.0.max(start), span.end.0.min(file_end));
        if from < to {
            items.push(Item {
                start: from,
                end: to,
                holder,
            });
        }
    };
    for span in fixed.iter() {
        push(span, Holder::Fixed);
    }
    push(image.segments_span(), Holder::ProgramHeaders);
    for (index, table) in tables
        .iter()
        .enumerate()
        .filter(|(_, table)| table.freedom != Freedom::Fixed)
    {
        push(table.file_span(), Holder::Table(index));
    }
    items.sort_by_key(|item| (item.start, item.end));
    fill_gaps(image, &mut items, start, file_end);
    let loaded = |section: &&Section| section.is_loaded() && section.size > 0;
    let inside = |section: &&Section| segment.memory_span().covers(section.memory_span());
    let sections = image.sections.iter().filter(loaded).filter(inside).count();
    let movable: usize = items
        .iter()
        .filter_map(|item| match item.holder {
            Holder::Table(index) => tables.get(index).map(|table| table.sections.len()),
            _ => None,
        })
        .sum();
    let (closed_end, open_end) = ends(image, segment, page);
    LoadSpace {
        segment: index,
        start,
        address: segment.address.0,
        file_end,
        closed_end,
        open_end,
        writable: segment.flags & PF_W != 0,
        executable: segment.flags & PF_X != 0,
        ends_in_file: segment.file_size == segment.memory_size,
        protected_end: protected_end(image, segment),
        items,
        fixed_sections: sections.saturating_sub(movable),
        sections,
    }
}

fn protected_end(image: &Image<'_>, load: &Segment) -> u64 {
    let is_inside = |segment: &&Segment| {
        segment.kind == PT_GNU_RELRO && load.memory_span().contains(segment.address)
    };
    let ends = image.segments.iter().filter(is_inside).map(|segment| {
        let size = segment.memory_end().0.saturating_sub(load.address.0);
        load.offset.plus(size).0
    });
    ends.max().unwrap_or(0)
}

/// Marks gaps between items as held where their bytes mean something; without section headers
/// every gap may mean something.
fn fill_gaps(image: &Image<'_>, items: &mut Vec<Item>, start: u64, file_end: u64) {
    let mut gaps = Vec::new();
    let mut at = start;
    for next in items
        .iter()
        .map(|item| (item.start, item.end))
        .chain([(file_end, file_end)])
    {
        if next.0 > at {
            let gap = slice(image.bytes, FileOffset(at), next.0 - at).unwrap_or_default();
            if image.sections.is_empty() || !gap.iter().copied().all(is_filler) {
                gaps.push(Item {
                    start: at,
                    end: next.0,
                    holder: Holder::Fixed,
                });
            }
        }
        at = at.max(next.1);
    }
    items.extend(gaps);
    items.sort_by_key(|item| (item.start, item.end));
}

/// How far a segment's file bytes can grow: over zeros that nobody uses, and with everything
/// behind them making way.
fn ends(image: &Image<'_>, segment: &Segment, page: u64) -> (u64, u64) {
    let end = segment.file_end().0;
    if segment.file_size != segment.memory_size {
        // What follows in memory is zeroed by the loader.
        return (end, end);
    }
    let next_page = image
        .loads()
        .filter(|other| other.address > segment.address)
        .map(|other| align_down(other.address.0, page.max(1)))
        .min();
    let in_memory = match next_page {
        Some(address) => segment
            .offset
            .0
            .saturating_add(address.saturating_sub(segment.address.0))
            .max(end),
        None => u64::MAX,
    };
    let (unused, is_last) = unused_behind(image, FileOffset(end));
    (
        unused.0.min(in_memory),
        if is_last {
            in_memory
        } else {
            unused.0.min(in_memory)
        },
    )
}

/// Where the zeros behind `end` that nobody uses stop, and whether only what can be shifted follows:
/// no loaded segment and no program headers.
pub(crate) fn unused_behind(image: &Image<'_>, end: FileOffset) -> (FileOffset, bool) {
    let headers = image.header.segments_at.0;
    let loads: Vec<u64> = image
        .loads()
        .filter(|load| load.file_size > 0)
        .map(|load| load.offset.0)
        .collect();
    let others = image
        .sections
        .iter()
        .filter(|section| section.file_size() > 0)
        .map(|section| section.offset.0)
        .chain((!image.sections.is_empty()).then_some(image.header.sections_at.0))
        .chain(
            image
                .segments
                .iter()
                .filter(|other| other.file_size > 0 && !other.is_load())
                .map(|other| other.offset.0),
        );
    let behind = |offset: &u64| *offset >= end.0;
    let is_last = !loads.iter().chain([&headers]).any(behind);
    let length = image.bytes.len() as u64;
    let user = loads
        .into_iter()
        .chain([headers])
        .chain(others)
        .filter(behind)
        .min()
        .unwrap_or(length)
        .min(length);
    let gap = slice(image.bytes, end, user.saturating_sub(end.0)).unwrap_or_default();
    let zeros = gap.iter().position(|&byte| byte != 0).unwrap_or(gap.len());
    (end.plus(zeros as u64), is_last)
}

/// The address that a new segment behind all others gets, for bytes at `offset`. Linkers give empty
/// sections addresses behind the last segment; they must not come to lie in the new one.
pub(crate) fn new_address(
    image: &Image<'_>,
    offset: FileOffset,
    page: u64,
) -> Option<VirtualAddress> {
    let end = image.loads().map(|load| load.memory_end().0).max()?;
    let near = end.saturating_add(page.saturating_mul(16));
    let behind = image
        .sections
        .iter()
        .filter(|section| section.is_loaded() && section.address.0 <= near)
        .map(|section| section.address.0.saturating_add(1))
        .max()
        .map_or(end, |last| last.max(end));
    align_up(behind, page)?
        .checked_add(offset.0 % page)
        .map(VirtualAddress)
}
