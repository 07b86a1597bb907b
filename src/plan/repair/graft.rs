//! The edits of each file, from what becomes of its needs.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobSet;

use crate::elf::{Edits, Facts, MoreEdits, RunPath, RunPathEdit, RunPathKind, Soname};
use crate::plan::Note;
use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::outside::{Need, Outside};
use crate::plan::repair::naming;
use crate::plan::repair::options::{exec_stack_of, relr_of, strip_of};
use crate::plan::repair::run_path::{of_wheel_file, origin_to};
use crate::resolve::{ElfFile, Libc, ModulePath, libc_of};

/// What the edits of one file come to, apart from its own name and its run path.
#[derive(Debug, Default)]
pub(in crate::plan) struct Needs {
    renames: BTreeMap<Soname, Soname>,
    removed: BTreeSet<Soname>,
    /// Folders in which the file has to look from now on.
    folders: Vec<ModulePath>,
}

impl Needs {
    /// Does the file look for anything in a new place?
    pub(in crate::plan) fn wants_folders(&self) -> bool {
        !self.folders.is_empty()
    }
}

/// A library that was built for another C library does not come along: what it takes from that one
/// (sizes of structures, private symbols) no table of symbols tells.
pub(in crate::plan) fn refuse_strangers(
    links: &Links,
    outside: &Outside,
    want: Libc,
) -> Result<(), Vec<Obstacle>> {
    let grafts = outside.grafts.keys();
    let strangers: Vec<Obstacle> = grafts
        .filter_map(|path| {
            let is = libc_of(&links.files.get(path)?.facts)?;
            let file = path.clone();
            (is != want).then_some(Obstacle::WrongLibc { file, is, want })
        })
        .collect();
    match strangers.is_empty() {
        true => Ok(()),
        false => Err(strangers),
    }
}

/// Read a file's needs. `names` has the grafts' new names, `libs` the folder they go to.
pub(in crate::plan) fn needs(
    file: &ModulePath,
    outside: &Outside,
    names: &BTreeMap<ModulePath, Soname>,
    libs: &ModulePath,
    notes: &mut Vec<Note>,
) -> Needs {
    let mut result = Needs::default();
    // A version need on what another file brings follows the new name too: glibc ends a process in
    // which nothing goes by the name that a version is needed of.
    for (wants, need) in outside.brought.get(file).into_iter().flatten() {
        if let Need::Graft(source) = need
            && let Some(name) = names.get(source)
        {
            result.renames.insert(wants.clone(), name.clone());
        }
    }
    for (wants, need) in outside.needs.get(file).into_iter().flatten() {
        match need {
            Need::Stays | Need::Inside(_) => {}
            Need::Excluded => notes.push(Note::Excluded {
                library: wants.clone(),
            }),
            Need::Dropped => {
                result.removed.insert(wants.clone());
                notes.push(Note::LibpythonDropped {
                    file: file.clone(),
                    library: wants.clone(),
                });
            }
            Need::Graft(source) => {
                if let Some(name) = names.get(source) {
                    result.renames.insert(wants.clone(), name.clone());
                }
                push_once(&mut result.folders, libs.clone());
            }
            Need::Reach(library) => {
                push_once(&mut result.folders, library.parent());
                notes.push(Note::MadeReachable {
                    file: file.clone(),
                    library: library.clone(),
                });
            }
        }
    }
    result
}

fn push_once(folders: &mut Vec<ModulePath>, folder: ModulePath) {
    if !folders.contains(&folder) {
        folders.push(folder);
    }
}

/// The edits of a file of the wheel that is at `was` and will be at `becomes`. Run path entries that
/// `keep` matches stay, wherever they lead.
pub(in crate::plan) fn of_wheel(
    facts: &Facts,
    was: &ModulePath,
    becomes: &ModulePath,
    needs: Needs,
    keep: &GlobSet,
    notes: &mut Vec<Note>,
) -> Edits {
    Edits {
        run_path: of_wheel_file(facts, was, becomes, &needs.folders, keep, notes),
        rename_needed: needs.renames,
        remove_needed: needs.removed,
        ..Edits::default()
    }
}

/// The run path of each graft: its own folder where it needs other grafts, and the
/// folders of what it needs from the wheel itself. It is part of what decides a graft's
/// bytes, and so comes before the names.
pub(in crate::plan) fn run_paths(
    outside: &Outside,
    libs: &ModulePath,
) -> BTreeMap<ModulePath, String> {
    let mut result = BTreeMap::new();
    for source in outside.grafts.keys() {
        let mut entries: Vec<String> = Vec::new();
        let here = libs.join(source.file_name());
        for need in outside
            .needs
            .get(source)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            let folder = match need {
                Need::Graft(_) => libs.clone(),
                Need::Reach(file) | Need::Inside(file) => file.parent(),
                Need::Stays | Need::Excluded | Need::Dropped => continue,
            };
            let entry = origin_to(&here, &folder);
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries.sort();
        result.insert(source.clone(), entries.join(":"));
    }
    result
}

/// The edits of a graft.
pub(in crate::plan) fn of_graft(
    file: &ElfFile,
    name: &Soname,
    needs: Needs,
    run_path: &str,
    options: naming::Options<'_>,
) -> Edits {
    let run_path = match (run_path.is_empty(), file.facts.run_path.is_some()) {
        (false, _) => Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: run_path.to_owned(),
        })),
        (true, true) => Some(RunPathEdit::Remove),
        (true, false) => None,
    };
    let more = MoreEdits {
        exec_stack: exec_stack_of(file, options.clear_exec_stack),
        ..MoreEdits::default()
    };
    Edits {
        more,
        strip: strip_of(file, options.strip),
        relr: relr_of(file, options.relr),
        soname: Some(name.clone()),
        rename_needed: needs.renames,
        remove_needed: needs.removed,
        run_path,
        ..Edits::default()
    }
}
