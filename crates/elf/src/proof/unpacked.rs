//! Whether packed relocations that were written out are all there, and say the same.

use crate::address::VirtualAddress;
use crate::error::Error;
use crate::proof::same::same;
use crate::read::dynamic::{
    DT_REL, DT_RELA, DT_RELACOUNT, DT_RELAENT, DT_RELASZ, DT_RELCOUNT, DT_RELENT, DT_RELSZ,
};
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::relocations::{self, Relocation};

/// The relocations of a file in order, packed ones excepted.
pub(crate) fn of(object: &Object<'_>) -> Result<Vec<Relocation>, Error> {
    let mut all = Vec::new();
    relocations::each(&object.image, &object.dynamic, |relocation| {
        all.push(relocation)
    })?;
    Ok(all)
}

/// Whether `packed` relocations are the first of those that the edited file has, in any order, and
/// the list tells of them. Gives out the relocations behind them, which have to be as before.
pub(crate) fn verify<'r>(
    old: &Object<'_>,
    new: &Object<'_>,
    packed: &[VirtualAddress],
    unpacked: &'r [Relocation],
) -> Result<&'r [Relocation], Error> {
    let (old_list, new_list) = (&old.dynamic, &new.dynamic);
    let (front, back) = unpacked
        .split_at_checked(packed.len())
        .ok_or_else(|| Error::unverified("relocations are missing"))?;
    let mut expected = packed_meaning(&old.image, packed)?;
    let mut found = front
        .iter()
        .map(|relocation| relative_meaning(&new.image, relocation))
        .collect::<Result<Vec<_>, _>>()?;
    expected.sort_unstable();
    found.sort_unstable();
    same("the list of unpacked relocations", &expected, &found)?;
    let grown = packed.len() as u64;
    let with_addend = relocations::unpacks_with_addends(&old.image, old_list);
    for (tags, has_addend) in [
        ([DT_RELA, DT_RELASZ, DT_RELAENT], true),
        ([DT_REL, DT_RELSZ, DT_RELENT], false),
    ] {
        let [tag, size_tag, entry_tag] = tags;
        let record = relocations::record_size(old.codec(), has_addend);
        let [size, entry] = [size_tag, entry_tag].map(|tag| old_list.value(tag));
        let (size, entry) = if has_addend == with_addend {
            let added = grown.saturating_mul(record);
            let size = old_list.value(tag).and(size).unwrap_or(0);
            (Some(size.saturating_add(added)), Some(record))
        } else {
            (size, entry)
        };
        same(
            "a relocation table's size",
            &size,
            &new_list.value(size_tag),
        )?;
        same(
            "the size of a relocation",
            &entry,
            &new_list.value(entry_tag),
        )?;
    }
    for tag in [DT_RELACOUNT, DT_RELCOUNT] {
        let expected = old_list.value(tag).map(|count| count.saturating_add(grown));
        same(
            "the count of relative relocations",
            &expected,
            &new_list.value(tag),
        )?;
    }
    Ok(back)
}

/// Packed relocations as address and addend.
fn packed_meaning(image: &Image<'_>, places: &[VirtualAddress]) -> Result<Vec<(u64, u64)>, Error> {
    places
        .iter()
        .map(|&place| Ok((place.0, word_at(image, place)?)))
        .collect()
}

fn relative_meaning(image: &Image<'_>, relocation: &Relocation) -> Result<(u64, u64), Error> {
    let relative = Machine::of(&image.header)
        .relative_types()
        .map(|[plain, _]| plain);
    if relative != Some(relocation.kind) || relocation.symbol != 0 {
        return Err(Error::unverified(
            "an unpacked relocation is not a relative one",
        ));
    }
    let addend = match relocation.addend {
        Some(addend) => addend,
        None => word_at(image, relocation.place)?,
    };
    Ok((relocation.place.0, addend))
}

fn word_at(image: &Image<'_>, place: VirtualAddress) -> Result<u64, Error> {
    image
        .word_at(place)
        .ok_or_else(|| Error::unverified("a packed relocation points outside the file"))
}
