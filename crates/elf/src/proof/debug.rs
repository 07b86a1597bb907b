//! Proves that a debug file speaks of the file that it lies beside, and that a debug link is all that
//! was added to that one.

use crate::error::Error;
use crate::ranges::Span;
use crate::read::header::Header;
use crate::read::image::Image;
use crate::read::notes;
use crate::read::section::{SHT_NOBITS, SHT_NULL, Section};

/// Whether what the symbols and lines of `debug` speak of lies at the same address in `file`: every loaded
/// section but the tables that an edit may move.
pub(crate) fn verify_debug_file(debug: &[u8], file: &[u8]) -> Result<(), Error> {
    let (debug, file) = (Image::parse(debug)?, Image::parse(file)?);
    let wrong = |what: &str| Err(Error::unverified(format!("the debug file differs: {what}")));
    if debug.header.machine != file.header.machine || debug.codec() != file.codec() {
        return wrong("another machine");
    }
    if notes::read(&debug).build_id != notes::read(&file).build_id {
        return wrong("another build id");
    }
    let mut others: Vec<&Section> = loaded(&file).collect();
    for section in loaded(&debug) {
        let name = debug.section_name(section);
        let same = |other: &&Section| file.section_name(other) == name;
        let Some(found) = others.iter().position(same) else {
            return wrong("a section that is not there");
        };
        let other = others.remove(found);
        let holds = other.is_table()
            || (section.address, section.size, section.flags)
                == (other.address, other.size, other.flags)
                && (section.kind == SHT_NOBITS || section.kind == other.kind);
        if !holds {
            let name = name.unwrap_or_default().escape_ascii();
            return wrong(&format!("the section {name} is elsewhere"));
        }
    }
    match others.as_slice() {
        [] => Ok(()),
        _ => wrong("a section too few"),
    }
}

fn loaded<'a>(image: &'a Image<'_>) -> impl Iterator<Item = &'a Section> {
    let sections = image.sections.iter();
    sections.filter(|section| section.is_loaded() && section.kind != SHT_NULL)
}

/// Whether `linked` is `file` with one section more, which nothing loads.
pub(crate) fn verify_debug_link(file: &[u8], linked: &[u8]) -> Result<(), Error> {
    let (old, new) = (Image::parse(file)?, Image::parse(linked)?);
    let wrong = |what: &str| Err(Error::unverified(format!("the debug link changed {what}")));
    // The ELF header says where the section headers are and how many, and else what it said.
    let header = Header {
        sections_at: new.header.sections_at,
        section_count: new.header.section_count,
        ..old.header.clone()
    };
    if header != new.header || old.segments != new.segments {
        return wrong("a header");
    }
    let header = old.header_span().end;
    for segment in &old.segments {
        let span = segment.file_span();
        let behind = Span {
            start: span.start.max(header.min(span.end)),
            end: span.end,
        };
        if old.file_bytes(behind) != new.file_bytes(behind) {
            return wrong("what is loaded");
        }
    }
    if new.sections.len() != old.sections.len().saturating_add(1) {
        return wrong("the number of sections");
    }
    for (index, (one, other)) in old.sections.iter().zip(&new.sections).enumerate() {
        let is_names = index == old.names_index && index == new.names_index;
        let same_name = old.section_name(one) == new.section_name(other);
        let same =
            one == other && old.file_bytes(one.file_span()) == new.file_bytes(other.file_span());
        if !same_name || !(same || is_names) {
            return wrong("another section");
        }
    }
    Ok(())
}
