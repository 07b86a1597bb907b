//! Where two files of nearly the same bytes differ.

use std::ops::Range;

/// Differences as near as that are one: what lies between them is not worth a block of its own.
const NEAR: usize = 4096;
/// So many bytes are compared at once.
const PIECE: usize = 1024;

/// A part of a file that lies elsewhere in a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where it begins in the older file, in bytes.
    pub from: usize,
    /// Where it begins in the newer one.
    pub to: usize,
    /// How long it is at most.
    pub length: usize,
}

/// Where a file differs from a newer one: all offsets are the older one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Sorted, and apart from each other.
    ranges: Vec<Range<usize>>,
    /// Those between which the distance to the newer file's offsets differs, sorted; no two share bytes.
    parts: Vec<Part>,
    /// How long it is.
    before: usize,
}

impl Changed {
    /// Compares them. `parts`: what may be the same, in the order of both files; what no part holds is changed.
    #[must_use]
    pub fn between(before: &[u8], after: &[u8], parts: &[Part]) -> Self {
        let mut changed = Self {
            ranges: Vec::new(),
            parts: Vec::new(),
            before: before.len(),
        };
        let mut end = 0;
        for part in parts {
            let old = before.get(part.from..).unwrap_or_default();
            let new = after.get(part.to..).unwrap_or_default();
            let length = part.length.min(old.len()).min(new.len());
            changed.add(end..part.from);
            changed.compare(
                old.get(..length).unwrap_or_default(),
                new.get(..length).unwrap_or_default(),
                part.from,
            );
            end = part.from.saturating_add(length);
            changed.part(*part);
        }
        changed.add(end..before.len());
        changed
    }

    /// Compares bytes of the same length, the older of which begin at `start`.
    fn compare(&mut self, old: &[u8], new: &[u8], start: usize) {
        let pieces = old.chunks(PIECE).zip(new.chunks(PIECE));
        for (number, (old, new)) in pieces.enumerate() {
            if old == new {
                continue;
            }
            let mut differ = old.iter().zip(new).map(|(old, new)| old != new);
            let first = differ.clone().position(|differs| differs).unwrap_or(0);
            let last = differ.rposition(|differs| differs).unwrap_or(0);
            let piece = start.saturating_add(number.saturating_mul(PIECE));
            self.add(piece.saturating_add(first)..piece.saturating_add(last).saturating_add(1));
        }
    }

    fn add(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        match self.ranges.last_mut() {
            Some(last) if range.start.saturating_sub(last.end) < NEAR => last.end = range.end,
            _ => self.ranges.push(range),
        }
    }

    fn part(&mut self, part: Part) {
        let goes_on = self.parts.last().is_some_and(|last| {
            last.to.checked_sub(last.from) == part.to.checked_sub(part.from)
                && last.from.checked_sub(last.to) == part.from.checked_sub(part.to)
        });
        if !goes_on {
            self.parts.push(part);
        }
    }

    /// How many bytes are as they were.
    pub(super) fn same(&self) -> usize {
        let changed = self.ranges.iter().map(Range::len).sum();
        self.before.saturating_sub(changed)
    }

    /// How long the older file is.
    pub(super) fn before(&self) -> usize {
        self.before
    }

    /// What is changed, in its order.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Where the distance to the newer file's offsets becomes another one: the bytes before and behind lie
    /// otherwise to each other there.
    pub(super) fn seams(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().skip(1).map(|part| part.from)
    }

    /// Where a byte that did not change is in the newer file.
    pub(super) fn moved(&self, at: usize) -> Option<usize> {
        let behind = self.parts.partition_point(|part| part.from <= at);
        let part = self.parts.get(behind.checked_sub(1)?)?;
        part.to.checked_add(at.checked_sub(part.from)?)
    }

    /// Does any change lie in there?
    pub(super) fn touches(&self, range: &Range<usize>) -> bool {
        let next = self.ranges.partition_point(|one| one.end <= range.start);
        self.ranges
            .get(next)
            .is_some_and(|one| one.start < range.end)
    }

    /// Of nothing, for a stream that is looked at without an older one.
    pub(super) fn nowhere() -> Self {
        Self {
            ranges: Vec::new(),
            parts: Vec::new(),
            before: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Part = Part {
        from: 0,
        to: 0,
        length: usize::MAX,
    };

    #[test]
    fn differences_are_found_at_their_offsets_and_near_ones_are_one() {
        let before = vec![7; 100_000];
        let mut after = before.clone();
        for at in [0, 1023, 1024, 50_000, 99_999] {
            after[at] = 8;
        }
        let changed = Changed::between(&before, &after, &[WHOLE]);
        assert_eq!(changed.ranges, [0..1025, 50_000..50_001, 99_999..100_000]);
        assert!(changed.touches(&(49_000..50_001)) && !changed.touches(&(49_000..50_000)));
        assert!(!changed.touches(&(50_001..99_999)));
        after.truncate(60_000);
        let changed = Changed::between(&before, &after, &[WHOLE]);
        assert_eq!(changed.ranges, [0..1025, 50_000..50_001, 60_000..100_000]);
        assert_eq!(changed.same(), 60_000 - 1025 - 1);
        let grown = Changed::between(&after, &before, &[WHOLE]);
        assert_eq!(grown.ranges, [0..1025, 50_000..50_001]);
        assert_eq!(Changed::between(&before, &after, &[]).same(), 0);
    }

    #[test]
    fn parts_that_moved_are_the_same_where_they_are_now() {
        let before: Vec<u8> = (0..90_000_u32).map(|n| (n % 251) as u8).collect();
        let after = [&before[..30_000], &before[40_000..80_000]].concat();
        let parts = [
            Part {
                from: 0,
                to: 0,
                length: 30_000,
            },
            Part {
                from: 40_000,
                to: 30_000,
                length: 20_000,
            },
            Part {
                from: 60_000,
                to: 50_000,
                length: 20_000,
            },
        ];
        let changed = Changed::between(&before, &after, &parts);
        assert_eq!(changed.ranges, [30_000..40_000, 80_000..90_000]);
        assert_eq!(changed.seams().collect::<Vec<_>>(), [40_000]);
        assert_eq!(changed.moved(10), Some(10));
        assert_eq!(changed.moved(70_000), Some(60_000));
    }
}
