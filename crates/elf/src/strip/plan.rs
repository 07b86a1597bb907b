//! Leaves out what no loader needs: debug sections, the symbol table, and the gaps they leave.
//!
//! The result is what `strip` of binutils makes, but it also holds for files that another tool
//! has edited before, of which binutils breaks some.

use crate::address::{FileOffset, align_up};
use crate::buffer::Buffer;
use crate::edits::Strip;
use crate::error::Error;
use crate::read::header::Kind;
use crate::read::image::Image;
use crate::read::section::{
    SHT_NULL, SHT_REL, SHT_RELA, SHT_STRTAB, SHT_SYMTAB, SHT_SYMTAB_SHNDX, Section, is_debug_name,
};
use crate::strip::compact;
use crate::strip::names::names;
use crate::strip::squeeze::{self, Squeezed};

/// How many bytes of a file are symbol tables, their strings and debug sections.
///
/// # Errors
/// When the file is malformed.
pub fn symbol_bytes(bytes: &[u8]) -> Result<u64, Error> {
    let image = Image::parse(bytes)?;
    let gone = removed(&image, Strip::All);
    let sections = image.sections.iter().zip(gone);
    Ok(sections
        .filter(|&(_, gone)| gone)
        .map(|(section, _)| section.file_size())
        .fold(0, u64::saturating_add))
}

/// Strips a file; `None` if there is nothing to leave out, or if nothing is asked.
pub(crate) fn strip(bytes: &[u8], strip: Strip) -> Result<Option<Buffer>, Error> {
    if strip == Strip::None {
        return Ok(None);
    }
    let mut stripped = once(bytes, strip)?;
    if !is_linked(bytes)? {
        return Ok(stripped);
    }
    // Only now are the segments free of what was not loaded but stood in them; when the section
    // headers stood there too, a second round finds the hole that they left.
    for _ in 0..MOST_ROUNDS {
        let current = stripped.as_deref().unwrap_or(bytes);
        let Some(compacted) = compact::compact(current)? else {
            break;
        };
        let squeezed = once(&compacted, strip)?.unwrap_or(compacted);
        if squeezed.len() >= current.len() {
            break;
        }
        stripped = Some(squeezed);
    }
    Ok(stripped)
}

/// Each round closes the holes that the one before has made; more than two are never needed.
const MOST_ROUNDS: usize = 4;

fn is_linked(bytes: &[u8]) -> Result<bool, Error> {
    let header = crate::read::header::Header::parse(bytes)?;
    Ok(matches!(header.kind, Kind::Executable | Kind::Shared))
}

fn once(bytes: &[u8], strip: Strip) -> Result<Option<Buffer>, Error> {
    let image = Image::parse(bytes)?;
    match Plan::new(&image, strip)? {
        Some(plan) => plan.apply().map(Some),
        None => Ok(None),
    }
}

/// Closing gaps alone, without anything to leave out, is worth a rewrite from so many bytes on.
/// An edit shifts what is not loaded by multiples of 64: stripping an edited file again must not
/// find those few bytes, or no file would ever be done.
const LEAST_GAP: u64 = 128;

/// The most bytes by which alignment may make a stripped file larger.
const MOST_GROWTH: u64 = 0x1_0000;

/// A kept section: its old index, its new offset, its new name, its new bytes if they change.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) index: usize,
    pub(crate) offset: FileOffset,
    pub(crate) name: u32,
    pub(crate) content: Option<Vec<u8>>,
}

pub(crate) struct Plan<'a> {
    pub(crate) image: &'a Image<'a>,
    pub(crate) loads: Vec<Squeezed>,
    pub(crate) kept: Vec<Kept>,
    pub(crate) sections_at: FileOffset,
    /// Bytes behind everything that the headers know of, which stay last.
    pub(crate) overlay: &'a [u8],
    pub(crate) length: u64,
}

impl<'a> Plan<'a> {
    fn new(image: &'a Image<'a>, strip: Strip) -> Result<Option<Self>, Error> {
        let is_linked = matches!(image.header.kind, Kind::Executable | Kind::Shared);
        if strip == Strip::None || !is_linked || image.sections.is_empty() {
            return Ok(None);
        }
        check_first(image)?;
        if image.sections.len() < 2 {
            return Ok(None);
        }
        check(image)?;
        image.check_symbol_tables()?;
        let loads = squeeze::squeeze(image)?;
        let removed = removed(image, strip);
        let (names, name_offsets) = names(image, &removed)?;
        let mut plan = Self {
            image,
            loads,
            kept: Vec::new(),
            sections_at: FileOffset(0),
            overlay: image.overlay(),
            length: 0,
        };
        for (index, name) in name_offsets {
            plan.kept.push(Kept {
                index,
                offset: FileOffset(0),
                name,
                content: None,
            });
        }
        plan.renumber_symbols()?;
        if let Some(kept) = plan
            .kept
            .iter_mut()
            .find(|kept| kept.index == image.names_index)
        {
            kept.content = Some(names);
        }
        plan.lay_out()?;
        // Hostile alignments could ask for any size.
        if plan.length > (image.bytes.len() as u64).saturating_add(MOST_GROWTH) {
            return Err(Error::uneditable("strip would make it much larger"));
        }
        let gap = (image.bytes.len() as u64).saturating_sub(plan.length);
        let is_worth_it = removed.contains(&true) || gap >= LEAST_GAP;
        Ok(is_worth_it.then_some(plan))
    }

    pub(crate) fn section(&self, kept: &Kept) -> Section {
        self.image
            .sections
            .get(kept.index)
            .copied()
            .unwrap_or(EMPTY)
    }

    /// Gives every kept section its offset: loaded ones with their segments, the others behind
    /// them in their order, the names last, then the headers.
    fn lay_out(&mut self) -> Result<(), Error> {
        let too_large = || Error::uneditable("the file is too large");
        let codec = self.image.codec();
        let mut at = self
            .loads
            .iter()
            .map(Squeezed::end)
            .max()
            .unwrap_or_default();
        let names_index = self.image.names_index;
        let mut order: Vec<usize> = (0..self.kept.len()).collect();
        let is_names = |kept: &Kept| kept.index == names_index;
        order.sort_by_key(|&place| self.kept.get(place).is_some_and(is_names));
        for place in order {
            let Some(kept) = self.kept.get(place) else {
                continue;
            };
            let section = self.section(kept);
            let size = kept
                .content
                .as_ref()
                .map_or(section.file_size(), |content| content.len() as u64);
            let offset = if section.is_loaded() {
                self.moved(&section)
            } else if section.kind == SHT_NULL {
                section.offset
            } else {
                at = FileOffset(align_up(at.0, section.align).ok_or_else(too_large)?);
                let offset = at;
                at = at.plus(size);
                offset
            };
            if let Some(kept) = self.kept.get_mut(place) {
                kept.offset = offset;
            }
        }
        self.sections_at = FileOffset(align_up(at.0, codec.word_size()).ok_or_else(too_large)?);
        let table = Section::record_size(codec).saturating_mul(self.kept.len() as u64);
        self.length = self
            .sections_at
            .plus(table)
            .plus(self.overlay.len() as u64)
            .0;
        Ok(())
    }

    /// Where a loaded section is in the new file.
    fn moved(&self, section: &Section) -> FileOffset {
        let by_offset = |load: &&Squeezed| {
            section.offset >= load.old.offset && section.offset <= load.old.file_end()
        };
        let by_address = |load: &&Squeezed| load.old.memory_span().contains(section.address);
        let load = self
            .loads
            .iter()
            .filter(by_offset)
            .find(by_address)
            .or_else(|| self.loads.iter().find(by_offset));
        load.map_or(section.offset, |load| load.moved(section.offset))
    }
}

/// Stands in for a section that is not there, which no plan has.
const EMPTY: Section = Section {
    name: 0,
    kind: SHT_NULL,
    flags: 0,
    address: crate::address::VirtualAddress(0),
    offset: FileOffset(0),
    size: 0,
    link: 0,
    info: 0,
    align: 0,
    entry_size: 0,
};

/// The first header stands for no section. One that claims to be a section could not be left out:
/// the numbers of all others count from it.
fn check_first(image: &Image<'_>) -> Result<(), Error> {
    let is_section = |section: &Section| {
        section.kind != SHT_NULL || image.section_name(section).is_some_and(is_debug_name)
    };
    if image.sections.first().is_some_and(is_section) {
        return Err(
            Error::uneditable("the first section header describes a section")
                .at(image.header.sections_at),
        );
    }
    Ok(())
}

fn check(image: &Image<'_>) -> Result<(), Error> {
    let length = image.bytes.len() as u64;
    for section in &image.sections {
        if section.file_end().0 > length {
            return Err(Error::malformed(
                section.offset,
                "a section lies outside the file",
            ));
        }
        let is_placed = || image.loads().any(|load| load.holds(section.file_span()));
        if section.is_loaded() && section.file_size() > 0 && !is_placed() {
            return Err(
                Error::uneditable("a loaded section is in no loaded segment").at(section.offset),
            );
        }
    }
    match image.sections.get(image.names_index) {
        Some(names) if names.kind == SHT_STRTAB && !names.is_loaded() => Ok(()),
        _ => Err(Error::uneditable(
            "the section names are no ordinary string table",
        )),
    }
}

/// Which sections go.
fn removed(image: &Image<'_>, strip: Strip) -> Vec<bool> {
    let goes = |section: &Section| {
        if section.is_loaded() || section.kind == SHT_NULL {
            return false;
        }
        let is_debug = image.section_name(section).is_some_and(is_debug_name);
        is_debug || strip == Strip::All && matches!(section.kind, SHT_SYMTAB | SHT_SYMTAB_SHNDX)
    };
    let mut removed: Vec<bool> = image.sections.iter().map(goes).collect();
    let is_removed =
        |removed: &[bool], index: u32| removed.get(index as usize).copied().unwrap_or(false);
    // A table of strings that only the removed ones used goes with them.
    let mut users = vec![(false, false); image.sections.len()];
    for (section, &gone) in image.sections.iter().zip(&removed) {
        if let Some(user) = users.get_mut(section.link as usize) {
            *user = (user.0 | gone, user.1 | !gone);
        }
    }
    for (index, section) in image.sections.iter().enumerate() {
        let is_orphan = section.kind == SHT_STRTAB
            && !section.is_loaded()
            && index != image.names_index
            && users.get(index) == Some(&(true, false));
        // Relocations that a linker left for debuggers go with what they are for.
        let relocates_removed = matches!(section.kind, SHT_REL | SHT_RELA)
            && !section.is_loaded()
            && (is_removed(&removed, section.info) || is_removed(&removed, section.link));
        if (is_orphan || relocates_removed)
            && let Some(gone) = removed.get_mut(index)
        {
            *gone = true;
        }
    }
    removed
}
