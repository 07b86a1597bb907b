//! ELF files as values: bytes in, facts or edited bytes out.
//!
//! [`read`] tells what a loader would see of a file, [`edit()`] changes what a repair has to
//! change (names, needs, run path, packed relocations, what `strip` removes), [`verify()`]
//! proves that nothing else changed. The folder knows no paths and no files, only bytes.

mod additions;
mod address;
mod apply;
mod apply_needs;
mod apply_symbols;
mod attributes;
mod buffer;
mod change;
mod codec;
mod compact;
mod compare;
mod contents;
mod dotted_names;
mod draft;
mod dynamic;
mod edit;
mod edits;
mod error;
mod facts;
mod hash;
mod header;
mod header_change;
mod image;
mod layout;
mod links;
mod loaded_bytes;
mod machine;
mod meaning;
mod new_segment;
mod notes;
mod ranges;
mod relocations;
mod rewrite;
mod same;
mod same_meaning;
mod same_regions;
mod second_reader;
mod section;
mod section_numbers;
mod sections_kept;
mod segment;
mod soname;
mod space;
mod squeeze;
mod stock;
mod string_users;
mod strings;
mod strip;
mod strip_names;
mod strip_symbols;
mod strip_write;
mod structure;
mod symbol_meaning;
mod symbol_order;
mod symbols;
mod tables;
mod tables_meaning;
mod verify;
mod versions;
mod versions_meaning;

pub use address::{FileOffset, VirtualAddress};
pub use buffer::Buffer;
pub use codec::{Class, Endian};
pub use compare::{Comparison, compare};
pub use dotted_names::dotted_names;
pub use edit::{Edited, edit};
pub use edits::{Edits, MoreEdits, Relr, RunPathEdit, Strip};
pub use error::{Error, ErrorKind};
pub use facts::{Facts, RunPath, RunPathKind, read};
pub use header::Kind;
pub use layout::Level;
pub use links::{Links, read_links};
pub use machine::{Arch, FloatAbi, Machine};
pub use notes::{X86Isa, X86Level};
pub use same::{Difference, same_build};
pub use soname::{Soname, without_hash};
pub use strip::{strippable, symbol_bytes};
pub use symbols::{Binding, Symbol, SymbolKind, Symbols};
pub use verify::verify;
pub use versions::{NeededVersion, VersionNeed};

/// The number of the machine that a file was built for (`e_machine`); `None` if it is not ELF.
#[must_use]
pub fn machine_number(bytes: &[u8]) -> Option<u16> {
    header::Header::parse(bytes)
        .ok()
        .map(|header| header.machine)
}

/// Whether the first bytes of a file say that it is ELF; four bytes are enough.
#[must_use]
pub fn is_elf(prefix: &[u8]) -> bool {
    prefix.starts_with(&header::MAGIC)
}
