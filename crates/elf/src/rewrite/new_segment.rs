//! The last resorts of a layout: one more loaded segment at the end of the file (L3), and the
//! program headers moved there too (L4).

use crate::address::{FileOffset, align_up};
use crate::read::header::Kind;
use crate::read::image::Image;
use crate::read::segment::{PF_R, PF_W, PT_INTERP, PT_LOAD, PT_NULL, Segment};
use crate::rewrite::layout::{Layout, Level, Place, Solver, with_headers_sized};
use crate::rewrite::space::{Fit, ProgramHeaders};
use crate::rewrite::survey::{new_address, unused_behind};

impl Solver<'_> {
    pub(crate) fn new_segment(&self, level: Level) -> Option<Layout> {
        let codec = self.image.codec();
        let record = Segment::record_size(codec);
        let is_program = self
            .image
            .segments
            .iter()
            .any(|segment| segment.kind == PT_INTERP);
        if level == Level::L4 && (is_program || self.image.header.kind != Kind::Shared) {
            // Kernels hand a program its headers' place as if they were in the first segment.
            return None;
        }
        let headers = self.image.segments_span();
        if !self.image.loads().any(|load| load.holds(headers)) {
            return None;
        }
        let spare = self
            .image
            .segments
            .iter()
            .position(|segment| segment.kind == PT_NULL);
        let more = u64::from(spare.is_none()).saturating_add(u64::from(self.added.is_some()));
        let headers = match (level, more) {
            (Level::L4, _) => ProgramHeaders::Leave,
            (_, 0) => ProgramHeaders::Stay,
            (_, more) => ProgramHeaders::Grow(record.checked_mul(more)?),
        };
        self.subsets().into_iter().find_map(|evicted| {
            let mut fit = self.space.fit(self.tables, evicted, headers, false)?;
            let rest = self.refill(&mut fit, self.evicted(evicted), false)?;
            if rest.is_empty() {
                return None;
            }
            self.with_segment(level, &fit, &rest, spare)
        })
    }

    fn with_segment(
        &self,
        level: Level,
        fit: &Fit,
        evicted: &[usize],
        spare: Option<usize>,
    ) -> Option<Layout> {
        let image = self.image;
        let record = Segment::record_size(image.codec());
        let last = image.loads().map(Segment::file_end).max()?;
        // The last segment must not grow into the bytes where the new one begins.
        if self
            .space
            .loads
            .iter()
            .zip(&fit.ends)
            .any(|(load, &end)| load.file_end == last.0 && end > last.0)
        {
            return None;
        }
        let (_, is_last) = unused_behind(image, last);
        let start = FileOffset(align_up(last.0, 16)?);
        if !is_last {
            return None;
        }
        let address = new_address(image, start, self.space.page)?;
        let mut at = start.0;
        let mut headers_at = image.header.segments_at;
        if level == Level::L4 {
            headers_at = start;
            let count = (image.segments.len() as u64)
                .saturating_add(u64::from(spare.is_none()))
                .saturating_add(u64::from(self.added.is_some()));
            at = at.checked_add(record.checked_mul(count)?)?;
        }
        let mut places = self.places(fit)?;
        let mut writable = false;
        for &index in evicted {
            let table = self.tables.get(index)?;
            at = align_up(at, table.align.max(1))?;
            let inside = at.checked_sub(start.0)?;
            *places.get_mut(index)? = Place {
                offset: FileOffset(at),
                address: address.plus(inside),
            };
            at = at.checked_add(table.new_size())?;
            writable |= table.writable;
        }
        let size = at.checked_sub(start.0)?;
        let new = Segment {
            kind: PT_LOAD,
            flags: if writable { PF_R | PF_W } else { PF_R },
            offset: start,
            address,
            physical: address.0,
            file_size: size,
            memory_size: size,
            align: self.space.page,
        };
        let grown = self.grown_segments(fit)?;
        let segments = with_entry(image, grown, new, headers_at, spare, self.added)?;
        let insertion = self.insertion(last, FileOffset(at))?;
        Some(Layout {
            level,
            places,
            segments,
            headers_at,
            insertion,
        })
    }
}

/// The program headers with one more loaded segment, behind the last one: they must stay in order.
fn with_entry(
    image: &Image<'_>,
    mut segments: Vec<Segment>,
    new: Segment,
    headers_at: FileOffset,
    spare: Option<usize>,
    added: Option<Segment>,
) -> Option<Vec<Segment>> {
    if let Some(spare) = spare {
        segments.remove(spare);
    }
    let last = segments.iter().rposition(Segment::is_load)?;
    segments.insert(last.checked_add(1)?, new);
    with_headers_sized(image, segments, added, headers_at)
}
