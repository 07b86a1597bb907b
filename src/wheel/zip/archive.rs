//! A ZIP archive of which every byte is accounted for.
//!
//! The reader is our own because it has to see every raw field of both headers: readers that
//! trust one of them, or the first of two equal names, or an end record in a comment, disagree
//! with each other, and what one verifies another installs.

use std::io::Write;

use unicode_normalization::UnicodeNormalization as _;

use crate::wheel::error::{Error, Rule};
use crate::wheel::limits::Limits;
use crate::wheel::note::Note;
use crate::wheel::path::ArchivePath;
use crate::wheel::source::Source;
use crate::wheel::zip::central;
use crate::wheel::zip::end;
use crate::wheel::zip::entry::Entry;
use crate::wheel::zip::fields::{fill_at, grow, read_at};
use crate::wheel::zip::inflate::{Unpacker, unpack_prefix};
use crate::wheel::zip::local;

/// How many bytes are copied at a time.
const PIECE: usize = 256 << 10;

/// An archive's entries. Names are safe and unique, headers agree, and the entries, the central
/// directory and the end records cover the file without gap or overlap.
#[derive(Debug, Clone)]
pub struct Archive {
    entries: Vec<Entry>,
    /// Indexes into `entries`, sorted by path.
    by_path: Vec<usize>,
    notes: Vec<Note>,
}

impl Archive {
    /// Reads and checks an archive's structure. Nothing is unpacked: CRC and true sizes are
    /// checked by what reads an entry's bytes.
    ///
    /// # Errors
    /// I/O errors, and every rule about archives and names.
    pub fn read<S: Source + ?Sized>(source: &S, limits: &Limits) -> Result<Self, Error> {
        let end = end::find(source, limits)?;
        let size = usize::try_from(end.central_size)
            .map_err(|_| Error::new(Rule::Limit, "the central directory is too large"))?;
        let directory = read_at(source, end.central_offset, size)?;
        let mut notes = Vec::new();
        if end.comment > 0 {
            notes.push(Note::ArchiveComment {
                length: end.comment,
            });
        }
        let mut entries = central::read(&directory, &end, limits, &mut notes)?;
        drop(directory);
        let by_path = check_names(&entries, &mut notes)?;
        local::check(source, &mut entries, end.central_offset)?;
        Ok(Self {
            entries,
            by_path,
            notes,
        })
    }

    /// The entries, directories too, in the order of the central directory.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let entry = |index: &usize| self.entries.get(*index);
        let found = self
            .by_path
            .binary_search_by(|index| {
                entry(index)
                    .map_or("", |entry| entry.path.as_str())
                    .cmp(path)
            })
            .ok()?;
        self.by_path.get(found).and_then(entry)
    }

    /// What is odd about it but was taken.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// An entry's bytes, unpacked. Size and CRC-32 are verified.
    ///
    /// # Errors
    /// I/O errors; [`Rule::Deflate`], [`Rule::Size`], [`Rule::Crc`].
    pub fn contents<S: Source + ?Sized>(
        &self,
        source: &S,
        entry: &Entry,
    ) -> Result<Vec<u8>, Error> {
        let mut unpacker = Unpacker::new();
        unpacker.unpack(source, entry)?;
        Ok(unpacker.into_bytes(entry))
    }

    /// An entry's bytes as [`Self::contents`] gives them, and as they are packed; nothing of those where they are not.
    ///
    /// # Errors
    /// As [`Self::contents`].
    pub fn contents_and_packed<S: Source + ?Sized>(
        &self,
        source: &S,
        entry: &Entry,
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut unpacker = Unpacker::new();
        unpacker.unpack(source, entry)?;
        Ok(unpacker.into_both(entry))
    }

    /// The first bytes of an entry, at most `length`, fewer only where the entry is shorter.
    /// Only as much as that is unpacked, and no CRC is checked.
    ///
    /// # Errors
    /// I/O errors; [`Rule::Deflate`].
    pub fn prefix<S: Source + ?Sized>(
        &self,
        source: &S,
        entry: &Entry,
        length: usize,
    ) -> Result<Vec<u8>, Error> {
        unpack_prefix(source, entry, length)
    }

    /// Writes an entry's packed bytes as they lie in the archive.
    ///
    /// # Errors
    /// I/O errors of either side.
    pub fn raw<S: Source + ?Sized>(
        &self,
        source: &S,
        entry: &Entry,
        to: &mut dyn Write,
    ) -> Result<(), Error> {
        copy_packed(source, entry, &mut Vec::new(), to)
    }
}

/// Copies an entry's packed bytes through a buffer that callers may keep.
pub(in crate::wheel) fn copy_packed<S: Source + ?Sized>(
    source: &S,
    entry: &Entry,
    piece: &mut Vec<u8>,
    to: &mut dyn Write,
) -> Result<(), Error> {
    let mut offset = entry.data_offset;
    let mut left = entry.compressed_size;
    let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
    grow(piece, wanted)?;
    while left > 0 {
        let size = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let part = piece.get_mut(..size).unwrap_or_default();
        fill_at(source, offset, part)?;
        to.write_all(part)
            .map_err(|error| Error::io("cannot write the wheel", error))?;
        let moved = u64::try_from(size).unwrap_or(left);
        offset = offset.saturating_add(moved);
        left = left.saturating_sub(moved);
    }
    Ok(())
}

/// Names as a set: none twice, none both file and directory. Gives back the order by path.
fn check_names(entries: &[Entry], notes: &mut Vec<Note>) -> Result<Vec<usize>, Error> {
    let mut sorted: Vec<(usize, &Entry)> = entries.iter().enumerate().collect();
    sorted.sort_by(|(_, one), (_, other)| one.path.cmp(&other.path));
    for pair in sorted.windows(2) {
        let [(_, one), (_, other)] = pair else {
            continue;
        };
        if one.path == other.path {
            let (rule, what) = if one.is_directory == other.is_directory {
                (Rule::Duplicate, "the name stands twice in the archive")
            } else {
                (
                    Rule::FileAndDirectory,
                    "the name is a file's and a directory's",
                )
            };
            return Err(Error::new(rule, what).entry(&one.path));
        }
    }
    for (_, file) in sorted.iter().filter(|(_, entry)| !entry.is_directory) {
        let below = format!("{}/", file.path.as_str());
        let next = sorted.partition_point(|(_, entry)| entry.path.as_str() < below.as_str());
        if let Some((_, inside)) = sorted.get(next)
            && inside.path.as_str().starts_with(&below)
        {
            return Err(Error::new(
                Rule::FileAndDirectory,
                format!("the name is a file's, but `{}` lies below it", inside.path),
            )
            .entry(&file.path));
        }
    }
    note_case(entries, notes);
    Ok(sorted.into_iter().map(|(index, _)| index).collect())
}

/// What a file system makes of a name that takes letters for equal whatever their case, and however
/// they are put together: upper case first, so that `ß` and `SS`, `ſ` and `s` meet.
fn folded(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let composed: String = path.nfc().collect();
    composed.to_uppercase().to_lowercase().nfc().collect()
}

/// Notes names that some file system takes for one.
fn note_case(entries: &[Entry], notes: &mut Vec<Note>) {
    let mut lower: Vec<(String, &ArchivePath)> = entries
        .iter()
        .map(|entry| (folded(entry.path.as_str()), &entry.path))
        .collect();
    // A stable sort: of equal names the first in the archive stays first.
    lower.sort_by(|one, other| one.0.cmp(&other.0));
    for pair in lower.windows(2) {
        let [(one, first), (other, second)] = pair else {
            continue;
        };
        if one == other {
            notes.push(Note::SameButForCase {
                first: first.as_str().to_owned(),
                second: second.as_str().to_owned(),
            });
        }
    }
}
