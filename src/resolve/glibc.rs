//! glibc's rules, as ld.so(8) and `elf/dl-load.c` (`_dl_map_object`) of glibc 2.41 have
//! them. `glibc-hwcaps` folders are left out: they depend on the machine that runs, and
//! the baseline library beside them is the one that every machine can load.

use globset::GlobBuilder;

use super::directories::{self, Directory};
use super::graph::Why;
use super::process::{Loaded, Walk};
use super::world::{ModulePath, Place, World};
use crate::elf::{Arch, LoadFacts};

/// How deep `include` lines may nest; ldconfig has no bound, a loop of files does.
const INCLUDE_DEPTH: usize = 8;

/// The C library itself: in every process that could load anything.
pub(super) const LIBC: &str = "libc.so.6";

/// Is `name` the dynamic loader itself? glibc's other libraries are ordinary ones:
/// whether they may be expected on a machine is for a policy to say.
pub(super) fn is_loader_name(name: &str) -> bool {
    name.starts_with("ld-linux") || name == "ld64.so.1" || name == "ld64.so.2"
}

/// A bare name is already there when a library was loaded under it, or has it as SONAME
/// (`_dl_map_object`: `_dl_name_match_p`, then DT_SONAME).
pub(super) fn already_loaded<F: AsRef<LoadFacts>>(
    walk: &Walk<'_, F>,
    loaded: &Loaded,
    name: &str,
) -> bool {
    loaded.names.iter().any(|known| known == name)
        || walk
            .graph
            .module(loaded.module)
            .and_then(|module| module.file.load().soname.as_ref())
            .is_some_and(|soname| soname.as_str() == name)
}

/// The folders in which glibc looks for a bare name needed by `loaded`, in order. As in
/// musl's list, run path entries inside of the wheel come before the variable of this
/// build.
pub(super) fn directories<F: AsRef<LoadFacts>>(
    walk: &Walk<'_, F>,
    loaded: &Loaded,
) -> Vec<Directory> {
    let mut rpaths = Vec::new();
    let mut runpath = Vec::new();
    let own = walk.graph.module(loaded.module);
    let has_runpath = own.is_some_and(|module| module.file.load().runpath.is_some());
    if let Some((module, text)) =
        own.and_then(|module| Some((module, module.file.load().runpath.as_deref()?)))
    {
        runpath = entries(walk, text, &module.path);
    }
    if !has_runpath {
        for holder in walk.chain(loaded) {
            let Some(module) = walk.graph.module(holder.module) else {
                continue;
            };
            // A DT_RUNPATH in the same file takes its DT_RPATH out of force.
            if let (Some(text), None) = (&module.file.load().rpath, &module.file.load().runpath) {
                rpaths.extend(entries(walk, text, &module.path));
            }
        }
    }
    let environment = directories::of(&walk.loader.environment, &Why::Environment);
    let lib_path = directories::of(&walk.loader.lib_path, &Why::LibPath);
    let (inside, runpath): (Vec<_>, Vec<_>) =
        runpath.into_iter().partition(|entry| entry.path.in_wheel());
    [rpaths, inside, environment, runpath, lib_path, system(walk)].concat()
}

/// A run path with its tokens expanded. `$LIB` differs between distributions, so each of
/// its values is tried.
fn entries<F: AsRef<LoadFacts>>(
    walk: &Walk<'_, F>,
    text: &str,
    carrier: &ModulePath,
) -> Vec<Directory> {
    let arch = walk.loader.machine.arch();
    let found: Vec<ModulePath> = directories::split(text, &[':'])
        .flat_map(|entry| folders(arch, entry, carrier))
        .collect();
    let why = Why::RunPath(carrier.clone());
    directories::of(&found, &why)
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

/// What `/etc/ld.so.cache` would hold, read from its source, then the built-in folders.
fn system<F>(walk: &Walk<'_, F>) -> Vec<Directory> {
    if !walk.loader.search_system {
        return Vec::new();
    }
    let mut found = configured(walk.world);
    let libs = lib_folders(walk.loader.machine.arch());
    for root in ["/", "/usr/"] {
        for lib in &libs {
            let path = ModulePath::new(Place::System, &format!("{root}{lib}"));
            found.push(Directory::new(path, Why::Default));
        }
    }
    found
}

/// The folders of `/etc/ld.so.conf` and of what it includes.
pub(super) fn configured<F>(world: &dyn World<F>) -> Vec<Directory> {
    let mut found = Vec::new();
    read_configuration(world, "/etc/ld.so.conf", 0, &mut found);
    found
}

/// ldconfig's configuration: a folder a line (also separated by commas, colons or
/// blanks, with an old `=type` suffix), `#` comments, `include PATTERN`.
fn read_configuration<F>(
    world: &dyn World<F>,
    file: &str,
    depth: usize,
    found: &mut Vec<Directory>,
) {
    let Some(text) = world.text(file) else { return };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("include") if depth < INCLUDE_DEPTH => {
                for pattern in words {
                    for included in matching(world, pattern) {
                        read_configuration(world, &included, depth.saturating_add(1), found);
                    }
                }
            }
            Some("include" | "hwcap") | None => {}
            Some(_) => {
                let separators: &[char] = &[' ', '\t', ',', ':'];
                for folder in directories::split(line, separators) {
                    let folder = folder.split('=').next().unwrap_or_default();
                    if folder.starts_with('/') {
                        let path = ModulePath::new(Place::System, folder);
                        found.push(Directory::new(path, Why::PathFile(file.to_owned())));
                    }
                }
            }
        }
    }
}

/// The files that an include pattern names, sorted; a relative one is under `/etc`. As
/// in every ld.so.conf known, only the last part may hold wildcards.
fn matching<F>(world: &dyn World<F>, pattern: &str) -> Vec<String> {
    let pattern = if pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        format!("/etc/{pattern}")
    };
    let Some((folder, name)) = pattern.rsplit_once('/') else {
        return Vec::new();
    };
    let Ok(glob) = GlobBuilder::new(name).literal_separator(true).build() else {
        return Vec::new();
    };
    let glob = glob.compile_matcher();
    world
        .list(folder)
        .into_iter()
        // A shell's pattern does not match a hidden file unless it begins with a dot.
        .filter(|file| !file.starts_with('.') || name.starts_with('.'))
        .filter(|file| glob.is_match(file))
        .map(|file| format!("{folder}/{file}"))
        .collect()
}
