//! Read one ELF file of the machine, and what it pulls in.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::gather::{GatherOptions, file_name};
use super::limits::Limits;
use super::sysroot::{Sysroot, SysrootOptions};
use crate::elf::Strip;
use crate::error::{Error, Place};
use crate::plan::{AuditTree, ElfEntry, Platform, Subject, TreeRequest, audit_tree};
use crate::resolve::{
    Budget, ElfFile, Graph, Loader, MachineKey, ModulePath, Opened, Place as InRoot, World,
    libc_of, resolve,
};
use crate::wheel::{ArchivePath, Sentence, Untrusted, sentence};

/// What a library or program on disk pulls in when it is loaded.
///
/// # Errors
/// When it cannot be read, is no ELF file, or a broken one.
pub fn gather_file(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Graph, Error> {
    let (_, loader, root) = open(path, sysroot, options)?;
    let graph = resolve(sysroot, &loader, &[root]);
    let graph = graph.map_err(Error::exceeded(path.to_string_lossy()))?;
    sysroot.check(&graph)?;
    Ok(graph)
}

/// A library or program on disk with what it pulls in.
///
/// # Errors
/// As for [`gather_file`], and when wheel tags have no name for its machine.
pub fn gather_file_alone(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Subject, Error> {
    let (file, loader, root) = open(path, sysroot, options)?;
    let entry = ArchivePath::parse(&file_name(path)).map_err(|error| Error::NotReadable {
        place: Place::Library(root.clone()),
        why: Sentence::of(&error),
    })?;
    let Some(arch) = loader.machine.arch() else {
        return Err(Error::NotReadable {
            place: Place::Library(root),
            why: sentence!(
                "wheel tags have no name for its machine, {}",
                Untrusted::from(loader.machine.name())
            ),
        });
    };
    let graph = resolve(sysroot, &loader, std::slice::from_ref(&root));
    let graph = graph.map_err(Error::exceeded(path.to_string_lossy()))?;
    sysroot.check(&graph)?;
    Ok(Subject {
        elf: vec![ElfEntry {
            entry,
            installed: root,
            file,
        }],
        platform: Platform {
            machine: loader.machine,
            arch,
            libc: loader.libc,
        },
        graph,
    })
}

/// An ELF file of the machine. `path`: as it was named, for errors.
fn open_elf(path: &Path, root: &ModulePath, sysroot: &Sysroot) -> Result<Arc<ElfFile>, Error> {
    let broken = |why: Sentence| Error::NotReadable {
        place: Place::Library(root.clone()),
        why,
    };
    match sysroot.open(root) {
        Opened::Elf(file) => Ok(file),
        Opened::Malformed(how) => Err(broken(sentence!("it is a broken ELF file: {}", how))),
        Opened::NotElf => Err(broken("it is neither a wheel nor an ELF file".into())),
        Opened::Missing => Err(Error::io("read", path, rustix::io::Errno::NOENT.into())),
        Opened::NotAFile => Err(match sysroot.refusal(root) {
            Some(error) => Error::io("read", path, error),
            None => broken("it is no file".into()),
        }),
        Opened::Unreadable(why) => Err(Error::io(
            "read",
            path,
            std::io::Error::other(why.to_string()),
        )),
    }
}

/// Where auditwheel's `lddtree` looks.
#[derive(Clone, Debug, Default)]
pub struct AuditTreeOptions {
    /// The folders of the environment, separated by colons.
    pub environment: String,
    /// `--ldpaths`: folders that take the place of the configured ones, separated by colons.
    pub ldpaths: Option<String>,
}

/// What a library or program on disk pulls in by auditwheel's rules, in the root of this machine;
/// the first value is the path as auditwheel shows it.
///
/// # Errors
/// When it cannot be read, is no ELF file, or a broken one.
pub fn gather_audit_tree(
    path: &Path,
    options: &AuditTreeOptions,
) -> Result<(Untrusted, AuditTree), Error> {
    let failed = |error| Error::io("read", path, error);
    let text = |path: &Path| ModulePath::new(InRoot::System, &path.to_string_lossy());
    let sysroot = Sysroot::open(&SysrootOptions {
        root: PathBuf::from("/"),
        strip: Strip::None,
        limits: Limits::default(),
    })?;
    // `./a.so` and `a.so` are shown alike.
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let request = TreeRequest {
        given: parts
            .collect::<PathBuf>()
            .to_string_lossy()
            .into_owned()
            .into(),
        path: text(&std::path::absolute(path).map_err(failed)?),
        working_directory: text(&std::env::current_dir().map_err(failed)?),
        environment: options.environment.clone(),
        ldpaths: options.ldpaths.clone(),
        budget: Budget::default(),
    };
    let file = open_elf(path, &request.path, &sysroot)?;
    let tree = audit_tree(&sysroot, &request, &file);
    let tree = tree.map_err(Error::exceeded(path.to_string_lossy()))?;
    sysroot.check_root()?;
    Ok((request.given, tree))
}

/// The file, the loader that would load it, and the path by which it is opened.
fn open(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<(Arc<ElfFile>, Loader, ModulePath), Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let root: ModulePath = sysroot.folder(folder)?.join(&file_name(path));
    let file = open_elf(path, &root, sysroot)?;
    let libc = options
        .libc
        .or_else(|| libc_of(&file.facts))
        .or_else(|| sysroot.libc());
    let Some(libc) = libc else {
        return Err(Error::Usage(
            "nothing tells which C library the file is for; pass `--libc musl` or `--libc glibc`"
                .into(),
        ));
    };
    let loader = options.loader(libc, MachineKey::of(&file.facts));
    Ok((file, loader, root))
}
