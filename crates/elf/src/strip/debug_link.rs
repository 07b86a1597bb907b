//! `.gnu_debuglink`: what a stripped file says of the file that debuggers read beside it.
//!
//! The section holds the debug file's name, filled up with zeros to four bytes, and the CRC-32 of its
//! bytes in the file's own byte order. Source: GDB's manual, "Separate Debug Files".

use crate::address::{FileOffset, align_up, slice};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::read::image::Image;
use crate::read::section::{FIRST_RESERVED, SHT_PROGBITS, Section};
use crate::rewrite::draft::Draft;

/// The section's name.
pub(crate) const NAME: &[u8] = b".gnu_debuglink";

/// The file with one section more, behind everything else.
pub(crate) fn with_debug_link(bytes: &[u8], name: &str, debug: &[u8]) -> Result<Buffer, Error> {
    let image = Image::parse(bytes)?;
    let names = image.sections.get(image.names_index);
    let (Some(names), false) = (names, image.header.section_count == 0) else {
        return Err(Error::uneditable(
            "a debug link needs ordinary section headers",
        ));
    };
    if name.is_empty() || name.contains(['/', '\0']) || image.sections.len() >= FIRST_RESERVED - 1 {
        return Err(Error::uneditable(
            "a debug link needs a plain name and room for a section",
        ));
    }
    if image
        .sections
        .iter()
        .any(|one| image.section_name(one) == Some(NAME))
    {
        return Err(Error::uneditable("it has a debug link already"));
    }
    let codec = image.codec();
    let mut new_names = image
        .file_bytes(names.file_span())
        .unwrap_or_default()
        .to_vec();
    let named_at = u32::try_from(new_names.len());
    let named_at = named_at.map_err(|_| Error::uneditable("the section names are too large"))?;
    new_names.extend_from_slice(NAME);
    new_names.push(0);
    let link = content(&image, name, debug);
    // The names and the headers come last in what strip writes: they make room for the new ones.
    let others = image.sections.iter().enumerate();
    let others = others.filter(|(index, _)| *index != image.names_index);
    let kept = others.map(|(_, section)| section.file_end().0);
    let kept = kept.chain(image.segments.iter().map(|one| one.file_end().0));
    let kept = kept.chain([image.segments_span().end.0, image.header_span().end.0]);
    let end = match image.overlay() {
        [] => kept.max().unwrap_or_default().min(bytes.len() as u64),
        _ => bytes.len() as u64,
    };
    let too_large = || Error::uneditable("the file is too large");
    let link_at = align_up(end, 4).ok_or_else(too_large)?;
    let names_at = link_at.saturating_add(link.len() as u64);
    let table_at = names_at.saturating_add(new_names.len() as u64);
    let table_at = align_up(table_at, codec.word_size()).ok_or_else(too_large)?;
    let count = (image.sections.len() as u64).saturating_add(1);
    let length = table_at.saturating_add(Section::record_size(codec).saturating_mul(count));
    let mut sections = image.sections.clone();
    if let Some(section) = sections.get_mut(image.names_index) {
        section.offset = FileOffset(names_at);
        section.size = new_names.len() as u64;
    }
    sections.push(Section {
        name: named_at,
        kind: SHT_PROGBITS,
        offset: FileOffset(link_at),
        size: link.len() as u64,
        align: 4,
        flags: 0,
        address: crate::address::VirtualAddress(0),
        link: 0,
        info: 0,
        entry_size: 0,
    });
    let mut draft = Draft {
        bytes: Buffer::zeroed(usize::try_from(length).map_err(|_| too_large())?, 0)?,
        header: image.header.clone(),
        segments: image.segments.clone(),
        sections,
    };
    let front = slice(bytes, FileOffset(0), end).unwrap_or_default();
    draft.write(FileOffset(0), front)?;
    draft.write(FileOffset(link_at), &link)?;
    draft.write(FileOffset(names_at), &new_names)?;
    draft.header.sections_at = FileOffset(table_at);
    draft.header.section_count = draft.header.section_count.saturating_add(1);
    draft.finish()
}

fn content(image: &Image<'_>, name: &str, debug: &[u8]) -> Vec<u8> {
    let mut content = name.as_bytes().to_vec();
    content.push(0);
    let sum_at = content.len().next_multiple_of(4);
    content.resize(sum_at.saturating_add(4), 0);
    image.codec().put_u32(&mut content, sum_at, crc32(debug));
    content
}

/// CRC-32 as zlib has it (IEEE 802.3, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        let index = (sum ^ u32::from(*byte)) & 0xff;
        (sum >> 8) ^ TABLE.get(index as usize).copied().unwrap_or_default()
    };
    !bytes.iter().fold(!0, step)
}

static TABLE: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let entry = |index: u32| {
        (0..8).fold(index, |sum, _| match sum & 1 {
            0 => sum >> 1,
            _ => (sum >> 1) ^ 0xedb8_8320,
        })
    };
    (0..256).map(entry).collect()
});

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_sum_is_the_one_that_everybody_has() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
