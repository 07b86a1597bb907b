//! dpkg's database: `var/lib/dpkg/status` says what is installed, `info/NAME.list` which files each
//! package has. Images without a package manager have a file a package in `status.d/` instead, and the
//! files' sums in `status.d/NAME.md5sums`.
//!
//! Sources: deb-control(5), dpkg-query(1), Debian's copyright format 1.0.

use std::collections::{BTreeMap, BTreeSet};

use super::licence::Licence;
use super::package::{Package, PackageKind};

/// The packages of a status file.
#[derive(Clone, Debug, Default)]
pub struct DpkgStatus {
    by_name: BTreeMap<String, Vec<Package>>,
}

impl DpkgStatus {
    /// Read `status`, or one of the files of `status.d`. What is not installed (any more) is left out.
    pub fn parse(status: &str) -> Self {
        let mut by_name: BTreeMap<String, Vec<Package>> = BTreeMap::new();
        for stanza in stanzas(status) {
            let field = |name: &str| {
                let mut fields = stanza.iter();
                fields
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.lines().next().unwrap_or_default().to_owned())
            };
            // In `status.d` there is no such field: everything is installed.
            let installed = field("Status").is_none_or(|words| words.ends_with(" installed"));
            let (Some(name), Some(version), true) = (field("Package"), field("Version"), installed)
            else {
                continue;
            };
            // `openssl (3.0.1-1)`, the version where it differs.
            let source = field("Source").map(|source| match source.split_once(' ') {
                Some((name, _)) => name.to_owned(),
                None => source,
            });
            by_name.entry(name.clone()).or_default().push(Package {
                kind: PackageKind::Deb,
                source: source.filter(|source| *source != name),
                name,
                version,
                architecture: field("Architecture"),
                licences: Vec::new(),
                distribution: None,
            });
        }
        Self { by_name }
    }

    /// The package whose list of files is called `stem`: `zlib1g`, or `zlib1g:amd64` where it may be
    /// installed for several machines.
    pub fn of_list(&self, stem: &str) -> Option<&Package> {
        let (name, machine) = match stem.split_once(':') {
            Some((name, machine)) => (name, Some(machine)),
            None => (stem, None),
        };
        let mut packages = self.by_name.get(name)?.iter();
        packages.find(|package| {
            machine.is_none_or(|machine| package.architecture.as_deref() == Some(machine))
        })
    }
}

/// Which of the `wanted` paths a package has, by its `.list` or its `.md5sums`.
pub fn dpkg_listed(list: &str, wanted: &BTreeSet<String>) -> Vec<String> {
    let path = |line| match str::strip_prefix(line, '/') {
        Some(path) => path,
        // `SUM  PATH`
        None => match line.split_once("  ") {
            Some((_, path)) => path.trim_start_matches('/'),
            None => line,
        },
    };
    let paths = list.lines().map(path);
    let paths = paths.filter(|path| wanted.contains(*path));
    paths.map(str::to_owned).collect()
}

/// Whether a package may bring a file there: what is below the folders of users and of the machine's
/// owner is nobody's (Filesystem Hierarchy Standard 3.0; Debian policy 9.1.2). The lists of all packages
/// need not be read for it.
pub fn dpkg_may_own(path: &str) -> bool {
    let others = [
        "usr/local/",
        "home/",
        "root/",
        "tmp/",
        "mnt/",
        "media/",
        "run/",
        "proc/",
    ];
    !others.iter().any(|folder| path.starts_with(folder))
}

/// The licences that a Debian copyright file names, each once, in their order; none where the file is
/// not written for machines.
pub fn copyright_licences(copyright: &str) -> Vec<Licence> {
    let stanzas = stanzas(copyright);
    let is_format = |(key, value): &(&str, String)| {
        key.eq_ignore_ascii_case("Format") && value.contains("copyright-format/1.")
    };
    let mut stanzas = stanzas.into_iter();
    if !stanzas
        .next()
        .is_some_and(|first| first.iter().any(is_format))
    {
        return Vec::new();
    }
    let mut licences = Vec::new();
    for stanza in stanzas {
        // Paragraphs without files only tell what a licence's name means.
        if !stanza
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case("Files"))
        {
            continue;
        }
        let fields = stanza.iter();
        for (_, value) in fields.filter(|(key, _)| key.eq_ignore_ascii_case("License")) {
            let licence = Licence::of_words(value.lines().next().unwrap_or_default());
            licences.extend(licence.filter(|licence| !licences.contains(licence)));
        }
    }
    licences
}

/// Paragraphs of `Name: value` fields; a line that begins with a space goes on with the one before.
fn stanzas(text: &str) -> Vec<Vec<(&str, String)>> {
    let mut stanzas = Vec::new();
    let mut stanza: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            if !stanza.is_empty() {
                stanzas.push(std::mem::take(&mut stanza));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            stanza.push((key, value.trim().to_owned()));
        }
    }
    if !stanza.is_empty() {
        stanzas.push(stanza);
    }
    stanzas
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: libssl3t64
Status: install ok installed
Architecture: amd64
Source: openssl (3.5.1-1)
Version: 3.5.1-1+deb13u1
Description: Secure Sockets Layer toolkit
 Version: of the description

Package: libssl3t64
Status: install ok installed
Architecture: i386
Version: 3.4.0-1

Package: gone
Status: deinstall ok config-files
Version: 1
";

    #[test]
    fn a_package_is_found_by_the_name_of_its_list() {
        let status = DpkgStatus::parse(STATUS);
        let amd64 = status.of_list("libssl3t64:amd64").unwrap();
        assert_eq!(amd64.version, "3.5.1-1+deb13u1");
        assert_eq!(amd64.source.as_deref(), Some("openssl"));
        assert_eq!(
            status.of_list("libssl3t64:i386").unwrap().version,
            "3.4.0-1"
        );
        assert_eq!(status.of_list("libssl3t64"), Some(amd64));
        assert_eq!(status.of_list("libssl3t64:arm64"), None);
        assert_eq!(status.of_list("gone"), None);
    }

    #[test]
    fn a_file_of_status_d_has_no_status_field() {
        let status = DpkgStatus::parse("Package: zlib1g\nVersion: 1:1.3\nArchitecture: amd64\n");
        assert_eq!(status.of_list("zlib1g").unwrap().version, "1:1.3");
    }

    #[test]
    fn lists_and_sums_name_paths() {
        let wanted: BTreeSet<String> = ["usr/lib/a.so".to_owned()].into();
        for list in [
            "/.\n/usr\n/usr/lib/a.so\n",
            "0123456789abcdef  usr/lib/a.so\n0123456789abcdef  usr/lib/b.so\n",
        ] {
            assert_eq!(dpkg_listed(list, &wanted), ["usr/lib/a.so"], "{list}");
        }
        assert!(dpkg_listed("/usr/lib/a.so.1\n", &wanted).is_empty());
    }

    #[test]
    fn what_users_put_there_is_no_package_s() {
        assert!(dpkg_may_own("usr/lib/libz.so.1") && dpkg_may_own("opt/x/libx.so"));
        assert!(!dpkg_may_own("usr/local/lib/libz.so.1"));
        assert!(!dpkg_may_own("home/somebody/libz.so.1"));
    }

    #[test]
    fn licences_are_read_from_a_copyright_file_for_machines() {
        let text = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
License: of-the-head

Files: *
Copyright: x
License: GPL-2+
 The text.

Files: debian/*
License: GPL-2+

Files: a.c
License: Expat

License: Apache-2.0
 The text of a licence that a field above may mean.
";
        let names = ["GPL-2+", "Expat"].map(|name| Licence::Name(name.to_owned()));
        assert_eq!(copyright_licences(text), names);
        assert!(copyright_licences("This is zlib.\nLicense: zlib\n").is_empty());
    }
}
