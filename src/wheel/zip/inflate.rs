//! Unpacks entries: whole ones at once with libdeflate, into a buffer of exactly the declared
//! size; beginnings and large files piece by piece with zlib-rs.

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{Crc, Decompressor};

use crate::wheel::error::{Error, Rule};
use crate::wheel::source::Source;
use crate::wheel::zip::entry::{Entry, Method};
use crate::wheel::zip::fields::{buffer, fill_at, grow};

/// Packed bytes read at a time when streaming.
const PACKED_PIECE: usize = 64 << 10;
/// Unpacked bytes handed on at a time when streaming.
const PIECE: usize = 128 << 10;

/// The start of a gzip file: magic, method deflate, no flags, no time, no system (RFC 1952).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Its end: CRC-32 and size, four bytes each.
const GZIP_FOOTER: usize = 8;
/// How many bytes are searched for it at a time.
const BLOCK: usize = 64;

/// Unpacks one entry after another, keeping its buffers.
pub(in crate::wheel) struct Unpacker {
    decompressor: Decompressor,
    packed: Vec<u8>,
    bytes: Vec<u8>,
}

impl Unpacker {
    pub(in crate::wheel) fn new() -> Self {
        Self {
            decompressor: Decompressor::new(),
            packed: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Unpacks an entry and verifies its size and CRC-32.
    pub(in crate::wheel) fn unpack<S: Source + ?Sized>(
        &mut self,
        source: &S,
        entry: &Entry,
    ) -> Result<&[u8], Error> {
        if !entry.may_be_held {
            let detail = format!(
                "it has {} bytes, packed to {}: too many to hold at once",
                entry.size, entry.compressed_size
            );
            return Err(Error::limit("held", entry.size, detail).entry(&entry.path));
        }
        let size = length(entry.size, entry)?;
        grow(&mut self.bytes, size)?;
        if entry.method == Method::Deflated {
            return self.inflate(source, entry, size);
        }
        let bytes = self.bytes.get_mut(..size).unwrap_or_default();
        fill_at(source, entry.data_offset, bytes)?;
        check_crc(entry, libdeflater::crc32(bytes))?;
        Ok(bytes)
    }

    /// Dresses the packed bytes as a gzip file and unpacks that: libdeflate then also verifies
    /// the CRC-32 and that the data ends where the packed bytes end, which its plain interface
    /// does not tell.
    fn inflate<S: Source + ?Sized>(
        &mut self,
        source: &S,
        entry: &Entry,
        size: usize,
    ) -> Result<&[u8], Error> {
        let packed_size = length(entry.compressed_size, entry)?;
        let mut footer = [0; GZIP_FOOTER];
        let (crc, low_size) = footer.split_at_mut(4);
        crc.copy_from_slice(&entry.crc32.to_le_bytes());
        // gzip keeps the size modulo 2^32.
        low_size.copy_from_slice(entry.size.to_le_bytes().get(..4).unwrap_or_default());
        let whole = packed_size
            .saturating_add(GZIP_HEADER.len())
            .saturating_add(GZIP_FOOTER);
        grow(&mut self.packed, whole)?;
        let gzip = self.packed.get_mut(..whole).unwrap_or_default();
        let (header, rest) = gzip.split_at_mut(GZIP_HEADER.len().min(whole));
        let (packed, end) = rest.split_at_mut(packed_size);
        header.copy_from_slice(&GZIP_HEADER);
        end.copy_from_slice(&footer);
        fill_at(source, entry.data_offset, packed)?;
        let footer_inside = holds_before_end(rest, footer);
        let bytes = self.bytes.get_mut(..size).unwrap_or_default();
        let unpacked = self.decompressor.gzip_decompress(gzip, bytes);
        if unpacked != Ok(size) || footer_inside {
            // Broken, or made to look whole: the slower reader counts every byte and says what.
            unpack_pieces(source, entry, |_| {})?;
            if unpacked != Ok(size) {
                return Err(corrupt(entry));
            }
        }
        Ok(bytes)
    }

    /// The bytes of the entry just unpacked, and its packed ones; none of an entry that is stored.
    pub(in crate::wheel) fn into_both(mut self, entry: &Entry) -> (Vec<u8>, Vec<u8>) {
        let size = usize::try_from(entry.compressed_size).unwrap_or(usize::MAX);
        let mut packed = std::mem::take(&mut self.packed);
        packed.drain(..GZIP_HEADER.len().min(packed.len()));
        packed.truncate(size);
        if entry.method == Method::Stored {
            packed.clear();
        }
        (self.into_bytes(entry), packed)
    }

    /// The buffer of the entry just unpacked.
    pub(in crate::wheel) fn into_bytes(mut self, entry: &Entry) -> Vec<u8> {
        self.bytes
            .truncate(usize::try_from(entry.size).unwrap_or(usize::MAX));
        self.bytes
    }
}

/// Whether the footer also stands somewhere before the end of `bytes`, where it could pass for the
/// end of data that ends too early. Nobody finds it there by chance (it is eight given bytes).
fn holds_before_end(bytes: &[u8], footer: [u8; GZIP_FOOTER]) -> bool {
    let [first, ..] = footer;
    let starts = bytes
        .get(..bytes.len().saturating_sub(GZIP_FOOTER))
        .unwrap_or_default();
    let at = |start: usize| {
        bytes
            .get(start..)
            .is_some_and(|rest| rest.starts_with(&footer))
    };
    // Blocks of a fixed length compile to a few vector instructions each; one that holds the
    // first byte is looked at byte by byte.
    let (blocks, rest) = starts.as_chunks::<BLOCK>();
    let mut offset = 0_usize;
    for block in blocks {
        let hit = block.iter().fold(false, |hit, byte| hit | (*byte == first));
        if hit && (offset..offset.saturating_add(BLOCK)).any(at) {
            return true;
        }
        offset = offset.saturating_add(BLOCK);
    }
    (offset..offset.saturating_add(rest.len())).any(at)
}

/// Unpacks an entry piece by piece without holding it, and verifies its size and CRC-32.
pub(in crate::wheel) fn unpack_pieces<S: Source + ?Sized>(
    source: &S,
    entry: &Entry,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let mut crc = Crc::new();
    pieces(source, entry, PIECE, |piece| {
        crc.update(piece);
        each(piece);
        true
    })?;
    check_crc(entry, crc.sum())
}

/// The first bytes of an entry, at most `wanted`.
pub(in crate::wheel) fn unpack_prefix<S: Source + ?Sized>(
    source: &S,
    entry: &Entry,
    wanted: usize,
) -> Result<Vec<u8>, Error> {
    let mut prefix = Vec::new();
    if wanted == 0 || entry.size == 0 {
        return Ok(prefix);
    }
    pieces(source, entry, wanted, |piece| {
        let missing = wanted.saturating_sub(prefix.len());
        prefix.extend_from_slice(piece.get(..missing).unwrap_or(piece));
        prefix.len() < wanted
    })?;
    Ok(prefix)
}

/// Hands over the unpacked bytes in pieces of at most `most` bytes until `each` has had enough (`false`); if it
/// never has, the size is verified and that the packed bytes end where the data does.
fn pieces<S: Source + ?Sized>(
    source: &S,
    entry: &Entry,
    most: usize,
    mut each: impl FnMut(&[u8]) -> bool,
) -> Result<(), Error> {
    let mut packed = PackedBytes::new(source, entry)?;
    if entry.method == Method::Stored {
        while packed.more()? {
            if !each(packed.rest()) {
                return Ok(());
            }
            packed.used(packed.rest().len());
        }
        return Ok(());
    }
    let mut inflate = Decompress::new(false);
    // A few bytes of a file are often all that is wanted.
    let mut piece = buffer(most.min(length(entry.size, entry)?).max(64))?;
    loop {
        packed.more()?;
        let (consumed, produced) = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress(packed.rest(), &mut piece, FlushDecompress::None)
            .map_err(|_| corrupt(entry))?;
        let step = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(0);
        let consumed = step(inflate.total_in(), consumed);
        let produced = step(inflate.total_out(), produced);
        packed.used(consumed);
        if inflate.total_out() > entry.size {
            return Err(wrong_size(entry, "more"));
        }
        if produced > 0 && !each(piece.get(..produced).unwrap_or_default()) {
            return Ok(());
        }
        match status {
            Status::StreamEnd => break,
            // Neither input nor output moved: the packed bytes ended before the data did.
            Status::Ok | Status::BufError if consumed == 0 && produced == 0 => {
                return Err(corrupt(entry));
            }
            Status::Ok | Status::BufError => {}
        }
    }
    if inflate.total_out() != entry.size {
        return Err(wrong_size(entry, &inflate.total_out().to_string()));
    }
    if inflate.total_in() != entry.compressed_size {
        return Err(Error::new(
            Rule::Deflate,
            format!(
                "the compressed data ends {} bytes before its end",
                entry.compressed_size.saturating_sub(inflate.total_in())
            ),
        )
        .entry(&entry.path));
    }
    Ok(())
}

/// An entry's packed bytes, read piece by piece.
struct PackedBytes<'a, S: ?Sized> {
    source: &'a S,
    offset: u64,
    left: u64,
    piece: Vec<u8>,
    from: usize,
    to: usize,
}

impl<'a, S: Source + ?Sized> PackedBytes<'a, S> {
    fn new(source: &'a S, entry: &Entry) -> Result<Self, Error> {
        let piece = PACKED_PIECE.min(length(entry.compressed_size, entry)?);
        Ok(Self {
            source,
            offset: entry.data_offset,
            left: entry.compressed_size,
            piece: buffer(piece)?,
            from: 0,
            to: 0,
        })
    }

    fn rest(&self) -> &[u8] {
        self.piece.get(self.from..self.to).unwrap_or_default()
    }

    fn used(&mut self, count: usize) {
        self.from = self.from.saturating_add(count).min(self.to);
    }

    /// Reads the next piece when this one is used up; says whether any bytes are left.
    fn more(&mut self) -> Result<bool, Error> {
        if self.from < self.to {
            return Ok(true);
        }
        let size = self
            .piece
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        fill_at(
            self.source,
            self.offset,
            self.piece.get_mut(..size).unwrap_or_default(),
        )?;
        let read = u64::try_from(size).unwrap_or(0);
        self.offset = self.offset.saturating_add(read);
        self.left = self.left.saturating_sub(read);
        (self.from, self.to) = (0, size);
        Ok(size > 0)
    }
}

fn length(size: u64, entry: &Entry) -> Result<usize, Error> {
    usize::try_from(size).map_err(|_| {
        Error::new(
            Rule::Limit,
            format!("{size} bytes do not fit into this machine's memory"),
        )
        .entry(&entry.path)
    })
}

fn check_crc(entry: &Entry, crc32: u32) -> Result<(), Error> {
    if crc32 == entry.crc32 {
        return Ok(());
    }
    Err(Error::new(
        Rule::Crc,
        format!(
            "the CRC-32 of its bytes is {crc32:08x}, the headers say {:08x}",
            entry.crc32
        ),
    )
    .entry(&entry.path))
}

fn wrong_size(entry: &Entry, found: &str) -> Error {
    Error::new(
        Rule::Size,
        format!("the headers say {} bytes, there are {found}", entry.size),
    )
    .entry(&entry.path)
}

fn corrupt(entry: &Entry) -> Error {
    Error::new(Rule::Deflate, "the compressed data is broken").entry(&entry.path)
}
