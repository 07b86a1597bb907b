//! Reads an edited file with another parser and checks that it sees the same names.
//!
//! An editor that is wrong in the same way as its own reader would not notice.

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, SymbolIndex};

use super::codec::Class;
use super::error::Error;
use super::facts::Facts;

/// A symbol's name and version.
type SeenSymbol = (Vec<u8>, Option<Vec<u8>>);

/// What the other reader sees.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sight {
    needed: Vec<Vec<u8>>,
    soname: Option<Vec<u8>>,
    rpath: Option<Vec<u8>>,
    runpath: Option<Vec<u8>>,
    /// Names and versions of the dynamic symbols; `None` without section headers.
    symbols: Option<Vec<SeenSymbol>>,
}

/// Compares the facts of the edited file with what the second reader sees in it. A file that the
/// second reader could not read before either is no evidence for anything.
pub(super) fn verify(before: &[u8], after: &[u8], facts: &Facts) -> Result<(), Error> {
    let seen = match facts.class {
        Class::Elf32 => look::<FileHeader32<Endianness>>(after),
        Class::Elf64 => look::<FileHeader64<Endianness>>(after),
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let was_readable = match facts.class {
                Class::Elf32 => look::<FileHeader32<Endianness>>(before).is_ok(),
                Class::Elf64 => look::<FileHeader64<Endianness>>(before).is_ok(),
            };
            return if was_readable {
                Err(Error::unverified(format!("a second reader fails: {error}")))
            } else {
                Ok(())
            };
        }
    };
    let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let expected = Sight {
        needed: facts
            .needed
            .iter()
            .map(|name| name.as_str().as_bytes().to_vec())
            .collect(),
        soname: facts
            .soname
            .as_ref()
            .map(|name| name.as_str().as_bytes().to_vec()),
        rpath: bytes(&facts.rpath),
        runpath: bytes(&facts.runpath),
        symbols: None,
    };
    let Sight { symbols, .. } = &seen;
    let names = Sight {
        symbols: None,
        ..Sight {
            needed: seen.needed.clone(),
            ..shallow(&seen)
        }
    };
    if names != expected {
        return Err(Error::unverified("a second reader sees other names"));
    }
    let Some(symbols) = symbols else {
        return Ok(());
    };
    let same = symbols.len() == facts.symbols.len()
        && symbols
            .iter()
            .zip(facts.symbols.iter())
            .all(|((name, version), symbol)| {
                String::from_utf8_lossy(name) == symbol.name
                    && version.as_deref() == symbol.version.map(str::as_bytes)
            });
    if same {
        Ok(())
    } else {
        Err(Error::unverified("a second reader sees other symbols"))
    }
}

fn shallow(seen: &Sight) -> Sight {
    Sight {
        needed: Vec::new(),
        soname: seen.soname.clone(),
        rpath: seen.rpath.clone(),
        runpath: seen.runpath.clone(),
        symbols: None,
    }
}

fn look<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> object::read::Result<Sight> {
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
        let mut list = Vec::with_capacity(symbols.len());
        for (index, symbol) in symbols.enumerate().skip(1) {
            let name = symbols.symbol_name(endian, symbol)?.to_vec();
            let version = match &versions {
                Some(table) => version(table, endian, index),
                None => None,
            };
            list.push((name, version));
        }
        seen.symbols = Some(list);
    }
    Ok(seen)
}

fn version<Elf: FileHeader<Endian = Endianness>>(
    table: &object::read::elf::VersionTable<'_, Elf>,
    endian: Endianness,
    index: SymbolIndex,
) -> Option<Vec<u8>> {
    let index = table.version_index(endian, index).index();
    Some(table.version(index).ok()??.name().to_vec())
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
