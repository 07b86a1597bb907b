//! Whether two files are one build of one library, to which editors gave other names and paths.
//!
//! The proof goes by a list of what may differ, not of what must be equal: every byte that either
//! file maps is explained, or the answer is no. What may differ is what an editor of `SONAME`,
//! `NEEDED` and run paths moves or writes: where tables lie, the hash in those names, the run
//! path, the section headers, and the filler in the holes that moved tables leave behind.
//! A build id is no part of it: many files have none, and it says nothing of later edits.

use std::fmt;

use crate::address::{VirtualAddress, align_down, align_up, is_filler, same_bytes};
use crate::error::Error;
use crate::read::dynamic::{DT_PLTGOT, Dynamic};
use crate::read::header::Kind;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::segment::{PF_R, PF_W, Segment};
use crate::twin::decoded::{self, Meaning};
use crate::twin::regions::Regions;

/// Pages are at least this large on every machine.
const LEAST_PAGE: u64 = 0x1000;

/// Why two files cannot be taken for one build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// One of them cannot be judged.
    Unreadable(Error),
    /// What a loader reads of their tables differs.
    Tables,
    /// Their loaded segments differ.
    Segments,
    /// What they map differs, first at this address.
    Content(VirtualAddress),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "one of them cannot be judged: {error}"),
            Self::Tables => f.write_str("their symbols, versions, relocations or headers differ"),
            Self::Segments => f.write_str("their loaded segments differ"),
            Self::Content(address) => write!(f, "their content differs at address {address}"),
        }
    }
}

/// Proves that a process sees the same library in both files but for the hashes in names, and the
/// run path. Where their needs lead is for others to say.
///
/// # Errors
/// With the first difference that the list does not allow.
pub fn same_build(one: &[u8], other: &[u8]) -> Result<(), Difference> {
    if same_bytes(one, other) {
        return Ok(());
    }
    let (one, other) = (Image::parse(one)?, Image::parse(other)?);
    let (one, other) = (View::of(&one)?, View::of(&other)?);
    if one.meaning()? != other.meaning()? {
        return Err(Difference::Tables);
    }
    compare_segments(&one, &other)?;
    compare_segments(&other, &one)?;
    compare_content(&one, &other)
}

impl From<Error> for Difference {
    fn from(error: Error) -> Self {
        Self::Unreadable(error)
    }
}

/// A file that can be compared.
struct View<'a, 'b> {
    image: &'b Image<'a>,
    dynamic: Dynamic<'a>,
    regions: Regions,
    /// The first word of the GOT, if it holds the dynamic section's address.
    got: Option<(u64, u64)>,
}

impl<'a, 'b> View<'a, 'b> {
    fn of(image: &'b Image<'a>) -> Result<Self, Error> {
        let odd = |what| Err(Error::uneditable(what));
        let machine = Machine::of(&image.header);
        if image.header.kind != Kind::Shared {
            return odd("it is no shared library");
        }
        if machine.is_mips() {
            return odd("MIPS files are not compared");
        }
        check_loads(image)?;
        let Some(dynamic) = Dynamic::parse(image)? else {
            return odd("it has no dynamic section");
        };
        let regions = Regions::of(image, &dynamic)?;
        let word = image.codec().word_size();
        let got = dynamic.address(DT_PLTGOT).filter(|&got| {
            let value = image
                .at(got, word)
                .and_then(|raw| image.codec().word(raw, 0));
            value == Some(dynamic.address.0)
        });
        Ok(Self {
            image,
            dynamic,
            regions,
            got: got.map(|got| (got.0, got.plus(word).0)),
        })
    }

    fn meaning(&self) -> Result<Meaning<'a>, Error> {
        decoded::of(self.image, &self.dynamic, &self.regions)
    }

    /// What is at `[start, end)`, which no border of this file crosses.
    fn state(&self, start: u64, end: u64) -> State<'a> {
        let address = VirtualAddress(start);
        match self.image.at(address, end.saturating_sub(start)) {
            Some(_) if self.regions.holds(address) => State::Region,
            Some(bytes) => State::Plain(bytes),
            None if self.is_zeroed(start) => State::Zeroed,
            None => State::Unmapped,
        }
    }

    fn is_zeroed(&self, address: u64) -> bool {
        self.image
            .loads()
            .any(|load| load.address.0 <= address && address < load.memory_end().0)
    }

    /// Does a table lie in the segment? Wherever that is, it was found by its address.
    fn has_table(&self, load: &Segment) -> bool {
        let end = load.address.plus(load.file_size).0;
        let ranges = self.regions.ranges();
        let next = ranges.partition_point(|range| range.0 < load.address.0);
        ranges.get(next).is_some_and(|range| range.1 <= end)
    }

    /// Is `bytes` what a table that moved away left behind?
    fn is_left(&self, start: u64, bytes: &[u8]) -> bool {
        let end = start.saturating_add(bytes.len() as u64);
        self.regions.is_hole(start, end)
            && (bytes.iter().copied().all(is_filler) || self.regions.is_abandoned(start, end))
    }

    fn borders(&self) -> impl Iterator<Item = u64> {
        let loads = self.image.loads().flat_map(|load| {
            let end = load.address.plus(load.file_size).0;
            [load.address.0, end, load.memory_end().0]
        });
        let regions = self
            .regions
            .ranges()
            .iter()
            .flat_map(|&(start, end)| [start, end]);
        let sections = self
            .regions
            .sections()
            .flat_map(|(start, end)| [start, end]);
        let got = self.got.into_iter().flat_map(|(start, end)| [start, end]);
        loads.chain(regions).chain(sections).chain(got)
    }
}

enum State<'a> {
    Region,
    Plain(&'a [u8]),
    Zeroed,
    Unmapped,
}

/// Loaders take segments as they come; only files that every loader maps alike can be compared.
fn check_loads(image: &Image<'_>) -> Result<(), Error> {
    let mut reached = 0;
    for load in image.loads() {
        let odd = |what| Err(Error::uneditable(what).at(load.offset));
        if load.align > 1 && !load.align.is_power_of_two() {
            return odd("a segment's alignment is no power of two");
        }
        let align = load.align.max(LEAST_PAGE);
        if load.offset.0 % align != load.address.0 % align {
            return odd("a segment's offset does not go with its address");
        }
        if load.address.0 < reached {
            return odd("loaded segments are out of order or share a page");
        }
        let end = load.memory_end().0;
        reached = align_up(end, LEAST_PAGE).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Every segment of `one` is in `other` too, or is one that an editor added for its tables.
fn compare_segments(one: &View<'_, '_>, other: &View<'_, '_>) -> Result<(), Difference> {
    let physical = |load: &Segment| load.physical.wrapping_sub(load.address.0);
    let whole = |load: &Segment| load.file_size == load.memory_size;
    let sizes = |load: &Segment| (load.file_size, load.memory_size);
    let mut reached = 0;
    for load in one.image.loads() {
        let twin = other
            .image
            .loads()
            .find(|twin| twin.address == load.address);
        let same = match twin {
            Some(twin) => {
                load.flags == twin.flags
                    && load.align == twin.align
                    && physical(load) == physical(twin)
                    && (whole(load) && whole(twin) || sizes(load) == sizes(twin))
            }
            None => {
                whole(load)
                    && load.align >= LEAST_PAGE
                    && physical(load) == 0
                    && (load.flags == PF_R || load.flags == PF_R | PF_W)
                    && (one.has_table(load) || is_remnant(load, reached))
            }
        };
        if !same {
            return Err(Difference::Segments);
        }
        reached = load.memory_end().0;
    }
    Ok(())
}

/// A segment whose tables have all moved on: on the very next page, as editors add them, or cut
/// down to a few bytes and not far away. What is in it is compared with the rest.
fn is_remnant(load: &Segment, reached: u64) -> bool {
    const FEW_BYTES: u64 = 16;
    const NOT_FAR: u64 = 1 << 24;
    let align = load.align.max(LEAST_PAGE);
    let is_next = Some(align_down(load.address.0, align)) == align_up(reached, align);
    let is_near = load.address.0.saturating_sub(reached) <= NOT_FAR;
    is_next || load.file_size <= FEW_BYTES && is_near
}

fn compare_content(one: &View<'_, '_>, other: &View<'_, '_>) -> Result<(), Difference> {
    let mut borders: Vec<u64> = one.borders().chain(other.borders()).collect();
    borders.sort_unstable();
    borders.dedup();
    for pair in borders.windows(2) {
        let &[start, end] = pair else {
            continue;
        };
        let explained = match (one.state(start, end), other.state(start, end)) {
            (State::Region, State::Region)
            | (State::Region, State::Unmapped)
            | (State::Unmapped, State::Region)
            | (State::Zeroed, State::Zeroed)
            | (State::Unmapped, State::Unmapped) => true,
            (State::Plain(left), State::Plain(right)) => {
                let both_left = || one.is_left(start, left) && other.is_left(start, right);
                let both_got = || one.got == Some((start, end)) && other.got == one.got;
                left == right || both_left() || both_got()
            }
            (State::Plain(left), State::Region | State::Unmapped) => one.is_left(start, left),
            (State::Region | State::Unmapped, State::Plain(right)) => other.is_left(start, right),
            _ => false,
        };
        if !explained {
            let at = first_difference(one, other, start, end);
            return Err(Difference::Content(VirtualAddress(at)));
        }
    }
    Ok(())
}

fn first_difference(one: &View<'_, '_>, other: &View<'_, '_>, start: u64, end: u64) -> u64 {
    let (State::Plain(left), State::Plain(right)) =
        (one.state(start, end), other.state(start, end))
    else {
        return start;
    };
    let inside = left
        .iter()
        .zip(right)
        .take_while(|(one, other)| one == other);
    start.saturating_add(inside.count() as u64)
}
