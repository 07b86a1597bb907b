//! Who sits where in each loaded segment, and how much room there is between and behind them.

use crate::address::align_up;
use crate::read::tables::Table;

/// What holds a range of a segment's file bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Something that stays.
    Fixed,
    /// The program headers, which stay but may grow.
    ProgramHeaders,
    /// A table, by its index.
    Table(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) holder: Holder,
}

/// What happens to the program headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramHeaders {
    /// They stay.
    Stay,
    /// They stay and grow by this many bytes.
    Grow(u64),
    /// They move away.
    Leave,
}

/// One loaded segment and what is in it. Positions are file offsets.
#[derive(Clone, Debug)]
pub(crate) struct LoadSpace {
    /// Index among the program headers.
    pub(crate) segment: usize,
    pub(crate) start: u64,
    pub(crate) address: u64,
    pub(crate) file_end: u64,
    /// How far the segment can grow over bytes that nobody uses.
    pub(crate) closed_end: u64,
    /// How far it can grow when everything behind it in the file makes way.
    pub(crate) open_end: u64,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
    /// Whether its memory is all file bytes, with nothing for the loader to zero behind them.
    pub(crate) ends_in_file: bool,
    /// Where the part ends that loaders make read-only after relocation; it has to stay mapped.
    pub(crate) protected_end: u64,
    pub(crate) items: Vec<Item>,
    /// Sections that stay whatever happens.
    pub(crate) fixed_sections: usize,
    /// Sections at all.
    pub(crate) sections: usize,
}

/// Where the tables of all segments go; `None` for those that are not in their segment any more.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) offsets: Vec<Option<u64>>,
    /// Per segment, where its last used byte ends; what is behind that is free.
    pub(crate) ends: Vec<u64>,
    /// Per segment, how many sections are in it.
    pub(crate) sections: Vec<usize>,
}

/// All loaded segments of a file.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) loads: Vec<LoadSpace>,
    pub(crate) page: u64,
}

/// What is left of a segment that has nothing in it.
const LEAST_SEGMENT: u64 = 16;

impl Space {
    /// Places all tables but the `evicted` ones (by bit) in their own segments.
    pub(crate) fn fit(
        &self,
        tables: &[Table],
        evicted: u64,
        headers: ProgramHeaders,
        open: bool,
    ) -> Option<Fit> {
        let mut fit = Fit {
            offsets: vec![None; tables.len()],
            ends: Vec::with_capacity(self.loads.len()),
            sections: Vec::with_capacity(self.loads.len()),
        };
        for load in &self.loads {
            let (end, sections) = load.fit(tables, evicted, headers, open, &mut fit.offsets)?;
            fit.ends.push(end);
            fit.sections.push(sections);
        }
        Some(fit)
    }

    /// The segments that would be left without any section: strip takes them for useless and
    /// drops them with what loaders still need (rule S1 of the editor).
    pub(crate) fn emptied(&self, fit: &Fit) -> Vec<usize> {
        let loads = self.loads.iter().zip(&fit.sections).enumerate();
        loads
            .filter(|(_, (load, sections))| **sections == 0 && load.sections > 0)
            .map(|(index, _)| index)
            .collect()
    }
}

impl LoadSpace {
    /// The address of a file offset of this segment.
    pub(crate) fn address_of(&self, offset: u64) -> u64 {
        self.address
            .saturating_add(offset.saturating_sub(self.start))
    }

    /// The first offset from `offset` on whose address is aligned.
    pub(crate) fn aligned(&self, offset: u64, align: u64) -> Option<u64> {
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
    ) -> Option<(u64, usize)> {
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
        Some((end, stays))
    }

    /// Where the segment could end if its unused bytes were given up, and where its tables would
    /// be then; `None` if that is where it ends now. Tables move only where there is nothing else.
    pub(crate) fn compacted(&self, tables: &[Table]) -> Option<(u64, Vec<(usize, u64)>)> {
        if !self.ends_in_file {
            return None;
        }
        if self.items.is_empty() {
            // Nothing is left in it. A few bytes stay, since loaders take no empty segment.
            let end = self.start.checked_add(LEAST_SEGMENT)?;
            return (self.sections == 0 && end < self.file_end).then_some((end, Vec::new()));
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
