//! Every pair of the edits that our own commands make, in every order and each twice over: what one
//! of them has written is input for all of them. `repair` unpacks relocations and renames, `repair
//! --strip` and `slim` strip, `dedupe` renames again; the tools for single files do the rest.
//!
//! Over a few dozen libraries of the Alpine stage; `scripts/evidence/elf-corpus` has the whole corpus.
//! Needs the repository and `scripts/setup --tests`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wheelfix_elf::{
    Edits, Facts, MoreEdits, Relr, RunPath, RunPathEdit, RunPathKind, Soname, Strip, edit, read,
    strip_saves, strippable,
};

/// The largest library that is tried: what is in the large ones is in small ones too.
const LARGEST: u64 = 5_000_000;
/// How many libraries of each folder, besides those that have packed relocations.
const EACH: usize = 12;

fn stage() -> Vec<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/setup");
    let output = Command::new(script).arg("--tests").output().unwrap();
    assert!(output.status.success(), "scripts/setup --tests failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(PathBuf::from).collect()
}

/// The shared libraries right in a folder.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".so"))
        .filter(|path| {
            let meta = path.symlink_metadata().unwrap();
            meta.is_file() && meta.len() <= LARGEST
        })
        .collect();
    found.sort();
    found
}

/// An edit by the command that makes it.
type Step = (&'static str, fn(&Facts) -> Edits);

fn graft(facts: &Facts) -> Edits {
    let name = facts.soname.clone();
    let name = name.map_or("lib.so".to_owned(), |name| name.as_str().to_owned());
    let needed = facts
        .needed
        .iter()
        .find(|name| !name.as_str().starts_with("libc."));
    let renamed = needed.map(|name| {
        (
            name.clone(),
            Soname::from(format!("{}-0123abcd", name.as_str())),
        )
    });
    Edits {
        soname: Some(Soname::from(format!("{}-0123abcd", name.as_str()))),
        rename_needed: renamed.into_iter().collect(),
        run_path: Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: "$ORIGIN:$ORIGIN/../some_package.libs".to_owned(),
        })),
        ..Edits::default()
    }
}

fn repair(facts: &Facts) -> Edits {
    Edits {
        relr: Relr::Expand,
        ..graft(facts)
    }
}

fn stripped(strip: Strip) -> Edits {
    Edits {
        strip,
        ..Edits::default()
    }
}

/// A symbol that the file defines and one that it wants, under new names.
fn renamed(facts: &Facts) -> Edits {
    let named = |defined| {
        let mut symbols = facts.symbols.iter();
        let found = symbols.find(|symbol| symbol.defined == defined && !symbol.name.is_empty());
        found.map(|symbol| symbol.name.to_owned())
    };
    let names = [named(true), named(false)].into_iter().flatten();
    let rename_symbols = names
        .map(|name| (name.clone(), format!("{name}_x")))
        .collect();
    Edits {
        more: MoreEdits {
            rename_symbols,
            ..MoreEdits::default()
        },
        ..Edits::default()
    }
}

/// All needs but the C library's, and the versions with them.
fn unneeded(facts: &Facts) -> Edits {
    let names = facts
        .needed
        .iter()
        .filter(|name| !name.as_str().starts_with("libc.musl"));
    Edits {
        remove_needed: names.cloned().collect(),
        ..Edits::default()
    }
}

const STEPS: [Step; 8] = [
    ("repair", repair),
    ("repair --strip", |facts| Edits {
        strip: Strip::All,
        ..repair(facts)
    }),
    ("repair --strip=debug --relr=keep", |facts| Edits {
        strip: Strip::Debug,
        ..graft(facts)
    }),
    ("slim", |_| stripped(Strip::All)),
    ("dedupe", graft),
    ("patchelf --rename-dynamic-symbols", renamed),
    ("patchelf --remove-needed", unneeded),
    ("port", |facts| Edits {
        strip: Strip::All,
        more: renamed(facts).more,
        remove_needed: unneeded(facts).remove_needed,
        ..repair(facts)
    }),
];

/// Makes one step; what went wrong is told with the steps that led there.
fn step(
    bytes: &[u8],
    (name, edits): Step,
    path: &Path,
    before: &[&str],
) -> Result<Vec<u8>, String> {
    let told = |error| format!("{}: {before:?}, then {name}: {error}", path.display());
    let facts = read(bytes).map_err(told)?;
    let edited = edit(bytes, &edits(&facts)).map_err(told)?;
    Ok(edited.bytes.to_vec())
}

#[test]
fn every_command_edits_what_any_other_has_written() {
    let folders = stage();
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for root in &folders {
        for folder in ["lib", "usr/lib", "usr/lib/python3.12/lib-dynload"] {
            let found = libraries(&root.join(folder));
            let is_packed =
                |path: &&PathBuf| read(&fs::read(path).unwrap()).unwrap().relr.is_some();
            files.extend(found.iter().filter(is_packed).take(EACH).cloned());
            files.extend(found.into_iter().take(EACH));
        }
    }
    assert!(files.len() >= 24, "{}", files.len());
    let mut failures = Vec::new();
    let mut packed = 0;
    for path in &files {
        let original = fs::read(path).unwrap();
        packed += usize::from(read(&original).unwrap().relr.is_some());
        for first in STEPS {
            let once = step(&original, first, path, &[]);
            // Twice over: the second time there may be nothing left to do, but nothing may break.
            let twice = once
                .clone()
                .and_then(|once| step(&once, first, path, &[first.0]));
            for bytes in [&once, &twice] {
                let Ok(bytes) = bytes else {
                    failures.extend(bytes.as_ref().err().cloned());
                    continue;
                };
                for second in STEPS {
                    failures.extend(step(bytes, second, path, &[first.0]).err());
                }
            }
        }
    }
    assert!(packed > 0, "no library has packed relocations");
    failures.dedup();
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn what_a_strip_promises_it_keeps() {
    for root in stage() {
        for path in libraries(&root.join("usr/lib")).into_iter().take(EACH) {
            let original = fs::read(&path).unwrap();
            let facts = read(&original).unwrap();
            for bytes in [
                original.clone(),
                edit(&original, &repair(&facts)).unwrap().bytes.to_vec(),
            ] {
                let edited = edit(&bytes, &stripped(Strip::All)).unwrap();
                let saved = (bytes.len() - edited.bytes.len()) as u64;
                for told in [strippable, strip_saves] {
                    assert_eq!(
                        told(&bytes, Strip::All).unwrap(),
                        saved,
                        "{}",
                        path.display()
                    );
                }
            }
        }
    }
}
