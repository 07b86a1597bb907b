//! glibc's rules, as ld.so(8) and `elf/dl-load.c` (`_dl_map_object`) of glibc 2.41 have
//! them. `glibc-hwcaps` folders are left out: they depend on the machine that runs, and
//! the baseline library beside them is the one that every machine can load.

use std::collections::HashSet;
use std::sync::Arc;

use globset::GlobBuilder;

use super::budget::{Bound, Budget, Exceeded, Meter};
use super::directories::{self, Directory};
use super::graph::Why;
use super::loader::Loader;
use super::world::{ModulePath, Place, World};
use crate::elf::{Arch, LoadFacts};

/// The C library itself: in every process that could load anything.
pub(super) const LIBC: &str = "libc.so.6";

/// The libraries that glibc is made of, or was before some of them became one.
pub(super) const PARTS: [&str; 13] = [
    LIBC,
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc_malloc_debug.so.0",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
];

/// Is `name` the dynamic loader itself? glibc's other libraries are ordinary ones:
/// whether they may be expected on a machine is for a policy to say.
pub(super) fn is_loader_name(name: &str) -> bool {
    name.starts_with("ld-linux") || name == "ld64.so.1" || name == "ld64.so.2"
}

/// The folders of a file's DT_RPATH, which what it needs inherits.
pub(super) fn inherited(arch: Option<Arch>, file: &LoadFacts, path: &ModulePath) -> Vec<Directory> {
    match (&file.rpath, &file.runpath) {
        // A DT_RUNPATH in the same file takes its DT_RPATH out of force.
        (Some(text), None) => entries(arch, text, path),
        _ => Vec::new(),
    }
}

/// The folders in which glibc looks for a bare name needed by `file`, in order, where `rpaths` are
/// those of DT_RPATH, its own and those of who needed it. As in musl's list, run path entries inside
/// of the wheel come before the variable of this build.
pub(super) fn directories(
    loader: &Loader,
    (file, path): (&LoadFacts, &ModulePath),
    rpaths: &[Directory],
    system: &[Directory],
) -> Vec<Directory> {
    let arch = loader.machine.arch();
    let (rpaths, runpath) = match &file.runpath {
        Some(text) => (&[][..], entries(arch, text, path)),
        None => (rpaths, Vec::new()),
    };
    let (inside, runpath) = directories::parted(&runpath);
    let environment = directories::of(&loader.environment, &Why::Environment);
    let lib_path = directories::of(&loader.lib_path, &Why::LibPath);
    let lists = [rpaths, &inside, &environment, &runpath, &lib_path, system];
    directories::joined(lists)
}

/// A run path with its tokens expanded. `$LIB` differs between distributions, so each of
/// its values is tried.
fn entries(arch: Option<Arch>, text: &str, carrier: &ModulePath) -> Vec<Directory> {
    let found: Vec<ModulePath> = directories::split(text, &[':'])
        .flat_map(|entry| folders(arch, entry, carrier))
        .collect();
    directories::of(&found, &Why::RunPath(carrier.clone()))
}

/// The folders that one entry stands for.
pub(super) fn folders(arch: Option<Arch>, entry: &str, carrier: &ModulePath) -> Vec<ModulePath> {
    let entry = replace_token(entry, "PLATFORM", arch.map_or("", Arch::name));
    if !has_token(&entry, "LIB") {
        return directories::absolute(&entry, carrier).into_iter().collect();
    }
    let libs = lib_folders(arch);
    let expanded = libs.iter().map(|lib| replace_token(&entry, "LIB", lib));
    expanded
        .filter_map(|entry| directories::absolute(&entry, carrier))
        .collect()
}

fn has_token(entry: &str, token: &str) -> bool {
    entry.contains(&format!("${token}")) || entry.contains(&format!("${{{token}}}"))
}

fn replace_token(entry: &str, token: &str, value: &str) -> String {
    entry
        .replace(&format!("${{{token}}}"), value)
        .replace(&format!("${token}"), value)
}

/// The folders that may stand for `$LIB`, and under `/` and `/usr` for the defaults:
/// Debian's multiarch folder, lib64, lib.
fn lib_folders(arch: Option<Arch>) -> Vec<String> {
    let triple = match arch {
        Some(Arch::I686) => "i386-linux-gnu",
        Some(Arch::Armv6l | Arch::Armv7l) => "arm-linux-gnueabihf",
        Some(Arch::Ppc64le) => "powerpc64le-linux-gnu",
        Some(Arch::Ppc64) => "powerpc64-linux-gnu",
        Some(other) => &format!("{}-linux-gnu", other.name()),
        None => return vec!["lib64".to_owned(), "lib".to_owned()],
    };
    let mut folders = vec![format!("lib/{triple}")];
    if !matches!(arch, Some(Arch::I686 | Arch::Armv6l | Arch::Armv7l)) {
        folders.push("lib64".to_owned());
    }
    folders.push("lib".to_owned());
    folders
}

/// The built-in folders.
pub(super) fn built_in(arch: Option<Arch>) -> Vec<Directory> {
    let libs = lib_folders(arch);
    let roots = ["/", "/usr/"].into_iter();
    let paths = roots.flat_map(|root| libs.iter().map(move |lib| format!("{root}{lib}")));
    paths
        .map(|path| Directory::new(ModulePath::new(Place::System, &path), Why::Default))
        .collect()
}

/// What is still to be read of the configuration.
enum Unread {
    /// A file.
    File(String),
    /// A line of a file.
    Line(Arc<str>, String),
}

/// The folders of `/etc/ld.so.conf` and of what it includes: what `/etc/ld.so.cache` would hold, read
/// from its source.
///
/// ldconfig's configuration: a folder a line (also separated by commas, colons or
/// blanks, with an old `=type` suffix), `#` comments, `include PATTERN`. A file that is included again
/// names no folder that is not there already, so it is read once.
pub(super) fn configured<F>(
    world: &dyn World<F>,
    budget: &Budget,
) -> Result<Vec<Directory>, Exceeded> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let lines = Meter::new(budget, Bound::PathFileLines);
    let mut unread = vec![Unread::File("/etc/ld.so.conf".to_owned())];
    while let Some(next) = unread.pop() {
        match next {
            Unread::File(file) => {
                let place = ModulePath::new(Place::System, &file);
                if !seen.insert(file.clone()) {
                    continue;
                }
                let text = world.text(&file).unwrap_or_default();
                lines.spend((text.lines().count() as u64).saturating_add(1), &place)?;
                let file: Arc<str> = file.into();
                let line = |line: &str| Unread::Line(Arc::clone(&file), line.to_owned());
                unread.extend(text.lines().rev().map(line));
            }
            Unread::Line(file, line) => {
                let line = line.split('#').next().unwrap_or_default().trim();
                let mut words = line.split_whitespace();
                let place = || ModulePath::new(Place::System, &file);
                match words.next() {
                    Some("include") => {
                        let mut included = Vec::new();
                        for pattern in words {
                            included.extend(matching(world, pattern, &lines, &place())?);
                        }
                        unread.extend(included.into_iter().rev().map(Unread::File));
                    }
                    Some("hwcap") | None => {}
                    Some(_) => {
                        let separators: &[char] = &[' ', '\t', ',', ':'];
                        for folder in directories::split(line, separators) {
                            let folder = folder.split('=').next().unwrap_or_default();
                            if folder.starts_with('/') {
                                budget.allow_text(folder, &place())?;
                                let path = ModulePath::new(Place::System, folder);
                                found.push(Directory::new(
                                    path,
                                    Why::PathFile(file.to_string().into()),
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The files that an include pattern names, sorted; a relative one is under `/etc`. As
/// in every ld.so.conf known, only the last part may hold wildcards.
fn matching<F>(
    world: &dyn World<F>,
    pattern: &str,
    lines: &Meter,
    file: &ModulePath,
) -> Result<Vec<String>, Exceeded> {
    let pattern = if pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        format!("/etc/{pattern}")
    };
    let Some((folder, name)) = pattern.rsplit_once('/') else {
        return Ok(Vec::new());
    };
    let Ok(glob) = GlobBuilder::new(name).literal_separator(true).build() else {
        return Ok(Vec::new());
    };
    let glob = glob.compile_matcher();
    let names = world.list(folder);
    lines.spend((names.len() as u64).saturating_add(1), file)?;
    let matching = names
        .into_iter()
        // A shell's pattern does not match a hidden file unless it begins with a dot.
        .filter(|file| !file.starts_with('.') || name.starts_with('.'))
        .filter(|file| glob.is_match(file))
        .map(|file| format!("{folder}/{file}"));
    Ok(matching.collect())
}
