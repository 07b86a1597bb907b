//! The two hash tables that find dynamic symbols by their names: `DT_GNU_HASH` and `DT_HASH`.
//!
//! `DT_GNU_HASH` wants the symbols of one bucket side by side, so a new name can mean a new place,
//! and everything that counts symbols (versions, relocations) follows.

use crate::codec::Codec;

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

/// The parts of a `DT_GNU_HASH` table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GnuHash {
    buckets: u32,
    /// The first symbol that is found by the table.
    pub(crate) first: usize,
    bloom_words: u32,
    shift: u32,
    bloom_at: usize,
    buckets_at: usize,
    chains_at: usize,
}

impl GnuHash {
    /// Bytes of the header: four numbers.
    pub(crate) const HEADER: usize = 16;

    /// `None` if the table is cut short or cannot find anything.
    pub(crate) fn parse(codec: Codec, table: &[u8]) -> Option<Self> {
        let (buckets, bloom_words) = (codec.u32(table, 0)?, codec.u32(table, 8)?);
        let buckets_at = (bloom_words as usize)
            .checked_mul(codec.word_size() as usize)?
            .checked_add(Self::HEADER)?;
        let chains_at = (buckets as usize).checked_mul(4)?.checked_add(buckets_at)?;
        (buckets > 0 && bloom_words > 0 && chains_at <= table.len()).then_some(Self {
            buckets,
            first: codec.u32(table, 4)? as usize,
            bloom_words,
            shift: codec.u32(table, 12)?,
            bloom_at: Self::HEADER,
            buckets_at,
            chains_at,
        })
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
    pub(crate) fn write(&self, codec: Codec, table: &mut [u8], names: &[&[u8]]) -> Option<()> {
        table.get_mut(self.bloom_at..self.chains_at)?.fill(0);
        let word_bits = u32::try_from(codec.word_size()).ok()?.checked_mul(8)?;
        let hashes: Vec<u32> = names
            .get(self.first..)?
            .iter()
            .map(|it| gnu_hash(it))
            .collect();
        for (place, &hash) in hashes.iter().enumerate() {
            let bloom_word = (hash / word_bits).checked_rem(self.bloom_words)? as usize;
            let bloom_at = self.bloom_at + bloom_word * codec.word_size() as usize;
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
    pub(crate) fn find(&self, codec: Codec, table: &[u8], name: &[u8]) -> Option<Vec<usize>> {
        let hash = gnu_hash(name);
        let bucket_at = self.buckets_at + self.bucket(hash) as usize * 4;
        let mut index = codec.u32(table, bucket_at)? as usize;
        let mut found = Vec::new();
        if index == 0 {
            return Some(found);
        }
        loop {
            let place = index.checked_sub(self.first)?;
            let chain = codec.u32(table, place.checked_mul(4)?.checked_add(self.chains_at)?)?;
            if chain | 1 == hash | 1 {
                found.push(index);
            }
            if chain & 1 == 1 {
                return Some(found);
            }
            index = index.checked_add(1)?;
        }
    }

    /// Bytes of the table for so many symbols.
    pub(crate) fn size(&self, symbols: usize) -> u64 {
        let chains = symbols.saturating_sub(self.first) as u64;
        (self.chains_at as u64).saturating_add(chains.saturating_mul(4))
    }
}

/// Writes buckets and chains of a `DT_HASH` table whose entries have `entry` bytes.
pub(crate) fn write_sysv(
    codec: Codec,
    entry: u64,
    table: &mut [u8],
    names: &[&[u8]],
) -> Option<()> {
    let entry = usize::try_from(entry).ok()?;
    let put = |table: &mut [u8], slot: usize, value: u64| {
        let at = slot.checked_mul(entry)?;
        match entry {
            8 => codec.put_u64(table, at, value),
            _ => codec.put_u32(table, at, u32::try_from(value).ok()?),
        }
    };
    let get = |table: &[u8], slot: usize| {
        let at = slot.checked_mul(entry)?;
        match entry {
            8 => codec.u64(table, at),
            _ => codec.u32(table, at).map(u64::from),
        }
    };
    let buckets = usize::try_from(get(table, 0)?).ok()?;
    let chains = usize::try_from(get(table, 1)?).ok()?;
    let total = buckets.checked_add(chains)?.checked_add(2)?;
    for slot in 2..total {
        put(table, slot, 0)?;
    }
    // From the last to the first, so that a chain goes through its symbols in their order.
    for (index, name) in names.iter().enumerate().skip(1).take(chains).rev() {
        let bucket = (sysv_hash(name) as usize)
            .checked_rem(buckets)?
            .checked_add(2)?;
        let next = get(table, bucket)?;
        put(table, buckets.checked_add(2)?.checked_add(index)?, next)?;
        put(table, bucket, index as u64)?;
    }
    Some(())
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
