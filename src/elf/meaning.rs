//! Whether loaders read from an edited file exactly what was asked for.

use super::address::VirtualAddress;
use super::dynamic::{
    DT_GNU_HASH, DT_HASH, DT_JMPREL, DT_NEEDED, DT_PLTGOT, DT_PLTRELSZ, DT_REL, DT_RELA,
    DT_RELACOUNT, DT_RELAENT, DT_RELASZ, DT_RELCOUNT, DT_RELENT, DT_RELR, DT_RELRENT, DT_RELRSZ,
    DT_RELSZ, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_VERDEF, DT_VERNEED, DT_VERNEEDNUM,
    DT_VERSYM, Dynamic, is_string_tag,
};
use super::edits::{Edits, Relr, RunPathEdit, Strip};
use super::error::Error;
use super::facts::{Facts, RunPath, RunPathKind, read};
use super::image::Image;
use super::machine::Machine;
use super::relocations::{self, Relocation};
use super::soname::Soname;
use super::symbols::{self, RawSymbol, Symbol};
use super::tables::TABLE_TAGS;
use super::versions;

/// Compares what loaders see, and gives out the facts of the edited file.
pub(super) fn verify(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<Facts, Error> {
    let before = read(old.bytes)?;
    let after = read(new.bytes).map_err(|error| Error::unverified(error.to_string()))?;
    verify_facts(&before, &after, edits)?;
    let (Some(old_list), Some(new_list)) = (Dynamic::parse(old)?, Dynamic::parse(new)?) else {
        return Ok(after);
    };
    verify_list(&old_list, &new_list, edits)?;
    verify_strings(&old_list, &new_list)?;
    verify_relocations(old, new, &old_list, &new_list, edits)?;
    verify_symbols(old, new, &old_list, &new_list, edits)?;
    verify_needs(old, new, &old_list, &new_list, edits)?;
    verify_offset_table(old, new, &old_list, &new_list)?;
    Ok(after)
}

fn same<T: PartialEq>(what: &'static str, expected: &T, found: &T) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::unverified(format!("{what} is not as asked")))
    }
}

/// What the facts must be, worked out from those of the old file.
fn verify_facts(before: &Facts, after: &Facts, edits: &Edits) -> Result<(), Error> {
    let renamed = |name: &Soname| edits.rename_needed.get(name).unwrap_or(name).clone();
    let needed: Vec<Soname> = before
        .needed
        .iter()
        .filter(|name| !edits.remove_needed.contains(*name))
        .map(renamed)
        .collect();
    same("the list of needed libraries", &needed, &after.needed)?;
    let soname = if before.dynamic {
        edits.soname.clone().or_else(|| before.soname.clone())
    } else {
        None
    };
    same("the name", &soname, &after.soname)?;
    let (rpath, runpath) = match &edits.run_path {
        None => (before.rpath.clone(), before.runpath.clone()),
        Some(RunPathEdit::Remove) => (None, None),
        Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value,
        })) => (Some(value.clone()), None),
        Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Runpath,
            value,
        })) => (None, Some(value.clone())),
    };
    same(
        "the run path",
        &(rpath, runpath),
        &(after.rpath.clone(), after.runpath.clone()),
    )?;
    same(
        "the version needs",
        &expected_needs(before, edits),
        &after.version_needs,
    )?;
    let relr = if edits.relr == Relr::Expand {
        None
    } else {
        before.relr
    };
    same("the number of packed relocations", &relr, &after.relr)?;
    if edits.strip == Strip::All && (after.has_symbol_table || after.has_debug) {
        return Err(Error::unverified("strip left something behind"));
    }
    verify_symbol_facts(before, after, edits)?;
    // Everything else is as it was.
    let expected = Facts {
        soname: after.soname.clone(),
        needed: after.needed.clone(),
        run_path: after.run_path.clone(),
        rpath: after.rpath.clone(),
        runpath: after.runpath.clone(),
        version_needs: after.version_needs.clone(),
        symbols: after.symbols.clone(),
        relr: after.relr,
        has_symbol_table: after.has_symbol_table,
        has_debug: after.has_debug,
        ..before.clone()
    };
    same("something that was not to change", &expected, after)
}

fn expected_needs(before: &Facts, edits: &Edits) -> Vec<super::VersionNeed> {
    let mut needs = before.version_needs.clone();
    needs.retain(|need| !edits.remove_needed.contains(&need.file));
    if edits.relr == Relr::Expand && before.relr.is_some_and(|count| count > 0) {
        for need in &mut needs {
            need.versions
                .retain(|version| version.name != super::change::RELR_VERSION);
        }
        needs.retain(|need| !need.versions.is_empty());
    }
    for need in &mut needs {
        if let Some(new) = edits.rename_needed.get(&need.file) {
            need.file = new.clone();
        }
    }
    needs
}

fn verify_symbol_facts(before: &Facts, after: &Facts, edits: &Edits) -> Result<(), Error> {
    same(
        "the number of symbols",
        &before.symbols.len(),
        &after.symbols.len(),
    )?;
    let expected = |symbol: Symbol<'_>| -> bool {
        // A version that is no longer needed of anybody is taken off its symbols.
        symbol
            .version_file
            .is_some_and(|file| edits.remove_needed.contains(file))
    };
    for (one, other) in before.symbols.iter().zip(after.symbols.iter()) {
        let mut wanted = one;
        if expected(one) {
            (wanted.version, wanted.version_file) = (None, None);
            wanted.default_version = other.default_version;
        } else if let Some(new) = one
            .version_file
            .and_then(|file| edits.rename_needed.get(file))
        {
            wanted.version_file = Some(new.as_str());
        }
        same("a symbol", &wanted, &other)?;
    }
    Ok(())
}

/// A dynamic entry by what it says rather than where it points.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    Text(&'a [u8]),
    Table,
    Number(u64),
}

fn verify_list(old: &Dynamic<'_>, new: &Dynamic<'_>, edits: &Edits) -> Result<(), Error> {
    let list = |dynamic: &Dynamic<'_>| -> Result<Vec<(u64, Vec<u8>, u64)>, Error> {
        let mut list = Vec::new();
        for entry in &dynamic.entries {
            if is_compared_elsewhere(entry.tag, edits) {
                continue;
            }
            let meaning = if is_string_tag(entry.tag) {
                Meaning::Text(dynamic.strings.raw(entry.value)?)
            } else if entry.tag == DT_JMPREL || TABLE_TAGS.iter().any(|&(tag, _)| tag == entry.tag)
            {
                Meaning::Table
            } else {
                Meaning::Number(entry.value)
            };
            list.push(match meaning {
                Meaning::Text(text) => (entry.tag, text.to_vec(), 0),
                Meaning::Table => (entry.tag, Vec::new(), 0),
                Meaning::Number(number) => (entry.tag, Vec::new(), number),
            });
        }
        Ok(list)
    };
    same("the dynamic list", &list(old)?, &list(new)?)
}

fn is_compared_elsewhere(tag: u64, edits: &Edits) -> bool {
    let named = matches!(
        tag,
        DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH | DT_STRSZ
    );
    let unpacked = matches!(
        tag,
        DT_RELR
            | DT_RELRSZ
            | DT_RELRENT
            | DT_RELA
            | DT_RELASZ
            | DT_RELAENT
            | DT_RELACOUNT
            | DT_REL
            | DT_RELSZ
            | DT_RELENT
            | DT_RELCOUNT
    );
    let needs = matches!(tag, DT_VERNEED | DT_VERNEEDNUM);
    named
        || unpacked && edits.relr == Relr::Expand
        || needs && (edits.relr == Relr::Expand || !edits.remove_needed.is_empty())
}

/// The old strings are still there, at their old offsets.
fn verify_strings(old: &Dynamic<'_>, new: &Dynamic<'_>) -> Result<(), Error> {
    if new.strings.bytes.starts_with(old.strings.bytes) {
        Ok(())
    } else {
        Err(Error::unverified("the dynamic string table differs").at(new.strings.at))
    }
}

fn verify_relocations(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let bytes = |image: &Image<'_>, dynamic: &Dynamic<'_>, tag, size_tag| {
        dynamic
            .range(tag, size_tag)
            .and_then(|(at, size)| image.at(at, size))
            .map(<[u8]>::to_vec)
    };
    same(
        "the table of procedure relocations",
        &bytes(old, old_list, DT_JMPREL, DT_PLTRELSZ),
        &bytes(new, new_list, DT_JMPREL, DT_PLTRELSZ),
    )?;
    let packed = relocations::packed_places(old, old_list)?;
    if edits.relr == Relr::Keep || packed.is_empty() {
        for (tag, size_tag) in [
            (DT_RELA, DT_RELASZ),
            (DT_REL, DT_RELSZ),
            (DT_RELR, DT_RELRSZ),
        ] {
            let (one, other) = (
                bytes(old, old_list, tag, size_tag),
                bytes(new, new_list, tag, size_tag),
            );
            same("a relocation table", &one, &other)?;
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
        if raw == new_raw {
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
    let versions = |image: &Image<'_>, dynamic: &Dynamic<'_>, count: usize| {
        dynamic
            .address(DT_VERSYM)
            .and_then(|at| image.at(at, count as u64 * 2))
            .map(<[u8]>::to_vec)
    };
    let count = one.len() / size;
    if edits.remove_needed.is_empty() {
        same(
            "the symbols' versions",
            &versions(old, old_list, count),
            &versions(new, new_list, count),
        )?;
    }
    for tag in [DT_HASH, DT_GNU_HASH] {
        let table = |image: &Image<'_>, dynamic: &Dynamic<'_>| {
            dynamic
                .address(tag)
                .and_then(|at| hash_bytes(image, at, tag, count))
                .map(<[u8]>::to_vec)
        };
        same("a hash table", &table(old, old_list), &table(new, new_list))?;
    }
    let definitions =
        |image: &Image<'_>, dynamic: &Dynamic<'_>| -> Result<Option<Vec<u8>>, Error> {
            let size = versions::definition_size(image, dynamic)?;
            Ok(dynamic
                .address(DT_VERDEF)
                .and_then(|at| image.at(at, size))
                .map(<[u8]>::to_vec))
        };
    same(
        "the version definitions",
        &definitions(old, old_list)?,
        &definitions(new, new_list)?,
    )
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

fn hash_bytes<'a>(
    image: &Image<'a>,
    at: VirtualAddress,
    tag: u64,
    symbols: usize,
) -> Option<&'a [u8]> {
    let codec = image.codec();
    let (_, table) = image.from(at)?;
    let size = if tag == DT_HASH {
        let entry = Machine::of(&image.header).hash_entry_size();
        let buckets = if entry == 8 {
            codec.u64(table, 0)?
        } else {
            u64::from(codec.u32(table, 0)?)
        };
        buckets
            .checked_add(symbols as u64)?
            .checked_add(2)?
            .checked_mul(entry)?
    } else {
        let (buckets, first, bloom) = (
            codec.u32(table, 0)?,
            codec.u32(table, 4)?,
            codec.u32(table, 8)?,
        );
        let chains = (symbols as u64).saturating_sub(u64::from(first));
        16 + u64::from(bloom) * codec.word_size() + (u64::from(buckets) + chains) * 4
    };
    image.at(at, size)
}

/// The version needs agree in what their names do not tell: hashes, flags, the symbols' indexes.
fn verify_needs(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let all = |image: &Image<'_>,
               dynamic: &Dynamic<'_>,
               edits: &Edits|
     -> Result<Vec<(u16, u32, u16, u16)>, Error> {
        let records = versions::needs(image, dynamic)?;
        let names = versions::named(&records, dynamic)?;
        let mut all = Vec::new();
        for (record, need) in records.iter().zip(&names) {
            if edits.remove_needed.contains(&need.file) {
                continue;
            }
            for (version, name) in record.versions.iter().zip(&need.versions) {
                let goes = edits.relr == Relr::Expand && name.name == super::change::RELR_VERSION;
                if !goes {
                    all.push((record.form, version.hash, version.flags, version.index));
                }
            }
        }
        Ok(all)
    };
    let expected = all(old, old_list, edits)?;
    same(
        "the list of needed versions",
        &expected,
        &all(new, new_list, &Edits::default())?,
    )
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
        image
            .codec()
            .word(image.at(at, image.codec().word_size())?, 0)
    };
    let expected = match word(old, old_list) {
        Some(address) if address == old_list.address.0 => Some(new_list.address.0),
        other => other,
    };
    same("the global offset table", &expected, &word(new, new_list))
}
