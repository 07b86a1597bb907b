//! Whether symbols with new names are the old ones otherwise, are found by the hash tables, and are
//! named by the same relocations.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::address::VirtualAddress;
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::proof::same::same;
use crate::read::dynamic::{DT_RELR, DT_RELRSZ};
use crate::read::hash_table::{GnuHash, SysvHash};
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::VERSION_GLOBAL;

/// A symbol by all it says but its place in the table.
type Said = (Vec<u8>, Vec<u8>, u16, u64);

/// Compares symbols, relocations and hash tables of a file before and after symbols were renamed.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    if edits.strip != Strip::None || edits.relr != Relr::Keep || !edits.remove_needed.is_empty() {
        return Err(Error::uneditable(
            "symbols are renamed in an edit of its own: ask for the rest in another one",
        ));
    }
    let tables = old.tables()?;
    let follows = |address| tables.iter().any(|table| table.contains(address));
    let before = said(old, &follows, Some(edits))?;
    let after = said(new, &follows, None)?;
    let sorted = |said: &[Said]| {
        let mut sorted = said.to_vec();
        sorted.sort_unstable();
        sorted
    };
    same("the set of symbols", &sorted(&before), &sorted(&after))?;
    same(
        "the list of relocations",
        &relocated(old, &before)?,
        &relocated(new, &after)?,
    )?;
    let packed = |object: &Object<'_>| {
        let span = object.dynamic.table(DT_RELR, DT_RELRSZ)?;
        object.image.loaded_bytes(span).map(<[u8]>::to_vec)
    };
    same("the packed relocations", &packed(old), &packed(new))?;
    verify_hashes(old, new, &after)
}

/// All symbols in table order; with the edits, as they are to be after it.
fn said(
    object: &Object<'_>,
    follows: &dyn Fn(VirtualAddress) -> bool,
    edits: Option<&Edits>,
) -> Result<Vec<Said>, Error> {
    let codec = object.codec();
    let size = symbols::record_size(codec) as usize;
    let table = object.symbols()?;
    let versions = object.symbol_versions()?;
    let mut all = Vec::with_capacity(object.symbol_count()?);
    for (index, raw) in table.chunks_exact(size).enumerate() {
        let broken = || Error::unverified("a symbol is cut short");
        let symbol = RawSymbol::parse(codec, raw).ok_or_else(broken)?;
        let mut name = object.dynamic.strings.raw(u64::from(symbol.name))?.to_vec();
        let mut version = versions
            .and_then(|versions| codec.u16(versions, index.saturating_mul(2)))
            .unwrap_or(VERSION_GLOBAL);
        if let (Some(edits), Ok(text)) = (edits, std::str::from_utf8(&name)) {
            if edits.more.clear_versions.contains(text) {
                version = VERSION_GLOBAL;
            }
            if let Some(new) = edits.more.rename_symbols.get(text) {
                name = new.clone().into_bytes();
            }
        }
        // The rest of the record: size, section, kind. Addresses of tables that moved follow them.
        let mut rest = raw.to_vec();
        codec.put_u32(&mut rest, 0, 0);
        codec.put_word(&mut rest, RawSymbol::value_at(codec), 0);
        let is_known = !symbol.is_address() || !follows(VirtualAddress(symbol.value));
        let value = if is_known && !symbol.is_section() {
            symbol.value
        } else {
            0
        };
        all.push((name, rest, version, value));
    }
    Ok(all)
}

/// A relocation: its place, kind, symbol and addend.
type Named = (u64, u32, Option<Said>, Option<u64>);

/// The relocations in order, each with the symbol it names.
fn relocated(object: &Object<'_>, said: &[Said]) -> Result<Vec<Named>, Error> {
    let mut all = Vec::new();
    relocations::each(&object.image, &object.dynamic, |relocation| {
        let symbol = said.get(relocation.symbol as usize).cloned();
        all.push((
            relocation.place.0,
            relocation.kind,
            symbol,
            relocation.addend,
        ));
    })?;
    Ok(all)
}

fn lost() -> Error {
    Error::unverified("a hash table does not find a symbol")
}

/// Every defined symbol that others can see is found by its name, and the tables hold nothing else.
fn verify_hashes(old: &Object<'_>, new: &Object<'_>, said: &[Said]) -> Result<(), Error> {
    let names: Vec<&[u8]> = said.iter().map(|(name, ..)| name.as_slice()).collect();
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
