//! Read what a port is decided by, and what came of it.

use std::collections::BTreeMap;

use super::file_source::FileSource;
use super::gather::{Gathered, elf_entry};
use super::limits::Limits;
use super::sysroot::{Sysroot, sha256};
use crate::elf::{self, BindingNeeds, Strip};
use crate::error::Error;
use crate::plan::{ElfEntry, PackageWorld, PortWorld, RuntimeFolders};
use crate::resolve::{Graph, Libc, Loader, MachineKey, Place, resolve};
use crate::wheel::{Source, Wheel, WheelFilename};

/// How much is read at a time for a digest.
const WINDOW: usize = 1 << 20;

/// What each file asks of a loader, by its digest.
type Needs = BTreeMap<[u8; 32], BindingNeeds>;

/// Files, what each of them pulls in, and what each asks of a loader.
pub struct PortFiles {
    /// What each pulls in.
    pub graph: Graph,
    /// What each asks of a loader, by its digest.
    pub needs: Needs,
}

/// Look at wheels, as one world, and at the runtime libraries that they need.
///
/// # Errors
/// When a file is malformed or cannot be read.
pub fn port_files(
    wheels: &[&Gathered],
    elf: &[ElfEntry],
    machine: MachineKey,
    sysroot: &Sysroot,
    folders: &RuntimeFolders,
    limits: &Limits,
) -> Result<PortFiles, Error> {
    let mut needs = Needs::new();
    for wheel in wheels {
        needs.extend(needs_of(&wheel.wheel, &wheel.source)?);
    }
    let world = PortWorld::new(elf, sysroot, folders);
    let loader = Loader {
        lib_path: [folders.glibc.clone(), folders.musl.clone()].concat(),
        search_system: folders.root_is_glibc,
        budget: limits.budget,
        ..Loader::new(Libc::Glibc, machine)
    };
    let names: Vec<String> = wheels
        .iter()
        .map(|one| one.wheel.filename.to_string())
        .collect();
    let graph = resolve(&world, &loader, &world.roots());
    let graph = graph.map_err(Error::exceeded(names.join(", ")))?;
    sysroot.check(&graph)?;
    for (_, module) in graph.modules() {
        let file = &module.file;
        if matches!(file.real_path.place(), Place::System | Place::Host)
            && !needs.contains_key(&file.digest)
        {
            let bytes = sysroot.read(&file.real_path, &file.digest)?;
            let found = elf::binding_needs(&bytes).map_err(|error| Error::NotReadable {
                place: crate::error::Place::Library(file.real_path.clone()),
                why: crate::wheel::Sentence::of(&error),
            })?;
            needs.insert(file.digest, found);
        }
    }
    Ok(PortFiles { graph, needs })
}

/// What the ELF files of a wheel ask of a loader.
fn needs_of(wheel: &Wheel, source: &FileSource) -> Result<Needs, Error> {
    let name = wheel.filename.to_string();
    let look = |_: &crate::wheel::Entry, bytes: &[u8]| (sha256(bytes), elf::binding_needs(bytes));
    let read = wheel.pick(source, elf::is_elf, look);
    let read = read.map_err(|error| Error::Wheel {
        wheel: name.clone().into(),
        error: Box::new(error),
    })?;
    let mut needs = Needs::new();
    let mut broken = Vec::new();
    for (path, (digest, found)) in read {
        match found {
            Ok(found) => {
                needs.insert(digest, found);
            }
            Err(error) => broken.push((path, error)),
        }
    }
    match broken.is_empty() {
        true => Ok(needs),
        false => Err(Error::MalformedElf {
            wheel: name.into(),
            files: broken,
        }),
    }
}

/// Read written wheels again, every byte against RECORD, and load their files by musl's rules into a
/// world that holds nothing else.
///
/// # Errors
/// When one of them is not a wheel, or a file in it is malformed.
pub fn read_written(
    wheels: &[(String, FileSource)],
    machine: MachineKey,
    limits: &Limits,
) -> Result<PortFiles, Error> {
    let mut elf: Vec<ElfEntry> = Vec::new();
    let mut needs = Needs::new();
    for (name, source) in wheels {
        let malformed = |error| Error::Wheel {
            wheel: name.clone().into(),
            error: Box::new(error),
        };
        let filename = WheelFilename::parse(name).map_err(malformed)?;
        let wheel = Wheel::open(source, &filename, &limits.archive).map_err(malformed)?;
        let look = |entry: &crate::wheel::Entry, bytes: &[u8]| {
            elf_entry(entry, bytes, None::<Strip>, sha256(bytes))
        };
        let read = wheel.scan(source, elf::is_elf, look).map_err(malformed)?;
        for (path, entry) in read {
            match entry {
                Ok(entry) => elf.push(entry),
                Err(error) => {
                    return Err(Error::MalformedElf {
                        wheel: name.clone().into(),
                        files: vec![(path, error)],
                    });
                }
            }
        }
        needs.extend(needs_of(&wheel, source)?);
    }
    let world = PackageWorld::alone(&elf);
    let linked = elf.iter().filter(|entry| entry.file.facts.dynamic);
    let roots: Vec<_> = linked.map(|entry| entry.installed.clone()).collect();
    let loader = Loader {
        budget: limits.budget,
        ..Loader::new(Libc::Musl, machine)
    };
    let names: Vec<&str> = wheels.iter().map(|(name, _)| name.as_str()).collect();
    let graph = resolve(&world, &loader, &roots);
    let graph = graph.map_err(Error::exceeded(names.join(", ")))?;
    Ok(PortFiles { graph, needs })
}

/// SHA-256 of a file's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(source: &FileSource) -> Result<[u8; 32], Error> {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    let mut buffer = vec![0; WINDOW];
    let mut at = 0_u64;
    while at < source.size() {
        let left = source.size().saturating_sub(at);
        let length = usize::try_from(left).unwrap_or(WINDOW).min(WINDOW);
        let window = buffer.get_mut(..length).unwrap_or_default();
        source
            .read_exact_at(at, window)
            .map_err(|error| Error::io("read", source.path(), error))?;
        digest.update(&*window);
        at = at.saturating_add(length as u64);
    }
    Ok(digest.finalize().into())
}
