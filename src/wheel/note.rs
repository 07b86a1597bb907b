//! What is odd about a wheel but no reason to refuse it.

use std::fmt;

use serde::Serialize;

use super::escape::escape;

/// An oddity that was put up with; the output does not have it.
///
/// Its texts are raw: `Display` escapes them, whoever shows them otherwise must.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Note {
    /// Two names that a file system without case would take for one.
    SameButForCase {
        /// The name that comes first in the archive.
        first: String,
        /// The other.
        second: String,
    },
    /// Set-user-id, set-group-id, sticky or world-writable bits that are not passed on.
    ModeMasked {
        /// The entry.
        entry: String,
        /// Its mode bits as they were.
        mode: u32,
    },
    /// The archive has a comment; the output has none.
    ArchiveComment {
        /// Its length in bytes.
        length: u16,
    },
    /// A header of WHEEL that may stand once stands more often; the first counts.
    RepeatedHeader {
        /// The header's name.
        name: String,
        /// All its values, in order.
        values: Vec<String>,
    },
    /// A header that WHEEL should have is missing.
    MissingHeader {
        /// The header's name.
        name: String,
    },
    /// The tags in WHEEL are not those of the file name.
    TagsDiffer {
        /// Tags of the file name that WHEEL lacks.
        only_in_file_name: Vec<String>,
        /// Tags of WHEEL that the file name lacks.
        only_in_wheel: Vec<String>,
    },
    /// METADATA's name or version is not the file name's.
    MetadataDiffers {
        /// `Name` or `Version`.
        header: String,
        /// Its value.
        value: String,
    },
    /// RECORD has paths with backslashes; they were read as slashes.
    BackslashInRecord {
        /// How many rows.
        rows: usize,
    },
    /// RECORD has paths with `./` or `//`; they were read as the plain ones.
    RoundaboutInRecord {
        /// How many rows.
        rows: usize,
    },
    /// RECORD has rows of folders, or of bytecode that is not in the wheel; they were left out.
    RowsOfNoFile {
        /// How many rows.
        rows: usize,
    },
    /// RECORD has hashes of no use (md5, sha1); with leave, these files were not verified by it.
    WeakHashes {
        /// How many rows.
        rows: usize,
    },
    /// A signature of RECORD, which no longer holds once RECORD is rewritten.
    Signature {
        /// The file.
        entry: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::SameButForCase { first, second } => write!(
                formatter,
                "`{}` and `{}` differ only in {}: one of them is lost on some file systems",
                escape(first),
                escape(second),
                match first.to_lowercase() == second.to_lowercase() {
                    true => "case",
                    false => "how letters are written",
                }
            ),
            Note::ModeMasked { entry, mode } => write!(
                formatter,
                "`{}` has mode {mode:04o}; only its executable bit is passed on",
                escape(entry)
            ),
            Note::ArchiveComment { length } => {
                write!(
                    formatter,
                    "the archive has a comment of {length} bytes, which is dropped"
                )
            }
            Note::RepeatedHeader { name, values } => write!(
                formatter,
                "WHEEL says `{}` {} times; the first counts",
                escape(name),
                values.len()
            ),
            Note::MissingHeader { name } => {
                write!(formatter, "WHEEL has no `{}`", escape(name))
            }
            Note::TagsDiffer {
                only_in_file_name,
                only_in_wheel,
            } => {
                formatter.write_str("the tags in WHEEL are not those of the file name")?;
                for (place, tags) in [
                    ("only in the file name", only_in_file_name),
                    ("only in WHEEL", only_in_wheel),
                ] {
                    if !tags.is_empty() {
                        write!(formatter, "; {place}: {}", escape(&tags.join(", ")))?;
                    }
                }
                Ok(())
            }
            Note::MetadataDiffers { header, value } => write!(
                formatter,
                "METADATA says `{}: {}`, which the file name does not",
                escape(header),
                escape(value)
            ),
            Note::BackslashInRecord { rows } => {
                write!(
                    formatter,
                    "{rows} paths in RECORD are written with backslashes"
                )
            }
            Note::RoundaboutInRecord { rows } => {
                write!(
                    formatter,
                    "{rows} paths in RECORD are written with `./` or `//`"
                )
            }
            Note::RowsOfNoFile { rows } => write!(
                formatter,
                "{rows} rows of RECORD are of folders, or of bytecode that is not there"
            ),
            Note::WeakHashes { rows } => write!(
                formatter,
                "{rows} files have only an md5 or sha1 hash in RECORD and were not verified by it"
            ),
            Note::Signature { entry } => write!(
                formatter,
                "`{}` signs RECORD and no longer holds once RECORD is rewritten",
                escape(entry)
            ),
        }
    }
}
