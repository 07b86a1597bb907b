//! musl's rules, as `ldso/dynlink.c` has them (`load_library`, `fixup_rpath`,
//! `path_open`), read from musl 1.2.5.

use super::budget::{Bound, Budget, Exceeded, Meter};
use super::directories::{self, Directory};
use super::graph::Why;
use super::loader::Loader;
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

/// The folders of a file's own run path. What it needs is looked for there, then in those of the file
/// that needed it, up to the root: `for (p=needed_by; fd==-1 && p; p=p->needed_by)`.
pub(super) fn own(file: &LoadFacts, opened_as: &ModulePath) -> Vec<Directory> {
    // Both tags are one field, DT_RUNPATH wins: `if (dyn[DT_RUNPATH]) …`.
    let text = file
        .run_path
        .as_ref()
        .map(|run_path| run_path.value.as_str());
    let found = expand(text.unwrap_or_default(), opened_as);
    directories::of(&found, &Why::RunPath(opened_as.clone()))
}

/// The folders in which musl looks for a bare name, in order, where `run_paths` are those of the file
/// that needs it and of who needed that.
///
/// One step is not musl's: run path entries that lie inside of the wheel come first,
/// before `LD_LIBRARY_PATH`. On the machine where the wheel will run the variable of
/// this build is not set, so there they do come first.
pub(super) fn directories(
    loader: &Loader,
    run_paths: &[Directory],
    system: &[Directory],
) -> Vec<Directory> {
    let (inside, outside) = directories::parted(run_paths);
    let environment = directories::of(&loader.environment, &Why::Environment);
    let lib_path = directories::of(&loader.lib_path, &Why::LibPath);
    directories::joined([&*inside, &*environment, &*outside, &*lib_path, system])
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
pub(super) fn configured<F>(
    world: &dyn World<F>,
    arch: Option<Arch>,
    budget: &Budget,
) -> Result<Vec<Directory>, Exceeded> {
    let file = arch.map(|arch| format!("/etc/ld-musl-{}.path", loader_arch(arch)));
    let text = file.as_ref().and_then(|path| world.text(path));
    let (text, why) = match (&text, file) {
        (Some(text), Some(file)) => (text.as_str(), Why::PathFile(file.into())),
        _ => ("/lib:/usr/local/lib:/usr/lib", Why::Default),
    };
    let mut found = Vec::new();
    let file = ModulePath::new(Place::System, &why.to_string());
    let lines = Meter::new(budget, Bound::PathFileLines);
    for entry in directories::split(text, &[':', '\n']) {
        lines.spend(1, &file)?;
        if entry.starts_with('/') {
            budget.allow_text(entry, &file)?;
            let folder = ModulePath::new(Place::System, entry);
            found.push(Directory::new(folder, why.clone()));
        }
    }
    Ok(found)
}
