//! The one way in which a file is changed: strip, expand, rename, then prove it.

use std::borrow::Cow;

use super::edits::Edits;
use super::error::Error;
use super::layout::Level;
use super::rewrite;
use super::strip;
use super::verify;

/// An edited file and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole new file; the very bytes of the old one if there was nothing to change.
    pub bytes: Vec<u8>,
    /// How far the edit had to reach.
    pub level: Level,
    /// Whether the bytes differ from those that came in.
    pub changed: bool,
}

/// Makes all edits in one go and verifies the result.
///
/// # Errors
/// When the file is malformed, when it cannot be edited without risk, or when the result does not
/// hold up. There is no half-edited result.
pub fn edit(bytes: &[u8], edits: &Edits) -> Result<Edited, Error> {
    let out: Cow<'_, [u8]> = match strip::strip(bytes, edits.strip)? {
        Some(stripped) => Cow::Owned(stripped),
        None => Cow::Borrowed(bytes),
    };
    let (out, level) = match rewrite::rewrite(&out, edits)? {
        Some((rewritten, level)) => (Cow::Owned(rewritten), level),
        None => (out, Level::L0),
    };
    let changed = matches!(out, Cow::Owned(_));
    if changed {
        verify::verify(bytes, &out, edits)?;
    }
    Ok(Edited {
        bytes: out.into_owned(),
        level,
        changed,
    })
}
