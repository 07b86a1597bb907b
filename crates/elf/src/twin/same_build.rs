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
use crate::ranges::Span;
use crate::read::dynamic::DT_PLTGOT;
use crate::read::header::Kind;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
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
    let (one, other) = (View::of(one)?, View::of(other)?);
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
struct View<'a> {
    object: Object<'a>,
    regions: Regions,
    /// The first word of the GOT, if it holds the dynamic section's address.
    got: Option<Span<VirtualAddress>>,
}

impl<'a> View<'a> {
    fn of(image: Image<'a>) -> Result<Self, Error> {
        let odd = |what| Err(Error::uneditable(what));
        let machine = Machine::of(&image.header);
        if image.header.kind != Kind::Shared {
            return odd("it is no shared library");
        }
        if machine.is_mips() {
            return odd("MIPS files are not compared");
        }
        check_loads(&image)?;
        let object = Object::of(image)?;
        if !object.is_linked() {
            return odd("it has no dynamic section");
        }
        let regions = Regions::of(&object)?;
        let word = object.codec().word_size();
        let list = object.dynamic.address;
        let got = object.dynamic.address(DT_PLTGOT);
        let got = got.filter(|&got| object.image.word_at(got) == Some(list.0));
        Ok(Self {
            object,
            regions,
            got: got.map(|got| Span::sized(got, word)),
        })
    }

    fn meaning(&self) -> Result<Meaning<'a>, Error> {
        decoded::of(&self.object, &self.regions)
    }

    /// What is at these addresses, which no border of this file crosses.
    fn state(&self, span: Span<VirtualAddress>) -> State<'a> {
        match self.object.image.loaded_bytes(span) {
            Some(_) if self.regions.contains(span.start) => State::Region,
            Some(bytes) => State::Plain(bytes),
            None if self.is_zeroed(span.start) => State::Zeroed,
            None => State::Unmapped,
        }
    }

    fn is_zeroed(&self, address: VirtualAddress) -> bool {
        let mut loads = self.object.image.loads();
        loads.any(|load| load.memory_span().contains(address))
    }

    /// Does a table lie in the segment? Wherever that is, it was found by its address.
    fn has_table(&self, load: &Segment) -> bool {
        let first = self.regions.first_from(load.address);
        first.is_some_and(|region| load.loaded_span().covers(region))
    }

    /// Is `bytes` what a table that moved away left behind?
    fn is_left(&self, span: Span<VirtualAddress>, bytes: &[u8]) -> bool {
        self.regions.is_hole(span)
            && (bytes.iter().copied().all(is_filler) || self.regions.is_abandoned(span))
    }

    fn borders(&self) -> impl Iterator<Item = VirtualAddress> {
        let loads = self.object.image.loads();
        let loads = loads.flat_map(|load| [load.loaded_span(), load.memory_span()]);
        loads
            .chain(self.regions.iter())
            .chain(self.regions.sections())
            .chain(self.got)
            .flat_map(|span| [span.start, span.end])
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
fn compare_segments(one: &View<'_>, other: &View<'_>) -> Result<(), Difference> {
    let physical = |load: &Segment| load.physical.wrapping_sub(load.address.0);
    let whole = |load: &Segment| load.file_size == load.memory_size;
    let sizes = |load: &Segment| (load.file_size, load.memory_size);
    let mut reached = 0;
    for load in one.object.image.loads() {
        let twin = other
            .object
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

fn compare_content(one: &View<'_>, other: &View<'_>) -> Result<(), Difference> {
    let mut borders: Vec<VirtualAddress> = one.borders().chain(other.borders()).collect();
    borders.sort_unstable();
    borders.dedup();
    for pair in borders.windows(2) {
        let &[start, end] = pair else {
            continue;
        };
        let span = Span { start, end };
        let explained = match (one.state(span), other.state(span)) {
            (State::Region, State::Region)
            | (State::Region, State::Unmapped)
            | (State::Unmapped, State::Region)
            | (State::Zeroed, State::Zeroed)
            | (State::Unmapped, State::Unmapped) => true,
            (State::Plain(left), State::Plain(right)) => {
                let both_left = || one.is_left(span, left) && other.is_left(span, right);
                let both_got = || one.got == Some(span) && other.got == one.got;
                left == right || both_left() || both_got()
            }
            (State::Plain(left), State::Region | State::Unmapped) => one.is_left(span, left),
            (State::Region | State::Unmapped, State::Plain(right)) => other.is_left(span, right),
            _ => false,
        };
        if !explained {
            return Err(Difference::Content(first_difference(one, other, span)));
        }
    }
    Ok(())
}

fn first_difference(
    one: &View<'_>,
    other: &View<'_>,
    span: Span<VirtualAddress>,
) -> VirtualAddress {
    let (State::Plain(left), State::Plain(right)) = (one.state(span), other.state(span)) else {
        return span.start;
    };
    let inside = left
        .iter()
        .zip(right)
        .take_while(|(one, other)| one == other);
    span.start.plus(inside.count() as u64)
}
