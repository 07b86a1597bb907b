//! Whether the tables that may have moved say the same as before.

use crate::address::{same_bytes, same_slices};
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::proof::renamed_symbols;
use crate::proof::same::same;
use crate::proof::unpacked;
use crate::proof::versions as version_proof;
use crate::read::dynamic::{
    DT_JMPREL, DT_PLTGOT, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELASZ, DT_RELR, DT_RELRSZ, DT_RELSZ,
};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::section_numbers::SectionNumbers;
use crate::read::symbols::{self, RawSymbol};

/// Compares relocations, symbols, versions and hash tables.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    if edits.more.rename_symbols.is_empty() {
        verify_relocations(old, new, edits)?;
        verify_symbols(old, new, edits)?;
    } else {
        renamed_symbols::verify(old, new, edits)?;
    }
    version_proof::verify_needs(old, new, edits)?;
    verify_offset_table(old, new)
}

fn verify_relocations(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let old_list = &old.dynamic;
    let verify = |what, tag, size_tag| {
        let (one, other) = (table(old, tag, size_tag), table(new, tag, size_tag));
        same_table(what, one, other)
    };
    verify("the table of procedure relocations", DT_JMPREL, DT_PLTRELSZ)?;
    let packed = relocations::packed_places(&old.image, old_list)?;
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
    let (ordinary, all) = (unpacked::of(old)?, unpacked::of(new)?);
    let back = unpacked::verify(old, new, &packed, &all)?;
    same(
        "the list of ordinary relocations",
        &ordinary.as_slice(),
        &back,
    )
}

/// The bytes of a table that the list tells the place and the size of.
fn table<'a>(object: &Object<'a>, tag: u64, size_tag: u64) -> Option<&'a [u8]> {
    object
        .image
        .loaded_bytes(object.dynamic.table(tag, size_tag)?)
}

fn same_table(
    what: &'static str,
    expected: Option<&[u8]>,
    found: Option<&[u8]>,
) -> Result<(), Error> {
    same(what, &true, &same_slices(expected, found))
}

fn verify_symbols(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let codec = old.codec();
    let (one, other) = (old.symbols()?, new.symbols()?);
    let numbers = (
        SectionNumbers::of_dynamic(&old.image),
        SectionNumbers::of_dynamic(&new.image),
    );
    let size = symbols::record_size(codec) as usize;
    let value_at = RawSymbol::value_at(codec);
    let pairs = one.chunks_exact(size).zip(other.chunks_exact(size));
    for (place, (raw, new_raw)) in pairs.enumerate() {
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
        let sections = (
            numbers.0.section(place, &symbol),
            numbers.1.section(place, &new_symbol),
        );
        let one = (&old.image, sections.0);
        let other = (&new.image, sections.1);
        let follows = !moved || same_spot(one, other, symbol.value, new_symbol.value);
        let renumbered = symbol.section == new_symbol.section
            || edits.strip != Strip::None && same_section(one, other);
        if expected != new_raw || !follows || !renumbered {
            return Err(Error::unverified("a symbol differs").at(new.dynamic.at));
        }
    }
    version_proof::verify_symbols(old, new, edits)?;
    let count = old.symbol_count()?;
    let tables = hash_tables(old, count).into_iter();
    for (one, other) in tables.zip(hash_tables(new, count)) {
        same_table("a hash table", one, other)?;
    }
    same_table(
        "the version definitions",
        version_proof::definitions(old)?,
        version_proof::definitions(new)?,
    )
}

/// A file, and the section that a symbol of it is of.
type SymbolHome<'a, 'b> = (&'b Image<'a>, Option<usize>);

/// Whether two values mean the same spot of the same table.
fn same_spot(old: SymbolHome<'_, '_>, new: SymbolHome<'_, '_>, one: u64, other: u64) -> bool {
    let start = |(image, section): SymbolHome<'_, '_>| {
        if image.sections.is_empty() {
            return image
                .dynamic()
                .ok()
                .flatten()
                .map(|segment| segment.address.0);
        }
        let section = image.sections.get(section?);
        section.map(|section| section.address.0)
    };
    match (start(old), start(new)) {
        (Some(before), Some(after)) => one.wrapping_sub(before) == other.wrapping_sub(after),
        _ => false,
    }
}

/// Whether two symbols are of the same section under different numbers.
fn same_section(old: SymbolHome<'_, '_>, new: SymbolHome<'_, '_>) -> bool {
    let what = |(image, section): SymbolHome<'_, '_>| {
        let section = image.sections.get(section?)?;
        let name = image.section_name(section)?.to_vec();
        Some((section.kind, section.flags, name))
    };
    let before = what(old);
    before.is_some() && before == what(new)
}

/// The hash tables of a file of so many symbols; one that is cut short finds nothing.
fn hash_tables<'a>(object: &Object<'a>, symbols: usize) -> [Option<&'a [u8]>; 2] {
    let (image, dynamic) = (&object.image, &object.dynamic);
    let sysv = SysvHash::of(image, dynamic).ok().flatten();
    let gnu = GnuHash::of(image, dynamic).ok().flatten();
    [
        sysv.and_then(|hash| hash.content()),
        gnu.and_then(|hash| hash.content(symbols)),
    ]
}

/// The first word of the global offset table is the dynamic section's address, if it was.
fn verify_offset_table(old: &Object<'_>, new: &Object<'_>) -> Result<(), Error> {
    let word = |object: &Object<'_>| {
        let at = object.dynamic.address(DT_PLTGOT)?;
        // On IA-64 it is a number to count from, in the middle of anything.
        if object.dynamic.span().contains(at) {
            return None;
        }
        object.image.word_at(at)
    };
    let expected = match word(old) {
        Some(address) if address == old.dynamic.address.0 => Some(new.dynamic.address.0),
        None => return Ok(()),
        other => other,
    };
    same("the global offset table", &expected, &word(new))
}
