//! What the files of a tree would load if some of them were links to others.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::elf::{Kind, LoadFacts};
use crate::plan::needs::world::PackageWorld;
use crate::plan::tree::classes::TreeElf;
use crate::plan::tree::tree_plan::Tree;
use crate::resolve::{
    Budget, ElfFile, Exceeded, FileIdentity, Graph, Libc, Loader, MachineKey, ModulePath, Place,
    needed_libc, resolve,
};
use crate::wheel::ArchivePath;

/// Changes to a tree for which all its files are to be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Simulation<'a> {
    /// Files that are links to another one.
    pub links: &'a BTreeMap<ArchivePath, ArchivePath>,
    /// Files that are copies of another one.
    pub stored: &'a BTreeMap<ArchivePath, ArchivePath>,
}

impl Default for Simulation<'_> {
    fn default() -> Self {
        const NONE: &BTreeMap<ArchivePath, ArchivePath> = &BTreeMap::new();
        Self {
            links: NONE,
            stored: NONE,
        }
    }
}

/// The path of a file in the resolver's world.
#[must_use]
pub fn module_path(path: &ArchivePath) -> ModulePath {
    ModulePath::new(Place::Wheel, path.as_str())
}

/// Load every library of the tree into a process of its own, as if these links were there.
///
/// # Errors
/// When they ask for more work than `budget` allows.
pub fn simulate(
    tree: &Tree,
    elf: &BTreeMap<ArchivePath, TreeElf>,
    simulation: &Simulation<'_>,
    budget: Budget,
) -> Result<Vec<Graph<LoadFacts>>, Exceeded> {
    let mut files: BTreeMap<ModulePath, Arc<ElfFile<LoadFacts>>> = elf
        .iter()
        .map(|(path, one)| (module_path(path), Arc::clone(&one.file)))
        .collect();
    for (at, from) in simulation.stored {
        if let Some(one) = elf.get(from) {
            let mut file = ElfFile::clone(&one.file);
            file.identity = FileIdentity(at.as_str().to_owned());
            file.real_path = module_path(at);
            files.insert(module_path(at), Arc::new(file));
        }
    }
    // What leads to a file that becomes a link is led on with it.
    for path in elf.keys() {
        let real = tree.real(path).unwrap_or(path);
        let to = simulation.links.get(real).map(module_path);
        if let Some(file) = to.and_then(|to| files.get(&to).cloned()) {
            files.insert(module_path(path), file);
        }
    }
    let mut groups: Vec<(Libc, MachineKey, Vec<ModulePath>)> = Vec::new();
    let default = most_used(elf);
    for path in elf.keys() {
        let module = module_path(path);
        let Some(file) = files.get(&module) else {
            continue;
        };
        if !file.facts.dynamic || file.facts.kind != Kind::Shared {
            continue;
        }
        let libc = needed_libc(&file.facts).unwrap_or(default);
        let key = MachineKey::of(&file.facts);
        let group = groups
            .iter_mut()
            .find(|group| group.0 == libc && group.1.fits(&key));
        match group {
            Some(group) => group.2.push(module),
            None => groups.push((libc, key, vec![module])),
        }
    }
    let world: PackageWorld<'_, LoadFacts> = files.into_iter().collect();
    groups
        .into_par_iter()
        .map(|(libc, machine, roots)| {
            let loader = Loader {
                budget,
                ..Loader::new(libc, machine)
            };
            resolve(&world, &loader, &roots)
        })
        .collect()
}

/// The C library of most files.
fn most_used(elf: &BTreeMap<ArchivePath, TreeElf>) -> Libc {
    let named = elf.values().filter_map(|one| needed_libc(&one.file.facts));
    let (musl, all) = named.fold((0_usize, 0_usize), |(musl, all), libc| {
        let is_musl = usize::from(libc == Libc::Musl);
        (musl.saturating_add(is_musl), all.saturating_add(1))
    });
    if musl.saturating_mul(2) > all {
        Libc::Musl
    } else {
        Libc::Glibc
    }
}
