//! What one file differs by from another that is nearly the same, and back.
//!
//! Twins differ in tables that moved: the same bytes at other offsets. So a delta is a list of
//! stretches copied from the other file, with what is between them, deflated.

use std::collections::HashMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// Stretches are found by blocks of this size.
const BLOCK: usize = 64;

/// Make the delta that turns `base` into `wanted`.
pub(super) fn encode(base: &[u8], wanted: &[u8]) -> Vec<u8> {
    let mut index: HashMap<&[u8], usize> = HashMap::new();
    for (number, block) in base.chunks_exact(BLOCK).enumerate() {
        index.entry(block).or_insert(number.saturating_mul(BLOCK));
    }
    let mut out = Vec::new();
    let mut at = 0;
    let mut literal = 0;
    // Where in `base` the byte behind the last stretch was.
    let mut shift: Option<usize> = Some(0);
    while let Some(rest) = wanted.get(at..).filter(|rest| !rest.is_empty()) {
        let here = shift.filter(|&from| common(base, from, rest) >= BLOCK.min(rest.len()));
        let found = here.or_else(|| {
            rest.get(..BLOCK)
                .and_then(|block| index.get(block).copied())
        });
        let Some(from) = found else {
            at = at.saturating_add(1);
            shift = shift.map(|from| from.saturating_add(1));
            continue;
        };
        let length = common(base, from, rest);
        let data = wanted.get(literal..at).unwrap_or_default();
        push(&mut out, data, from, length);
        at = at.saturating_add(length);
        literal = at;
        shift = Some(from.saturating_add(length));
    }
    push(&mut out, wanted.get(literal..).unwrap_or_default(), 0, 0);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let written = encoder.write_all(&out).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// A twin may be larger than its base by holes and symbol tables, of which none known has so much.
const MOST_EXTRA: u64 = 64 << 20;

/// Turn `base` back into what the delta was made for; `None` if it was not made for this base. What
/// it takes is bounded by the base, whatever the delta and `size` say.
pub(super) fn decode(base: &[u8], delta: &[u8], size: u64) -> Option<Vec<u8>> {
    let most = (base.len() as u64)
        .saturating_mul(2)
        .saturating_add(MOST_EXTRA);
    if size > most {
        return None;
    }
    let mut list = Vec::new();
    ZlibDecoder::new(delta)
        .take(most)
        .read_to_end(&mut list)
        .ok()?;
    let mut rest = list.as_slice();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let literal = number(&mut rest)?;
        let (data, after) = rest.split_at_checked(literal)?;
        rest = after;
        let from = number(&mut rest)?;
        let length = number(&mut rest)?;
        let copied = base.get(from..from.checked_add(length)?)?;
        let grown = out.len().checked_add(data.len())?.checked_add(length)?;
        if grown as u64 > size {
            return None;
        }
        out.extend_from_slice(data);
        out.extend_from_slice(copied);
    }
    (out.len() as u64 == size).then_some(out)
}

fn common(base: &[u8], from: usize, wanted: &[u8]) -> usize {
    let Some(base) = base.get(from..) else {
        return 0;
    };
    let pairs = base.iter().zip(wanted);
    pairs.take_while(|(one, other)| one == other).count()
}

fn push(out: &mut Vec<u8>, data: &[u8], from: usize, length: usize) {
    out.extend_from_slice(&(data.len() as u64).to_le_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(&(from as u64).to_le_bytes());
    out.extend_from_slice(&(length as u64).to_le_bytes());
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (raw, after) = rest.split_first_chunk::<8>()?;
    *rest = after;
    usize::try_from(u64::from_le_bytes(*raw)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn noise(count: usize, mut seed: u64) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    /// A delta that would make much of little ends where its size does.
    #[test]
    fn no_delta_makes_more_than_its_base_allows() {
        let bomb = |list: &[u8]| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(list).unwrap();
            encoder.finish().unwrap()
        };
        let base = vec![7; 1000];
        let mut list = Vec::new();
        for _ in 0..100_000 {
            push(&mut list, b"", 0, 1000);
        }
        assert_eq!(decode(&base, &bomb(&list), 1 << 62), None);
        assert_eq!(decode(&base, &bomb(&list), 100_000_000), None);
        assert_eq!(decode(&base, &bomb(&list), 5000), None);
        assert_eq!(decode(&base, &bomb(&vec![0; 200 << 20]), 1000), None);
        push(&mut list, b"", usize::MAX, 2);
        assert_eq!(decode(&base, &bomb(&list), 60_000_000), None);
    }

    #[test]
    fn what_moved_is_copied_and_comes_back() {
        let base = noise(100_000, 1);
        let inserted = noise(50, 2);
        let wanted = [&base[40_000..], &inserted[..], &base[..30_000], b"end"].concat();
        let delta = encode(&base, &wanted);
        assert!(delta.len() < 1000, "{}", delta.len());
        assert_eq!(decode(&base, &delta, wanted.len() as u64).unwrap(), wanted);
        assert_eq!(decode(&base, &delta, 5), None);
        assert_eq!(decode(&base[..50_000], &delta, wanted.len() as u64), None);
        for (base, wanted) in [
            (&b""[..], &b""[..]),
            (b"", b"abc"),
            (b"abc", b""),
            (b"abc", b"abc"),
        ] {
            assert_eq!(
                decode(base, &encode(base, wanted), wanted.len() as u64).unwrap(),
                wanted
            );
        }
    }
}
