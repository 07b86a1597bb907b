//! ELF files as values: bytes in, facts or edited bytes out.
//!
//! [`read`] tells what a loader would see of a file, [`edit`] changes what a repair has to
//! change (names, needs, run path, packed relocations, what `strip` removes), [`verify`]
//! proves that nothing else changed. The folder knows no paths and no files, only bytes.

mod address;
mod attributes;
mod codec;
mod dynamic;
mod edits;
mod error;
mod facts;
mod hash;
mod header;
mod image;
mod machine;
mod notes;
mod relocations;
mod section;
mod segment;
mod soname;
mod symbols;
mod versions;

pub use address::{FileOffset, VirtualAddress};
pub use codec::{Class, Endian};
pub use edits::{Edits, Relr, RunPathEdit, Strip};
pub use error::{Error, ErrorKind};
pub use facts::{Facts, RunPath, RunPathKind, read};
pub use header::Kind;
pub use machine::{Arch, FloatAbi, Machine};
pub use notes::{X86Isa, X86Level};
pub use soname::Soname;
pub use symbols::{Binding, Symbol, SymbolKind, Symbols};
pub use versions::{NeededVersion, VersionNeed};

/// Whether the first bytes of a file say that it is ELF; four bytes are enough.
#[must_use]
pub fn is_elf(prefix: &[u8]) -> bool {
    prefix.starts_with(&header::MAGIC)
}
