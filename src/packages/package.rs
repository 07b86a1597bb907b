//! A package as every system has them, and the name that the world knows it by.

use std::fmt::Write as _;

use super::licence::Licence;
use super::os_release::Distribution;

/// Whose package it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageKind {
    /// Alpine's.
    Apk,
    /// Debian's.
    Deb,
    /// A wheel that pip or another installer unpacked.
    Wheel,
}

impl PackageKind {
    /// The type in a purl.
    fn purl_type(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Wheel => "pypi",
        }
    }
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Whose it is.
    pub kind: PackageKind,
    /// Its name, as its own system spells it.
    pub name: String,
    /// Its version, with the packager's revision.
    pub version: String,
    /// The machine it is for, in its system's words.
    pub architecture: Option<String>,
    /// The source package that it was built from, where that has another name.
    pub source: Option<String>,
    /// What it may be used under; empty where nobody says.
    pub licences: Vec<Licence>,
    /// The distribution that it belongs to; `None` for wheels, and where the root does not tell.
    pub distribution: Option<Distribution>,
}

impl Package {
    /// The package URL, such as `pkg:apk/alpine/xz-libs@5.8.4-r0?arch=x86_64&distro=alpine-3.23.6`.
    ///
    /// Source: the purl specification 1.0 and its types `apk`, `deb`, `pypi`.
    pub fn purl(&self) -> String {
        let mut purl = format!("pkg:{}/", self.kind.purl_type());
        if let Some(distribution) = &self.distribution {
            let _ = write!(purl, "{}/", percent(&distribution.id));
        }
        let name = match self.kind {
            PackageKind::Wheel => self.name.to_lowercase().replace('_', "-"),
            PackageKind::Apk | PackageKind::Deb => self.name.clone(),
        };
        let _ = write!(purl, "{}@{}", percent(&name), percent(&self.version));
        let distro = self.distribution.as_ref().map(Distribution::label);
        let qualifiers = [("arch", &self.architecture), ("distro", &distro)];
        let given = qualifiers
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (number, (key, value)) in given.enumerate() {
            let mark = if number == 0 { '?' } else { '&' };
            let _ = write!(purl, "{mark}{key}={}", percent(value));
        }
        purl
    }
}

/// A part of a purl: everything but letters, digits, `.`, `-`, `_`, `~` and `:` is percent-encoded.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(kind: PackageKind, name: &str, version: &str) -> Package {
        Package {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: None,
            source: None,
            licences: Vec::new(),
            distribution: None,
        }
    }

    #[test]
    fn a_purl_has_the_distribution_and_the_machine() {
        let alpine = Package {
            architecture: Some("x86_64".to_owned()),
            distribution: Distribution::parse("ID=alpine\nVERSION_ID=3.23.6\n"),
            ..package(PackageKind::Apk, "xz-libs", "5.8.4-r0")
        };
        assert_eq!(
            alpine.purl(),
            "pkg:apk/alpine/xz-libs@5.8.4-r0?arch=x86_64&distro=alpine-3.23.6"
        );
        let rolling = Package {
            distribution: Distribution::parse("ID=debian\n"),
            ..package(PackageKind::Deb, "libc6", "2:2.41~rc1+b1")
        };
        assert_eq!(
            rolling.purl(),
            "pkg:deb/debian/libc6@2:2.41~rc1%2Bb1?distro=debian"
        );
    }

    #[test]
    fn names_are_encoded_and_those_of_wheels_are_normal() {
        let plain = package(PackageKind::Apk, "libstdc++", "14");
        assert_eq!(plain.purl(), "pkg:apk/libstdc%2B%2B@14");
        let wheel = package(PackageKind::Wheel, "Foo_Bar", "1.0+local");
        assert_eq!(wheel.purl(), "pkg:pypi/foo-bar@1.0%2Blocal");
        let hostile = package(PackageKind::Apk, "a/b?c#d@e é", "1");
        assert_eq!(hostile.purl(), "pkg:apk/a%2Fb%3Fc%23d%40e%20%C3%A9@1");
    }
}
