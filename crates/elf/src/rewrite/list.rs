//! The new dynamic list, and the entries that edits of single files add to it.

use crate::edits::MoreEdits;
use crate::error::Error;
use crate::read::dynamic::{DF_1_NODEFLIB, DT_DEBUG, DT_FLAGS_1, DT_NEEDED, Dynamic, Entry};

/// A value of the new dynamic list: known now, or the place of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u64),
    Name(String),
}

/// One entry of the new dynamic list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewEntry {
    pub(crate) tag: u64,
    pub(crate) value: Value,
}

impl NewEntry {
    pub(crate) fn kept(entry: Entry) -> Self {
        Self {
            tag: entry.tag,
            value: Value::Number(entry.value),
        }
    }

    pub(crate) fn number(tag: u64, value: u64) -> Self {
        Self {
            tag,
            value: Value::Number(value),
        }
    }

    pub(crate) fn name(tag: u64, name: &str) -> Self {
        Self {
            tag,
            value: Value::Name(name.to_owned()),
        }
    }
}

/// Adds the entries that edits of single files ask for. `entries` is the new list so far.
pub(crate) fn add(
    entries: &mut Vec<NewEntry>,
    dynamic: &Dynamic<'_>,
    edits: &MoreEdits,
) -> Result<(), Error> {
    add_needed(entries, dynamic, edits)?;
    if edits.no_default_libraries {
        forbid_default_libraries(entries);
    }
    if edits.debug_entry && !entries.iter().any(|entry| entry.tag == DT_DEBUG) {
        entries.push(NewEntry::number(DT_DEBUG, 0));
    }
    Ok(())
}

fn add_needed(
    entries: &mut Vec<NewEntry>,
    dynamic: &Dynamic<'_>,
    edits: &MoreEdits,
) -> Result<(), Error> {
    let mut needed = Vec::new();
    for entry in entries.iter().filter(|entry| entry.tag == DT_NEEDED) {
        needed.push(match &entry.value {
            Value::Name(name) => name.clone(),
            Value::Number(offset) => dynamic.strings.text(*offset)?.to_owned(),
        });
    }
    let mut added = Vec::new();
    for name in edits.add_needed.iter().map(crate::soname::Soname::as_str) {
        if !needed.iter().any(|needed| needed == name) {
            needed.push(name.to_owned());
            added.push(NewEntry::name(DT_NEEDED, name));
        }
    }
    entries.splice(0..0, added);
    Ok(())
}

fn forbid_default_libraries(entries: &mut Vec<NewEntry>) {
    let mut found = false;
    for entry in entries.iter_mut().filter(|entry| entry.tag == DT_FLAGS_1) {
        if let Value::Number(flags) = &mut entry.value {
            *flags |= DF_1_NODEFLIB;
            found = true;
        }
    }
    if !found {
        entries.push(NewEntry::number(DT_FLAGS_1, DF_1_NODEFLIB));
    }
}
