//! The address ranges of a file that are compared by what they mean rather than byte by byte.

use crate::address::VirtualAddress;
use crate::error::Error;
use crate::ranges::{Ranges, Span};
use crate::read::dynamic::{
    DT_GNU_HASH, DT_HASH, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM, RELOCATION_TABLES,
};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::section::{SHF_ALLOC, SHT_NOBITS, SHT_PROGBITS, Section};
use crate::read::segment::{PF_X, PT_GNU_PROPERTY, PT_INTERP, PT_NOTE, Segment};
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions;

/// What may share bytes: relocations end in those of the PLT, and one note has two headers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Other,
    Relocations,
    Note,
}

/// The ranges, in address order and apart from each other, and where the file has nothing at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Regions {
    ranges: Ranges<VirtualAddress>,
    /// The hash tables by their tags.
    hashes: Vec<(u64, Span<VirtualAddress>)>,
    /// Where the sections are that a loader maps; `None` if the file does not say.
    sections: Option<Ranges<VirtualAddress>>,
    /// Segments in which there is nothing but tables, and what is known to point into them.
    added: Vec<Span<VirtualAddress>>,
    pointed_at: Vec<VirtualAddress>,
}

impl Regions {
    /// Finds them by what loaders go by. Refuses files in which they share bytes with each other
    /// or with a section that is none of them: nothing could be said of such bytes.
    pub(crate) fn of(object: &Object<'_>) -> Result<Self, Error> {
        let image = &object.image;
        let mut regions = Self {
            hashes: hashes(object)?,
            ..Self::default()
        };
        let mut found = tables(object)?;
        let hashes = regions.hashes.iter();
        found.extend(hashes.map(|&(_, span)| (span, Kind::Other)));
        let described = image
            .segments
            .iter()
            .filter(|segment| matches!(segment.kind, PT_NOTE | PT_GNU_PROPERTY | PT_INTERP));
        found.extend(described.map(|segment| (segment.loaded_span(), Kind::Note)));
        let headers = [
            image.header_span(),
            image.segments_span(),
            image.sections_span(),
        ];
        for header in headers {
            let mapped = image.addresses_of(header);
            found.extend(mapped.map(|span| (span, Kind::Other)));
        }
        regions.ranges = apart(found)?;
        regions.sections = sections(image, &regions)?;
        regions.added = regions.tables_only(image);
        regions.pointed_at = regions.pointed_at(object)?;
        Ok(regions)
    }

    /// The segments that editors added: all that the file says to be in them is tables.
    fn tables_only(&self, image: &Image<'_>) -> Vec<Span<VirtualAddress>> {
        let holds_tables = |load: &&Segment| {
            let mut sections = image.sections.iter().filter(|section| {
                section.is_loaded()
                    && section.size > 0
                    && section.memory_span().meets(load.memory_span())
            });
            !image.sections.is_empty()
                && sections.all(|section| self.ranges.covers(section.memory_span()))
        };
        image
            .loads()
            .filter(|load| load.file_size == load.memory_size && load.flags & PF_X == 0)
            .filter(holds_tables)
            .map(Segment::memory_span)
            .collect()
    }

    fn pointed_at(&self, object: &Object<'_>) -> Result<Vec<VirtualAddress>, Error> {
        let is_inside = |address| self.added.iter().any(|added| added.contains(address));
        let mut pointed = Vec::new();
        let codec = object.codec();
        relocations::each(&object.image, &object.dynamic, |relocation| {
            pointed.push(relocation.place);
            pointed.extend(relocation.addend.map(VirtualAddress));
        })?;
        let record = symbols::record_size(codec) as usize;
        let symbols = object.symbols()?.chunks_exact(record);
        pointed.extend(
            symbols
                .filter_map(|raw| RawSymbol::parse(codec, raw))
                .filter(RawSymbol::is_address)
                .map(|symbol| VirtualAddress(symbol.value)),
        );
        pointed.retain(|&address| is_inside(address));
        pointed.sort_unstable();
        Ok(pointed)
    }

    /// Whether an address lies in one of them.
    pub(crate) fn contains(&self, address: VirtualAddress) -> bool {
        self.ranges.contains(address)
    }

    /// The ranges.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Span<VirtualAddress>> + '_ {
        self.ranges.iter()
    }

    /// The first range from an address on.
    pub(crate) fn first_from(&self, address: VirtualAddress) -> Option<Span<VirtualAddress>> {
        self.ranges.first_from(address)
    }

    /// Where loaded sections are.
    pub(crate) fn sections(&self) -> impl Iterator<Item = Span<VirtualAddress>> + '_ {
        self.sections.iter().flat_map(Ranges::iter)
    }

    /// The hash tables by their tags.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = (u64, Span<VirtualAddress>)> + '_ {
        self.hashes.iter().copied()
    }

    /// Whether a hole is in a segment that an editor added, and nothing points there: what is in it
    /// was a table once, or a copy of the section headers.
    pub(crate) fn is_abandoned(&self, hole: Span<VirtualAddress>) -> bool {
        let pointed_at = &self.pointed_at;
        let first = pointed_at.partition_point(|&address| address < hole.start);
        self.added.iter().any(|added| added.covers(hole))
            && pointed_at
                .get(first)
                .is_none_or(|&address| address >= hole.end)
    }

    /// Whether the file says that nothing of it is there.
    pub(crate) fn is_hole(&self, span: Span<VirtualAddress>) -> bool {
        let sections = self.sections.as_ref();
        sections.is_some_and(|sections| !sections.meets(span))
    }
}

/// What the dynamic section tells the places of; the sizes of hash tables are their own affair.
fn tables(object: &Object<'_>) -> Result<Vec<(Span<VirtualAddress>, Kind)>, Error> {
    let Object { image, dynamic, .. } = object;
    let strings = &dynamic.strings;
    let mut spans = vec![
        dynamic.span(),
        Span::sized(strings.address, strings.bytes.len() as u64),
    ];
    let sizes = [
        (DT_SYMTAB, object.symbols()?.len() as u64),
        (DT_VERSYM, (object.symbol_count()? as u64).saturating_mul(2)),
        (DT_VERDEF, versions::definition_size(image, dynamic)?),
        (DT_VERNEED, versions::need_size(image, dynamic)?),
    ];
    spans.extend(
        sizes
            .into_iter()
            .filter_map(|(tag, size)| Some(Span::sized(dynamic.address(tag)?, size))),
    );
    let mut found: Vec<_> = spans.into_iter().map(|span| (span, Kind::Other)).collect();
    let relocations = RELOCATION_TABLES.iter();
    found.extend(
        relocations
            .filter_map(|&(tag, size_tag)| dynamic.table(tag, size_tag))
            .map(|span| (span, Kind::Relocations)),
    );
    Ok(found)
}

fn apart(mut found: Vec<(Span<VirtualAddress>, Kind)>) -> Result<Ranges<VirtualAddress>, Error> {
    found.retain(|(span, _)| !span.is_empty());
    found.sort_unstable_by_key(|&(span, _)| span);
    let mut ranges: Vec<Span<VirtualAddress>> = Vec::new();
    let mut last = Kind::Other;
    for (span, kind) in found {
        match ranges.last_mut() {
            Some(range) if span.start < range.end => {
                if kind != last || kind == Kind::Other {
                    return Err(Error::uneditable("two of its tables share bytes"));
                }
                range.end = range.end.max(span.end);
            }
            _ => ranges.push(span),
        }
        last = kind;
    }
    Ok(Ranges::in_order(ranges))
}

/// Where loaded sections are. A section over one of the regions must be of such a type.
fn sections(image: &Image<'_>, regions: &Regions) -> Result<Option<Ranges<VirtualAddress>>, Error> {
    if image.sections.is_empty() {
        return Ok(None);
    }
    let mut places = Vec::new();
    for section in image
        .sections
        .iter()
        .filter(|s| s.is_loaded() && s.size > 0)
    {
        if section.flags & SHF_TLS != 0 && section.kind == SHT_NOBITS {
            // It takes no addresses: it is what threads are given zeroed.
            continue;
        }
        let span = section.memory_span();
        if regions.ranges.meets(span) && !may_be_table(section) {
            return Err(
                Error::uneditable("a section lies over one of its tables").at(section.offset)
            );
        }
        places.push(span);
    }
    Ok(Some(Ranges::new(places)))
}

/// `SHF_TLS`.
const SHF_TLS: u64 = 0x400;
/// No name of a loader is longer.
const LONGEST_INTERPRETER: u64 = 4096;

fn may_be_table(section: &Section) -> bool {
    let may_be_interpreter = section.kind == SHT_PROGBITS
        && section.size <= LONGEST_INTERPRETER
        && section.flags == SHF_ALLOC;
    section.is_table() || may_be_interpreter
}

/// The hash tables with their sizes, which only they themselves tell.
fn hashes(object: &Object<'_>) -> Result<Vec<(u64, Span<VirtualAddress>)>, Error> {
    let Object { image, dynamic, .. } = object;
    let short = || Error::malformed(dynamic.at, "a hash table is cut short");
    let mut hashes = Vec::new();
    if let Some(hash) = SysvHash::of(image, dynamic)? {
        let size = hash.size().ok_or_else(short)?;
        hashes.push((DT_HASH, Span::sized(hash.address, size)));
    }
    if let Some(hash) = GnuHash::of(image, dynamic)? {
        let size = hash.size(object.symbol_count()?);
        hashes.push((DT_GNU_HASH, Span::sized(hash.address, size)));
    }
    Ok(hashes)
}
