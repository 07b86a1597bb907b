//! What a loader reads of a file's tables, decoded, with all that editors of names move taken out.
//!
//! Whatever is not in a [`Meaning`] is either compared byte by byte (`same_build.rs`) or on the list of
//! what may differ: the run path, the hash in `SONAME` and `NEEDED`, where tables lie, section
//! headers, unused entries.

use crate::address::VirtualAddress;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, Dynamic, RELOCATION_TABLES,
    is_string_tag, is_table_tag,
};
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::segment::{
    PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR,
};
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::{self, FullDefinition};
use crate::soname::without_hash;
use crate::twin::regions::Regions;

/// Two files of one build have equal meanings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning<'a> {
    /// The identification, type, machine and version.
    identity: &'a [u8],
    entry: u64,
    flags: u32,
    /// Whether the program headers are mapped: unwinding needs them.
    headers_mapped: bool,
    segments: Vec<SegmentMeaning<'a>>,
    /// The flags of the loaded segment that holds the dynamic section.
    dynamic_flags: Option<u32>,
    soname: Option<Vec<u8>>,
    list: Vec<(u64, Value<'a>)>,
    symbols: Vec<SymbolMeaning<'a>>,
    versions: &'a [u8],
    definitions: Vec<DefinitionMeaning<'a>>,
    needs: Vec<NeedMeaning<'a>>,
    /// The hash tables and the relocations, as they stand.
    tables: Vec<(u64, &'a [u8])>,
    /// What stands behind everything that the headers know of.
    overlay: &'a [u8],
}

/// A program header other than `PT_LOAD`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SegmentMeaning<'a> {
    kind: u32,
    flags: u32,
    align: u64,
    physical: u64,
    place: Place<'a>,
}

/// Where a program header points: to an address, or to bytes that editors move.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place<'a> {
    /// File bytes, and how much memory.
    At(Span<VirtualAddress>, u64),
    Bytes(&'a [u8]),
    Unloaded(Span<VirtualAddress>, &'a [u8]),
    Moves,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
    Name(Vec<u8>),
    Table,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SymbolMeaning<'a> {
    name: &'a [u8],
    /// `st_info`, `st_other`, `st_size`, as they stand.
    rest: (u8, u8, u64),
    section: u16,
    value: Option<u64>,
}

type DefinitionMeaning<'a> = (FullDefinition, Vec<(&'a [u8], bool)>);
type NeedMeaning<'a> = (u16, bool, Vec<u8>, Vec<NeededMeaning<'a>>);
type NeededMeaning<'a> = (u32, u16, u16, bool, &'a [u8]);

/// Decodes a file.
pub(crate) fn of<'a>(object: &Object<'a>, regions: &Regions) -> Result<Meaning<'a>, Error> {
    let Object { image, dynamic, .. } = object;
    let headers = image.segments_span();
    Ok(Meaning {
        identity: image.bytes.get(..24).unwrap_or_default(),
        entry: image.header.entry,
        flags: image.header.flags,
        headers_mapped: image.loads().any(|load| load.holds(headers)),
        segments: segments(image, headers.size())?,
        dynamic_flags: image
            .loads()
            .find(|load| load.loaded_span().covers(dynamic.span()))
            .map(|load| load.flags),
        soname: soname(dynamic)?,
        list: list(dynamic)?,
        symbols: symbol_meanings(object, regions)?,
        versions: object.symbol_versions()?.unwrap_or_default(),
        definitions: definitions(image, dynamic)?,
        needs: needs(image, dynamic)?,
        tables: tables(image, dynamic, regions)?,
        overlay: image.payload(),
    })
}

/// From here on the machine says what a program header means.
const PT_LOPROC: u32 = 0x7000_0000;

fn cut(dynamic: &Dynamic<'_>) -> Error {
    Error::malformed(dynamic.at, "a table is in no loaded segment")
}

fn segments<'a>(image: &Image<'a>, headers: u64) -> Result<Vec<SegmentMeaning<'a>>, Error> {
    let others = image
        .segments
        .iter()
        .filter(|segment| !matches!(segment.kind, PT_LOAD | PT_NULL));
    others
        .map(|segment| {
            let odd = |what| Err(Error::uneditable(what).at(segment.offset));
            let is_placed = segment.file_size == 0
                || image.offset_of(segment.address, segment.file_size) == Some(segment.offset);
            // RISC-V's attributes are described by a header, but never loaded.
            let is_unloaded = segment.kind >= PT_LOPROC
                && !image
                    .loads()
                    .any(|load| load.file_span().contains(segment.offset));
            if !is_placed && !is_unloaded {
                return odd("a program header is not where its address says");
            }
            let whole = segment.file_size == segment.memory_size;
            let bytes = || image.file_bytes(segment.file_span()).unwrap_or_default();
            let place = match segment.kind {
                PT_PHDR if segment.offset != image.header.segments_at || !whole => {
                    return odd("PT_PHDR is not the program headers");
                }
                PT_DYNAMIC if !whole => return odd("PT_DYNAMIC has two sizes"),
                // Loaders go by `e_phnum`. Some linkers count one too many here, which an editor that
                // adds a program header then makes good.
                PT_PHDR if segment.file_size >= headers => Place::Moves,
                PT_DYNAMIC => Place::Moves,
                PT_NOTE | PT_GNU_PROPERTY | PT_INTERP if whole => Place::Bytes(bytes()),
                _ if is_unloaded => Place::Unloaded(segment.memory_span(), bytes()),
                _ => Place::At(segment.loaded_span(), segment.memory_size),
            };
            Ok(SegmentMeaning {
                kind: segment.kind,
                flags: segment.flags,
                align: segment.align,
                physical: segment.physical.wrapping_sub(segment.address.0),
                place,
            })
        })
        .collect()
}

fn name_of(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(name) => without_hash(name).into_bytes(),
        Err(_) => name.to_vec(),
    }
}

fn soname(dynamic: &Dynamic<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut names = dynamic.entries.iter().filter(|e| e.tag == DT_SONAME);
    let (first, second) = (names.next(), names.next());
    if second.is_some() {
        return Err(Error::uneditable("it has two names (DT_SONAME)").at(dynamic.at));
    }
    let name = first.map(|entry| dynamic.strings.raw(entry.value));
    Ok(name.transpose()?.map(name_of))
}

fn list<'a>(dynamic: &Dynamic<'a>) -> Result<Vec<(u64, Value<'a>)>, Error> {
    for entry in &dynamic.entries {
        if matches!(entry.tag, DT_RPATH | DT_RUNPATH) {
            // What it says may differ, but it must be something to go by.
            dynamic.strings.text(entry.value)?;
        }
    }
    let counted = dynamic
        .entries
        .iter()
        .filter(|entry| !matches!(entry.tag, DT_SONAME | DT_RPATH | DT_RUNPATH | DT_STRSZ));
    counted
        .map(|entry| {
            let value = match entry.tag {
                DT_NEEDED => Value::Name(name_of(dynamic.strings.raw(entry.value)?)),
                tag if is_string_tag(tag) => Value::Text(dynamic.strings.raw(entry.value)?),
                tag if is_table_tag(tag) => Value::Table,
                _ => Value::Number(entry.value),
            };
            Ok((entry.tag, value))
        })
        .collect()
}

fn symbol_meanings<'a>(
    object: &Object<'a>,
    regions: &Regions,
) -> Result<Vec<SymbolMeaning<'a>>, Error> {
    /// From here on section numbers are no sections.
    const SHN_LORESERVE: u16 = 0xff00;
    let (codec, dynamic) = (object.codec(), &object.dynamic);
    object
        .symbols()?
        .chunks_exact(symbols::record_size(codec) as usize)
        .map(|raw| {
            let symbol = RawSymbol::parse(codec, raw).ok_or_else(|| cut(dynamic))?;
            let value = VirtualAddress(symbol.value);
            // `_DYNAMIC` and symbols of tables follow what they stand for.
            let follows = symbol.is_address()
                && (dynamic.span().contains(value)
                    || symbol.is_section() && regions.contains(value));
            let other = raw.get(codec.by_class(13, 5)).copied().unwrap_or_default();
            let size = codec.word(raw, codec.by_class(8, 16)).unwrap_or_default();
            Ok(SymbolMeaning {
                name: dynamic.strings.raw(u64::from(symbol.name))?,
                rest: (symbol.info, other, size),
                section: match symbol.section {
                    0 => 0,
                    special if special >= SHN_LORESERVE => special,
                    _ => 1,
                },
                value: (!follows).then_some(symbol.value),
            })
        })
        .collect()
}

fn definitions<'a>(
    image: &Image<'_>,
    dynamic: &Dynamic<'a>,
) -> Result<Vec<DefinitionMeaning<'a>>, Error> {
    versions::full_definitions(image, dynamic)?
        .into_iter()
        .map(|(definition, names)| {
            let names = names
                .into_iter()
                .map(|(name, last)| Ok((dynamic.strings.raw(u64::from(name))?, last)))
                .collect::<Result<_, Error>>()?;
            Ok((definition, names))
        })
        .collect()
}

fn needs<'a>(image: &Image<'_>, dynamic: &Dynamic<'a>) -> Result<Vec<NeedMeaning<'a>>, Error> {
    versions::needs(image, dynamic)?
        .iter()
        .map(|need| {
            let versions = need
                .versions
                .iter()
                .map(|version| {
                    let name = dynamic.strings.raw(u64::from(version.name))?;
                    let numbers = (version.hash, version.flags, version.index);
                    Ok((numbers.0, numbers.1, numbers.2, version.is_last, name))
                })
                .collect::<Result<_, Error>>()?;
            let file = dynamic.strings.raw(u64::from(need.file))?;
            Ok((need.form, need.is_last, name_of(file), versions))
        })
        .collect()
}

fn tables<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    regions: &Regions,
) -> Result<Vec<(u64, &'a [u8])>, Error> {
    let relocations = RELOCATION_TABLES
        .iter()
        .filter_map(|&(tag, size_tag)| Some((tag, dynamic.table(tag, size_tag)?)));
    relocations
        .chain(regions.hashes())
        .map(|(tag, span)| {
            let bytes = image.loaded_bytes(span).ok_or_else(|| cut(dynamic))?;
            Ok((tag, bytes))
        })
        .collect()
}
