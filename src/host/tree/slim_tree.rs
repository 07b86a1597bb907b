//! Do what `slim` planned for an installed tree.
//!
//! Files go one by one, RECORDs after them. A journal lists what is touched: after a kill the
//! next run makes RECORD true again.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::change_file::{self, Expected};
use super::gather_tree::{GatheredTree, JOURNAL};
use super::root::MOST_READ;
use super::seen::Attributes;
use super::store::{bytes_at, new_file};
use crate::elf::{self, Edits, Strip};
use crate::error::Error;
use crate::host::Progress;
use crate::plan::SlimPlan;
use crate::wheel::{ArchivePath, InstalledRecord, RecordHash, Sentence, Untrusted, sentence};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slimmed {
    /// Bytes of removed files.
    pub removed: u64,
    /// Bytes by which ELF files became smaller.
    pub repacked: u64,
    /// ELF files that cannot be repacked without risk, and why.
    pub left: Vec<(ArchivePath, Sentence)>,
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
    let root = &gathered.root;
    let mut touched = read_journal(gathered)?;
    if plan.is_empty() && touched.is_empty() && gathered.leftovers.is_empty() {
        return Ok(Slimmed::default());
    }
    root.lock()?;
    root.check_writable("")?;
    gathered.remove_leftovers()?;
    touched.extend(plan.removed.keys().chain(plan.repacked.keys()).cloned());
    let list: Vec<&str> = touched.iter().map(ArchivePath::as_str).collect();
    let journal = serde_json::to_vec(&list).unwrap_or_default();
    change_file::write(root, JOURNAL, &journal, &new_file(root)?, Expected::Ours)?;
    root.sync()?;
    let mut done = Slimmed::default();
    for path in plan.removed.keys() {
        change_file::remove(root, path.as_str(), gathered.expected(path)?)?;
        let size = gathered.tree.files.get(path).map_or(0, |file| file.size);
        done.removed = done.removed.saturating_add(size);
    }
    repack(gathered, plan, &mut done, progress)?;
    root.sync()?;
    write_records(gathered, &touched)?;
    remove_empty_folders(gathered, &touched);
    root.sync()?;
    change_file::remove(root, JOURNAL, Expected::Ours)?;
    root.sync()?;
    Ok(done)
}

/// What a killed run was about. A package can bring a file of that name.
fn read_journal(gathered: &GatheredTree) -> Result<BTreeSet<ArchivePath>, Error> {
    let untrusted = |why: Sentence| Error::Untrusted {
        path: gathered.root.host_path(JOURNAL),
        why,
    };
    let Some(bytes) = bytes_at(&gathered.root, JOURNAL)? else {
        return Ok(BTreeSet::new());
    };
    let records = gathered.tree.distributions.iter();
    for distribution in records {
        if distribution.record.line(JOURNAL).is_some() {
            let name = Untrusted::from(distribution.name.as_str());
            return Err(untrusted(sentence!("{} brought it", name)));
        }
    }
    let list: Vec<String> = serde_json::from_slice(&bytes).map_err(|error| {
        let error = Untrusted::from(error.to_string());
        untrusted(sentence!("it is no journal of wheelfix: {}", error))
    })?;
    let path = |text: &String| {
        let path = ArchivePath::parse(text).map_err(|error| untrusted(Sentence::of(&error)))?;
        match path.first().ends_with(".dist-info") {
            true => Err(untrusted(sentence!(
                "{} is nothing that slim changes",
                path
            ))),
            false => Ok(path),
        }
    };
    list.iter().map(path).collect()
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
    let results: Vec<Result<u64, (ArchivePath, Sentence)>> = paths
        .par_iter()
        .map(|path| {
            let (bytes, metadata) = gathered.root.read(path.as_str(), MOST_READ)?;
            let result = match elf::edit(&bytes, &edits) {
                Ok(edited) if edited.changed => {
                    let attributes = Attributes::of(&metadata);
                    let expected = gathered.expected(path)?;
                    let new = &edited.bytes;
                    change_file::write(&gathered.root, path.as_str(), new, &attributes, expected)?;
                    Ok((bytes.len() as u64).saturating_sub(edited.bytes.len() as u64))
                }
                Ok(_) => Ok(0),
                Err(error) => Err(((*path).clone(), Sentence::of(&error))),
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
    let mut changed: BTreeMap<&ArchivePath, (&InstalledRecord, InstalledRecord)> = BTreeMap::new();
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
            let there = gathered.root.look(path.as_str())?;
            match there {
                Some(there) if there.is_file() => {
                    let (digest, size) = gathered.root.digest(path.as_str())?;
                    let hash = RecordHash::from_sha256(digest);
                    record.set(path.as_str(), &hash, size);
                }
                // Another kind of thing is not what slim left there.
                Some(_) => {}
                None => {
                    gone.insert(path.clone());
                }
            }
        }
        record.remove(|path| gone.contains(path));
        changed.insert(&distribution.record_path, (&distribution.record, record));
    }
    for (path, (was, record)) in changed {
        gathered.write_record(path, was, &record)?;
    }
    Ok(())
}

/// Folders that have nothing in them any more, deepest first; also those of a run before this one
/// that was killed.
fn remove_empty_folders(gathered: &GatheredTree, touched: &BTreeSet<ArchivePath>) {
    let mut folders: BTreeSet<ArchivePath> = BTreeSet::new();
    for path in touched {
        let mut above = path.parent();
        while let Some(folder) = above {
            above = folder.parent();
            folders.insert(folder);
        }
    }
    for folder in folders.iter().rev() {
        change_file::remove_empty(&gathered.root, folder.as_str());
    }
}
