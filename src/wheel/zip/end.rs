//! Finds the end of a ZIP archive: the end record, zip64's end record and its locator
//! (APPNOTE 4.3.14–4.3.16), and from them where the central directory lies.

use crate::wheel::error::{Error, Rule};
use crate::wheel::limits::Limits;
use crate::wheel::source::Source;
use crate::wheel::zip::fields::{Fields, read_at};

const END: &[u8] = b"PK\x05\x06";
const END_SIZE: u64 = 22;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_SIZE: u64 = 20;
const END64: &[u8] = b"PK\x06\x06";
/// zip64's end record without extensible data.
const END64_SIZE: u64 = 56;
/// The longest comment.
const COMMENT: u64 = 0xffff;

/// What the end records say, checked against each other and against the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wheel) struct End {
    /// Where the central directory begins.
    pub(in crate::wheel) central_offset: u64,
    /// Its size in bytes; the end records follow at once.
    pub(in crate::wheel) central_size: u64,
    /// How many entries it has.
    pub(in crate::wheel) entries: u64,
    /// The length of the archive's comment.
    pub(in crate::wheel) comment: u16,
}

/// The end record's fields, before zip64 is looked at.
struct Plain {
    disk: u16,
    central_disk: u16,
    entries_here: u16,
    entries: u16,
    size: u32,
    offset: u32,
    comment: u16,
}

/// Finds and checks the end of the archive.
pub(in crate::wheel) fn find<S: Source + ?Sized>(
    source: &S,
    limits: &Limits,
) -> Result<End, Error> {
    let (end_offset, plain) = find_plain(source)?;
    let wants64 = plain.entries_here == u16::MAX
        || plain.entries == u16::MAX
        || plain.size == u32::MAX
        || plain.offset == u32::MAX;
    let locator = match end_offset.checked_sub(LOCATOR_SIZE) {
        Some(offset) => Some((offset, read_at(source, offset, 20)?)),
        None => None,
    };
    let locator = locator.filter(|(_, bytes)| bytes.starts_with(LOCATOR));
    let (end, central_end) = match locator {
        Some((offset, bytes)) => zip64(source, &plain, offset, &bytes)?,
        None if wants64 => {
            return Err(Error::new(
                Rule::Zip64,
                "the end record points to zip64 fields, but no zip64 locator stands before it",
            )
            .at(end_offset));
        }
        None => {
            if plain.disk != 0 || plain.central_disk != 0 || plain.entries != plain.entries_here {
                return Err(volumes(end_offset));
            }
            let end = End {
                central_offset: plain.offset.into(),
                central_size: plain.size.into(),
                entries: plain.entries.into(),
                comment: plain.comment,
            };
            (end, end_offset)
        }
    };
    check_place(&end, central_end)?;
    check_limits(&end, limits)?;
    Ok(end)
}

/// The one end record that reaches exactly to the end of the file.
fn find_plain<S: Source + ?Sized>(source: &S) -> Result<(u64, Plain), Error> {
    let size = source.size();
    let tail_offset = size.saturating_sub(END_SIZE.saturating_add(COMMENT));
    let tail_size = usize::try_from(size.saturating_sub(tail_offset)).unwrap_or(0);
    let tail = read_at(source, tail_offset, tail_size)?;
    let mut fitting: Vec<(usize, Plain)> = Vec::new();
    let mut last = None;
    for (position, window) in tail.windows(END.len()).enumerate() {
        if window != END {
            continue;
        }
        let record = tail.get(position..).unwrap_or_default();
        let missing = read_plain(record).map(|plain| {
            let whole = END_SIZE.saturating_add(plain.comment.into());
            let there = u64::try_from(record.len()).unwrap_or(u64::MAX);
            if whole == there {
                fitting.push((position, plain));
            }
            whole > there
        });
        last = Some((position, missing.unwrap_or(true)));
    }
    let offset_of =
        |position: usize| tail_offset.saturating_add(u64::try_from(position).unwrap_or(0));
    match (last, fitting.pop()) {
        (None, _) => Err(Error::new(Rule::NotZip, what_instead(source))),
        (Some((last, _)), Some((position, plain))) if position == last => {
            if fitting.is_empty() {
                Ok((offset_of(position), plain))
            } else {
                Err(Error::new(
                    Rule::TrailingBytes,
                    "the archive has two end records, one in the other's comment",
                )
                .at(offset_of(position)))
            }
        }
        (Some((last, true)), None) => Err(Error::new(
            Rule::NotZip,
            "the file is cut short: its end record is not whole",
        )
        .at(offset_of(last))),
        (Some((last, _)), _) => Err(Error::new(
            Rule::TrailingBytes,
            "the file goes on after the end of the archive",
        )
        .at(offset_of(last))),
    }
}

fn read_plain(record: &[u8]) -> Option<Plain> {
    let mut fields = Fields::new(record);
    fields.bytes(END.len())?;
    Some(Plain {
        disk: fields.u16()?,
        central_disk: fields.u16()?,
        entries_here: fields.u16()?,
        entries: fields.u16()?,
        size: fields.u32()?,
        offset: fields.u32()?,
        comment: fields.u16()?,
    })
}

/// A word on what the file is, when it is no ZIP archive.
fn what_instead<S: Source + ?Sized>(source: &S) -> String {
    let length = usize::try_from(source.size().min(8)).unwrap_or(0);
    let start = read_at(source, 0, length).unwrap_or_default();
    let what = match start.as_slice() {
        [] => "the file is empty",
        [0x1f, 0x8b, ..] => "it is a gzip file",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "it is an xz file",
        [b'B', b'Z', b'h', ..] => "it is a bzip2 file",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is a zstd file",
        [0x7f, b'E', b'L', b'F', ..] => "it is an ELF file",
        [b'P', b'K', 3, 4, ..] => "it begins like one but has no end record; it may be cut short",
        _ => "it has no end record",
    };
    format!("this is not a ZIP archive: {what}")
}

/// Reads zip64's locator and end record. Gives back what they say and where the central
/// directory has to end.
fn zip64<S: Source + ?Sized>(
    source: &S,
    plain: &Plain,
    locator_offset: u64,
    locator: &[u8],
) -> Result<(End, u64), Error> {
    let refuse = |what: &str, at: u64| Error::new(Rule::Zip64, what.to_owned()).at(at);
    let broken = || refuse("the zip64 end record is not whole", locator_offset);
    let mut fields = Fields::new(locator.get(LOCATOR.len()..).unwrap_or_default());
    let (disk, offset, disks) = (
        fields.u32().ok_or_else(broken)?,
        fields.u64().ok_or_else(broken)?,
        fields.u32().ok_or_else(broken)?,
    );
    if disk != 0 || disks > 1 {
        return Err(volumes(locator_offset));
    }
    if offset.checked_add(END64_SIZE) != Some(locator_offset) {
        return Err(refuse(
            "the zip64 locator does not point to a zip64 end record of 56 bytes right before it",
            locator_offset,
        ));
    }
    let record = read_at(source, offset, 56)?;
    let mut fields = Fields::new(&record);
    if fields.bytes(END64.len()) != Some(END64) {
        return Err(refuse(
            "there is no zip64 end record where the locator points",
            offset,
        ));
    }
    let size = fields.u64().ok_or_else(broken)?;
    if size.checked_add(12) != Some(END64_SIZE) {
        return Err(refuse("the zip64 end record has extensible data", offset));
    }
    fields.bytes(4).ok_or_else(broken)?;
    let (disk, central_disk) = (
        fields.u32().ok_or_else(broken)?,
        fields.u32().ok_or_else(broken)?,
    );
    let (here, entries) = (
        fields.u64().ok_or_else(broken)?,
        fields.u64().ok_or_else(broken)?,
    );
    let (size, start) = (
        fields.u64().ok_or_else(broken)?,
        fields.u64().ok_or_else(broken)?,
    );
    if disk != 0 || central_disk != 0 || here != entries {
        return Err(volumes(offset));
    }
    // Where the plain record is not saturated it must say the same, or two readers see two
    // archives.
    let agree16 = |plain: u16, full: u64| plain == u16::MAX || u64::from(plain) == full;
    let agree32 = |plain: u32, full: u64| plain == u32::MAX || u64::from(plain) == full;
    let disk_agrees = |plain: u16| plain == u16::MAX || plain == 0;
    if !(agree16(plain.entries, entries)
        && agree16(plain.entries_here, here)
        && agree32(plain.size, size)
        && agree32(plain.offset, start)
        && disk_agrees(plain.disk)
        && disk_agrees(plain.central_disk))
    {
        return Err(refuse(
            "the end record and the zip64 end record do not agree",
            offset,
        ));
    }
    let end = End {
        central_offset: start,
        central_size: size,
        entries,
        comment: plain.comment,
    };
    Ok((end, offset))
}

fn volumes(at: u64) -> Error {
    Error::new(Rule::EndRecord, "the archive is one of several volumes").at(at)
}

/// The central directory must end where the end records begin.
fn check_place(end: &End, central_end: u64) -> Result<(), Error> {
    let declared = end.central_offset.checked_add(end.central_size);
    if declared == Some(central_end) {
        return Ok(());
    }
    if let Some(gap) = declared.and_then(|declared| central_end.checked_sub(declared)) {
        return Err(Error::new(
            Rule::LeadingBytes,
            format!(
                "the archive's offsets are {gap} bytes off: something was put before or into it"
            ),
        )
        .at(end.central_offset));
    }
    Err(Error::new(
        Rule::EndRecord,
        format!(
            "the central directory ({} bytes from byte {} on) runs over its end at byte {central_end}",
            end.central_size, end.central_offset
        ),
    ))
}

/// Counts are checked before anything as large as they say is read.
fn check_limits(end: &End, limits: &Limits) -> Result<(), Error> {
    if end.entries == 0 {
        return Err(Error::new(
            Rule::Empty,
            "the wheel is empty: an archive without entries",
        ));
    }
    if end.entries > limits.entries {
        return Err(Error::limit(
            "entries",
            end.entries,
            format!(
                "the archive has {} entries; the limit is {}",
                end.entries, limits.entries
            ),
        ));
    }
    if end.central_size > limits.central_directory {
        return Err(Error::limit(
            "central-directory",
            end.central_size,
            format!(
                "the central directory has {} bytes; the limit is {}",
                end.central_size, limits.central_directory
            ),
        ));
    }
    Ok(())
}
