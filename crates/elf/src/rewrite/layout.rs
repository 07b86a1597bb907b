//! Decides where the tables go when some of them grow: as near and as cheap as possible.
//!
//! The levels, cheapest first: nothing grows (L0); the tables of one segment move closer together
//! or into unused bytes (L1); a table moves behind another segment (L2); a new segment takes some
//! tables, and the program headers grow where they are (L3) or move along (L4).

use serde::Serialize;

use crate::address::{FileOffset, VirtualAddress, align_up};
use crate::error::Error;
use crate::ranges::Span;
use crate::read::image::Image;
use crate::read::segment::{PT_PHDR, Segment};
use crate::read::tables::{Freedom, Table};
use crate::rewrite::space::{Fit, ProgramHeaders, Space};
use crate::rewrite::survey::unused_behind;

/// How far an edit had to reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// No table grew.
    #[default]
    L0,
    /// Tables moved within their segment.
    L1,
    /// A table moved to the unused bytes behind another segment.
    L2,
    /// A segment was added.
    L3,
    /// A segment was added and the program headers moved into it.
    L4,
}

/// Where a table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: FileOffset,
    pub(crate) address: VirtualAddress,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) level: Level,
    /// One place per table.
    pub(crate) places: Vec<Place>,
    /// The program headers with the loaded segments as they will be; other kinds are as before.
    pub(crate) segments: Vec<Segment>,
    pub(crate) headers_at: FileOffset,
    /// Where bytes have to be inserted into the file, and how many.
    pub(crate) insertion: (FileOffset, u64),
}

/// The most tables among which subsets are tried.
const CANDIDATES: usize = 10;
/// The most bytes that are inserted besides the tables themselves.
const MOST_PADDING: u64 = 0x1_0000;
/// What is behind the last segment moves by a multiple of this, more than any table's alignment.
const SHIFT_ALIGN: u64 = 64;

/// Lays the tables out. `added` is a program header to add that says nothing of the file's bytes.
pub(crate) fn lay_out(
    image: &Image<'_>,
    tables: &[Table],
    added: Option<Segment>,
) -> Result<Layout, Error> {
    let stay = |image: &Image<'_>, level| Layout {
        level,
        places: tables
            .iter()
            .map(|table| Place {
                offset: table.offset,
                address: table.address,
            })
            .collect(),
        segments: image.segments.clone(),
        headers_at: image.header.segments_at,
        insertion: (FileOffset(image.bytes.len() as u64), 0),
    };
    if !tables.iter().any(Table::grows) && added.is_none() {
        return Ok(stay(image, Level::L0));
    }
    if let Some(table) = tables
        .iter()
        .find(|table| table.grows() && table.freedom == Freedom::Fixed)
    {
        return Err(
            Error::uneditable("a table that has to grow is referred to by its address")
                .at(table.offset),
        );
    }
    if tables.len() > u64::BITS as usize {
        return Err(Error::uneditable("too many tables"));
    }
    let space = Space::of(image, tables)?;
    let solver = Solver {
        image,
        tables,
        space,
        added,
    };
    let layout = solver
        .in_place(false)
        .or_else(|| solver.in_place(true))
        .or_else(|| solver.behind_segments(false))
        .or_else(|| solver.behind_segments(true))
        .or_else(|| solver.new_segment(Level::L3))
        .or_else(|| solver.new_segment(Level::L4))
        .ok_or_else(|| Error::uneditable("no room for the new names"))?;
    // Hostile alignments and addresses could ask for any size.
    let grown: u64 = tables
        .iter()
        .map(Table::new_size)
        .fold(0, u64::saturating_add);
    if layout.insertion.1 > grown.saturating_add(MOST_PADDING) {
        return Err(Error::uneditable(
            "the new names would need too much padding",
        ));
    }
    Ok(layout)
}

pub(crate) struct Solver<'a> {
    pub(crate) image: &'a Image<'a>,
    pub(crate) tables: &'a [Table],
    pub(crate) space: Space,
    pub(crate) added: Option<Segment>,
}

impl Solver<'_> {
    /// What an added program header means for the others.
    fn headers(&self) -> ProgramHeaders {
        match self.added {
            Some(_) => ProgramHeaders::Grow(Segment::record_size(self.image.codec())),
            None => ProgramHeaders::Stay,
        }
    }

    fn in_place(&self, open: bool) -> Option<Layout> {
        let fit = self.space.fit(self.tables, 0, self.headers(), open)?;
        self.grown(Level::L1, fit)
    }

    fn behind_segments(&self, open: bool) -> Option<Layout> {
        self.subsets().into_iter().find_map(|evicted| {
            let mut fit = self.space.fit(self.tables, evicted, self.headers(), open)?;
            let rest = self.refill(&mut fit, self.evicted(evicted), open)?;
            for index in rest {
                self.place_behind(&mut fit, index, open)?;
            }
            self.grown(Level::L2, fit)
        })
    }

    /// Gives every segment that lost all its sections one of the evicted tables, the smallest that
    /// may be there, and gives the other tables back.
    pub(crate) fn refill(
        &self,
        fit: &mut Fit,
        mut evicted: Vec<usize>,
        open: bool,
    ) -> Option<Vec<usize>> {
        for load in self.space.emptied(fit) {
            let mut order = evicted.clone();
            order.sort_by_key(|&index| self.tables.get(index).map(Table::new_size));
            let placed = order
                .into_iter()
                .find(|&index| self.place_in(fit, load, index, open).is_some())?;
            evicted.retain(|&index| index != placed);
        }
        Some(evicted)
    }

    /// Puts a table into the free bytes at the end of a segment.
    fn place_in(&self, fit: &mut Fit, load_index: usize, index: usize, open: bool) -> Option<()> {
        let table = self.tables.get(index)?;
        let load = self.space.loads.get(load_index)?;
        if table.writable && !load.writable {
            return None;
        }
        let limit = if open { load.open_end } else { load.closed_end };
        let end = fit.ends.get_mut(load_index)?;
        let at = load.aligned(*end, table.align)?;
        let new_end = at
            .checked_add(table.new_size())
            .filter(|&new_end| new_end <= limit)?;
        *fit.offsets.get_mut(index)? = Some(at);
        *end = new_end;
        let sections = fit.sections.get_mut(load_index)?;
        *sections = sections.saturating_add(table.sections.len());
        Some(())
    }

    /// Puts a table behind the segment that suits it best: read-only before executable before writable.
    fn place_behind(&self, fit: &mut Fit, index: usize, open: bool) -> Option<()> {
        let mut order: Vec<usize> = (0..self.space.loads.len()).collect();
        order.sort_by_key(|&load| {
            self.space
                .loads
                .get(load)
                .map(|load| (load.writable, load.executable))
        });
        order
            .into_iter()
            .find_map(|load| self.place_in(fit, load, index, open))
    }

    /// The tables of a subset: the writable one first, the string table last, since it is the one
    /// that grows again.
    pub(crate) fn evicted(&self, subset: u64) -> Vec<usize> {
        let mut indexes: Vec<usize> = (0..self.tables.len())
            .filter(|&index| subset >> index & 1 == 1)
            .collect();
        indexes.sort_by_key(|&index| {
            self.tables
                .get(index)
                .map(|table| (!table.writable, std::cmp::Reverse(table.align), index))
        });
        indexes
    }

    /// Subsets of the tables that may leave their segment, smallest first.
    pub(crate) fn subsets(&self) -> Vec<u64> {
        let mut free: Vec<usize> = (0..self.tables.len())
            .filter(|&index| {
                self.tables
                    .get(index)
                    .is_some_and(|table| table.freedom == Freedom::Free && table.new_size() > 0)
            })
            .collect();
        // Tables that grow are always among the candidates, then the smallest ones. The dynamic
        // section stays where it is unless it has to grow: code may know its address.
        free.retain(|&index| {
            self.tables
                .get(index)
                .is_some_and(|table| table.grows() || !table.writable)
        });
        free.sort_by_key(|&index| {
            self.tables
                .get(index)
                .map(|table| (!table.grows(), table.new_size()))
        });
        free.truncate(CANDIDATES);
        let mut subsets: Vec<(u64, u64)> = (1_u64..1 << free.len())
            .map(|choice| {
                let chosen = free
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| choice >> bit & 1 == 1)
                    .map(|(_, &index)| index);
                chosen.fold((0, 0), |(size, set), index| {
                    let table = self.tables.get(index).map_or(0, Table::new_size);
                    (u64::saturating_add(size, table), set | 1 << index)
                })
            })
            .collect();
        subsets.sort_unstable();
        subsets.into_iter().map(|(_, set)| set).collect()
    }

    /// A layout in which segments grow at their ends, at most one of them by pushing the rest of
    /// the file away.
    fn grown(&self, level: Level, fit: Fit) -> Option<Layout> {
        if !self.space.emptied(&fit).is_empty() {
            return None;
        }
        let segments = self.grown_segments(&fit)?;
        let mut insertion = (FileOffset(self.image.bytes.len() as u64), 0);
        for (load, &end) in self.space.loads.iter().zip(&fit.ends) {
            if end > load.closed_end {
                insertion = self.insertion(FileOffset(load.file_end), FileOffset(end))?;
            }
        }
        let places = self.places(&fit)?;
        let headers_at = self.image.header.segments_at;
        let segments = match self.added {
            Some(added) => with_headers_sized(self.image, segments, [added], headers_at)?,
            None => segments,
        };
        Some(Layout {
            level,
            places,
            segments,
            headers_at,
            insertion,
        })
    }

    pub(crate) fn grown_segments(&self, fit: &Fit) -> Option<Vec<Segment>> {
        let mut segments = self.image.segments.clone();
        for (load, &end) in self.space.loads.iter().zip(&fit.ends) {
            if end > load.file_end {
                let segment = segments.get_mut(load.segment)?;
                segment.file_size = end.checked_sub(load.start)?;
                segment.memory_size = segment.file_size;
            }
        }
        Some(segments)
    }

    /// What has to be inserted so that bytes `[from, to)` are free.
    pub(crate) fn insertion(&self, from: FileOffset, to: FileOffset) -> Option<(FileOffset, u64)> {
        let (unused, _) = unused_behind(self.image, from);
        let missing = to.0.saturating_sub(unused.0);
        let at_end = unused.0 == self.image.bytes.len() as u64;
        let size = if at_end {
            missing
        } else {
            align_up(missing, SHIFT_ALIGN)?
        };
        Some((unused, size))
    }

    pub(crate) fn places(&self, fit: &Fit) -> Option<Vec<Place>> {
        let mut places = Vec::with_capacity(self.tables.len());
        for (table, &offset) in self.tables.iter().zip(&fit.offsets) {
            let offset = offset.unwrap_or(table.offset.0);
            let load = self.space.loads.iter().zip(&fit.ends).find(|(load, end)| {
                offset >= load.start && offset.saturating_add(table.new_size()) <= **end
            });
            let address = match load {
                Some((load, _)) => VirtualAddress(load.address_of(offset)),
                None => table.address,
            };
            places.push(Place {
                offset: FileOffset(offset),
                address,
            });
        }
        Some(places)
    }
}

/// The program headers with one more at their end, and the ones that speak of them all resized.
pub(crate) fn with_headers_sized(
    image: &Image<'_>,
    mut segments: Vec<Segment>,
    added: impl IntoIterator<Item = Segment>,
    headers_at: FileOffset,
) -> Option<Vec<Segment>> {
    segments.extend(added);
    let size = Segment::record_size(image.codec()).checked_mul(segments.len() as u64)?;
    let address = segments
        .iter()
        .filter(|segment| segment.is_load())
        .find(|load| load.holds(Span::sized(headers_at, size)))
        .map(|load| load.address_of(headers_at))?;
    for segment in segments
        .iter_mut()
        .filter(|segment| segment.kind == PT_PHDR)
    {
        segment.offset = headers_at;
        segment.address = address;
        segment.physical = address.0;
        segment.file_size = size;
        segment.memory_size = size;
    }
    Some(segments)
}
