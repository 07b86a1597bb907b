//! The one way in which a file is changed: strip, expand, rename, then prove it.

use super::buffer::Buffer;
use super::edits::Edits;
use super::error::Error;
use super::layout::Level;
use super::rewrite;
use super::strip;
use super::verify;

/// An edited file and how it came about.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole new file; the very bytes of the old one if there was nothing to change.
    pub bytes: Buffer,
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
    let stripped = strip::strip(bytes, edits.strip)?;
    let (out, level) = match rewrite::rewrite(stripped.as_deref().unwrap_or(bytes), edits)? {
        Some((rewritten, level)) => (Some(rewritten), level),
        None => (stripped, Level::L0),
    };
    let changed = out.is_some();
    let bytes = match out {
        Some(out) => {
            verify::verify(bytes, &out, edits)?;
            out
        }
        None => Buffer::copy_of(bytes, 0)?,
    };
    Ok(Edited {
        bytes,
        level,
        changed,
    })
}
