//! What differs between two files, for people: the edits that would lead from one to the other,
//! and whether that is all.

use std::collections::{BTreeMap, BTreeSet};

use crate::edits::{Edits, MoreEdits, Relr, RunPathEdit, Strip};
use crate::error::Error;
use crate::proof::verify::verify_edit;
use crate::read::dynamic::{DF_1_NODEFLIB, DT_DEBUG};
use crate::read::facts::{self, Facts};
use crate::read::object::Object;
use crate::run_path::{RunPath, RunPathKind};
use crate::soname::Soname;

/// Two files beside each other.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was read of the first file.
    pub before: Facts,
    /// What was read of the second file.
    pub after: Facts,
    /// The edits that explain what differs, as far as edits can.
    pub edits: Edits,
    /// What else differs, if anything does: the first thing that was found.
    pub rest: Option<Error>,
}

/// Compares two files: whatever no edit of ours explains is named in `rest`.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(before: &[u8], after: &[u8]) -> Result<Comparison, Error> {
    let (old, new) = (Object::parse(before)?, Object::parse(after)?);
    let (old_facts, new_facts) = (facts::of(&old)?, facts::of(&new)?);
    let mut edits = explain(&old_facts, &new_facts);
    let has_debug_entry = |object: &Object<'_>| object.dynamic.value(DT_DEBUG).is_some();
    edits.more.debug_entry = has_debug_entry(&new) && !has_debug_entry(&old);
    let rest = verify_edit(&old, after, &edits).err();
    Ok(Comparison {
        before: old_facts,
        after: new_facts,
        edits,
        rest,
    })
}

fn explain(before: &Facts, after: &Facts) -> Edits {
    let run_path_differs = (&before.rpath, &before.runpath) != (&after.rpath, &after.runpath);
    let set = |kind, value: &String| {
        Some(RunPathEdit::Set(RunPath {
            kind,
            value: value.clone(),
        }))
    };
    let run_path = match (&after.rpath, &after.runpath) {
        _ if !run_path_differs => None,
        (Some(value), None) => set(RunPathKind::Rpath, value),
        (None, Some(value)) => set(RunPathKind::Runpath, value),
        (None, None) => Some(RunPathEdit::Remove),
        (Some(_), Some(_)) => None,
    };
    let changed =
        |one: &Option<String>, other: &Option<String>| other.clone().filter(|_| one != other);
    let (rename_needed, remove_needed, add_needed) = needs(&before.needed, &after.needed);
    Edits {
        strip: if before.has_symbol_table && !after.has_symbol_table {
            Strip::All
        } else if before.has_debug && !after.has_debug {
            Strip::Debug
        } else {
            Strip::None
        },
        relr: match (before.relr, after.relr) {
            (Some(_), None) => Relr::Expand,
            _ => Relr::Keep,
        },
        soname: after
            .soname
            .clone()
            .filter(|_| before.soname != after.soname),
        rename_needed,
        remove_needed,
        debug_link: None,
        more: MoreEdits {
            add_needed,
            interpreter: changed(&before.interpreter, &after.interpreter),
            exec_stack: after
                .exec_stack
                .filter(|_| before.exec_stack != after.exec_stack),
            os_abi: Some(after.os_abi).filter(|_| before.os_abi != after.os_abi),
            no_default_libraries: after.flags_1 & !before.flags_1 & DF_1_NODEFLIB != 0,
            debug_entry: false,
            erase_run_path: run_path.is_some(),
            rename_symbols: BTreeMap::new(),
            clear_versions: BTreeSet::new(),
        },
        run_path,
    }
}

type Needs = (BTreeMap<Soname, Soname>, BTreeSet<Soname>, Vec<Soname>);

/// Renamed, removed and added needs. Lists of one length differ by names alone.
fn needs(before: &[Soname], after: &[Soname]) -> Needs {
    let lacks = |list: &[Soname], name: &Soname| !list.contains(name);
    if before.len() == after.len() {
        let pairs = before.iter().zip(after).filter(|(one, other)| one != other);
        let renamed = pairs.map(|(one, other)| (one.clone(), other.clone()));
        return (renamed.collect(), BTreeSet::new(), Vec::new());
    }
    let removed = before.iter().filter(|name| lacks(after, name)).cloned();
    let added = after.iter().filter(|name| lacks(before, name)).cloned();
    (BTreeMap::new(), removed.collect(), added.collect())
}
