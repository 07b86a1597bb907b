//! Whether the tables that may have moved say the same as before.

use crate::address::{VirtualAddress, same_bytes, same_slices};
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::proof::renamed_symbols;
use crate::proof::same::same;
use crate::proof::versions as version_proof;
use crate::read::dynamic::{
    DT_JMPREL, DT_PLTGOT, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELACOUNT, DT_RELAENT, DT_RELASZ,
    DT_RELCOUNT, DT_RELENT, DT_RELR, DT_RELRSZ, DT_RELSZ, DT_VERDEF, Dynamic,
};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations::{self, Relocation};
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions;

/// Compares relocations, symbols, versions and hash tables.
pub(crate) fn verify(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    if edits.more.rename_symbols.is_empty() {
        verify_relocations(old, new, old_list, new_list, edits)?;
        verify_symbols(old, new, old_list, new_list, edits)?;
    } else {
        renamed_symbols::verify((old, old_list), (new, new_list), edits)?;
    }
    version_proof::verify_needs(old, new, old_list, new_list, edits)?;
    verify_offset_table(old, new, old_list, new_list)
}

fn verify_relocations(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let verify = |what, tag, size_tag| {
        let (one, other) = (
            range_bytes(old, old_list, tag, size_tag),
            range_bytes(new, new_list, tag, size_tag),
        );
        same_table(what, one, other)
    };
    verify("the table of procedure relocations", DT_JMPREL, DT_PLTRELSZ)?;
    let packed = relocations::packed_places(old, old_list)?;
    if edits.relr == Relr::Keep || packed.is_empty() {
        for (tag, size_tag) in [
            (DT_RELA, DT_RELASZ),
            (DT_REL, DT_RELSZ),
            (DT_RELR, DT_RELRSZ),
        ] {
            verify("a relocation table", tag, size_tag)?;
        }
        return Ok(());
    }
    // The first relocations are the packed ones, in any order; the others are as before.
    let all = |image: &Image<'_>, dynamic: &Dynamic<'_>| -> Result<Vec<Relocation>, Error> {
        let mut all = Vec::new();
        relocations::each(image, dynamic, |relocation| all.push(relocation))?;
        Ok(all)
    };
    let (ordinary, unpacked) = (all(old, old_list)?, all(new, new_list)?);
    let (front, back) = unpacked
        .split_at_checked(packed.len())
        .ok_or_else(|| Error::unverified("relocations are missing"))?;
    same(
        "the list of ordinary relocations",
        &ordinary.as_slice(),
        &back,
    )?;
    let mut expected = packed_meaning(old, &packed)?;
    let mut found = front
        .iter()
        .map(|relocation| relative_meaning(new, relocation))
        .collect::<Result<Vec<_>, _>>()?;
    expected.sort_unstable();
    found.sort_unstable();
    same("the list of unpacked relocations", &expected, &found)?;
    let grown = packed.len() as u64;
    let with_addend = relocations::unpacks_with_addends(old, old_list);
    for (tags, has_addend) in [
        ([DT_RELA, DT_RELASZ, DT_RELAENT], true),
        ([DT_REL, DT_RELSZ, DT_RELENT], false),
    ] {
        let [tag, size_tag, entry_tag] = tags;
        let record = relocations::record_size(old.codec(), has_addend);
        let [size, entry] = [size_tag, entry_tag].map(|tag| old_list.value(tag));
        let (size, entry) = if has_addend == with_addend {
            let added = grown.saturating_mul(record);
            let size = old_list.value(tag).and(size).unwrap_or(0);
            (Some(size.saturating_add(added)), Some(record))
        } else {
            (size, entry)
        };
        same(
            "a relocation table's size",
            &size,
            &new_list.value(size_tag),
        )?;
        same(
            "the size of a relocation",
            &entry,
            &new_list.value(entry_tag),
        )?;
    }
    for tag in [DT_RELACOUNT, DT_RELCOUNT] {
        let expected = old_list.value(tag).map(|count| count.saturating_add(grown));
        same(
            "the count of relative relocations",
            &expected,
            &new_list.value(tag),
        )?;
    }
    Ok(())
}

/// The bytes of a table that the list tells the place and the size of.
fn range_bytes<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    tag: u64,
    size_tag: u64,
) -> Option<&'a [u8]> {
    let (at, size) = dynamic.range(tag, size_tag)?;
    image.at(at, size)
}

fn same_table(
    what: &'static str,
    expected: Option<&[u8]>,
    found: Option<&[u8]>,
) -> Result<(), Error> {
    same(what, &true, &same_slices(expected, found))
}

/// Packed relocations as address and addend.
fn packed_meaning(image: &Image<'_>, places: &[VirtualAddress]) -> Result<Vec<(u64, u64)>, Error> {
    places
        .iter()
        .map(|&place| Ok((place.0, word_at(image, place)?)))
        .collect()
}

fn relative_meaning(image: &Image<'_>, relocation: &Relocation) -> Result<(u64, u64), Error> {
    let relative = Machine::of(&image.header)
        .relative_types()
        .map(|[plain, _]| plain);
    if relative != Some(relocation.kind) || relocation.symbol != 0 {
        return Err(Error::unverified(
            "an unpacked relocation is not a relative one",
        ));
    }
    let addend = match relocation.addend {
        Some(addend) => addend,
        None => word_at(image, relocation.place)?,
    };
    Ok((relocation.place.0, addend))
}

fn word_at(image: &Image<'_>, place: VirtualAddress) -> Result<u64, Error> {
    let codec = image.codec();
    image
        .at(place, codec.word_size())
        .and_then(|bytes| codec.word(bytes, 0))
        .ok_or_else(|| Error::unverified("a packed relocation points outside the file"))
}

fn verify_symbols(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let codec = old.codec();
    let (one, other) = (
        symbols::table(old, old_list)?,
        symbols::table(new, new_list)?,
    );
    let size = symbols::record_size(codec) as usize;
    let value_at = RawSymbol::value_at(codec);
    for (raw, new_raw) in one.chunks_exact(size).zip(other.chunks_exact(size)) {
        if same_bytes(raw, new_raw) {
            continue;
        }
        let (Some(symbol), Some(new_symbol)) = (
            RawSymbol::parse(codec, raw),
            RawSymbol::parse(codec, new_raw),
        ) else {
            continue;
        };
        // Only the address may differ, of a symbol of a section that moved, and the section's number.
        let mut expected = raw.to_vec();
        codec.put_word(&mut expected, value_at, new_symbol.value);
        codec.put_u16(
            &mut expected,
            RawSymbol::section_at(codec),
            new_symbol.section,
        );
        let moved = symbol.value != new_symbol.value;
        let follows = !moved || same_spot(old, new, &symbol, &new_symbol);
        let renumbered = symbol.section == new_symbol.section
            || edits.strip != Strip::None && same_section(old, new, &symbol, &new_symbol);
        if expected != new_raw || !follows || !renumbered {
            return Err(Error::unverified("a symbol differs").at(new_list.at));
        }
    }
    let count = one.len() / size;
    version_proof::verify_symbols((old, old_list), (new, new_list), one, edits)?;
    let tables = hash_tables(old, old_list, count).into_iter();
    for (one, other) in tables.zip(hash_tables(new, new_list, count)) {
        same_table("a hash table", one, other)?;
    }
    same_table(
        "the version definitions",
        definitions(old, old_list)?,
        definitions(new, new_list)?,
    )
}

fn definitions<'a>(image: &Image<'a>, dynamic: &Dynamic<'_>) -> Result<Option<&'a [u8]>, Error> {
    let size = versions::definition_size(image, dynamic)?;
    let at = dynamic.address(DT_VERDEF);
    Ok(at.and_then(|at| image.at(at, size)))
}

/// Whether two values mean the same spot of the same table.
fn same_spot(old: &Image<'_>, new: &Image<'_>, one: &RawSymbol, other: &RawSymbol) -> bool {
    let start = |image: &Image<'_>, symbol: &RawSymbol| {
        if image.sections.is_empty() {
            return image
                .dynamic()
                .ok()
                .flatten()
                .map(|segment| segment.address.0);
        }
        image
            .sections
            .get(usize::from(symbol.section))
            .map(|section| section.address.0)
    };
    match (start(old, one), start(new, other)) {
        (Some(before), Some(after)) => {
            one.value.wrapping_sub(before) == other.value.wrapping_sub(after)
        }
        _ => false,
    }
}

/// Whether two symbols are of the same section under different numbers.
fn same_section(old: &Image<'_>, new: &Image<'_>, one: &RawSymbol, other: &RawSymbol) -> bool {
    let what = |image: &Image<'_>, symbol: &RawSymbol| {
        let section = image.sections.get(usize::from(symbol.section))?;
        Some((
            section.kind,
            section.flags,
            image.section_name(section)?.to_vec(),
        ))
    };
    let before = what(old, one);
    before.is_some() && before == what(new, other)
}

/// The hash tables of a file of so many symbols; one that is cut short finds nothing.
fn hash_tables<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    symbols: usize,
) -> [Option<&'a [u8]>; 2] {
    let sysv = SysvHash::of(image, dynamic).ok().flatten();
    let gnu = GnuHash::of(image, dynamic).ok().flatten();
    [
        sysv.and_then(|hash| hash.content()),
        gnu.and_then(|hash| hash.content(symbols)),
    ]
}

/// The first word of the global offset table is the dynamic section's address, if it was.
fn verify_offset_table(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
) -> Result<(), Error> {
    let word = |image: &Image<'_>, dynamic: &Dynamic<'_>| {
        let at = dynamic.address(DT_PLTGOT)?;
        // On IA-64 it is a number to count from, in the middle of anything.
        let list = dynamic.address..dynamic.address.plus(dynamic.size);
        if list.contains(&at) {
            return None;
        }
        image
            .codec()
            .word(image.at(at, image.codec().word_size())?, 0)
    };
    let expected = match word(old, old_list) {
        Some(address) if address == old_list.address.0 => Some(new_list.address.0),
        None => return Ok(()),
        other => other,
    };
    same("the global offset table", &expected, &word(new, new_list))
}
