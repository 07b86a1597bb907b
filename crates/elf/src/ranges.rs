//! Spans of addresses or of file offsets, which no reader can mix up, and many of them in order.

use serde::Serialize;

use crate::address::{FileOffset, VirtualAddress};

/// What a [`Span`] can measure.
pub trait Position: Copy + Ord {
    /// The last one there is.
    const LAST: Self;

    /// The position `size` bytes further on; stays at the end of the number range.
    #[must_use]
    fn plus(self, size: u64) -> Self;

    /// How many bytes it lies behind `start`; 0 if it lies before.
    #[must_use]
    fn behind(self, start: Self) -> u64;
}

impl Position for FileOffset {
    const LAST: Self = Self(u64::MAX);

    fn plus(self, size: u64) -> Self {
        self.plus(size)
    }

    fn behind(self, start: Self) -> u64 {
        self.0.saturating_sub(start.0)
    }
}

impl Position for VirtualAddress {
    const LAST: Self = Self(u64::MAX);

    fn plus(self, size: u64) -> Self {
        self.plus(size)
    }

    fn behind(self, start: Self) -> u64 {
        self.0.saturating_sub(start.0)
    }
}

/// From `start` up to `end`, which it does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span<P> {
    /// The first byte.
    pub start: P,
    /// The first byte behind it.
    pub end: P,
}

impl<P: Position> Span<P> {
    /// So many bytes from a position on.
    #[must_use]
    pub fn sized(start: P, size: u64) -> Self {
        Self {
            start,
            end: start.plus(size),
        }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.end.behind(self.start)
    }

    /// Whether it holds no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether it holds the byte at a position.
    #[must_use]
    pub fn contains(&self, at: P) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether it holds all of another one.
    #[must_use]
    pub fn covers(&self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether it shares bytes with another one.
    #[must_use]
    pub fn meets(&self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Spans in order, apart from each other; none is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges<P>(Vec<Span<P>>);

impl<P> Default for Ranges<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P: Position> Ranges<P> {
    /// Makes one of spans that overlap or touch.
    pub(crate) fn new(mut spans: Vec<Span<P>>) -> Self {
        spans.retain(|span| !span.is_empty());
        spans.sort_unstable();
        spans.dedup_by(|next, kept| {
            let joined = next.start <= kept.end;
            if joined {
                kept.end = kept.end.max(next.end);
            }
            joined
        });
        Self(spans)
    }

    /// Takes over spans that are in order and apart; they may touch.
    pub(crate) fn in_order(spans: Vec<Span<P>>) -> Self {
        Self(spans)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Span<P>> + '_ {
        self.0.iter().copied()
    }

    /// The first span that ends behind a position.
    fn next(&self, at: P) -> Option<Span<P>> {
        let next = self.0.partition_point(|span| span.end <= at);
        self.0.get(next).copied()
    }

    /// The first span that begins at a position or behind it.
    pub(crate) fn first_from(&self, at: P) -> Option<Span<P>> {
        let next = self.0.partition_point(|span| span.start < at);
        self.0.get(next).copied()
    }

    /// Whether a position is in a span, and where that changes next.
    pub(crate) fn state(&self, at: P) -> (bool, P) {
        match self.next(at) {
            Some(span) if span.start <= at => (true, span.end),
            Some(span) => (false, span.start),
            None => (false, P::LAST),
        }
    }

    /// Whether a position is in a span.
    pub(crate) fn contains(&self, at: P) -> bool {
        self.next(at).is_some_and(|span| span.start <= at)
    }

    /// Whether some span shares bytes with this one.
    pub(crate) fn meets(&self, span: Span<P>) -> bool {
        let next = self.next(span.start);
        !span.is_empty() && next.is_some_and(|next| next.start < span.end)
    }

    /// Whether one span holds all of this one.
    pub(crate) fn covers(&self, span: Span<P>) -> bool {
        self.next(span.start).is_some_and(|next| next.covers(span))
    }
}

#[cfg(test)]
mod tests {
    use super::{FileOffset, Ranges, Span};

    fn span(start: u64, end: u64) -> Span<FileOffset> {
        Span {
            start: FileOffset(start),
            end: FileOffset(end),
        }
    }

    #[test]
    fn spans_that_touch_become_one_and_empty_ones_none() {
        let spans = vec![span(8, 9), span(3, 3), span(0, 2), span(2, 5), span(1, 4)];
        let ranges = Ranges::new(spans);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [span(0, 5), span(8, 9)]);
        assert!(ranges.covers(span(1, 5)) && !ranges.covers(span(4, 9)));
        assert!(ranges.meets(span(4, 6)) && !ranges.meets(span(5, 8)));
        assert!(!ranges.meets(span(1, 1)));
    }

    #[test]
    fn a_position_tells_where_its_span_or_gap_ends() {
        let ranges = Ranges::new(vec![span(2, 4), span(6, 7)]);
        let state = |at| ranges.state(FileOffset(at));
        assert_eq!(state(0), (false, FileOffset(2)));
        assert_eq!(state(2), (true, FileOffset(4)));
        assert_eq!(state(4), (false, FileOffset(6)));
        assert_eq!(state(7), (false, FileOffset(u64::MAX)));
        assert_eq!(ranges.first_from(FileOffset(3)), Some(span(6, 7)));
    }
}
