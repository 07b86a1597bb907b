//! Writes archives that every reader understands alike.
//!
//! Sizes are known before anything is written, so there are no data descriptors (package indexes
//! refuse them); entries lie one after another; zip64 is used where sizes need it and nowhere
//! else; no comments, no extra fields.

use std::collections::HashSet;
use std::io::Write;

use crate::wheel::error::{Error, Rule};
use crate::wheel::path::ArchivePath;
use crate::wheel::source::Source;
use crate::wheel::zip::archive::copy_packed;
use crate::wheel::zip::deflate::Deflated;
use crate::wheel::zip::dos_time::DosDateTime;
use crate::wheel::zip::entry::Entry;
use crate::wheel::zip::write_header::{Header, central, end, local};

/// Writes an archive front to back.
///
/// The same calls write the same bytes. After an error the archive is not to be used.
#[derive(Debug)]
pub struct ArchiveWriter<W: Write> {
    out: W,
    offset: u64,
    central: Vec<u8>,
    count: u64,
    names: HashSet<ArchivePath>,
    piece: Vec<u8>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive. Writes come in pieces of 256 KiB and less (headers, small files):
    /// hand in something buffered.
    pub fn new(out: W) -> Self {
        Self {
            out,
            offset: 0,
            central: Vec::new(),
            count: 0,
            names: HashSet::new(),
            piece: Vec::new(),
        }
    }

    /// Copies an entry of another archive: its packed bytes as they are, its name, method, CRC,
    /// time and permissions (0o644 where it had none) with a plain header.
    ///
    /// # Errors
    /// I/O errors of either side; [`Rule::Request`] when the name was written before.
    pub fn copy_raw<S: Source + ?Sized>(&mut self, source: &S, entry: &Entry) -> Result<(), Error> {
        self.begin(&Header {
            path: &entry.path,
            is_directory: entry.is_directory,
            method: entry.method,
            modified: entry.modified,
            crc32: entry.crc32,
            compressed_size: entry.compressed_size,
            size: entry.size,
            executable: entry.is_executable(),
        })?;
        copy_packed(source, entry, &mut self.piece, &mut self.out)?;
        self.advance(entry.compressed_size)
    }

    /// Writes a file. Of `mode` only counts whether any executable bit is set: what is written
    /// is 0o755 or 0o644.
    ///
    /// # Errors
    /// I/O errors; [`Rule::Request`] when the name was written before.
    pub fn write(
        &mut self,
        path: &ArchivePath,
        file: &Deflated,
        mode: u32,
        modified: DosDateTime,
    ) -> Result<(), Error> {
        let compressed_size = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
        self.begin(&Header {
            path,
            is_directory: false,
            method: file.method,
            modified,
            crc32: file.crc32,
            compressed_size,
            size: file.size,
            executable: mode & 0o111 != 0,
        })?;
        self.put(&file.bytes)?;
        self.advance(compressed_size)
    }

    /// Writes the central directory and the end records, flushes, and gives the output back.
    ///
    /// # Errors
    /// I/O errors; [`Rule::Request`] when nothing was written: no reader takes an archive
    /// without entries for a wheel.
    pub fn finish(mut self) -> Result<W, Error> {
        if self.count == 0 {
            return Err(Error::new(
                Rule::Request,
                "an archive without entries is no wheel",
            ));
        }
        let central = std::mem::take(&mut self.central);
        self.put(&central)?;
        let size = u64::try_from(central.len()).unwrap_or(u64::MAX);
        self.put(&end(self.count, size, self.offset))?;
        self.out.flush().map_err(write_failed)?;
        Ok(self.out)
    }

    /// How many bytes have been written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.offset
    }

    /// Writes an entry's local header and notes its central one.
    fn begin(&mut self, header: &Header<'_>) -> Result<(), Error> {
        if !self.names.insert(header.path.clone()) {
            let error = Error::new(Rule::Request, "the entry was written to the archive before");
            return Err(error.entry(header.path));
        }
        let too_long = || Error::new(Rule::Request, "the name is too long").entry(header.path);
        let first = local(header).ok_or_else(too_long)?;
        self.central
            .extend(central(header, self.offset).ok_or_else(too_long)?);
        self.count = self.count.saturating_add(1);
        self.put(&first)?;
        self.advance(u64::try_from(first.len()).unwrap_or(u64::MAX))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(write_failed)
    }

    fn advance(&mut self, bytes: u64) -> Result<(), Error> {
        let next = self.offset.checked_add(bytes);
        self.offset = next.ok_or_else(|| Error::new(Rule::Request, "the archive is too large"))?;
        Ok(())
    }
}

fn write_failed(error: std::io::Error) -> Error {
    Error::io("cannot write the wheel", error)
}
