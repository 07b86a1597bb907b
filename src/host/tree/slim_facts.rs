//! What `slim` and `size` have to know of the files of a tree or a wheel.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use super::gather_tree::GatheredTree;
use crate::elf::{self, Strip};
use crate::error::Error;
use crate::host::Progress;
use crate::host::gather::Gathered;
use crate::plan::{Distribution, Tree, TreeFile, elf_of, is_source, may_name_test};
use crate::python::{self, Mentions};
use crate::wheel::{ArchivePath, InstalledRecord};

/// Programs may have any name; smaller files are none.
const LEAST_PROGRAM: u64 = 4096;

/// What the files say.
#[derive(Clone, Debug, Default)]
pub struct SlimFacts {
    /// What each Python source mentions, and each compiled module and `entry_points.txt`.
    pub sources: BTreeMap<ArchivePath, Mentions>,
    /// How many bytes smaller each ELF file would be; those of which nothing is to be had too.
    pub strippable: BTreeMap<ArchivePath, u64>,
    /// How many of those bytes are symbol tables and debug sections, the rest being holes.
    pub tables: BTreeMap<ArchivePath, u64>,
}

impl SlimFacts {
    fn add(&mut self, path: &ArchivePath, fact: Fact) {
        match fact {
            Fact::Nothing => {}
            Fact::Source(mentions) => {
                self.sources.insert(path.clone(), mentions);
            }
            Fact::Elf {
                strippable,
                tables,
                mentions,
            } => {
                if !mentions.strings.is_empty() {
                    self.sources.insert(path.clone(), mentions);
                }
                self.strippable.insert(path.clone(), strippable);
                self.tables.insert(path.clone(), tables);
            }
        }
    }
}

enum Fact {
    Nothing,
    Source(Mentions),
    Elf {
        strippable: u64,
        tables: u64,
        mentions: Mentions,
    },
}

/// Read the Python sources and ELF files of a tree.
///
/// # Errors
/// When a file cannot be read.
pub fn slim_facts(gathered: &GatheredTree, progress: &dyn Progress) -> Result<SlimFacts, Error> {
    let files: Vec<(&ArchivePath, &TreeFile)> = gathered
        .tree
        .files
        .iter()
        .filter(|(path, file)| file.link.is_none() && may_matter(path, file.size))
        .collect();
    progress.expect(files.iter().map(|(_, file)| file.size).sum());
    let facts: Vec<(&ArchivePath, Fact)> = files
        .par_iter()
        .map(|(path, file)| {
            let fact = fact_of(gathered, path)?;
            progress.advance(file.size);
            Ok((*path, fact))
        })
        .collect::<Result<_, Error>>()?;
    let mut all = SlimFacts::default();
    for (path, fact) in facts {
        all.add(path, fact);
    }
    Ok(all)
}

fn may_matter(path: &ArchivePath, size: u64) -> bool {
    let name = path.file_name();
    let may_be_program = !name.contains('.') || name.ends_with(".bin");
    let is_text = name.ends_with(".py") || is_entry_points(path);
    is_text || name.contains(".so") || may_be_program && size >= LEAST_PROGRAM
}

fn is_entry_points(path: &ArchivePath) -> bool {
    path.file_name() == "entry_points.txt" && path.first().ends_with(".dist-info")
}

fn fact_of(gathered: &GatheredTree, path: &ArchivePath) -> Result<Fact, Error> {
    let host = gathered.host_path(path);
    let failed = |error| Error::io("read", &host, error);
    if !path.file_name().ends_with(".py") && !is_entry_points(path) {
        let mut magic = [0; 4];
        let file = File::open(&host).map_err(failed)?;
        if file.read_exact_at(&mut magic, 0).is_err() || !elf::is_elf(&magic) {
            return Ok(Fact::Nothing);
        }
    }
    let bytes = fs::read(&host).map_err(failed)?;
    Ok(understand(path, &bytes))
}

fn understand(path: &ArchivePath, bytes: &[u8]) -> Fact {
    if path.file_name().ends_with(".py") {
        let source = String::from_utf8_lossy(bytes);
        return Fact::Source(python::scan(&source, |text| {
            may_name_test(text) || is_source(text.rsplit('/').next().unwrap_or(text))
        }));
    }
    if is_entry_points(path) {
        return Fact::Source(Mentions {
            strings: python::entry_point_modules(&String::from_utf8_lossy(bytes)),
            ..Mentions::default()
        });
    }
    // A file that cannot be stripped safely has nothing to save.
    let strippable = elf::strippable(bytes, Strip::All).unwrap_or(0);
    let tables = elf::symbol_bytes(bytes).unwrap_or(0).min(strippable);
    Fact::Elf {
        strippable,
        tables,
        mentions: elf_mentions(bytes),
    }
}

/// The text that [`may_name_test`] looks for.
const TEST: &str = "test";

fn elf_mentions(bytes: &[u8]) -> Mentions {
    // What cannot be read is loaded by nobody.
    let names = elf::dotted_names(bytes, TEST).unwrap_or_default();
    Mentions {
        strings: names.into_iter().collect(),
        ..Mentions::default()
    }
}

/// A wheel as a tree, and the same facts of it. Everything but its metadata belongs to it.
///
/// # Errors
/// When an entry cannot be read.
pub fn wheel_facts(gathered: &Gathered) -> Result<(Tree, SlimFacts), Error> {
    let wheel = &gathered.wheel;
    let mut tree = Tree::default();
    let mut facts = SlimFacts::default();
    let broken = |error| Error::Wheel {
        wheel: wheel.filename.to_string(),
        error: Box::new(error),
    };
    let record_path = wheel.dist_info_file("RECORD").map_err(broken)?;
    let record = match wheel.archive.get(record_path.as_str()) {
        Some(entry) => wheel
            .archive
            .contents(&gathered.source, entry)
            .map_err(broken)?,
        None => Vec::new(),
    };
    tree.distributions.push(Distribution {
        name: format!("{}-{}", wheel.filename.distribution, wheel.filename.version),
        record_path,
        record: InstalledRecord::parse(&record).map_err(broken)?,
    });
    for entry in wheel
        .archive
        .entries()
        .iter()
        .filter(|entry| !entry.is_directory)
    {
        tree.files.insert(
            entry.path.clone(),
            TreeFile {
                size: entry.size,
                link: None,
            },
        );
        tree.owners.insert(entry.path.clone(), 0);
        if entry.path.file_name().ends_with(".py") || is_entry_points(&entry.path) {
            let bytes = wheel.archive.contents(&gathered.source, entry);
            let bytes = bytes.map_err(broken)?;
            facts.add(&entry.path, understand(&entry.path, &bytes));
        }
    }
    for one in elf_of(&gathered.subject) {
        facts
            .strippable
            .insert(one.entry.clone(), one.file.strippable);
        let entry = wheel.archive.get(one.entry.as_str());
        let bytes = entry.and_then(|entry| wheel.archive.contents(&gathered.source, entry).ok());
        let bytes = bytes.unwrap_or_default();
        let tables = elf::symbol_bytes(&bytes).unwrap_or(0);
        let tables = tables.min(one.file.strippable);
        let mentions = elf_mentions(&bytes);
        if !mentions.strings.is_empty() {
            facts.sources.insert(one.entry.clone(), mentions);
        }
        facts.tables.insert(one.entry.clone(), tables);
    }
    Ok((tree, facts))
}
