//! Relocations as far as layout and facts need them: whom they name, where they point.

use crate::address::{FileOffset, VirtualAddress};
use crate::codec::Codec;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{
    DT_JMPREL, DT_PLTREL, DT_REL, DT_RELA, DT_RELASZ, DT_RELR, DT_RELRSZ, DT_RELSZ, Dynamic,
    RELOCATION_TABLES,
};
use crate::read::image::Image;
use crate::read::machine::Machine;

/// One relocation. Without an addend of its own (`REL`) the addend is what stands at `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relocation {
    pub(crate) place: VirtualAddress,
    pub(crate) kind: u32,
    pub(crate) symbol: u32,
    pub(crate) addend: Option<u64>,
}

/// Bytes of one relocation.
pub(crate) fn record_size(codec: Codec, with_addend: bool) -> u64 {
    match (codec.is_64(), with_addend) {
        (true, true) => 24,
        (true, false) => 16,
        (false, true) => 12,
        (false, false) => 8,
    }
}

fn parse(codec: Codec, record: &[u8], with_addend: bool) -> Option<Relocation> {
    let word = codec.word_size() as usize;
    let info = codec.word(record, word)?;
    let (symbol, kind) = if codec.is_64() {
        ((info >> 32) as u32, info as u32)
    } else {
        ((info >> 8) as u32, (info & 0xff) as u32)
    };
    Some(Relocation {
        place: VirtualAddress(codec.word(record, 0)?),
        kind,
        symbol,
        addend: if with_addend {
            Some(codec.word(record, 2 * word)?)
        } else {
            None
        },
    })
}

/// Gives a relocation's symbol its new number; `None` if it names one that is not there.
pub(crate) fn renumber(codec: Codec, record: &mut [u8], new_index: &[u32]) -> Option<()> {
    let word = codec.word_size() as usize;
    let info = codec.word(record, word)?;
    let shift = if codec.is_64() { 32 } else { 8 };
    let old = info >> shift;
    let new = u64::from(*new_index.get(usize::try_from(old).ok()?)?);
    let kept = info & ((1 << shift) - 1);
    codec.put_word(record, word, new << shift | kept)
}

/// A dynamic section's relocation tables but for the packed ones, and whether they carry addends.
pub(crate) fn tables(dynamic: &Dynamic<'_>) -> Vec<(Span<VirtualAddress>, bool)> {
    let procedures = dynamic.value(DT_PLTREL) == Some(DT_RELA);
    let found = RELOCATION_TABLES.iter().filter_map(|&(tag, size_tag)| {
        let with_addend = match tag {
            DT_RELA => true,
            DT_REL => false,
            DT_JMPREL => procedures,
            _ => return None,
        };
        Some((dynamic.table(tag, size_tag)?, with_addend))
    });
    found.collect()
}

/// Calls `visit` with every relocation of the file, packed ones excepted.
pub(crate) fn each(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    mut visit: impl FnMut(Relocation),
) -> Result<(), Error> {
    let codec = image.codec();
    for (span, with_addend) in tables(dynamic) {
        let table = image.loaded_bytes(span).ok_or_else(|| {
            Error::malformed(dynamic.at, "a relocation table is in no loaded segment")
        })?;
        let record = record_size(codec, with_addend) as usize;
        table
            .chunks_exact(record)
            .filter_map(|raw| parse(codec, raw, with_addend))
            .for_each(&mut visit);
    }
    Ok(())
}

/// The highest symbol index that any relocation names.
pub(crate) fn highest_symbol(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<u64, Error> {
    let mut highest = 0;
    each(image, dynamic, |relocation| {
        highest = highest.max(u64::from(relocation.symbol))
    })?;
    Ok(highest)
}

/// The packed relative relocations' bytes (`DT_RELR`), if the file has any.
fn packed<'a>(image: &Image<'a>, dynamic: &Dynamic<'_>) -> Result<Option<&'a [u8]>, Error> {
    let Some(span) = dynamic.table(DT_RELR, DT_RELRSZ) else {
        return Ok(None);
    };
    let table = image.loaded_bytes(span).ok_or_else(|| {
        Error::malformed(
            dynamic.at,
            "the packed relocations (DT_RELR) are in no loaded segment",
        )
    })?;
    Ok(Some(table))
}

/// How many relocations `DT_RELR` packs; `None` if the file has none packed.
pub(crate) fn packed_count(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Option<u64>, Error> {
    let Some(table) = packed(image, dynamic)? else {
        return Ok(None);
    };
    let codec = image.codec();
    let count = table
        .chunks_exact(codec.word_size() as usize)
        .filter_map(|raw| codec.word(raw, 0))
        .map(|word| {
            if word & 1 == 0 {
                1
            } else {
                u64::from((word >> 1).count_ones())
            }
        })
        .sum();
    Ok(Some(count))
}

/// The addresses that `DT_RELR` packs, in its order.
pub(crate) fn packed_places(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
) -> Result<Vec<VirtualAddress>, Error> {
    let Some(table) = packed(image, dynamic)? else {
        return Ok(Vec::new());
    };
    let codec = image.codec();
    let word_size = codec.word_size();
    // Every place is a word of the file. Bitmaps unpack to 63 times their size, so a small
    // hostile table could ask for much more.
    let most = image.bytes.len() as u64 / word_size;
    if packed_count(image, dynamic)?.unwrap_or(0) > most {
        return Err(Error::malformed(
            dynamic.at,
            "more packed relocations (DT_RELR) than the file has words",
        ));
    }
    // An odd word is a bitmap of the words after the last place; one bit is the mark itself.
    let bits = word_size * 8 - 1;
    let mut places = Vec::new();
    let mut next = 0_u64;
    for raw in table.chunks_exact(word_size as usize) {
        let Some(word) = codec.word(raw, 0) else {
            break;
        };
        if word & 1 == 0 {
            places.push(VirtualAddress(word));
            next = word.saturating_add(word_size);
            continue;
        }
        let mut rest = word >> 1;
        let mut place = next;
        while rest != 0 {
            if rest & 1 == 1 {
                places.push(VirtualAddress(place));
            }
            rest >>= 1;
            place = place.saturating_add(word_size);
        }
        next = next.saturating_add(bits.saturating_mul(word_size));
    }
    Ok(places)
}

/// Whether packed relocations become ones with addends of their own: those of the ordinary ones
/// that are there, else of the form that the machine's linkers use.
pub(crate) fn unpacks_with_addends(image: &Image<'_>, dynamic: &Dynamic<'_>) -> bool {
    let rela = dynamic.table(DT_RELA, DT_RELASZ).is_some();
    let rel = dynamic.table(DT_REL, DT_RELSZ).is_some();
    rela || !rel && Machine::of(&image.header).uses_addends()
}

/// Where a packed relocation's word stands in the file.
pub(crate) fn place_offset(image: &Image<'_>, place: VirtualAddress) -> Result<FileOffset, Error> {
    image
        .offset_of(place, image.codec().word_size())
        .ok_or_else(|| {
            Error::malformed(
                FileOffset(0),
                format!("a packed relocation of {place}, which is not in the file"),
            )
        })
}
