//! Read an installed tree: its files, who installed them, and what its ELF files say.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::elf;
use crate::error::Error;
use crate::host::Progress;
use crate::plan::{Distribution, LinkTarget, Tree, TreeElf, TreeFile, followed_link, module_path};
use crate::resolve::{ElfFile, FileIdentity};
use crate::wheel::{ArchivePath, InstalledRecord};

/// What a half-done change leaves behind when it is killed ends so.
pub(super) const TEMPORARY: &str = ".wheelfix-tmp";
/// What a killed run of `slim` was about.
pub(super) const JOURNAL: &str = ".wheelfix-slim.json";

/// An installed tree as it was found.
pub struct GatheredTree {
    /// Its folder.
    pub site: PathBuf,
    /// What is in it.
    pub tree: Tree,
    /// Its ELF libraries; links are there with the file behind them.
    pub elf: BTreeMap<ArchivePath, TreeElf>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// What a killed run left behind.
    pub(super) leftovers: Vec<PathBuf>,
}

/// Read the tree in `site`.
///
/// # Errors
/// When it cannot be read, or is no folder that distributions are installed in, or its files are
/// links into a cache.
pub fn gather_tree(site: &Path, progress: &dyn Progress) -> Result<GatheredTree, Error> {
    let failed = |error| Error::io("read", site, error);
    let site = fs::canonicalize(site).map_err(failed)?;
    let mut gathered = GatheredTree {
        tree: Tree::default(),
        elf: BTreeMap::new(),
        notes: Vec::new(),
        leftovers: Vec::new(),
        site,
    };
    gathered.walk()?;
    gathered.read_records()?;
    gathered.refuse_cache_links()?;
    gathered.read_elf(progress)?;
    Ok(gathered)
}

impl GatheredTree {
    /// A path of the tree on this machine.
    #[must_use]
    pub fn host_path(&self, path: &ArchivePath) -> PathBuf {
        self.site.join(path.as_str())
    }

    fn walk(&mut self) -> Result<(), Error> {
        let mut folders = vec![self.site.clone()];
        while let Some(folder) = folders.pop() {
            let failed = |error| Error::io("read the folder", &folder, error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = entry.path();
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name == JOURNAL && folder == self.site {
                    continue;
                }
                if name.starts_with('.') && name.ends_with(TEMPORARY) {
                    self.leftovers.push(path);
                    continue;
                }
                let below = path.strip_prefix(&self.site).ok().and_then(Path::to_str);
                let Some(own) = below.and_then(|below| ArchivePath::parse(below).ok()) else {
                    let note = format!(
                        "{}: a name that no wheel can have; left alone",
                        path.display()
                    );
                    self.notes.push(note);
                    continue;
                };
                let metadata = entry.metadata().map_err(failed)?;
                let link = if kind.is_symlink() {
                    let text =
                        fs::read_link(&path).map_err(|error| Error::io("read", &path, error))?;
                    let text = text.to_string_lossy();
                    Some(match followed_link(&own, &text) {
                        Some(target) => LinkTarget::Inside(target),
                        None => LinkTarget::Outside(text.into_owned()),
                    })
                } else {
                    None
                };
                let size = metadata.len();
                self.tree.files.insert(own, TreeFile { size, link });
            }
        }
        self.leftovers.sort();
        self.notes.sort();
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
        if records.is_empty() {
            return Err(Error::Refused {
                path: self.site.clone(),
                why: "nothing is installed there: no `….dist-info` with a RECORD in it".to_owned(),
                hint: "give the site-packages folder itself, for example \
                       `/usr/lib/python3.13/site-packages`"
                    .to_owned(),
            });
        }
        for record_path in records {
            let host = self.host_path(&record_path);
            let bytes = fs::read(&host).map_err(|error| Error::io("read", &host, error))?;
            let name = record_path
                .first()
                .trim_end_matches(".dist-info")
                .to_owned();
            let record = match InstalledRecord::parse(&bytes) {
                Ok(record) => record,
                Err(error) => {
                    let note = format!("{record_path}: {error}; its files are left alone");
                    self.notes.push(note);
                    continue;
                }
            };
            let index = self.tree.distributions.len();
            for path in record.paths() {
                if self.tree.files.contains_key(path) {
                    self.tree.owners.entry(path.clone()).or_insert(index);
                }
            }
            self.tree.distributions.push(Distribution {
                name,
                record_path,
                record,
            });
        }
        Ok(())
    }

    /// What lies in a cache belongs to every environment that uses it.
    fn refuse_cache_links(&self) -> Result<(), Error> {
        for (path, file) in &self.tree.files {
            if let Some(LinkTarget::Outside(target)) = &file.link
                && self.tree.owners.contains_key(path)
            {
                return Err(Error::Refused {
                    path: self.host_path(path),
                    why: format!(
                        "it is a link out of the tree, to {target}: its content belongs to others \
                         as well, to uv's cache for example (`link-mode = symlink`)"
                    ),
                    hint: "install with `uv pip install --link-mode=copy` (or `hardlink`) and run \
                           it again"
                        .to_owned(),
                });
            }
        }
        Ok(())
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
                let one = read_one(&self.host_path(path), path)?;
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

fn read_one(host: &Path, path: &ArchivePath) -> Result<Option<TreeElf>, Error> {
    let failed = |error| Error::io("read", host, error);
    let file = File::open(host).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
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
