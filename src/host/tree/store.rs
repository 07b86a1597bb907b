//! The store's own distribution: what became a link, and what it takes to undo that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::change_file::{self, Attributes};
use crate::error::Error;
use crate::plan::{STORE, STORE_INFO};
use crate::wheel::{ArchivePath, RecordHash, record_line};

const MANIFEST: &str = "manifest.json";
const METADATA: &str = "\
Metadata-Version: 2.1
Name: wheelfix-store
Version: 1
Summary: Libraries that several installed packages carry, once; others link here

`wheelfix dedupe` made this folder. Do not remove it by hand: libraries of other packages are
symbolic links into `wheelfix.libs`. `wheelfix dedupe --undo SITE-PACKAGES` puts every file back
as it was, byte for byte, and removes this.
";
/// uv calls a distribution without this file broken.
const WHEEL: &str = "\
Wheel-Version: 1.0
Generator: wheelfix
Root-Is-Purelib: false
Tag: py3-none-any
";

/// Hash and size of files, by their path.
pub(super) type Rows = BTreeMap<ArchivePath, (RecordHash, u64)>;

/// The journal of all links; it is written before the first of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    schema: Schema,
    /// By the path of what became a link.
    pub(super) links: BTreeMap<String, Alias>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Schema {
    name: String,
    version: u32,
}

/// A file that became a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Read the manifest of a tree; `None` if there is none.
    pub(super) fn load(site: &Path) -> Result<Option<Self>, Error> {
        let path = info(site).join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        let refused = |why: String| Error::Refused {
            path: path.clone(),
            why,
            hint: "reinstall the packages whose libraries link into `wheelfix.libs`, then remove \
                   that folder and this one"
                .to_owned(),
        };
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| refused(format!("it is no manifest of wheelfix: {error}")))?;
        if manifest.schema != Self::default().schema {
            return Err(refused("another version of wheelfix wrote it".to_owned()));
        }
        // Both are joined to the tree's folder: nothing may lead out of it.
        for (path, alias) in &manifest.links {
            for text in [path, &alias.target] {
                ArchivePath::parse(text).map_err(|error| refused(error.to_string()))?;
            }
        }
        Ok(Some(manifest))
    }

    /// Write the manifest, and make the folder for it.
    pub(super) fn save(&self, site: &Path) -> Result<(), Error> {
        let folder = info(site);
        fs::create_dir_all(&folder)
            .map_err(|error| Error::io("make the folder", &folder, error))?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let attributes = Attributes::of_new(site)?;
        change_file::write(&folder.join(MANIFEST), text.as_bytes(), &attributes)
    }

    /// Write what makes the store a distribution. `stored`: all that something links to, its own
    /// libraries among it.
    pub(super) fn finish(&self, site: &Path, stored: &Rows) -> Result<(), Error> {
        let folder = info(site);
        let attributes = Attributes::of_new(site)?;
        let manifest = serde_json::to_string_pretty(self).unwrap_or_default();
        let mut rows: BTreeMap<String, String> = stored
            .iter()
            .filter(|(path, _)| path.first() == STORE)
            .map(|(path, (hash, size))| {
                (
                    path.as_str().to_owned(),
                    record_line(path.as_str(), hash, *size),
                )
            })
            .collect();
        for (name, text) in [
            ("METADATA", METADATA),
            ("WHEEL", WHEEL),
            ("INSTALLER", "wheelfix\n"),
            (MANIFEST, manifest.as_str()),
        ] {
            change_file::write_if_new(&folder.join(name), text.as_bytes(), &attributes)?;
            let path = format!("{STORE_INFO}/{name}");
            let hash = RecordHash::sha256(text.as_bytes());
            let line = record_line(&path, &hash, text.len() as u64);
            rows.insert(path, line);
        }
        let mut record: String = rows.values().map(|row| format!("{row}\n")).collect();
        record.push_str(&format!("{STORE_INFO}/RECORD,,\n"));
        change_file::write_if_new(&folder.join("RECORD"), record.as_bytes(), &attributes)
    }

    /// Remove the store's distribution, its journal last.
    pub(super) fn remove(site: &Path) -> Result<(), Error> {
        let folder = info(site);
        for name in ["RECORD", "WHEEL", "METADATA", "INSTALLER", MANIFEST] {
            change_file::remove(&folder.join(name))?;
        }
        change_file::remove_empty(&folder);
        change_file::remove_empty(&site.join(STORE));
        Ok(())
    }
}

fn info(site: &Path) -> PathBuf {
    site.join(STORE_INFO)
}
