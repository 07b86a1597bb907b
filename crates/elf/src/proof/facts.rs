//! Whether loaders read from an edited file exactly what was asked for.

use std::borrow::Cow;

use crate::edits::{Edits, Relr, RunPathEdit, Strip};
use crate::error::Error;
use crate::proof::same::same;
use crate::proof::tables;
use crate::read::dynamic::{
    DF_1_NODEFLIB, DT_DEBUG, DT_FLAGS_1, DT_MIPS_RLD_MAP_REL, DT_NEEDED, DT_REL, DT_RELA,
    DT_RELACOUNT, DT_RELAENT, DT_RELASZ, DT_RELCOUNT, DT_RELENT, DT_RELR, DT_RELRENT, DT_RELRSZ,
    DT_RELSZ, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM,
    is_string_tag, is_table_tag,
};
use crate::read::facts::{self, Facts};
use crate::read::load_facts::LoadFacts;
use crate::read::object::Object;
use crate::read::relocated::Relocated;
use crate::read::string_users;
use crate::read::symbols::{Symbol, Symbols};
use crate::read::versions::{RELR_VERSION, VersionNeed};
use crate::run_path::{RunPath, RunPathKind};
use crate::soname::Soname;

/// Compares what loaders see, and gives out the facts of the edited file.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<Facts, Error> {
    let before = facts::of(old)?;
    let mut after = facts::of(new).map_err(|error| Error::unverified(error.to_string()))?;
    verify_facts(&before, &after, edits)?;
    verify_rest(before, &mut after, edits)?;
    if old.is_linked() && new.is_linked() {
        verify_list(old, new, edits)?;
        verify_strings(old, new, edits)?;
        tables::verify(old, new, edits)?;
    }
    Ok(after)
}

/// What the facts must be, worked out from those of the old file.
fn verify_facts(before: &Facts, after: &Facts, edits: &Edits) -> Result<(), Error> {
    let renamed = |name: &Soname| edits.rename_needed.get(name).unwrap_or(name).clone();
    let more = &edits.more;
    let kept: Vec<Soname> = before
        .needed
        .iter()
        .filter(|name| !edits.remove_needed.contains(*name))
        .map(renamed)
        .collect();
    let mut needed: Vec<Soname> = Vec::new();
    for name in &more.add_needed {
        if !kept.contains(name) && !needed.contains(name) {
            needed.push(name.clone());
        }
    }
    needed.extend(kept);
    same("the list of needed libraries", &needed, &after.needed)?;
    let soname = if before.dynamic {
        edits.soname.clone().or_else(|| before.soname.clone())
    } else {
        None
    };
    same("the name", &soname, &after.soname)?;
    let (rpath, runpath) = match &edits.run_path {
        None => (before.rpath.clone(), before.runpath.clone()),
        Some(RunPathEdit::Remove) => (None, None),
        Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value,
        })) => (Some(value.clone()), None),
        Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Runpath,
            value,
        })) => (None, Some(value.clone())),
    };
    same(
        "the run path",
        &(rpath, runpath),
        &(after.rpath.clone(), after.runpath.clone()),
    )?;
    same(
        "the version needs",
        &expected_needs(before, edits),
        &after.version_needs,
    )?;
    let relr = if edits.relr == Relr::Expand {
        None
    } else {
        before.relr
    };
    same("the number of packed relocations", &relr, &after.relr)?;
    if edits.strip == Strip::All && (after.has_symbol_table || after.has_debug) {
        return Err(Error::unverified("strip left something behind"));
    }
    verify_symbol_facts(before, after, edits)?;
    Ok(())
}

/// Everything that no edit speaks of is as it was. The symbols, which are many, are compared by
/// [`verify_facts`] and stay out of this.
fn verify_rest(before: Facts, after: &mut Facts, edits: &Edits) -> Result<(), Error> {
    let more = &edits.more;
    let symbols = std::mem::take(&mut after.symbols);
    let expected = Facts {
        load: LoadFacts {
            os_abi: more.os_abi.unwrap_or(before.os_abi),
            flags_1: match more.no_default_libraries {
                true => before.flags_1 | DF_1_NODEFLIB,
                false => before.flags_1,
            },
            soname: after.soname.clone(),
            needed: after.needed.clone(),
            run_path: after.run_path.clone(),
            rpath: after.rpath.clone(),
            runpath: after.runpath.clone(),
            ..before.load
        },
        interpreter: more.interpreter.clone().or(before.interpreter),
        exec_stack: more.exec_stack.or(before.exec_stack),
        version_needs: after.version_needs.clone(),
        symbols: Symbols::default(),
        relr: after.relr,
        relocated: relocated(before.relocated, edits),
        has_symbol_table: after.has_symbol_table,
        has_debug: after.has_debug,
        ..before
    };
    same("something that was not to change", &expected, after)?;
    after.symbols = symbols;
    Ok(())
}

/// The same relocations, which name symbols by what those are called now.
fn relocated(before: Relocated, edits: &Edits) -> Relocated {
    let rename = |names: Vec<String>| {
        let renamed = names.into_iter().map(|name| {
            let new = edits.more.rename_symbols.get(&name);
            new.cloned().unwrap_or(name)
        });
        let mut names: Vec<String> = renamed.collect();
        names.sort();
        names
    };
    Relocated {
        initial_exec: rename(before.initial_exec),
        weak_thread_data: rename(before.weak_thread_data),
        indirect: rename(before.indirect),
        ..before
    }
}

fn expected_needs(before: &Facts, edits: &Edits) -> Vec<VersionNeed> {
    let mut needs = before.version_needs.clone();
    needs.retain(|need| !edits.remove_needed.contains(&need.file));
    if edits.relr == Relr::Expand && before.relr.is_some_and(|count| count > 0) {
        for need in &mut needs {
            need.versions.retain(|version| version.name != RELR_VERSION);
        }
        needs.retain(|need| !need.versions.is_empty());
    }
    for need in &mut needs {
        if let Some(new) = edits.rename_needed.get(&need.file) {
            need.file = new.clone();
        }
    }
    needs
}

fn verify_symbol_facts(before: &Facts, after: &Facts, edits: &Edits) -> Result<(), Error> {
    same(
        "the number of symbols",
        &before.symbols.len(),
        &after.symbols.len(),
    )?;
    if !edits.more.rename_symbols.is_empty() {
        return Ok(()); // They may stand in another order; they are compared as a whole.
    }
    // A version that is no longer needed of anybody is taken off its symbols; a program's own copy of
    // a library's data carries one too.
    let loses = |symbol: Symbol<'_>, file: Option<&str>| {
        edits.more.clear_versions.contains(symbol.name)
            || file.is_some_and(|file| edits.remove_needed.contains(file))
    };
    let files = before.symbols.version_files();
    for ((one, other), file) in before.symbols.iter().zip(after.symbols.iter()).zip(files) {
        let mut wanted = one;
        if loses(one, file) {
            (wanted.version, wanted.version_file) = (None, None);
            wanted.default_version = other.default_version;
        } else if let Some(new) = one
            .version_file
            .and_then(|file| edits.rename_needed.get(file))
        {
            wanted.version_file = Some(new.as_str());
        }
        same("a symbol", &wanted, &other)?;
    }
    Ok(())
}

/// A dynamic entry by what it says rather than where it points.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    Text(&'a [u8]),
    Table,
    Number(u64),
}

fn verify_list(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let packed_tags = [DT_RELR, DT_RELRSZ, DT_RELRENT];
    let is_packed = packed_tags
        .iter()
        .any(|&tag| old.dynamic.value(tag).is_some());
    let unpacks = edits.relr == Relr::Expand && is_packed;
    let list = |object: &Object<'_>| {
        let (image, dynamic) = (&object.image, &object.dynamic);
        let mut list = Vec::new();
        for (index, entry) in dynamic.entries.iter().enumerate() {
            if is_compared_elsewhere(entry.tag, edits, unpacks) {
                continue;
            }
            let meaning = if is_string_tag(entry.tag) {
                Meaning::Text(dynamic.strings.raw(entry.value)?)
            } else if is_table_tag(entry.tag) {
                Meaning::Table
            } else {
                let own_relative = dynamic.own_relative(image, index, DT_MIPS_RLD_MAP_REL);
                Meaning::Number(own_relative.unwrap_or(entry.value))
            };
            list.push(match meaning {
                Meaning::Text(text) => (entry.tag, text.to_vec(), 0),
                Meaning::Table => (entry.tag, Vec::new(), 0),
                Meaning::Number(number) => (entry.tag, Vec::new(), number),
            });
        }
        Ok::<_, Error>(list)
    };
    let (mut expected, found) = (list(old)?, list(new)?);
    if edits.more.debug_entry && !expected.iter().any(|entry| entry.0 == DT_DEBUG) {
        expected.push((DT_DEBUG, Vec::new(), 0));
    }
    same("the dynamic list", &expected, &found)
}

/// `unpacks`: packed relocations become ordinary ones.
fn is_compared_elsewhere(tag: u64, edits: &Edits, unpacks: bool) -> bool {
    let named = matches!(
        tag,
        DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH | DT_STRSZ
    );
    let unpacked = matches!(
        tag,
        DT_RELR
            | DT_RELRSZ
            | DT_RELRENT
            | DT_RELA
            | DT_RELASZ
            | DT_RELAENT
            | DT_RELACOUNT
            | DT_REL
            | DT_RELSZ
            | DT_RELENT
            | DT_RELCOUNT
    );
    let needs = matches!(tag, DT_VERNEED | DT_VERNEEDNUM | DT_VERSYM);
    named
        || tag == DT_FLAGS_1 && edits.more.no_default_libraries
        || unpacked && unpacks
        || needs && (unpacks || !edits.remove_needed.is_empty())
}

/// The old strings are still there, at their old offsets. Only the bytes of a run path that nothing
/// else uses may be others; every name in use is compared as such.
fn verify_strings(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let (strings, new_strings) = (old.dynamic.strings.bytes, &new.dynamic.strings);
    let differs = || Error::unverified("the dynamic string table differs").at(new_strings.at);
    let mut found = Cow::Borrowed(new_strings.bytes);
    if edits.more.erase_run_path
        && let Some(range) = string_users::unshared_run_path(old)?
    {
        let target = found.to_mut().get_mut(range.clone()).ok_or_else(differs)?;
        target.copy_from_slice(strings.get(range).ok_or_else(differs)?);
    }
    if found.starts_with(strings) {
        Ok(())
    } else {
        Err(differs())
    }
}
