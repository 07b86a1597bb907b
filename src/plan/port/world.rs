//! The files that a loader sees when wheels for glibc are to run without it: theirs, and the runtime
//! libraries that are to come along. glibc's own are not there: what they define is known by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::needs::subject::ElfEntry;
use crate::plan::port::library::{self, Runtime};
use crate::resolve::{ElfFile, ModulePath, Opened, Place, World};

/// Where runtime libraries come from.
#[derive(Clone, Debug, Default)]
pub struct RuntimeFolders {
    /// Folders with libraries for glibc: everything in them may come along.
    pub glibc: Vec<ModulePath>,
    /// Folders with libraries for musl, of which only those come along that have to be for it.
    pub musl: Vec<ModulePath>,
    /// The root that is looked into is one of glibc: its well-known runtimes may come along.
    pub root_is_glibc: bool,
}

/// What a loader sees.
pub struct PortWorld<'a> {
    files: BTreeMap<ModulePath, Arc<ElfFile>>,
    system: &'a (dyn World + Sync),
    folders: &'a RuntimeFolders,
}

impl<'a> PortWorld<'a> {
    /// The files of wheels, beside a system of which only runtimes count.
    pub fn new<'e>(
        elf: impl IntoIterator<Item = &'e ElfEntry>,
        system: &'a (dyn World + Sync),
        folders: &'a RuntimeFolders,
    ) -> Self {
        let files = elf.into_iter();
        Self {
            files: files
                .map(|entry| (entry.installed.clone(), Arc::clone(&entry.file)))
                .collect(),
            system,
            folders,
        }
    }

    /// The files of the wheels that a loader is asked for: those that are linked, but for what is
    /// replaced.
    pub fn roots(&self) -> Vec<ModulePath> {
        let files = self.files.iter();
        files
            .filter(|(path, file)| file.facts.dynamic && !self.is_replaced(path))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Is a file of a wheel replaced by a build for musl that is there?
    fn is_replaced(&self, path: &ModulePath) -> bool {
        library::is_replaced(path.file_name()) && self.for_musl(path.file_name()).is_some()
    }

    fn for_musl(&self, name: &str) -> Option<Arc<ElfFile>> {
        let plain = library::plain_name(name);
        self.folders
            .musl
            .iter()
            .find_map(|folder| match self.system.open(&folder.join(&plain)) {
                Opened::Elf(file) => Some(file),
                _ => None,
            })
    }

    fn of_system(&self, path: &ModulePath) -> Opened {
        let (folder, name) = (path.parent(), path.file_name());
        let of_musl = self.folders.musl.contains(&folder);
        let known = match library::runtime(name) {
            _ if library::is_given(name) => false,
            // Under its plain name, whatever version the file asks for.
            Some(Runtime::Musl) => {
                let found = self.for_musl(name).filter(|_| of_musl);
                return found.map_or(Opened::Missing, Opened::Elf);
            }
            // A folder for musl has a libstdc++ too, and that is the wrong one.
            _ if of_musl => false,
            _ if self.folders.glibc.contains(&folder) => true,
            Some(Runtime::Ported) => self.folders.root_is_glibc && path.place() == Place::System,
            None => false,
        };
        match known {
            true => self.system.open(path),
            false => Opened::Missing,
        }
    }
}

impl World for PortWorld<'_> {
    fn open(&self, path: &ModulePath) -> Opened {
        if !path.in_wheel() {
            return self.of_system(path);
        }
        let Some(file) = self.files.get(path) else {
            return Opened::Missing;
        };
        if library::is_replaced(path.file_name())
            && let Some(other) = self.for_musl(path.file_name())
        {
            return Opened::Elf(other);
        }
        Opened::Elf(Arc::clone(file))
    }

    fn text(&self, path: &str) -> Option<String> {
        self.folders.root_is_glibc.then(|| self.system.text(path))?
    }

    fn list(&self, folder: &str) -> Vec<String> {
        match self.folders.root_is_glibc {
            true => self.system.list(folder),
            false => Vec::new(),
        }
    }
}
