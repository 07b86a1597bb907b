//! The records an archive is written with (APPNOTE 4.3.7, 4.3.12, 4.3.14–4.3.16).

use crate::wheel::path::ArchivePath;
use crate::wheel::zip::dos_time::DosDateTime;
use crate::wheel::zip::entry::Method;

/// Made by version 2.0 on Unix: readers take the mode from the upper attributes.
const MADE_BY: u16 = 3 << 8 | 20;
const MADE_BY_64: u16 = 3 << 8 | 45;
const NEEDS_DEFLATE: u16 = 20;
const NEEDS_64: u16 = 45;
const UTF8: u16 = 1 << 11;

/// What both headers of an entry say.
pub(in crate::wheel) struct Header<'a> {
    pub(in crate::wheel) path: &'a ArchivePath,
    pub(in crate::wheel) is_directory: bool,
    pub(in crate::wheel) method: Method,
    pub(in crate::wheel) modified: DosDateTime,
    pub(in crate::wheel) crc32: u32,
    pub(in crate::wheel) compressed_size: u64,
    pub(in crate::wheel) size: u64,
    pub(in crate::wheel) executable: bool,
}

impl Header<'_> {
    fn name(&self) -> String {
        let slash = if self.is_directory { "/" } else { "" };
        format!("{}{slash}", self.path.as_str())
    }

    /// Both sizes go to zip64 when one does not fit; zip64's local field has to hold both.
    fn sizes_are_long(&self) -> bool {
        short(self.size).is_none() || short(self.compressed_size).is_none()
    }

    fn attributes(&self) -> u32 {
        match (self.is_directory, self.executable) {
            // 0x10 is the directory bit of DOS.
            (true, _) => 0o040_755 << 16 | 0x10,
            (false, true) => 0o100_755 << 16,
            (false, false) => 0o100_644 << 16,
        }
    }

    /// Flags, method, time, date, CRC, sizes: the run of fields that both headers share.
    fn shared(&self, bytes: &mut Vec<u8>) {
        // Both sizes saturate together.
        let (compressed, size) = match (short(self.compressed_size), short(self.size)) {
            (Some(compressed), Some(size)) => (compressed, size),
            _ => (u32::MAX, u32::MAX),
        };
        let flags = if self.path.as_str().is_ascii() {
            0
        } else {
            UTF8
        };
        put16(
            bytes,
            &[
                flags,
                self.method.number(),
                self.modified.time,
                self.modified.date,
            ],
        );
        put32(bytes, &[self.crc32, compressed, size]);
    }
}

/// The local header; `None` when the name is too long for one.
pub(in crate::wheel) fn local(header: &Header<'_>) -> Option<Vec<u8>> {
    let name = header.name();
    let long = header.sizes_are_long();
    let mut bytes = b"PK\x03\x04".to_vec();
    put16(&mut bytes, &[if long { NEEDS_64 } else { NEEDS_DEFLATE }]);
    header.shared(&mut bytes);
    put16(
        &mut bytes,
        &[u16::try_from(name.len()).ok()?, if long { 20 } else { 0 }],
    );
    bytes.extend_from_slice(name.as_bytes());
    if long {
        put16(&mut bytes, &[1, 16]);
        put64(&mut bytes, &[header.size, header.compressed_size]);
    }
    Some(bytes)
}

/// The central header; `None` when the name is too long for one.
pub(in crate::wheel) fn central(header: &Header<'_>, offset: u64) -> Option<Vec<u8>> {
    let name = header.name();
    let mut long = Vec::new();
    if header.sizes_are_long() {
        long.extend([header.size, header.compressed_size]);
    }
    if short(offset).is_none() {
        long.push(offset);
    }
    let long_bytes = u16::try_from(long.len().checked_mul(8)?).ok()?;
    let mut bytes = b"PK\x01\x02".to_vec();
    let (made_by, needs) = if long.is_empty() {
        (MADE_BY, NEEDS_DEFLATE)
    } else {
        (MADE_BY_64, NEEDS_64)
    };
    put16(&mut bytes, &[made_by, needs]);
    header.shared(&mut bytes);
    let extra = if long.is_empty() {
        0
    } else {
        long_bytes.checked_add(4)?
    };
    // Name, extra and comment length; first volume; no internal attributes.
    put16(
        &mut bytes,
        &[u16::try_from(name.len()).ok()?, extra, 0, 0, 0],
    );
    put32(
        &mut bytes,
        &[header.attributes(), short(offset).unwrap_or(u32::MAX)],
    );
    bytes.extend_from_slice(name.as_bytes());
    if !long.is_empty() {
        put16(&mut bytes, &[1, long_bytes]);
        put64(&mut bytes, &long);
    }
    Some(bytes)
}

/// The end record for `count` entries and a central directory of `size` bytes at `offset`, after
/// zip64's end record and locator where a number does not fit.
pub(in crate::wheel) fn end(count: u64, size: u64, offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let short_count = u16::try_from(count).ok().filter(|count| *count != u16::MAX);
    if short_count.is_none() || short(size).is_none() || short(offset).is_none() {
        bytes.extend_from_slice(b"PK\x06\x06");
        put64(&mut bytes, &[44]);
        put16(&mut bytes, &[MADE_BY_64, NEEDS_64]);
        put32(&mut bytes, &[0, 0]);
        put64(&mut bytes, &[count, count, size, offset]);
        bytes.extend_from_slice(b"PK\x06\x07");
        put32(&mut bytes, &[0]);
        put64(&mut bytes, &[offset.saturating_add(size)]);
        put32(&mut bytes, &[1]);
    }
    let count = short_count.unwrap_or(u16::MAX);
    bytes.extend_from_slice(b"PK\x05\x06");
    put16(&mut bytes, &[0, 0, count, count]);
    put32(
        &mut bytes,
        &[
            short(size).unwrap_or(u32::MAX),
            short(offset).unwrap_or(u32::MAX),
        ],
    );
    put16(&mut bytes, &[0]);
    bytes
}

/// A number as a 32-bit field that is not saturated.
fn short(number: u64) -> Option<u32> {
    u32::try_from(number)
        .ok()
        .filter(|number| *number != u32::MAX)
}

fn put16(bytes: &mut Vec<u8>, numbers: &[u16]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put32(bytes: &mut Vec<u8>, numbers: &[u32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put64(bytes: &mut Vec<u8>, numbers: &[u64]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
