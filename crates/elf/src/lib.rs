#![doc = include_str!("../README.md")]
//!
//! # The map
//!
//! | room | what is in it | uses |
//! | --- | --- | --- |
//! | `read/` | what is in a file, each fact read in one place; `Object` is a file read once | |
//! | `rewrite/` | what edits mean for a file, where its tables go ([`Level`]), and the file written | `read/` |
//! | `strip/` | what a file can lose, and the file without it | `read/`, `rewrite/` |
//! | `proof/` | whether an edited file is what was asked and nothing else | `read/` |
//! | `twin/` | whether two files are one build | `read/` |
//!
//! All rooms stand on [`FileOffset`], [`VirtualAddress`] and [`Span`], which are never mixed up, on
//! [`Edits`] and on [`Error`]. A test reads the imports and holds the table.
//!
//! | to | call |
//! | --- | --- |
//! | know what a loader sees of a file | [`read()`]; [`read_links`] without reading all of it |
//! | change a file | [`edit()`] with [`Edits`] |
//! | know what a strip would save | [`strippable`], [`strip_saves`], [`symbol_bytes`] |
//! | see whether another tool's edit holds up | [`verify()`], [`compare()`] |
//! | see whether two files are one build | [`same_build()`] |

mod address;
mod buffer;
mod codec;
mod edit;
mod edits;
mod error;
mod moved;
mod proof;
mod ranges;
mod read;
mod rewrite;
mod run_path;
mod soname;
mod strip;
mod twin;

pub use address::{FileOffset, VirtualAddress};
pub use buffer::Buffer;
pub use codec::{Class, Endian};
pub use edit::{Edited, edit, strip_saves, strippable};
pub use edits::{Edits, MoreEdits, Relr, RunPathEdit, Strip};
pub use error::{Error, ErrorKind};
pub use moved::{Moved, moved};
pub use proof::compare::{Comparison, compare};
pub use proof::verify::verify;
pub use ranges::{Position, Span};
pub use read::binding_needs::{BindingNeeds, binding_needs};
pub use read::dotted_names::dotted_names;
pub use read::facts::{Facts, read};
pub use read::header::Kind;
pub use read::links::{Links, read_links};
pub use read::load_facts::LoadFacts;
pub use read::machine::{Arch, FloatAbi, Machine};
pub use read::notes::{X86Isa, X86Level};
pub use read::relocated::Relocated;
pub use read::symbols::{Binding, Symbol, SymbolKind, Symbols};
pub use read::versions::{NeededVersion, VersionNeed};
pub use rewrite::layout::Level;
pub use run_path::{RunPath, RunPathKind};
pub use soname::{Soname, without_hash};
pub use strip::debug_file::debug_file;
pub use strip::plan::symbol_bytes;
pub use twin::same_build::{Difference, same_build};

/// The number of the machine that a file was built for (`e_machine`); `None` if it is not ELF.
#[must_use]
pub fn machine_number(bytes: &[u8]) -> Option<u16> {
    read::header::Header::parse(bytes)
        .ok()
        .map(|header| header.machine)
}

/// Whether the first bytes of a file say that it is ELF; four bytes are enough.
#[must_use]
pub fn is_elf(prefix: &[u8]) -> bool {
    prefix.starts_with(&read::header::MAGIC)
}
