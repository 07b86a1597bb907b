//! What is wrong with a wheel, where, and by which rule.

use std::fmt;

use serde::{Serialize, Serializer};

use super::escape::{escape, escape_bytes};

/// How many items a list inside one error names before it is cut.
pub const LISTED: usize = 10;

/// A wheel that cannot be read, or that is not used because it breaks a rule.
///
/// All text in it is already escaped for display. `Display` is one sentence that names the
/// entry and the rule.
#[derive(Debug)]
pub struct Error {
    /// The archive entry (or RECORD row) it is about, escaped; `None` for the whole file.
    pub entry: Option<String>,
    /// The rule that was broken; its [`Rule::id`] is stable.
    pub rule: Rule,
    /// The sentence that says what was found.
    pub detail: String,
    /// Where in the file, in bytes from its start.
    pub offset: Option<u64>,
    /// What the rule found more than once (say, every RECORD row that does not match),
    /// escaped, the first ten, and then how many more.
    pub several: Vec<String>,
    /// The bound that was reached, where it is one that the user can raise: its name, and a number that is
    /// enough for what was found.
    pub bound: Option<Box<(&'static str, u64)>>,
    source: Option<std::io::Error>,
}

impl Error {
    /// A broken rule, with a sentence that says what was found. Text from files must go through
    /// [`escape`] before it becomes part of `detail`.
    #[must_use]
    pub fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self {
            entry: None,
            rule,
            detail: detail.into(),
            offset: None,
            several: Vec::new(),
            bound: None,
            source: None,
        }
    }

    /// A failed read or write.
    #[must_use]
    pub fn io(doing: &str, source: std::io::Error) -> Self {
        let mut error = Self::new(Rule::Io, format!("{doing}: {source}"));
        error.source = Some(source);
        error
    }

    /// More than the bound of that name ([`Limits::table`](super::Limits::table)) allows; `enough` would
    /// have been.
    #[must_use]
    pub fn limit(name: &'static str, enough: u64, detail: String) -> Self {
        Self {
            bound: Some(Box::new((name, enough))),
            ..Self::new(Rule::Limit, detail)
        }
    }

    /// Names the entry; escapes it.
    #[must_use]
    pub fn entry(mut self, name: impl AsRef<str>) -> Self {
        self.entry = Some(escape(name.as_ref()));
        self
    }

    /// Names the entry by its raw bytes; escapes them.
    #[must_use]
    pub fn entry_bytes(mut self, name: &[u8]) -> Self {
        self.entry = Some(escape_bytes(name));
        self
    }

    /// Says where in the file, in bytes from its start.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Lists the (escaped) findings, cut to the first [`LISTED`].
    #[must_use]
    pub fn listing(mut self, mut items: Vec<String>) -> Self {
        let more = items.len().saturating_sub(LISTED);
        items.truncate(LISTED);
        if more > 0 {
            items.push(format!("and {more} more"));
        }
        self.several = items;
        self
    }

    /// Whether the machine failed (a read or write error) and not the wheel.
    #[must_use]
    pub fn is_io(&self) -> bool {
        self.rule == Rule::Io
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = &self.entry {
            write!(formatter, "`{entry}`: ")?;
        }
        formatter.write_str(&self.detail)?;
        if !self.several.is_empty() {
            write!(formatter, ": {}", self.several.join("; "))?;
        }
        if let Some((name, enough)) = self.bound.as_deref() {
            write!(
                formatter,
                "; raise `--limit {name}={enough}` if you trust it"
            )?;
        }
        match self.offset {
            Some(offset) => write!(formatter, " ({}, at byte {offset})", self.rule.id()),
            None => write!(formatter, " ({})", self.rule.id()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Declares the rules with their stable identifiers in one place.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// The rules a wheel can break. New ones may come; an identifier never changes meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = $doc])+ $name,)+ }

        impl Rule {
            /// The stable short identifier, as shown in errors and JSON.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)+ }
            }
        }
    };
}

rules! {
    /// The machine failed to read or write.
    Io = "io",
    /// Not a ZIP archive: no end record, or a file cut short.
    NotZip = "zip-not",
    /// An archive without entries.
    Empty = "zip-empty",
    /// Bytes before the first entry.
    LeadingBytes = "zip-leading-bytes",
    /// Bytes after the end record, or an end record inside the archive's comment.
    TrailingBytes = "zip-trailing-bytes",
    /// The end record and what it describes do not agree.
    EndRecord = "zip-end-record",
    /// zip64 records or fields that are misplaced, repeated or too many.
    Zip64 = "zip-zip64",
    /// The central directory cannot be read as one.
    Central = "zip-central",
    /// A local header is missing or unreadable.
    Local = "zip-local",
    /// The local and the central header of one entry do not agree.
    Disagree = "zip-headers-disagree",
    /// Bytes between entries that no entry accounts for (a hidden entry, say).
    Unlisted = "zip-unlisted-bytes",
    /// Entries share bytes.
    Overlap = "zip-overlap",
    /// A data descriptor is missing or wrong.
    Descriptor = "zip-descriptor",
    /// An extra field cannot be read, or says something else than the header.
    Extra = "zip-extra",
    /// The entry is encrypted.
    Encrypted = "zip-encrypted",
    /// A compression method other than stored and deflated.
    Method = "zip-method",
    /// General purpose flags that have no meaning here.
    Flags = "zip-flags",
    /// A symbolic link, device, pipe or socket, or a kind that the name contradicts.
    Kind = "zip-kind",
    /// A name that is not UTF-8 in a way every reader agrees on.
    NameEncoding = "name-encoding",
    /// A name that is absolute, climbs with `..`, holds control characters or is not normal.
    Name = "name-unsafe",
    /// One name twice.
    Duplicate = "name-duplicate",
    /// A name that is a file and a directory.
    FileAndDirectory = "name-file-and-directory",
    /// A limit on counts, sizes or ratio was passed.
    Limit = "limit",
    /// The bytes do not have the CRC-32 that the headers say.
    Crc = "data-crc",
    /// The compressed data is broken.
    Deflate = "data-deflate",
    /// The data is longer or shorter than the headers say.
    Size = "data-size",
    /// The file name is not a wheel's.
    FileName = "wheel-file-name",
    /// A tag that is not `python-abi-platform`.
    Tag = "wheel-tag",
    /// No `.dist-info` directory, more than one, or one of another name.
    DistInfo = "wheel-dist-info",
    /// The WHEEL file is missing, unreadable or of an unknown version.
    WheelFile = "wheel-file",
    /// The METADATA file is missing.
    Metadata = "wheel-metadata",
    /// RECORD is missing or cannot be read.
    Record = "record",
    /// RECORD lists a path that is no file of the archive, or leaves one out.
    RecordFiles = "record-files",
    /// RECORD lists one path twice.
    RecordDuplicate = "record-duplicate",
    /// A hash algorithm in RECORD that is unknown or no longer safe.
    RecordAlgorithm = "record-algorithm",
    /// A file's hash or size is not what RECORD says.
    RecordMismatch = "record-mismatch",
    /// What was asked for is not in the archive, or cannot be written.
    Request = "request",
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
