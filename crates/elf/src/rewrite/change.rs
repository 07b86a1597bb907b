//! What the edits mean for one file: its new dynamic list, its new version needs, new names.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::address::VirtualAddress;
use crate::edits::{Edits, MoreEdits, Relr, RunPathEdit};
use crate::error::Error;
use crate::read::dynamic::{
    DT_NEEDED, DT_REL, DT_RELA, DT_RELACOUNT, DT_RELAENT, DT_RELASZ, DT_RELCOUNT, DT_RELENT,
    DT_RELR, DT_RELRENT, DT_RELRSZ, DT_RELSZ, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_VERDEF,
    DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM, Dynamic, Entry,
};
use crate::read::facts::interpreter;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::string_users;
use crate::read::versions::{self, NeedRecord, RELR_VERSION};
use crate::rewrite::header_change::HeaderChange;
use crate::rewrite::list::{self, NewEntry, Value};
use crate::rewrite::symbol_changes;
use crate::run_path::RunPathKind;

/// How the version needs change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewNeed {
    /// Index into the file's records.
    pub(crate) record: usize,
    /// The new name of the library, if it changes.
    pub(crate) file: Option<String>,
    /// Indexes of the versions that stay.
    pub(crate) versions: Vec<usize>,
}

/// Everything that the edits (except strip) mean for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) entries: Vec<NewEntry>,
    /// The version needs that stay, in order.
    pub(crate) needs: Vec<NewNeed>,
    /// Whether some version need, or some version of one, is taken away.
    pub(crate) needs_shrink: bool,
    /// Whether the symbols' versions go, there being no version left that they could name: glibc's
    /// loader takes the table for granted to have something to point to.
    pub(crate) drops_versions: bool,
    /// Packed relocations to write as ordinary ones; `None` to leave them.
    pub(crate) expand: Option<Expansion>,
    /// The new interpreter, if it changes.
    pub(crate) interpreter: Option<String>,
    pub(crate) header: HeaderChange,
    /// Where in the string table the old run path's bytes are, if they are to be written over.
    pub(crate) erased: Option<Range<usize>>,
    /// New names of symbols, by their index.
    pub(crate) symbol_names: BTreeMap<usize, String>,
    /// Indexes of the symbols that lose their version.
    pub(crate) versionless: BTreeSet<usize>,
}

/// The ordinary form of the packed relocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) records: Vec<u8>,
    /// Whether they carry addends (`RELA`).
    pub(crate) with_addend: bool,
    /// Whether they join a table that is there, or found one in the place of the packed ones.
    pub(crate) joins: bool,
    /// The addresses they relocate.
    pub(crate) places: Vec<VirtualAddress>,
}

impl Change {
    /// Works out the change. `needs` are the file's version needs.
    pub(crate) fn new(
        object: &Object<'_>,
        needs: &[NeedRecord],
        edits: &Edits,
    ) -> Result<Self, Error> {
        let Object { image, dynamic, .. } = object;
        let expand = match edits.relr {
            Relr::Keep => None,
            Relr::Expand => expansion(image, dynamic)?,
        };
        let (new_needs, needs_shrink) = new_needs(dynamic, needs, edits, expand.is_some())?;
        let mut entries = named_entries(dynamic, edits)?;
        set_soname(&mut entries, dynamic, edits)?;
        set_run_path(&mut entries, dynamic, edits)?;
        if needs_shrink {
            set_need_count(&mut entries, new_needs.len());
        }
        let drops_versions =
            needs_shrink && new_needs.is_empty() && dynamic.address(DT_VERDEF).is_none();
        if drops_versions {
            entries.retain(|entry| entry.tag != DT_VERSYM);
        }
        if let Some(expansion) = &expand {
            expand_entries(&mut entries, image, expansion);
        }
        let more = &edits.more;
        list::add(&mut entries, dynamic, more)?;
        let keeps_run_path = |entry: &Entry| {
            matches!(entry.tag, DT_RPATH | DT_RUNPATH) && entries.contains(&NewEntry::kept(*entry))
        };
        let erased = if more.erase_run_path && !dynamic.entries.iter().any(keeps_run_path) {
            string_users::unshared_run_path(object)?
        } else {
            None
        };
        let (symbol_names, versionless) = symbol_changes::changes(object, more)?;
        Ok(Self {
            entries,
            needs: new_needs,
            needs_shrink,
            drops_versions,
            expand,
            interpreter: new_interpreter(image, more)?,
            header: HeaderChange::new(image, more),
            erased,
            symbol_names,
            versionless,
        })
    }

    /// Whether the file stays as it is.
    pub(crate) fn is_nothing(&self, dynamic: &Dynamic<'_>) -> bool {
        !self.needs_shrink
            && self.expand.is_none()
            && self.interpreter.is_none()
            && self.header.is_nothing()
            && self.symbol_names.is_empty()
            && self.versionless.is_empty()
            && self.needs.iter().all(|need| need.file.is_none())
            && self
                .entries
                .iter()
                .cloned()
                .eq(dynamic.entries.iter().map(|&entry| NewEntry::kept(entry)))
    }

    /// The names that need a place in the string table.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let entries = self.entries.iter().filter_map(|entry| match &entry.value {
            Value::Name(name) => Some(name.clone()),
            Value::Number(_) => None,
        });
        entries
            .chain(self.needs.iter().filter_map(|need| need.file.clone()))
            .chain(self.symbol_names.values().cloned())
            .collect()
    }
}

fn new_interpreter(image: &Image<'_>, edits: &MoreEdits) -> Result<Option<String>, Error> {
    let Some(wanted) = &edits.interpreter else {
        return Ok(None);
    };
    let Some(old) = interpreter(image)? else {
        return Err(Error::uneditable(
            "it asks for no interpreter (PT_INTERP), so it is a library or statically linked",
        ));
    };
    if wanted.contains('\0') {
        return Err(Error::uneditable("the interpreter's name contains a NUL"));
    }
    Ok((*wanted != old).then(|| wanted.clone()))
}

fn named_entries(dynamic: &Dynamic<'_>, edits: &Edits) -> Result<Vec<NewEntry>, Error> {
    let mut entries = Vec::with_capacity(dynamic.entries.len());
    for &entry in &dynamic.entries {
        if entry.tag != DT_NEEDED {
            entries.push(NewEntry::kept(entry));
            continue;
        }
        let name = dynamic.strings.text(entry.value)?;
        if edits.remove_needed.contains(name) {
            continue;
        }
        match edits.rename_needed.get(name) {
            Some(new) if new.as_str() != name => {
                entries.push(NewEntry::name(DT_NEEDED, new.as_str()))
            }
            _ => entries.push(NewEntry::kept(entry)),
        }
    }
    Ok(entries)
}

/// Where a new entry goes: behind the last need, as linkers have it.
fn new_place(entries: &[NewEntry]) -> usize {
    entries
        .iter()
        .rposition(|entry| entry.tag == DT_NEEDED)
        .map_or(0, |index| index.saturating_add(1))
}

fn set_soname(
    entries: &mut Vec<NewEntry>,
    dynamic: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let Some(soname) = &edits.soname else {
        return Ok(());
    };
    if dynamic.text(DT_SONAME)? == Some(soname.as_str()) {
        return Ok(());
    }
    let new = NewEntry::name(DT_SONAME, soname.as_str());
    match entries.iter_mut().rfind(|entry| entry.tag == DT_SONAME) {
        Some(entry) => *entry = new,
        None => entries.insert(new_place(entries), new),
    }
    Ok(())
}

fn set_run_path(
    entries: &mut Vec<NewEntry>,
    dynamic: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let Some(edit) = &edits.run_path else {
        return Ok(());
    };
    let is_run_path = |entry: &NewEntry| matches!(entry.tag, DT_RPATH | DT_RUNPATH);
    let RunPathEdit::Set(run_path) = edit else {
        entries.retain(|entry| !is_run_path(entry));
        return Ok(());
    };
    let tag = match run_path.kind {
        RunPathKind::Rpath => DT_RPATH,
        RunPathKind::Runpath => DT_RUNPATH,
    };
    if entries.iter().filter(|entry| is_run_path(entry)).count() == 1
        && dynamic.text(tag)? == Some(&run_path.value)
    {
        return Ok(());
    }
    let at = entries.iter().position(is_run_path);
    entries.retain(|entry| !is_run_path(entry));
    let at = at.unwrap_or_else(|| new_place(entries)).min(entries.len());
    entries.insert(at, NewEntry::name(tag, &run_path.value));
    Ok(())
}

fn new_needs(
    dynamic: &Dynamic<'_>,
    records: &[NeedRecord],
    edits: &Edits,
    without_relr: bool,
) -> Result<(Vec<NewNeed>, bool), Error> {
    let mut needs = Vec::with_capacity(records.len());
    let mut shrinks = false;
    for (record, need) in versions::named(records, dynamic)?.iter().enumerate() {
        if edits.remove_needed.contains(&need.file) {
            shrinks = true;
            continue;
        }
        let stays = |name: &str| !(without_relr && name == RELR_VERSION);
        let versions: Vec<usize> = need
            .versions
            .iter()
            .enumerate()
            .filter(|(_, version)| stays(&version.name))
            .map(|(index, _)| index)
            .collect();
        shrinks |= versions.len() < need.versions.len();
        if versions.is_empty() && !need.versions.is_empty() {
            continue;
        }
        let file = edits
            .rename_needed
            .get(&need.file)
            .filter(|&new| *new != need.file);
        needs.push(NewNeed {
            record,
            file: file.map(|file| file.as_str().to_owned()),
            versions,
        });
    }
    Ok((needs, shrinks))
}

fn set_need_count(entries: &mut Vec<NewEntry>, count: usize) {
    if count == 0 {
        entries.retain(|entry| !matches!(entry.tag, DT_VERNEED | DT_VERNEEDNUM));
    }
    for entry in entries
        .iter_mut()
        .filter(|entry| entry.tag == DT_VERNEEDNUM)
    {
        entry.value = Value::Number(count as u64);
    }
}

/// Unpacks the packed relocations; `None` if there are none.
fn expansion(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Option<Expansion>, Error> {
    let places = relocations::packed_places(image, dynamic)?;
    if places.is_empty() {
        return Ok(None);
    }
    let Some([relative, _]) = Machine::of(&image.header).relative_types() else {
        return Err(Error::uneditable(
            "packed relocations of an unknown machine",
        ));
    };
    let codec = image.codec();
    let rela = dynamic.table(DT_RELA, DT_RELASZ).is_some();
    let rel = dynamic.table(DT_REL, DT_RELSZ).is_some();
    let with_addend = relocations::unpacks_with_addends(image, dynamic);
    let word = codec.word_size() as usize;
    let size = relocations::record_size(codec, with_addend) as usize;
    let mut records = vec![0; places.len().saturating_mul(size)];
    for (record, &place) in records.chunks_exact_mut(size).zip(&places) {
        let at = relocations::place_offset(image, place)?;
        let addend = codec.word(image.bytes, at.index());
        let written = addend.and_then(|addend| {
            codec.put_word(record, 0, place.0)?;
            codec.put_word(record, word, u64::from(relative))?;
            if with_addend {
                codec.put_word(record, 2 * word, addend)
            } else {
                Some(())
            }
        });
        written.ok_or_else(|| Error::malformed(at, "a packed relocation outside the file"))?;
    }
    Ok(Some(Expansion {
        records,
        with_addend,
        joins: rela || rel,
        places,
    }))
}

fn expand_entries(entries: &mut Vec<NewEntry>, image: &Image<'_>, expansion: &Expansion) {
    let size = relocations::record_size(image.codec(), expansion.with_addend);
    let grown = expansion.records.len() as u64;
    let (table, table_size, entry_size, count) = if expansion.with_addend {
        (DT_RELA, DT_RELASZ, DT_RELAENT, DT_RELACOUNT)
    } else {
        (DT_REL, DT_RELSZ, DT_RELENT, DT_RELCOUNT)
    };
    if !expansion.joins {
        // The entries of the packed table become those of the ordinary one. Leftovers of an
        // empty ordinary table would stand beside them.
        entries.retain(|entry| ![table, table_size, entry_size].contains(&entry.tag));
        for entry in entries {
            match entry.tag {
                DT_RELR => entry.tag = table,
                DT_RELRSZ => (entry.tag, entry.value) = (table_size, Value::Number(grown)),
                DT_RELRENT => (entry.tag, entry.value) = (entry_size, Value::Number(size)),
                _ => {}
            }
        }
        return;
    }
    entries.retain(|entry| !matches!(entry.tag, DT_RELR | DT_RELRSZ | DT_RELRENT));
    for entry in entries {
        let Value::Number(value) = &mut entry.value else {
            continue;
        };
        if entry.tag == table_size {
            *value = value.saturating_add(grown);
        } else if entry.tag == count {
            // They are put in front, so the count of relative ones at the front grows.
            *value = value.saturating_add(grown / size);
        }
    }
}
