//! Symbol versions: which ones a file needs of whom, and which ones it defines.

use serde::Serialize;

use crate::address::{FileOffset, VirtualAddress};
use crate::error::Error;
use crate::read::dynamic::{DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM, Dynamic};
use crate::read::image::Image;
use crate::soname::Soname;

/// `vna_flags`/`vd_flags`: the definition of the file itself rather than of a version.
const VER_FLG_BASE: u16 = 1;
/// `vna_flags`: a loader need not insist on it.
const VER_FLG_WEAK: u16 = 2;
/// The bit of a version index that says "not the default".
pub(crate) const VERSION_HIDDEN: u16 = 0x8000;
/// The index of a global symbol without a version.
pub(crate) const VERSION_GLOBAL: u16 = 1;

/// The version that glibc libraries need when they carry `DT_RELR`.
pub(crate) const RELR_VERSION: &str = "GLIBC_ABI_DT_RELR";

/// Bytes of an `Elf_Verneed` and of an `Elf_Vernaux`, in both classes.
pub(crate) const NEED_SIZE: usize = 16;
/// Bytes of an `Elf_Verdef`, in both classes.
const DEFINITION_SIZE: usize = 20;

/// The versions a file needs of one library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionNeed {
    /// The library, by the name that `NEEDED` has for it.
    pub file: Soname,
    /// The versions, in file order.
    pub versions: Vec<NeededVersion>,
}

/// One version that a file needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeededVersion {
    /// For example `GLIBC_2.17`.
    pub name: String,
    /// Whether a loader may do without it.
    pub weak: bool,
}

/// One `Elf_Verneed`: where it is, and the versions under it.
#[derive(Clone, Debug)]
pub(crate) struct NeedRecord {
    pub(crate) at: FileOffset,
    /// `vn_version`, the form of the record.
    pub(crate) form: u16,
    /// `vn_file`, an offset into the string table.
    pub(crate) file: u32,
    /// `vn_next` is 0: some loaders read no further, whatever was announced.
    pub(crate) is_last: bool,
    pub(crate) versions: Vec<NeedVersionRecord>,
}

/// One `Elf_Vernaux`.
#[derive(Clone, Debug)]
pub(crate) struct NeedVersionRecord {
    pub(crate) at: FileOffset,
    /// The hash of the name, which loaders compare first.
    pub(crate) hash: u32,
    pub(crate) flags: u16,
    /// The index that symbols of this version carry.
    pub(crate) index: u16,
    pub(crate) name: u32,
    /// `vna_next` is 0.
    pub(crate) is_last: bool,
}

/// One version that the file defines: its index, whether it is the file's own name, its name.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) index: u16,
    pub(crate) is_base: bool,
    /// Offset into the string table.
    pub(crate) name: u32,
}

/// Reads the version needs. Every step goes forward and stays in the segment, so it ends.
pub(crate) fn needs(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Vec<NeedRecord>, Error> {
    let Some(address) = dynamic.address(DT_VERNEED) else {
        return Ok(Vec::new());
    };
    let count = dynamic.value(DT_VERNEEDNUM).unwrap_or(0);
    let mut records = Vec::new();
    if count == 0 {
        return Ok(records);
    }
    let (start, table) = table(image, dynamic, address)?;
    let codec = image.codec();
    // Records that overlap could stand for any number of versions.
    let mut room = table.len() / NEED_SIZE;
    let mut at = 0_usize;
    for left in (0..count).rev() {
        let short = || Error::malformed(start.plus(at as u64), "the version needs are cut short");
        let versions = codec.u16(table, at.saturating_add(2)).ok_or_else(short)?;
        let file = codec.u32(table, at.saturating_add(4)).ok_or_else(short)?;
        let first = codec.u32(table, at.saturating_add(8)).ok_or_else(short)?;
        let next = codec.u32(table, at.saturating_add(12)).ok_or_else(short)?;
        room = room.checked_sub(usize::from(versions)).ok_or_else(short)?;
        records.push(NeedRecord {
            at: start.plus(at as u64),
            form: codec.u16(table, at).ok_or_else(short)?,
            file,
            is_last: next == 0,
            versions: need_versions(
                image,
                start,
                table,
                at.saturating_add(first as usize),
                versions,
            )?,
        });
        if (next as usize) < NEED_SIZE && left > 0 {
            return Err(Error::malformed(
                start.plus(at as u64),
                "fewer version needs than announced",
            ));
        }
        at = at.saturating_add(next as usize);
    }
    Ok(records)
}

fn need_versions(
    image: &Image<'_>,
    start: FileOffset,
    table: &[u8],
    mut at: usize,
    count: u16,
) -> Result<Vec<NeedVersionRecord>, Error> {
    let codec = image.codec();
    let mut versions = Vec::new();
    for left in (0..count).rev() {
        let short = || Error::malformed(start.plus(at as u64), "a needed version is cut short");
        let next = codec.u32(table, at.saturating_add(12)).ok_or_else(short)?;
        versions.push(NeedVersionRecord {
            at: start.plus(at as u64),
            hash: codec.u32(table, at).ok_or_else(short)?,
            flags: codec.u16(table, at.saturating_add(4)).ok_or_else(short)?,
            index: codec.u16(table, at.saturating_add(6)).ok_or_else(short)?,
            name: codec.u32(table, at.saturating_add(8)).ok_or_else(short)?,
            is_last: next == 0,
        });
        if (next as usize) < NEED_SIZE && left > 0 {
            return Err(Error::malformed(
                start.plus(at as u64),
                "fewer needed versions than announced",
            ));
        }
        at = at.saturating_add(next as usize);
    }
    Ok(versions)
}

/// Reads the versions that the file defines.
pub(crate) fn definitions(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
) -> Result<Vec<Definition>, Error> {
    let Some(address) = dynamic.address(DT_VERDEF) else {
        return Ok(Vec::new());
    };
    let count = dynamic.value(DT_VERDEFNUM).unwrap_or(0);
    let mut definitions = Vec::new();
    if count == 0 {
        return Ok(definitions);
    }
    let (start, table) = table(image, dynamic, address)?;
    let codec = image.codec();
    let mut at = 0_usize;
    for left in (0..count).rev() {
        let short = || {
            Error::malformed(
                start.plus(at as u64),
                "the version definitions are cut short",
            )
        };
        let flags = codec.u16(table, at.saturating_add(2)).ok_or_else(short)?;
        let index = codec.u16(table, at.saturating_add(4)).ok_or_else(short)?;
        let first = codec.u32(table, at.saturating_add(12)).ok_or_else(short)?;
        let next = codec.u32(table, at.saturating_add(16)).ok_or_else(short)?;
        // The first name is the version's own; those after it are the versions it builds on.
        let name = codec
            .u32(table, at.saturating_add(first as usize))
            .ok_or_else(short)?;
        definitions.push(Definition {
            index,
            is_base: flags & VER_FLG_BASE != 0,
            name,
        });
        if (next as usize) < DEFINITION_SIZE && left > 0 {
            return Err(Error::malformed(
                start.plus(at as u64),
                "fewer version definitions than announced",
            ));
        }
        at = at.saturating_add(next as usize);
    }
    Ok(definitions)
}

/// Everything of one `Elf_Verdef` but where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FullDefinition {
    form: u16,
    flags: u16,
    index: u16,
    hash: u32,
    /// `vd_next` is 0: some loaders read no further, whatever was announced.
    is_last: bool,
}

/// A version definition's names: where each is in the string table, and whether it says that it
/// is the last one.
type Names = Vec<(u32, bool)>;

/// All version definitions with their names; what they take up ends at the second value, counted
/// from the table's start.
fn walk_definitions(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
) -> Result<(Vec<(FullDefinition, Names)>, u64), Error> {
    const NAME_SIZE: usize = 8;
    let mut found = Vec::new();
    let (Some(address), Some(count)) = (dynamic.address(DT_VERDEF), dynamic.value(DT_VERDEFNUM))
    else {
        return Ok((found, 0));
    };
    let (start, table) = table(image, dynamic, address)?;
    let codec = image.codec();
    let short = || Error::malformed(start, "the version definitions are cut short");
    let u16_at = |at: usize| codec.u16(table, at).ok_or_else(short);
    let u32_at = |at: usize| codec.u32(table, at).ok_or_else(short);
    let (mut at, mut end) = (0_usize, 0_usize);
    // Records that overlap could stand for any number of names.
    let mut room = table.len() / NAME_SIZE;
    for _ in 0..count {
        end = end.max(at.saturating_add(DEFINITION_SIZE));
        let next = u32_at(at.saturating_add(16))? as usize;
        let definition = FullDefinition {
            form: u16_at(at)?,
            flags: u16_at(at.saturating_add(2))?,
            index: u16_at(at.saturating_add(4))?,
            hash: u32_at(at.saturating_add(8))?,
            is_last: next == 0,
        };
        let names = u16_at(at.saturating_add(6))?;
        room = room.checked_sub(usize::from(names)).ok_or_else(short)?;
        let mut name_at = at.saturating_add(u32_at(at.saturating_add(12))? as usize);
        let mut offsets = Vec::new();
        for _ in 0..names {
            end = end.max(name_at.saturating_add(NAME_SIZE));
            let next = u32_at(name_at.saturating_add(4))?;
            offsets.push((u32_at(name_at)?, next == 0));
            name_at = name_at.saturating_add(next as usize);
        }
        found.push((definition, offsets));
        if next < DEFINITION_SIZE {
            break;
        }
        at = at.saturating_add(next);
    }
    Ok((found, end.min(table.len()) as u64))
}

/// All version definitions with their names.
pub(crate) fn full_definitions(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
) -> Result<Vec<(FullDefinition, Names)>, Error> {
    Ok(walk_definitions(image, dynamic)?.0)
}

/// Bytes of all version definitions with their names' records; 0 without any.
pub(crate) fn definition_size(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<u64, Error> {
    Ok(walk_definitions(image, dynamic)?.1)
}

/// The string table offsets of all names in the version definitions, those that a version builds
/// on included.
pub(crate) fn definition_names(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
) -> Result<Vec<u32>, Error> {
    let definitions = full_definitions(image, dynamic)?.into_iter();
    Ok(definitions
        .flat_map(|(_, names)| names)
        .map(|(name, _)| name)
        .collect())
}

/// Bytes of all version needs with their versions' records; 0 without any.
pub(crate) fn need_size(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<u64, Error> {
    let needs = needs(image, dynamic)?;
    let records = needs.iter().flat_map(|need| {
        let versions = need.versions.iter().map(|version| version.at);
        versions.chain([need.at])
    });
    let Some((start, _)) = dynamic.address(DT_VERNEED).and_then(|at| image.from(at)) else {
        return Ok(0);
    };
    let end = records.map(|at| at.plus(NEED_SIZE as u64).0).max();
    Ok(end.map_or(0, |end| end.saturating_sub(start.0)))
}

fn table<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    address: VirtualAddress,
) -> Result<(FileOffset, &'a [u8]), Error> {
    image
        .from(address)
        .ok_or_else(|| Error::malformed(dynamic.at, "the symbol versions are in no loaded segment"))
}

/// The needs with their names.
pub(crate) fn named(
    records: &[NeedRecord],
    dynamic: &Dynamic<'_>,
) -> Result<Vec<VersionNeed>, Error> {
    records
        .iter()
        .map(|record| {
            let versions = record
                .versions
                .iter()
                .map(|version| {
                    Ok(NeededVersion {
                        name: dynamic.strings.text(u64::from(version.name))?.to_owned(),
                        weak: version.flags & VER_FLG_WEAK != 0,
                    })
                })
                .collect::<Result<_, Error>>()?;
            Ok(VersionNeed {
                file: dynamic.strings.text(u64::from(record.file))?.into(),
                versions,
            })
        })
        .collect()
}
