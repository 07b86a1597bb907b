//! Whether symbol versions mean the same, in what their names do not tell.

use std::collections::BTreeSet;

use crate::address::same_slices;
use crate::edits::{Edits, Relr};
use crate::error::Error;
use crate::proof::same::same;
use crate::read::dynamic::DT_VERDEF;
use crate::read::object::Object;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::{
    self, NeedRecord, NeededVersion, RELR_VERSION, VERSION_GLOBAL, VERSION_HIDDEN, VersionNeed,
};

/// Symbols carry the versions they did, but those whose version goes: they carry none then, and
/// where it was the last one there is no table of them.
pub(crate) fn verify_symbols(
    old: &Object<'_>,
    new: &Object<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    const WHAT: &str = "the symbols' versions";
    let codec = old.codec();
    let (one, other) = (old.symbol_versions()?, new.symbol_versions()?);
    let lasts = one.is_some() && !loses_all(old, new)?;
    same(WHAT, &lasts, &other.is_some())?;
    if !lasts {
        return Ok(());
    }
    let changes = !edits.remove_needed.is_empty()
        || !edits.more.clear_versions.is_empty()
        || edits.relr == Relr::Expand;
    if same_slices(one, other) || !changes {
        return same(WHAT, &true, &same_slices(one, other));
    }
    let gone = gone(old, edits)?;
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    same(WHAT, &one.len(), &other.len())?;
    let pairs = one.chunks_exact(2).zip(other.chunks_exact(2));
    let size = symbols::record_size(codec) as usize;
    for ((before, after), raw) in pairs.zip(old.symbols()?.chunks_exact(size)) {
        let broken = || Error::unverified("a symbol is cut short");
        let before = codec.u16(before, 0).ok_or_else(broken)?;
        let after = codec.u16(after, 0).ok_or_else(broken)?;
        let name = u64::from(RawSymbol::parse(codec, raw).ok_or_else(broken)?.name);
        let goes = || {
            let name = old.dynamic.strings.text(name);
            gone.contains(&(before & !VERSION_HIDDEN))
                || name.is_ok_and(|name| edits.more.clear_versions.contains(name))
        };
        same(
            WHAT,
            &true,
            &(before == after || after == VERSION_GLOBAL && goes()),
        )?;
    }
    Ok(())
}

/// Whether an edit took the last version away that a symbol could name. glibc's loader crashes where
/// symbols have versions and there is no list of them.
pub(crate) fn loses_all(old: &Object<'_>, new: &Object<'_>) -> Result<bool, Error> {
    let needs = |object: &Object<'_>| versions::needs(&object.image, &object.dynamic);
    Ok(new.dynamic.address(DT_VERDEF).is_none()
        && !needs(old)?.is_empty()
        && needs(new)?.is_empty())
}

/// The bytes of the versions that a file defines, if it defines any.
pub(crate) fn definitions<'a>(object: &Object<'a>) -> Result<Option<&'a [u8]>, Error> {
    let size = versions::definition_size(&object.image, &object.dynamic)?;
    let at = object.dynamic.address(DT_VERDEF);
    Ok(at.and_then(|at| object.image.at(at, size)))
}

/// Whether an edit takes a needed version away: with its library, or with packed relocations.
fn goes(edits: &Edits, need: &VersionNeed, version: &NeededVersion) -> bool {
    edits.remove_needed.contains(&need.file)
        || edits.relr == Relr::Expand && version.name == RELR_VERSION
}

/// The indexes of needed versions that an edit takes away.
pub(crate) fn gone(object: &Object<'_>, edits: &Edits) -> Result<BTreeSet<u16>, Error> {
    let records = versions::needs(&object.image, &object.dynamic)?;
    let names = versions::named(&records, &object.dynamic)?;
    let (mut gone, mut stays) = (BTreeSet::new(), BTreeSet::new());
    for (record, need) in records.iter().zip(&names) {
        for (version, name) in record.versions.iter().zip(&need.versions) {
            let indexes = if goes(edits, need, name) {
                &mut gone
            } else {
                &mut stays
            };
            indexes.insert(version.index & !VERSION_HIDDEN);
        }
    }
    gone.retain(|index| !stays.contains(index));
    Ok(gone)
}

/// The version needs agree in what their names do not tell: hashes, flags, the symbols' indexes.
pub(crate) fn verify_needs(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    let records = |object: &Object<'_>| versions::needs(&object.image, &object.dynamic);
    let (before, after) = (records(old)?, records(new)?);
    let all = |object: &Object<'_>, records: &[NeedRecord], edits: &Edits| {
        let names = versions::named(records, &object.dynamic)?;
        let mut all = Vec::new();
        for (record, need) in records.iter().zip(&names) {
            for (version, name) in record.versions.iter().zip(&need.versions) {
                if !goes(edits, need, name) {
                    all.push((record.form, version.hash, version.flags, version.index));
                }
            }
        }
        Ok::<_, Error>(all)
    };
    same(
        "the list of needed versions",
        &all(old, &before, edits)?,
        &all(new, &after, &Edits::default())?,
    )?;
    // glibc goes by the links alone, not by how many were announced.
    let ends = |records: &[NeedRecord]| {
        let mut lists = records.iter().map(|record| record.versions.last());
        records.last().is_none_or(|record| record.is_last)
            && lists.all(|last| last.is_none_or(|version| version.is_last))
    };
    let lasting = ends(&before) && !ends(&after);
    same("the end of the needed versions", &false, &lasting)
}
