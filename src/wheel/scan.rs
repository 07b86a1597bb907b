//! One pass over all files of a wheel: unpack, verify, look into those that matter.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::error::{Error, Rule};
use super::hash::{Hasher, RecordHash};
use super::open::Wheel;
use super::path::ArchivePath;
use super::source::Source;
use crate::wheel::zip::entry::Entry;
use crate::wheel::zip::inflate::{Unpacker, unpack_pieces, unpack_prefix};

/// From this unpacked size on a file is large: it is held only if it is wanted, and only one
/// such file at a time is in memory.
const LARGE: u64 = 8 << 20;
/// How many packed and unpacked bytes of small files are in memory at a time.
const WINDOW: u64 = 24 << 20;
/// How many of a file's first bytes decide whether it is wanted.
const PREFIX: usize = 64;

/// What looking at one file gave.
struct Seen<T> {
    /// What `each` made of it; `None` when the file was not wanted.
    value: Option<T>,
    /// Its hash and RECORD's, where they differ.
    mismatch: Option<String>,
}

/// A file, and which one it is in the archive.
type Numbered<'a> = (usize, &'a Entry);
type Found<T> = Vec<(usize, Result<Seen<T>, Error>)>;

impl Wheel {
    /// Unpacks every file, on all of rayon's threads, and verifies CRC-32, size and the hash in
    /// RECORD. The bytes of files whose first 64 bytes (or fewer, if that is all) `wanted` picks
    /// go to `each`; what it returns comes back by path. `each` sees bytes before the whole wheel is
    /// verified: its results reach the caller only if everything holds.
    ///
    /// Memory: one large file (8 MiB and up) packed and unpacked, plus 24 MiB of small ones,
    /// whatever the number of threads; large files that are not wanted are never held whole.
    ///
    /// # Errors
    /// I/O errors; of what is wrong with single files the first in the archive's order; else
    /// [`Rule::RecordMismatch`] with all files whose hash is another than RECORD's.
    pub fn scan<S: Source + ?Sized, T: Send>(
        &self,
        source: &S,
        wanted: impl Fn(&[u8]) -> bool + Sync,
        each: impl Fn(&Entry, &[u8]) -> T + Sync,
    ) -> Result<BTreeMap<ArchivePath, T>, Error> {
        match self.scan_all(source, wanted, each)? {
            (_, Some(mismatch)) => Err(mismatch),
            (values, None) => Ok(values),
        }
    }

    /// As [`Wheel::scan`], but what RECORD says otherwise comes back beside the values. For those
    /// who report, not for those who write.
    ///
    /// # Errors
    /// As for [`Wheel::scan`], without [`Rule::RecordMismatch`].
    #[allow(clippy::type_complexity)]
    pub fn scan_all<S: Source + ?Sized, T: Send>(
        &self,
        source: &S,
        wanted: impl Fn(&[u8]) -> bool + Sync,
        each: impl Fn(&Entry, &[u8]) -> T + Sync,
    ) -> Result<(BTreeMap<ArchivePath, T>, Option<Error>), Error> {
        let entries = self.archive.entries().iter().enumerate().collect();
        self.look_at(source, entries, true, wanted, each)
    }

    /// Unpacks only the files that `wanted` picks by their first bytes, and verifies their CRC-32
    /// and size; RECORD is not asked. For those who tell of these files and of nothing else.
    ///
    /// # Errors
    /// I/O errors; else of what is wrong with single files the first in the archive's order.
    pub fn pick<S: Source + ?Sized, T: Send>(
        &self,
        source: &S,
        wanted: impl Fn(&[u8]) -> bool + Sync,
        each: impl Fn(&Entry, &[u8]) -> T + Sync,
    ) -> Result<BTreeMap<ArchivePath, T>, Error> {
        let files: Vec<Numbered<'_>> = self.archive.entries().iter().enumerate().collect();
        let begins: Vec<Result<bool, Error>> = files
            .par_iter()
            .map(|(_, entry)| {
                let prefix = unpack_prefix(source, entry, PREFIX)?;
                Ok(!entry.is_directory && wanted(&prefix))
            })
            .collect();
        let mut picked = Vec::new();
        for (file, wanted) in files.into_iter().zip(begins) {
            if wanted? {
                picked.push(file);
            }
        }
        let (values, _) = self.look_at(source, picked, false, wanted, each)?;
        Ok(values)
    }

    #[allow(clippy::type_complexity)]
    fn look_at<S: Source + ?Sized, T: Send>(
        &self,
        source: &S,
        entries: Vec<Numbered<'_>>,
        recorded: bool,
        wanted: impl Fn(&[u8]) -> bool + Sync,
        each: impl Fn(&Entry, &[u8]) -> T + Sync,
    ) -> Result<(BTreeMap<ArchivePath, T>, Option<Error>), Error> {
        let (large, small): (Vec<Numbered<'_>>, Vec<Numbered<'_>>) = entries
            .into_iter()
            .partition(|(_, entry)| held(entry) >= LARGE);
        let look = Look {
            wheel: self,
            source,
            recorded,
            wanted: &wanted,
            each: &each,
        };
        let (from_large, from_small) = rayon::join(|| look.large(&large), || look.small(&small));
        let mut found: Found<T> = from_large;
        found.extend(from_small);
        found.sort_by_key(|(number, _)| *number);

        let mut values = BTreeMap::new();
        let mut mismatches = Vec::new();
        for (number, seen) in found {
            let seen = seen?;
            mismatches.extend(seen.mismatch);
            if let (Some(value), Some(entry)) = (seen.value, self.archive.entries().get(number)) {
                values.insert(entry.path.clone(), value);
            }
        }
        if mismatches.is_empty() {
            return Ok((values, None));
        }
        let detail = match mismatches.len() {
            1 => "1 file is not what RECORD says".to_owned(),
            count => format!("{count} files are not what RECORD says"),
        };
        let mismatch = Error::new(Rule::RecordMismatch, detail).listing(mismatches);
        Ok((values, Some(mismatch)))
    }
}

/// Bytes in memory while an entry is unpacked at once.
fn held(entry: &Entry) -> u64 {
    entry.size.max(entry.compressed_size)
}

/// What a scan carries along.
struct Look<'a, S: ?Sized, W, E> {
    wheel: &'a Wheel,
    source: &'a S,
    /// Are files held against RECORD?
    recorded: bool,
    wanted: &'a W,
    each: &'a E,
}

impl<S, W, E, T> Look<'_, S, W, E>
where
    S: Source + ?Sized,
    W: Fn(&[u8]) -> bool + Sync,
    E: Fn(&Entry, &[u8]) -> T + Sync,
    T: Send,
{
    /// Large files, one after another: while one is unpacked the other threads have the small.
    fn large(&self, entries: &[Numbered<'_>]) -> Found<T> {
        let mut unpacker = Unpacker::new();
        let one = |(number, entry): &Numbered<'_>| (*number, self.one_large(&mut unpacker, entry));
        entries.iter().map(one).collect()
    }

    fn one_large(&self, unpacker: &mut Unpacker, entry: &Entry) -> Result<Seen<T>, Error> {
        let prefix = unpack_prefix(self.source, entry, PREFIX)?;
        if (self.wanted)(&prefix) {
            let bytes = unpacker.unpack(self.source, entry)?;
            let (mismatch, value) = rayon::join(
                || self.verify_bytes(entry, bytes),
                || (self.each)(entry, bytes),
            );
            return Ok(Seen {
                value: Some(value),
                mismatch,
            });
        }
        let mut hasher = self.hasher(entry);
        unpack_pieces(self.source, entry, |piece| hasher.update(piece))?;
        Ok(Seen {
            value: None,
            mismatch: self.verify(entry, &hasher.finish()),
        })
    }

    /// Small files in windows of so many bytes: a window is a barrier, which costs less than
    /// threads that hold a budget and may wait for themselves (`each` may use rayon too).
    fn small(&self, entries: &[Numbered<'_>]) -> Found<T> {
        let mut found = Vec::with_capacity(entries.len());
        let mut rest = entries;
        while !rest.is_empty() {
            let mut bytes = 0_u64;
            let fitting = rest
                .iter()
                .take_while(|(_, entry)| {
                    bytes = bytes
                        .saturating_add(entry.size)
                        .saturating_add(entry.compressed_size);
                    bytes <= WINDOW
                })
                .count();
            let (window, after) = rest.split_at_checked(fitting.max(1)).unwrap_or((rest, &[]));
            rest = after;
            found.par_extend(
                window
                    .par_iter()
                    .map_init(Unpacker::new, |unpacker, (number, entry)| {
                        (*number, self.one_small(unpacker, entry))
                    }),
            );
        }
        found
    }

    fn one_small(&self, unpacker: &mut Unpacker, entry: &Entry) -> Result<Seen<T>, Error> {
        let bytes = unpacker.unpack(self.source, entry)?;
        let mismatch = self.verify_bytes(entry, bytes);
        let prefix = bytes.get(..PREFIX).unwrap_or(bytes);
        let wanted = !entry.is_directory && (self.wanted)(prefix);
        Ok(Seen {
            value: wanted.then(|| (self.each)(entry, bytes)),
            mismatch,
        })
    }

    fn recorded(&self, entry: &Entry) -> Option<&RecordHash> {
        self.wheel.record.get(entry.path.as_str())?.hash.as_ref()
    }

    fn hasher(&self, entry: &Entry) -> Hasher {
        Hasher::new(self.recorded(entry).map(RecordHash::algorithm))
    }

    fn verify_bytes(&self, entry: &Entry, bytes: &[u8]) -> Option<String> {
        if !self.recorded {
            return None;
        }
        let mut hasher = self.hasher(entry);
        hasher.update(bytes);
        self.verify(entry, &hasher.finish())
    }

    /// Says what is wrong when the digest is not RECORD's.
    fn verify(&self, entry: &Entry, digest: &[u8]) -> Option<String> {
        let recorded = self.recorded(entry)?;
        (!recorded.algorithm().is_weak() && recorded.digest() != digest).then(|| {
            let found = recorded.with_digest(digest);
            format!("{} is {found}, RECORD says {recorded}", entry.path)
        })
    }
}
