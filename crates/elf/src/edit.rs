//! The one way in which a file is changed: strip, expand, rename, then prove it.

use crate::buffer::Buffer;
use crate::edits::{Edits, Strip};
use crate::error::Error;
use crate::proof::debug::{verify_debug_file, verify_debug_link};
use crate::proof::verify::{verify, verify_edit};
use crate::read::object::Object;
use crate::rewrite::layout::Level;
use crate::rewrite::plan::rewrite;
use crate::strip::debug_file::debug_file;
use crate::strip::debug_link::with_debug_link;
use crate::strip::plan::strip;

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
    let stripped = strip(bytes, edits.strip)?;
    let source = Object::parse(stripped.as_deref().unwrap_or(bytes))?;
    let (rewritten, level) = match rewrite(&source, edits)? {
        Some((rewritten, level)) => (Some(rewritten), level),
        None => (None, Level::L0),
    };
    let out = match rewritten {
        Some(out) if stripped.is_none() => {
            verify_edit(&source, &out, edits)?;
            Some(out)
        }
        rewritten => {
            let out = rewritten.or(stripped);
            if let Some(out) = &out {
                verify(bytes, out, edits)?;
            }
            out
        }
    };
    let out = match &edits.debug_link {
        Some(name) => Some(linked(bytes, out.as_deref().unwrap_or(bytes), name)?),
        None => out,
    };
    let changed = out.is_some();
    let bytes = match out {
        Some(out) => out,
        None => Buffer::copy_of(bytes, 0)?,
    };
    Ok(Edited {
        bytes,
        level,
        changed,
    })
}

/// How many bytes smaller a strip makes a file; 0 when there is nothing to strip. It is no estimate:
/// the file is stripped, and proven to hold up, since a promise that the edit then refuses is worth
/// nothing.
///
/// # Errors
/// When the file is malformed or cannot be stripped without risk.
pub fn strippable(bytes: &[u8], strip: Strip) -> Result<u64, Error> {
    let edits = Edits {
        strip,
        ..Edits::default()
    };
    let edited = edit(bytes, &edits)?;
    Ok((bytes.len() as u64).saturating_sub(edited.bytes.len() as u64))
}

/// How many bytes smaller a strip makes a file, without the proof that what comes out holds up: for a
/// remark beside other work, which is not to cost as much as that work. A promise is [`strippable`]'s.
///
/// # Errors
/// When the file is malformed or cannot be stripped without risk.
pub fn strip_saves(bytes: &[u8], strip_of: Strip) -> Result<u64, Error> {
    let stripped = strip(bytes, strip_of)?;
    let size = stripped.as_deref().map_or(bytes.len(), <[u8]>::len);
    Ok((bytes.len() as u64).saturating_sub(size as u64))
}

/// An edited file that names the debug file of the one that it was.
fn linked(before: &[u8], edited: &[u8], name: &str) -> Result<Buffer, Error> {
    let debug = debug_file(before)?;
    verify_debug_file(&debug, edited)?;
    let linked = with_debug_link(edited, name, &debug)?;
    verify_debug_link(edited, &linked)?;
    Ok(linked)
}
