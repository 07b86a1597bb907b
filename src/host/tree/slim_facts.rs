//! What `slim` and `size` have to know of the files of a tree or a wheel.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use super::gather_tree::GatheredTree;
use super::root::MOST_READ;
use crate::elf::{self, Strip};
use crate::error::Error;
use crate::host::Progress;
use crate::host::gather::Gathered;
use crate::plan::{
    Distribution, Include, SourceFacts, Tree, TreeFile, elf_of, includes, is_source, may_include,
    may_list, may_name_test, sources_compiled_in, sources_listed,
};
use crate::python::{self, Mentions, Paths};
use crate::wheel::{ArchivePath, InstalledRecord, Sentence, sentence};

/// The largest source that is looked into. The largest that people wrote has a tenth of that.
const MOST_TEXT: u64 = 64 << 20;
/// Programs may have any name; smaller files are none.
const LEAST_PROGRAM: u64 = 4096;

/// What the files say.
#[derive(Clone, Debug, Default)]
pub struct SlimFacts {
    /// What each Python source mentions, and each compiled module and `entry_points.txt`.
    pub sources: BTreeMap<ArchivePath, Mentions>,
    /// What texts say of sources that compilers read.
    pub texts: SourceFacts,
    /// How many bytes smaller each ELF file would be; those of which nothing is to be had too.
    pub strippable: BTreeMap<ArchivePath, u64>,
    /// How many of those bytes are symbol tables and debug sections, the rest being holes.
    pub tables: BTreeMap<ArchivePath, u64>,
    /// Files that were not looked into, and why: what they mention nobody knows.
    pub unread: BTreeMap<ArchivePath, Sentence>,
}

impl SlimFacts {
    /// What was not looked into, for people.
    pub fn notes(&self) -> impl Iterator<Item = Sentence> {
        let unread = self.unread.iter();
        unread.map(|(path, why)| sentence!("{}: {}; what it mentions is not known", path, why))
    }

    fn add(&mut self, path: &ArchivePath, fact: Fact) {
        match fact {
            Fact::Nothing => {}
            Fact::Unread(why) => {
                self.unread.insert(path.clone(), why);
            }
            Fact::EntryPoints(mentions) => {
                self.sources.insert(path.clone(), mentions);
            }
            Fact::Text { python, includes } => {
                if let Some((mentions, paths)) = python {
                    self.sources.insert(path.clone(), mentions);
                    self.texts.paths.insert(path.clone(), paths);
                }
                if !includes.is_empty() {
                    self.texts.includes.insert(path.clone(), includes);
                }
            }
            Fact::List(named) => self.add_named(path, named),
            Fact::Elf {
                strippable,
                tables,
                mentions,
                named,
                is_program,
            } => {
                self.add_named(path, named);
                if is_program {
                    self.texts.others.programs.insert(path.clone());
                }
                if !mentions.strings.is_empty() {
                    self.sources.insert(path.clone(), mentions);
                }
                self.strippable.insert(path.clone(), strippable);
                self.tables.insert(path.clone(), tables);
            }
        }
    }

    fn add_named(&mut self, path: &ArchivePath, named: Vec<String>) {
        if !named.is_empty() {
            self.texts.others.named.insert(path.clone(), named);
        }
    }
}

enum Fact {
    Nothing,
    /// It was not looked into, and why.
    Unread(Sentence),
    EntryPoints(Mentions),
    /// A text that compilers may read, or that may name such: what is in it of Python, and what it
    /// includes.
    Text {
        python: Option<(Mentions, Paths)>,
        includes: Vec<Include>,
    },
    /// Data, and the sources that it lists.
    List(Vec<String>),
    Elf {
        strippable: u64,
        tables: u64,
        mentions: Mentions,
        /// The sources that it names.
        named: Vec<String>,
        is_program: bool,
    },
}

/// What may be meant by the texts that are looked for.
struct Sources {
    /// The last names of the folders that hold sources.
    folders: BTreeSet<String>,
    /// The names of the sources.
    names: BTreeSet<String>,
}

impl Sources {
    fn of<'a>(files: impl Iterator<Item = &'a ArchivePath>) -> Self {
        let (mut folders, mut names) = (BTreeSet::new(), BTreeSet::new());
        for path in files.filter(|path| is_source(path.file_name())) {
            let above = path.components().rev().skip(1);
            folders.extend(above.map(str::to_owned));
            names.insert(path.file_name().to_owned());
        }
        Self { folders, names }
    }
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
    let sources = Sources::of(gathered.tree.files.keys());
    let facts: Vec<(&ArchivePath, Fact)> = files
        .par_iter()
        .map(|(path, file)| {
            let fact = fact_of(gathered, path, &sources)?;
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
    is_text(path) || name.contains(".so") || may_be_program && size >= LEAST_PROGRAM
}

fn is_text(path: &ArchivePath) -> bool {
    let name = path.file_name();
    may_include(name) || names_modules(path) || may_list(name) && !is_of_installer(path)
}

fn is_of_installer(path: &ArchivePath) -> bool {
    let first = path.first();
    first.ends_with(".dist-info") || first.ends_with(".egg-info")
}

/// Does a file name modules that are called by other means than an import?
fn names_modules(path: &ArchivePath) -> bool {
    is_entry_points(path) || is_start(path)
}

fn is_entry_points(path: &ArchivePath) -> bool {
    path.file_name() == "entry_points.txt" && path.first().ends_with(".dist-info")
}

/// Beside the packages, and not hidden, as `site` wants it.
fn is_start(path: &ArchivePath) -> bool {
    let name = path.file_name();
    path.as_str() == name && name.ends_with(".start") && !name.starts_with('.')
}

fn fact_of(gathered: &GatheredTree, path: &ArchivePath, sources: &Sources) -> Result<Fact, Error> {
    let (file, metadata) = gathered.root.open_file(path.as_str())?;
    let is_text = is_text(path);
    if !is_text {
        let mut magic = [0; 4];
        if file.read_exact_at(&mut magic, 0).is_err() || !elf::is_elf(&magic) {
            return Ok(Fact::Nothing);
        }
    }
    let most = if is_text { MOST_TEXT } else { MOST_READ };
    if metadata.len() > most {
        let why = sentence!("it has {} bytes, too many to look into", metadata.len());
        return Ok(Fact::Unread(why));
    }
    drop(file);
    let (bytes, _) = gathered.root.read(path.as_str(), most)?;
    Ok(understand(path, &bytes, sources))
}

fn understand(path: &ArchivePath, bytes: &[u8], sources: &Sources) -> Fact {
    if names_modules(path) {
        let text = String::from_utf8_lossy(bytes);
        return Fact::EntryPoints(Mentions {
            strings: match is_start(path) {
                true => python::start_modules(&text),
                false => python::entry_point_modules(&text),
            },
            ..Mentions::default()
        });
    }
    if may_include(path.file_name()) {
        let text = String::from_utf8_lossy(bytes);
        let last = |text: &str| {
            text.trim_end_matches('/')
                .rsplit('/')
                .next()
                .map(str::to_owned)
        };
        let python = path.file_name().ends_with(".py").then(|| {
            let mentions = python::scan(&text, |text| {
                let is_file = is_source(text.rsplit('/').next().unwrap_or(text));
                may_name_test(text) || is_file || text.ends_with(".pyi")
            });
            let is_folder =
                |text: &str| last(text).is_some_and(|name| sources.folders.contains(&name));
            (mentions, python::paths(&text, is_folder))
        });
        return Fact::Text {
            python,
            includes: includes(&text),
        };
    }
    if may_list(path.file_name()) {
        let text = String::from_utf8_lossy(bytes);
        return Fact::List(sources_listed(&text, |name| sources.names.contains(name)));
    }
    // A file that cannot be stripped safely has nothing to save.
    let strippable = elf::strippable(bytes, Strip::All).unwrap_or(0);
    let tables = elf::symbol_bytes(bytes).unwrap_or(0).min(strippable);
    Fact::Elf {
        strippable,
        tables,
        mentions: elf_mentions(bytes),
        named: sources_compiled_in(bytes, |name| sources.names.contains(name)),
        is_program: elf::read(bytes).is_ok_and(|facts| facts.is_program),
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
        wheel: wheel.filename.to_string().into(),
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
        name: format!("{}-{}", wheel.filename.distribution, wheel.filename.version).into(),
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
    }
    let sources = Sources::of(tree.files.keys());
    for entry in wheel.archive.entries() {
        if !entry.is_directory && is_text(&entry.path) {
            if entry.size > MOST_TEXT {
                let why = sentence!("it has {} bytes, too many to look into", entry.size);
                facts.add(&entry.path, Fact::Unread(why));
                continue;
            }
            let bytes = wheel.archive.contents(&gathered.source, entry);
            let bytes = bytes.map_err(broken)?;
            facts.add(&entry.path, understand(&entry.path, &bytes, &sources));
        }
    }
    for one in elf_of(&gathered.subject) {
        facts
            .strippable
            .insert(one.entry.clone(), one.file.strippable);
        let entry = wheel.archive.get(one.entry.as_str());
        let bytes = entry.map(|entry| wheel.archive.contents(&gathered.source, entry));
        let bytes = bytes.transpose().map_err(broken)?.unwrap_or_default();
        let tables = elf::symbol_bytes(&bytes).unwrap_or(0);
        let tables = tables.min(one.file.strippable);
        let mentions = elf_mentions(&bytes);
        if !mentions.strings.is_empty() {
            facts.sources.insert(one.entry.clone(), mentions);
        }
        let named = sources_compiled_in(&bytes, |name| sources.names.contains(name));
        facts.add_named(&one.entry, named);
        if one.file.facts.is_program {
            facts.texts.others.programs.insert(one.entry.clone());
        }
        facts.tables.insert(one.entry.clone(), tables);
    }
    Ok((tree, facts))
}
