//! What can be wrong with an ELF file, and where in it.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::fmt;

use crate::address::FileOffset;

/// What kind of answer an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes do not begin with ELF's magic number.
    NotElf,
    /// The file contradicts itself or the ELF specification, or is cut short.
    Malformed,
    /// The file is well-formed but cannot be edited without risk to it.
    Uneditable,
    /// An edit was made and did not hold up when it was read again; nothing of it may be used.
    Unverified,
}

/// Why a file could not be read, edited or verified: one sentence, and the offset it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    offset: Option<FileOffset>,
    detail: Cow<'static, str>,
}

impl Error {
    pub(crate) fn malformed(offset: FileOffset, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Malformed,
            offset: Some(offset),
            detail: detail.into(),
        }
    }

    pub(crate) fn uneditable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Uneditable,
            offset: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn unverified(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Unverified,
            offset: None,
            detail: detail.into(),
        }
    }

    /// The same error, about a place in the file.
    pub(crate) fn at(self, offset: FileOffset) -> Self {
        Self {
            offset: Some(offset),
            ..self
        }
    }

    pub(crate) fn not_elf() -> Self {
        Self {
            kind: ErrorKind::NotElf,
            offset: Some(FileOffset(0)),
            detail: "no ELF magic number".into(),
        }
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence alone, without what kind of answer it is and where in the file.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Where in the file, if the error is about one place.
    #[must_use]
    pub fn offset(&self) -> Option<FileOffset> {
        self.offset
    }

    /// Whether the input is at fault (exit code 3) rather than the edit being impossible (exit code 1).
    #[must_use]
    pub fn is_malformed_input(&self) -> bool {
        matches!(self.kind, ErrorKind::NotElf | ErrorKind::Malformed)
    }
}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Self {
        Self::uneditable("there is not enough memory to hold it twice")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::NotElf => "not an ELF file",
            ErrorKind::Malformed => "malformed ELF file",
            ErrorKind::Uneditable => "ELF file cannot be edited safely",
            ErrorKind::Unverified => "edited ELF file does not hold up",
        };
        write!(f, "{what}: {}", self.detail)?;
        match self.offset {
            Some(offset) => write!(f, " (at {offset})"),
            None => Ok(()),
        }
    }
}
