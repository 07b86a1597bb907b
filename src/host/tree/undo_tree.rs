//! Put back what `dedupe` made links of, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::apply_tree::{hex, stored};
use super::change_file::{self, Attributes};
use super::delta;
use super::gather_tree::{GatheredTree, TEMPORARY};
use super::store::{Alias, Manifest};
use crate::error::Error;
use crate::plan::{STORE, TreePlan, relative_link};
use crate::wheel::{ArchivePath, InstalledRecord};

/// What was undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that are their own again.
    pub restored: Vec<String>,
    /// Files that were no links any more: their package was installed anew or removed.
    pub left: Vec<String>,
}

impl Undone {
    fn note(&mut self, path: &str, is_restored: bool) {
        let list = match is_restored {
            true => &mut self.restored,
            false => &mut self.left,
        };
        list.push(path.to_owned());
    }
}

/// Undo everything that `dedupe` did to a tree, or that a killed run of it had begun.
///
/// # Errors
/// When a file of the store is not what the links were made for, or something cannot be written.
pub fn undo_dedupe(site: &Path) -> Result<Undone, Error> {
    let site = fs::canonicalize(site).map_err(|error| Error::io("read", site, error))?;
    let _lock = change_file::lock(&site)?;
    let mut undone = Undone::default();
    let Some(manifest) = Manifest::load(&site)? else {
        remove_leftovers(&site, &Manifest::default())?;
        Manifest::remove(&site)?;
        return Ok(undone);
    };
    remove_leftovers(&site, &manifest)?;
    // What links to a file that became a link itself later comes after that one.
    let mut links: Vec<(&String, &Alias)> = manifest.links.iter().collect();
    links.sort_by_key(|(_, alias)| steps(&manifest, alias));
    for (path, alias) in links {
        undone.note(path, restore(&site, path, alias)?);
    }
    restore_records(&site, &manifest, &undone.restored)?;
    remove_store(&site)?;
    Manifest::remove(&site)?;
    Ok(undone)
}

/// How many links there are behind a link: each run that merges copies of the store may add one.
fn steps(manifest: &Manifest, alias: &Alias) -> usize {
    let next = |alias: &&Alias| manifest.links.get(&alias.target);
    // A manifest that somebody made a circle of has an end, too.
    let most = manifest.links.len();
    std::iter::successors(Some(alias), next).take(most).count()
}

/// Undo what one run of `dedupe` did by its plan. `gathered`: the tree before it; what was linked
/// by then stays so. Copies that it dropped from the store had no link any more, and stay away.
///
/// # Errors
/// As [`undo_dedupe`].
pub fn take_back(gathered: &GatheredTree, plan: &TreePlan) -> Result<Undone, Error> {
    let site = &gathered.site;
    let manifest = Manifest::load(site)?.unwrap_or_default();
    let mut earlier = manifest.clone();
    // A run makes links only of what is none.
    let is_earlier = |path: &str| !plan.links.contains_key(path);
    earlier.links.retain(|path, _| is_earlier(path));
    if earlier.links.is_empty() {
        return undo_dedupe(site);
    }
    let _lock = change_file::lock(site)?;
    // The journal of the run stays until all is back: so a kill costs nothing.
    let mut undone = Undone::default();
    for (path, alias) in &manifest.links {
        if !is_earlier(path) {
            undone.note(path, restore(site, path, alias)?);
        }
    }
    // A link from before may have been led on, to another content: its row is put back as well.
    let touched = manifest.links.keys().filter_map(|path| {
        let owner = gathered.tree.owner(&ArchivePath::parse(path).ok()?)?;
        Some((&owner.record_path, &owner.record))
    });
    let touched: BTreeMap<&ArchivePath, &InstalledRecord> = touched.collect();
    for (path, record) in touched {
        let host = gathered.host_path(path);
        change_file::write_if_new(&host, &record.to_bytes(), &Attributes::of(&host)?)?;
    }
    for path in plan.stored.keys() {
        change_file::remove(&gathered.host_path(path))?;
    }
    earlier.finish(site, &stored(gathered, &earlier)?)?;
    Ok(undone)
}

/// Whether the file is (or already was) as before.
fn restore(site: &Path, path: &str, alias: &Alias) -> Result<bool, Error> {
    let host = site.join(path);
    let (Ok(own), Ok(target)) = (ArchivePath::parse(path), ArchivePath::parse(&alias.target))
    else {
        return Ok(false);
    };
    match fs::read_link(&host) {
        Ok(text) if text == Path::new(&relative_link(&own, &target)) => {}
        // Not a link of ours: a kill came before it, or the package was installed anew.
        _ => return Ok(is_original(&host, alias)),
    }
    let from = site.join(target.as_str());
    let base = fs::read(&from).map_err(|error| Error::io("read", &from, error))?;
    let bytes = delta::decode(&base, &alias.delta_bytes(), alias.size)
        .filter(|bytes| hex(&Sha256::digest(bytes)) == alias.sha256)
        .ok_or_else(|| Error::Refused {
            path: host.clone(),
            why: format!(
                "`{}` is not any more what this file was made a link to",
                alias.target
            ),
            hint: "reinstall the package of this file, then run it again".to_owned(),
        })?;
    let owner = Attributes::of(&host)?.owner;
    let attributes = Attributes {
        mode: alias.mode,
        owner,
        modified: alias.time(),
    };
    change_file::write(&host, &bytes, &attributes)?;
    Ok(true)
}

fn is_original(host: &Path, alias: &Alias) -> bool {
    let is_file = fs::symlink_metadata(host).is_ok_and(|metadata| metadata.is_file());
    is_file && fs::read(host).is_ok_and(|bytes| hex(&Sha256::digest(&bytes)) == alias.sha256)
}

/// Put back the rows of files that are as before, whatever they were by now: that of a link changes
/// again when what it leads to becomes a link to another content.
fn restore_records(site: &Path, manifest: &Manifest, restored: &[String]) -> Result<(), Error> {
    let mut rows: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for path in restored {
        let alias = manifest.links.get(path);
        if let Some((record, old, _)) = alias.and_then(|alias| alias.record.as_ref()) {
            rows.entry(record).or_default().push((path, old));
        }
    }
    for (record, rows) in rows {
        let host = site.join(record);
        // Gone with its package.
        let Ok(bytes) = fs::read(&host) else {
            continue;
        };
        let Ok(mut record) = InstalledRecord::parse(&bytes) else {
            continue;
        };
        let mut changed = false;
        for (path, old) in rows {
            changed |= record.restore(path, old);
        }
        if changed {
            change_file::write(&host, &record.to_bytes(), &Attributes::of(&host)?)?;
        }
    }
    Ok(())
}

/// The store has nothing but copies: whatever is in it goes.
fn remove_store(site: &Path) -> Result<(), Error> {
    let folder = site.join(STORE);
    let Ok(entries) = fs::read_dir(&folder) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        change_file::remove(&entry.path())?;
    }
    change_file::remove_empty(&folder);
    Ok(())
}

/// What a kill left half-written, beside everything that the manifest speaks of.
fn remove_leftovers(site: &Path, manifest: &Manifest) -> Result<(), Error> {
    let mut folders: Vec<_> = vec![site.join(crate::plan::STORE_INFO), site.join(STORE)];
    for (path, alias) in &manifest.links {
        let records = alias.record.iter().map(|(record, ..)| record);
        for path in records.chain([path]) {
            folders.extend(site.join(path).parent().map(Path::to_owned));
        }
    }
    folders.sort();
    folders.dedup();
    for folder in folders {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(TEMPORARY) {
                change_file::remove(&entry.path())?;
            }
        }
    }
    Ok(())
}
