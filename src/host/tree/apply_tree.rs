//! Do what a tree's plan says, step by step, so that a kill at any of them can be undone or
//! carried on.
//!
//! The order is the journal: what it takes to undo is on disk before the first copy, copies are
//! there before the first link, links before the RECORDs that speak of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sha2::{Digest, Sha256};

use super::change_file::{self, Attributes};
use super::delta;
use super::gather_tree::GatheredTree;
use super::store::{Alias, Manifest, Rows, since_1970};
use crate::error::Error;
use crate::host::Progress;
use crate::plan::{LinkTarget, STORE, TreePlan, relative_link};
use crate::wheel::{ArchivePath, InstalledRecord, RecordHash, record_line};

/// Carry out a plan of `dedupe`. `contents`: the digests that it was made for.
///
/// # Errors
/// When a file is not any more what it was, or cannot be written.
pub fn apply_dedupe(
    gathered: &GatheredTree,
    plan: &TreePlan,
    contents: &BTreeMap<ArchivePath, [u8; 32]>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let site = &gathered.site;
    let known = Manifest::load(site)?;
    if plan.is_empty() && known.is_none() && gathered.leftovers.is_empty() {
        return Ok(());
    }
    let _lock = change_file::lock(site)?;
    check_writable(gathered, plan)?;
    for leftover in &gathered.leftovers {
        change_file::remove(leftover)?;
    }
    // What is read: each file that becomes a link, and each that is copied.
    let read = plan.links.keys().chain(plan.stored.values());
    progress.expect(gathered.tree.size_of(read));
    let job = Job {
        gathered,
        plan,
        contents,
        progress,
    };
    let manifest = job.manifest(known.unwrap_or_default())?;
    if manifest.links.is_empty() && plan.stored.is_empty() {
        for path in &plan.dropped {
            change_file::remove(&gathered.host_path(path))?;
        }
        return Manifest::remove(site);
    }
    if job.changes_store() {
        manifest.save(site)?;
    }
    job.copy()?;
    for (path, target) in &plan.links {
        change_file::link(&gathered.host_path(path), &relative_link(path, target))?;
    }
    let stored = stored(gathered, &manifest)?;
    write_records(gathered, &manifest, &stored)?;
    for path in &plan.dropped {
        change_file::remove(&gathered.host_path(path))?;
    }
    manifest.finish(site, &stored)
}

struct Job<'a> {
    gathered: &'a GatheredTree,
    plan: &'a TreePlan,
    contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
    progress: &'a dyn Progress,
}

impl Job<'_> {
    fn changes_store(&self) -> bool {
        !self.plan.is_empty()
    }

    fn read(&self, path: &ArchivePath) -> Result<Vec<u8>, Error> {
        let host = self.gathered.host_path(path);
        let bytes = fs::read(&host).map_err(|error| Error::io("read", &host, error))?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        if self
            .contents
            .get(path)
            .is_some_and(|known| *known != digest)
        {
            return Err(Error::Changed {
                path: host.display().to_string(),
            });
        }
        Ok(bytes)
    }

    /// What is known of the links that stay, and of the new ones.
    fn manifest(&self, mut manifest: Manifest) -> Result<Manifest, Error> {
        let tree = &self.gathered.tree;
        // A package that was removed or installed anew has nothing to undo, nor has a link of the
        // store that was there for it.
        for path in &self.plan.dropped {
            manifest.links.remove(path.as_str());
        }
        manifest.links.retain(|path, alias| {
            let file = tree.files.get(path.as_str());
            file.and_then(|file| file.link.as_ref()).is_some_and(|link| {
                matches!(link, LinkTarget::Inside(target) if target.as_str() == alias.target)
            })
        });
        let mut bases: BTreeMap<&ArchivePath, Vec<&ArchivePath>> = BTreeMap::new();
        for (path, target) in &self.plan.links {
            bases.entry(target).or_default().push(path);
        }
        for (target, aliases) in bases {
            let source = self.plan.stored.get(target).unwrap_or(target);
            let base = self.read(source)?;
            let hash = RecordHash::sha256(&base);
            for path in aliases {
                let alias = self.alias(path, target, &base, &hash)?;
                self.progress.advance(alias.size);
                manifest.links.insert(path.as_str().to_owned(), alias);
            }
        }
        Ok(manifest)
    }

    fn alias(
        &self,
        path: &ArchivePath,
        target: &ArchivePath,
        base: &[u8],
        hash: &RecordHash,
    ) -> Result<Alias, Error> {
        let bytes = self.read(path)?;
        let attributes = Attributes::of(&self.gathered.host_path(path))?;
        let delta = delta::encode(base, &bytes);
        let size = bytes.len() as u64;
        if delta::decode(base, &delta, size).as_deref() != Some(bytes.as_slice()) {
            // Nothing may become a link that could not be undone.
            return Err(Error::Changed {
                path: path.to_string(),
            });
        }
        let record = self.gathered.tree.owner(path).and_then(|owner| {
            let old = owner.record.line(path.as_str())?.to_owned();
            let new = record_line(path.as_str(), hash, base.len() as u64);
            Some((owner.record_path.as_str().to_owned(), old, new))
        });
        Ok(Alias {
            target: target.as_str().to_owned(),
            size,
            sha256: hex(&Sha256::digest(&bytes)),
            mode: attributes.mode,
            modified: attributes.modified.and_then(since_1970),
            delta: Alias::encoded(&delta),
            record,
        })
    }

    fn copy(&self) -> Result<(), Error> {
        if !self.plan.stored.is_empty() {
            let folder = self.gathered.site.join(STORE);
            fs::create_dir_all(&folder)
                .map_err(|error| Error::io("make the folder", &folder, error))?;
        }
        for (at, from) in &self.plan.stored {
            let mut attributes = Attributes::of(&self.gathered.host_path(from))?;
            attributes.mode = 0o755;
            let bytes = self.read(from)?;
            change_file::write(&self.gathered.host_path(at), &bytes, &attributes)?;
            self.progress.advance(bytes.len() as u64);
        }
        Ok(())
    }
}

/// The row of every file that something links to.
pub(super) fn stored(gathered: &GatheredTree, manifest: &Manifest) -> Result<Rows, Error> {
    let targets: BTreeSet<&str> = manifest
        .links
        .values()
        .map(|alias| alias.target.as_str())
        .collect();
    let mut stored = Rows::new();
    for target in targets {
        let Ok(path) = ArchivePath::parse(target) else {
            continue;
        };
        let host = gathered.host_path(&path);
        let bytes = fs::read(&host).map_err(|error| Error::io("read", &host, error))?;
        stored.insert(path, (RecordHash::sha256(&bytes), bytes.len() as u64));
    }
    Ok(stored)
}

/// RECORD speaks of what is read now.
fn write_records(gathered: &GatheredTree, manifest: &Manifest, stored: &Rows) -> Result<(), Error> {
    let mut records: BTreeMap<&ArchivePath, (InstalledRecord, bool)> = BTreeMap::new();
    for (path, alias) in &manifest.links {
        let Some((hash, size)) = stored.get(alias.target.as_str()) else {
            continue;
        };
        let Ok(own) = ArchivePath::parse(path) else {
            continue;
        };
        let Some(owner) = gathered.tree.owner(&own) else {
            continue;
        };
        let (record, changed) = records
            .entry(&owner.record_path)
            .or_insert_with(|| (owner.record.clone(), false));
        *changed |= record.set(path, hash, *size).is_some();
    }
    for (path, (record, changed)) in records {
        if changed {
            let host = gathered.host_path(path);
            change_file::write(&host, &record.to_bytes(), &Attributes::of(&host)?)?;
        }
    }
    Ok(())
}

fn check_writable(gathered: &GatheredTree, plan: &TreePlan) -> Result<(), Error> {
    let mut folders: BTreeSet<ArchivePath> = BTreeSet::new();
    for path in plan.links.keys() {
        folders.extend(path.parent());
        let owner = gathered.tree.owner(path);
        folders.extend(owner.and_then(|owner| owner.record_path.parent()));
    }
    change_file::check_writable(&gathered.site)?;
    for folder in folders {
        change_file::check_writable(&gathered.host_path(&folder))?;
    }
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
