//! Whether a file's own parts agree on where things are, as loaders and strip expect it.

use std::collections::BTreeMap;

use crate::address::FileOffset;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::DT_VERNEEDNUM;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::section::{SHT_DYNAMIC, SHT_GNU_VERNEED, SHT_STRTAB, Section};
use crate::read::segment::{
    PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_GNU_PROPERTY, PT_GNU_RELRO, PT_INTERP, PT_NOTE,
    PT_PHDR, PT_TLS, Segment,
};

/// What can be wrong with a file's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Loaded segments are not in the order of their addresses, or overlap.
    Order,
    /// A segment's address and offset differ by more than whole alignments.
    Congruence,
    /// Two loaded segments share a page.
    SharedPage,
    /// The program headers are in no loaded segment, or `PT_PHDR` is elsewhere.
    ProgramHeaders,
    /// A segment's offset is not that of its address.
    SegmentPlace,
    /// A loaded section's offset is not that of its address.
    SectionPlace,
    /// Parts of the file share bytes.
    Overlap,
    /// A section lies outside the file.
    Outside,
    /// The section of a table is not as large as the table.
    TableSize,
    /// A loaded segment has no section in it, though the file has sections.
    EmptySegment,
}

/// Checks that an edit added no fault. Faults that the file had before are not the editor's.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>) -> Result<(), Error> {
    let before = faults(old);
    for (fault, count) in faults(new) {
        if count > before.get(&fault).copied().unwrap_or(0) {
            return Err(Error::unverified(match fault {
                Fault::Order => "loaded segments are out of order",
                Fault::Congruence => "a segment's offset does not go with its address",
                Fault::SharedPage => "loaded segments share a page",
                Fault::ProgramHeaders => "the program headers are not in a loaded segment",
                Fault::SegmentPlace => "a segment is not where its address says",
                Fault::SectionPlace => "a section is not where its address says",
                Fault::Overlap => "parts of the file overlap",
                Fault::Outside => "a section lies outside the file",
                Fault::TableSize => "a section is not as large as its table",
                Fault::EmptySegment => "a loaded segment has no section",
            }));
        }
    }
    Ok(())
}

fn faults(object: &Object<'_>) -> BTreeMap<Fault, usize> {
    let image = &object.image;
    let mut faults = BTreeMap::new();
    let mut add = |fault: Fault, found: usize| {
        if found > 0 {
            faults.insert(fault, found);
        }
    };
    let loads: Vec<&Segment> = image.loads().collect();
    let page = Machine::of(&image.header).page();
    add(
        Fault::Order,
        pairs(&loads, |first, second| first.memory_end() > second.address),
    );
    add(
        Fault::Congruence,
        loads.iter().filter(|load| !is_congruent(load)).count(),
    );
    add(
        Fault::SharedPage,
        pairs(&loads, |first, second| {
            let last = first.memory_end().0.saturating_sub(1);
            first.memory_size > 0
                && second.memory_size > 0
                && last / page == second.address.0 / page
        }),
    );
    add(
        Fault::ProgramHeaders,
        usize::from(!headers_are_loaded(image)),
    );
    add(
        Fault::SegmentPlace,
        image
            .segments
            .iter()
            .filter(|segment| !is_in_place(image, segment))
            .count(),
    );
    add(
        Fault::SectionPlace,
        image
            .sections
            .iter()
            .filter(|section| !is_section_in_place(image, section))
            .count(),
    );
    add(Fault::Overlap, overlaps(image));
    let length = image.bytes.len() as u64;
    add(
        Fault::Outside,
        image
            .sections
            .iter()
            .filter(|section| section.file_end().0 > length)
            .count(),
    );
    add(Fault::TableSize, wrong_sizes(object));
    if !image.sections.is_empty() {
        add(
            Fault::EmptySegment,
            loads
                .iter()
                .filter(|load| load.memory_size > 0 && !has_section(image, load))
                .count(),
        );
    }
    faults
}

fn pairs(loads: &[&Segment], is_fault: impl Fn(&Segment, &Segment) -> bool) -> usize {
    loads
        .windows(2)
        .filter(|pair| matches!(pair, [first, second] if is_fault(first, second)))
        .count()
}

fn is_congruent(load: &Segment) -> bool {
    // Kernels and loaders map whole pages; glibc also checks the file's own alignment.
    [load.align, 0x1000]
        .iter()
        .all(|&align| align <= 1 || load.offset.0 % align == load.address.0 % align)
}

fn headers_are_loaded(image: &Image<'_>) -> bool {
    let span = image.segments_span();
    let loaded = image.loads().any(|load| load.holds(span));
    let described = image
        .segments
        .iter()
        .filter(|segment| segment.kind == PT_PHDR)
        .all(|segment| segment.file_span() == span);
    loaded && described
}

fn is_in_place(image: &Image<'_>, segment: &Segment) -> bool {
    let follows = [
        PT_PHDR,
        PT_DYNAMIC,
        PT_NOTE,
        PT_INTERP,
        PT_GNU_EH_FRAME,
        PT_ARM_EXIDX,
        PT_GNU_PROPERTY,
        PT_TLS,
        PT_GNU_RELRO,
    ]
    .contains(&segment.kind);
    !follows
        || segment.file_size == 0
        || image.offset_of(segment.address, segment.file_size) == Some(segment.offset)
}

fn is_section_in_place(image: &Image<'_>, section: &Section) -> bool {
    !section.is_loaded()
        || section.file_size() == 0
        || image.offset_of(section.address, section.file_size()) == Some(section.offset)
}

fn overlaps(image: &Image<'_>) -> usize {
    let mut ranges = vec![
        image.header_span(),
        image.segments_span(),
        image.sections_span(),
    ];
    ranges.extend(image.sections.iter().map(Section::file_span));
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable();
    let mut reached = FileOffset(0);
    let mut count = 0_usize;
    for Span { start, end } in ranges {
        count = count.saturating_add(usize::from(start < reached));
        reached = reached.max(end);
    }
    count
}

fn has_section(image: &Image<'_>, load: &Segment) -> bool {
    image.sections.iter().any(|section| {
        section.is_loaded() && section.size > 0 && load.memory_span().covers(section.memory_span())
    })
}

/// Sections of the dynamic list and its strings that are larger or smaller than those.
fn wrong_sizes(object: &Object<'_>) -> usize {
    let Object { image, dynamic, .. } = object;
    if !object.is_linked() {
        return 0;
    }
    let strings = dynamic.strings.bytes.len() as u64;
    let needs = dynamic.value(DT_VERNEEDNUM).unwrap_or(0);
    let is_wrong = |section: &&Section| match section.kind {
        SHT_DYNAMIC => section.size != dynamic.size,
        SHT_GNU_VERNEED => u64::from(section.info) != needs,
        SHT_STRTAB => section.address == dynamic.strings.address && section.size != strings,
        _ => false,
    };
    image
        .sections
        .iter()
        .filter(|section| section.is_loaded())
        .filter(is_wrong)
        .count()
}
