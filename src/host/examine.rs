//! Read a wheel for a check: what is wrong with it does not end the reading where it need not.

use std::fs;
use std::path::{Path, PathBuf};

use super::Progress;
use super::file_source::FileSource;
use super::gather::{elf_entry, file_name};
use super::limits::Limits;
use super::no_modules::no_modules;
use super::sysroot::sha256;
use crate::elf;
use crate::error::Error;
use crate::plan::{
    ArchiveFault, ElfEntry, Fault, FileFault, NoModule, Package, PackageWorld, installed, settle,
};
use crate::policy::{Importers, Pythons};
use crate::resolve::Exceeded;
use crate::wheel::{self, Sentence, Untrusted, Wheel, WheelFilename, sentence};

/// The wheels of a folder, sorted by name.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn wheels_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::io("read", folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        false => Ok(found),
        true => Err(Error::Usage(sentence!(
            "`{}` holds neither wheels nor `.dist-info` folders",
            Untrusted::from(folder)
        ))),
    }
}

/// Read a wheel as a package to check. A wheel that cannot be read is a package with one finding.
///
/// # Errors
/// When the machine fails to read.
pub fn examine(path: &Path, limits: &Limits, progress: &dyn Progress) -> Result<Package, Error> {
    let mut package = Package::new(file_name(path));
    let source = FileSource::open(path)?;
    match read(&source, &mut package, limits, progress) {
        Err(Unread::Exceeded(exceeded)) => Err(Error::exceeded(package.name)(exceeded)),
        Err(Unread::Wheel(error)) if error.is_io() => Err(Error::Wheel {
            wheel: package.name,
            error: Box::new(error),
        }),
        Err(Unread::Wheel(error)) => {
            package.findings.push(ArchiveFault::from(&error).into());
            Ok(package)
        }
        Ok(()) => Ok(package),
    }
}

fn read(
    source: &FileSource,
    package: &mut Package,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(), Unread> {
    let filename = WheelFilename::parse(package.name.as_str())?;
    package.platforms.clone_from(&filename.platform);
    package.pythons = Pythons::of_tags(filename.interpreters());
    package.importers = Importers::of_tags(filename.interpreters());
    let (wheel, faults) = Wheel::examine(source, &filename, &limits.archive)?;
    let of_archive = |error| Fault::from(ArchiveFault::from(error));
    package.findings.extend(faults.iter().map(of_archive));
    package
        .findings
        .extend(wheel.notes.iter().filter_map(Fault::of_note));
    let total: u64 = wheel.archive.entries().iter().map(|entry| entry.size).sum();
    progress.expect(total);
    let (read, mismatch) = wheel.scan_all(source, elf::is_elf, |entry, bytes| {
        elf_entry(entry, bytes, None, sha256(bytes))
    })?;
    progress.advance(total);
    package.findings.extend(mismatch.iter().map(of_archive));
    let none = no_modules(source, &wheel, |path| read.contains_key(path))?;
    package
        .findings
        .extend(none.into_iter().map(NoModule::fault));
    let mut files: Vec<ElfEntry> = Vec::new();
    for (path, result) in read {
        match result {
            Ok(file) => {
                let none = NoModule::of_elf(&package.platforms, &file);
                package.findings.extend(none.map(NoModule::fault));
                files.push(file);
            }
            Err(error) => package.findings.push(broken(&installed(&path), &error)),
        }
    }
    let pure = wheel.wheel.get("Root-Is-Purelib");
    package.purelib = pure.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let settled = settle(&package.platforms, files, &mut package.findings);
    package.subject = match settled {
        Ok((platform, elf)) => {
            let world = PackageWorld::alone(&elf);
            Ok(world.load(elf, platform, &platform.loader(limits.budget))?)
        }
        Err(unsettled) => Err(unsettled),
    };
    Ok(())
}

/// Why a wheel could not be looked at.
enum Unread {
    Wheel(wheel::Error),
    Exceeded(Exceeded),
}

impl From<wheel::Error> for Unread {
    fn from(error: wheel::Error) -> Self {
        Self::Wheel(error)
    }
}

impl From<Exceeded> for Unread {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

/// The finding for an ELF file that cannot be read.
pub(super) fn broken(file: &crate::resolve::ModulePath, error: &elf::Error) -> Fault {
    let (file, what) = (file.clone(), Sentence::of(error));
    FileFault::BrokenElf { file, what }.into()
}
