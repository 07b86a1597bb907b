//! Do what a tree's plan says, step by step, so that a kill at any of them can be undone or
//! carried on.
//!
//! The order is the journal: what it takes to undo is on disk before the first copy, copies are
//! there before the first link, links before the RECORDs that speak of them.

use std::collections::{BTreeMap, BTreeSet};

use super::change_file::{self, Expected};
use super::delta;
use super::gather_tree::{GatheredTree, MOST_RECORD};
use super::root::MOST_READ;
use super::seen::{Attributes, Seen};
use super::store::{Alias, Manifest, new_file, since_1970};
use crate::error::Error;
use crate::host::Progress;
use crate::plan::{LinkTarget, STORE, TreePlan, relative_link};
use crate::wheel::{ArchivePath, InstalledRecord, RecordHash, record_line};

/// Hash and size of files, by their path.
pub(super) type Rows = BTreeMap<ArchivePath, (RecordHash, u64)>;

/// Carry out a plan of `dedupe`. `contents`: the digests that it was made for.
///
/// # Errors
/// When another run is at the tree, a file is not any more what it was, or cannot be written.
pub fn apply_dedupe(
    gathered: &GatheredTree,
    plan: &TreePlan,
    contents: &BTreeMap<ArchivePath, [u8; 32]>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let known = gathered.manifest.as_ref();
    let is_done = plan.is_empty() && known.is_none() && !gathered.has_old_store;
    if is_done && gathered.leftovers.is_empty() {
        return Ok(());
    }
    let root = &gathered.root;
    root.lock()?;
    check_writable(gathered, plan)?;
    gathered.remove_leftovers()?;
    // What is read: each file that becomes a link, and each that is copied.
    let read = plan.links.keys().chain(plan.stored.values());
    progress.expect(gathered.tree.size_of(read));
    let job = Job {
        gathered,
        plan,
        contents,
        progress,
    };
    let manifest = job.manifest(known.cloned().unwrap_or_default())?;
    if !manifest.links.is_empty() || !plan.stored.is_empty() {
        manifest.save(root)?;
        job.copy()?;
        root.sync()?;
        job.link()?;
        root.sync()?;
        write_records(gathered, &manifest, &stored(gathered, &manifest)?)?;
    }
    for path in &plan.dropped {
        change_file::remove(root, path.as_str(), gathered.expected(path)?)?;
    }
    if gathered.has_old_store {
        Manifest::remove_old(root)?;
    }
    if manifest.links.is_empty() && plan.stored.is_empty() {
        Manifest::remove(root)?;
    }
    root.sync()
}

impl GatheredTree {
    /// What is to be there when a file is replaced or removed.
    pub(super) fn expected(&self, path: &ArchivePath) -> Result<Expected<'_>, Error> {
        self.seen_of(path).map(Expected::File)
    }

    pub(super) fn seen_of(&self, path: &ArchivePath) -> Result<&Seen, Error> {
        // A plan speaks of files of the tree only.
        let path = path.as_str();
        let seen = self.seen.get(path);
        seen.ok_or_else(|| Error::TreeChanged {
            path: self.root.host_path(path),
        })
    }

    /// The bytes of a file, if it is still what it was.
    pub(super) fn read(&self, path: &ArchivePath) -> Result<Vec<u8>, Error> {
        let (bytes, metadata) = self.root.read(path.as_str(), MOST_READ)?;
        match self.seen_of(path)?.is(&Seen::of(&metadata)) {
            true => Ok(bytes),
            false => Err(Error::TreeChanged {
                path: self.host_path(path),
            }),
        }
    }

    /// Replace a RECORD, unless somebody wrote to it since it was read.
    pub(super) fn write_record(
        &self,
        path: &ArchivePath,
        was: &InstalledRecord,
        record: &InstalledRecord,
    ) -> Result<(), Error> {
        let (bytes, metadata) = self.root.read(path.as_str(), MOST_RECORD)?;
        if bytes != was.to_bytes() {
            let path = self.host_path(path);
            return Err(Error::TreeChanged { path });
        }
        let expected = Seen::of(&metadata);
        change_file::write(
            &self.root,
            path.as_str(),
            &record.to_bytes(),
            &Attributes::of(&metadata),
            Expected::File(&expected),
        )
    }

    /// Remove what a killed run left half done.
    pub(super) fn remove_leftovers(&self) -> Result<(), Error> {
        for path in &self.leftovers {
            change_file::remove(&self.root, path.as_str(), self.expected(path)?)?;
        }
        Ok(())
    }
}

struct Job<'a> {
    gathered: &'a GatheredTree,
    plan: &'a TreePlan,
    contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
    progress: &'a dyn Progress,
}

impl Job<'_> {
    fn read(&self, path: &ArchivePath) -> Result<Vec<u8>, Error> {
        let bytes = self.gathered.read(path)?;
        let hash = RecordHash::sha256(&bytes);
        match self.contents.get(path) {
            Some(known) if known != hash.digest() => Err(Error::TreeChanged {
                path: self.gathered.host_path(path),
            }),
            _ => Ok(bytes),
        }
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
        let attributes = self.attributes(path)?;
        let delta = delta::encode(base, &bytes);
        let size = bytes.len() as u64;
        if delta::decode(base, &delta, size).as_deref() != Some(bytes.as_slice()) {
            // Nothing may become a link that could not be undone.
            return Err(Error::Refused {
                path: self.gathered.host_path(path),
                why: crate::wheel::sentence!("it could not be made again from {}", target),
                hint: "`--level identical` merges fewer files; please report the two".into(),
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
            sha256: hex(RecordHash::sha256(&bytes).digest()),
            mode: attributes.mode,
            modified: attributes.modified.and_then(since_1970),
            delta: Alias::encoded(&delta),
            record,
        })
    }

    fn attributes(&self, path: &ArchivePath) -> Result<Attributes, Error> {
        let (_, metadata) = self.gathered.root.open_file(path.as_str())?;
        Ok(Attributes::of(&metadata))
    }

    fn copy(&self) -> Result<(), Error> {
        let root = &self.gathered.root;
        if !self.plan.stored.is_empty() {
            change_file::make_folder(root, STORE, new_file(root)?.owner)?;
        }
        for (at, from) in &self.plan.stored {
            let mut attributes = self.attributes(from)?;
            attributes.mode = 0o755;
            let bytes = self.read(from)?;
            change_file::write(root, at.as_str(), &bytes, &attributes, Expected::Nothing)?;
            self.progress.advance(bytes.len() as u64);
        }
        Ok(())
    }

    fn link(&self) -> Result<(), Error> {
        for (path, target) in &self.plan.links {
            let seen = self.gathered.seen_of(path)?;
            change_file::link(
                &self.gathered.root,
                path.as_str(),
                &relative_link(path, target),
                seen.owner(),
                Expected::File(seen),
            )?;
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
        // A copy that became a link itself is read through that.
        let mut real = target;
        while let Some(next) = manifest.links.get(real) {
            real = next.target.as_str();
        }
        let (digest, size) = gathered.root.digest(real)?;
        stored.insert(path, (RecordHash::from_sha256(digest), size));
    }
    Ok(stored)
}

/// RECORD speaks of what is read now.
fn write_records(gathered: &GatheredTree, manifest: &Manifest, stored: &Rows) -> Result<(), Error> {
    let mut records: BTreeMap<&ArchivePath, (&InstalledRecord, InstalledRecord, bool)> =
        BTreeMap::new();
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
        let (_, record, changed) = records
            .entry(&owner.record_path)
            .or_insert_with(|| (&owner.record, owner.record.clone(), false));
        *changed |= record.set(path, hash, *size).is_some();
    }
    for (path, (was, record, changed)) in records {
        if changed {
            gathered.write_record(path, was, &record)?;
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
    gathered.root.check_writable("")?;
    for folder in folders {
        gathered.root.check_writable(folder.as_str())?;
    }
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
