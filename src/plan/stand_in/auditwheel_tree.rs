//! What `auditwheel lddtree` finds: the libraries of one file by the rules of auditwheel 6.8
//! (`lddtree`), which are simpler than any loader's. A name is looked for once in all of the tree,
//! depth first, and the run path of the first file counts for every other.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::elf::{Arch, Facts, Soname};
use crate::plan::needs::outside::is_libpython;
use crate::resolve::{
    Bound, Budget, ElfFile, Exceeded, Libc, Meter, ModulePath, Opened, Place, World,
    configured_folders,
};
use crate::wheel::Untrusted;

/// A world whose folders and links can be asked for one by one.
pub trait Disk: World {
    /// Is there a folder at this path?
    fn is_folder(&self, path: &ModulePath) -> bool;

    /// What the symbolic link at this path says, if it is one.
    fn link(&self, path: &ModulePath) -> Option<String>;
}

/// What is asked.
pub struct TreeRequest {
    /// The file as it was named.
    pub given: Untrusted,
    /// The same from the root on, links not followed.
    pub path: ModulePath,
    /// Where a path that names no root begins.
    pub working_directory: ModulePath,
    /// The folders of the environment, separated by colons.
    pub environment: String,
    /// `--ldpaths`: folders that take the place of the configured ones.
    pub ldpaths: Option<String>,
    /// How much work the files may ask for.
    pub budget: Budget,
}

/// A file with what it pulls in.
pub struct AuditTree {
    /// The loader that it asks for.
    pub interpreter: Option<ModulePath>,
    /// Whose loader loads it, where that is told.
    pub libc: Option<Libc>,
    /// The file itself.
    pub file: Arc<ElfFile>,
    /// The folders of its DT_RPATH that there are.
    pub rpath: Vec<ModulePath>,
    /// The folders of its DT_RUNPATH that there are.
    pub runpath: Vec<ModulePath>,
    /// Everything needed, in the order in which it was met.
    pub libraries: Vec<AuditLibrary>,
}

/// One needed name.
pub struct AuditLibrary {
    /// The name.
    pub soname: Untrusted,
    /// Where it was found: the path that was tried and, with the file's links followed, the real one.
    pub found: Option<(ModulePath, ModulePath)>,
    /// Of which file the platform is told, and with it what it needs.
    pub platform: Option<Arc<ElfFile>>,
    /// What it needs itself.
    pub needed: Vec<Soname>,
}

struct Search<'a> {
    disk: &'a dyn Disk,
    request: &'a TreeRequest,
    /// What the first file adds for all: before, and after, what each file says itself.
    first: (Vec<ModulePath>, Vec<ModulePath>),
    environment: Vec<ModulePath>,
    system: Vec<ModulePath>,
    steps: Meter,
}

/// A file whose needs are gone through.
struct Frame {
    needed: std::vec::IntoIter<Soname>,
    folders: Vec<ModulePath>,
    file: Arc<ElfFile>,
}

/// Look for everything that `file` needs.
///
/// # Errors
/// When the files ask for more work than the request's budget allows.
pub fn audit_tree(
    disk: &dyn Disk,
    request: &TreeRequest,
    file: &Arc<ElfFile>,
) -> Result<AuditTree, Exceeded> {
    request.budget.allow_file(&request.path, &file.facts)?;
    let facts = &file.facts;
    let libc = libc_by_needs(facts).or_else(|| libc_by_name(request.path.file_name()));
    let mut search = Search {
        disk,
        request,
        first: (Vec::new(), Vec::new()),
        environment: Vec::new(),
        system: Vec::new(),
        steps: Meter::new(&request.budget, Bound::SearchSteps),
    };
    let (rpath, runpath) = search.run_paths(facts, &request.path);
    search.first = (rpath.clone(), runpath.clone());
    search.environment = search.folders(&request.environment, None);
    search.system = match &request.ldpaths {
        Some(list) => search.folders(list, None),
        None => configured(disk, libc, facts.machine.arch(), &request.budget)?,
    };
    let mut libraries = Vec::new();
    let interpreter = facts.interpreter.as_ref();
    let interpreter = interpreter.map(|text| ModulePath::new(Place::System, text));
    if let Some(path) = &interpreter {
        let folder = path.parent();
        let under_usr = ModulePath::new(Place::System, &format!("/usr{}", folder.as_str()));
        search.system.extend([folder, under_usr]);
        libraries.push(AuditLibrary {
            soname: path.file_name().into(),
            found: Some((path.clone(), search.real(path))),
            platform: Some(Arc::clone(file)),
            needed: Vec::new(),
        });
    }
    search.walk(file, &mut libraries)?;
    Ok(AuditTree {
        interpreter,
        libc,
        file: Arc::clone(file),
        rpath,
        runpath,
        libraries,
    })
}

impl Search<'_> {
    fn walk(&self, root: &Arc<ElfFile>, libraries: &mut Vec<AuditLibrary>) -> Result<(), Exceeded> {
        let mut known: BTreeSet<Untrusted> =
            libraries.iter().map(|one| one.soname.clone()).collect();
        let mut stack = vec![self.frame(root, &self.request.path)?];
        while let Some(frame) = stack.last_mut() {
            let Some(name) = frame.needed.next() else {
                stack.pop();
                continue;
            };
            if !known.insert(name.as_str().into()) {
                continue;
            }
            // A libpython is looked for by nobody: it will be taken away.
            let found = match is_libpython(name.as_str()) {
                true => None,
                false => self.find(name.as_str(), frame),
            };
            let count = frame.folders.len() as u64;
            self.steps.spend(count, &self.request.path)?;
            let next = found.as_ref();
            let next = next.map(|(_, real, file)| self.frame(file, real));
            let next = next.transpose()?;
            let (place, file) = match found {
                Some((path, real, file)) => (Some((path, real)), Some(file)),
                None => (None, None),
            };
            libraries.push(AuditLibrary {
                soname: name.as_str().into(),
                found: place,
                needed: file
                    .as_ref()
                    .map_or_else(Vec::new, |file| file.facts.needed.clone()),
                platform: file,
            });
            stack.extend(next);
            let depth = stack.len() as u64;
            let budget = &self.request.budget;
            budget.allow(Bound::Depth, depth, &self.request.path)?;
        }
        Ok(())
    }

    fn frame(&self, file: &Arc<ElfFile>, path: &ModulePath) -> Result<Frame, Exceeded> {
        self.request.budget.allow_file(path, &file.facts)?;
        let (rpath, runpath) = self.run_paths(&file.facts, path);
        let (before, after) = self.first.clone();
        let folders = [before, rpath, runpath, self.environment.clone(), after];
        let folders = [folders.concat(), self.system.clone()].concat();
        let budget = &self.request.budget;
        budget.allow(Bound::SearchFolders, folders.len() as u64, path)?;
        self.steps.spend(folders.len() as u64, path)?;
        Ok(Frame {
            needed: file.facts.needed.clone().into_iter(),
            folders,
            file: Arc::clone(file),
        })
    }

    fn find(&self, name: &str, of: &Frame) -> Option<(ModulePath, ModulePath, Arc<ElfFile>)> {
        of.folders.iter().find_map(|folder| {
            let path = match name.starts_with('/') {
                true => ModulePath::new(Place::System, name),
                false => folder.join(name),
            };
            let real = self.real(&path);
            match self.disk.open(&real) {
                Opened::Elf(file) if is_compatible(&file.facts, &of.file.facts) => {
                    Some((path, real, file))
                }
                _ => None,
            }
        })
    }

    /// The path with the file's own links followed, not those of its folders.
    fn real(&self, path: &ModulePath) -> ModulePath {
        let mut path = path.clone();
        // As many links as a kernel follows.
        for _ in 0..40 {
            let Some(target) = self.disk.link(&path) else {
                break;
            };
            path = match target.starts_with('/') {
                true => ModulePath::new(path.place(), &target),
                false => path.parent().join(&target),
            };
        }
        path
    }

    /// The folders of DT_RPATH and of DT_RUNPATH; where the second leads anywhere the first counts
    /// for nothing.
    fn run_paths(&self, facts: &Facts, path: &ModulePath) -> (Vec<ModulePath>, Vec<ModulePath>) {
        let folders = |text: &Option<String>| {
            self.folders(text.as_deref().unwrap_or_default(), Some(&path.parent()))
        };
        let (rpath, runpath) = (folders(&facts.rpath), folders(&facts.runpath));
        match runpath.is_empty() {
            true => (rpath, runpath),
            false => (Vec::new(), runpath),
        }
    }

    /// The folders of a list that there are, each once.
    fn folders(&self, list: &str, origin: Option<&ModulePath>) -> Vec<ModulePath> {
        let mut found: Vec<ModulePath> = Vec::new();
        for entry in list.split(':').filter(|_| !list.is_empty()) {
            let folder = origin.map_or("", ModulePath::as_str);
            let expanded = entry
                .replace("${ORIGIN}", folder)
                .replace("$ORIGIN", folder);
            let path = match (entry, origin) {
                ("", _) => self.request.working_directory.clone(),
                // Of the environment an entry without a root means what it means to a shell.
                (_, None) if !expanded.starts_with('/') => {
                    self.request.working_directory.join(&expanded)
                }
                _ => ModulePath::new(Place::System, &expanded),
            };
            if !found.contains(&path) && self.disk.is_folder(&path) {
                found.push(path);
            }
        }
        found
    }
}

/// The folders that the system's configuration names. Where the C library is not told it is taken
/// for glibc.
fn configured(
    disk: &dyn Disk,
    libc: Option<Libc>,
    arch: Option<Arch>,
    budget: &Budget,
) -> Result<Vec<ModulePath>, Exceeded> {
    let libc = libc.unwrap_or(Libc::Glibc);
    let mut found: Vec<ModulePath> = Vec::new();
    for folder in configured_folders(disk, libc, arch, budget)? {
        if libc == Libc::Musl || !found.contains(&folder) && disk.is_folder(&folder) {
            found.push(folder);
        }
    }
    if libc == Libc::Glibc {
        let trusted = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
        found.extend(trusted.map(|folder| ModulePath::new(Place::System, folder)));
    }
    Ok(found)
}

/// What the loader that a program asks for tells, and the names that a file needs. (Ours is
/// `resolve::libc_of`, which knows more.)
fn libc_by_needs(facts: &Facts) -> Option<Libc> {
    if let Some(interpreter) = &facts.interpreter {
        let musl = interpreter.rsplit('/').next()?.starts_with("ld-musl-");
        return Some(if musl { Libc::Musl } else { Libc::Glibc });
    }
    facts.needed.iter().find_map(|name| {
        let begins =
            |starts: [&str; 2]| starts.iter().any(|start| name.as_str().starts_with(start));
        if begins(["libc.musl-", "ld-musl-"]) {
            return Some(Libc::Musl);
        }
        let glibc = name.as_str() == "libc.so.6" || begins(["ld-linux-", "ld64.so."]);
        glibc.then_some(Libc::Glibc)
    })
}

/// What the end of an extension's name tells. Before Python 3.11 those for musl ended like those
/// for glibc.
fn libc_by_name(name: &str) -> Option<Libc> {
    let ends = |ends: [&str; 2]| ends.iter().any(|end| name.ends_with(end));
    if ends(["-arm-linux-musleabihf.so", "-linux-musl.so"]) {
        return Some(Libc::Musl);
    }
    let tag = name.strip_suffix(".so")?.rsplit('.').next()?;
    let mut parts = tag.split('-');
    let minor = match (parts.next(), parts.next()) {
        (Some("cpython"), Some(version)) => version.strip_prefix('3')?.get(..2)?,
        _ => return None,
    };
    let young = minor.parse::<u8>().is_ok_and(|minor| minor >= 11);
    (young && ends(["-arm-linux-gnueabihf.so", "-linux-gnu.so"])).then_some(Libc::Glibc)
}

/// System V's and Linux' names of one ABI are one.
fn is_compatible(one: &Facts, other: &Facts) -> bool {
    let abi = |facts: &Facts| if facts.os_abi == 3 { 0 } else { facts.os_abi };
    let key = |facts: &Facts| (abi(facts), facts.class, facts.endian, facts.machine.number);
    key(one) == key(other)
}

#[cfg(test)]
mod tests {
    use super::libc_by_name;
    use crate::resolve::Libc;

    #[test]
    fn an_extension_s_name_tells_the_c_library_from_python_3_11_on() {
        let of = |tag: &str| libc_by_name(&format!("_core.{tag}.so"));
        assert_eq!(of("cpython-310-x86_64-linux-musl"), Some(Libc::Musl));
        assert_eq!(of("cpython-313-x86_64-linux-gnu"), Some(Libc::Glibc));
        assert_eq!(of("cpython-310-x86_64-linux-gnu"), None);
        assert_eq!(of("abi3"), None);
        assert_eq!(libc_by_name("libfoo.so.1"), None);
    }
}
