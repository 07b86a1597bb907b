//! What CPython defines for extensions, version by version.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

const TEXT: &str = include_str!("python-symbols.tsv");

struct Table {
    /// The minor versions read, oldest first.
    minors: Vec<u8>,
    /// The versions that have a symbol.
    symbols: HashMap<&'static str, &'static [u8]>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        minors: Vec::new(),
        symbols: HashMap::new(),
    };
    for line in TEXT.lines() {
        let row: Vec<&'static str> = line.split('\t').collect();
        match row.as_slice() {
            ["read", versions] => table.minors = minors(versions),
            ["in", versions, symbols] => {
                // There are a few dozen rows, read once a run.
                let versions: &'static [u8] = minors(versions).leak();
                let symbols = symbols.split(' ');
                table
                    .symbols
                    .extend(symbols.map(|symbol| (symbol, versions)));
            }
            _ => {}
        }
    }
    table
});

fn minors(versions: &str) -> Vec<u8> {
    let versions = versions.split(' ');
    versions
        .filter_map(|version| version.strip_prefix("3.")?.parse().ok())
        .collect()
}

/// The CPythons that a package is for, as far as its tags tell and their symbols are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pythons {
    /// Groups of minor versions: a package with several tags is for any of the groups, one for the
    /// stable ABI for every version from one on. None: nothing is known.
    groups: BTreeSet<Vec<u8>>,
}

impl Pythons {
    /// Those of `tags`, each a Python and an ABI tag. A tag of another interpreter, of a build
    /// of another kind (free-threaded, debug) or of a version that is not known makes all unknown.
    pub fn of_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut groups = BTreeSet::new();
        for (python, abi) in tags {
            let minor = python
                .strip_prefix("cp3")
                .and_then(|minor| minor.parse::<u8>().ok());
            let own = abi
                .strip_prefix("cp3")
                .map(|minor| minor.trim_end_matches('m'));
            let own = own.and_then(|minor| minor.parse::<u8>().ok());
            let known = TABLE.minors.iter().copied();
            let group: Vec<u8> = match minor {
                Some(minor) if abi == "abi3" || abi == "abi3t" => {
                    known.filter(|one| *one >= minor).collect()
                }
                // A set of tags is a product: `cp312-cp313` means nothing.
                Some(minor) if own.is_some_and(|own| own != minor) => continue,
                Some(minor) if own.is_some() => known.filter(|one| *one == minor).collect(),
                _ => Vec::new(),
            };
            if group.is_empty() {
                return Self::default();
            }
            groups.insert(group);
        }
        Self { groups }
    }

    /// Do they define `symbol` for extensions? Where nothing is known, whatever has the name of one.
    pub fn have(&self, symbol: &str) -> bool {
        let Some(versions) = TABLE.symbols.get(symbol) else {
            return self.groups.is_empty() && is_python_name(symbol);
        };
        let all = |group: &Vec<u8>| group.iter().all(|minor| versions.contains(minor));
        self.groups.is_empty() || self.groups.iter().any(all)
    }
}

fn is_python_name(symbol: &str) -> bool {
    symbol.starts_with("Py") || symbol.starts_with("_Py")
}

/// Which CPythons have a symbol that has the name of one of theirs.
pub fn python_home(symbol: &str) -> Option<String> {
    if !is_python_name(symbol) {
        return None;
    }
    let (first, last) = (TABLE.minors.first()?, TABLE.minors.last()?);
    let Some(versions) = TABLE.symbols.get(symbol) else {
        return Some(format!("no CPython from 3.{first} to 3.{last} has it"));
    };
    let mut spans: Vec<(u8, u8)> = Vec::new();
    for minor in versions.iter().copied() {
        match spans.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(minor) => *end = minor,
            _ => spans.push((minor, minor)),
        }
    }
    let spans = spans.iter().map(|span| match span {
        (from, to) if to == last => format!("3.{from} and newer"),
        (from, to) if from == first => format!("3.{to} and older"),
        (from, to) if from == to => format!("3.{from}"),
        (from, to) => format!("3.{from} to 3.{to}"),
    });
    Some(format!("CPython {}", spans.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{Pythons, python_home};

    #[test]
    fn a_tag_names_its_own_version_and_the_stable_abi_all_from_one_on() {
        let of = |python, abi| Pythons::of_tags([(python, abi)]);
        // From 3.12 on; up to 3.11.
        let (young, gone) = ("PyType_GetDict", "_PyUnicode_Ready");
        assert!(of("cp312", "cp312").have(young) && !of("cp311", "cp311").have(young));
        assert!(of("cp312", "abi3").have(young) && !of("cp38", "abi3").have(young));
        assert!(of("cp311", "cp311").have(gone) && !of("cp38", "abi3").have(gone));
        assert!(of("cp38", "abi3").have("PyModule_Create2"));
        assert!(of("cp315", "abi3t").have(young) && !of("cp315", "abi3t").have(gone));
    }

    #[test]
    fn a_set_of_tags_is_for_any_of_them() {
        let set = [("cp311", "cp311"), ("cp311", "cp312"), ("cp312", "cp312")];
        assert!(Pythons::of_tags(set).have("PyType_GetDict"));
        assert!(!Pythons::of_tags(set).have("PyOf_Nobody"));
    }

    #[test]
    fn what_is_not_known_has_whatever_is_named_so() {
        for (python, abi) in [
            ("cp37", "cp37m"),
            ("cp313", "cp313t"),
            ("pp310", "pypy310_pp73"),
            ("py3", "none"),
        ] {
            let unknown = Pythons::of_tags([(python, abi)]);
            assert!(
                unknown.have("PyOf_Nobody") && unknown.have("_PyToo"),
                "{python}"
            );
            assert!(!unknown.have("Pot"), "{python}");
        }
        assert!(!Pythons::default().have("memcpy"));
    }

    #[test]
    fn a_symbol_is_told_its_versions() {
        assert_eq!(
            python_home("PyType_GetDict").as_deref(),
            Some("CPython 3.12 and newer")
        );
        assert_eq!(
            python_home("PyCFunction_New").as_deref(),
            Some("CPython 3.8 and older, 3.10 and newer")
        );
        assert_eq!(
            python_home("PyOf_Nobody").as_deref(),
            Some("no CPython from 3.8 to 3.15 has it")
        );
        assert_eq!(python_home("memcpy"), None);
    }
}
