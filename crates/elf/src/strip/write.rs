//! Writes the stripped file that a plan describes.

use crate::address::FileOffset;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::ranges::Ranges;
use crate::read::section::{SHF_INFO_LINK, SHN_XINDEX, SHT_REL, SHT_RELA, SHT_SYMTAB, Section};
use crate::read::section_numbers::split;
use crate::read::segment::Segment;
use crate::read::symbols;
use crate::rewrite::draft::Draft;
use crate::strip::squeeze::Squeezed;

use crate::strip::plan::{Kept, Plan};

impl Plan<'_> {
    pub(crate) fn apply(&self) -> Result<Buffer, Error> {
        let image = self.image;
        let length =
            usize::try_from(self.length).map_err(|_| Error::uneditable("the file is too large"))?;
        let mut draft = Draft {
            bytes: Buffer::zeroed(length, 0)?,
            header: image.header.clone(),
            segments: image.segments.clone(),
            sections: Vec::with_capacity(self.kept.len()),
        };
        for load in &self.loads {
            let bytes = image.file_bytes(load.old.file_span()).unwrap_or_default();
            draft.write(load.offset, bytes)?;
        }
        self.clear_leftovers(&mut draft)?;
        for kept in &self.kept {
            let section = self.section(kept);
            match &kept.content {
                Some(content) => draft.write(kept.offset, content)?,
                None if section.is_loaded() => {}
                None => {
                    let bytes = image.file_bytes(section.file_span()).unwrap_or_default();
                    draft.write(kept.offset, bytes)?;
                }
            }
            draft.sections.push(self.new_section(kept, section));
        }
        let table = Section::record_size(image.codec()).saturating_mul(self.kept.len() as u64);
        draft.write(self.sections_at.plus(table), self.overlay)?;
        for segment in &mut draft.segments {
            self.move_segment(segment)?;
        }
        self.move_header(&mut draft)?;
        draft.finish()
    }

    /// The number that a section has in the stripped file, if it is kept.
    pub(crate) fn new_index(&self, old: usize) -> Option<usize> {
        self.kept.binary_search_by_key(&old, |kept| kept.index).ok()
    }

    fn new_section(&self, kept: &Kept, section: Section) -> Section {
        let renumbered = |old: u32| self.new_index(old as usize).map_or(0, |new| new as u32);
        let info_is_index =
            section.flags & SHF_INFO_LINK != 0 || matches!(section.kind, SHT_REL | SHT_RELA);
        let mut new = Section {
            name: kept.name,
            offset: kept.offset,
            link: renumbered(section.link),
            info: if info_is_index {
                renumbered(section.info)
            } else {
                section.info
            },
            ..section
        };
        if let Some(content) = &kept.content {
            new.size = content.len() as u64;
            if section.kind == SHT_SYMTAB {
                new.info = symbols::local_count(self.image.codec(), content);
            }
        }
        new
    }

    fn move_segment(&self, segment: &mut Segment) -> Result<(), Error> {
        if let Some(load) = self.loads.iter().find(|load| load.old == *segment) {
            segment.offset = load.offset;
            segment.align = load.align;
            return Ok(());
        }
        let holds = |load: &&Squeezed| load.old.holds(segment.file_span());
        if let Some(load) = self.loads.iter().find(holds) {
            segment.offset = load.moved(segment.offset);
        } else if segment.file_size > 0 {
            // Not loaded: it must be of a section, which has moved.
            let section = self.kept.iter().find(|kept| {
                let section = self.section(kept);
                section.file_span() == segment.file_span()
            });
            segment.offset = section
                .ok_or_else(|| {
                    Error::uneditable("a program header of bytes that are no section")
                        .at(segment.offset)
                })?
                .offset;
        }
        Ok(())
    }

    fn move_header(&self, draft: &mut Draft) -> Result<(), Error> {
        let header = &mut draft.header;
        let headers = self.image.segments_span();
        let load = self.loads.iter().find(|load| load.old.holds(headers));
        header.segments_at = load
            .ok_or_else(|| {
                Error::uneditable("the program headers are not loaded").at(header.segments_at)
            })?
            .moved(header.segments_at);
        header.sections_at = self.sections_at;
        // Numbers too large for the ELF header stand in the first section header instead.
        let old = &self.image.header;
        let (count, wide_count) = split(self.kept.len());
        header.section_count = if count == SHN_XINDEX { 0 } else { count };
        let names_index = self.new_index(self.image.names_index).unwrap_or(0);
        let (names_index, wide_names_index) = split(names_index);
        header.names_index = names_index;
        if let Some(first) = draft.sections.first_mut() {
            if old.section_count == 0 {
                first.size = u64::from(wide_count);
            }
            if old.names_index == SHN_XINDEX {
                first.link = wide_names_index;
            }
        }
        Ok(())
    }

    /// What of the file a loader or the kernel may read.
    fn used(&self) -> Ranges<FileOffset> {
        let image = self.image;
        let mut used = vec![image.header_span(), image.segments_span()];
        let loaded = image.sections.iter().filter(|section| section.is_loaded());
        used.extend(loaded.map(Section::file_span));
        Ranges::new(used)
    }

    /// Clears what stood inside a loaded segment without being loaded, as patchelf leaves it.
    fn clear_leftovers(&self, draft: &mut Draft) -> Result<(), Error> {
        let image = self.image;
        let mut spans = vec![image.sections_span()];
        let not_loaded = image.sections.iter().filter(|section| !section.is_loaded());
        spans.extend(not_loaded.map(Section::file_span));
        let used = self.used();
        for span in spans.into_iter().filter(|span| !span.is_empty()) {
            let load = self.loads.iter().find(|load| load.old.holds(span));
            if let Some(load) = load.filter(|_| !used.meets(span)) {
                draft.clear(load.moved(span.start), span.size())?;
            }
        }
        Ok(())
    }
}
