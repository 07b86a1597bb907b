//! What a loader can see: files by absolute path, asked one at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::elf::{Facts, LoadFacts};
use crate::wheel::{Shown, Untrusted};

/// Which tree a path belongs to. A wheel that is not installed yet has no place on the
/// target machine, so its files live in a tree of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// site-packages as the wheel's installation would fill it.
    Wheel,
    /// The folder that receives the wheel's scripts.
    WheelScripts,
    /// The installation prefix, for `.data/data` and whatever else lands outside of
    /// site-packages.
    WheelPrefix,
    /// The root in which libraries are looked for (`--sysroot`, `/` by default).
    System,
    /// A folder of the machine that runs wheelfix, outside of the sysroot (`--lib-path`).
    Host,
}

/// An absolute, normalised path (`/usr/lib/libz.so.1`) in one of the trees.
///
/// Its text is shared: a path stands in many edges and plans, and a clone costs a count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModulePath {
    place: Place,
    #[serde(serialize_with = "text")]
    path: Arc<str>,
}

fn text<S: Serializer>(path: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path)
}

impl ModulePath {
    /// A path of `place`; `path` is normalised as text: `.` and empty parts go, `..`
    /// takes one part back. The second value says whether a `..` went above the root.
    pub fn normalised(place: Place, path: &str) -> (Self, bool) {
        let mut parts: Vec<&str> = Vec::new();
        let mut escaped = false;
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => escaped |= parts.pop().is_none(),
                other => parts.push(other),
            }
        }
        let path = format!("/{}", parts.join("/")).into();
        (Self { place, path }, escaped)
    }

    /// A path of `place`; a `..` above the root stays at the root, as in a file system.
    pub fn new(place: Place, path: &str) -> Self {
        Self::normalised(place, path).0
    }

    /// The tree it belongs to.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The text, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The text without its leading `/`: an archive's or a wheel's way to write it.
    pub fn relative(&self) -> &str {
        self.path.trim_start_matches('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that holds it (`/` for the root itself).
    pub fn parent(&self) -> Self {
        let cut = self.path.rfind('/').unwrap_or(0);
        let path = self.path.get(..cut).filter(|parent| !parent.is_empty());
        Self {
            place: self.place,
            path: path.unwrap_or("/").into(),
        }
    }

    /// `name` inside of this folder; `name` may have several parts.
    pub fn join(&self, name: &str) -> Self {
        if !name.is_empty() && !name.starts_with('.') && !name.contains('/') {
            // One part: nothing to normalise, and most paths that are tried are made so.
            let folder = self.path.trim_end_matches('/');
            return Self {
                place: self.place,
                path: [folder, "/", name].concat().into(),
            };
        }
        Self::new(self.place, &format!("{}/{name}", self.path))
    }

    /// Does it lie in a wheel?
    pub fn in_wheel(&self) -> bool {
        matches!(
            self.place,
            Place::Wheel | Place::WheelScripts | Place::WheelPrefix
        )
    }
}

impl Shown for ModulePath {}

impl fmt::Display for ModulePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.place {
            Place::Wheel => self.relative().to_owned(),
            Place::WheelScripts => format!("<scripts>{}", self.path),
            Place::WheelPrefix => format!("<prefix>{}", self.path),
            Place::System | Place::Host => self.path.to_string(),
        };
        formatter.write_str(&crate::wheel::escape(&text))
    }
}

/// What makes two paths one file (device and inode on a disk). Loaders keep one
/// instance of it, whatever the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity(pub String);

/// One ELF file, as the loader would map it. Of the files of a tree no more is read than loaders
/// go by: theirs are `ElfFile<LoadFacts>`.
#[derive(Clone, Debug)]
pub struct ElfFile<F = Facts> {
    /// What makes it this file.
    pub identity: FileIdentity,
    /// Its path with every symbolic link followed.
    pub real_path: ModulePath,
    /// What its headers say.
    pub facts: Arc<F>,
    /// SHA-256 of the file's bytes.
    pub digest: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
    /// How many bytes stripping it would save.
    pub strippable: u64,
}

/// What is known of a file that is loaded.
pub trait Loadable: AsRef<LoadFacts> {
    /// How many names it defines and asks for, as far as they are known.
    fn names(&self) -> u64;
}

impl Loadable for Facts {
    fn names(&self) -> u64 {
        let versions = self.version_needs.iter();
        let versions = versions.map(|need| need.versions.len().saturating_add(1) as u64);
        versions.fold(self.symbols.len() as u64, u64::saturating_add)
    }
}

impl Loadable for LoadFacts {
    fn names(&self) -> u64 {
        0
    }
}

impl<F: AsRef<LoadFacts>> ElfFile<F> {
    /// What loaders go by.
    pub fn load(&self) -> &LoadFacts {
        (*self.facts).as_ref()
    }
}

/// What opening a path gave.
#[derive(Clone, Debug)]
pub enum Opened<F = Facts> {
    /// No such file, or a dangling or looping link.
    Missing,
    /// There, but not a regular file.
    NotAFile,
    /// There, but it cannot be read: why.
    Unreadable(Untrusted),
    /// A regular file that is not ELF (a linker script, an archive, a text).
    NotElf,
    /// It begins as ELF and is broken: how.
    Malformed(Untrusted),
    /// An ELF file.
    Elf(Arc<ElfFile<F>>),
}

/// The files that a loader can see. Answers must not change while one resolves.
pub trait World<F = Facts> {
    /// What opening `path` gives, following symbolic links inside of the path's tree.
    fn open(&self, path: &ModulePath) -> Opened<F>;

    /// The content of a small configuration file of the system; `None` when it is not
    /// there, an empty text when it cannot be read (as musl takes it).
    fn text(&self, path: &str) -> Option<String>;

    /// The names in a folder of the system, sorted; empty when there is no such folder.
    fn list(&self, folder: &str) -> Vec<String>;
}

/// A world made by hand, for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    files: BTreeMap<ModulePath, Opened>,
    texts: BTreeMap<String, String>,
}

impl MemoryWorld {
    /// An empty world.
    pub fn new() -> Self {
        Self::default()
    }

    /// Put an ELF file at `path`; its identity is its own path.
    pub fn elf(&mut self, path: &ModulePath, facts: Facts) {
        let file = ElfFile {
            identity: FileIdentity(path.as_str().to_owned()),
            real_path: path.clone(),
            facts: Arc::new(facts),
            digest: [0; 32],
            size: 0,
            strippable: 0,
        };
        self.files.insert(path.clone(), Opened::Elf(Arc::new(file)));
    }

    /// Make `path` a symbolic link to `target`, which must be there already.
    pub fn link(&mut self, path: &ModulePath, target: &ModulePath) {
        let opened = self.open(target);
        self.files.insert(path.clone(), opened);
    }

    /// Let `path` answer with `opened`.
    pub fn answer(&mut self, path: &ModulePath, opened: Opened) {
        self.files.insert(path.clone(), opened);
    }

    /// Put a text file of the system at `path`.
    pub fn write(&mut self, path: &str, text: &str) {
        self.texts.insert(path.to_owned(), text.to_owned());
    }
}

impl World for MemoryWorld {
    fn open(&self, path: &ModulePath) -> Opened {
        self.files.get(path).cloned().unwrap_or(Opened::Missing)
    }

    fn text(&self, path: &str) -> Option<String> {
        self.texts.get(path).cloned()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.texts
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter(|rest| !rest.contains('/'))
            .map(str::to_owned)
            .collect()
    }
}
