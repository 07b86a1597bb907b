//! Read a wheel and everything around it that decides its repair.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Progress;
use super::file_source::FileSource;
use super::sysroot::{Sysroot, WheelWorld, elf_file, sha256};
use crate::elf::{self, Arch, Strip};
use crate::error::Error;
use crate::plan::{self, ElfEntry, Note, Obstacle, Requested, Settled};
use crate::resolve::{FileIdentity, Graph, Libc, Loader, ModulePath, resolve};
use crate::wheel::{Algorithm, ArchivePath, Entry, Limits, Wheel, WheelFilename};

/// What gathering has to be told.
#[derive(Clone, Debug)]
pub struct GatherOptions {
    /// `--libc`.
    pub libc: Option<Libc>,
    /// `--plat`, which tells the C library where nothing else does.
    pub plat: Requested,
    /// `LD_LIBRARY_PATH`.
    pub environment: Vec<ModulePath>,
    /// `--lib-path` and `--ldpaths`.
    pub lib_path: Vec<ModulePath>,
    /// Look in the system's own folders too.
    pub search_system: bool,
    /// What stripping is measured by.
    pub strip: Strip,
    /// Hold every file against RECORD; else only the ELF files are unpacked.
    pub records: bool,
    /// How large an archive may be.
    pub limits: Limits,
}

/// A wheel as it was found, and what its files pull in.
pub struct Gathered {
    /// The open file.
    pub source: FileSource,
    /// The archive and its metadata, verified.
    pub wheel: Wheel,
    /// Its files, in the archive's order, folders left out.
    pub entries: Vec<ArchivePath>,
    /// Its ELF files.
    pub elf: Vec<ElfEntry>,
    /// What each of them pulls in.
    pub graph: Graph,
    /// Whose loader will load it, and on which machine; `None`: a wheel without ELF files.
    pub target: Result<(Libc, Arch), Vec<Obstacle>>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// Open a wheel, verify it, read its ELF files, and resolve what they need.
///
/// # Errors
/// When the wheel or one of its ELF files is malformed, or cannot be read.
pub fn gather(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
    progress: &dyn Progress,
) -> Result<Gathered, Error> {
    let name = file_name(path);
    let source = FileSource::open(path)?;
    let malformed = |error| Error::Wheel {
        wheel: name.clone(),
        error: Box::new(error),
    };
    let filename = WheelFilename::parse(&name).map_err(malformed)?;
    let wheel = Wheel::open(&source, &filename, &options.limits).map_err(malformed)?;
    let entries: Vec<ArchivePath> = wheel
        .archive
        .entries()
        .iter()
        .filter(|entry| !entry.is_directory)
        .map(|entry| entry.path.clone())
        .collect();
    let total: u64 = wheel.archive.entries().iter().map(|entry| entry.size).sum();
    progress.expect(total);
    let elf = read_elf(&source, &wheel, options, &name)?;
    progress.advance(total);
    let mut notes: Vec<Note> = wheel
        .notes
        .iter()
        .map(|note| Note::Input(note.to_string()))
        .collect();
    let (graph, target) = match target(&filename, &elf, options, sysroot) {
        Ok((machine, arch, libc, more)) => {
            notes.extend(more);
            let settled = Settled {
                machine,
                arch,
                libc,
            };
            let graph = walk(&elf, &settled, sysroot, options);
            (graph, Ok((libc, arch)))
        }
        Err(obstacles) => (Graph::default(), Err(obstacles)),
    };
    Ok(Gathered {
        source,
        wheel,
        entries,
        elf,
        graph,
        target,
        notes,
    })
}

/// The last part of a path, for messages.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn read_elf(
    source: &FileSource,
    wheel: &Wheel,
    options: &GatherOptions,
    name: &str,
) -> Result<Vec<ElfEntry>, Error> {
    let measure = options.records.then_some(options.strip);
    // RECORD's hash is verified by the scan, or, where RECORD is not asked, used by nobody.
    let look = |entry: &Entry, bytes: &[u8]| {
        let hash = wheel
            .record
            .get(entry.path.as_str())
            .and_then(|row| row.hash.as_ref());
        let known = hash.filter(|hash| hash.algorithm() == Algorithm::Sha256);
        let digest = known.and_then(|hash| hash.digest().try_into().ok());
        elf_entry(
            entry,
            bytes,
            measure,
            digest.unwrap_or_else(|| sha256(bytes)),
        )
    };
    let read = match options.records {
        true => wheel.scan(source, elf::is_elf, look),
        false => wheel.pick(source, elf::is_elf, look),
    };
    let read = read.map_err(|error| Error::Wheel {
        wheel: name.to_owned(),
        error: Box::new(error),
    })?;
    let mut files = Vec::new();
    let mut broken = Vec::new();
    for (path, result) in read {
        match result {
            Ok(file) => files.push(file),
            Err(error) => broken.push((path, error)),
        }
    }
    if broken.is_empty() {
        return Ok(files);
    }
    Err(Error::MalformedElf {
        wheel: name.to_owned(),
        files: broken,
    })
}

/// The facts of one entry of a wheel.
///
/// # Errors
/// When it is a broken ELF file.
pub(super) fn elf_entry(
    entry: &Entry,
    bytes: &[u8],
    measure: Option<Strip>,
    digest: [u8; 32],
) -> Result<ElfEntry, elf::Error> {
    let installed = plan::installed(&entry.path);
    let identity = FileIdentity(entry.path.to_string());
    elf_file(bytes, identity, installed.clone(), measure, digest).map(|file| ElfEntry {
        entry: entry.path.clone(),
        installed,
        file: Arc::new(file),
    })
}

type Target = (crate::resolve::MachineKey, Arch, Libc, Vec<Note>);

fn target(
    filename: &WheelFilename,
    elf: &[ElfEntry],
    options: &GatherOptions,
    sysroot: &Sysroot,
) -> Result<Target, Vec<Obstacle>> {
    let (machine, arch) = plan::machine_of(&filename.platform, elf)?;
    let (libc, notes) = plan::libc_of_wheel(
        options.libc,
        &filename.platform,
        elf,
        &options.plat,
        sysroot.libc(),
    )?;
    Ok((machine, arch, libc, notes))
}

/// What each of a wheel's files pulls in, where `elf` are the ones that count.
pub fn walk(
    elf: &[ElfEntry],
    settled: &Settled,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Graph {
    let loader = Loader {
        libc: settled.libc,
        machine: settled.machine,
        environment: options.environment.clone(),
        lib_path: options.lib_path.clone(),
        search_system: options.search_system,
    };
    let files: BTreeMap<_, _> = elf
        .iter()
        .map(|entry| (entry.installed.clone(), Arc::clone(&entry.file)))
        .collect();
    let roots: Vec<ModulePath> = elf
        .iter()
        .filter(|entry| entry.file.facts.dynamic)
        .map(|entry| entry.installed.clone())
        .collect();
    let world = WheelWorld { sysroot, files };
    resolve(&world, &loader, &roots)
}
