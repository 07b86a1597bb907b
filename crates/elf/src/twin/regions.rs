//! The address ranges of a file that are compared by what they mean rather than byte by byte.

use crate::address::{FileOffset, VirtualAddress};
use crate::error::Error;
use crate::read::dynamic::{
    DT_GNU_HASH, DT_HASH, DT_JMPREL, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELASZ, DT_RELR, DT_RELRSZ,
    DT_RELSZ, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM, Dynamic,
};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::image::{Image, header_ranges};
use crate::read::relocations;
use crate::read::section::{
    SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_HASH, SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM,
    SHT_HASH, SHT_NOBITS, SHT_NOTE, SHT_REL, SHT_RELA, SHT_RELR, SHT_STRTAB, Section,
};
use crate::read::segment::{PF_X, PT_GNU_PROPERTY, PT_INTERP, PT_NOTE};
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
    ranges: Vec<(u64, u64)>,
    hashes: Vec<(u64, VirtualAddress, u64)>,
    /// Where the sections are that a loader maps; `None` if the file does not say.
    sections: Option<Vec<(u64, u64)>>,
    /// Segments in which there is nothing but tables, and what is known to point into them.
    added: Vec<(u64, u64)>,
    pointed_at: Vec<u64>,
}

impl Regions {
    /// Finds them by what loaders go by. Refuses files in which they share bytes with each other
    /// or with a section that is none of them: nothing could be said of such bytes.
    pub(crate) fn of(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Self, Error> {
        let mut regions = Self::default();
        let mut found: Vec<(u64, u64, Kind)> = Vec::new();
        let mut add = |at: VirtualAddress, size: u64, kind| {
            if size > 0 {
                found.push((at.0, at.plus(size).0, kind));
            }
        };
        add(dynamic.address, dynamic.size, Kind::Other);
        let strings = &dynamic.strings;
        add(strings.address, strings.bytes.len() as u64, Kind::Other);
        let table = symbols::table(image, dynamic)?.len() as u64;
        let count = table / symbols::record_size(image.codec());
        if let Some(address) = dynamic.address(DT_SYMTAB) {
            add(address, table, Kind::Other);
        }
        if let Some(address) = dynamic.address(DT_VERSYM) {
            add(address, count.saturating_mul(2), Kind::Other);
        }
        if let Some(address) = dynamic.address(DT_VERDEF) {
            add(
                address,
                versions::definition_size(image, dynamic)?,
                Kind::Other,
            );
        }
        if let Some(address) = dynamic.address(DT_VERNEED) {
            add(address, versions::need_size(image, dynamic)?, Kind::Other);
        }
        for (tag, size) in [
            (DT_RELA, DT_RELASZ),
            (DT_REL, DT_RELSZ),
            (DT_JMPREL, DT_PLTRELSZ),
            (DT_RELR, DT_RELRSZ),
        ] {
            if let Some((address, size)) = dynamic.range(tag, size) {
                add(address, size, Kind::Relocations);
            }
        }
        regions.hashes = hashes(image, dynamic, count)?;
        for &(_, address, size) in &regions.hashes {
            add(address, size, Kind::Other);
        }
        for segment in &image.segments {
            if matches!(segment.kind, PT_NOTE | PT_GNU_PROPERTY | PT_INTERP) {
                add(segment.address, segment.file_size, Kind::Note);
            }
        }
        for (at, size) in header_ranges(image)
            .into_iter()
            .chain(section_headers(image))
        {
            for address in mapped(image, at, size) {
                add(address, size, Kind::Other);
            }
        }
        regions.ranges = apart(found)?;
        regions.sections = sections(image, &regions)?;
        regions.added = regions.tables_only(image);
        regions.pointed_at = regions.pointed_at(image, dynamic)?;
        Ok(regions)
    }

    /// The segments that editors added: all that the file says to be in them is tables.
    fn tables_only(&self, image: &Image<'_>) -> Vec<(u64, u64)> {
        let is_covered = |start: u64, end: u64| {
            let next = self.ranges.partition_point(|range| range.1 <= start);
            self.ranges
                .get(next)
                .is_some_and(|range| range.0 <= start && end <= range.1)
        };
        image
            .loads()
            .filter(|load| load.file_size == load.memory_size && load.flags & PF_X == 0)
            .map(|load| (load.address.0, load.memory_end().0))
            .filter(|&(start, end)| {
                let mut sections = image.sections.iter().filter(|section| {
                    section.is_loaded()
                        && section.size > 0
                        && section.address.0 < end
                        && start < section.memory_end().0
                });
                !image.sections.is_empty()
                    && sections.all(|one| is_covered(one.address.0, one.memory_end().0))
            })
            .collect()
    }

    fn pointed_at(&self, image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Vec<u64>, Error> {
        let is_inside = |address: u64| {
            self.added
                .iter()
                .any(|&(start, end)| start <= address && address < end)
        };
        let mut pointed = Vec::new();
        let codec = image.codec();
        relocations::each(image, dynamic, |relocation| {
            pointed.push(relocation.place.0);
            pointed.extend(relocation.addend);
        })?;
        for raw in
            symbols::table(image, dynamic)?.chunks_exact(symbols::record_size(codec) as usize)
        {
            let symbol = RawSymbol::parse(codec, raw);
            pointed.extend(
                symbol
                    .filter(RawSymbol::is_address)
                    .map(|symbol| symbol.value),
            );
        }
        pointed.retain(|&address| is_inside(address));
        pointed.sort_unstable();
        Ok(pointed)
    }

    /// Whether an address lies in one of them.
    pub(crate) fn holds(&self, address: VirtualAddress) -> bool {
        let next = self.ranges.partition_point(|range| range.1 <= address.0);
        self.ranges
            .get(next)
            .is_some_and(|range| range.0 <= address.0)
    }

    /// The ranges.
    pub(crate) fn ranges(&self) -> &[(u64, u64)] {
        &self.ranges
    }

    /// Where loaded sections are.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.sections.iter().flatten().copied()
    }

    /// The hash tables: tag, address, size.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = (u64, VirtualAddress, u64)> + '_ {
        self.hashes.iter().copied()
    }

    /// Whether `[start, end)`, a hole, is in a segment that an editor added, and nothing points
    /// there: what is in it was a table once, or a copy of the section headers.
    pub(crate) fn is_abandoned(&self, start: u64, end: u64) -> bool {
        let first = self.pointed_at.partition_point(|&address| address < start);
        self.added
            .iter()
            .any(|&(from, to)| from <= start && end <= to)
            && self
                .pointed_at
                .get(first)
                .is_none_or(|&address| address >= end)
    }

    /// Whether the file says that nothing of it is in `[start, end)`.
    pub(crate) fn is_hole(&self, start: u64, end: u64) -> bool {
        self.sections.as_ref().is_some_and(|sections| {
            let next = sections.partition_point(|range| range.1 <= start);
            sections.get(next).is_none_or(|range| range.0 >= end)
        })
    }
}

/// The addresses at which a range of the file is mapped.
fn mapped(image: &Image<'_>, at: FileOffset, size: u64) -> Vec<VirtualAddress> {
    image
        .loads()
        .filter(|load| size > 0 && load.holds_file_range(at, size))
        .map(|load| load.address.plus(at.0.saturating_sub(load.offset.0)))
        .collect()
}

fn section_headers(image: &Image<'_>) -> Option<(FileOffset, u64)> {
    let size = Section::record_size(image.codec()).saturating_mul(image.sections.len() as u64);
    (size > 0).then_some((image.header.sections_at, size))
}

fn apart(mut found: Vec<(u64, u64, Kind)>) -> Result<Vec<(u64, u64)>, Error> {
    found.sort_unstable_by_key(|&(start, end, _)| (start, end));
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    let mut last = Kind::Other;
    for (start, end, kind) in found {
        match ranges.last_mut() {
            Some(range) if start < range.1 => {
                if kind != last || kind == Kind::Other {
                    return Err(Error::uneditable("two of its tables share bytes"));
                }
                range.1 = range.1.max(end);
            }
            _ => ranges.push((start, end)),
        }
        last = kind;
    }
    Ok(ranges)
}

/// Where loaded sections are. A section over one of the regions must be of such a type.
fn sections(image: &Image<'_>, regions: &Regions) -> Result<Option<Vec<(u64, u64)>>, Error> {
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
        let (start, end) = (section.address.0, section.memory_end().0);
        let next = regions.ranges.partition_point(|range| range.1 <= start);
        let meets = regions.ranges.get(next).is_some_and(|range| range.0 < end);
        if meets && !may_be_table(section) {
            return Err(
                Error::uneditable("a section lies over one of its tables").at(section.offset)
            );
        }
        places.push((start, end));
    }
    places.sort_unstable();
    places.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1;
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
    Ok(Some(places))
}

/// `SHF_TLS`.
const SHF_TLS: u64 = 0x400;
/// `SHT_PROGBITS`, which .interp is of; it is small.
const SHT_PROGBITS: u32 = 1;
/// No name of a loader is longer.
const LONGEST_INTERPRETER: u64 = 4096;

fn may_be_table(section: &Section) -> bool {
    matches!(
        section.kind,
        SHT_DYNAMIC
            | SHT_DYNSYM
            | SHT_GNU_HASH
            | SHT_GNU_VERDEF
            | SHT_GNU_VERNEED
            | SHT_GNU_VERSYM
            | SHT_HASH
            | SHT_NOTE
            | SHT_REL
            | SHT_RELA
            | SHT_RELR
            | SHT_STRTAB
    ) || section.kind == SHT_PROGBITS
        && section.size <= LONGEST_INTERPRETER
        && section.flags == crate::read::section::SHF_ALLOC
}

/// The hash tables with their sizes, which only they themselves tell.
fn hashes(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    symbols: u64,
) -> Result<Vec<(u64, VirtualAddress, u64)>, Error> {
    let short = || Error::malformed(dynamic.at, "a hash table is cut short");
    let mut hashes = Vec::new();
    if let Some(hash) = SysvHash::of(image, dynamic)? {
        hashes.push((DT_HASH, hash.address, hash.size().ok_or_else(short)?));
    }
    if let Some(hash) = GnuHash::of(image, dynamic)? {
        let symbols = usize::try_from(symbols).map_err(|_| short())?;
        hashes.push((DT_GNU_HASH, hash.address, hash.size(symbols)));
    }
    Ok(hashes)
}
