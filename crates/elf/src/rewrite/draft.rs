//! A file being changed: its bytes and its three tables, written back together.

use crate::address::{FileOffset, slice_mut};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::read::header::Header;
use crate::read::image::Image;
use crate::read::section::Section;
use crate::read::segment::Segment;

/// More than what most edits add to a file.
const ROOM: usize = 1 << 14;

/// The changed file so far. The tables are in front of the bytes until [`Draft::finish`] writes them.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) bytes: Buffer,
    pub(crate) header: Header,
    pub(crate) segments: Vec<Segment>,
    pub(crate) sections: Vec<Section>,
}

impl Draft {
    /// Starts with a copy of the file, with room to grow: a second copy is what an edit would wait
    /// for longest.
    pub(crate) fn of(image: &Image<'_>) -> Result<Self, Error> {
        Ok(Self {
            bytes: Buffer::copy_of(image.bytes, ROOM)?,
            header: image.header.clone(),
            segments: image.segments.clone(),
            sections: image.sections.clone(),
        })
    }

    /// Writes bytes over what is there.
    pub(crate) fn write(&mut self, at: FileOffset, content: &[u8]) -> Result<(), Error> {
        slice_mut(&mut self.bytes, at, content.len() as u64)
            .map(|target| target.copy_from_slice(content))
            .ok_or_else(|| outside(at))
    }

    /// Writes zeros over what is there.
    pub(crate) fn clear(&mut self, at: FileOffset, size: u64) -> Result<(), Error> {
        slice_mut(&mut self.bytes, at, size)
            .map(|target| target.fill(0))
            .ok_or_else(|| outside(at))
    }

    /// Makes room in the file. Everything behind that is not loaded moves: sections, section
    /// headers, and segments that are not part of a loaded one.
    pub(crate) fn insert(&mut self, at: FileOffset, size: u64) -> Result<(), Error> {
        let (Ok(index), Ok(count)) = (usize::try_from(at.0), usize::try_from(size)) else {
            return Err(outside(at));
        };
        if index > self.bytes.len() {
            return Err(outside(at));
        }
        if count == 0 {
            return Ok(());
        }
        let old_length = self.bytes.len();
        self.bytes.resize(old_length.saturating_add(count))?;
        self.bytes
            .copy_within(index..old_length, index.saturating_add(count));
        self.clear(at, size)?;
        for section in self
            .sections
            .iter_mut()
            .filter(|section| !section.is_loaded() && section.offset >= at)
        {
            section.offset = section.offset.plus(size);
        }
        if self.header.sections_at.0 != 0 && self.header.sections_at >= at {
            self.header.sections_at = self.header.sections_at.plus(size);
        }
        let loads: Vec<Segment> = self
            .segments
            .iter()
            .filter(|segment| segment.is_load())
            .copied()
            .collect();
        for segment in self
            .segments
            .iter_mut()
            .filter(|segment| segment.file_size > 0 && segment.offset >= at)
        {
            let is_loaded = loads.iter().any(|load| load.holds(segment.file_span()));
            if !is_loaded {
                segment.offset = segment.offset.plus(size);
            }
        }
        Ok(())
    }

    /// Writes the tables back and gives the file out.
    pub(crate) fn finish(mut self) -> Result<Buffer, Error> {
        let codec = self.header.codec;
        let too_many = |_| Error::uneditable("too many program headers");
        self.header.segment_count = u16::try_from(self.segments.len()).map_err(too_many)?;
        let number = || Error::uneditable("a number does not fit the file's class");
        let mut at = self.header.segments_at;
        for segment in &self.segments {
            let size = Segment::record_size(codec);
            let record = slice_mut(&mut self.bytes, at, size).ok_or_else(|| outside(at))?;
            segment.store(codec, record).ok_or_else(number)?;
            at = at.plus(size);
        }
        let mut at = self.header.sections_at;
        for section in &self.sections {
            let size = Section::record_size(codec);
            let record = slice_mut(&mut self.bytes, at, size).ok_or_else(|| outside(at))?;
            section.store(codec, record).ok_or_else(number)?;
            at = at.plus(size);
        }
        self.header.store(&mut self.bytes).ok_or_else(number)?;
        Ok(self.bytes)
    }
}

fn outside(at: FileOffset) -> Error {
    Error::uneditable("the edit reaches outside the file").at(at)
}
