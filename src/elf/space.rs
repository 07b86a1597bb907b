//! Who sits where in each loaded segment, and how much room there is between and behind them.

use super::address::{FileOffset, VirtualAddress, align_down, align_up, slice};
use super::error::Error;
use super::header::Header;
use super::image::Image;
use super::machine::Machine;
use super::section::Section;
use super::segment::{
    PF_W, PF_X, PT_GNU_PROPERTY, PT_GNU_RELRO, PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR, Segment,
};
use super::tables::{Freedom, Table};

/// What holds a range of a segment's file bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Something that stays.
    Fixed,
    /// The program headers, which stay but may grow.
    ProgramHeaders,
    /// A table, by its index.
    Table(usize),
}

#[derive(Clone, Copy, Debug)]
struct Item {
    start: u64,
    end: u64,
    holder: Holder,
}

/// What happens to the program headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProgramHeaders {
    /// They stay.
    Stay,
    /// They stay and grow by this many bytes.
    Grow(u64),
    /// They move away.
    Leave,
}

/// One loaded segment and what is in it. Positions are file offsets.
#[derive(Clone, Debug)]
pub(super) struct LoadSpace {
    /// Index among the program headers.
    pub(super) segment: usize,
    pub(super) start: u64,
    pub(super) address: u64,
    pub(super) file_end: u64,
    /// How far the segment can grow over bytes that nobody uses.
    pub(super) closed_end: u64,
    /// How far it can grow when everything behind it in the file makes way.
    pub(super) open_end: u64,
    pub(super) writable: bool,
    pub(super) executable: bool,
    /// Whether its memory is all file bytes, with nothing for the loader to zero behind them.
    ends_in_file: bool,
    /// Where the part ends that loaders make read-only after relocation; it has to stay mapped.
    protected_end: u64,
    items: Vec<Item>,
    /// Sections that stay whatever happens.
    fixed_sections: usize,
    /// Sections at all.
    sections: usize,
}

/// Where the tables of all segments go; `None` for those that are not in their segment any more.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    pub(super) offsets: Vec<Option<u64>>,
    /// Per segment, where its last used byte ends.
    pub(super) ends: Vec<u64>,
}

/// All loaded segments of a file.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) loads: Vec<LoadSpace>,
    pub(super) page: u64,
}

/// What linkers and patchelf fill gaps with.
pub(super) fn is_filler(byte: u8) -> bool {
    matches!(byte, 0 | b'X' | b'Z')
}

impl Space {
    /// Takes stock of a file. Refuses files whose segments overlap or are out of order.
    pub(super) fn of(image: &Image<'_>, tables: &[Table]) -> Result<Self, Error> {
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

    /// Places all tables but the `evicted` ones (by bit) in their own segments.
    pub(super) fn fit(
        &self,
        tables: &[Table],
        evicted: u64,
        headers: ProgramHeaders,
        open: bool,
    ) -> Option<Fit> {
        let mut fit = Fit {
            offsets: vec![None; tables.len()],
            ends: Vec::with_capacity(self.loads.len()),
        };
        for load in &self.loads {
            let end = load.fit(tables, evicted, headers, open, &mut fit.offsets)?;
            fit.ends.push(end);
        }
        Some(fit)
    }
}

impl LoadSpace {
    /// The address of a file offset of this segment.
    pub(super) fn address_of(&self, offset: u64) -> u64 {
        self.address
            .saturating_add(offset.saturating_sub(self.start))
    }

    /// The first offset from `offset` on whose address is aligned.
    pub(super) fn aligned(&self, offset: u64, align: u64) -> Option<u64> {
        let address = self.address_of(offset);
        offset.checked_add(align_up(address, align)?.checked_sub(address)?)
    }

    fn fit(
        &self,
        tables: &[Table],
        evicted: u64,
        headers: ProgramHeaders,
        open: bool,
        offsets: &mut [Option<u64>],
    ) -> Option<u64> {
        let limit = if open { self.open_end } else { self.closed_end };
        let mut lower = self.start;
        let mut run: Vec<usize> = Vec::new();
        let mut stays = self.fixed_sections;
        for item in &self.items {
            match item.holder {
                Holder::Table(index) => {
                    let table = tables.get(index)?;
                    if evicted >> index & 1 == 0 && table.new_size() > 0 {
                        run.push(index);
                        stays = stays.saturating_add(table.sections.len());
                    }
                }
                Holder::ProgramHeaders if headers == ProgramHeaders::Leave => {}
                Holder::Fixed | Holder::ProgramHeaders => {
                    self.place(tables, &run, lower, item.start, offsets)?;
                    run.clear();
                    lower = item.end.max(lower);
                    if let (Holder::ProgramHeaders, ProgramHeaders::Grow(growth)) =
                        (item.holder, headers)
                    {
                        lower = lower.checked_add(growth)?;
                    }
                }
            }
        }
        let end = self.place(tables, &run, lower, limit, offsets)?;
        // strip takes a segment without any section for useless (rule S1 of the editor).
        (stays > 0 || self.sections == 0).then(|| end.max(self.file_end))
    }

    /// Where the segment could end if its unused bytes were given up, and where its tables would
    /// be then; `None` if that is where it ends now. Tables move only where there is nothing else.
    pub(super) fn compacted(&self, tables: &[Table]) -> Option<(u64, Vec<(usize, u64)>)> {
        if !self.ends_in_file || self.sections == 0 {
            return None;
        }
        let moves = self.fixed_sections == 0;
        let mut places = Vec::new();
        let mut end = self.start;
        for item in &self.items {
            match item.holder {
                Holder::Table(index) if moves => {
                    let table = tables.get(index)?;
                    let at = self.aligned(end, table.align)?;
                    places.push((index, at));
                    end = at.checked_add(table.size)?;
                }
                _ if item.start < end => return None,
                _ => end = item.end,
            }
        }
        let end = end.max(self.protected_end);
        (end < self.file_end).then_some((end, places))
    }

    /// Places tables one after the other in `[lower, upper)`: moved only as far as needed if that
    /// fits, else close together. Returns where the last one ends.
    fn place(
        &self,
        tables: &[Table],
        run: &[usize],
        lower: u64,
        upper: u64,
        offsets: &mut [Option<u64>],
    ) -> Option<u64> {
        if lower > upper {
            return None;
        }
        [true, false].into_iter().find_map(|stay| {
            let mut at = lower;
            for &index in run {
                let table = tables.get(index)?;
                at = self.aligned(at, table.align)?;
                if stay {
                    at = at.max(table.offset.0);
                }
                *offsets.get_mut(index)? = Some(at);
                at = at.checked_add(table.new_size())?;
            }
            (at <= upper).then_some(at)
        })
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

/// All ranges of the file that stay where they are, except the program headers.
fn fixed_ranges(image: &Image<'_>, tables: &[Table]) -> Vec<(u64, u64)> {
    let mut ranges = vec![(0, Header::size(image.codec()))];
    let section_table =
        Section::record_size(image.codec()).saturating_mul(image.sections.len() as u64);
    if section_table > 0 {
        ranges.push((
            image.header.sections_at.0,
            image.header.sections_at.plus(section_table).0,
        ));
    }
    let in_table = |start: FileOffset, end: FileOffset| {
        tables.iter().any(|table| {
            table.freedom != Freedom::Fixed
                && start >= table.offset
                && end <= table.offset.plus(table.size)
        })
    };
    for section in image
        .sections
        .iter()
        .filter(|section| section.file_size() > 0)
    {
        if !(section.is_loaded() && in_table(section.offset, section.file_end())) {
            ranges.push((section.offset.0, section.file_end().0));
        }
    }
    for table in tables
        .iter()
        .filter(|table| table.freedom == Freedom::Fixed)
    {
        ranges.push((table.offset.0, table.offset.plus(table.size).0));
    }
    for segment in image
        .segments
        .iter()
        .filter(|segment| segment.file_size > 0)
    {
        let spans_others = matches!(segment.kind, PT_LOAD | PT_PHDR | PT_GNU_RELRO);
        let is_table = matches!(
            segment.kind,
            PT_NOTE | PT_GNU_PROPERTY | PT_INTERP | super::segment::PT_DYNAMIC
        );
        let goes_along = is_table && in_table(segment.offset, segment.file_end());
        if !(spans_others || goes_along) {
            ranges.push((segment.offset.0, segment.file_end().0));
        }
    }
    ranges.sort_unstable();
    // Program headers repeat what sections say; overlapping ranges would look like a lack of room.
    ranges.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1;
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
    ranges
}

fn headers_range(image: &Image<'_>) -> (u64, u64) {
    let size = Segment::record_size(image.codec()).saturating_mul(image.segments.len() as u64);
    (
        image.header.segments_at.0,
        image.header.segments_at.plus(size).0,
    )
}

fn load_space(
    image: &Image<'_>,
    tables: &[Table],
    fixed: &[(u64, u64)],
    index: usize,
    segment: &Segment,
    page: u64,
) -> LoadSpace {
    let (start, file_end) = (segment.offset.0, segment.file_end().0);
    let mut items = Vec::new();
    let mut push = |range: (u64, u64), holder: Holder| {
        let (from, to) = (range.0.max(start), range.1.min(file_end));
        if from < to {
            items.push(Item {
                start: from,
                end: to,
                holder,
            });
        }
    };
    for &range in fixed {
        push(range, Holder::Fixed);
    }
    push(headers_range(image), Holder::ProgramHeaders);
    for (index, table) in tables
        .iter()
        .enumerate()
        .filter(|(_, table)| table.freedom != Freedom::Fixed)
    {
        push(
            (table.offset.0, table.offset.plus(table.size).0),
            Holder::Table(index),
        );
    }
    items.sort_by_key(|item| (item.start, item.end));
    fill_gaps(image, &mut items, start, file_end);
    let loaded = |section: &&Section| section.is_loaded() && section.size > 0;
    let inside = |section: &&Section| {
        section.address >= segment.address && section.memory_end() <= segment.memory_end()
    };
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
        segment.kind == PT_GNU_RELRO
            && segment.address >= load.address
            && segment.address < load.memory_end()
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
pub(super) fn unused_behind(image: &Image<'_>, end: FileOffset) -> (FileOffset, bool) {
    let headers = headers_range(image).0;
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

/// The address that a new segment behind all others gets, for bytes at `offset`.
pub(super) fn new_address(
    image: &Image<'_>,
    offset: FileOffset,
    page: u64,
) -> Option<VirtualAddress> {
    let end = image.loads().map(|load| load.memory_end().0).max()?;
    align_up(end, page)?
        .checked_add(offset.0 % page)
        .map(VirtualAddress)
}
