//! A new stream for bytes that are nearly those of an old one.

use std::ops::Range;

use libdeflater::{CompressionLvl, Compressor, Decompressor};

use super::bits::BitWriter;
use super::blocks::{Block, blocks};
use super::changed::Changed;

/// Fewer bytes than this are packed anew as one: beginnings without what went before would cost more.
const WORTH: usize = 128 << 10;
/// So many bytes in a row have to be kept, else they are packed anew with what changed around them.
const RUN: usize = 32 << 10;

/// The packed form of `bytes`, of which the older packed form is `packed`: its blocks are kept where neither
/// they nor what they refer to `changed`. It was unpacked again, and gave `bytes`.
///
/// `None` where there is little to keep, or no memory.
pub(in crate::wheel) fn repack(
    packed: &[u8],
    changed: &Changed,
    bytes: &[u8],
    level: CompressionLvl,
) -> Option<Vec<u8>> {
    if changed.same() < (bytes.len() / 2).max(WORTH) {
        return None;
    }
    let old = blocks(packed, changed)?;
    if old.last()?.bytes.end != changed.before() {
        return None;
    }
    let pieces = pieces(&old, changed, bytes.len())?;
    let kept: usize = pieces.iter().map(Piece::kept).sum();
    if kept < bytes.len() / 2 {
        return None;
    }
    let mut writer = BitWriter::default();
    let mut compressor = Compressor::new(level);
    let last = pieces.len().checked_sub(1)?;
    for (number, piece) in pieces.iter().enumerate() {
        let is_last = number == last;
        match piece {
            Piece::Kept(run) => write(&mut writer, packed, run, is_last),
            Piece::New(range) => {
                let new = deflate(&mut compressor, bytes.get(range.clone())?)?;
                write(
                    &mut writer,
                    &new,
                    &blocks(&new, &Changed::nowhere())?,
                    is_last,
                );
            }
        }
    }
    let packed = writer.finish();
    gives(&packed, bytes).then_some(packed)
}

enum Piece<'a> {
    /// Blocks one behind the other.
    Kept(&'a [Block]),
    /// Bytes that are packed anew.
    New(Range<usize>),
}

impl Piece<'_> {
    fn kept(&self) -> usize {
        match self {
            Self::Kept(run) => length(run),
            Self::New(_) => 0,
        }
    }
}

fn length(run: &[Block]) -> usize {
    run.iter().map(|block| block.bytes.len()).sum()
}

/// What is kept and what is not, in turn, for `size` bytes.
fn pieces<'a>(old: &'a [Block], changed: &Changed, size: usize) -> Option<Vec<Piece<'a>>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    // Where a block's bytes are now; `None`: it is not kept.
    let now = |block: &Block| {
        let start = changed.moved(block.bytes.start).filter(|_| block.holds)?;
        let end = start.checked_add(block.bytes.len())?;
        (end <= size).then_some(start..end)
    };
    let goes_on = |one: &Block, next: &Block| match (now(one), now(next)) {
        (Some(one), Some(next)) => one.end == next.start,
        (None, None) => true,
        _ => false,
    };
    for run in old.chunk_by(goes_on) {
        let (Some(first), Some(last)) = (now(run.first()?), now(run.last()?)) else {
            continue;
        };
        if length(run) < RUN || first.start < at {
            continue;
        }
        if at < first.start {
            pieces.push(Piece::New(at..first.start));
        }
        pieces.push(Piece::Kept(run));
        at = last.end;
    }
    if at < size {
        pieces.push(Piece::New(at..size));
    }
    Some(pieces)
}

/// A stream of its own.
fn deflate(compressor: &mut Compressor, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    let room = compressor.deflate_compress_bound(bytes.len());
    packed.try_reserve_exact(room).ok()?;
    packed.resize(room, 0);
    let length = compressor.deflate_compress(bytes, &mut packed).ok()?;
    packed.truncate(length);
    Some(packed)
}

/// Blocks of `packed` as they are, but for the bit that says which is the last of all.
fn write(writer: &mut BitWriter, packed: &[u8], run: &[Block], is_last: bool) {
    let count = run.len();
    for (number, block) in run.iter().enumerate() {
        let is_last = is_last && number.saturating_add(1) == count;
        writer.put(u32::from(is_last), 1);
        let first = block.bits.start.saturating_add(1);
        match block.stored_at {
            None => writer.copy(packed, first, block.bits.end),
            // Its kind, and zeros up to the next byte.
            Some(start) => {
                writer.put(0, 2);
                writer.align();
                writer.copy(packed, start.saturating_mul(8), block.bits.end);
            }
        }
    }
}

/// Does it unpack to these bytes, and nothing more?
fn gives(packed: &[u8], bytes: &[u8]) -> bool {
    let mut unpacked = Vec::new();
    if unpacked.try_reserve_exact(bytes.len()).is_err() {
        return false;
    }
    unpacked.resize(bytes.len(), 0);
    let size = Decompressor::new().deflate_decompress(packed, &mut unpacked);
    size == Ok(bytes.len()) && unpacked == bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;
    use crate::wheel::packed::changed::Part;

    const WHOLE: Part = Part {
        from: 0,
        to: 0,
        length: usize::MAX,
    };

    /// Numbers that look like none.
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 16) as usize
        }
    }

    /// Bytes of all kinds: words that come again, zeros, what nobody can pack.
    fn text(noise: &mut Noise, size: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < size {
            match noise.next() % 8 {
                0 => bytes.extend(std::iter::repeat_n(0, noise.next() % 3000)),
                1 => bytes.extend((0..noise.next() % 40_000).map(|_| noise.next() as u8)),
                2 | 3 if bytes.len() > 5000 => {
                    let from = bytes.len() - 1 - noise.next() % 4999;
                    let to = (from + noise.next() % 900).min(bytes.len());
                    bytes.extend_from_within(from..to);
                }
                _ => bytes.extend((0..noise.next() % 500).map(|_| b'a' + (noise.next() % 7) as u8)),
            }
        }
        bytes.truncate(size);
        bytes
    }

    fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut packed = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 4096);
        let status = Compress::new(Compression::new(level), false)
            .compress_vec(bytes, &mut packed, FlushCompress::Finish)
            .unwrap();
        assert_eq!(status, flate2::Status::StreamEnd);
        packed
    }

    fn libdeflate(bytes: &[u8], level: i32) -> Vec<u8> {
        deflate(
            &mut Compressor::new(CompressionLvl::new(level).unwrap()),
            bytes,
        )
        .unwrap()
    }

    #[test]
    fn streams_of_every_packer_are_kept_where_nothing_changed_and_give_the_new_bytes() {
        let noise = &mut Noise(0x9e37_79b9_7f4a_7c15);
        let mut kept = 0;
        for round in 0..60 {
            let size = 200_000 + noise.next() % 400_000;
            let before = text(noise, size);
            let packed = match round % 4 {
                0 => zlib(&before, 1 + (round as u32 / 4) % 9),
                1 => libdeflate(&before, 1 + (round / 4) % 12),
                2 => zlib(&before, 6),
                // Stored blocks alone.
                _ => zlib(&before, if round % 8 == 3 { 0 } else { 9 }),
            };
            let mut after = before.clone();
            let mut parts = vec![WHOLE];
            // A hole is closed, in the middle.
            if round % 5 == 0 {
                let (from, to) = (size / 2 + noise.next() % 999, size / 2 - noise.next() % 999);
                after.drain(to..from);
                let length = usize::MAX;
                parts = vec![
                    Part {
                        from: 0,
                        to: 0,
                        length: to,
                    },
                    Part { from, to, length },
                ];
            }
            for _ in 0..noise.next() % 4 {
                let at = noise.next() % after.len();
                for byte in after.iter_mut().skip(at).take(noise.next() % 300) {
                    *byte ^= noise.next() as u8;
                }
            }
            match noise.next() % 3 {
                0 => after.truncate(after.len() - noise.next() % 50_000),
                1 => after.extend(text(noise, 5000)),
                _ => {}
            }
            let changed = Changed::between(&before, &after, &parts);
            let level = CompressionLvl::new(6).unwrap();
            // What it gives is compared with the bytes in there.
            if let Some(new) = repack(&packed, &changed, &after, level) {
                kept += 1;
                let fresh = libdeflate(&after, 6).len();
                assert!(
                    new.len() < packed.len().max(fresh) + 12_000,
                    "{} {fresh}",
                    new.len()
                );
            }
        }
        assert!(kept > 40, "{kept} of 60");
    }

    #[test]
    fn what_refers_to_changed_bytes_is_packed_anew() {
        let noise = &mut Noise(77);
        let word: Vec<u8> = (0..300).map(|_| noise.next() as u8).collect();
        // The same word everywhere: each refers to the one before.
        let before: Vec<u8> = word.iter().copied().cycle().take(400_000).collect();
        let packed = zlib(&before, 6);
        let mut after = before.clone();
        after[1000] ^= 1;
        let level = CompressionLvl::new(6).unwrap();
        let changed = Changed::between(&before, &after, &[WHOLE]);
        if let Some(new) = repack(&packed, &changed, &after, level) {
            assert!(gives(&new, &after));
        }
        let same = Changed::between(&before, &before, &[WHOLE]);
        let new = repack(&packed, &same, &before, level).unwrap();
        assert_eq!(new, packed);
    }

    #[test]
    fn streams_that_are_cut_or_broken_are_left_alone() {
        let noise = &mut Noise(5);
        let bytes = text(noise, 300_000);
        let packed = zlib(&bytes, 6);
        let same = Changed::between(&bytes, &bytes, &[WHOLE]);
        let level = CompressionLvl::new(6).unwrap();
        for length in [0, 1, 2, packed.len() / 2, packed.len() - 1] {
            assert!(
                repack(&packed[..length], &same, &bytes, level).is_none(),
                "{length}"
            );
        }
        for _ in 0..300 {
            let mut broken = packed.clone();
            let at = noise.next() % broken.len();
            broken[at] ^= 1 << (noise.next() % 8);
            if let Some(new) = repack(&broken, &same, &bytes, level) {
                assert!(gives(&new, &bytes));
            }
        }
    }
}
