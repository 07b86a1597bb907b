//! What a case file says, and how it is laid out in a folder of its own.
//!
//! ```toml
//! # Which behaviour, which rule or public bug.
//! [[wheel]]                      # any number; each becomes dist/NAME
//! name = "demo-1.0-cp312-cp312-linux_x86_64.whl"
//! [wheel.files]                  # a text, or a table: text, elf, mode, listed = false
//! "demo/__init__.py" = ""
//! "demo/_core.so" = { elf = { needed = ["libfoo.so.1"] } }   # see elf_builder.rs
//!
//! [sysroot]                      # files below sysroot/: as above, or link = "TARGET",
//! "usr/lib/libfoo.so.1" = { elf = { soname = "libfoo.so.1" } }   # same-as = "PATH"
//! [files]                        # the same anywhere in the case's folder
//! [[installed]]                  # any number; each is a package in site/, as pip installs it
//! name = "demo-1.0"              # with METADATA and RECORD; files may stand `unlisted` there
//! [installed.files]
//! "demo/__init__.py" = ""
//!
//! [[run]]                        # any number, one after the other
//! args = "repair --sysroot sysroot {wheels}"     # this one if there is none
//! exit = 1                       # 0 if there is none
//! env = { LD_LIBRARY_PATH = "{tmp}/opt" }
//! shows = "cdx.json"             # also the text of the output's files whose names end so
//! called = "auditwheel"          # the program's name, `wheelfix` if there is none
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde::Deserialize;

use super::elf_builder::Elf;
use super::wheel_builder::{WheelBuilder, ZipEntry, record_row};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(default)]
    wheel: Vec<WheelFile>,
    #[serde(default)]
    sysroot: BTreeMap<String, toml::Value>,
    #[serde(default)]
    files: BTreeMap<String, toml::Value>,
    #[serde(default)]
    installed: Vec<Installed>,
    /// None in `tests/docs/`, where the pages have the command lines.
    #[serde(default)]
    pub run: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The name that the program is called by.
    pub called: Option<String>,
    #[serde(default = "usual")]
    pub args: String,
    #[serde(default)]
    pub exit: i32,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The output's files whose names end like that are shown.
    pub shows: Option<String>,
    /// Files that were there may change; the laws of laws.rs are not checked then.
    #[serde(default)]
    pub replaces: bool,
}

fn usual() -> String {
    "repair --sysroot sysroot {wheels}".to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Content {
    text: Option<String>,
    elf: Option<Elf>,
    mode: Option<u32>,
    /// A symbolic link.
    link: Option<String>,
    /// A copy of another file of the table.
    same_as: Option<String>,
    folder: bool,
    /// Not in RECORD.
    unlisted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WheelFile {
    name: String,
    #[serde(default = "dist")]
    folder: String,
    #[serde(default)]
    files: BTreeMap<String, toml::Value>,
    /// The lines of WHEEL; the file name's tags if there are none.
    tags: Option<Vec<String>>,
    wheel: Option<String>,
    metadata: Option<String>,
    record: Option<String>,
    #[serde(default)]
    without: Vec<String>,
    /// RECORD has another hash for these.
    #[serde(default)]
    wrong_hash: Vec<String>,
    #[serde(default)]
    wrong_crc: Vec<String>,
    /// The `.dist-info` folder comes first in the archive, as some builders write it.
    #[serde(default)]
    metadata_first: bool,
    /// More entries, under any names.
    #[serde(default)]
    extra: Vec<Extra>,
    /// So many bytes are missing at the end.
    #[serde(default)]
    truncate: usize,
    /// These bytes and nothing else.
    raw: Option<String>,
}

/// A package in a tree that packages are installed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Installed {
    /// `NAME-VERSION`.
    name: String,
    files: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    name: String,
    text: String,
    /// With the file type, as `0o120777` for a link.
    mode: Option<u32>,
}

fn dist() -> String {
    "dist".to_owned()
}

impl Case {
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        if !text.starts_with("# ") {
            return Err("a case begins with a comment that says what it is about".to_owned());
        }
        toml::from_str(&text).map_err(|error| error.to_string())
    }

    /// The wheels' paths in the folder.
    pub fn wheels(&self) -> Vec<String> {
        let path = |wheel: &WheelFile| format!("{}/{}", wheel.folder, wheel.name);
        self.wheel.iter().map(path).collect()
    }

    pub fn lay_out(&self, folder: &Path) -> Result<(), String> {
        put_all(&folder.join("sysroot"), &self.sysroot)?;
        put_all(folder, &self.files)?;
        for package in &self.installed {
            package.put(&folder.join("site"))?;
        }
        for wheel in &self.wheel {
            let path = folder.join(&wheel.folder).join(&wheel.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, wheel.bytes()?).unwrap();
        }
        Ok(())
    }
}

fn content(name: &str, value: &toml::Value) -> Result<Content, String> {
    match value {
        toml::Value::String(text) => Ok(Content {
            text: Some(text.clone()),
            ..Content::default()
        }),
        other => {
            let content: Result<Content, _> = other.clone().try_into();
            content.map_err(|error| format!("{name}: {error}"))
        }
    }
}

impl Content {
    fn bytes(&self, table: &BTreeMap<String, toml::Value>) -> Result<Vec<u8>, String> {
        if let Some(other) = &self.same_as {
            let value = table.get(other).ok_or(format!("no file {other}"))?;
            return content(other, value)?.bytes(table);
        }
        Ok(match &self.elf {
            Some(elf) => elf.build(),
            None => self.text.clone().unwrap_or_default().into_bytes(),
        })
    }
}

fn put_all(root: &Path, table: &BTreeMap<String, toml::Value>) -> Result<(), String> {
    fs::create_dir_all(root).unwrap();
    for (name, value) in table {
        let content = content(name, value)?;
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(target) = &content.link {
            symlink(target, &path).unwrap();
        } else if content.folder {
            fs::create_dir_all(&path).unwrap();
        } else {
            fs::write(&path, content.bytes(table)?).unwrap();
        }
        if let Some(mode) = content.mode {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    Ok(())
}

impl Installed {
    fn put(&self, site: &Path) -> Result<(), String> {
        put_all(site, &self.files)?;
        let info = format!("{}.dist-info", self.name);
        let (name, version) = self.name.split_once('-').ok_or("NAME-VERSION")?;
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let mut record = record_row(&format!("{info}/METADATA"), metadata.as_bytes());
        for (path, value) in &self.files {
            let content = content(path, value)?;
            if content.unlisted || content.folder {
                continue;
            }
            // pip lists what it compiled without a hash, and hashes nothing for links.
            record.push_str(&match content.link.is_some() || path.ends_with(".pyc") {
                true => format!("{path},,\n"),
                false => record_row(path, &content.bytes(&self.files)?),
            });
        }
        record.push_str(&format!("{info}/RECORD,,\n"));
        let info = site.join(info);
        fs::create_dir_all(&info).unwrap();
        fs::write(info.join("METADATA"), metadata).unwrap();
        fs::write(info.join("RECORD"), record).unwrap();
        Ok(())
    }
}

impl WheelFile {
    fn bytes(&self) -> Result<Vec<u8>, String> {
        if let Some(raw) = &self.raw {
            return Ok(raw.clone().into_bytes());
        }
        let (builder, modes) = self.builder()?;
        let mut zip = builder.zip();
        for (name, mode) in modes {
            let kind = if name.ends_with('/') {
                0o040_000
            } else {
                0o100_000
            };
            zip.entry(&name).central.external = (kind | mode) << 16;
        }
        if self.metadata_first {
            let metadata = builder.dist_info.as_bytes();
            zip.entries
                .sort_by_key(|entry| !entry.central.name.starts_with(metadata));
        }
        for name in &self.wrong_crc {
            zip.entry(name).both(|header| header.crc32 ^= 1);
        }
        for extra in &self.extra {
            let mut entry = ZipEntry::new(&extra.name, extra.text.as_bytes(), 0);
            if let Some(mode) = extra.mode {
                entry.central.external = mode << 16;
            }
            zip.entries.push(entry);
        }
        let mut bytes = zip.build();
        bytes.truncate(bytes.len() - self.truncate);
        Ok(bytes)
    }

    fn builder(&self) -> Result<(WheelBuilder, Vec<(String, u32)>), String> {
        let stem = self.name.strip_suffix(".whl").unwrap_or(&self.name);
        let parts: Vec<&str> = stem.split('-').collect();
        let [name, version, .., python, abi, platform] = parts.as_slice() else {
            return Err(format!("{} is no wheel's name", self.name));
        };
        let mut builder = WheelBuilder::new(name, version);
        builder.tags = self
            .tags
            .clone()
            .unwrap_or_else(|| expand(python, abi, platform));
        let pure = *platform == "any";
        let tags: String = builder
            .tags
            .iter()
            .map(|tag| format!("Tag: {tag}\n"))
            .collect();
        builder.wheel = Some(self.wheel.clone().unwrap_or_else(|| {
            format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {pure}\n{tags}\n")
        }));
        builder.metadata = self.metadata.clone();
        builder.without = self.without.clone();
        let mut modes = Vec::new();
        let mut unlisted = Vec::new();
        for (path, value) in &self.files {
            let content = content(path, value)?;
            builder = builder.file(path, content.bytes(&self.files)?);
            modes.extend(content.mode.map(|mode| (path.clone(), mode)));
            if content.unlisted {
                unlisted.push(path.clone());
            }
        }
        builder.record = self.record.clone();
        if builder.record.is_none() && !(unlisted.is_empty() && self.wrong_hash.is_empty()) {
            builder.record = Some(self.lying_record(&builder, &unlisted));
        }
        Ok((builder, modes))
    }

    fn lying_record(&self, builder: &WheelBuilder, unlisted: &[String]) -> String {
        let record = format!("{}/RECORD", builder.dist_info);
        let rows = builder.all_files().into_iter().filter_map(|(path, bytes)| {
            if path == record {
                return Some(format!("{record},,\n"));
            }
            if self.wrong_hash.contains(&path) {
                let flipped: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
                return Some(record_row(&path, &flipped));
            }
            (!unlisted.contains(&path)).then(|| record_row(&path, &bytes))
        });
        rows.collect()
    }
}

fn expand(python: &str, abi: &str, platform: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for python in python.split('.') {
        for abi in abi.split('.') {
            for platform in platform.split('.') {
                tags.push(format!("{python}-{abi}-{platform}"));
            }
        }
    }
    tags
}
