//! Wheels: file name, tags, metadata headers, RECORD and the archive they lie in.
//!
//! Bytes in, values out, and back; nothing here knows of paths on a disk. An archive is refused
//! rather than guessed at: every byte of it must be accounted for by exactly one reading.
//! Sources: PEP 427/491 (wheels), 376 (RECORD), 425/600/656 (tags), APPNOTE.TXT 6.3.10 (ZIP).

mod error;
mod escape;
mod filename;
mod hash;
mod headers;
mod installed_record;
mod limits;
mod note;
mod open;
mod packed;
mod path;
mod record;
mod scan;
mod shown;
mod source;
mod tag;
mod version;
mod zip;

pub use error::{Error, LISTED, Rule};
pub use escape::{escape, escape_bytes, harmless, harmless_json};
pub use filename::WheelFilename;
pub use hash::{Algorithm, RecordHash};
pub use headers::Headers;
pub use installed_record::{InstalledRecord, is_row_of, record_line};
pub use limits::Limits;
pub use note::Note;
pub use open::Wheel;
pub use packed::{Changed, Part};
pub use path::ArchivePath;
pub use record::{Record, RecordLine, RecordRow, record_lines};
pub use shown::{Sentence, Shown, Untrusted, sentence, shown};
pub use source::Source;
pub use tag::Tag;
pub use zip::archive::Archive;
pub use zip::deflate::{Deflated, Level, deflate, deflate_again};
pub use zip::dos_time::DosDateTime;
pub use zip::entry::{Entry, Method};
pub use zip::writer::ArchiveWriter;
