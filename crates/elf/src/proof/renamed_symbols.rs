//! Whether symbols with new names are the old ones otherwise, are found by the hash tables, and are
//! named by the same relocations.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::address::VirtualAddress;
use crate::edits::{Edits, Relr};
use crate::error::Error;
use crate::proof::same::same;
use crate::proof::unpacked;
use crate::proof::versions;
use crate::read::dynamic::{DT_RELR, DT_RELRSZ};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::object::Object;
use crate::read::relocations::{self, Relocation};
use crate::read::section_numbers::SectionNumbers;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::{VERSION_GLOBAL, VERSION_HIDDEN};

/// A symbol by all it says but its place in the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    name: Vec<u8>,
    /// Its record without name, section and value: how large it is and of what kind.
    record: Vec<u8>,
    home: Home,
    version: u16,
    /// Its value; of one in a table, which may have moved, how far into that it is.
    value: u64,
}

/// What section a symbol is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    /// What the record says: no section, or one of a file that has no section headers.
    Number(u16),
    /// Kind, flags and name; the number changes where strip takes others away.
    Section(u32, u64, Vec<u8>),
}

/// Compares symbols, relocations and hash tables of a file before and after symbols were renamed.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let before = said(old, Some((edits, new)))?;
    let after = said(new, None)?;
    let sorted = |said: &[Said]| {
        let mut sorted = said.to_vec();
        sorted.sort_unstable();
        sorted
    };
    same("the set of symbols", &sorted(&before), &sorted(&after))?;
    let ordinary = named(&unpacked::of(old)?, &before);
    let all = unpacked::of(new)?;
    let packed_places = relocations::packed_places(&old.image, &old.dynamic)?;
    let rest = if edits.relr == Relr::Keep || packed_places.is_empty() {
        let packed = |object: &Object<'_>| {
            let span = object.dynamic.table(DT_RELR, DT_RELRSZ)?;
            object.image.loaded_bytes(span).map(<[u8]>::to_vec)
        };
        same("the packed relocations", &packed(old), &packed(new))?;
        all.as_slice()
    } else {
        unpacked::verify(old, new, &packed_places, &all)?
    };
    same("the list of relocations", &ordinary, &named(rest, &after))?;
    same(
        "the version definitions",
        &versions::definitions(old)?,
        &versions::definitions(new)?,
    )?;
    verify_hashes(old, new, &after)
}

/// All symbols in table order; with the edits, as they are to be in the file that comes of them.
fn said(object: &Object<'_>, asked: Option<(&Edits, &Object<'_>)>) -> Result<Vec<Said>, Error> {
    let codec = object.codec();
    let size = symbols::record_size(codec) as usize;
    let table = object.symbols()?;
    let numbers = SectionNumbers::of_dynamic(&object.image);
    let tables = object.tables()?;
    let mut versions = object.symbol_versions()?;
    let mut gone = BTreeSet::new();
    if let Some((edits, new)) = asked {
        gone = versions::gone(object, edits)?;
        if versions::loses_all(object, new)? {
            versions = None;
        }
    }
    let mut all = Vec::with_capacity(object.symbol_count()?);
    for (index, raw) in table.chunks_exact(size).enumerate() {
        let broken = || Error::unverified("a symbol is cut short");
        let symbol = RawSymbol::parse(codec, raw).ok_or_else(broken)?;
        let mut name = object.dynamic.strings.raw(u64::from(symbol.name))?.to_vec();
        let mut version = versions
            .and_then(|versions| codec.u16(versions, index.saturating_mul(2)))
            .unwrap_or(VERSION_GLOBAL);
        if gone.contains(&(version & !VERSION_HIDDEN)) {
            version = VERSION_GLOBAL;
        }
        if let (Some((edits, _)), Ok(text)) = (asked, std::str::from_utf8(&name)) {
            if edits.more.clear_versions.contains(text) {
                version = VERSION_GLOBAL;
            }
            if let Some(new) = edits.more.rename_symbols.get(text) {
                name = new.clone().into_bytes();
            }
        }
        let mut record = raw.to_vec();
        codec.put_u32(&mut record, 0, 0);
        codec.put_u16(&mut record, RawSymbol::section_at(codec), 0);
        codec.put_word(&mut record, RawSymbol::value_at(codec), 0);
        let mut home = Home::Number(symbol.section);
        let mut value = symbol.value;
        let section = numbers.section(index, &symbol);
        if let Some(section) = section.and_then(|section| object.image.sections.get(section)) {
            let name = object.image.section_name(section).unwrap_or_default();
            home = Home::Section(section.kind, section.flags, name.to_vec());
            let moves = tables.iter().any(|table| table.contains(section.address));
            if moves && symbol.is_address() {
                value = value.wrapping_sub(section.address.0);
            }
        } else if symbol.is_address() && value == object.dynamic.address.0 {
            value = 0; // `_DYNAMIC`, which follows the list.
        }
        all.push(Said {
            name,
            record,
            home,
            version,
            value,
        });
    }
    Ok(all)
}

/// A relocation: its place, kind, symbol and addend.
type Named<'s> = (VirtualAddress, u32, Option<&'s Said>, Option<u64>);

/// The relocations in order, each with the symbol it names.
fn named<'s>(relocations: &[Relocation], said: &'s [Said]) -> Vec<Named<'s>> {
    let named = |relocation: &Relocation| {
        let symbol = said.get(relocation.symbol as usize);
        (relocation.place, relocation.kind, symbol, relocation.addend)
    };
    relocations.iter().map(named).collect()
}

fn lost() -> Error {
    Error::unverified("a hash table does not find a symbol")
}

/// Every defined symbol that others can see is found by its name, and the tables hold nothing else.
fn verify_hashes(old: &Object<'_>, new: &Object<'_>, said: &[Said]) -> Result<(), Error> {
    let names: Vec<&[u8]> = said.iter().map(|said| said.name.as_slice()).collect();
    if let Some(hash) = GnuHash::of(&new.image, &new.dynamic).map_err(|_| lost())? {
        let before = GnuHash::of(&old.image, &old.dynamic)?.ok_or_else(lost)?;
        verify_gnu_hash(&before, &hash, &names)?;
    }
    if let Some(hash) = SysvHash::of(&new.image, &new.dynamic).map_err(|_| lost())? {
        let before = SysvHash::of(&old.image, &old.dynamic)?.ok_or_else(lost)?;
        verify_sysv_hash(&before, &hash, &names)?;
    }
    Ok(())
}

fn verify_gnu_hash(before: &GnuHash<'_>, hash: &GnuHash<'_>, names: &[&[u8]]) -> Result<(), Error> {
    if !hash.can_find() {
        return Err(lost());
    }
    for (index, name) in names.iter().enumerate().skip(hash.first) {
        let found = hash.find(name).ok_or_else(lost)?;
        if !found.contains(&index) {
            return Err(lost());
        }
    }
    let table = hash.content(names.len()).ok_or_else(lost)?;
    let header = before.content(names.len()).ok_or_else(lost)?;
    let mut expected = table.to_vec();
    copy_header(&mut expected, header, GnuHash::HEADER)?;
    hash.write(&mut expected, names).ok_or_else(lost)?;
    same("the GNU hash table", &expected.as_slice(), &table)
}

fn verify_sysv_hash(
    before: &SysvHash<'_>,
    hash: &SysvHash<'_>,
    names: &[&[u8]],
) -> Result<(), Error> {
    let mut chains: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate().skip(1) {
        let bucket = hash.bucket(name).ok_or_else(lost)?;
        if let Entry::Vacant(slot) = chains.entry(bucket) {
            let most = names.len().saturating_add(1);
            slot.insert(hash.chain(bucket, most).ok_or_else(lost)?);
        }
        if !chains
            .get(&bucket)
            .is_some_and(|chain| chain.contains(&index))
        {
            return Err(lost());
        }
    }
    let table = hash.content().ok_or_else(lost)?;
    let header = before.content().ok_or_else(lost)?;
    let mut expected = table.to_vec();
    copy_header(&mut expected, header, hash.header())?;
    hash.write(&mut expected, names).ok_or_else(lost)?;
    same("the hash table", &expected.as_slice(), &table)
}

/// A table is as large as before, and in the same parts.
fn copy_header(table: &mut [u8], before: &[u8], size: usize) -> Result<(), Error> {
    let (Some(header), Some(old)) = (table.get_mut(..size), before.get(..size)) else {
        return Err(lost());
    };
    header.copy_from_slice(old);
    Ok(())
}
