//! Read an installed tree for a check: every `.dist-info` folder of a site-packages is a package,
//! and all of them share one world.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::examine::broken;
use super::limits::Limits;
use super::sysroot::elf_file;
use crate::elf;
use crate::error::Error;
use crate::plan::{
    ArchiveFault, BEGINNING, ElfEntry, Fault, Listing, Mismatch, NoModule, Package, PackageWorld,
    STORE, STORE_INFO, STORE_MANIFEST, settle,
};
use crate::policy::{Importers, Pythons};
use crate::resolve::{FileIdentity, ModulePath, Place};
use crate::wheel::{
    Algorithm, ArchivePath, Headers, RecordLine, Sentence, Tag, Untrusted, record_lines, sentence,
};

/// Is this folder a site-packages: does it hold a `.dist-info` folder?
pub(super) fn is_installed_tree(folder: &Path) -> bool {
    dist_infos(folder).is_ok_and(|found| !found.is_empty())
}

/// Read each package of a site-packages, sorted by name. ELF files that no package lists come
/// last, as a package without a name.
///
/// # Errors
/// When the machine fails to read a folder.
pub fn examine_tree(site: &Path, limits: &Limits) -> Result<Vec<Package>, Error> {
    let failed = |path: &Path, error| Error::io("read", path, error);
    let infos = dist_infos(site).map_err(|error| failed(site, error))?;
    let mut files = Vec::new();
    list(site, "", &mut files).map_err(|(path, error)| failed(&path, error))?;
    let read: Vec<(String, Read)> = files
        .into_par_iter()
        .map(|path| {
            let found = read_file(&site.join(&path), &path);
            (path, found)
        })
        .collect();
    let read: BTreeMap<String, Read> = read.into_iter().collect();
    let all = read
        .values()
        .filter_map(|found| found.elf.as_ref()?.as_ref().ok());
    let world = PackageWorld::alone(all);
    let mut owned = BTreeSet::new();
    let mut packages: Vec<(Package, Vec<ElfEntry>)> = infos
        .iter()
        .map(|info| package(site, info, &read, &mut owned))
        .collect();
    // The copies of `dedupe` are there for the links to them: those are loaded, and checked with
    // their packages.
    let is_copy = |path: &str| {
        let of_store = path.strip_prefix(STORE);
        read.contains_key(STORE_MANIFEST) && of_store.is_some_and(|rest| rest.starts_with('/'))
    };
    let rest = read
        .iter()
        .filter(|(path, found)| found.elf.is_some() && !owned.contains(*path) && !is_copy(path));
    let rest: Vec<&String> = rest.map(|(path, _)| path).collect();
    if !rest.is_empty() {
        let mut stray = Package::new("(in no RECORD)".to_owned());
        let mut elf = Vec::new();
        for path in rest {
            let file = ModulePath::new(Place::Wheel, path);
            let (file, what) = (Some(file), Listing::Unlisted);
            let unlisted = ArchiveFault::RecordFiles { file, what };
            stray.findings.push(unlisted.into());
            take(&mut stray, &mut elf, path, &read);
        }
        packages.push((stray, elf));
    }
    let judged = packages.into_iter().map(|(mut package, elf)| {
        package.subject = match settle(&package.platforms, elf, &mut package.findings) {
            Ok((platform, elf)) => {
                let loaded = world.load(elf, platform, &platform.loader(limits.budget));
                Ok(loaded.map_err(Error::exceeded(&*package.name))?)
            }
            Err(unsettled) => Err(unsettled),
        };
        Ok(package)
    });
    judged.collect()
}

/// What one file of the tree is.
struct Read {
    /// SHA-256 and size, or why it cannot be read.
    content: Result<([u8; 32], u64), String>,
    /// `None`: not an ELF file.
    elf: Option<Result<ElfEntry, elf::Error>>,
    /// Its first bytes, where it is none and its name says that it is a library.
    begins: Option<Vec<u8>>,
}

fn read_file(path: &Path, relative: &str) -> Read {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Read {
                content: Err(error.to_string()),
                elf: None,
                begins: None,
            };
        }
    };
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    // A name that no wheel can hold belongs to no package.
    let entry = ArchivePath::parse(relative).ok();
    let named = entry.as_ref().is_some_and(NoModule::may_be) && !elf::is_elf(&bytes);
    let begins = named.then(|| bytes.iter().take(BEGINNING).copied().collect());
    let elf = entry.filter(|_| elf::is_elf(&bytes)).map(|entry| {
        let installed = ModulePath::new(Place::Wheel, relative);
        // A link and its target, or two hard links, are one file to a loader.
        let identity = match fs::metadata(path) {
            Ok(metadata) => format!("{}:{}", metadata.dev(), metadata.ino()),
            Err(_) => relative.to_owned(),
        };
        let identity = FileIdentity(identity);
        elf_file(&bytes, identity, installed.clone(), None, digest).map(|file| ElfEntry {
            entry,
            installed,
            file: Arc::new(file),
        })
    });
    Read {
        content: Ok((digest, bytes.len() as u64)),
        elf,
        begins,
    }
}

/// Give a file of the tree to a package.
fn take(package: &mut Package, elf: &mut Vec<ElfEntry>, path: &str, read: &BTreeMap<String, Read>) {
    let found = read.get(path);
    if let Some(begins) = found.and_then(|found| found.begins.as_ref())
        && let Ok(path) = ArchivePath::parse(path)
    {
        let none = NoModule::of_bytes(&package.platforms, &path, begins);
        package.findings.extend(none.map(NoModule::fault));
    }
    match found.and_then(|found| found.elf.as_ref()) {
        Some(Ok(file)) => {
            let none = NoModule::of_elf(&package.platforms, file);
            package.findings.extend(none.map(NoModule::fault));
            elf.push(file.clone());
        }
        Some(Err(error)) => {
            let file = ModulePath::new(Place::Wheel, path);
            package.findings.push(broken(&file, error));
        }
        None => {}
    }
}

fn package(
    site: &Path,
    info: &str,
    read: &BTreeMap<String, Read>,
    owned: &mut BTreeSet<String>,
) -> (Package, Vec<ElfEntry>) {
    let mut elf = Vec::new();
    let mut package = Package::new(info.trim_end_matches(".dist-info").to_owned());
    if let Ok(bytes) = fs::read(site.join(info).join("WHEEL")) {
        let wheel = Headers::parse(&bytes);
        let tags = wheel.get_all("Tag");
        let tags = tags.iter().filter_map(|tag| Tag::parse_set(tag).ok());
        let tags: Vec<Tag> = tags.flatten().collect();
        let pairs = || {
            let tags = tags.iter();
            tags.map(|tag| (tag.python.as_str(), tag.abi.as_str()))
        };
        package.pythons = Pythons::of_tags(pairs());
        package.importers = Importers::of_tags(pairs());
        let platforms: BTreeSet<String> = tags.into_iter().map(|tag| tag.platform).collect();
        package.platforms = platforms.into_iter().collect();
        let pure = wheel.get("Root-Is-Purelib");
        package.purelib = pure.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    }
    let rows = match fs::read(site.join(info).join("RECORD")) {
        Ok(bytes) => record_lines(&bytes)
            .and_then(Iterator::collect)
            .map_err(|error| Sentence::of(&error)),
        Err(error) => Err(Sentence::of(&error)),
    };
    let rows: Vec<RecordLine> = match rows {
        Ok(rows) => rows,
        Err(why) => {
            let what = sentence!("{}/RECORD: {}", Untrusted::from(info), why);
            let fault = ArchiveFault::NoRecord { what };
            package.findings.push(fault.into());
            return (package, elf);
        }
    };
    for row in rows {
        // What lies outside (scripts) is not part of a tree that may have been moved.
        let (path, outside) = ModulePath::normalised(Place::Wheel, &row.path);
        if outside || row.path.starts_with('/') {
            continue;
        }
        owned.insert(path.relative().to_owned());
        recorded(&row, &path, read, &mut package.findings);
        // Nor is the store of an earlier wheelfix a wheel whose tag could promise anything.
        if info != STORE_INFO {
            take(&mut package, &mut elf, path.relative(), read);
        }
    }
    (package, elf)
}

/// Is the file what its row says? A row without a hash (compiled files) promises nothing.
fn recorded(
    row: &RecordLine,
    path: &ModulePath,
    read: &BTreeMap<String, Read>,
    found: &mut Vec<Fault>,
) {
    let Some(hash) = &row.hash else { return };
    let file = Some(path.clone());
    let what = match read.get(path.relative()).map(|file| &file.content) {
        None => {
            let what = Listing::Gone;
            found.push(ArchiveFault::RecordFiles { file, what }.into());
            return;
        }
        Some(Err(why)) => Mismatch::Unreadable { why: why.clone() },
        Some(Ok((digest, size))) => match row.size {
            Some(recorded) if recorded != *size => Mismatch::Size {
                is: *size,
                recorded,
            },
            _ if hash.algorithm() == Algorithm::Sha256 && hash.digest() != digest => Mismatch::Hash,
            _ => return,
        },
    };
    found.push(ArchiveFault::RecordMismatch { file, what }.into());
}

fn dist_infos(site: &Path) -> std::io::Result<Vec<String>> {
    let mut found: Vec<String> = fs::read_dir(site)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".dist-info"))
        .collect();
    found.sort();
    Ok(found)
}

/// All files below a folder, links to files among them; links to folders are not entered, so that
/// a loop has an end.
fn list(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<String>,
) -> Result<(), (PathBuf, std::io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A name that is not UTF-8 is in no RECORD.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{path}/"), files)?;
        } else if entry.path().is_file() {
            files.push(path);
        }
    }
    Ok(())
}
