//! The two hash tables that find dynamic symbols by their names: `DT_GNU_HASH` and `DT_HASH`.
//!
//! `DT_GNU_HASH` wants the symbols of one bucket side by side, so a new name can mean a new place,
//! and everything that counts symbols (versions, relocations) follows.

use crate::address::{FileOffset, VirtualAddress, slice};
use crate::codec::Codec;
use crate::error::Error;
use crate::read::dynamic::{DT_GNU_HASH, DT_HASH, Dynamic};
use crate::read::image::Image;
use crate::read::machine::Machine;

/// The hash of `DT_GNU_HASH`.
pub(crate) fn gnu_hash(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash: u32, &byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
    })
}

/// The hash of `DT_HASH`.
pub(crate) fn sysv_hash(name: &[u8]) -> u32 {
    name.iter().fold(0, |hash: u32, &byte| {
        let hash = (hash << 4).wrapping_add(u32::from(byte));
        let high = hash & 0xf000_0000;
        (hash ^ high >> 24) & !high
    })
}

/// A `DT_GNU_HASH` table: four numbers, a bloom filter, buckets, and a chain for each symbol from
/// `first` on. How many symbols there are it does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GnuHash<'a> {
    codec: Codec,
    pub(crate) address: VirtualAddress,
    at: FileOffset,
    /// From the table's start to the end of its segment's bytes.
    bytes: &'a [u8],
    buckets: u32,
    /// The first symbol that is found by the table.
    pub(crate) first: usize,
    bloom_words: u32,
    shift: u32,
    buckets_at: usize,
    chains_at: usize,
}

impl<'a> GnuHash<'a> {
    /// Bytes of the header: four numbers.
    pub(crate) const HEADER: usize = 16;

    /// The file's table; `None` if it has none.
    pub(crate) fn of(image: &Image<'a>, dynamic: &Dynamic<'_>) -> Result<Option<Self>, Error> {
        let Some(address) = dynamic.address(DT_GNU_HASH) else {
            return Ok(None);
        };
        let (at, bytes) = image.from(address).ok_or_else(|| {
            Error::malformed(
                dynamic.at,
                "the hash table (DT_GNU_HASH) is in no loaded segment",
            )
        })?;
        Self::parse(image.codec(), address, at, bytes)
            .map(Some)
            .ok_or_else(|| Error::malformed(at, "the hash table (DT_GNU_HASH) is cut short"))
    }

    fn parse(
        codec: Codec,
        address: VirtualAddress,
        at: FileOffset,
        bytes: &'a [u8],
    ) -> Option<Self> {
        let (buckets, bloom_words) = (codec.u32(bytes, 0)?, codec.u32(bytes, 8)?);
        let buckets_at = (bloom_words as usize)
            .checked_mul(codec.word_size() as usize)?
            .checked_add(Self::HEADER)?;
        let chains_at = (buckets as usize).checked_mul(4)?.checked_add(buckets_at)?;
        (chains_at <= bytes.len()).then_some(Self {
            codec,
            address,
            at,
            bytes,
            buckets,
            first: codec.u32(bytes, 4)? as usize,
            bloom_words,
            shift: codec.u32(bytes, 12)?,
            buckets_at,
            chains_at,
        })
    }

    /// Whether a name can be looked for in it.
    pub(crate) fn can_find(&self) -> bool {
        self.buckets > 0 && self.bloom_words > 0
    }

    /// The last bucket's first symbol; 0 if the table finds nothing.
    fn last_chain(&self) -> u32 {
        let buckets = self.bytes.get(self.buckets_at..self.chains_at);
        buckets
            .unwrap_or_default()
            .chunks_exact(4)
            .filter_map(|raw| self.codec.u32(raw, 0))
            .max()
            .unwrap_or(0)
    }

    /// One past the last symbol that the table finds, or `None` when it finds none.
    pub(crate) fn symbol_end(&self) -> Result<Option<u64>, Error> {
        let last_chain = self.last_chain();
        if last_chain == 0 {
            return Ok(None);
        }
        let malformed = |what| Error::malformed(self.at, what);
        let short = || malformed("the hash table (DT_GNU_HASH) is cut short");
        let start = (last_chain as usize)
            .checked_sub(self.first)
            .ok_or_else(|| {
                malformed("a hash bucket (DT_GNU_HASH) points before the hashed symbols")
            })?
            .checked_mul(4)
            .and_then(|inside| inside.checked_add(self.chains_at))
            .ok_or_else(short)?;
        // The chain ends at the first odd value; running off the segment is the only other end.
        let chain = self.bytes.get(start..).ok_or_else(short)?;
        let is_end = |raw: &[u8]| self.codec.u32(raw, 0).is_some_and(|value| value & 1 == 1);
        let steps = chain
            .chunks_exact(4)
            .position(is_end)
            .ok_or_else(|| malformed("a hash chain (DT_GNU_HASH) has no end"))?;
        Ok(Some(
            u64::from(last_chain)
                .saturating_add(steps as u64)
                .saturating_add(1),
        ))
    }

    /// Bytes of the table in a file of so many symbols. A table that finds nothing has no chains,
    /// whatever number it begins with.
    pub(crate) fn size(&self, symbols: usize) -> u64 {
        let chains = match self.last_chain() {
            0 => 0,
            _ => symbols.saturating_sub(self.first) as u64,
        };
        (self.chains_at as u64).saturating_add(chains.saturating_mul(4))
    }

    /// The whole table, in a file of so many symbols.
    pub(crate) fn content(&self, symbols: usize) -> Option<&'a [u8]> {
        slice(self.bytes, FileOffset(0), self.size(symbols))
    }

    fn bucket(&self, hash: u32) -> u32 {
        hash.checked_rem(self.buckets).unwrap_or(0)
    }

    /// The old index of every symbol, in the order that the table needs for these names.
    pub(crate) fn order(&self, names: &[&[u8]]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..names.len()).collect();
        if let Some(found) = order.get_mut(self.first..) {
            found.sort_by_key(|&index| {
                self.bucket(gnu_hash(names.get(index).copied().unwrap_or_default()))
            });
        }
        order
    }

    /// Writes bloom filter, buckets and chains for names in such an order.
    pub(crate) fn write(&self, table: &mut [u8], names: &[&[u8]]) -> Option<()> {
        let codec = self.codec;
        table.get_mut(Self::HEADER..self.chains_at)?.fill(0);
        let word_bits = u32::try_from(codec.word_size()).ok()?.checked_mul(8)?;
        let hashes: Vec<u32> = names
            .get(self.first..)?
            .iter()
            .map(|it| gnu_hash(it))
            .collect();
        for (place, &hash) in hashes.iter().enumerate() {
            let bloom_word = (hash / word_bits).checked_rem(self.bloom_words)? as usize;
            let bloom_at = Self::HEADER + bloom_word * codec.word_size() as usize;
            let second = hash.checked_shr(self.shift).unwrap_or(0);
            let bits = 1_u64 << (hash % word_bits) | 1_u64 << (second % word_bits);
            let word = codec.word(table, bloom_at)? | bits;
            codec.put_word(table, bloom_at, word)?;
            let bucket = self.bucket(hash);
            let bucket_at = self.buckets_at + bucket as usize * 4;
            if codec.u32(table, bucket_at)? == 0 {
                let index = u32::try_from(self.first.checked_add(place)?).ok()?;
                codec.put_u32(table, bucket_at, index)?;
            }
            let next = hashes.get(place.checked_add(1)?);
            let is_last = next.is_none_or(|&next| self.bucket(next) != bucket);
            let chain_at = place.checked_mul(4)?.checked_add(self.chains_at)?;
            codec.put_u32(table, chain_at, hash & !1 | u32::from(is_last))?;
        }
        Some(())
    }

    /// The indexes of the symbols that a loader compares a name with.
    pub(crate) fn find(&self, name: &[u8]) -> Option<Vec<usize>> {
        let hash = gnu_hash(name);
        let bucket_at = self.buckets_at + self.bucket(hash) as usize * 4;
        let mut index = self.codec.u32(self.bytes, bucket_at)? as usize;
        let mut found = Vec::new();
        if index == 0 {
            return Some(found);
        }
        loop {
            let place = index.checked_sub(self.first)?;
            let chain_at = place.checked_mul(4)?.checked_add(self.chains_at)?;
            let chain = self.codec.u32(self.bytes, chain_at)?;
            if chain | 1 == hash | 1 {
                found.push(index);
            }
            if chain & 1 == 1 {
                return Some(found);
            }
            index = index.checked_add(1)?;
        }
    }
}

/// A `DT_HASH` table: the numbers of buckets and of chains, the buckets, and one chain entry for
/// each symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SysvHash<'a> {
    codec: Codec,
    pub(crate) address: VirtualAddress,
    /// From the table's start to the end of its segment's bytes.
    bytes: &'a [u8],
    /// Bytes of an entry: 4, or 8 on two machines.
    entry: usize,
    buckets: u64,
    chains: u64,
}

impl<'a> SysvHash<'a> {
    /// The file's table; `None` if it has none.
    pub(crate) fn of(image: &Image<'a>, dynamic: &Dynamic<'_>) -> Result<Option<Self>, Error> {
        let Some(address) = dynamic.address(DT_HASH) else {
            return Ok(None);
        };
        let (at, bytes) = image.from(address).ok_or_else(|| {
            Error::malformed(
                dynamic.at,
                "the hash table (DT_HASH) is in no loaded segment",
            )
        })?;
        let short = || Error::malformed(at, "the hash table (DT_HASH) is cut short");
        let mut hash = Self {
            codec: image.codec(),
            address,
            bytes,
            entry: entry_size(image, bytes),
            buckets: 0,
            chains: 0,
        };
        hash.buckets = hash.number(bytes, 0).ok_or_else(short)?;
        hash.chains = hash.number(bytes, 1).ok_or_else(short)?;
        Ok(Some(hash))
    }

    /// Bytes of the header: two numbers.
    pub(crate) fn header(&self) -> usize {
        self.entry.saturating_mul(2)
    }

    /// How many symbols there are: each has an entry in the chains.
    pub(crate) fn symbols(&self) -> u64 {
        self.chains
    }

    /// Bytes of the table; `None` if no table could be so large.
    pub(crate) fn size(&self) -> Option<u64> {
        self.buckets
            .checked_add(self.chains)?
            .checked_add(2)?
            .checked_mul(self.entry as u64)
    }

    /// The whole table.
    pub(crate) fn content(&self) -> Option<&'a [u8]> {
        slice(self.bytes, FileOffset(0), self.size()?)
    }

    fn number(&self, table: &[u8], slot: usize) -> Option<u64> {
        let at = slot.checked_mul(self.entry)?;
        match self.entry {
            8 => self.codec.u64(table, at),
            _ => self.codec.u32(table, at).map(u64::from),
        }
    }

    fn put(&self, table: &mut [u8], slot: usize, value: u64) -> Option<()> {
        let at = slot.checked_mul(self.entry)?;
        match self.entry {
            8 => self.codec.put_u64(table, at, value),
            _ => self.codec.put_u32(table, at, u32::try_from(value).ok()?),
        }
    }

    /// The bucket of a name.
    pub(crate) fn bucket(&self, name: &[u8]) -> Option<usize> {
        let bucket = u64::from(sysv_hash(name)).checked_rem(self.buckets)?;
        usize::try_from(bucket).ok()
    }

    /// The indexes of the symbols of a bucket, at most so many: what a loader goes through.
    pub(crate) fn chain(&self, bucket: usize, most: usize) -> Option<Vec<usize>> {
        let chains_at = usize::try_from(self.buckets).ok()?.checked_add(2)?;
        let entry = |slot| usize::try_from(self.number(self.bytes, slot)?).ok();
        let mut chain = Vec::new();
        let mut next = entry(bucket.checked_add(2)?)?;
        while next != 0 && chain.len() < most {
            chain.push(next);
            next = entry(chains_at.checked_add(next)?)?;
        }
        Some(chain)
    }

    /// Writes buckets and chains for these names, which are those of the symbols in their order.
    pub(crate) fn write(&self, table: &mut [u8], names: &[&[u8]]) -> Option<()> {
        let chains = usize::try_from(self.chains).ok()?;
        let chains_at = usize::try_from(self.buckets).ok()?.checked_add(2)?;
        for slot in 2..chains_at.checked_add(chains)? {
            self.put(table, slot, 0)?;
        }
        // From the last to the first, so that a chain goes through its symbols in their order.
        for (index, name) in names.iter().enumerate().skip(1).take(chains).rev() {
            let bucket = self.bucket(name)?.checked_add(2)?;
            let next = self.number(table, bucket)?;
            self.put(table, chains_at.checked_add(index)?, next)?;
            self.put(table, bucket, index as u64)?;
        }
        Some(())
    }
}

/// Bytes of one entry of a System V hash table, given its bytes. Two machines have them of eight
/// bytes, but lld writes four there as everywhere: then the table's two first numbers together
/// are no number of buckets.
fn entry_size(image: &Image<'_>, table: &[u8]) -> usize {
    let is_narrow = image
        .codec()
        .u64(table, 0)
        .is_none_or(|buckets| buckets > u64::from(u32::MAX));
    match Machine::of(&image.header).has_wide_hash_entries() && !is_narrow {
        true => 8,
        false => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the ELF specification and from the GNU hash's description.
    #[test]
    fn hashes_are_those_that_loaders_compute() {
        assert_eq!(gnu_hash(b""), 0x1505);
        assert_eq!(gnu_hash(b"printf"), 0x156b_2bb8);
        assert_eq!(sysv_hash(b"printf"), 0x0779_05a6);
        assert_eq!(
            sysv_hash(b"jdfgsdhfsdfsd 6445dsfsd7fg/*/+bfjsdgf%$^"),
            248_446_350
        );
    }
}
