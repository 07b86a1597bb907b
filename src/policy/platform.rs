//! Platform tags: `manylinux_2_17_x86_64`, `musllinux_1_2_aarch64`, `linux_i686`, and the
//! names from before PEP 600.

use std::fmt;

use serde::Serialize;

use crate::elf::Arch;

/// The kinds of Linux platform tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Promises nothing but the kernel.
    Linux,
    /// A glibc of at least the version in the tag (PEP 600).
    Manylinux,
    /// A musl of at least the version in the tag (PEP 656).
    Musllinux,
}

/// A Linux platform tag, old names already translated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PlatformTag {
    /// Its kind.
    pub family: Family,
    /// Major and minor version of the C library; `(0, 0)` for plain `linux`.
    pub version: (u16, u16),
    /// The machine's name in the tag (`x86_64`).
    pub arch: String,
}

impl PlatformTag {
    /// Read a tag. `None`: not a Linux platform tag.
    pub fn parse(text: &str) -> Option<Self> {
        let legacy = [
            ("manylinux1_", (2, 5)),
            ("manylinux2010_", (2, 12)),
            ("manylinux2014_", (2, 17)),
        ];
        for (prefix, version) in legacy {
            if let Some(arch) = text.strip_prefix(prefix) {
                return Self::new(Family::Manylinux, version, arch);
            }
        }
        let families = [
            ("manylinux_", Family::Manylinux),
            ("musllinux_", Family::Musllinux),
        ];
        for (prefix, family) in families {
            if let Some(rest) = text.strip_prefix(prefix) {
                let (major, rest) = rest.split_once('_')?;
                let (minor, arch) = rest.split_once('_')?;
                return Self::new(family, (number(major)?, number(minor)?), arch);
            }
        }
        Self::new(Family::Linux, (0, 0), text.strip_prefix("linux_")?)
    }

    fn new(family: Family, version: (u16, u16), arch: &str) -> Option<Self> {
        (!arch.is_empty()).then(|| Self {
            family,
            version,
            arch: arch.to_owned(),
        })
    }

    /// Does the tag speak of this machine?
    pub fn is_for(&self, arch: Arch) -> bool {
        self.arch == arch.name()
    }
}

/// A decimal number in its only spelling.
fn number(text: &str) -> Option<u16> {
    let value: u16 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        match self.family {
            Family::Linux => write!(formatter, "linux_{}", self.arch),
            Family::Manylinux => write!(formatter, "manylinux_{major}_{minor}_{}", self.arch),
            Family::Musllinux => write!(formatter, "musllinux_{major}_{minor}_{}", self.arch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        PlatformTag::parse(text).map(|tag| tag.to_string())
    }

    #[test]
    fn tags_are_read_and_written() {
        for tag in [
            "manylinux_2_17_x86_64",
            "musllinux_1_2_aarch64",
            "linux_i686",
        ] {
            assert_eq!(read(tag).as_deref(), Some(tag));
        }
    }

    #[test]
    fn names_from_before_pep_600_mean_a_glibc_version() {
        assert_eq!(
            read("manylinux1_i686").as_deref(),
            Some("manylinux_2_5_i686")
        );
        assert_eq!(
            read("manylinux2014_x86_64").as_deref(),
            Some("manylinux_2_17_x86_64")
        );
    }

    #[test]
    fn other_platforms_are_none() {
        for text in [
            "any",
            "win_amd64",
            "macosx_11_0_arm64",
            "manylinux_2_x",
            "manylinux_02_5_a",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
