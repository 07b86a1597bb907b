//! `lib/apk/db/installed`: what apk has installed.
//!
//! Records of lines `K:value`, an empty line behind each. `P` name, `V` version, `A` machine, `L`
//! licence, `o` source package, `F` a folder, `R` a file in the folder before it.
//! Source: apk-db-installed(5) of apk-tools; what else there is says nothing here.

use std::collections::{BTreeMap, BTreeSet};

use super::licence::Licence;
use super::package::{Package, PackageKind};

/// Who owns each of the `wanted` paths. A file of two packages is the later one's, which has
/// replaced it.
pub fn apk_owners(installed: &str, wanted: &BTreeSet<String>) -> BTreeMap<String, Package> {
    let mut owners = BTreeMap::new();
    let mut record = Record::default();
    for line in installed.lines() {
        match line.split_once(':') {
            None if line.is_empty() => std::mem::take(&mut record).finish(&mut owners),
            None => {}
            Some((key, value)) => record.line(key, value, wanted),
        }
    }
    record.finish(&mut owners);
    owners
}

#[derive(Default)]
struct Record<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    licence: &'a str,
    source: &'a str,
    folder: &'a str,
    owned: Vec<String>,
}

impl<'a> Record<'a> {
    fn line(&mut self, key: &str, value: &'a str, wanted: &BTreeSet<String>) {
        match key {
            "P" => self.name = value,
            "V" => self.version = value,
            "A" => self.architecture = value,
            "L" => self.licence = value,
            "o" => self.source = value,
            "F" => self.folder = value,
            "R" => {
                let path = match self.folder {
                    "" => value.to_owned(),
                    folder => format!("{folder}/{value}"),
                };
                if wanted.contains(&path) {
                    self.owned.push(path);
                }
            }
            _ => {}
        }
    }

    fn finish(self, owners: &mut BTreeMap<String, Package>) {
        if self.name.is_empty() {
            return;
        }
        let given = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        for path in self.owned {
            let package = Package {
                kind: PackageKind::Apk,
                name: self.name.to_owned(),
                version: self.version.to_owned(),
                architecture: given(self.architecture),
                source: given(self.source).filter(|source| source != self.name),
                licences: Licence::of_spdx_field(self.licence).into_iter().collect(),
                distribution: None,
            };
            owners.insert(path, package);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "\
C:Q1VFqm8pEgmviZMrdh2eQiwneFlsw=
P:xz-libs
V:5.8.4-r0
A:x86_64
L:GPL-2.0-or-later AND 0BSD AND Public-Domain AND LGPL-2.1-or-later
o:xz
p:so:liblzma.so.5=5.8.4
F:usr
F:usr/lib
R:liblzma.so.5
a:0:0:777
Z:Q1yyy
R:liblzma.so.5.8.4
Z:Q1xxx

P:busybox
V:1.37.0-r20
A:x86_64
L:GPL-2.0-only
o:busybox
F:
R:linuxrc
F:usr/lib
R:shared.so

P:other
V:1-r0
F:usr/lib
R:shared.so";

    fn owners(wanted: &[&str]) -> BTreeMap<String, Package> {
        let wanted = wanted.iter().map(|path| (*path).to_owned()).collect();
        apk_owners(INSTALLED, &wanted)
    }

    #[test]
    fn a_file_is_found_in_its_folder() {
        let found = owners(&["usr/lib/liblzma.so.5.8.4", "lib/liblzma.so.5.8.4"]);
        assert_eq!(found.len(), 1);
        let package = &found["usr/lib/liblzma.so.5.8.4"];
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("xz-libs", "5.8.4-r0")
        );
        assert_eq!(package.source.as_deref(), Some("xz"));
        assert_eq!(package.architecture.as_deref(), Some("x86_64"));
        assert!(matches!(
            package.licences.as_slice(),
            [Licence::Expression(_)]
        ));
    }

    #[test]
    fn files_of_the_root_and_of_two_packages_have_an_owner() {
        let found = owners(&["linuxrc", "usr/lib/shared.so"]);
        assert_eq!(found["linuxrc"].name, "busybox");
        assert_eq!(found["linuxrc"].source, None);
        let last = &found["usr/lib/shared.so"];
        assert_eq!(
            last.name, "other",
            "the last record counts without an empty line behind it"
        );
        assert_eq!((&last.architecture, last.licences.len()), (&None, 0));
    }
}
