//! Whether symbols with new names are the old ones otherwise, are found by the hash tables, and are
//! named by the same relocations.

use std::collections::BTreeMap;

use crate::codec::Codec;
use crate::edits::{Edits, Relr, Strip};
use crate::error::Error;
use crate::proof::same::same;
use crate::read::dynamic::{DT_GNU_HASH, DT_HASH, DT_RELR, DT_RELRSZ, DT_VERSYM, Dynamic};
use crate::read::hash_table::{self, GnuHash, sysv_hash};
use crate::read::image::Image;
use crate::read::relocations;
use crate::read::symbol_count;
use crate::read::symbols::{self, RawSymbol};
use crate::read::tables;
use crate::read::versions::VERSION_GLOBAL;

/// A symbol by all it says but its place in the table.
type Said = (Vec<u8>, Vec<u8>, u16, u64);

/// Compares symbols, relocations and hash tables of a file before and after symbols were renamed.
pub(crate) fn verify(
    old: (&Image<'_>, &Dynamic<'_>),
    new: (&Image<'_>, &Dynamic<'_>),
    edits: &Edits,
) -> Result<(), Error> {
    if edits.strip != Strip::None || edits.relr != Relr::Keep || !edits.remove_needed.is_empty() {
        return Err(Error::uneditable(
            "symbols are renamed in an edit of its own: ask for the rest in another one",
        ));
    }
    let tables = tables::find(old.0, old.1)?;
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
    let packed = |(image, dynamic): (&Image<'_>, &Dynamic<'_>)| {
        let (at, size) = dynamic.range(DT_RELR, DT_RELRSZ)?;
        image.at(at, size).map(<[u8]>::to_vec)
    };
    same("the packed relocations", &packed(old), &packed(new))?;
    verify_hashes(old, new, &after)
}

/// All symbols in table order; with the edits, as they are to be after it.
fn said(
    (image, dynamic): (&Image<'_>, &Dynamic<'_>),
    follows: &dyn Fn(crate::address::VirtualAddress) -> bool,
    edits: Option<&Edits>,
) -> Result<Vec<Said>, Error> {
    let codec = image.codec();
    let size = symbols::record_size(codec) as usize;
    let table = symbols::table(image, dynamic)?;
    let count = table.len() / size;
    let versions = dynamic
        .address(DT_VERSYM)
        .and_then(|at| image.at(at, count as u64 * 2));
    let mut all = Vec::with_capacity(count);
    for (index, raw) in table.chunks_exact(size).enumerate() {
        let broken = || Error::unverified("a symbol is cut short");
        let symbol = RawSymbol::parse(codec, raw).ok_or_else(broken)?;
        let mut name = dynamic.strings.raw(u64::from(symbol.name))?.to_vec();
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
        let is_known =
            !symbol.is_address() || !follows(crate::address::VirtualAddress(symbol.value));
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
fn relocated(
    (image, dynamic): (&Image<'_>, &Dynamic<'_>),
    said: &[Said],
) -> Result<Vec<Named>, Error> {
    let mut all = Vec::new();
    relocations::each(image, dynamic, |relocation| {
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
fn verify_hashes(
    old: (&Image<'_>, &Dynamic<'_>),
    (image, dynamic): (&Image<'_>, &Dynamic<'_>),
    said: &[Said],
) -> Result<(), Error> {
    let names: Vec<&[u8]> = said.iter().map(|(name, ..)| name.as_slice()).collect();
    let table = |(image, dynamic): (&Image<'_>, &Dynamic<'_>), tag| {
        let address = dynamic.address(tag)?;
        Some(
            image
                .from(address)
                .map(|(_, bytes)| bytes.to_vec())
                .unwrap_or_default(),
        )
    };
    if let Some(bytes) = table((image, dynamic), DT_GNU_HASH) {
        let before = table(old, DT_GNU_HASH).unwrap_or_default();
        verify_gnu_hash(image.codec(), &before, &bytes, &names)?;
    }
    if let Some(bytes) = table((image, dynamic), DT_HASH) {
        let before = table(old, DT_HASH).unwrap_or_default();
        let entry = symbol_count::entry_size(image, &bytes);
        verify_sysv_hash(image.codec(), entry, &before, &bytes, &names)?;
    }
    Ok(())
}

fn verify_gnu_hash(
    codec: Codec,
    before: &[u8],
    table: &[u8],
    names: &[&[u8]],
) -> Result<(), Error> {
    let hash = GnuHash::parse(codec, table).ok_or_else(lost)?;
    for (index, name) in names.iter().enumerate().skip(hash.first) {
        let found = hash.find(codec, table, name).ok_or_else(lost)?;
        if !found.contains(&index) {
            return Err(lost());
        }
    }
    let size = usize::try_from(hash.size(names.len())).map_err(|_| lost())?;
    let table = table.get(..size).ok_or_else(lost)?;
    let mut expected = table.to_vec();
    copy_header(&mut expected, before, GnuHash::HEADER)?;
    hash.write(codec, &mut expected, names).ok_or_else(lost)?;
    same("the GNU hash table", &expected.as_slice(), &table)
}

fn verify_sysv_hash(
    codec: Codec,
    entry_size: u64,
    before: &[u8],
    table: &[u8],
    names: &[&[u8]],
) -> Result<(), Error> {
    let wide = entry_size == 8;
    let width = if wide { 8 } else { 4 };
    let entry = |slot: usize| {
        let at = slot.checked_mul(width)?;
        let value = if wide {
            codec.u64(table, at)?
        } else {
            u64::from(codec.u32(table, at)?)
        };
        usize::try_from(value).ok()
    };
    let buckets = entry(0).ok_or_else(lost)?;
    let mut chains: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate().skip(1) {
        let bucket = (sysv_hash(name) as usize)
            .checked_rem(buckets)
            .ok_or_else(lost)?;
        if let std::collections::btree_map::Entry::Vacant(slot) = chains.entry(bucket) {
            let mut chain = Vec::new();
            let mut next = entry(bucket.saturating_add(2)).ok_or_else(lost)?;
            while next != 0 && chain.len() <= names.len() {
                chain.push(next);
                let at = buckets.saturating_add(2).saturating_add(next);
                next = entry(at).ok_or_else(lost)?;
            }
            slot.insert(chain);
        }
        if !chains
            .get(&bucket)
            .is_some_and(|chain| chain.contains(&index))
        {
            return Err(lost());
        }
    }
    let slots = entry(1).and_then(|chains| chains.checked_add(buckets)?.checked_add(2));
    let whole = slots
        .and_then(|slots| table.get(..slots.checked_mul(width)?))
        .ok_or_else(lost)?;
    let mut expected = whole.to_vec();
    copy_header(&mut expected, before, width * 2)?;
    hash_table::write_sysv(codec, entry_size, &mut expected, names).ok_or_else(lost)?;
    same("the hash table", &expected.as_slice(), &whole)
}

/// A table is as large as before, and in the same parts.
fn copy_header(table: &mut [u8], before: &[u8], size: usize) -> Result<(), Error> {
    let (Some(header), Some(old)) = (table.get_mut(..size), before.get(..size)) else {
        return Err(lost());
    };
    header.copy_from_slice(old);
    Ok(())
}
