//! Ranges of addresses or file offsets, in order, apart from each other.

/// Ranges as start and end; none is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    pub(crate) fn new(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.retain(|range| range.0 < range.1);
        merge(&mut ranges);
        Self(ranges)
    }

    /// Whether a place is in a range, and where that changes next.
    pub(crate) fn state(&self, at: u64) -> (bool, u64) {
        let next = self.0.partition_point(|range| range.1 <= at);
        match self.0.get(next) {
            Some(&(start, end)) if start <= at => (true, end),
            Some(&(start, _)) => (false, start),
            None => (false, u64::MAX),
        }
    }

    /// Whether some range shares a place with `[start, end)`.
    pub(crate) fn meets(&self, start: u64, end: u64) -> bool {
        let (is_inside, next) = self.state(start);
        start < end && (is_inside || next < end)
    }
}

/// Sorts ranges and makes one of those that overlap or touch.
pub(crate) fn merge(ranges: &mut Vec<(u64, u64)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1;
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
}
