//! Whether symbol versions mean the same, in what their names do not tell.

use std::collections::BTreeSet;

use crate::address::same_slices;
use crate::edits::{Edits, Relr};
use crate::error::Error;
use crate::proof::same::same;
use crate::read::dynamic::{DT_VERSYM, Dynamic};
use crate::read::image::Image;
use crate::read::symbols::{self, RawSymbol};
use crate::read::versions::{
    self, NeededVersion, RELR_VERSION, VERSION_GLOBAL, VERSION_HIDDEN, VersionNeed,
};

/// Symbols carry the versions they did, but those whose version goes: they carry none then.
pub(crate) fn verify_symbols(
    (old, old_list): (&Image<'_>, &Dynamic<'_>),
    (new, new_list): (&Image<'_>, &Dynamic<'_>),
    symbols: &[u8],
    edits: &Edits,
) -> Result<(), Error> {
    const WHAT: &str = "the symbols' versions";
    let codec = old.codec();
    let size = symbols::record_size(codec) as usize;
    let count = symbols.len() / size;
    let one = symbol_versions(old, old_list, count);
    let other = symbol_versions(new, new_list, count);
    let changes = !edits.remove_needed.is_empty()
        || !edits.more.clear_versions.is_empty()
        || edits.relr == Relr::Expand;
    if same_slices(one, other) || !changes {
        return same(WHAT, &true, &same_slices(one, other));
    }
    let gone = gone(old, old_list, edits)?;
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    same(WHAT, &one.len(), &other.len())?;
    let pairs = one.chunks_exact(2).zip(other.chunks_exact(2));
    for ((before, after), raw) in pairs.zip(symbols.chunks_exact(size)) {
        let broken = || Error::unverified("a symbol is cut short");
        let before = codec.u16(before, 0).ok_or_else(broken)?;
        let after = codec.u16(after, 0).ok_or_else(broken)?;
        let name = u64::from(RawSymbol::parse(codec, raw).ok_or_else(broken)?.name);
        let goes = || {
            let name = old_list.strings.text(name);
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

/// Whether an edit takes a needed version away: with its library, or with packed relocations.
fn goes(edits: &Edits, need: &VersionNeed, version: &NeededVersion) -> bool {
    edits.remove_needed.contains(&need.file)
        || edits.relr == Relr::Expand && version.name == RELR_VERSION
}

/// The indexes of needed versions that an edit takes away.
fn gone(image: &Image<'_>, dynamic: &Dynamic<'_>, edits: &Edits) -> Result<BTreeSet<u16>, Error> {
    let records = versions::needs(image, dynamic)?;
    let names = versions::named(&records, dynamic)?;
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

/// The table of the symbols' versions.
fn symbol_versions<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    symbols: usize,
) -> Option<&'a [u8]> {
    let at = dynamic.address(DT_VERSYM)?;
    image.at(at, (symbols as u64).checked_mul(2)?)
}

/// The version needs agree in what their names do not tell: hashes, flags, the symbols' indexes.
pub(crate) fn verify_needs(
    old: &Image<'_>,
    new: &Image<'_>,
    old_list: &Dynamic<'_>,
    new_list: &Dynamic<'_>,
    edits: &Edits,
) -> Result<(), Error> {
    let all = |image: &Image<'_>,
               dynamic: &Dynamic<'_>,
               edits: &Edits|
     -> Result<Vec<(u16, u32, u16, u16)>, Error> {
        let records = versions::needs(image, dynamic)?;
        let names = versions::named(&records, dynamic)?;
        let mut all = Vec::new();
        for (record, need) in records.iter().zip(&names) {
            for (version, name) in record.versions.iter().zip(&need.versions) {
                if !goes(edits, need, name) {
                    all.push((record.form, version.hash, version.flags, version.index));
                }
            }
        }
        Ok(all)
    };
    let expected = all(old, old_list, edits)?;
    same(
        "the list of needed versions",
        &expected,
        &all(new, new_list, &Edits::default())?,
    )?;
    // glibc goes by the links alone, not by how many were announced.
    let ends = |image: &Image<'_>, dynamic: &Dynamic<'_>| -> Result<bool, Error> {
        let records = versions::needs(image, dynamic)?;
        let mut lists = records.iter().map(|record| record.versions.last());
        Ok(records.last().is_none_or(|record| record.is_last)
            && lists.all(|last| last.is_none_or(|version| version.is_last)))
    };
    let lasting = ends(old, old_list)? && !ends(new, new_list)?;
    same("the end of the needed versions", &false, &lasting)
}
