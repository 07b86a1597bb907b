//! What relocations ask of a loader beyond addresses: thread-local data at a fixed distance from
//! the thread pointer, and functions that choose an address while a file is loaded. Not every
//! loader can give it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::error::Error;
use crate::read::dynamic::Dynamic;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::relocations;
use crate::read::segment::PT_TLS;
use crate::read::symbols::{Binding, SymbolKind, Symbols};

/// What a file's relocations ask for, and how much thread-local data it has. Of a machine whose
/// relocation types are not known here only the size is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Relocated {
    /// Bytes of its thread-local data in memory (`PT_TLS`).
    pub thread_data: u64,
    /// Whether it reaches its own thread-local data by the initial-exec model, without the name of
    /// a symbol: the data must lie at a fixed distance from the thread pointer.
    pub initial_exec_own: bool,
    /// The symbols of thread-local data, its own or others', that it reaches so by name; sorted.
    pub initial_exec: Vec<String>,
    /// The symbols of others' thread-local data that it reaches, by whatever model, and that may stay
    /// undefined (weak); sorted.
    pub weak_thread_data: Vec<String>,
    /// Whether a function of its own computes an address while it is loaded (`R_*_IRELATIVE`).
    pub irelative: bool,
    /// Its own symbols of that kind (`STT_GNU_IFUNC`) that its relocations name; sorted.
    pub indirect: Vec<String>,
}

/// Reads all relocations of a file but for the packed ones, which are relative.
///
/// # Errors
/// When a table of relocations is in no loaded segment.
pub(crate) fn read(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    symbols: &Symbols,
) -> Result<Relocated, Error> {
    let machine = Machine::of(&image.header);
    let tls = image.segments.iter().find(|one| one.kind == PT_TLS);
    let mut found = Relocated {
        thread_data: tls.map_or(0, |segment| segment.memory_size),
        ..Relocated::default()
    };
    let offsets = machine.thread_offset_types();
    let modules = machine.thread_module_types();
    let irelative = machine.relative_types().map(|[_, irelative]| irelative);
    let mut by_offset: BTreeSet<u32> = BTreeSet::new();
    let mut of_module: BTreeSet<u32> = BTreeSet::new();
    let mut named: BTreeSet<u32> = BTreeSet::new();
    let has_indirect = symbols.iter().any(|symbol| is_own_indirect(&symbol));
    relocations::each(image, dynamic, |relocation| {
        if offsets.contains(&relocation.kind) {
            by_offset.insert(relocation.symbol);
        } else if modules.contains(&relocation.kind) {
            of_module.insert(relocation.symbol);
        } else if irelative == Some(relocation.kind) {
            found.irelative = true;
        } else if has_indirect {
            named.insert(relocation.symbol);
        }
    })?;
    let reached = by_offset.union(&of_module);
    let weak = reached.filter_map(|&number| symbols.numbered(number));
    let weak = weak.filter(|symbol| !symbol.defined && symbol.is_weak());
    let weak: Vec<String> = weak.map(|symbol| symbol.name.to_owned()).collect();
    found.weak_thread_data = weak;
    for number in by_offset {
        match symbols.numbered(number) {
            Some(symbol) if symbol.binding != Binding::Local => {
                found.initial_exec.push(symbol.name.to_owned());
            }
            _ => found.initial_exec_own = true,
        }
    }
    let indirect = named
        .into_iter()
        .filter_map(|number| symbols.numbered(number));
    let indirect = indirect.filter(is_own_indirect);
    found
        .indirect
        .extend(indirect.map(|symbol| symbol.name.to_owned()));
    for names in [
        &mut found.initial_exec,
        &mut found.weak_thread_data,
        &mut found.indirect,
    ] {
        names.sort();
        names.dedup();
    }
    Ok(found)
}

fn is_own_indirect(symbol: &crate::read::symbols::Symbol<'_>) -> bool {
    symbol.defined && symbol.kind == SymbolKind::Ifunc && symbol.binding != Binding::Local
}
