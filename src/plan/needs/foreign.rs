//! Which C library a file is for, where the names that it needs do not decide it: musl answers for
//! `libc.so.6` and `libm.so.6` itself, and knows no symbol versions.

use crate::elf::{Facts, Kind, Soname};
use crate::plan::needs::subject::{ElfEntry, is_static};
use crate::policy::{glibc_has, musl_has};
use crate::resolve::{Libc, MachineKey, answers_for, libc_of, required};

/// What a file tells of its C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Told {
    /// It loads with this one alone.
    Only(Libc),
    /// It was linked against glibc, and all that it asks for is musl's too.
    LinkedToGlibc,
}

/// What a file tells; `None`: nothing.
pub(in crate::plan) fn told(facts: &Facts) -> Option<Told> {
    Some(match libc_of(facts)? {
        Libc::Glibc if loads_on_musl(facts) => Told::LinkedToGlibc,
        libc => Told::Only(libc),
    })
}

/// Would musl load a library that was linked against glibc? It has to need no part of glibc that
/// musl does not answer for, and no symbol that glibc has and musl has not. A program asks the
/// kernel for glibc's loader by its path.
fn loads_on_musl(facts: &Facts) -> bool {
    let Some(arch) = MachineKey::of(facts).arch() else {
        return false;
    };
    let glibc_only = |name: &str| answers_for(Libc::Glibc, name) && !answers_for(Libc::Musl, name);
    let mut needed = facts.needed.iter().map(Soname::as_str);
    facts.interpreter.is_none()
        && !needed.any(glibc_only)
        && required(facts).all(|symbol| musl_has(arch, symbol.name) || !glibc_has(symbol.name))
}

/// Whether every file that a loader or the kernel takes is for either C library, so that tags of
/// both are true: static programs, and libraries that need nothing of one.
pub(in crate::plan) fn all_suit_both(elf: &[ElfEntry]) -> bool {
    let mut taken = elf
        .iter()
        .filter(|entry| matches!(entry.file.facts.kind, Kind::Shared | Kind::Executable));
    taken.all(|entry| {
        is_static(&entry.file.facts) || libc_of_name(entry).is_none() && needs_no_libc(entry)
    })
}

/// A library that asks for no other, for no symbol of a C library, and for nothing that one of the
/// loaders lacks. What it asks of Python is the same everywhere.
fn needs_no_libc(entry: &ElfEntry) -> bool {
    let facts = &entry.file.facts;
    let relocated = &facts.relocated;
    let Some(arch) = MachineKey::of(facts).arch() else {
        return false;
    };
    let for_any_loader = relocated.thread_data == 0
        && !relocated.irelative
        && relocated.indirect.is_empty()
        && relocated.initial_exec.is_empty()
        && facts.relr.is_none();
    let of_a_libc = |name: &str| musl_has(arch, name) || glibc_has(name);
    facts.dynamic
        && facts.needed.is_empty()
        && facts.interpreter.is_none()
        && for_any_loader
        && !required(facts).any(|symbol| of_a_libc(symbol.name))
}

/// The C library that an extension's file name speaks of (`…-linux-gnu.so`, `…-linux-musl.so`, of
/// Arm `…-linux-gnueabihf.so`): the interpreter that built it wrote it there.
pub(in crate::plan) fn libc_of_name(entry: &ElfEntry) -> Option<Libc> {
    let (_, system) = entry.entry.as_str().rsplit_once("-linux-")?;
    let system = system.strip_suffix(".so")?;
    if system.starts_with("musl") {
        Some(Libc::Musl)
    } else {
        system.starts_with("gnu").then_some(Libc::Glibc)
    }
}
