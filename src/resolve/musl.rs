//! musl's rules, as `ldso/dynlink.c` has them (`load_library`, `fixup_rpath`,
//! `path_open`), read from musl 1.2.5.

use super::directories::{self, Directory};
use super::graph::Why;
use super::process::{Loaded, Walk};
use super::world::{ModulePath, Place, World};
use crate::elf::{Arch, LoadFacts};

/// The stems for which `load_library` answers with itself, whatever follows the dot:
/// its table `"c.pthread.rt.m.dl.util.xnet."`, behind `lib`.
const RESERVED: [&str; 7] = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];

/// Does musl take `name` for itself?
pub(super) fn is_libc_name(name: &str) -> bool {
    let reserved = name
        .strip_prefix("lib")
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(stem, _)| RESERVED.contains(&stem));
    reserved || name.starts_with("ld-musl-")
}

/// The loader's name for a machine, as in `/lib/ld-musl-NAME.so.1` (`LDSO_ARCH`).
pub(super) fn loader_arch(arch: Arch) -> &'static str {
    match arch {
        Arch::I686 => "i386",
        Arch::Armv6l | Arch::Armv7l => "armhf",
        Arch::Ppc64 => "powerpc64",
        Arch::Ppc64le => "powerpc64le",
        other => other.name(),
    }
}

/// The folders in which musl looks for a bare name needed by `loaded`, in order.
///
/// One step is not musl's: run path entries that lie inside of the wheel come first,
/// before `LD_LIBRARY_PATH`. On the machine where the wheel will run the variable of
/// this build is not set, so there they do come first.
pub(super) fn directories<F: AsRef<LoadFacts>>(
    walk: &Walk<'_, F>,
    loaded: &Loaded,
) -> Vec<Directory> {
    let mut run_paths = Vec::new();
    // The needing file's run path, then that of the file which needed it, up to the
    // root: `for (p=needed_by; fd==-1 && p; p=p->needed_by)`.
    for holder in walk.chain(loaded) {
        let Some(module) = walk.graph.module(holder.module) else {
            continue;
        };
        // Both tags are one field, DT_RUNPATH wins: `if (dyn[DT_RUNPATH]) …`.
        let Some(text) = module
            .file
            .load()
            .run_path
            .as_ref()
            .map(|r| r.value.as_str())
        else {
            continue;
        };
        for entry in expand(text, &module.path) {
            run_paths.push(Directory::new(entry, Why::RunPath(module.path.clone())));
        }
    }
    let (inside, outside): (Vec<_>, Vec<_>) = run_paths
        .into_iter()
        .partition(|entry| entry.path.in_wheel());
    let environment = directories::of(&walk.loader.environment, &Why::Environment);
    let lib_path = directories::of(&walk.loader.lib_path, &Why::LibPath);
    [inside, environment, outside, lib_path, system(walk)].concat()
}

/// Has a run path a token that musl does not know? The whole of it then counts for nothing.
pub fn ignores(run_path: &str) -> bool {
    let mut tokens = run_path.split('$').skip(1);
    tokens.any(|rest| !rest.starts_with("ORIGIN") && !rest.starts_with("{ORIGIN}"))
}

/// `fixup_rpath`: `$ORIGIN` and `${ORIGIN}` become the folder of the path by which the
/// file was opened; any other `$` makes the whole run path count for nothing.
fn expand(text: &str, opened_as: &ModulePath) -> Vec<ModulePath> {
    if ignores(text) {
        return Vec::new();
    }
    directories::split(text, &[':', '\n'])
        .filter_map(|entry| directories::absolute(entry, opened_as))
        .collect()
}

/// The arch's path file, or the built-in list when there is none. A file that is empty
/// or cannot be read means that nothing is searched.
fn system<F>(walk: &Walk<'_, F>) -> Vec<Directory> {
    if !walk.loader.search_system {
        return Vec::new();
    }
    configured(walk.world, walk.loader.machine.arch())
}

/// The same, whether the system's folders are wanted or not.
pub(super) fn configured<F>(world: &dyn World<F>, arch: Option<Arch>) -> Vec<Directory> {
    let file = arch.map(|arch| format!("/etc/ld-musl-{}.path", loader_arch(arch)));
    let text = file.as_ref().and_then(|path| world.text(path));
    let (text, why) = match (&text, file) {
        (Some(text), Some(file)) => (text.as_str(), Why::PathFile(file)),
        _ => ("/lib:/usr/local/lib:/usr/lib", Why::Default),
    };
    directories::split(text, &[':', '\n'])
        .filter(|entry| entry.starts_with('/'))
        .map(|entry| Directory::new(ModulePath::new(Place::System, entry), why.clone()))
        .collect()
}

/// `load_library` compares a bare name with the short names of what is loaded.
pub(super) fn already_loaded(loaded: &Loaded, name: &str) -> bool {
    loaded.names.iter().any(|known| known == name)
}
