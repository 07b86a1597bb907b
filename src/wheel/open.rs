//! Opens a whole wheel: the archive, its one `.dist-info` with WHEEL, METADATA and RECORD.

use std::collections::BTreeSet;

use super::error::{Error, Rule};
use super::escape::escape;
use super::filename::WheelFilename;
use super::headers::Headers;
use super::limits::Limits;
use super::note::Note;
use super::path::ArchivePath;
use super::record::Record;
use super::source::Source;
use super::tag::{MOST_TAGS, Tag};
use super::version::{same_name, same_version};
use crate::wheel::zip::archive::Archive;
use crate::wheel::zip::entry::Entry;

/// Signatures of RECORD, which cannot be listed in it (PEP 427).
pub(super) const SIGNATURES: [&str; 2] = ["RECORD.jws", "RECORD.p7s"];

/// A wheel whose structure, names and metadata are in order.
///
/// That its files have the bytes RECORD promises is only known after [`Wheel::scan`].
#[derive(Debug, Clone)]
pub struct Wheel {
    /// The name it was opened under.
    pub filename: WheelFilename,
    /// Its archive.
    pub archive: Archive,
    /// The `.dist-info` directory, as spelled.
    pub dist_info: ArchivePath,
    /// WHEEL, with headers that may stand only once standing only once.
    pub wheel: Headers,
    /// All tags in WHEEL, in its order, compressed sets expanded.
    pub tags: Vec<Tag>,
    /// METADATA.
    pub metadata: Headers,
    /// RECORD; it lists exactly the archive's files (itself and signatures may be missing).
    pub record: Record,
    /// What is odd about the wheel but was taken, the archive's notes first.
    pub notes: Vec<Note>,
}

impl Wheel {
    /// Reads a wheel's structure and metadata and checks all of it.
    ///
    /// # Errors
    /// I/O errors and every rule, except those that only show when all files are unpacked.
    pub fn open<S: Source + ?Sized>(
        source: &S,
        filename: &WheelFilename,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let (wheel, faults) = Self::examine(source, filename, limits)?;
        match faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(wheel),
        }
    }

    /// As [`Wheel::open`], but RECORD may be wrong, incomplete or missing: everything that is
    /// wrong with it comes back beside the wheel. For those who report, not for those who write.
    ///
    /// # Errors
    /// I/O errors and every rule but those about RECORD.
    pub fn examine<S: Source + ?Sized>(
        source: &S,
        filename: &WheelFilename,
        limits: &Limits,
    ) -> Result<(Self, Vec<Error>), Error> {
        let archive = Archive::read(source, limits)?;
        let mut notes = archive.notes().to_vec();
        let dist_info = find_dist_info(&archive, filename)?;
        check_data(&archive, filename)?;
        let read = |name: &str, rule: Rule| {
            let path = dist_info.join(name)?;
            let entry = archive
                .get(path.as_str())
                .filter(|entry| !entry.is_directory);
            let Some(entry) = entry else {
                return Err(Error::new(rule, "the wheel does not have this file").entry(&path));
            };
            if entry.size > limits.metadata_file {
                let detail = format!(
                    "the file has {} bytes; the limit is {}",
                    entry.size, limits.metadata_file
                );
                let error = Error::limit("metadata-file", entry.size, detail);
                return Err(error.entry(&path));
            }
            archive.contents(source, entry)
        };
        let (wheel, tags) = read_wheel(&read("WHEEL", Rule::WheelFile)?, &mut notes)
            .map_err(|error| in_file(error, &dist_info, "WHEEL"))?;
        compare_tags(filename, &tags, &mut notes);
        let metadata = Headers::parse(&read("METADATA", Rule::Metadata)?);
        compare_metadata(filename, &metadata, &mut notes);
        let parsed = read("RECORD", Rule::Record).and_then(|bytes| {
            // A row is a file's.
            let rows = memchr::memchr_iter(b'\n', &bytes).count() as u64;
            if rows > limits.entries.saturating_add(1) {
                let most = limits.entries;
                let detail = format!("RECORD has {rows} rows; the limit is {most} entries");
                let error = Error::limit("entries", rows, detail);
                return Err(in_file(error, &dist_info, "RECORD"));
            }
            Record::parse(&bytes).map_err(|error| in_file(error, &dist_info, "RECORD"))
        });
        let (record, faults) = match parsed {
            Ok(mut record) => {
                let faults = check_record(&archive, &dist_info, &mut record, limits, &mut notes)?;
                (record, faults)
            }
            Err(error) if error.is_io() => return Err(error),
            Err(error) => (Record::default(), vec![error]),
        };
        let wheel = Self {
            filename: filename.clone(),
            archive,
            dist_info,
            wheel,
            tags,
            metadata,
            record,
            notes,
        };
        Ok((wheel, faults))
    }

    /// The path of a file in the `.dist-info` directory.
    ///
    /// # Errors
    /// [`Rule::Name`] when `name` is not a plain relative path.
    pub fn dist_info_file(&self, name: &str) -> Result<ArchivePath, Error> {
        self.dist_info.join(name)
    }

    /// The files (not directories), in the order of the archive.
    pub fn files(&self) -> impl Iterator<Item = &Entry> {
        self.archive
            .entries()
            .iter()
            .filter(|entry| !entry.is_directory)
    }

    /// Whether RECORD need not list a path: RECORD itself and its signatures.
    #[must_use]
    pub fn is_record_or_signature(&self, path: &ArchivePath) -> bool {
        is_unrecorded(&self.dist_info, path)
    }
}

fn is_unrecorded(dist_info: &ArchivePath, path: &ArchivePath) -> bool {
    path.below(dist_info.as_str())
        .is_some_and(|name| name == "RECORD" || SIGNATURES.contains(&name))
}

fn in_file(error: Error, dist_info: &ArchivePath, name: &str) -> Error {
    if error.entry.is_some() {
        error
    } else {
        error.entry(format!("{}/{name}", dist_info.as_str()))
    }
}

/// The one `.dist-info` directory at the root, which must be named like the wheel.
fn find_dist_info(archive: &Archive, filename: &WheelFilename) -> Result<ArchivePath, Error> {
    let found: BTreeSet<&str> = archive
        .entries()
        .iter()
        .map(|entry| entry.path.first())
        .filter(|first| first.ends_with(".dist-info"))
        .collect();
    let found: Vec<&str> = found.into_iter().collect();
    let name = match found.as_slice() {
        [name] => *name,
        [] => {
            let detail = "the wheel has no `.dist-info` directory";
            return Err(Error::new(Rule::DistInfo, detail));
        }
        several => {
            let detail = format!("the wheel has {} `.dist-info` directories", several.len());
            let names = several.iter().map(|name| escape(name)).collect();
            return Err(Error::new(Rule::DistInfo, detail).listing(names));
        }
    };
    let stem = name.strip_suffix(".dist-info").unwrap_or(name);
    if !is_named_after(stem, filename) {
        return Err(Error::new(
            Rule::DistInfo,
            format!(
                "the directory is not named after the wheel, {}-{}.dist-info",
                filename.distribution, filename.version
            ),
        )
        .entry(name));
    }
    ArchivePath::parse(name)
}

/// Is a name of a folder, without its ending, the name and the version of the wheel?
fn is_named_after(stem: &str, filename: &WheelFilename) -> bool {
    // Names are escaped, so that there is one dash; older builders did not, so every dash is tried.
    stem.match_indices('-').any(|(dash, _)| {
        let (project, version) = stem.split_at(dash);
        let version = version.strip_prefix('-').unwrap_or(version);
        same_name(project, &filename.distribution) && same_version(version, &filename.version)
    })
}

/// What stands in a `.data` directory goes elsewhere than into site-packages: by pip whatever the
/// directory is called, by others only if it is named after the wheel.
fn check_data(archive: &Archive, filename: &WheelFilename) -> Result<(), Error> {
    let firsts = archive.entries().iter().map(|entry| entry.path.first());
    let stems = firsts.filter_map(|first| Some((first, first.strip_suffix(".data")?)));
    let mut strangers = stems.filter(|(_, stem)| !is_named_after(stem, filename));
    let Some((first, _)) = strangers.next() else {
        return Ok(());
    };
    let detail = format!(
        "the name is not after the wheel, {}-{}.data, and installers differ on where its content goes",
        filename.distribution, filename.version
    );
    Err(Error::new(Rule::DistInfo, detail).entry(first))
}

/// Reads WHEEL (PEP 427, "The .dist-info directory").
fn read_wheel(bytes: &[u8], notes: &mut Vec<Note>) -> Result<(Headers, Vec<Tag>), Error> {
    let refuse = |detail: String| Error::new(Rule::WheelFile, detail);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        refuse(format!(
            "it is not UTF-8 from byte {} on",
            error.valid_up_to()
        ))
    })?;
    let mut wheel = Headers::parse(text.as_bytes());
    if !wheel.body().iter().all(u8::is_ascii_whitespace) {
        return Err(refuse("it has lines that are not `Name: value`".to_owned()));
    }
    for name in ["Wheel-Version", "Root-Is-Purelib", "Generator", "Build"] {
        let values = wheel.get_all(name);
        if let (Some(first), true) = (values.first(), values.len() > 1) {
            wheel.set(name, first);
            notes.push(Note::RepeatedHeader {
                name: name.to_owned(),
                values,
            });
        }
    }
    let version = wheel
        .get("Wheel-Version")
        .ok_or_else(|| refuse("it has no `Wheel-Version`".to_owned()))?;
    let major = version
        .split_once('.')
        .map_or(version.as_str(), |(major, _)| major);
    if major != "1" {
        return Err(refuse(format!(
            "`Wheel-Version: {}` is not known; known is 1.x",
            escape(&version)
        )));
    }
    if wheel.get("Root-Is-Purelib").is_none() {
        notes.push(Note::MissingHeader {
            name: "Root-Is-Purelib".to_owned(),
        });
    }
    let mut tags = Vec::new();
    for text in wheel.get_all("Tag") {
        tags.extend(Tag::parse_set(&text)?);
        if tags.len() > MOST_TAGS {
            return Err(Error::new(
                Rule::Limit,
                format!("it has more than {MOST_TAGS} tags"),
            ));
        }
    }
    if tags.is_empty() {
        return Err(refuse("it has no `Tag`".to_owned()));
    }
    Ok((wheel, tags))
}

fn compare_tags(filename: &WheelFilename, tags: &[Tag], notes: &mut Vec<Note>) {
    let named: BTreeSet<Tag> = Tag::expand(filename).into_iter().collect();
    let listed: BTreeSet<Tag> = tags.iter().cloned().collect();
    if named != listed {
        let only = |one: &BTreeSet<Tag>, other: &BTreeSet<Tag>| {
            one.difference(other).map(ToString::to_string).collect()
        };
        notes.push(Note::TagsDiffer {
            only_in_file_name: only(&named, &listed),
            only_in_wheel: only(&listed, &named),
        });
    }
}

fn compare_metadata(filename: &WheelFilename, metadata: &Headers, notes: &mut Vec<Note>) {
    let mut compare = |header: &str, same: &dyn Fn(&str) -> bool| {
        let value = metadata.get(header).unwrap_or_default();
        if !same(&value) {
            notes.push(Note::MetadataDiffers {
                header: header.to_owned(),
                value,
            });
        }
    };
    compare("Name", &|name| same_name(name, &filename.distribution));
    compare("Version", &|version| {
        same_version(version, &filename.version)
    });
}

/// Takes rows out of RECORD that no installer heeds: of folders that are in the wheel, and of bytecode
/// that is not (an installer made it where RECORD was taken from), without a hash. The folders that
/// are nowhere are given back.
fn odd_rows(archive: &Archive, record: &mut Record, notes: &mut Vec<Note>) -> Vec<String> {
    let is_file = |path: &ArchivePath| {
        let entry = archive.get(path.as_str());
        entry.is_some_and(|entry| !entry.is_directory)
    };
    let is_folder = |path: &ArchivePath| {
        let mut entries = archive.entries().iter();
        entries.any(|entry| {
            entry.is_directory && entry.path == *path || entry.path.below(path.as_str()).is_some()
        })
    };
    let unhashed = record
        .rows()
        .filter(|row| row.hash.is_none() && row.size.is_none() && !is_file(&row.path));
    let odd = unhashed.filter(|row| is_bytecode(&row.path) || is_folder(&row.path));
    let odd: Vec<ArchivePath> = odd.map(|row| row.path.clone()).collect();
    for path in &odd {
        record.remove(path.as_str());
    }
    let (folders, nowhere): (Vec<&ArchivePath>, Vec<&ArchivePath>) =
        record.folders().partition(|path| is_folder(path));
    let rows = odd.len().saturating_add(folders.len());
    if rows > 0 {
        notes.push(Note::RowsOfNoFile { rows });
    }
    nowhere.into_iter().map(ToString::to_string).collect()
}

/// What Python compiled: it makes it anew where it is not there.
fn is_bytecode(path: &ArchivePath) -> bool {
    path.file_name().ends_with(".pyc")
}

/// RECORD against the archive: the same files, sizes as far as the headers tell, hashes of use.
/// The faults come in the order in which they count.
fn check_record(
    archive: &Archive,
    dist_info: &ArchivePath,
    record: &mut Record,
    limits: &Limits,
    notes: &mut Vec<Note>,
) -> Result<Vec<Error>, Error> {
    let nowhere = odd_rows(archive, record, notes);
    let mut unlisted = Vec::new();
    let mut sizes = Vec::new();
    let mut weak = Vec::new();
    let mut unhashed = Vec::new();
    for entry in archive.entries().iter().filter(|entry| !entry.is_directory) {
        let Some(row) = record.get(entry.path.as_str()) else {
            if !is_unrecorded(dist_info, &entry.path) {
                unlisted.push(entry.path.to_string());
            }
            continue;
        };
        if let Some(size) = row.size.filter(|size| *size != entry.size) {
            sizes.push(format!(
                "{} has {} bytes, RECORD says {size}",
                entry.path, entry.size
            ));
        }
        match &row.hash {
            Some(hash) if hash.algorithm().is_weak() => weak.push(entry.path.to_string()),
            // Installers write bytecode of their own over it, and list that without a hash (PEP 376).
            None if is_bytecode(&entry.path) => {}
            None if !is_unrecorded(dist_info, &entry.path) => unhashed.push(entry.path.to_string()),
            _ => {}
        }
    }
    let absent: Vec<String> = record
        .rows()
        .filter(|row| {
            let entry = archive.get(row.path.as_str());
            entry.is_none_or(|entry| entry.is_directory)
        })
        .map(|row| row.path.to_string())
        .collect();
    let mut faults = Vec::new();
    let mut refuse = |rule: Rule, items: Vec<String>, what: &str| {
        let count = items.len();
        let plural = if count == 1 { "file" } else { "files" };
        let error = Error::new(rule, format!("{count} {plural} {what}")).listing(items);
        if count > 0 {
            faults.push(in_file(error, dist_info, "RECORD"));
        }
    };
    refuse(Rule::RecordFiles, unlisted, "of the wheel not listed in it");
    refuse(Rule::RecordFiles, absent, "listed in it not in the wheel");
    let (what, is) = (
        "listed in it as a folder that the wheel does not have",
        nowhere,
    );
    refuse(Rule::RecordFiles, is, what);
    refuse(Rule::RecordMismatch, sizes, "of another size than it says");
    refuse(Rule::Record, unhashed, "listed in it without a hash");
    if limits.allow_weak_hashes && !weak.is_empty() {
        notes.push(Note::WeakHashes { rows: weak.len() });
    } else {
        refuse(
            Rule::RecordAlgorithm,
            weak,
            "listed in it with a hash (md5, sha1) that proves nothing",
        );
    }
    if record.backslashes() > 0 {
        notes.push(Note::BackslashInRecord {
            rows: record.backslashes(),
        });
    }
    if record.roundabout() > 0 {
        notes.push(Note::RoundaboutInRecord {
            rows: record.roundabout(),
        });
    }
    for name in SIGNATURES {
        let path = dist_info.join(name)?;
        if archive.get(path.as_str()).is_some() {
            notes.push(Note::Signature {
                entry: path.as_str().to_owned(),
            });
        }
    }
    Ok(faults)
}
