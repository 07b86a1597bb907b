//! Reads the central directory (APPNOTE 4.3.12) and decides, entry by entry, what is taken.

use crate::wheel::error::{Error, Rule};
use crate::wheel::escape::escape_bytes;
use crate::wheel::limits::Limits;
use crate::wheel::note::Note;
use crate::wheel::path::ArchivePath;
use crate::wheel::zip::dos_time::DosDateTime;
use crate::wheel::zip::end::End;
use crate::wheel::zip::entry::{Entry, Method};
use crate::wheel::zip::extra;
use crate::wheel::zip::fields::Fields;

const CENTRAL: &[u8] = b"PK\x01\x02";

pub(in crate::wheel) const FLAG_DESCRIPTOR: u16 = 1 << 3;
pub(in crate::wheel) const FLAG_UTF8: u16 = 1 << 11;
/// Bits 0 (encrypted), 6 (strong encryption), 13 (masked headers).
const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Bits 1 and 2 say how hard the packer tried.
const FLAGS_KNOWN: u16 = 0b110 | FLAG_DESCRIPTOR | FLAG_UTF8 | FLAGS_ENCRYPTED;

/// The most that deflate can unpack from one byte (RFC 1951: 258 bytes from two bits).
const DEFLATE_MOST: u64 = 1032;

/// A central header's fields as they stand.
struct Header<'a> {
    flags: u16,
    method: u16,
    time: u16,
    date: u16,
    crc32: u32,
    compressed_size: u32,
    size: u32,
    disk: u16,
    external: u32,
    offset: u32,
    name: &'a [u8],
    extra: &'a [u8],
}

/// Reads all central headers.
pub(in crate::wheel) fn read(
    directory: &[u8],
    end: &End,
    limits: &Limits,
    notes: &mut Vec<Note>,
) -> Result<Vec<Entry>, Error> {
    let mut fields = Fields::new(directory);
    let mut entries = Vec::new();
    let mut unpacked: u64 = 0;
    for number in 1..=end.entries {
        let before = directory.len().saturating_sub(fields.rest().len());
        let at = end
            .central_offset
            .saturating_add(u64::try_from(before).unwrap_or(0));
        let Some(header) = read_header(&mut fields) else {
            return Err(Error::new(
                Rule::Central,
                format!(
                    "the central directory has no readable header for entry {number} of {}",
                    end.entries
                ),
            )
            .at(at));
        };
        let entry = take(&header, limits, notes).map_err(|error| match error.entry {
            Some(_) => error.at(at),
            None => error.entry_bytes(header.name).at(at),
        })?;
        unpacked = unpacked.saturating_add(entry.size);
        if unpacked > limits.unpacked {
            return Err(Error::limit(
                "unpacked",
                unpacked,
                format!("the wheel unpacks to more than {} bytes", limits.unpacked),
            )
            .entry(&entry.path));
        }
        entries.push(entry);
    }
    if fields.rest().is_empty() {
        Ok(entries)
    } else {
        Err(Error::new(
            Rule::Central,
            format!(
                "the central directory goes on for {} bytes after its {} entries",
                fields.rest().len(),
                end.entries
            ),
        ))
    }
}

fn read_header<'a>(fields: &mut Fields<'a>) -> Option<Header<'a>> {
    if fields.bytes(CENTRAL.len())? != CENTRAL {
        return None;
    }
    fields.bytes(4)?; // version made by, version needed: nothing here depends on them
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let (time, date) = (fields.u16()?, fields.u16()?);
    let (crc32, compressed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    fields.bytes(2)?; // internal attributes: "apparently a text file"
    let (external, offset) = (fields.u32()?, fields.u32()?);
    let (name, extra) = (fields.bytes(name.into())?, fields.bytes(extra.into())?);
    fields.bytes(comment.into())?;
    Some(Header {
        flags,
        method,
        time,
        date,
        crc32,
        compressed_size,
        size,
        disk,
        external,
        offset,
        name,
        extra,
    })
}

/// Makes an entry of a header, or refuses it. What the local header says comes later.
fn take(header: &Header<'_>, limits: &Limits, notes: &mut Vec<Note>) -> Result<Entry, Error> {
    if header.name.len() > limits.name {
        return Err(Error::new(
            Rule::Limit,
            format!(
                "the name has {} bytes; the limit is {}",
                header.name.len(),
                limits.name
            ),
        ));
    }
    let method = check_packing(header)?;
    let extra = extra::read(header.extra, header.name)?;
    let (name, is_directory) = check_name(header)?;
    let (long, disk) = extra::zip64_values(
        extra.zip64,
        [
            header.size == u32::MAX,
            header.compressed_size == u32::MAX,
            header.offset == u32::MAX,
        ],
        header.disk == u16::MAX,
    )?;
    let [size, compressed_size, offset] = long;
    if disk.unwrap_or(header.disk.into()) != 0 {
        return Err(Error::new(
            Rule::EndRecord,
            "the entry lies on another volume",
        ));
    }
    let mode = check_mode(header.external, is_directory, &name, notes)?;
    let entry = Entry {
        path: name,
        is_directory,
        method,
        crc32: header.crc32,
        compressed_size: compressed_size.unwrap_or(header.compressed_size.into()),
        size: size.unwrap_or(header.size.into()),
        header_offset: offset.unwrap_or(header.offset.into()),
        data_offset: 0,
        modified: DosDateTime {
            date: header.date,
            time: header.time,
        },
        mode,
        has_descriptor: header.flags & FLAG_DESCRIPTOR != 0,
        flags: header.flags,
        may_be_held: false,
    };
    let small = entry.size <= limits.held;
    let room = entry.compressed_size.saturating_mul(limits.held_ratio);
    let entry = Entry {
        may_be_held: small || entry.size <= room,
        ..entry
    };
    check_sizes(&entry, limits)?;
    Ok(entry)
}

/// Flags and method.
fn check_packing(header: &Header<'_>) -> Result<Method, Error> {
    if header.flags & FLAGS_ENCRYPTED != 0 {
        return Err(Error::new(Rule::Encrypted, "the entry is encrypted"));
    }
    let unknown = header.flags & !FLAGS_KNOWN;
    if unknown != 0 {
        return Err(Error::new(
            Rule::Flags,
            format!("the flag bits {unknown:#06x} are set, which have no meaning in a wheel"),
        ));
    }
    let name = match header.method {
        0 => return Ok(Method::Stored),
        8 => return Ok(Method::Deflated),
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 | 20 => "zstd",
        95 => "xz",
        99 => return Err(Error::new(Rule::Encrypted, "the entry is encrypted (AES)")),
        _ => "an unknown one",
    };
    Err(Error::new(
        Rule::Method,
        format!(
            "the compression method is {} ({name}); installers read only stored and deflated wheels",
            header.method
        ),
    ))
}

/// The name, and whether it is a directory's.
fn check_name(header: &Header<'_>) -> Result<(ArchivePath, bool), Error> {
    if header.flags & FLAG_UTF8 == 0 && !header.name.is_ascii() {
        return Err(Error::new(
            Rule::NameEncoding,
            "the name is not ASCII and not marked as UTF-8: readers differ on what it says",
        ));
    }
    let name = std::str::from_utf8(header.name)
        .map_err(|_| Error::new(Rule::NameEncoding, "the name is marked as UTF-8 but is not"))?;
    match name.strip_suffix('/') {
        Some(directory) => Ok((ArchivePath::parse(directory)?, true)),
        None => Ok((ArchivePath::parse(name)?, false)),
    }
}

/// Permissions and kind from the Unix mode in the upper half of the external attributes.
///
/// The maker's system is not asked: Python writes Unix modes on Windows too, and installers look
/// at them there as well.
fn check_mode(
    external: u32,
    is_directory: bool,
    name: &ArchivePath,
    notes: &mut Vec<Note>,
) -> Result<Option<u32>, Error> {
    let mode = external >> 16;
    let kind = match mode & 0o170_000 {
        0 => None,
        0o100_000 => Some(false),
        0o040_000 => Some(true),
        other => {
            let what = match other {
                0o120_000 => "a symbolic link",
                0o010_000 => "a named pipe",
                0o020_000 => "a character device",
                0o060_000 => "a block device",
                0o140_000 => "a socket",
                _ => "of an unknown kind",
            };
            return Err(Error::new(
                Rule::Kind,
                format!("the entry is {what}; a wheel holds only files and directories"),
            ));
        }
    };
    if kind.is_some_and(|directory| directory != is_directory) {
        let (mode, name) = if is_directory {
            ("file", "directory")
        } else {
            ("directory", "file")
        };
        return Err(Error::new(
            Rule::Kind,
            format!("the entry is a {mode} by its mode and a {name} by its name"),
        ));
    }
    if mode == 0 {
        return Ok(None);
    }
    if !is_directory && mode & 0o7002 != 0 {
        notes.push(Note::ModeMasked {
            entry: name.as_str().to_owned(),
            mode: mode & 0o7777,
        });
    }
    Ok(Some(if is_directory || mode & 0o111 != 0 {
        0o755
    } else {
        0o644
    }))
}

/// Sizes that make no sense are refused before anything is allocated for them.
fn check_sizes(entry: &Entry, limits: &Limits) -> Result<(), Error> {
    if entry.is_directory && (entry.size != 0 || entry.crc32 != 0) {
        return Err(Error::new(Rule::Kind, "the directory has contents"));
    }
    if entry.size > limits.unpacked {
        return Err(Error::limit(
            "unpacked",
            entry.size,
            format!(
                "the entry unpacks to {} bytes; the limit is {}",
                entry.size, limits.unpacked
            ),
        ));
    }
    match entry.method {
        Method::Stored if entry.size != entry.compressed_size => Err(Error::new(
            Rule::Size,
            format!(
                "the entry is stored, but has {} bytes packed and {} unpacked",
                entry.compressed_size, entry.size
            ),
        )),
        Method::Deflated if entry.size > entry.compressed_size.saturating_mul(DEFLATE_MOST) => {
            Err(Error::new(
                Rule::Size,
                format!(
                    "{} packed bytes cannot unpack to {}",
                    entry.compressed_size, entry.size
                ),
            ))
        }
        Method::Deflated
            if entry.size >= limits.ratio_from
                && entry.size > entry.compressed_size.saturating_mul(limits.ratio) =>
        {
            Err(Error::limit(
                "ratio",
                entry.size.div_ceil(entry.compressed_size.max(1)),
                format!(
                    "the entry unpacks from {} to {} bytes; the limit is {} to 1",
                    entry.compressed_size, entry.size, limits.ratio
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Used in errors about two names.
pub(in crate::wheel) fn both_names(central: &str, local: &[u8]) -> String {
    format!(
        "the central directory calls the entry `{}`, its local header `{}`",
        crate::wheel::escape::escape(central),
        escape_bytes(local)
    )
}
