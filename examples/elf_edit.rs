//! Edits many ELF files in one process, for scripts/evidence/elf-corpus: `elf_edit STEP <LIST`
//!
//! LIST has a line `IN<TAB>OUT` for each file. A line is printed for each, its fields parted by
//! tabs: `ok`, the level that the edit reached, the sizes before and after, the machine, the name
//! the file had, IN. Or `error`, what is wrong, IN. The steps:
//!
//! - `facts`: nothing is written; instead of level and sizes: the names it needs, joined by commas
//! - `edit`: a longer name, one need renamed (to itself and [`RENAMED`], or back), a run path of 60 bytes
//! - `strip`, `edit-strip`, `edit-expand-strip`: also, or only, strip; unpack `DT_RELR`
//! - `twenty`: twenty edits in a row, each with new names; they must not add up
//! - `expand`: only unpack `DT_RELR`
//! - `pairs`: every pair of edit, strip, expand and all of them in one, in every order, each twice; what
//!   is written has gone through all four, one after the other, twice
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::io::Read;
use std::path::Path;
use std::{env, fs, io};

use wheelfix::elf::{
    self, Edited, Edits, Facts, Level, Relr, RunPath, RunPathEdit, RunPathKind, Soname, Strip,
};

/// What a renamed need ends in.
const RENAMED: &str = ".renamed";
/// What is not loaded moves by multiples of this.
const ROUNDING: usize = 64;
/// How many of twenty edits may have to move a table.
const MOST_LEAPS: usize = 4;
/// Sixty bytes.
const RUN_PATH: &str = "$ORIGIN:$ORIGIN/../a_package_of_some_name.libs:/opt/some/lib";

/// Whether musl takes a need of that name for itself, or it is a loader: those keep their names.
fn is_system(name: &str) -> bool {
    [
        "libc.",
        "libpthread.",
        "librt.",
        "libm.",
        "libdl.",
        "libutil.",
        "libxnet.",
        "ld-",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

fn edits(facts: &Facts, file: &Path) -> Edits {
    let file = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = facts
        .soname
        .as_ref()
        .map_or(file.unwrap_or_default(), |name| name.as_str().to_owned());
    let need = facts.needed.iter().find(|name| !is_system(name.as_str()));
    // And back again: a loader has to find it after any number of edits.
    let other = |name: &Soname| match name.as_str().strip_suffix(RENAMED) {
        Some(name) => Soname::from(name.to_owned()),
        None => Soname::from(format!("{}{RENAMED}", name.as_str())),
    };
    let renamed = need.map(|name| (name.clone(), other(name)));
    Edits {
        soname: Some(format!("{name}.0123abcd").into()),
        rename_needed: renamed.into_iter().collect(),
        run_path: Some(run_path(RUN_PATH.to_owned())),
        ..Edits::default()
    }
}

fn run_path(value: String) -> RunPathEdit {
    RunPathEdit::Set(RunPath {
        kind: RunPathKind::Rpath,
        value,
    })
}

/// Twenty edits in a row, each with a name and a run path that were not there before. In a few of
/// them a table has to leave its place, each table at most once: what stands beside the names, then
/// the names themselves. Every other edit adds its names and nothing else.
fn twenty(bytes: &[u8], facts: &Facts, file: &Path) -> Result<Edited, String> {
    let mut edited = elf::edit(bytes, &edits(facts, file)).map_err(|error| error.to_string())?;
    let mut leaps = Vec::new();
    for round in 1..20 {
        let name = format!("libround-{round:02}.so.{round}");
        let path = format!("$ORIGIN/round-{round:02}:{RUN_PATH}");
        let most = edited.bytes.len() + name.len() + path.len() + 2 + ROUNDING;
        let asked = Edits {
            soname: Some(name.into()),
            run_path: Some(run_path(path)),
            ..Edits::default()
        };
        edited =
            elf::edit(&edited.bytes, &asked).map_err(|error| format!("round {round}: {error}"))?;
        if edited.bytes.len() > most {
            leaps.push(round);
        }
    }
    if leaps.len() > MOST_LEAPS {
        return Err(format!("the rounds {leaps:?} add more than their names"));
    }
    Ok(edited)
}

/// The edits of one step on a file as it is now.
fn asked(step: &str, facts: &Facts, file: &Path) -> Edits {
    let mut asked = match step.starts_with("edit") {
        true => edits(facts, file),
        false => Edits::default(),
    };
    if step.contains("strip") {
        asked.strip = Strip::All;
    }
    if step.contains("expand") {
        asked.relr = Relr::Expand;
    }
    asked
}

/// What one step makes of what others have made.
fn next(bytes: &[u8], step: &str, file: &Path, before: &str) -> Result<Edited, String> {
    let told = |error: elf::Error| format!("{before} then {step}: {error}");
    let facts = elf::read(bytes).map_err(told)?;
    elf::edit(bytes, &asked(step, &facts, file)).map_err(told)
}

const STEPS: [&str; 4] = ["expand", "strip", "edit", "edit-expand-strip"];

fn pairs(bytes: &[u8], file: &Path) -> Result<Edited, String> {
    for first in STEPS {
        let once = next(bytes, first, file, "nothing")?.bytes;
        let twice = next(&once, first, file, first)?.bytes;
        for second in STEPS {
            next(&once, second, file, first)?;
            next(&twice, second, file, first)?;
        }
    }
    let mut edited = next(bytes, "expand", file, "nothing")?;
    for step in STEPS.iter().chain(&STEPS) {
        edited = next(&edited.bytes, step, file, "all before")?;
    }
    Ok(edited)
}

fn step(step: &str, from: &Path, to: &Path) -> Result<String, String> {
    let bytes = fs::read(from).map_err(|error| error.to_string())?;
    let facts = elf::read(&bytes).map_err(|error| error.to_string())?;
    let machine = facts.machine.arch().map_or("unknown", elf::Arch::name);
    let name = facts.soname.as_ref().map_or("", Soname::as_str);
    if step == "facts" {
        let needed: Vec<&str> = facts.needed.iter().map(Soname::as_str).collect();
        return Ok(format!(
            "{}\t{}\t{}\t{machine}\t{name}",
            needed.join(","),
            bytes.len(),
            facts.relr.unwrap_or(0)
        ));
    }
    let edited = match step {
        "twenty" => twenty(&bytes, &facts, from)?,
        "pairs" => pairs(&bytes, from)?,
        _ => elf::edit(&bytes, &asked(step, &facts, from)).map_err(|error| error.to_string())?,
    };
    fs::create_dir_all(to.parent().expect("OUT has a folder"))
        .map_err(|error| error.to_string())?;
    fs::write(to, &edited.bytes).map_err(|error| error.to_string())?;
    let level: Level = edited.level;
    Ok(format!(
        "{level:?}\t{}\t{}\t{machine}\t{name}",
        bytes.len(),
        edited.bytes.len()
    ))
}

fn main() {
    let wanted = env::args().nth(1).expect("elf_edit STEP <LIST");
    let mut list = String::new();
    io::stdin()
        .read_to_string(&mut list)
        .expect("the list is text");
    for line in list.lines() {
        let (from, to) = line.split_once('\t').unwrap_or((line, ""));
        match step(&wanted, Path::new(from), Path::new(to)) {
            Ok(said) => println!("ok\t{said}\t{from}"),
            Err(why) => println!("error\t{}\t{from}", why.replace(['\t', '\n'], " ")),
        }
    }
}
