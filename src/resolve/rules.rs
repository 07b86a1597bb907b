//! Questions that both loaders answer, each by its own rules.

use super::budget::{Budget, Exceeded};
use super::directories::Directory;
use super::loader::{Libc, Loader};
use super::world::{ModulePath, World};
use super::{glibc, musl};
use crate::elf::{Arch, Facts, LoadFacts, Soname};

/// Is `name` the C library or the loader of either kind, under any spelling? Such a
/// name is never a library to be carried along.
pub(super) fn is_libc_name(libc: Libc, name: &str) -> bool {
    match libc {
        Libc::Musl => musl::is_libc_name(name),
        Libc::Glibc => glibc::is_loader_name(name),
    }
}

/// Does a process of this C library have what is needed under `name`, as a part of it: musl by
/// taking the name for its own, glibc by being made of several libraries?
pub fn answers_for(libc: Libc, name: &str) -> bool {
    match libc {
        Libc::Musl => musl::is_libc_name(name),
        Libc::Glibc => glibc::is_loader_name(name) || glibc::PARTS.contains(&name),
    }
}

/// Which C library a file was linked against, as far as the file itself tells.
pub fn libc_of(facts: &Facts) -> Option<Libc> {
    let interpreter = facts.interpreter.as_deref().unwrap_or_default();
    let interpreter = interpreter.rsplit('/').next().unwrap_or_default();
    let needed = facts.needed.iter().map(Soname::as_str);
    let asks_for_version = || {
        let mut needs = facts.version_needs.iter();
        needs.any(|need| need.versions.iter().any(|v| v.name.starts_with("GLIBC_")))
    };
    named_libc(needed.chain([interpreter])).or_else(|| asks_for_version().then_some(Libc::Glibc))
}

/// The same by what the file needs alone.
pub fn needed_libc(facts: &LoadFacts) -> Option<Libc> {
    named_libc(facts.needed.iter().map(Soname::as_str))
}

/// The C library that one of the names belongs to.
fn named_libc<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<Libc> {
    let says_musl = |name: &str| {
        name.starts_with("libc.musl-") || name.starts_with("ld-musl-") || name == "libc.so"
    };
    let says_glibc = |name: &str| name == "libc.so.6" || glibc::is_loader_name(name);
    if names.clone().any(says_musl) {
        return Some(Libc::Musl);
    }
    let mut names = names;
    names.any(says_glibc).then_some(Libc::Glibc)
}

/// The folders of the system itself that a C library's configuration names: for musl those of the
/// machine's path file, or the built-in ones; for glibc those of `/etc/ld.so.conf`.
///
/// # Errors
/// When the configuration has more lines than `budget` allows.
pub fn configured_folders<F>(
    world: &dyn World<F>,
    libc: Libc,
    arch: Option<Arch>,
    budget: &Budget,
) -> Result<Vec<ModulePath>, Exceeded> {
    let found = match libc {
        Libc::Musl => musl::configured(world, arch, budget)?,
        Libc::Glibc => glibc::configured(world, budget)?,
    };
    Ok(found.into_iter().map(|directory| directory.path).collect())
}

/// The folders of the system in which a loader looks last.
pub(super) fn system<F>(world: &dyn World<F>, loader: &Loader) -> Result<Vec<Directory>, Exceeded> {
    if !loader.search_system {
        return Ok(Vec::new());
    }
    let arch = loader.machine.arch();
    Ok(match loader.libc {
        Libc::Musl => musl::configured(world, arch, &loader.budget)?,
        Libc::Glibc => {
            let mut found = glibc::configured(world, &loader.budget)?;
            found.extend(glibc::built_in(arch));
            found
        }
    })
}
