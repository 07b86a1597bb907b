//! Whether loaders read from an edited file exactly what was asked for.

use super::dynamic::{
    DT_JMPREL, DT_NEEDED, DT_REL, DT_RELA, DT_RELACOUNT, DT_RELAENT, DT_RELASZ, DT_RELCOUNT,
    DT_RELENT, DT_RELR, DT_RELRENT, DT_RELRSZ, DT_RELSZ, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ,
    DT_VERNEED, DT_VERNEEDNUM, Dynamic, is_string_tag,
};
use super::edits::{Edits, Relr, RunPathEdit, Strip};
use super::error::Error;
use super::facts::{Facts, RunPath, RunPathKind, read};
use super::image::Image;
use super::soname::Soname;
use super::symbols::Symbol;
use super::tables::TABLE_TAGS;
use super::tables_meaning;

/// Compares what loaders see, and gives out the facts of the edited file.
pub(super) fn verify(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<Facts, Error> {
    let before = read(old.bytes)?;
    let after = read(new.bytes).map_err(|error| Error::unverified(error.to_string()))?;
    verify_facts(&before, &after, edits)?;
    let (Some(old_list), Some(new_list)) = (Dynamic::parse(old)?, Dynamic::parse(new)?) else {
        return Ok(after);
    };
    verify_list(&old_list, &new_list, edits)?;
    verify_strings(&old_list, &new_list)?;
    tables_meaning::verify(old, new, &old_list, &new_list, edits)?;
    Ok(after)
}

pub(super) fn same<T: PartialEq>(what: &'static str, expected: &T, found: &T) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::unverified(format!("{what} is not as asked")))
    }
}

/// What the facts must be, worked out from those of the old file.
fn verify_facts(before: &Facts, after: &Facts, edits: &Edits) -> Result<(), Error> {
    let renamed = |name: &Soname| edits.rename_needed.get(name).unwrap_or(name).clone();
    let needed: Vec<Soname> = before
        .needed
        .iter()
        .filter(|name| !edits.remove_needed.contains(*name))
        .map(renamed)
        .collect();
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
    // Everything else is as it was.
    let expected = Facts {
        soname: after.soname.clone(),
        needed: after.needed.clone(),
        run_path: after.run_path.clone(),
        rpath: after.rpath.clone(),
        runpath: after.runpath.clone(),
        version_needs: after.version_needs.clone(),
        symbols: after.symbols.clone(),
        relr: after.relr,
        has_symbol_table: after.has_symbol_table,
        has_debug: after.has_debug,
        ..before.clone()
    };
    same("something that was not to change", &expected, after)
}

fn expected_needs(before: &Facts, edits: &Edits) -> Vec<super::VersionNeed> {
    let mut needs = before.version_needs.clone();
    needs.retain(|need| !edits.remove_needed.contains(&need.file));
    if edits.relr == Relr::Expand && before.relr.is_some_and(|count| count > 0) {
        for need in &mut needs {
            need.versions
                .retain(|version| version.name != super::change::RELR_VERSION);
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
    let expected = |symbol: Symbol<'_>| -> bool {
        // A version that is no longer needed of anybody is taken off its symbols.
        symbol
            .version_file
            .is_some_and(|file| edits.remove_needed.contains(file))
    };
    for (one, other) in before.symbols.iter().zip(after.symbols.iter()) {
        let mut wanted = one;
        if expected(one) {
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

fn verify_list(old: &Dynamic<'_>, new: &Dynamic<'_>, edits: &Edits) -> Result<(), Error> {
    let list = |dynamic: &Dynamic<'_>| -> Result<Vec<(u64, Vec<u8>, u64)>, Error> {
        let mut list = Vec::new();
        for entry in &dynamic.entries {
            if is_compared_elsewhere(entry.tag, edits) {
                continue;
            }
            let meaning = if is_string_tag(entry.tag) {
                Meaning::Text(dynamic.strings.raw(entry.value)?)
            } else if entry.tag == DT_JMPREL || TABLE_TAGS.iter().any(|&(tag, _)| tag == entry.tag)
            {
                Meaning::Table
            } else {
                Meaning::Number(entry.value)
            };
            list.push(match meaning {
                Meaning::Text(text) => (entry.tag, text.to_vec(), 0),
                Meaning::Table => (entry.tag, Vec::new(), 0),
                Meaning::Number(number) => (entry.tag, Vec::new(), number),
            });
        }
        Ok(list)
    };
    same("the dynamic list", &list(old)?, &list(new)?)
}

fn is_compared_elsewhere(tag: u64, edits: &Edits) -> bool {
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
    let needs = matches!(tag, DT_VERNEED | DT_VERNEEDNUM);
    named
        || unpacked && edits.relr == Relr::Expand
        || needs && (edits.relr == Relr::Expand || !edits.remove_needed.is_empty())
}

/// The old strings are still there, at their old offsets.
fn verify_strings(old: &Dynamic<'_>, new: &Dynamic<'_>) -> Result<(), Error> {
    if new.strings.bytes.starts_with(old.strings.bytes) {
        Ok(())
    } else {
        Err(Error::unverified("the dynamic string table differs").at(new.strings.at))
    }
}
