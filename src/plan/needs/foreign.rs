//! Which C library a file is for, where the names that it needs do not decide it: musl answers for
//! `libc.so.6` and `libm.so.6` itself, and knows no symbol versions.

use crate::elf::{Facts, Soname};
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
