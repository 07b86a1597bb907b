//! The file that debuggers read beside a stripped one: the same sections at the same addresses, with the
//! content of those alone that no loader needs.
//!
//! It is what `objcopy --only-keep-debug` of binutils makes: loaded sections are there by name and
//! address (`SHT_NOBITS`), notes keep their content, for the build id is one.

use crate::address::{FileOffset, align_up};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::read::header::{Header, Kind};
use crate::read::image::Image;
use crate::read::section::{SHT_NOBITS, SHT_NOTE, SHT_NULL, Section};
use crate::read::segment::Segment;
use crate::rewrite::draft::Draft;

/// The debug file of a library or program that is not stripped.
///
/// # Errors
/// When the file is malformed, is no library or program, or has no section headers.
pub fn debug_file(bytes: &[u8]) -> Result<Buffer, Error> {
    let image = Image::parse(bytes)?;
    if !matches!(image.header.kind, Kind::Executable | Kind::Shared) || image.sections.is_empty() {
        return Err(Error::uneditable(
            "nothing of it is for debuggers: it is no library or program with section headers",
        ));
    }
    let codec = image.codec();
    let too_large = || Error::uneditable("the file is too large");
    let mut header = image.header.clone();
    header.segments_at = FileOffset(Header::size(codec));
    let mut at = header.segments_at.plus(image.segments_span().size());
    let mut sections = Vec::with_capacity(image.sections.len());
    for section in &image.sections {
        let mut section = *section;
        if section.is_loaded() && section.kind != SHT_NOTE && section.kind != SHT_NULL {
            section.kind = SHT_NOBITS;
        }
        if section.kind != SHT_NULL {
            at = FileOffset(
                align_up(at.0, section.align.clamp(1, MOST_ALIGN)).ok_or_else(too_large)?,
            );
            section.offset = at;
            at = at.plus(section.file_size());
        }
        sections.push(section);
    }
    header.sections_at = FileOffset(align_up(at.0, codec.word_size()).ok_or_else(too_large)?);
    let table = Section::record_size(codec).saturating_mul(sections.len() as u64);
    let length = header.sections_at.plus(table).0;
    // Sections of one place in the source would multiply.
    if length
        > (bytes.len() as u64)
            .saturating_mul(2)
            .saturating_add(MOST_ALIGN)
    {
        return Err(Error::uneditable("its sections lie over one another"));
    }
    let moved: Vec<(Section, Section)> = image
        .sections
        .iter()
        .copied()
        .zip(sections.iter().copied())
        .collect();
    let mut draft = Draft {
        bytes: Buffer::zeroed(usize::try_from(length).map_err(|_| too_large())?, 0)?,
        header,
        segments: image
            .segments
            .iter()
            .map(|one| hollow(one, &moved))
            .collect(),
        sections,
    };
    let front = image.file_bytes(image.header_span());
    draft.write(FileOffset(0), front.unwrap_or_default())?;
    for (old, new) in &moved {
        if new.file_size() > 0 {
            let content = image.file_bytes(old.file_span());
            let content = content
                .ok_or_else(|| Error::malformed(old.offset, "a section lies outside the file"))?;
            draft.write(new.offset, content)?;
        }
    }
    draft.finish()
}

/// Alignment in a file that nothing maps is a courtesy; more than a cache line's is waste.
const MOST_ALIGN: u64 = 64;

/// A program header of bytes that are not there any more; one of notes finds them at their new place.
fn hollow(segment: &Segment, moved: &[(Section, Section)]) -> Segment {
    let starts = |(old, new): &&(Section, Section)| {
        new.kind == SHT_NOTE && old.address == segment.address && old.offset == segment.offset
    };
    let notes = moved.iter().find(starts);
    let kept = notes.filter(|_| !segment.is_load()).and_then(|(old, new)| {
        let end = old.address.0.checked_add(segment.file_size)?;
        let inside = |section: &Section| {
            section.is_loaded() && section.address >= old.address && section.address.0 < end
        };
        let mut within = moved.iter().filter(|(old, _)| inside(old));
        let same_gap = |(one, other): &(Section, Section)| {
            other.kind == SHT_NOTE
                && other.offset.0.wrapping_sub(new.offset.0)
                    == one.offset.0.wrapping_sub(old.offset.0)
        };
        within.all(same_gap).then_some(new.offset)
    });
    match kept {
        Some(offset) => Segment { offset, ..*segment },
        None => Segment {
            offset: FileOffset(0),
            file_size: 0,
            ..*segment
        },
    }
}
