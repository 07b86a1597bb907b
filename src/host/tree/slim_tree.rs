//! Do what `slim` planned for an installed tree.
//!
//! Files go one by one, RECORDs after them. A journal lists what is touched: after a kill the
//! next run makes RECORD true again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::change_file::{self, Attributes};
use super::gather_tree::{GatheredTree, JOURNAL};
use crate::elf::{self, Edits, Strip};
use crate::error::Error;
use crate::host::Progress;
use crate::plan::SlimPlan;
use crate::wheel::{ArchivePath, InstalledRecord, RecordHash};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slimmed {
    /// Bytes of removed files.
    pub removed: u64,
    /// Bytes by which ELF files became smaller.
    pub repacked: u64,
    /// ELF files that cannot be repacked without risk, and why.
    pub left: Vec<(ArchivePath, String)>,
}

/// Carry a plan out.
///
/// # Errors
/// When something cannot be read or written; what was done until then stays done.
pub fn slim_tree(
    gathered: &GatheredTree,
    plan: &SlimPlan,
    progress: &dyn Progress,
) -> Result<Slimmed, Error> {
    let site = &gathered.site;
    let mut touched: BTreeSet<ArchivePath> = read_journal(site);
    if plan.is_empty() && touched.is_empty() && gathered.leftovers.is_empty() {
        return Ok(Slimmed::default());
    }
    let _lock = change_file::lock(site)?;
    change_file::check_writable(site)?;
    for leftover in &gathered.leftovers {
        change_file::remove(leftover)?;
    }
    touched.extend(plan.removed.keys().chain(plan.repacked.keys()).cloned());
    let list: Vec<&str> = touched.iter().map(ArchivePath::as_str).collect();
    let journal = serde_json::to_vec(&list).unwrap_or_default();
    change_file::write(&site.join(JOURNAL), &journal, &Attributes::of_new(site)?)?;
    let mut done = Slimmed::default();
    for path in plan.removed.keys() {
        change_file::remove(&gathered.host_path(path))?;
        let size = gathered.tree.files.get(path).map_or(0, |file| file.size);
        done.removed = done.removed.saturating_add(size);
    }
    repack(gathered, plan, &mut done, progress)?;
    write_records(gathered, &touched)?;
    remove_empty_folders(gathered, &touched);
    change_file::remove(&site.join(JOURNAL))?;
    Ok(done)
}

fn read_journal(site: &Path) -> BTreeSet<ArchivePath> {
    let bytes = fs::read(site.join(JOURNAL)).unwrap_or_default();
    let list: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
    list.iter()
        .filter_map(|path| ArchivePath::parse(path).ok())
        .collect()
}

fn repack(
    gathered: &GatheredTree,
    plan: &SlimPlan,
    done: &mut Slimmed,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let size = |path: &ArchivePath| gathered.tree.files.get(path).map_or(0, |file| file.size);
    progress.expect(plan.repacked.keys().map(size).sum());
    let edits = Edits {
        strip: Strip::All,
        ..Edits::default()
    };
    let paths: Vec<&ArchivePath> = plan.repacked.keys().collect();
    let results: Vec<Result<u64, (ArchivePath, String)>> = paths
        .par_iter()
        .map(|path| {
            let host = gathered.host_path(path);
            let bytes = fs::read(&host).map_err(|error| Error::io("read", &host, error))?;
            let result = match elf::edit(&bytes, &edits) {
                Ok(edited) if edited.changed => {
                    change_file::write(&host, &edited.bytes, &Attributes::of(&host)?)?;
                    Ok((bytes.len() as u64).saturating_sub(edited.bytes.len() as u64))
                }
                Ok(_) => Ok(0),
                Err(error) => Err(((*path).clone(), error.to_string())),
            };
            progress.advance(bytes.len() as u64);
            Ok(result)
        })
        .collect::<Result<_, Error>>()?;
    for result in results {
        match result {
            Ok(saved) => done.repacked = done.repacked.saturating_add(saved),
            Err(left) => done.left.push(left),
        }
    }
    Ok(())
}

/// Make the rows of all touched files true.
fn write_records(gathered: &GatheredTree, touched: &BTreeSet<ArchivePath>) -> Result<(), Error> {
    let mut changed: BTreeMap<ArchivePath, InstalledRecord> = BTreeMap::new();
    for distribution in &gathered.tree.distributions {
        let own: BTreeSet<&ArchivePath> = distribution
            .record
            .paths()
            .filter(|path| touched.contains(*path))
            .collect();
        if own.is_empty() {
            continue;
        }
        let mut record = distribution.record.clone();
        let mut gone = BTreeSet::new();
        for path in own {
            let host = gathered.host_path(path);
            match fs::read(&host) {
                Ok(bytes) => {
                    let hash = RecordHash::sha256(&bytes);
                    record.set(path.as_str(), &hash, bytes.len() as u64);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    gone.insert(path.clone());
                }
                Err(error) => return Err(Error::io("read", host, error)),
            }
        }
        record.remove(|path| gone.contains(path));
        changed.insert(distribution.record_path.clone(), record);
    }
    for (path, record) in changed {
        let host = gathered.host_path(&path);
        change_file::write(&host, &record.to_bytes(), &Attributes::of(&host)?)?;
    }
    Ok(())
}

/// Folders that have nothing in them any more, deepest first; also those of a run before this one
/// that was killed.
fn remove_empty_folders(gathered: &GatheredTree, touched: &BTreeSet<ArchivePath>) {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for path in touched {
        let mut above = path.parent();
        while let Some(folder) = above {
            folders.insert(gathered.host_path(&folder));
            above = folder.parent();
        }
    }
    for folder in folders.iter().rev() {
        change_file::remove_empty(folder);
    }
}
