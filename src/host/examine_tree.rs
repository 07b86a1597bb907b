//! Read an installed tree for a check: every `.dist-info` folder of a site-packages is a package,
//! and all of them share one world.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::io::Errno;

use super::limits::Limits;
use super::open::{self, Told};
use super::sysroot::{elf_file, sha256};
use super::tree::TreeRoot;
use crate::elf;
use crate::error::Error;
use crate::plan::{
    ArchiveFault, BEGINNING, ElfEntry, Fault, FileFault, Listing, Mismatch, NoModule, Package,
    PackageWorld, STORE, STORE_INFO, STORE_MANIFEST, settle,
};
use crate::policy::{Importers, Pythons};
use crate::resolve::{FileIdentity, ModulePath, Place};
use crate::wheel::{
    Algorithm, ArchivePath, Headers, RecordLine, Sentence, Tag, Untrusted, record_lines, sentence,
};

/// Is this folder a site-packages: does it hold a `.dist-info` folder?
pub(super) fn is_installed_tree(folder: &Path) -> std::io::Result<bool> {
    Ok(!dist_infos(folder)?.is_empty())
}

/// Read each package of a site-packages, sorted by name. ELF files that no package lists come
/// last, as a package without a name.
///
/// # Errors
/// When the machine fails to read a folder.
pub fn examine_tree(site: &Path, limits: &Limits) -> Result<Vec<Package>, Error> {
    let failed = |path: &Path, error| Error::io("read", path, error);
    let root = TreeRoot::open(site)?;
    let infos = dist_infos(site).map_err(|error| failed(site, error))?;
    let infos: Vec<Info> = infos
        .into_iter()
        .map(|info| Info::read(&root, info, limits))
        .collect::<Result<_, Error>>()?;
    let hashed = infos.iter().filter_map(|info| info.rows.as_ref().ok());
    let hashed: HashSet<(String, Option<u64>)> = hashed
        .flatten()
        .filter(|row| row.hash.is_some())
        .map(|row| (place_of(row).0.relative().to_owned(), row.size))
        .collect();
    let files = list(&root).map_err(|(path, error)| failed(&path, error))?;
    let read: Vec<(String, Read)> = files
        .into_par_iter()
        .map(|path| {
            let is_hashed = |size| hashed.contains(&(path.clone(), size));
            let found = read_file(&root, &path, &is_hashed, limits)?;
            Ok((path, found))
        })
        .collect::<Result<_, Error>>()?;
    let read: BTreeMap<String, Read> = read.into_iter().collect();
    let all = read
        .values()
        .filter_map(|found| found.elf.as_ref()?.as_ref().ok());
    let world = PackageWorld::alone(all);
    let mut owned = BTreeSet::new();
    let mut packages: Vec<(Package, Vec<ElfEntry>)> = infos
        .iter()
        .map(|info| package(info, &read, &mut owned))
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
                Ok(loaded.map_err(Error::exceeded(package.name.as_str()))?)
            }
            Err(unsettled) => Err(unsettled),
        };
        Ok(package)
    });
    judged.collect()
}

/// What one file of the tree is.
struct Read {
    /// SHA-256, where anything asks for it, and size, or why it cannot be read.
    content: Result<(Option<[u8; 32]>, u64), String>,
    /// `None`: not an ELF file.
    elf: Option<Result<ElfEntry, Sentence>>,
    /// Its first bytes, where it is none and its name says that it is a library.
    begins: Option<Vec<u8>>,
}

/// Read a file as far as anything asks for it: an ELF file whole, any other one in windows, and only
/// where RECORD has a hash for it and its size is RECORD's, or none: `is_hashed`.
fn read_file(
    root: &TreeRoot,
    relative: &str,
    is_hashed: &dyn Fn(Option<u64>) -> bool,
    limits: &Limits,
) -> Result<Read, Error> {
    let failed = |error| Error::io("read", root.host_path(relative), error);
    let unread = |error: &std::io::Error| Read {
        content: Err(error.to_string()),
        elf: None,
        begins: None,
    };
    let (mut file, metadata) = match root.open_followed(relative) {
        Err(error) if open::told(&error) == Told::Failed => return Err(failed(error)),
        Err(error) => return Ok(unread(&error)),
        Ok(opened) => opened,
    };
    let size = metadata.len();
    let mut begins = Vec::new();
    let first = (&file).take(BEGINNING as u64).read_to_end(&mut begins);
    first.map_err(failed)?;
    // A name that no wheel can hold belongs to no package.
    let Some(entry) = ArchivePath::parse(relative)
        .ok()
        .filter(|_| elf::is_elf(&begins))
    else {
        let digest = match is_hashed(Some(size)) || is_hashed(None) {
            true => {
                let (digest, _) = open::digest(begins.chain(&file)).map_err(failed)?;
                Some(digest)
            }
            false => None,
        };
        let entry = ArchivePath::parse(relative).ok();
        let named = entry.as_ref().is_some_and(NoModule::may_be) && !elf::is_elf(&begins);
        return Ok(Read {
            content: Ok((digest, size)),
            elf: None,
            begins: named.then_some(begins),
        });
    };
    if size > limits.elf_file {
        let most = limits.elf_file;
        let what = sentence!(
            "it has {} bytes, more than {} (`--limit elf-file=`)",
            size,
            most
        );
        return Ok(Read {
            content: Err(what.to_string()),
            elf: Some(Err(what)),
            begins: None,
        });
    }
    file.rewind().map_err(failed)?;
    let bytes = open::read_all(file, &metadata, limits.elf_file).map_err(failed)?;
    let digest = sha256(&bytes);
    let installed = ModulePath::new(Place::Wheel, relative);
    // A link and its target, or two hard links, are one file to a loader.
    let identity = FileIdentity(format!("{}:{}", metadata.dev(), metadata.ino()));
    let elf = elf_file(&bytes, identity, installed.clone(), None, digest).map(|file| ElfEntry {
        entry,
        installed,
        file: Arc::new(file),
    });
    Ok(Read {
        content: Ok((Some(digest), bytes.len() as u64)),
        elf: Some(elf.map_err(|error| Sentence::of(&error))),
        begins: None,
    })
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
            let what = error.clone();
            package
                .findings
                .push(FileFault::BrokenElf { file, what }.into());
        }
        None => {}
    }
}

/// What a `.dist-info` folder says.
struct Info {
    name: String,
    /// WHEEL, or why it cannot be used.
    wheel: Result<Headers, Sentence>,
    /// The rows of RECORD, or why there are none.
    rows: Result<Vec<RecordLine>, Sentence>,
}

impl Info {
    fn read(root: &TreeRoot, name: String, limits: &Limits) -> Result<Self, Error> {
        let bytes = |file: &str| {
            let path = format!("{name}/{file}");
            let most = limits.archive.metadata_file;
            let read = root.open_followed(&path);
            let read = read.and_then(|(file, metadata)| open::read_all(file, &metadata, most));
            match read {
                Err(error) if open::told(&error) == Told::Failed => {
                    Err(Error::io("read", root.host_path(&path), error))
                }
                read => Ok(read),
            }
        };
        let wheel = match bytes("WHEEL")? {
            Ok(bytes) => Ok(Headers::parse(&bytes)),
            Err(error) if open::told(&error) == Told::Absent => Ok(Headers::parse(b"")),
            Err(error) => Err(Sentence::of(&error)),
        };
        let rows = match bytes("RECORD")? {
            Ok(bytes) => record_lines(&bytes)
                .and_then(Iterator::collect)
                .map_err(|error| Sentence::of(&error)),
            Err(error) => Err(Sentence::of(&error)),
        };
        Ok(Self { name, wheel, rows })
    }
}

fn package(
    info: &Info,
    read: &BTreeMap<String, Read>,
    owned: &mut BTreeSet<String>,
) -> (Package, Vec<ElfEntry>) {
    let mut elf = Vec::new();
    let name = info.name.trim_end_matches(".dist-info");
    let mut package = Package::new(name.to_owned());
    let folder = || Untrusted::from(info.name.as_str());
    match &info.wheel {
        Ok(wheel) => {
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
        Err(why) => {
            let what = sentence!("{}/WHEEL: {}", folder(), why);
            let fault = ArchiveFault::Unreadable { what };
            package.findings.push(fault.into());
        }
    }
    let rows = match &info.rows {
        Ok(rows) => rows,
        Err(why) => {
            let what = sentence!("{}/RECORD: {}", folder(), why);
            let fault = ArchiveFault::NoRecord { what };
            package.findings.push(fault.into());
            return (package, elf);
        }
    };
    for row in rows {
        // What lies outside (scripts) is not part of a tree that may have been moved.
        let (path, outside) = place_of(row);
        if outside || row.path.starts_with('/') {
            continue;
        }
        owned.insert(path.relative().to_owned());
        recorded(row, &path, read, &mut package.findings);
        // Nor is the store of an earlier wheelfix a wheel whose tag could promise anything.
        if info.name != STORE_INFO {
            take(&mut package, &mut elf, path.relative(), read);
        }
    }
    (package, elf)
}

/// Where the file of a row lies, and whether that is above the tree.
fn place_of(row: &RecordLine) -> (ModulePath, bool) {
    ModulePath::normalised(Place::Wheel, &row.path)
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
        Some(Err(why)) => Mismatch::Unreadable {
            why: why.as_str().into(),
        },
        Some(Ok((digest, size))) => match row.size {
            Some(recorded) if recorded != *size => Mismatch::Size {
                is: *size,
                recorded,
            },
            _ if hash.algorithm() != Algorithm::Sha256 => return,
            _ if digest.is_none_or(|digest| hash.digest() != digest) => Mismatch::Hash,
            _ => return,
        },
    };
    found.push(ArchiveFault::RecordMismatch { file, what }.into());
}

fn dist_infos(site: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(site)? {
        let name = entry?.file_name().into_string();
        found.extend(name.ok().filter(|name| name.ends_with(".dist-info")));
    }
    found.sort();
    Ok(found)
}

/// All that lies below a folder and is no folder, links that lead to one or nowhere left out, so that
/// a loop has an end.
fn list(root: &TreeRoot) -> Result<Vec<String>, (PathBuf, std::io::Error)> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let failed = |error: Errno| (root.host_path(&folder), error.into());
        for (name, metadata) in root.entries(&folder).map_err(failed)? {
            // A name that is not UTF-8 is in no RECORD.
            let Ok(name) = name.into_string() else {
                continue;
            };
            let path = match folder.as_str() {
                "" => name,
                folder => format!("{folder}/{name}"),
            };
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            if metadata.is_symlink() {
                match root.look_followed(&path) {
                    Ok(there) if there.is_dir() => continue,
                    Err(error) if open::told(&error) == Told::Absent => continue,
                    Err(error) => return Err((root.host_path(&path), error)),
                    Ok(_) => {}
                }
            }
            files.push(path);
        }
    }
    Ok(files)
}
