//! The oldest musl, and the oldest Alpine, on which files load.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use serde::Serialize;

use crate::elf::{Arch, Facts};
use crate::resolve::{Graph, ModuleId, ModulePath, Scopes, offered, required};
use crate::wheel::{Shown, Untrusted};

const TEXT: &str = include_str!("musl-symbols.tsv");

/// The first release whose loader applies DT_RELR (musl 1.2.4).
const RELR_SINCE: Alpine = Alpine(3, 18);
/// Its loader resolves the `*64` names although its symbol table has lost them.
const LFS64_HIDDEN_SINCE: Alpine = Alpine(3, 19);

/// An Alpine release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alpine(pub u16, pub u16);

impl Alpine {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }

    /// The version of the musl it ships, without Alpine's revision (`1.2.5`).
    pub fn musl(self) -> Option<&'static str> {
        let full = TABLE.musl.get(&self)?;
        full.split(['-', '_']).next()
    }

    /// Major and minor version of its musl, as in `musllinux_1_2`.
    pub fn musl_minor(self) -> Option<(u16, u16)> {
        let mut parts = self.musl()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// The first release whose musl is at least `version`.
    pub fn first_with_musl(version: (u16, u16)) -> Option<Self> {
        let mut releases = TABLE.musl.keys().copied();
        releases.find(|release| release.musl_minor().is_some_and(|minor| minor >= version))
    }
}

impl Shown for Alpine {}

impl fmt::Display for Alpine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

impl Serialize for Alpine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What keeps a file from an older musl.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A symbol that older releases do not export.
    Symbol(Untrusted),
    /// Packed relative relocations, which older loaders leave out.
    Relr,
}

impl Shown for What {}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbol(name) => write!(formatter, "needs {name}"),
            Self::Relr => formatter.write_str("has packed relocations (DT_RELR)"),
        }
    }
}

/// One reason why a set of files does not load on an older Alpine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cause {
    /// The first release on which it is no obstacle.
    pub since: Alpine,
    /// The file.
    pub file: ModulePath,
    /// What it needs.
    pub what: What,
}

/// The oldest Alpine on which every file loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MuslFloor {
    /// The release; the oldest one known where nothing asks for a newer.
    pub alpine: Alpine,
    /// Everything that keeps the files from some older release, newest first.
    pub causes: Vec<Cause>,
}

struct Table {
    musl: BTreeMap<Alpine, &'static str>,
    oldest: HashMap<&'static str, Alpine>,
    machines: Vec<&'static str>,
    /// Symbol to its spans, a column for each machine.
    symbols: HashMap<&'static str, Vec<&'static str>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        musl: BTreeMap::new(),
        oldest: HashMap::new(),
        machines: Vec::new(),
        symbols: HashMap::new(),
    };
    for line in TEXT.lines() {
        let row: Vec<&'static str> = line.split('\t').collect();
        match row.as_slice() {
            ["release", release, musl] => {
                if let Some(release) = Alpine::parse(release) {
                    table.musl.insert(release, musl);
                }
            }
            ["read", machine, releases] => {
                table.machines.push(machine);
                if let Some(first) = releases.split(' ').next().and_then(Alpine::parse) {
                    table.oldest.insert(machine, first);
                }
            }
            ["since", spans, symbols] => {
                let spans: Vec<&'static str> = spans.split(' ').collect();
                for symbol in symbols.split(' ') {
                    table.symbols.insert(symbol, spans.clone());
                }
            }
            _ => {}
        }
    }
    table
});

/// From which release on musl has `symbol` without a gap, on this machine. `None`: its
/// newest release does not have it.
fn since(arch: Arch, symbol: &str) -> Option<Alpine> {
    let column = TABLE
        .machines
        .iter()
        .position(|name| *name == arch.name())?;
    let spans = TABLE.symbols.get(symbol)?.get(column)?;
    let last = spans.rsplit(',').next()?;
    let (first, end) = last.split_once('-')?;
    let gone_after = Alpine::parse(end);
    let hidden = symbol.ends_with("64")
        && gone_after
            .is_some_and(|end| Alpine(end.0, end.1.saturating_add(1)) == LFS64_HIDDEN_SINCE);
    if gone_after.is_some() && !hidden {
        return None;
    }
    Alpine::parse(first)
}

/// Does some musl of this machine answer for `symbol`, today or at any time read?
pub fn musl_has(arch: Arch, symbol: &str) -> bool {
    since(arch, symbol).is_some()
}

/// The floor of `files` (by real path), asked in every loading closure of `graph` that
/// they are part of, since another library of the closure may bring what an old musl
/// lacks. `expanded`: packed relocations will be gone, so they count for nothing.
pub fn musl_floor(
    graph: &Graph,
    arch: Arch,
    files: &BTreeSet<&ModulePath>,
    expanded: bool,
) -> MuslFloor {
    let oldest = TABLE.oldest.get(arch.name()).copied();
    let oldest = oldest.unwrap_or(Alpine(3, 13));
    let mut causes = BTreeSet::new();
    // What a file needs does not depend on who loads it: looked up once a file.
    let mut young: BTreeMap<ModuleId, BTreeSet<(&str, Alpine)>> = BTreeMap::new();
    for (id, module) in graph.modules() {
        if !files.contains(&module.file.real_path) {
            continue;
        }
        let facts = &module.file.facts;
        if facts.relr.is_some() && !expanded {
            causes.insert(Cause {
                since: RELR_SINCE,
                file: module.path.clone(),
                what: What::Relr,
            });
        }
        young.insert(id, young_symbols(facts, arch, oldest));
    }
    let asked = young.values().flatten().map(|(symbol, _)| *symbol);
    let mut scopes = Scopes::new(asked);
    for (id, module) in graph.modules() {
        scopes.offer(id, offered(&module.file.facts));
    }
    let mut unbrought: BTreeSet<(ModuleId, &str, Alpine)> = BTreeSet::new();
    for walk in &graph.walks {
        scopes.enter(&walk.closure);
        for id in &walk.closure {
            for (symbol, release) in young.get(id).into_iter().flatten() {
                let number = scopes.number(symbol);
                if number.and_then(|number| scopes.first(number)).is_none() {
                    unbrought.insert((*id, symbol, *release));
                }
            }
        }
    }
    causes.extend(unbrought.into_iter().filter_map(|(id, symbol, since)| {
        Some(Cause {
            since,
            file: graph.module(id)?.path.clone(),
            what: What::Symbol(symbol.into()),
        })
    }));
    let mut causes: Vec<Cause> = causes.into_iter().collect();
    causes.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.cmp(b)));
    MuslFloor {
        alpine: causes
            .first()
            .map_or(oldest, |cause| cause.since.max(oldest)),
        causes,
    }
}

/// The strong undefined symbols that a musl older than the newest lacks.
fn young_symbols(facts: &Facts, arch: Arch, oldest: Alpine) -> BTreeSet<(&str, Alpine)> {
    required(facts)
        .filter_map(|symbol| Some((symbol.name, since(arch, symbol.name)?)))
        .filter(|(_, release)| *release > oldest)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_has_its_first_release() {
        assert_eq!(since(Arch::X86_64, "qsort_r"), Some(Alpine(3, 15)));
        assert_eq!(since(Arch::X86_64, "memcpy"), Some(Alpine(3, 6)));
        assert_eq!(since(Arch::X86_64, "__memcpy_chk"), None);
    }

    #[test]
    fn a_gap_counts_to_its_end() {
        assert_eq!(since(Arch::I686, "__fxstat"), Some(Alpine(3, 19)));
    }

    #[test]
    fn the_64_names_are_there_although_the_symbol_table_lost_them() {
        assert_eq!(since(Arch::X86_64, "fopen64"), Some(Alpine(3, 6)));
    }

    #[test]
    fn what_was_private_and_went_is_not_there() {
        assert_eq!(since(Arch::X86_64, "__malloc0"), None);
    }

    #[test]
    fn a_release_names_its_musl() {
        assert_eq!(Alpine(3, 19).musl(), Some("1.2.4"));
        assert_eq!(Alpine::first_with_musl((1, 2)), Some(Alpine(3, 13)));
    }
}
