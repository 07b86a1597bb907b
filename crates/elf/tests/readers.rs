//! What is read of real files, beside what goblin reads of them: two readers with nothing in common
//! agree on every ELF file of the fixtures and of an Alpine with Python, a compiler and wheels.
//!
//! `object` reads every edited file besides (src/proof/second_reader.rs); goblin comes to the symbols
//! as loaders do, through the hash tables, and so is a witness for files without section headers too.
//!
//! Needs the repository: its fixtures, and `scripts/setup --tests`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use goblin::elf::{Elf, dynamic};
use wheelfix_elf::{Facts, Kind, read};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders that `scripts/setup --tests` makes, and the fixtures.
fn folders() -> Vec<PathBuf> {
    let script = repository().join("scripts/setup");
    let output = Command::new(script).arg("--tests").output().unwrap();
    assert!(output.status.success(), "scripts/setup --tests failed");
    let stage = String::from_utf8(output.stdout).unwrap();
    let mut folders: Vec<PathBuf> = stage.lines().map(PathBuf::from).collect();
    folders.push(repository().join("fixtures"));
    folders
}

/// Every ELF file below a folder; links are not followed.
fn elf_files(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let (path, kind) = entry
            .map(|entry| (entry.path(), entry.file_type()))
            .unwrap();
        match kind.unwrap() {
            kind if kind.is_dir() => elf_files(&path, found),
            kind if kind.is_file() => {
                let bytes = fs::read(&path).unwrap_or_default();
                if wheelfix_elf::is_elf(&bytes) {
                    found.push((path, bytes));
                }
            }
            _ => {}
        }
    }
}

/// A symbol: its name, whether it is defined, its version.
type Symbol = (String, bool, Option<String>);

/// What both say of a file, in words that can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    machine: (u16, bool, bool, u8),
    soname: Option<String>,
    needed: Vec<String>,
    run_paths: (Option<String>, Option<String>),
    interpreter: Option<String>,
    version_needs: Vec<(String, Vec<String>)>,
    version_definitions: Vec<String>,
    symbols: Vec<Symbol>,
    /// Whether it has section headers, a symbol table besides the dynamic one, debug sections.
    sections: (bool, bool, bool),
}

fn ours(facts: &Facts) -> Sight {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let symbols = facts.symbols.iter();
    let needs = facts.version_needs.iter();
    Sight {
        machine: (
            facts.machine.number,
            facts.class == wheelfix_elf::Class::Elf64,
            facts.endian == wheelfix_elf::Endian::Little,
            facts.os_abi,
        ),
        soname: facts.soname.as_ref().map(|name| name.as_str().to_owned()),
        needed: facts
            .needed
            .iter()
            .map(|name| name.as_str().to_owned())
            .collect(),
        run_paths: (facts.rpath.clone(), facts.runpath.clone()),
        interpreter: facts.interpreter.clone(),
        version_needs: needs
            .map(|need| {
                let names = need.versions.iter().map(|version| version.name.clone());
                (need.file.as_str().to_owned(), names.collect())
            })
            .collect(),
        version_definitions: facts.version_definitions.clone(),
        symbols: symbols
            .map(|symbol| {
                (
                    symbol.name.to_owned(),
                    symbol.defined,
                    owned(symbol.version),
                )
            })
            .collect(),
        sections: (
            facts.has_section_headers,
            facts.has_symbol_table,
            facts.has_debug,
        ),
    }
}

fn theirs(elf: &Elf<'_>) -> Sight {
    let header = &elf.header;
    let text = |tag| {
        let list = elf.dynamic.as_ref()?;
        let entry = list.dyns.iter().rev().find(|entry| entry.d_tag == tag)?;
        elf.dynstrtab
            .get_at(entry.d_val as usize)
            .map(str::to_owned)
    };
    let name = |offset: usize| elf.dynstrtab.get_at(offset).unwrap().to_owned();
    let needs = elf.verneed.iter().flat_map(|needs| needs.iter());
    let definitions = elf.verdef.iter().flat_map(|definitions| definitions.iter());
    // The file's own name is the definition with `VER_FLG_BASE`.
    let definitions = definitions.filter(|definition| definition.vd_flags & 1 == 0);
    let kept = |section: &&goblin::elf::SectionHeader| section.sh_flags & 2 == 0;
    let mut sections = elf.section_headers.iter().filter(kept);
    let is_debug = |section: &goblin::elf::SectionHeader| {
        let name = elf.shdr_strtab.get_at(section.sh_name).unwrap_or_default();
        name.starts_with(".debug_") || name.starts_with(".zdebug_")
    };
    Sight {
        machine: (
            header.e_machine,
            elf.is_64,
            elf.little_endian,
            header.e_ident[7],
        ),
        soname: text(dynamic::DT_SONAME),
        needed: elf.libraries.iter().map(|&name| name.to_owned()).collect(),
        run_paths: (text(dynamic::DT_RPATH), text(dynamic::DT_RUNPATH)),
        interpreter: elf.interpreter.map(str::to_owned),
        version_needs: needs
            .map(|need| {
                let versions = need.iter().map(|version| name(version.vna_name));
                (name(need.vn_file), versions.collect())
            })
            .collect(),
        version_definitions: definitions
            .map(|definition| name(definition.iter().next().unwrap().vda_name))
            .collect(),
        symbols: symbols(elf),
        sections: (
            !elf.section_headers.is_empty(),
            sections.clone().any(|section| section.sh_type == 2),
            sections.any(is_debug),
        ),
    }
}

fn symbols(elf: &Elf<'_>) -> Vec<Symbol> {
    let version_of = |index: usize| {
        let version = elf.versym.as_ref()?.get_at(index)?.version();
        let name = |offset: usize| elf.dynstrtab.get_at(offset).map(str::to_owned);
        let definitions = elf.verdef.iter().flat_map(|definitions| definitions.iter());
        let mut defined = definitions.filter(|it| it.vd_flags & 1 == 0);
        if let Some(definition) = defined.find(|it| it.vd_ndx == version) {
            return name(definition.iter().next()?.vda_name);
        }
        let needs = elf.verneed.iter().flat_map(|needs| needs.iter());
        let mut needed = needs.flat_map(|need| need.iter().collect::<Vec<_>>());
        let needed = needed.find(|it| it.vna_other & 0x7fff == version)?;
        name(needed.vna_name)
    };
    elf.dynsyms
        .iter()
        .enumerate()
        .skip(1)
        .map(|(index, symbol)| {
            let name = elf.dynstrtab.get_at(symbol.st_name).unwrap_or_default();
            (name.to_owned(), symbol.st_shndx != 0, version_of(index))
        })
        .collect()
}

#[test]
fn goblin_reads_of_real_files_what_is_read_here() {
    let mut files = Vec::new();
    for folder in folders() {
        elf_files(&folder, &mut files);
    }
    let (mut same, mut symbols, mut machines) = (0, 0, BTreeSet::new());
    let mut differences = Vec::new();
    for (path, bytes) in &files {
        let name = path.display();
        let (facts, elf) = match (read(bytes), Elf::parse(bytes)) {
            (Ok(facts), Ok(elf)) => (facts, elf),
            // What is broken on purpose (fixtures/fuzz) may be read by one and not by the other.
            _ if path.components().any(|part| part.as_os_str() == "fuzz") => continue,
            (facts, elf) => {
                let why = (facts.err().map(|it| it.to_string()), elf.err());
                differences.push(format!("{name}: not read: {why:?}"));
                continue;
            }
        };
        if facts.kind == Kind::Relocatable || path.to_string_lossy().contains("/fuzz/") {
            continue;
        }
        let (one, other) = (ours(&facts), theirs(&elf));
        if one == other {
            same += 1;
            symbols += one.symbols.len();
            machines.insert(facts.machine.number);
            continue;
        }
        differences.push(format!("{name}: {}", first_difference(&one, &other)));
    }
    eprintln!(
        "{same} of {} files, {symbols} symbols, {} machines",
        files.len(),
        machines.len()
    );
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
    assert!(
        same > 300 && symbols > 10_000 && machines.len() > 5,
        "{same} {symbols}"
    );
}

/// The first thing that two sights tell differently.
fn first_difference(one: &Sight, other: &Sight) -> String {
    let lines = |sight: &Sight| {
        format!("{sight:#?}")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (one, other) = (lines(one), lines(other));
    let at = one.iter().zip(&other).position(|(one, other)| one != other);
    let at = at.unwrap_or(one.len().min(other.len()));
    let line = |lines: &[String]| lines.get(at).map(|line| line.trim().to_owned());
    format!(
        "{:?} here, {:?} there (line {at})",
        line(&one),
        line(&other)
    )
}
