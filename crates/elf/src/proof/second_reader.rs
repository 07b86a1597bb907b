//! Reads an edited file with another parser and checks that it sees the same names.
//!
//! An editor that is wrong in the same way as its own reader would not notice.

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, SymbolIndex};

use crate::codec::Class;
use crate::error::Error;
use crate::read::facts::Facts;
use crate::soname::Soname;

/// What the other reader sees, besides the symbols.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sight {
    needed: Vec<Vec<u8>>,
    soname: Option<Vec<u8>>,
    rpath: Option<Vec<u8>>,
    runpath: Option<Vec<u8>>,
    /// Without section headers it sees none.
    sees_symbols: bool,
}

/// Compares the facts of the edited file with what the second reader sees in it. A file that the
/// second reader could not read before either is no evidence for anything.
pub(crate) fn verify(before: &[u8], after: &[u8], facts: &Facts) -> Result<(), Error> {
    // One by one: of a large library they are many.
    let mut expected = facts.symbols.iter();
    let mut same_symbols = true;
    let compare = |name: &[u8], version: Option<&[u8]>| {
        same_symbols &= expected.next().is_some_and(|symbol| {
            String::from_utf8_lossy(name) == symbol.name
                && version == symbol.version.map(str::as_bytes)
        });
    };
    let seen = match look(facts.class, after, compare) {
        Ok(seen) => seen,
        Err(_) if look(facts.class, before, |_, _| ()).is_err() => return Ok(()),
        Err(error) => {
            return Err(Error::unverified(format!("a second reader fails: {error}")));
        }
    };
    same_symbols &= expected.next().is_none();
    let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let name = |name: &Soname| name.as_str().as_bytes().to_vec();
    let names = Sight {
        needed: facts.needed.iter().map(name).collect(),
        soname: facts.soname.as_ref().map(name),
        rpath: bytes(&facts.rpath),
        runpath: bytes(&facts.runpath),
        sees_symbols: seen.sees_symbols,
    };
    if names != seen {
        return Err(Error::unverified("a second reader sees other names"));
    }
    if seen.sees_symbols && !same_symbols {
        return Err(Error::unverified("a second reader sees other symbols"));
    }
    Ok(())
}

/// Looks at a file; `symbol` is told the name and the version of each dynamic symbol.
fn look(
    class: Class,
    data: &[u8],
    symbol: impl FnMut(&[u8], Option<&[u8]>),
) -> object::read::Result<Sight> {
    match class {
        Class::Elf32 => look_as::<FileHeader32<Endianness>>(data, symbol),
        Class::Elf64 => look_as::<FileHeader64<Endianness>>(data, symbol),
    }
}

fn look_as<Elf: FileHeader<Endian = Endianness>>(
    data: &[u8],
    mut symbol: impl FnMut(&[u8], Option<&[u8]>),
) -> object::read::Result<Sight> {
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    let mut seen = Sight::default();
    for segment in segments {
        if let Some(list) = segment.dynamic(endian, data)? {
            look_at_list::<Elf>(&mut seen, endian, data, segments, list);
        }
    }
    let sections = header.sections(endian, data)?;
    if !sections.is_empty() {
        let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
        let versions = sections.versions(endian, data)?;
        for (index, record) in symbols.enumerate().skip(1) {
            let versions = versions.as_ref();
            let version = versions.and_then(|table| version(table, endian, index));
            symbol(symbols.symbol_name(endian, record)?, version);
        }
        seen.sees_symbols = true;
    }
    Ok(seen)
}

fn version<'data, Elf: FileHeader<Endian = Endianness>>(
    table: &object::read::elf::VersionTable<'data, Elf>,
    endian: Endianness,
    index: SymbolIndex,
) -> Option<&'data [u8]> {
    let index = table.version_index(endian, index).index();
    Some(table.version(index).ok()??.name())
}

fn look_at_list<Elf: FileHeader<Endian = Endianness>>(
    seen: &mut Sight,
    endian: Endianness,
    data: &[u8],
    segments: &[Elf::ProgramHeader],
    list: &[Elf::Dyn],
) {
    let value = |tag| {
        list.iter()
            .rev()
            .find(|entry| entry.tag(endian) == tag)
            .map(|entry| entry.val(endian))
    };
    let table = segments.iter().find_map(|segment| {
        segment
            .data_range(endian, data, value(elf::DT_STRTAB)?, value(elf::DT_STRSZ)?)
            .ok()
            .flatten()
    });
    let strings = object::StringTable::new(
        table.unwrap_or_default(),
        0,
        table.map_or(0, |table| table.len() as u64),
    );
    let text = |offset: u64| {
        let offset = u32::try_from(offset).ok()?;
        strings.get(offset).ok().map(<[u8]>::to_vec)
    };
    for entry in list
        .iter()
        .take_while(|entry| entry.tag(endian) != elf::DT_NULL)
    {
        let found = || text(entry.val(endian));
        match entry.tag(endian) {
            elf::DT_NEEDED => seen.needed.extend(found()),
            elf::DT_SONAME => seen.soname = found(),
            elf::DT_RPATH => seen.rpath = found(),
            elf::DT_RUNPATH => seen.runpath = found(),
            _ => {}
        }
    }
}
