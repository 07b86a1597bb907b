//! What each name of glibc's libraries means on musl: `names.tsv`, whose head describes it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::elf::Arch;

const TEXT: &str = include_str!("names.tsv");

/// What a name of glibc's means on musl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// musl's of the same name.
    Same,
    /// musl's of this name.
    Alias(String),
    /// The shim's of this name, since musl has none.
    Shim(String),
    /// The shim's of this name, since musl's is something else.
    Other(String),
    /// Nothing that would be right; why.
    Refuse(String),
}

/// A name as a file asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The name.
    pub name: &'a str,
    /// The version, where it asks for one.
    pub version: Option<&'a str>,
}

/// One class, for one machine.
struct Row {
    machines: &'static str,
    meaning: Meaning,
}

impl Row {
    fn is_for(&self, arch: Arch) -> bool {
        let mut machines = self.machines.split(',');
        self.machines == "*" || machines.any(|machine| machine == arch.name())
    }
}

#[derive(Default)]
struct Table {
    names: HashMap<&'static str, Vec<Row>>,
    versions: HashMap<&'static str, Vec<Row>>,
    nulls: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        let row: Vec<&'static str> = line.split('\t').collect();
        match row.as_slice() {
            ["version", machines, name, fate, reason] => {
                let meaning = match fate.strip_prefix('=') {
                    None => Meaning::Refuse((*reason).to_owned()),
                    Some(target) if target.starts_with("wfx_") => Meaning::Other(target.to_owned()),
                    Some(target) => Meaning::Alias(target.to_owned()),
                };
                let rows = table.versions.entry(name).or_default();
                rows.push(Row { machines, meaning });
            }
            ["null", _, _, names] => table.nulls.extend(names.split(' ')),
            [class, machines, reason, names] => {
                for word in names.split(' ') {
                    let (name, target) = word.split_once('=').unwrap_or((word, word));
                    let meaning = match *class {
                        "same" => Meaning::Same,
                        "alias" => Meaning::Alias(target.to_owned()),
                        "shim" => Meaning::Shim(format!("wfx_{target}")),
                        "other" => Meaning::Other(format!("wfx_{target}")),
                        _ => Meaning::Refuse((*reason).to_owned()),
                    };
                    let rows = table.names.entry(name).or_default();
                    rows.push(Row { machines, meaning });
                }
            }
            _ => {}
        }
    }
    table
});

/// What a name means on a machine; `None`: it is none of glibc's there.
///
/// A name with a version that stands in no row of its own means what the name means: the rows list
/// every version that differs.
pub fn port_meaning(arch: Arch, wanted: Wanted<'_>) -> Option<&'static Meaning> {
    let find = |rows: Option<&'static Vec<Row>>| rows?.iter().find(|row| row.is_for(arch));
    let versioned = wanted.version.and_then(|version| {
        let key = format!("{}@{version}", wanted.name);
        find(TABLE.versions.get(key.as_str()))
    });
    let row = versioned.or_else(|| find(TABLE.names.get(wanted.name)))?;
    Some(&row.meaning)
}

/// Is it known that whoever asks weakly for this name tests whether it is there?
pub fn null_is_expected(name: &str) -> bool {
    TABLE
        .nulls
        .iter()
        .any(|known| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *known == name,
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::elf::read;
    use crate::policy::musl_has;
    use crate::policy::port::{PORT_MACHINES, shim};
    use crate::resolve::offered;

    fn meaning(name: &str, version: Option<&str>) -> Option<Meaning> {
        port_meaning(Arch::X86_64, Wanted { name, version }).cloned()
    }

    #[test]
    fn each_class_is_read() {
        let text = |text: &str| text.to_owned();
        assert_eq!(meaning("fread", None), Some(Meaning::Same));
        assert_eq!(
            meaning("lseek64", None),
            Some(Meaning::Alias(text("lseek")))
        );
        assert_eq!(
            meaning("__memcpy_chk", Some("GLIBC_2.3.4")),
            Some(Meaning::Shim(text("wfx___memcpy_chk")))
        );
        assert_eq!(
            meaning("pthread_create", None),
            Some(Meaning::Other(text("wfx_pthread_create")))
        );
        assert!(matches!(
            meaning("_IO_list_all", None),
            Some(Meaning::Refuse(_))
        ));
        assert_eq!(meaning("PyErr_SetString", None), None);
    }

    #[test]
    fn an_old_version_means_what_it_meant() {
        let old = meaning("memcpy", Some("GLIBC_2.2.5"));
        assert_eq!(old, Some(Meaning::Alias("memmove".to_owned())));
        assert_eq!(meaning("memcpy", Some("GLIBC_2.14")), Some(Meaning::Same));
        let other = Wanted {
            name: "memcpy",
            version: Some("GLIBC_2.17"),
        };
        assert_eq!(port_meaning(Arch::Aarch64, other), Some(&Meaning::Same));
    }

    #[test]
    fn weak_names_are_known_by_their_beginning_too() {
        assert!(
            null_is_expected("__gmon_start__") && null_is_expected("_ITM_deregisterTMCloneTable")
        );
        assert!(!null_is_expected("__gmon_start") && !null_is_expected("pthread_create"));
    }

    #[test]
    fn every_target_is_there() {
        for arch in PORT_MACHINES {
            let shim = read(shim(arch).unwrap()).unwrap();
            let offered: BTreeSet<&str> = offered(&shim).collect();
            for (name, rows) in TABLE.names.iter().chain(&TABLE.versions) {
                for row in rows.iter().filter(|row| row.is_for(arch)) {
                    let there = match &row.meaning {
                        Meaning::Same => musl_has(arch, name),
                        Meaning::Alias(target) => musl_has(arch, target),
                        Meaning::Shim(target) | Meaning::Other(target) => {
                            offered.contains(target.as_str())
                        }
                        Meaning::Refuse(_) => true,
                    };
                    assert!(there, "{name} on {}: {:?}", arch.name(), row.meaning);
                }
            }
        }
    }
}
