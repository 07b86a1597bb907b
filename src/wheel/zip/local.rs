//! Checks that the local headers say what the central directory says, and that entries lie one
//! after another: no byte twice, no byte unaccounted for (APPNOTE 4.3.7, 4.3.9).

use crate::wheel::error::{Error, Rule};
use crate::wheel::source::Source;
use crate::wheel::zip::central::{FLAG_DESCRIPTOR, FLAG_UTF8, both_names};
use crate::wheel::zip::entry::Entry;
use crate::wheel::zip::extra;
use crate::wheel::zip::fields::{Fields, read_at};

const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_SIZE: u64 = 30;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// The flags of the two headers that must be the same: those that change how bytes are read.
const FLAGS_COMPARED: u16 = 1 | FLAG_DESCRIPTOR | 1 << 5 | 1 << 6 | FLAG_UTF8 | 1 << 13;
/// How much is read at a time: a header with its name and extra fields in one read, and of small
/// files the next headers too.
const WINDOW: u64 = 4096;

/// Checks every local header and fills in where each entry's bytes begin.
pub(in crate::wheel) fn check<S: Source + ?Sized>(
    source: &S,
    entries: &mut [Entry],
    central_offset: u64,
) -> Result<(), Error> {
    let mut order: Vec<&mut Entry> = entries.iter_mut().collect();
    order.sort_by_key(|entry| entry.header_offset);
    let starts: Vec<u64> = order.iter().map(|entry| entry.header_offset).collect();
    let mut window = Window {
        source,
        offset: 0,
        bytes: Vec::new(),
    };
    let mut expected = 0;
    for (number, entry) in order.into_iter().enumerate() {
        let start = entry.header_offset;
        if start > expected {
            return Err(gap(source, expected, start));
        }
        if start < expected {
            return Err(overlap(entry, start));
        }
        let next = starts
            .get(number.saturating_add(1))
            .copied()
            .unwrap_or(central_offset);
        // Two entries on one header would come here with `next == start`.
        if next <= start {
            return Err(overlap(entry, start));
        }
        expected = check_one(&mut window, entry, next, central_offset).map_err(|error| {
            if error.is_io() {
                error
            } else {
                error.entry(&entry.path).at(start)
            }
        })?;
    }
    if expected == central_offset {
        Ok(())
    } else {
        Err(gap(source, expected, central_offset))
    }
}

fn overlap(entry: &Entry, at: u64) -> Error {
    Error::new(
        Rule::Overlap,
        "the entry shares bytes with the one before it",
    )
    .entry(&entry.path)
    .at(at)
}

/// Bytes that belong to no entry.
fn gap<S: Source + ?Sized>(source: &S, from: u64, to: u64) -> Error {
    let bytes = to.saturating_sub(from);
    let start =
        read_at(source, from, usize::try_from(bytes.min(4)).unwrap_or(0)).unwrap_or_default();
    let (rule, what) = if from == 0 && start != LOCAL {
        (Rule::LeadingBytes, "stand before the first entry")
    } else if start == LOCAL {
        (
            Rule::Unlisted,
            "hold an entry that the central directory does not list",
        )
    } else {
        (Rule::Unlisted, "between entries belong to none")
    };
    Error::new(rule, format!("{bytes} bytes {what}")).at(from)
}

/// Bytes read last, which often hold what is asked for next.
struct Window<'a, S: ?Sized> {
    source: &'a S,
    offset: u64,
    bytes: Vec<u8>,
}

impl<S: Source + ?Sized> Window<'_, S> {
    /// The `length` bytes at `offset`, which must lie before `end`; `None` where they do not.
    fn get(&mut self, offset: u64, length: u64, end: u64) -> Result<Option<&[u8]>, Error> {
        let Some(room) = end.checked_sub(offset).filter(|room| length <= *room) else {
            return Ok(None);
        };
        let held = u64::try_from(self.bytes.len()).unwrap_or(0);
        let inside = offset
            .checked_sub(self.offset)
            .filter(|from| from.saturating_add(length) <= held);
        if inside.is_none() {
            let size = usize::try_from(length.max(WINDOW).min(room)).unwrap_or(0);
            self.bytes = read_at(self.source, offset, size)?;
            self.offset = offset;
        }
        let from = usize::try_from(inside.unwrap_or(0)).unwrap_or(0);
        let to = from.saturating_add(usize::try_from(length).unwrap_or(0));
        Ok(self.bytes.get(from..to))
    }
}

/// Checks one entry, which must end exactly at `next`; gives back where it ends. Nothing is read
/// from `end` on.
fn check_one<S: Source + ?Sized>(
    window: &mut Window<'_, S>,
    entry: &mut Entry,
    next: u64,
    end: u64,
) -> Result<u64, Error> {
    let missing = || {
        Error::new(
            Rule::Local,
            "there is no local header where the central directory says",
        )
    };
    let start = entry.header_offset;
    let fixed = window.get(start, LOCAL_SIZE, end)?.ok_or_else(missing)?;
    let lengths = |mut fields: Fields<'_>| {
        if fields.bytes(LOCAL.len())? != LOCAL {
            return None;
        }
        fields.bytes(22)?;
        Some((fields.u16()?, fields.u16()?))
    };
    let (name_length, extra_length) = lengths(Fields::new(fixed)).ok_or_else(missing)?;
    let whole = LOCAL_SIZE
        .saturating_add(name_length.into())
        .saturating_add(extra_length.into());
    if whole > next.saturating_sub(start) {
        return Err(Error::new(
            Rule::Overlap,
            "the local header runs into what follows",
        ));
    }
    let header = window.get(start, whole, end)?.ok_or_else(missing)?;
    compare(header, entry, &entry.name()).unwrap_or_else(|| Err(missing()))?;
    entry.data_offset = start.saturating_add(whole);
    let data_end = entry.data_offset.checked_add(entry.compressed_size);
    let Some(data_end) = data_end.filter(|end| *end <= next) else {
        return Err(Error::new(
            Rule::Overlap,
            format!(
                "its {} packed bytes run into what follows",
                entry.compressed_size
            ),
        ));
    };
    if entry.has_descriptor {
        check_descriptor(window, entry, data_end, next, end)?;
        return Ok(next);
    }
    Ok(data_end)
}

/// Compares the fields of both headers. `None`: the local header is not whole.
fn compare(bytes: &[u8], entry: &Entry, name: &str) -> Option<Result<(), Error>> {
    let mut fields = Fields::new(bytes);
    fields.bytes(6)?; // signature, version needed
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.bytes(4)?; // time and date: the central ones count, nobody reads these
    let (crc32, compressed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
    let (local_name, extra) = (
        fields.bytes(name_length.into())?,
        fields.bytes(extra_length.into())?,
    );
    if local_name != name.as_bytes() {
        return Some(Err(Error::new(
            Rule::Disagree,
            both_names(name, local_name),
        )));
    }
    let differs = |what: &str, central: String, local: String| {
        Some(Err(Error::new(
            Rule::Disagree,
            format!(
                "the {what} is {central} in the central directory and {local} in the local header"
            ),
        )))
    };
    if flags & FLAGS_COMPARED != entry.flags & FLAGS_COMPARED {
        return differs(
            "flags field",
            format!("{:#06x}", entry.flags),
            format!("{flags:#06x}"),
        );
    }
    if method != entry.method.number() {
        return differs(
            "method",
            entry.method.number().to_string(),
            method.to_string(),
        );
    }
    let sizes = match local_sizes(extra, local_name, size, compressed_size) {
        Ok(sizes) => sizes,
        Err(error) => return Some(Err(error)),
    };
    // With a descriptor the header may still say zero (APPNOTE 4.4.4), or already the truth.
    let fits = |local: u64, central: u64| local == central || (entry.has_descriptor && local == 0);
    if !fits(sizes.0, entry.size) {
        return differs("size", entry.size.to_string(), sizes.0.to_string());
    }
    if !fits(sizes.1, entry.compressed_size) {
        return differs(
            "packed size",
            entry.compressed_size.to_string(),
            sizes.1.to_string(),
        );
    }
    if !fits(crc32.into(), entry.crc32.into()) {
        return differs(
            "CRC-32",
            format!("{:08x}", entry.crc32),
            format!("{crc32:08x}"),
        );
    }
    Some(Ok(()))
}

/// The unpacked and packed size in a local header, where zip64 has both or none (APPNOTE 4.5.3).
fn local_sizes(extra: &[u8], name: &[u8], size: u32, compressed: u32) -> Result<(u64, u64), Error> {
    let extra = extra::read(extra, name)?;
    let both = extra.zip64.is_some_and(|data| data.len() == 16);
    if both && !(size == u32::MAX && compressed == u32::MAX) {
        // A field that is not saturated, with both values there: it says its value twice. Some
        // builders write so for every entry (Bazel's, in the wheels of protobuf).
        let ([long_size, long_compressed, _], _) =
            extra::zip64_values(extra.zip64, [true, true, false], false)?;
        let (long_size, long_compressed) = (long_size.unwrap_or(0), long_compressed.unwrap_or(0));
        let agrees = |plain: u32, long: u64| plain == u32::MAX || u64::from(plain) == long;
        if agrees(size, long_size) && agrees(compressed, long_compressed) {
            return Ok((long_size, long_compressed));
        }
        return Err(Error::new(
            Rule::Zip64,
            "the local header and its zip64 extra field do not agree",
        ));
    }
    let saturated = [size == u32::MAX, compressed == u32::MAX, false];
    let ([long_size, long_compressed, _], _) = extra::zip64_values(extra.zip64, saturated, false)?;
    Ok((
        long_size.unwrap_or(size.into()),
        long_compressed.unwrap_or(compressed.into()),
    ))
}

/// The data descriptor must fill the bytes up to `next` exactly: with or without its signature,
/// with sizes of 4 or of 8 bytes, which makes four different lengths.
fn check_descriptor<S: Source + ?Sized>(
    window: &mut Window<'_, S>,
    entry: &Entry,
    from: u64,
    next: u64,
    end: u64,
) -> Result<(), Error> {
    let length = next.saturating_sub(from);
    let (signed, long) = match length {
        12 => (false, false),
        16 => (true, false),
        20 => (false, true),
        24 => (true, true),
        _ => {
            return Err(Error::new(
                Rule::Descriptor,
                format!("{length} bytes stand where the entry's data descriptor should be"),
            ));
        }
    };
    let bytes = window.get(from, length, end)?.unwrap_or_default();
    let mut fields = Fields::new(bytes);
    let signature_fits = !signed || fields.u32() == Some(DESCRIPTOR);
    let crc32 = fields.u32();
    let mut size = || {
        if long {
            fields.u64()
        } else {
            fields.u32().map(u64::from)
        }
    };
    let (compressed, unpacked) = (size(), size());
    if signature_fits
        && crc32 == Some(entry.crc32)
        && compressed == Some(entry.compressed_size)
        && unpacked == Some(entry.size)
    {
        return Ok(());
    }
    Err(Error::new(
        Rule::Descriptor,
        "the data descriptor does not say what the central directory says",
    ))
}
