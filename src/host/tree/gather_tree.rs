//! Read an installed tree: its files, who installed them, and what its ELF files say.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::change_file::is_temporary;
use super::root::{TreeRoot, text};
use super::seen::Seen;
use super::store::Manifest;
use crate::elf;
use crate::error::Error;
use crate::host::Progress;
use crate::host::limits::Limits;
use crate::plan::{
    Distribution, LinkTarget, STORE, STORE_INFO, STORE_MANIFEST, Tree, TreeElf, TreeFile,
    followed_link, module_path,
};
use crate::resolve::{ElfFile, FileIdentity};
use crate::wheel::{ArchivePath, InstalledRecord, Sentence, Untrusted, sentence};

/// What a killed run of `slim` was about.
pub(super) const JOURNAL: &str = ".wheelfix-slim.json";
/// The most bytes of a RECORD: a hundred thousand rows have ten million.
pub(super) const MOST_RECORD: u64 = 32 << 20;

/// An installed tree as it was found.
pub struct GatheredTree {
    /// Its folder.
    pub(super) root: TreeRoot,
    /// What is in it.
    pub tree: Tree,
    /// Its ELF libraries; links are there with the file behind them.
    pub elf: BTreeMap<ArchivePath, TreeElf>,
    /// What a person should know.
    pub notes: Vec<Sentence>,
    /// What each file was.
    pub(super) seen: BTreeMap<ArchivePath, Seen>,
    /// What a killed run left behind.
    pub(super) leftovers: Vec<ArchivePath>,
    /// What earlier runs of `dedupe` linked, once it was looked for.
    pub(super) manifest: Option<Manifest>,
    /// Whether there is a store that an earlier wheelfix made a distribution.
    pub(super) has_old_store: bool,
}

/// Read the tree of a folder. Who is going to change it has locked it before.
///
/// # Errors
/// When it cannot be read, or is no folder that distributions are installed in, or its files are
/// links into a cache.
pub fn gather_tree(root: TreeRoot, progress: &dyn Progress) -> Result<GatheredTree, Error> {
    let mut gathered = GatheredTree::of_files(root)?;
    if gathered.tree.distributions.is_empty() {
        return Err(Error::Refused {
            path: gathered.site().to_owned(),
            why: "nothing is installed there: no `….dist-info` with a RECORD in it".into(),
            hint: "give the site-packages folder itself, for example \
                   `/usr/lib/python3.13/site-packages`"
                .into(),
        });
    }
    gathered.refuse_cache_links()?;
    gathered.read_elf(progress)?;
    Ok(gathered)
}

impl GatheredTree {
    /// Its files, and who installed them; no library is looked into.
    pub(super) fn of_files(root: TreeRoot) -> Result<Self, Error> {
        let mut gathered = Self {
            root,
            tree: Tree::default(),
            elf: BTreeMap::new(),
            notes: Vec::new(),
            seen: BTreeMap::new(),
            leftovers: Vec::new(),
            manifest: None,
            has_old_store: false,
        };
        gathered.walk()?;
        gathered.read_records()?;
        Ok(gathered)
    }

    /// Its folder, links followed.
    #[must_use]
    pub fn site(&self) -> &Path {
        self.root.path()
    }

    /// How much its files may ask for.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.root.limits()
    }

    /// A path of the tree on this machine.
    #[must_use]
    pub fn host_path(&self, path: &ArchivePath) -> PathBuf {
        self.root.host_path(path.as_str())
    }

    /// Find the store, which a plan of `dedupe` goes by.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when a package brought it, or it is not as wheelfix makes it.
    pub fn find_store(&mut self) -> Result<(), Error> {
        if self.tree.files.contains_key(STORE) {
            return Err(self.untrusted(STORE, "it is no folder".into()));
        }
        for distribution in &self.tree.distributions {
            let mut paths = distribution.record.paths();
            if let Some(path) = paths.find(|path| path.starts_with(STORE)) {
                let name = Untrusted::from(distribution.name.as_str());
                let why = sentence!("{} brought it, and only wheelfix puts files there", name);
                return Err(self.untrusted(path.as_str(), why));
            }
        }
        self.manifest = Manifest::load(&self.root, self.has_old_store)?;
        self.tree.has_store = self.manifest.is_some();
        let links = self.manifest.iter().flat_map(|manifest| &manifest.links);
        for (path, alias) in links {
            let owner = |path: &str| self.tree.owners.get(path);
            let owners = (owner(path), owner(&alias.target));
            if let (Some(own), Some(other)) = owners
                && own != other
            {
                let path = Untrusted::from(path.as_str());
                let why = sentence!("{}: its target is another package's", path);
                return Err(self.untrusted(STORE_MANIFEST, why));
            }
        }
        Ok(())
    }

    fn untrusted(&self, path: &str, why: Sentence) -> Error {
        Error::Untrusted {
            path: self.root.host_path(path),
            why,
        }
    }

    fn walk(&mut self) -> Result<(), Error> {
        let mut folders: Vec<Option<ArchivePath>> = vec![None];
        while let Some(folder) = folders.pop() {
            let within = text(folder.as_ref());
            let failed = |error| self.root.failed("read the folder", within, error);
            for (name, metadata) in self.root.entries(within).map_err(failed)? {
                let own = name.to_str().and_then(|name| match &folder {
                    Some(folder) => folder.join(name).ok(),
                    None => ArchivePath::parse(name).ok(),
                });
                let Some(own) = own else {
                    let path = self.root.host_path(within).join(&name);
                    let path = Untrusted::from(&path);
                    let note = sentence!("{}: a name that no wheel can have; left alone", path);
                    self.notes.push(note);
                    continue;
                };
                if metadata.is_dir() {
                    folders.push(Some(own));
                } else if ![JOURNAL, STORE_MANIFEST].contains(&own.as_str()) {
                    self.add(own, &metadata)?;
                }
            }
        }
        self.notes.sort();
        Ok(())
    }

    fn add(&mut self, path: ArchivePath, metadata: &Metadata) -> Result<(), Error> {
        let link = if metadata.is_symlink() {
            let text = self.root.read_link(path.as_str())?.unwrap_or_default();
            Some(match followed_link(&path, &text) {
                Some(target) => LinkTarget::Inside(target),
                None => LinkTarget::Outside(text.into()),
            })
        } else if metadata.is_file() {
            None
        } else {
            let kind = metadata.file_type();
            let kind = match () {
                () if kind.is_fifo() => "a pipe",
                () if kind.is_socket() => "a socket",
                () => "a device",
            };
            let path = self.host_path(&path);
            let path = Untrusted::from(&path);
            let note = sentence!("{}: {}; left alone", path, kind);
            self.notes.push(note);
            return Ok(());
        };
        let size = metadata.len();
        self.seen.insert(path.clone(), Seen::of(metadata));
        self.tree.files.insert(path, TreeFile { size, link });
        Ok(())
    }

    fn read_records(&mut self) -> Result<(), Error> {
        let records: Vec<ArchivePath> = self
            .tree
            .files
            .keys()
            .filter(|path| {
                let parts: Vec<&str> = path.components().collect();
                matches!(parts.as_slice(), [info, "RECORD"] if info.ends_with(".dist-info"))
            })
            .cloned()
            .collect();
        self.has_old_store = self.is_old_store()?;
        for record_path in records {
            if record_path.first() == STORE_INFO && self.has_old_store {
                continue;
            }
            match self
                .tree
                .files
                .get(&record_path)
                .and_then(|file| file.link.as_ref())
            {
                None => {}
                Some(LinkTarget::Outside(target)) => {
                    return Err(self.cache_link(&record_path, target.as_str()));
                }
                Some(LinkTarget::Inside(_)) => {
                    let note = sentence!("{}: a link; its files are left alone", record_path);
                    self.notes.push(note);
                    continue;
                }
            }
            let (bytes, metadata) = self.root.read(record_path.as_str(), MOST_RECORD)?;
            self.seen.insert(record_path.clone(), Seen::of(&metadata));
            self.add_distribution(record_path, &bytes);
        }
        self.take_leftovers();
        Ok(())
    }

    fn add_distribution(&mut self, record_path: ArchivePath, bytes: &[u8]) {
        let record = match InstalledRecord::parse(bytes) {
            Ok(record) => record,
            Err(error) => {
                let note = sentence!("{}: {}; its files are left alone", record_path, error);
                self.notes.push(note);
                return;
            }
        };
        let index = self.tree.distributions.len();
        for path in record.paths() {
            if self.tree.files.contains_key(path) {
                self.tree.owners.entry(path.clone()).or_insert(index);
            }
        }
        let info = record_path.first();
        let name = info.strip_suffix(".dist-info").unwrap_or(info).to_owned();
        self.tree.distributions.push(Distribution {
            name: name.into(),
            record_path,
            record,
        });
    }

    /// Whether there is a store that an earlier wheelfix made. Installers that follow the standards
    /// write their own name where it wrote its own; a killed run of it had not come to that.
    fn is_old_store(&self) -> Result<bool, Error> {
        let of_store = |path: &&ArchivePath| path.first() == STORE_INFO;
        if !self.tree.files.keys().any(|path| of_store(&path)) {
            return Ok(false);
        }
        let path = format!("{STORE_INFO}/INSTALLER");
        match self.tree.files.get(path.as_str()) {
            None => Ok(true),
            Some(file) if file.link.is_some() => Ok(false),
            Some(_) => {
                let (bytes, _) = self.root.read(&path, MOST_RECORD)?;
                Ok(bytes == b"wheelfix\n")
            }
        }
    }

    /// What has the name of something half done, and no package brought. Under the lock no other
    /// run is at it.
    fn take_leftovers(&mut self) {
        let Ok(owner) = self.root.owner() else {
            return;
        };
        let own = rustix::process::geteuid().as_raw();
        let is_ours = |seen: &Seen| [own, owner.0].contains(&seen.owner().0);
        let files = self.tree.files.keys();
        let left = files.filter(|path| {
            is_temporary(path.file_name())
                && !self.tree.owners.contains_key(*path)
                && self.seen.get(*path).is_some_and(is_ours)
        });
        self.leftovers = left.cloned().collect();
        for path in &self.leftovers {
            self.tree.files.remove(path);
        }
    }

    /// What lies in a cache belongs to every environment that uses it.
    fn refuse_cache_links(&self) -> Result<(), Error> {
        for (path, file) in &self.tree.files {
            if let Some(LinkTarget::Outside(target)) = &file.link
                && self.tree.owners.contains_key(path)
            {
                return Err(self.cache_link(path, target.as_str()));
            }
        }
        Ok(())
    }

    fn cache_link(&self, path: &ArchivePath, target: &str) -> Error {
        Error::Refused {
            path: self.host_path(path),
            why: sentence!(
                "it is a link out of the tree, to {}: its content belongs to others as well, to \
                 uv's cache for example (`link-mode = symlink`)",
                Untrusted::from(target)
            ),
            hint: "install with `uv pip install --link-mode=copy` (or `hardlink`) and run it again"
                .into(),
        }
    }

    fn read_elf(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let named: Vec<(&ArchivePath, u64)> = self
            .tree
            .files
            .iter()
            .filter(|(path, file)| {
                let name = path.file_name();
                file.link.is_none() && (name.ends_with(".so") || name.contains(".so."))
            })
            .map(|(path, file)| (path, file.size))
            .collect();
        progress.expect(named.iter().map(|(_, size)| size).sum());
        let read: Vec<Option<(ArchivePath, TreeElf)>> = named
            .par_iter()
            .map(|(path, size)| {
                let one = read_one(&self.root, path)?;
                progress.advance(*size);
                Ok(one.map(|one| ((*path).clone(), one)))
            })
            .collect::<Result<_, Error>>()?;
        self.elf = read.into_iter().flatten().collect();
        let links: Vec<(ArchivePath, TreeElf)> = self
            .tree
            .files
            .iter()
            .filter(|(_, file)| file.link.is_some())
            .filter_map(|(path, _)| {
                Some((path.clone(), self.elf.get(self.tree.real(path)?)?.clone()))
            })
            .collect();
        self.elf.extend(links);
        Ok(())
    }
}

fn read_one(root: &TreeRoot, path: &ArchivePath) -> Result<Option<TreeElf>, Error> {
    let failed = |error| Error::io("read", root.host_path(path.as_str()), error);
    let (file, metadata): (File, Metadata) = root.open_file(path.as_str())?;
    let length = metadata.len();
    let mut magic = [0; 4];
    if length < 4 || file.read_exact_at(&mut magic, 0).is_err() || !elf::is_elf(&magic) {
        return Ok(None);
    }
    let read = |at: u64, size: u64| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    };
    // A broken file is no library that anything could be said of.
    let Ok(links) = elf::read_links(length, read).map_err(failed)? else {
        return Ok(None);
    };
    Ok(Some(TreeElf {
        code: links.code,
        file: Arc::new(ElfFile {
            identity: FileIdentity(path.as_str().to_owned()),
            real_path: module_path(path),
            facts: Arc::new(links.facts),
            digest: [0; 32],
            size: length,
            strippable: 0,
        }),
    }))
}
