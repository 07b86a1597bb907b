//! Read one ELF file of the machine, and what it pulls in.

use std::path::Path;

use super::gather::{GatherOptions, file_name};
use super::sysroot::Sysroot;
use crate::error::{Error, Place};
use crate::resolve::{Graph, Loader, MachineKey, ModulePath, Opened, World, libc_of, resolve};

/// What a library or program on disk pulls in when it is loaded.
///
/// # Errors
/// When it cannot be read, is no ELF file, or a broken one.
pub fn gather_file(
    path: &Path,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Result<Graph, Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let root: ModulePath = sysroot.folder(folder)?.join(&file_name(path));
    let file = match sysroot.open(&root) {
        Opened::Elf(file) => file,
        Opened::Malformed(how) => {
            return Err(Error::NotReadable {
                place: Place::Library(root),
                why: format!("it is a broken ELF file: {how}"),
            });
        }
        Opened::NotElf => {
            return Err(Error::NotReadable {
                place: Place::Library(root),
                why: "it is neither a wheel nor an ELF file".to_owned(),
            });
        }
        Opened::Missing => {
            return Err(Error::io("read", path, rustix::io::Errno::NOENT.into()));
        }
        Opened::NotAFile => {
            return Err(Error::io("read", path, rustix::io::Errno::ISDIR.into()));
        }
        Opened::Unreadable(why) => return Err(Error::io("read", path, std::io::Error::other(why))),
    };
    let libc = options
        .libc
        .or_else(|| libc_of(&file.facts))
        .or_else(|| sysroot.libc());
    let Some(libc) = libc else {
        return Err(Error::Usage(
            "nothing tells which C library the file is for; pass `--libc musl` or `--libc glibc`"
                .to_owned(),
        ));
    };
    let loader = Loader {
        libc,
        machine: MachineKey::of(&file.facts),
        environment: options.environment.clone(),
        lib_path: options.lib_path.clone(),
        search_system: options.search_system,
    };
    Ok(resolve(sysroot, &loader, &[root]))
}
