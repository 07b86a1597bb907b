//! The names by which a file and others find each other, read without reading the whole file.

use crate::address::{FileOffset, VirtualAddress};
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{
    DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRTAB, Dynamic,
};
use crate::read::header::Header;
use crate::read::load_facts::LoadFacts;
use crate::read::segment::{PF_X, PT_DYNAMIC, PT_INTERP, Segment};
use crate::soname::Soname;

/// The most bytes of program headers, dynamic entries or one name that are read.
const MOST: u64 = 1 << 20;
/// A name is looked for in so many bytes at first.
const NAME: u64 = 256;

/// What [`read_links`] tells of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The facts that loaders search by.
    pub facts: LoadFacts,
    /// The addresses of each executable segment: two builds hardly ever agree in them.
    pub code: Vec<Span<VirtualAddress>>,
}

/// Reads a file of `length` bytes piece by piece; `read` gives `[offset, offset + size)`.
///
/// # Errors
/// The outer one is `read`'s; the inner one says why the file is no sound ELF file.
pub fn read_links<E>(
    length: u64,
    mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, E>,
) -> Result<Result<Links, Error>, E> {
    let outside = |at| Error::malformed(FileOffset(at), "the file ends before its headers do");
    let mut piece = |at: u64, size: u64| -> Result<Result<Vec<u8>, Error>, E> {
        if size > MOST || at.checked_add(size).is_none_or(|end| end > length) {
            return Ok(Err(outside(at)));
        }
        let bytes = read(at, size)?;
        Ok(if bytes.len() as u64 == size {
            Ok(bytes)
        } else {
            Err(outside(at))
        })
    };
    macro_rules! sound {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(error) => return Ok(Err(error)),
            }
        };
    }
    let head = sound!(piece(0, length.min(64))?);
    let header = sound!(Header::parse(&head));
    let codec = header.codec;
    let record = Segment::record_size(codec);
    let size = record.saturating_mul(u64::from(header.segment_count));
    let table = sound!(piece(header.segments_at.0, size)?);
    let segments: Vec<Segment> = table
        .chunks_exact(record as usize)
        .filter_map(|raw| Segment::parse(codec, raw))
        .collect();
    let has_interpreter = segments.iter().any(|segment| segment.kind == PT_INTERP);
    let mut facts = LoadFacts::of_headers(&header, has_interpreter);
    let code = segments
        .iter()
        .filter(|segment| segment.is_load() && segment.flags & PF_X != 0)
        .map(Segment::loaded_span)
        .collect();
    let offset_of = |address: u64, size: u64| {
        let mut loads = segments.iter().filter(|segment| segment.is_load());
        loads.find_map(|load| load.offset_of(VirtualAddress(address), size))
    };
    let Some(dynamic) = segments
        .iter()
        .find(|s| s.kind == PT_DYNAMIC && s.file_size > 0)
    else {
        return Ok(Ok(Links { facts, code }));
    };
    let Some(at) = offset_of(dynamic.address.0, dynamic.file_size) else {
        return Ok(Err(outside(dynamic.offset.0)));
    };
    let list = sound!(piece(at.0, dynamic.file_size)?);
    let word = codec.word_size() as usize;
    let entries: Vec<(u64, u64)> = list
        .chunks_exact(Dynamic::entry_size(codec) as usize)
        .filter_map(|raw| Some((codec.word(raw, 0)?, codec.word(raw, word)?)))
        .take_while(|&(tag, _)| tag != 0)
        .collect();
    let value = |tag| {
        entries
            .iter()
            .rev()
            .find(|entry| entry.0 == tag)
            .map(|entry| entry.1)
    };
    let strings = value(DT_STRTAB).and_then(|address| offset_of(address, 1));
    for &(tag, offset) in &entries {
        if !matches!(tag, DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH) {
            continue;
        }
        let Some(start) = strings.and_then(|at| at.0.checked_add(offset)) else {
            return Ok(Err(outside(at.0)));
        };
        let mut most = NAME;
        let name = loop {
            let room = length.saturating_sub(start).min(most);
            let bytes = sound!(piece(start, room)?);
            if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
                break bytes.get(..end).unwrap_or_default().to_vec();
            }
            if room < most || most >= MOST {
                return Ok(Err(outside(start)));
            }
            most = most.saturating_mul(16).min(MOST);
        };
        let Ok(name) = String::from_utf8(name) else {
            return Ok(Err(Error::malformed(
                FileOffset(start),
                "a name is not UTF-8",
            )));
        };
        match tag {
            DT_NEEDED => facts.needed.push(Soname::from(name)),
            DT_SONAME => facts.soname = Some(Soname::from(name)),
            DT_RPATH => facts.rpath = Some(name),
            _ => facts.runpath = Some(name),
        }
    }
    facts.conclude(value(DT_FLAGS).unwrap_or(0), value(DT_FLAGS_1).unwrap_or(0));
    Ok(Ok(Links { facts, code }))
}
