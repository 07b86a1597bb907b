//! Read a wheel and everything around it that decides its repair.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::Progress;
use super::file_source::FileSource;
use super::limits::Limits;
use super::sysroot::{Sysroot, elf_file, sha256};
use crate::elf::{self, Strip};
use crate::error::Error;
use crate::plan::{
    self, ElfEntry, Exclusions, Fault, NoModule, Note, Obstacle, PackageWorld, Platform, Requested,
    Subject, Unsettled,
};
use crate::policy::{Importers, Pythons};
use crate::resolve::{FileIdentity, Libc, Loader, MachineKey, ModulePath};
use crate::wheel::{self, Algorithm, ArchivePath, Entry, Sentence, Wheel, WheelFilename};

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
    /// `--exclude`.
    pub exclude: Exclusions,
    /// What stripping is measured by.
    pub strip: Strip,
    /// Hold every file against RECORD; else only the ELF files are unpacked.
    pub records: bool,
    /// How much the wheel may ask for.
    pub limits: Limits,
}

impl Default for GatherOptions {
    /// Everything is looked at, in the system's own folders only.
    fn default() -> Self {
        Self {
            libc: None,
            plat: Requested::Auto,
            environment: Vec::new(),
            lib_path: Vec::new(),
            search_system: true,
            exclude: Exclusions::default(),
            strip: Strip::None,
            records: true,
            limits: Limits::default(),
        }
    }
}

impl GatherOptions {
    /// The loader of a C library with these settings.
    pub(super) fn loader(&self, libc: Libc, machine: MachineKey) -> Loader {
        Loader {
            environment: self.environment.clone(),
            lib_path: self.lib_path.clone(),
            search_system: self.search_system,
            budget: self.limits.budget,
            ..Loader::new(libc, machine)
        }
    }
}

/// A wheel as it was found, and what its files pull in.
pub struct Gathered {
    /// The open file.
    pub source: FileSource,
    /// The archive and its metadata, verified.
    pub wheel: Wheel,
    /// Its files, in the archive's order, folders left out.
    pub entries: Vec<ArchivePath>,
    /// Its ELF files, on which machine they run and what each of them pulls in.
    pub subject: Result<Subject, Unsettled>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// How large an archive may be: what is made of it, too.
    pub limits: Limits,
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
        wheel: name.clone().into(),
        error: Box::new(error),
    };
    let filename = WheelFilename::parse(&name).map_err(malformed)?;
    let wheel = Wheel::open(&source, &filename, &options.limits.archive).map_err(malformed)?;
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
    let none = match options.records {
        true => no_modules(&source, &wheel, &elf).map_err(malformed)?,
        false => Vec::new(),
    };
    let (mut elf, aside) = plan::set_aside(&filename.platform, elf);
    let mut notes: Vec<Note> = wheel
        .notes
        .iter()
        .map(|note| Note::Input(Sentence::of(note)))
        .collect();
    notes.extend(aside);
    notes.extend(none.into_iter().map(NoModule::note));
    let mut excluded = Vec::new();
    let platform = loop {
        match platform_of(&filename, &elf, options, sysroot) {
            Err(obstacles)
                if plan::take_excluded(&obstacles, &options.exclude, &mut elf, &mut excluded) => {}
            platform => break platform,
        }
    };
    notes.extend(excluded);
    let subject = match platform {
        Ok((platform, more)) => {
            notes.extend(more);
            Ok(load(&name, elf, platform, sysroot, options)?)
        }
        Err(obstacles) => Err(Unsettled { elf, obstacles }),
    };
    Ok(Gathered {
        source,
        wheel,
        entries,
        subject,
        notes,
        limits: options.limits.clone(),
    })
}

/// What is no library, though its name says so.
fn no_modules(
    source: &FileSource,
    wheel: &Wheel,
    elf: &[ElfEntry],
) -> Result<Vec<NoModule>, wheel::Error> {
    let known: BTreeSet<&ArchivePath> = elf.iter().map(|entry| &entry.entry).collect();
    let mut none = super::no_modules::no_modules(source, wheel, |path| known.contains(path))?;
    let platforms = &wheel.filename.platform;
    none.extend(
        elf.iter()
            .filter_map(|entry| NoModule::of_elf(platforms, entry)),
    );
    Ok(none)
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
        wheel: name.into(),
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
        wheel: name.into(),
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

fn platform_of(
    filename: &WheelFilename,
    elf: &[ElfEntry],
    options: &GatherOptions,
    sysroot: &Sysroot,
) -> Result<(Platform, Vec<Note>), Vec<Obstacle>> {
    let (machine, arch) = plan::machine_of(&filename.platform, elf)?;
    let (libc, notes) = plan::libc_of_wheel(
        options.libc,
        &filename.platform,
        elf,
        &options.plat,
        sysroot.libc(),
    )?;
    let platform = Platform {
        machine,
        arch,
        libc,
    };
    Ok((platform, notes))
}

/// The files of a wheel that count, with what each of them pulls in.
///
/// # Errors
/// When they ask for more work than the limits allow, or what they lead to cannot be read.
pub fn load(
    wheel: &str,
    elf: Vec<ElfEntry>,
    platform: Platform,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Subject, Error> {
    let loader = options.loader(platform.libc, platform.machine);
    let subject = PackageWorld::on(sysroot, &elf).load(elf, platform, &loader);
    let subject = subject.map_err(Error::exceeded(wheel))?;
    sysroot.check(&subject.graph)?;
    Ok(subject)
}

/// A wheel as it is judged: its files for another machine or C library left out, since no verdict
/// is true of both.
pub struct Judged {
    /// The wheel's file name.
    pub name: String,
    /// The platform tags in it.
    pub platforms: Vec<String>,
    /// The interpreters that they are for.
    pub pythons: Pythons,
    /// The names of extensions that they look for.
    pub importers: Importers,
    /// The files that count, and what each of them pulls in.
    pub subject: Subject,
    /// The files that were left out.
    pub left_out: Vec<Fault>,
}

/// Leave out what does not fit.
///
/// # Errors
/// When nothing tells the machine or the C library.
pub fn judge(
    gathered: Gathered,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Judged, Error> {
    let filename = gathered.wheel.filename;
    let mut left_out = Vec::new();
    let subject = match gathered.subject {
        Ok(subject) => subject,
        Err(Unsettled { elf, obstacles }) => {
            match plan::settle(&filename.platform, elf, &mut left_out) {
                Ok((platform, elf)) => {
                    load(&filename.to_string(), elf, platform, sysroot, options)?
                }
                Err(_) => {
                    let wheel = filename.to_string().into();
                    return Err(Error::NotJudged { wheel, obstacles });
                }
            }
        }
    };
    Ok(Judged {
        name: filename.to_string(),
        pythons: Pythons::of_tags(filename.interpreters()),
        importers: Importers::of_tags(filename.interpreters()),
        platforms: filename.platform,
        subject,
        left_out,
    })
}
