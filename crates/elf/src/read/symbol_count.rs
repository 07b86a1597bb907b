//! How many dynamic symbols a file has: only its hash tables and relocations know.

use crate::address::FileOffset;
use crate::error::Error;
use crate::read::dynamic::{DT_GNU_HASH, DT_HASH, Dynamic};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations;

/// Bytes of one entry of a System V hash table, given its bytes. Two machines have them of eight
/// bytes, but lld writes four there as everywhere: then the table's two first numbers together
/// are no number of buckets.
pub(crate) fn entry_size(image: &Image<'_>, table: &[u8]) -> u64 {
    let entry = Machine::of(&image.header).hash_entry_size();
    let is_narrow = image
        .codec()
        .u64(table, 0)
        .is_none_or(|buckets| buckets > u64::from(u32::MAX));
    if is_narrow { 4 } else { entry }
}

/// The number of entries of the dynamic symbol table, the empty first one included.
pub(crate) fn symbol_count(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<u64, Error> {
    if let Some(address) = dynamic.address(DT_HASH) {
        let codec = image.codec();
        let (at, table) = image.from(address).ok_or_else(|| {
            Error::malformed(
                dynamic.at,
                "the hash table (DT_HASH) is in no loaded segment",
            )
        })?;
        // nbucket, nchain: there is one chain entry per symbol.
        let count = if entry_size(image, table) == 8 {
            codec.u64(table, 8)
        } else {
            codec.u32(table, 4).map(u64::from)
        };
        return count.ok_or_else(|| Error::malformed(at, "the hash table (DT_HASH) is cut short"));
    }
    let Some(address) = dynamic.address(DT_GNU_HASH) else {
        return relocations::highest_symbol(image, dynamic)
            .map(|highest| highest.saturating_add(1));
    };
    let (at, table) = image.from(address).ok_or_else(|| {
        Error::malformed(
            dynamic.at,
            "the hash table (DT_GNU_HASH) is in no loaded segment",
        )
    })?;
    match gnu_count(image, at, table)? {
        Some(count) => Ok(count),
        // A table without any hashed symbol does not say how many there are beside.
        None => {
            relocations::highest_symbol(image, dynamic).map(|highest| highest.saturating_add(1))
        }
    }
}

/// One past the last symbol of `DT_GNU_HASH`, or `None` when no symbol is hashed.
fn gnu_count(image: &Image<'_>, at: FileOffset, table: &[u8]) -> Result<Option<u64>, Error> {
    let codec = image.codec();
    let short = || Error::malformed(at, "the hash table (DT_GNU_HASH) is cut short");
    let buckets = codec.u32(table, 0).ok_or_else(short)?;
    let first = codec.u32(table, 4).ok_or_else(short)?;
    let bloom_words = codec.u32(table, 8).ok_or_else(short)?;
    let buckets_at = u64::from(bloom_words) * codec.word_size() + 16;
    let chains_at = buckets_at + u64::from(buckets) * 4;
    let bucket_bytes = crate::address::slice(table, FileOffset(buckets_at), u64::from(buckets) * 4)
        .ok_or_else(short)?;
    let last_chain = bucket_bytes
        .chunks_exact(4)
        .filter_map(|raw| codec.u32(raw, 0))
        .max()
        .unwrap_or(0);
    if last_chain == 0 {
        return Ok(None);
    }
    let steps_in = last_chain.checked_sub(first).ok_or_else(|| {
        Error::malformed(
            at,
            "a hash bucket (DT_GNU_HASH) points before the hashed symbols",
        )
    })?;
    let start = usize::try_from(chains_at + u64::from(steps_in) * 4).map_err(|_| short())?;
    // The chain ends at the first odd value; running off the segment is the only other end.
    for (step, raw) in table
        .get(start..)
        .ok_or_else(short)?
        .chunks_exact(4)
        .enumerate()
    {
        if codec.u32(raw, 0).is_some_and(|value| value & 1 == 1) {
            return Ok(Some(
                u64::from(last_chain)
                    .saturating_add(step as u64)
                    .saturating_add(1),
            ));
        }
    }
    Err(Error::malformed(
        at,
        "a hash chain (DT_GNU_HASH) has no end",
    ))
}
