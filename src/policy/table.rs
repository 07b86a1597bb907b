//! The table of platform tags (`platforms.tsv`), read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::glibc::GlibcVersion;
use super::platform::{Family, PlatformTag};
use crate::elf::Arch;
use crate::resolve::Libc;

const TEXT: &str = include_str!("platforms.tsv");

/// What one platform tag promises.
#[derive(Clone, Debug)]
pub struct Policy {
    family: Family,
    version: (u16, u16),
    alias: Option<&'static str>,
    machines: BTreeSet<&'static str>,
    provides: BTreeSet<&'static str>,
    /// By machine and prefix: the versions that are there.
    versions: BTreeMap<&'static str, BTreeMap<&'static str, BTreeSet<&'static str>>>,
    forbids: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Policy {
    /// The tag for a machine.
    pub fn tag(&self, arch: Arch) -> PlatformTag {
        PlatformTag {
            family: self.family,
            version: self.version,
            arch: arch.name().to_owned(),
        }
    }

    /// The tag and its alias from before PEP 600, as they are written into file names.
    pub fn names(&self, arch: Arch) -> Vec<String> {
        let alias = self.alias.map(|alias| format!("{alias}_{}", arch.name()));
        std::iter::once(self.tag(arch).to_string())
            .chain(alias)
            .collect()
    }

    /// The names of a tag of this version: the policy's own, or one without a row of its own.
    pub fn names_at(&self, arch: Arch, version: (u16, u16)) -> Vec<String> {
        if version == self.version {
            return self.names(arch);
        }
        let tag = PlatformTag {
            version,
            ..self.tag(arch)
        };
        vec![tag.to_string()]
    }

    /// Is the library expected on every machine that the tag speaks of? C library and
    /// loader are not asked here: the resolver knows them under every name.
    pub fn provides(&self, library: &str) -> bool {
        self.provides.contains(library)
    }

    /// Are symbols of this version there, where a tag of the version `promised` is true? It is the
    /// policy's own, or one between it and the next row, or past the newest: then glibc's versions
    /// are measured by their numbers (PEP 600). A version of a library that is no part of the
    /// platform (`OPENSSL_3.0.0`) is none of the policy's business.
    pub fn has_version(&self, arch: Arch, version: &str, promised: (u16, u16)) -> bool {
        let Some((prefix, number)) = version.split_once('_') else {
            return true;
        };
        self.versions
            .get(arch.name())
            .and_then(|prefixes| prefixes.get(prefix))
            .is_none_or(|numbers| {
                let release = || GlibcVersion::of(version)?.release();
                numbers.contains(number)
                    || release().is_some_and(|since| self.version < since && since <= promised)
            })
    }

    /// The symbols that a file must not take from `library`.
    pub fn forbidden(&self, library: &str) -> Option<&BTreeSet<&'static str>> {
        self.forbids.get(library)
    }
}

/// The policies of a C library for a machine, the one that runs on most machines first.
pub fn policies(libc: Libc, arch: Arch) -> Vec<&'static Policy> {
    let family = match libc {
        Libc::Musl => Family::Musllinux,
        Libc::Glibc => Family::Manylinux,
    };
    TABLE
        .iter()
        .filter(|policy| policy.family == family && policy.machines.contains(arch.name()))
        .collect()
}

/// The policy that speaks for a tag: its own, or, for a version between two rows of the
/// table, the newest that is not newer than it.
pub fn policy_of(tag: &PlatformTag, arch: Arch) -> Option<&'static Policy> {
    TABLE
        .iter()
        .filter(|policy| policy.family == tag.family && policy.machines.contains(arch.name()))
        .filter(|policy| policy.version <= tag.version)
        .max_by_key(|policy| policy.version)
}

static TABLE: LazyLock<Vec<Policy>> = LazyLock::new(|| table(TEXT));

/// The policies of a table's text, in its order.
fn table(text: &'static str) -> Vec<Policy> {
    let rows: Vec<Vec<&'static str>> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
        .collect();
    let mut table: Vec<Policy> = rows.iter().filter_map(|row| tag_row(row)).collect();
    for row in &rows {
        match row.as_slice() {
            ["provides", library, since] => {
                for policy in from(&mut table, since) {
                    policy.provides.insert(library);
                }
            }
            ["version", machine, prefix, since, numbers] => {
                // A tag older than the first version of a library has none of them.
                let family = Family::Manylinux;
                for policy in table.iter_mut().filter(|policy| policy.family == family) {
                    let prefixes = policy.versions.entry(machine).or_default();
                    prefixes.entry(prefix).or_default();
                }
                for policy in from(&mut table, since) {
                    let prefixes = policy.versions.entry(machine).or_default();
                    let known = prefixes.entry(prefix).or_default();
                    known.extend(numbers.split(' '));
                }
            }
            ["forbids", library, range, symbols] => {
                let (first, last) = range.split_once("..").unwrap_or((range, ""));
                for policy in between(&mut table, first, last) {
                    let known = policy.forbids.entry(library).or_default();
                    known.extend(symbols.split(' '));
                }
            }
            _ => {}
        }
    }
    table
}

fn tag_row(row: &[&'static str]) -> Option<Policy> {
    let ["tag", name, alias, machines] = row else {
        return None;
    };
    let tag = PlatformTag::parse(&format!("{name}_any"))?;
    Some(Policy {
        family: tag.family,
        version: tag.version,
        alias: (*alias != ".").then_some(alias),
        machines: machines.split(' ').collect(),
        provides: BTreeSet::new(),
        versions: BTreeMap::new(),
        forbids: BTreeMap::new(),
    })
}

/// The policies of `first`'s family from it on.
fn from<'a>(table: &'a mut [Policy], first: &str) -> impl Iterator<Item = &'a mut Policy> {
    between(table, first, "")
}

/// The policies of `first`'s family from it up to `last`, both included; without a last
/// one, to the newest.
fn between<'a>(
    table: &'a mut [Policy],
    first: &str,
    last: &str,
) -> impl Iterator<Item = &'a mut Policy> {
    let bound = |name: &str| {
        let tag = PlatformTag::parse(&format!("{name}_any"))?;
        let key = (tag.family, tag.version);
        let mut keys = table.iter().map(|policy| (policy.family, policy.version));
        keys.find(|known| *known == key)
    };
    let (lower, upper) = (bound(first), bound(last));
    table.iter_mut().filter(move |policy| {
        let key = (policy.family, policy.version);
        lower.is_some_and(|lower| lower.0 == key.0 && lower.1 <= key.1)
            && upper.is_none_or(|upper| key.1 <= upper.1)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    impl Policy {
        fn is(&self, name: &str) -> bool {
            let family = match self.family {
                Family::Linux => "linux",
                Family::Manylinux => "manylinux",
                Family::Musllinux => "musllinux",
            };
            name == format!("{family}_{}_{}", self.version.0, self.version.1)
        }
    }

    fn policy(tag: &str) -> &'static Policy {
        policy_of(&PlatformTag::parse(tag).unwrap(), Arch::X86_64).unwrap()
    }

    #[test]
    fn every_row_of_the_table_is_understood() {
        let lines = TEXT
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines {
            let row: Vec<&str> = line.split('\t').collect();
            let named = match row.as_slice() {
                ["tag", name, _, _] | ["provides", _, name] | ["version", _, _, name, _] => *name,
                ["forbids", _, range, _] => {
                    let (first, last) = range.split_once("..").unwrap();
                    assert!(
                        last.is_empty() || TABLE.iter().any(|p| p.is(last)),
                        "{line}"
                    );
                    first
                }
                _ => "",
            };
            assert!(TABLE.iter().any(|policy| policy.is(named)), "{line}");
        }
    }

    #[test]
    fn a_newer_tag_provides_what_older_ones_do() {
        assert!(policy("manylinux_2_41_x86_64").provides("libX11.so.6"));
        assert!(!policy("manylinux_2_5_x86_64").provides("libexpat.so.1"));
        assert!(policy("manylinux2010_x86_64").provides("libexpat.so.1"));
    }

    #[test]
    fn musllinux_provides_zlib_and_the_libc_only() {
        let policy = policy("musllinux_1_2_x86_64");
        assert!(policy.provides("libz.so.1"));
        assert!(!policy.provides("libstdc++.so.6"));
    }

    #[test]
    fn a_row_is_all_that_a_new_tag_takes() {
        let row = "tag\tmusllinux_1_3\t.\taarch64 x86_64\nprovides\tlibnew.so.1\tmusllinux_1_3\n";
        let text: &'static str = Box::leak(format!("{TEXT}{row}").into_boxed_str());
        let table = table(text);
        let of = |name| table.iter().find(|policy| policy.is(name)).unwrap();
        let new = of("musllinux_1_3");
        assert_eq!(new.names(Arch::Aarch64), ["musllinux_1_3_aarch64"]);
        // It provides what older ones do, and its own; theirs is as before.
        assert!(new.provides("libc.so") && new.provides("libnew.so.1"));
        assert!(!of("musllinux_1_2").provides("libnew.so.1"));
        assert!(new.forbidden("libz.so.1").is_some());
    }

    #[test]
    fn symbol_versions_are_those_of_the_machine() {
        let has =
            |arch, version| policy("manylinux_2_17_x86_64").has_version(arch, version, (2, 17));
        assert!(has(Arch::X86_64, "GLIBC_2.2.5"));
        assert!(!has(Arch::Aarch64, "GLIBC_2.2.5"));
        assert!(!has(Arch::X86_64, "GLIBC_2.18"));
        assert!(has(Arch::X86_64, "OPENSSL_3.0.0"));
    }

    #[test]
    fn a_tag_between_two_rows_or_past_the_newest_is_measured_by_its_number() {
        let has = |tag: &str, version| {
            let promised = PlatformTag::parse(tag).unwrap().version;
            policy(tag).has_version(Arch::X86_64, version, promised)
        };
        assert!(has("manylinux_2_32_x86_64", "GLIBC_2.32"));
        assert!(!has("manylinux_2_32_x86_64", "GLIBC_2.33"));
        assert!(has("manylinux_2_43_x86_64", "GLIBC_2.43"));
        assert!(has("manylinux_2_50_x86_64", "GLIBC_ABI_GNU2_TLS"));
        assert!(!has("manylinux_2_42_x86_64", "GLIBC_ABI_GNU2_TLS"));
        for version in ["GLIBC_PRIVATE", "GLIBC_ABI_OF_TOMORROW", "GLIBCXX_3.4.99"] {
            assert!(!has("manylinux_2_50_x86_64", version), "{version}");
        }
    }

    #[test]
    fn a_tag_older_than_the_first_version_of_a_library_has_none_of_it() {
        let has = |tag| policy(tag).has_version(Arch::X86_64, "ZLIB_1.2.0", (2, 12));
        assert!(!has("manylinux_2_5_x86_64"));
        assert!(has("manylinux_2_12_x86_64"));
    }

    #[test]
    fn a_private_symbol_is_forbidden_up_to_the_tag_that_has_it() {
        let forbidden = |tag| policy(tag).forbidden("libc.so.6").is_some();
        assert!(forbidden("manylinux_2_17_x86_64"));
        assert!(!forbidden("manylinux_2_24_x86_64"));
    }
}
