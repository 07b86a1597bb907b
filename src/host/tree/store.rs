//! The store of `dedupe`: what became a link, and what it takes to undo that.
//!
//! The manifest lies among the copies. A wheel can bring a file of that name, so it is input like
//! any other: what dedupe would not have written is not acted on.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::change_file::{self, Expected, is_temporary};
use super::root::{MOST_READ, TreeRoot};
use super::seen::Attributes;
use crate::error::Error;
use crate::plan::{STORE, STORE_INFO, STORE_MANIFEST as MANIFEST};
use crate::wheel::{ArchivePath, Sentence, Untrusted, is_row_of, sentence};

/// Where the manifest of an earlier wheelfix lies, whose store was a distribution.
const OLD_MANIFEST: &str = "wheelfix_store-1.dist-info/manifest.json";
/// The most bytes that a manifest has: one of a thousand links has a few hundred thousand.
const MOST_BYTES: u64 = 64 << 20;
/// So many links one behind the other the kernel follows.
const MOST_STEPS: usize = 40;

/// The journal of all links; it is written before the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    schema: Schema,
    /// By the path of what became a link.
    pub(super) links: BTreeMap<String, Alias>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    name: String,
    version: u32,
}

/// A file that became a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alias {
    /// The path of what it links to.
    pub(super) target: String,
    /// Its own size and digest, permissions, and time of modification since 1970.
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) mode: u32,
    pub(super) modified: Option<(u64, u32)>,
    /// What its bytes differ by from those of the target (base64).
    pub(super) delta: String,
    /// The RECORD that lists it, and its row before and after.
    pub(super) record: Option<(String, String, String)>,
}

impl Alias {
    pub(super) fn delta_bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.delta).unwrap_or_default()
    }

    pub(super) fn encoded(delta: &[u8]) -> String {
        STANDARD.encode(delta)
    }

    pub(super) fn time(&self) -> Option<SystemTime> {
        let (seconds, nanoseconds) = self.modified?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
    }

    /// Its permissions; nobody gets the right to write to what others load.
    pub(super) fn permissions(&self) -> u32 {
        self.mode & 0o775
    }

    /// What of it dedupe would not have written.
    fn fault(&self, path: &str) -> Option<Sentence> {
        let own = match library_path(path) {
            Ok(own) => own,
            Err(fault) => return Some(fault),
        };
        let target = match library_path(&self.target) {
            Ok(target) => target,
            Err(fault) => return Some(fault),
        };
        let in_store = target.first() == STORE;
        let fault = match () {
            () if own == target => "it leads to itself",
            () if in_store && target.components().count() != 2 => "its target is no copy",
            () if own.first() == STORE && !in_store => "a copy leads out of the store",
            () if self.size > MOST_READ => "no library is so large",
            () if !is_digest(&self.sha256) => "its digest is none",
            () if self.mode & !0o777 != 0 => "its permissions are more than that",
            () if self
                .modified
                .is_some_and(|(_, nanos)| nanos >= 1_000_000_000) =>
            {
                "its time is none"
            }
            () if STANDARD.decode(&self.delta).is_err() => "its delta is none",
            () if !self.has_sound_record(path) => "its RECORD or a row of that is none",
            () => return None,
        };
        Some(fault.into())
    }

    fn has_sound_record(&self, path: &str) -> bool {
        let Some((record, before, after)) = &self.record else {
            return true;
        };
        let is_record = ArchivePath::parse(record).is_ok_and(|record| {
            let mut parts = record.components();
            let info = parts.next().unwrap_or_default();
            let is_info = info.ends_with(".dist-info") && info != STORE_INFO;
            is_info && parts.eq(["RECORD"])
        });
        is_record && is_row_of(before, path) && is_row_of(after, path)
    }
}

/// The path of something that can be a library.
fn library_path(text: &str) -> Result<ArchivePath, Sentence> {
    let path = ArchivePath::parse(text).map_err(|error| Sentence::of(&error))?;
    let first = path.first();
    let is_metadata = first.ends_with(".dist-info") || first.ends_with(".egg-info");
    let is_ours = text == MANIFEST || is_temporary(path.file_name());
    match is_metadata || is_ours || text == STORE {
        true => Err(sentence!("{} is no library", path)),
        false => Ok(path),
    }
}

fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(is_digit)
}

/// A time as the manifest has it.
pub(super) fn since_1970(time: SystemTime) -> Option<(u64, u32)> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some((since.as_secs(), since.subsec_nanos()))
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            schema: Schema {
                name: "wheelfix.store".to_owned(),
                version: 1,
            },
            links: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Read the manifest of a tree; `None` if there is none. `is_old_ours`: a store that is a
    /// distribution may be one of wheelfix's.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when it is not as dedupe writes it.
    pub(super) fn load(root: &TreeRoot, is_old_ours: bool) -> Result<Option<Self>, Error> {
        if let Some(bytes) = bytes_at(root, MANIFEST)? {
            return Self::parse(&bytes, root.host_path(MANIFEST)).map(Some);
        }
        if !is_old_ours {
            return Ok(None);
        }
        match bytes_at(root, OLD_MANIFEST)? {
            Some(bytes) => Self::parse(&bytes, root.host_path(OLD_MANIFEST)).map(Some),
            None => Ok(None),
        }
    }

    fn parse(bytes: &[u8], path: PathBuf) -> Result<Self, Error> {
        let why = match serde_json::from_slice::<Self>(bytes) {
            Err(error) => {
                let error = Untrusted::from(error.to_string());
                sentence!("it is no manifest of wheelfix: {}", error)
            }
            Ok(manifest) => match manifest.fault() {
                None => return Ok(manifest),
                Some(fault) => fault,
            },
        };
        Err(Error::Untrusted { path, why })
    }

    /// What is in it that dedupe would not have written.
    fn fault(&self) -> Option<Sentence> {
        if self.schema != Self::default().schema {
            return Some("another version of wheelfix wrote it".into());
        }
        for (path, alias) in &self.links {
            if let Some(fault) = alias.fault(path) {
                return Some(sentence!("{}: {}", Untrusted::from(path.as_str()), fault));
            }
            if self.steps(alias) >= MOST_STEPS {
                let path = Untrusted::from(path.as_str());
                return Some(sentence!("{}: more links than can be followed", path));
            }
        }
        None
    }

    /// How many links there are behind a link: each run that merges copies of the store may add
    /// one. At most as many as can be followed.
    pub(super) fn steps(&self, alias: &Alias) -> usize {
        let next = |alias: &&Alias| self.links.get(&alias.target);
        let links = std::iter::successors(Some(alias), next);
        links.take(MOST_STEPS).count()
    }

    /// Write the manifest, and make the folder for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn save(&self, root: &TreeRoot) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        if bytes_at(root, MANIFEST)?.is_some_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        let attributes = new_file(root)?;
        change_file::make_folder(root, STORE, attributes.owner)?;
        change_file::write(root, MANIFEST, text.as_bytes(), &attributes, Expected::Ours)?;
        root.sync()
    }

    /// Remove what made the store of an earlier wheelfix a distribution; its journal last.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(super) fn remove_old(root: &TreeRoot) -> Result<(), Error> {
        for name in ["RECORD", "WHEEL", "METADATA", "INSTALLER", "manifest.json"] {
            change_file::remove(root, &format!("{STORE_INFO}/{name}"), Expected::Ours)?;
        }
        change_file::remove_empty(root, STORE_INFO);
        Ok(())
    }

    /// Remove the store, in which nothing is but its journal.
    ///
    /// # Errors
    /// When the journal cannot be removed.
    pub(super) fn remove(root: &TreeRoot) -> Result<(), Error> {
        change_file::remove(root, MANIFEST, Expected::Ours)?;
        change_file::remove_empty(root, STORE);
        root.sync()
    }
}

/// What a new text file in the tree has: it is the tree's owner's.
///
/// # Errors
/// When the tree cannot be looked at.
pub(super) fn new_file(root: &TreeRoot) -> Result<Attributes, Error> {
    Ok(Attributes {
        mode: 0o644,
        owner: root.owner()?,
        modified: None,
    })
}

/// The bytes of a journal of ours: a regular file of the tree's owner or of our own, of a size
/// that such a file has.
///
/// # Errors
/// [`Error::Untrusted`] when it is none of that.
pub(super) fn bytes_at(root: &TreeRoot, path: &str) -> Result<Option<Vec<u8>>, Error> {
    let untrusted = |why: &'static str| Error::Untrusted {
        path: root.host_path(path),
        why: why.into(),
    };
    let there = match root.look(path) {
        Ok(Some(there)) => there,
        Ok(None) => return Ok(None),
        Err(Error::TreeChanged { .. }) => return Err(untrusted("a link is on the way to it")),
        Err(error) => return Err(error),
    };
    if !there.is_file() {
        return Err(untrusted("it is no file"));
    }
    if there.len() > MOST_BYTES {
        return Err(untrusted("no file of wheelfix is so large"));
    }
    let own = rustix::process::geteuid().as_raw();
    if there.uid() != own && there.uid() != root.owner()?.0 {
        return Err(untrusted("it belongs to somebody else than the tree"));
    }
    let (bytes, _) = root.read(path, MOST_BYTES)?;
    Ok(Some(bytes))
}
