//! The dynamic symbols of a file: what it offers to others and what it wants from them.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::address::FileOffset;
use crate::codec::Codec;
use crate::error::Error;
use crate::ranges::Span;
use crate::read::dynamic::{DT_SYMENT, DT_SYMTAB, DT_VERSYM, Dynamic};
use crate::read::image::Image;
use crate::read::section::SHN_ABS;
use crate::read::symbol_count;
use crate::read::versions::{Definition, NeedRecord, VERSION_HIDDEN};

/// How a symbol is found by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// Not at all.
    Local,
    /// By name.
    Global,
    /// By name; without a definition its address is 0 and nothing fails.
    Weak,
    /// By name, and one definition serves the whole process (`STB_GNU_UNIQUE`).
    Unique,
    /// Another binding, with its number.
    Other(u8),
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolKind {
    /// Not said.
    None,
    /// Data.
    Object,
    /// Code.
    Function,
    /// A section.
    Section,
    /// A source file.
    File,
    /// Data that a linker places.
    Common,
    /// A thread's own data.
    Tls,
    /// Code that chooses the code to use (`STT_GNU_IFUNC`).
    Ifunc,
    /// Another kind, with its number.
    Other(u8),
}

/// One dynamic symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Symbol<'a> {
    /// The name; bytes that are not UTF-8 are replaced.
    pub name: &'a str,
    /// Whether this file defines it, rather than needs it.
    pub defined: bool,
    /// How it is found.
    pub binding: Binding,
    /// What it stands for.
    pub kind: SymbolKind,
    /// Its version, defined here or needed of `version_file`.
    pub version: Option<&'a str>,
    /// Of a needed symbol: the library that is to have that version.
    pub version_file: Option<&'a str>,
    /// Of a defined symbol: whether its version serves those who ask for none.
    pub default_version: bool,
}

impl Symbol<'_> {
    /// Whether a loader lets it stay unresolved.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.binding == Binding::Weak
    }
}

/// All dynamic symbols of one file, in the file's order, without the empty first one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// The names, which may share bytes.
    names: Box<str>,
    records: Box<[Record]>,
    versions: Box<[Version]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    name_start: u32,
    name_length: u32,
    /// 1 + index into `versions`, or 0.
    version: u16,
    info: u8,
    flags: u8,
}

const DEFINED: u8 = 1;
const HIDDEN: u8 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    index: u16,
    name: Box<str>,
    /// Shared by all versions of one library.
    file: Option<Arc<str>>,
}

impl Symbols {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All of them, in file order.
    pub fn iter(&self) -> impl Iterator<Item = Symbol<'_>> {
        self.records.iter().map(|record| self.symbol(record))
    }

    /// The libraries that are to have the versions of all symbols, in file order: also of those that
    /// the file defines itself, as a program does that holds a copy of a library's data.
    pub(crate) fn version_files(&self) -> impl Iterator<Item = Option<&str>> {
        let version = |record| self.version(record);
        self.records
            .iter()
            .map(move |record| version(record).and_then(|version| version.file.as_deref()))
    }

    fn version(&self, record: &Record) -> Option<&Version> {
        let index = usize::from(record.version).checked_sub(1)?;
        self.versions.get(index)
    }

    /// The symbol that the file's relocations call by this number; `None` for the empty first one.
    pub(crate) fn numbered(&self, number: u32) -> Option<Symbol<'_>> {
        let record = self.records.get((number as usize).checked_sub(1)?)?;
        Some(self.symbol(record))
    }

    fn symbol(&self, record: &Record) -> Symbol<'_> {
        let start = record.name_start as usize;
        let version = self.version(record);
        let defined = record.flags & DEFINED != 0;
        Symbol {
            name: self
                .names
                .get(start..start.saturating_add(record.name_length as usize))
                .unwrap_or_default(),
            defined,
            binding: match record.info >> 4 {
                0 => Binding::Local,
                1 => Binding::Global,
                2 => Binding::Weak,
                10 => Binding::Unique,
                other => Binding::Other(other),
            },
            kind: match record.info & 15 {
                0 => SymbolKind::None,
                1 => SymbolKind::Object,
                2 => SymbolKind::Function,
                3 => SymbolKind::Section,
                4 => SymbolKind::File,
                5 => SymbolKind::Common,
                6 => SymbolKind::Tls,
                10 => SymbolKind::Ifunc,
                other => SymbolKind::Other(other),
            },
            version: version.map(|version| &*version.name),
            version_file: version
                .and_then(|version| version.file.as_deref())
                .filter(|_| !defined),
            default_version: defined && record.flags & HIDDEN == 0,
        }
    }
}

impl Serialize for Symbols {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Bytes of one symbol.
pub(crate) fn record_size(codec: Codec) -> u64 {
    codec.by_class(16, 24)
}

/// One symbol as it stands in a symbol table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawSymbol {
    pub(crate) name: u32,
    pub(crate) info: u8,
    pub(crate) section: u16,
    pub(crate) value: u64,
}

impl RawSymbol {
    pub(crate) fn parse(codec: Codec, record: &[u8]) -> Option<Self> {
        Some(Self {
            name: codec.u32(record, 0)?,
            info: *record.get(codec.by_class(12, 4))?,
            section: codec.u16(record, Self::section_at(codec))?,
            value: codec.word(record, Self::value_at(codec))?,
        })
    }

    /// Whether the value is an address of this file: it is defined, and neither absolute, common nor
    /// relative to a thread's data.
    pub(crate) fn is_address(&self) -> bool {
        const SHN_COMMON: u16 = 0xfff2;
        const STT_TLS: u8 = 6;
        !matches!(self.section, 0 | SHN_ABS | SHN_COMMON) && self.info & 15 != STT_TLS
    }

    /// Whether it stands for a section as a whole.
    pub(crate) fn is_section(&self) -> bool {
        const STT_SECTION: u8 = 3;
        self.info & 15 == STT_SECTION
    }

    /// Where `st_shndx` stands in a record.
    pub(crate) fn section_at(codec: Codec) -> usize {
        codec.by_class(14, 6)
    }

    /// Where `st_value` stands in a record.
    pub(crate) fn value_at(codec: Codec) -> usize {
        codec.by_class(4, 8)
    }
}

/// How many symbols at the front of a table are local.
pub(crate) fn local_count(codec: Codec, table: &[u8]) -> u32 {
    let records = table.chunks_exact(record_size(codec) as usize);
    let locals = records
        .take_while(|raw| RawSymbol::parse(codec, raw).is_some_and(|symbol| symbol.info >> 4 == 0));
    locals.count() as u32
}

/// Where the dynamic symbol table is, as many records as the hash tables tell of; empty where there
/// is none.
pub(crate) fn place(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Span<FileOffset>, Error> {
    let Some(address) = dynamic.address(DT_SYMTAB) else {
        return Ok(Span::default());
    };
    let record = record_size(image.codec());
    if dynamic
        .value(DT_SYMENT)
        .is_some_and(|found| found != record)
    {
        return Err(Error::malformed(
            dynamic.at,
            "wrong size of a dynamic symbol (DT_SYMENT)",
        ));
    }
    let count = symbol_count::symbol_count(image, dynamic)?;
    let size = count.saturating_mul(record);
    let at = image.offset_of(address, size).ok_or_else(|| {
        Error::malformed(
            dynamic.at,
            format!("{count} dynamic symbols do not fit the file"),
        )
    })?;
    Ok(Span::sized(at, size))
}

/// The versions of so many dynamic symbols, two bytes each; `None` where they have none.
pub(crate) fn version_table<'a>(
    image: &Image<'a>,
    dynamic: &Dynamic<'_>,
    count: usize,
) -> Result<Option<&'a [u8]>, Error> {
    let Some(address) = dynamic.address(DT_VERSYM) else {
        return Ok(None);
    };
    let table = image.at(address, (count as u64).saturating_mul(2));
    table.map(Some).ok_or_else(|| {
        Error::malformed(
            dynamic.at,
            "the symbols' versions (DT_VERSYM) do not fit the file",
        )
    })
}

/// Reads all dynamic symbols of a table.
pub(crate) fn read(
    image: &Image<'_>,
    dynamic: &Dynamic<'_>,
    table: &[u8],
    needs: &[NeedRecord],
    definitions: &[Definition],
) -> Result<Symbols, Error> {
    let codec = image.codec();
    let record_size = record_size(codec) as usize;
    let count = table.len() / record_size;
    let version_indexes = version_table(image, dynamic, count)?.unwrap_or_default();
    let versions = versions(dynamic, needs, definitions)?;
    let mut names = Names::new(dynamic.strings.bytes);
    let mut records = Vec::with_capacity(count.saturating_sub(1));
    for (index, raw) in table.chunks_exact(record_size).enumerate().skip(1) {
        let Some(symbol) = RawSymbol::parse(codec, raw) else {
            break;
        };
        let text = dynamic.strings.raw(u64::from(symbol.name))?;
        let (name_start, name_length) = names.place(symbol.name, text)?;
        let version = codec.u16(version_indexes, index * 2).unwrap_or(0);
        let wanted = version & !VERSION_HIDDEN;
        let found = versions.binary_search_by_key(&wanted, |version| version.index);
        records.push(Record {
            name_start,
            name_length,
            version: found.map_or(0, |index| index as u16 + 1),
            info: symbol.info,
            flags: u8::from(symbol.section != 0) * DEFINED
                + u8::from(version & VERSION_HIDDEN != 0) * HIDDEN,
        });
    }
    Ok(Symbols {
        names: names.finish(),
        records: records.into(),
        versions: versions.into(),
    })
}

/// All versions that a symbol can carry, by index; each index once.
fn versions(
    dynamic: &Dynamic<'_>,
    needs: &[NeedRecord],
    definitions: &[Definition],
) -> Result<Vec<Version>, Error> {
    let mut versions = Vec::new();
    for definition in definitions.iter().filter(|definition| !definition.is_base) {
        let name = dynamic.strings.text(u64::from(definition.name))?;
        versions.push(Version {
            index: definition.index & !VERSION_HIDDEN,
            name: name.into(),
            file: None,
        });
    }
    for need in needs {
        let file: Arc<str> = dynamic.strings.text(u64::from(need.file))?.into();
        for version in &need.versions {
            let name = dynamic.strings.text(u64::from(version.name))?;
            let index = version.index & !VERSION_HIDDEN;
            versions.push(Version {
                index,
                name: name.into(),
                file: Some(Arc::clone(&file)),
            });
        }
    }
    versions.sort_by_key(|version| version.index);
    versions.dedup_by_key(|version| version.index);
    Ok(versions)
}

/// The owned names. Text that is ASCII throughout is taken over as it stands, at its own offsets;
/// other tables are put together name by name.
struct Names {
    text: String,
    as_it_stands: bool,
}

impl Names {
    fn new(table: &[u8]) -> Self {
        match std::str::from_utf8(table) {
            Ok(text) if text.is_ascii() => Self {
                text: text.to_owned(),
                as_it_stands: true,
            },
            _ => Self {
                text: String::new(),
                as_it_stands: false,
            },
        }
    }

    fn place(&mut self, offset: u32, raw: &[u8]) -> Result<(u32, u32), Error> {
        if self.as_it_stands {
            return Ok((offset, raw.len() as u32));
        }
        let start = self.text.len();
        self.text.push_str(&String::from_utf8_lossy(raw));
        let length = self.text.len().saturating_sub(start);
        match (u32::try_from(start), u32::try_from(length)) {
            (Ok(start), Ok(length)) => Ok((start, length)),
            _ => Err(Error::malformed(
                FileOffset(0),
                "the symbols' names are larger than 4 GiB",
            )),
        }
    }

    fn finish(self) -> Box<str> {
        self.text.into()
    }
}
