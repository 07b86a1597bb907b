//! Put back what `dedupe` made links of, byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use super::apply_tree::{hex, stored};
use super::change_file::{self, Expected};
use super::delta;
use super::gather_tree::{GatheredTree, MOST_RECORD};
use super::root::{MOST_READ, TreeRoot};
use super::seen::{Attributes, Seen};
use super::store::{Alias, Manifest};
use crate::error::Error;
use crate::plan::{TreePlan, relative_link};
use crate::wheel::{ArchivePath, InstalledRecord, RecordHash, Untrusted, record_line};

/// What was undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that are their own again.
    pub restored: Vec<Untrusted>,
    /// Files that were no links any more: their package was installed anew or removed.
    pub left: Vec<Untrusted>,
    /// Files whose row in RECORD somebody else changed: it stays.
    pub rows_left: Vec<Untrusted>,
}

/// Undo everything that `dedupe` did to a tree, or that a killed run of it had begun.
///
/// # Errors
/// When another run is at the tree, its store is not as wheelfix makes it, a copy is not what the
/// links were made for, or something cannot be written.
pub fn undo_dedupe(root: TreeRoot) -> Result<Undone, Error> {
    root.lock()?;
    let mut gathered = GatheredTree::of_files(root)?;
    gathered.find_store()?;
    gathered.remove_leftovers()?;
    let Some(manifest) = gathered.manifest.take() else {
        // A kill may have come before the manifest, or after it.
        if gathered.has_old_store {
            Manifest::remove_old(&gathered.root)?;
        }
        Manifest::remove(&gathered.root)?;
        return Ok(Undone::default());
    };
    undo_all(&gathered, &manifest)
}

fn undo_all(gathered: &GatheredTree, manifest: &Manifest) -> Result<Undone, Error> {
    let root = &gathered.root;
    let mut undoing = Undoing::new(root);
    // What links to a file that became a link itself later comes after that one.
    let mut links: Vec<(&String, &Alias)> = manifest.links.iter().collect();
    links.sort_by_key(|(_, alias)| manifest.steps(alias));
    for (path, alias) in links {
        undoing.restore(path, alias)?;
    }
    root.sync()?;
    undoing.restore_records(manifest)?;
    root.sync()?;
    // The store has nothing but copies: whatever is in it goes.
    let copies = gathered.tree.files.keys();
    for path in copies.filter(|path| gathered.tree.is_copy(path)) {
        change_file::remove(root, path.as_str(), Expected::Ours)?;
    }
    if gathered.has_old_store {
        Manifest::remove_old(root)?;
    }
    Manifest::remove(root)?;
    Ok(undoing.undone)
}

/// Undo what one run of `dedupe` did by its plan. `gathered`: the tree before it; what was linked
/// by then stays so. Copies that it dropped from the store had no link any more, and stay away.
///
/// # Errors
/// As [`undo_dedupe`].
pub fn take_back(gathered: &GatheredTree, plan: &TreePlan) -> Result<Undone, Error> {
    let root = &gathered.root;
    let manifest = Manifest::load(root, false)?.unwrap_or_default();
    let mut earlier = manifest.clone();
    // A run makes links only of what is none.
    let is_earlier = |path: &str| !plan.links.contains_key(path);
    earlier.links.retain(|path, _| is_earlier(path));
    // The journal of the run stays until all is back: so a kill costs nothing.
    let mut undoing = Undoing::new(root);
    for (path, alias) in &manifest.links {
        if !is_earlier(path) {
            undoing.restore(path, alias)?;
        }
    }
    root.sync()?;
    restore_rows(gathered, &manifest)?;
    for path in plan.stored.keys() {
        change_file::remove(root, path.as_str(), Expected::Ours)?;
    }
    root.sync()?;
    match earlier.links.is_empty() {
        true => Manifest::remove(root)?,
        false => earlier.save(root)?,
    }
    Ok(undoing.undone)
}

/// The rows of all links are again what they were before a run: that of a link from before may
/// have been led on, to another content. What others wrote meanwhile stays.
fn restore_rows(gathered: &GatheredTree, manifest: &Manifest) -> Result<(), Error> {
    let mut rows: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for path in manifest.links.keys() {
        let owner = gathered.tree.owner(&match ArchivePath::parse(path) {
            Ok(path) => path,
            Err(_) => continue,
        });
        let line = owner.and_then(|owner| Some((owner, owner.record.line(path)?)));
        if let Some((owner, line)) = line {
            let rows = rows.entry(owner.record_path.as_str()).or_default();
            rows.push((path, line));
        }
    }
    let stored = stored(gathered, manifest)?;
    for (record, rows) in rows {
        edit_record(&gathered.root, record, |record| {
            for (path, line) in &rows {
                let alias = manifest.links.get(*path);
                let after = alias.and_then(|alias| alias.record.as_ref());
                let target = alias.and_then(|alias| stored.get(alias.target.as_str()));
                let is_ours = |now: &str| {
                    after.is_some_and(|(_, _, after)| after == now)
                        || target.is_some_and(|(hash, size)| now == record_line(path, hash, *size))
                };
                if record.line(path).is_some_and(is_ours) {
                    record.restore(path, line);
                }
            }
        })?;
    }
    Ok(())
}

struct Undoing<'a> {
    root: &'a TreeRoot,
    undone: Undone,
    /// What has been read through each link so far: its row may have the digest of any of them.
    contents: BTreeMap<Untrusted, BTreeSet<(RecordHash, u64)>>,
}

impl<'a> Undoing<'a> {
    fn new(root: &'a TreeRoot) -> Self {
        Self {
            root,
            undone: Undone::default(),
            contents: BTreeMap::new(),
        }
    }

    /// Make a file its own again, unless it is already, or is no link of ours.
    fn restore(&mut self, path: &str, alias: &Alias) -> Result<(), Error> {
        let root = self.root;
        // The manifest was looked through: both are paths.
        let (Ok(own), Ok(target)) = (ArchivePath::parse(path), ArchivePath::parse(&alias.target))
        else {
            return Ok(());
        };
        let text = relative_link(&own, &target);
        let link = match root.read_link(path) {
            // Its folder went, or became a link.
            Err(Error::TreeChanged { .. }) => None,
            link => link?,
        };
        if link.as_deref() != Some(text.as_str()) {
            // A kill came before it, or the package was installed anew.
            let is_original = self.is_original(path, alias)?;
            if is_original {
                self.note_contents(path, &alias.target);
            }
            let list = match is_original {
                true => &mut self.undone.restored,
                false => &mut self.undone.left,
            };
            list.push(path.into());
            return Ok(());
        }
        self.note_contents(path, &alias.target);
        let (base, _) = root.read(target.as_str(), MOST_READ)?;
        let bytes = delta::decode(&base, &alias.delta_bytes(), alias.size)
            .filter(|bytes| hex(RecordHash::sha256(bytes).digest()) == alias.sha256)
            .ok_or_else(|| Error::Refused {
                path: root.host_path(path),
                why: crate::wheel::sentence!(
                    "`{}` is not any more what this file was made a link to",
                    target
                ),
                hint: "reinstall the package of this file, then run it again".into(),
            })?;
        let Some(there) = root.look(path)? else {
            return Ok(());
        };
        let attributes = Attributes {
            mode: alias.permissions(),
            owner: Seen::of(&there).owner(),
            modified: alias.time(),
        };
        change_file::write(root, path, &bytes, &attributes, Expected::Link(&text))?;
        self.undone.restored.push(path.into());
        Ok(())
    }

    fn note_contents(&mut self, path: &str, target: &str) {
        let mut contents = self.contents.get(target).cloned().unwrap_or_default();
        // What cannot be read is told of where it matters.
        if let Ok((digest, size)) = self.root.digest(target) {
            contents.insert((RecordHash::from_sha256(digest), size));
        }
        self.contents.insert(path.into(), contents);
    }

    fn is_original(&self, path: &str, alias: &Alias) -> Result<bool, Error> {
        match self.root.look(path) {
            Ok(Some(there)) if there.is_file() && there.len() == alias.size => {
                let (digest, _) = self.root.digest(path)?;
                Ok(hex(&digest) == alias.sha256)
            }
            Ok(_) | Err(Error::TreeChanged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Put back the rows of files that are as before, if they are what a dedupe wrote: that of a
    /// link changes again when what it leads to becomes a link to another content.
    fn restore_records(&mut self, manifest: &Manifest) -> Result<(), Error> {
        let mut rows: BTreeMap<&str, Vec<(&str, &str, &str)>> = BTreeMap::new();
        for path in &self.undone.restored {
            let alias = manifest.links.get(path.as_str());
            if let Some((record, old, new)) = alias.and_then(|alias| alias.record.as_ref()) {
                rows.entry(record)
                    .or_default()
                    .push((path.as_str(), old, new));
            }
        }
        let mut left = Vec::new();
        for (record, rows) in rows {
            edit_record(self.root, record, |record| {
                for (path, old, new) in rows {
                    let is_ours = |now: &str| {
                        let contents = self.contents.get(path).into_iter().flatten();
                        let mut rows = contents.map(|(hash, size)| record_line(path, hash, *size));
                        now == new || rows.any(|row| row == now)
                    };
                    match record.line(path) {
                        Some(now) if now == old => {}
                        Some(now) if is_ours(now) => {
                            record.restore(path, old);
                        }
                        Some(_) => left.push(path.to_owned()),
                        None => {}
                    }
                }
            })?;
        }
        self.undone.rows_left = left.into_iter().map(Into::into).collect();
        Ok(())
    }
}

/// Change rows of a RECORD, if it is still there and can be read.
fn edit_record(
    root: &TreeRoot,
    path: &str,
    edit: impl FnOnce(&mut InstalledRecord),
) -> Result<(), Error> {
    // Gone with its package, or none.
    let is_file = match root.look(path) {
        Ok(there) => there.is_some_and(|there| there.is_file()),
        Err(Error::TreeChanged { .. }) => false,
        Err(error) => return Err(error),
    };
    if !is_file {
        return Ok(());
    }
    let (bytes, metadata) = root.read(path, MOST_RECORD)?;
    let Ok(mut record) = InstalledRecord::parse(&bytes) else {
        return Ok(());
    };
    let before = record.clone();
    edit(&mut record);
    if record == before {
        return Ok(());
    }
    let seen = Seen::of(&metadata);
    let attributes = Attributes::of(&metadata);
    let expected = Expected::File(&seen);
    change_file::write(root, path, &record.to_bytes(), &attributes, expected)
}
