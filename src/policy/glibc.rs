//! Which release of glibc a symbol version belongs to.

/// What a file's symbol version asks of glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GlibcVersion {
    /// This release, or a newer one; the third part is that of the oldest versions (`2.2.5`), else 0.
    Since(u16, u16, u16),
    /// What every release may change or drop: the one it was built with, for sure no other.
    Private,
    /// A name that is not known here: newer than the tables.
    Unknown,
}

/// Versions that stand for an ability of the loader, by the first release that has it (its NEWS and
/// `Versions` files). Distributions carry some of them back to older releases.
const MARKERS: [(&str, u16, u16); 4] = [
    // Packed relocations.
    ("GLIBC_ABI_DT_RELR", 2, 36),
    // Thread-local data by descriptors that keep all registers (bug 33129).
    ("GLIBC_ABI_GNU2_TLS", 2, 43),
    // The same of i386's `___tls_get_addr` (bug 33221).
    ("GLIBC_ABI_GNU_TLS", 2, 43),
    // PLT entries that are rewritten (bug 33212).
    ("GLIBC_ABI_DT_X86_64_PLT", 2, 43),
];

impl GlibcVersion {
    /// Read a version's name; `None`: it is none of glibc's (`GLIBCXX_3.4`).
    pub fn of(name: &str) -> Option<Self> {
        let number = name.strip_prefix("GLIBC_")?;
        if number == "PRIVATE" {
            return Some(Self::Private);
        }
        if let Some((_, major, minor)) = MARKERS.iter().find(|marker| marker.0 == name) {
            return Some(Self::Since(*major, *minor, 0));
        }
        let parts: Result<Vec<u16>, _> = number.split('.').map(str::parse).collect();
        Some(match parts.as_deref() {
            Ok([major, minor]) => Self::Since(*major, *minor, 0),
            Ok([major, minor, patch]) => Self::Since(*major, *minor, *patch),
            _ => Self::Unknown,
        })
    }

    /// Major and minor version of the first release that has it, where there is one.
    pub fn release(self) -> Option<(u16, u16)> {
        match self {
            Self::Since(major, minor, _) => Some((major, minor)),
            Self::Private | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GlibcVersion::{self, Private, Since, Unknown};

    #[test]
    fn versions_are_those_of_glibc_and_compare_as_numbers() {
        assert_eq!(GlibcVersion::of("GLIBC_2.34"), Some(Since(2, 34, 0)));
        assert!(GlibcVersion::of("GLIBC_2.2.5") < GlibcVersion::of("GLIBC_2.14"));
        assert_eq!(GlibcVersion::of("GLIBCXX_3.4"), None);
    }

    #[test]
    fn a_marker_is_as_old_as_the_ability_that_it_stands_for() {
        for (name, is) in [
            ("GLIBC_ABI_DT_RELR", Since(2, 36, 0)),
            ("GLIBC_ABI_GNU2_TLS", Since(2, 43, 0)),
            ("GLIBC_ABI_GNU_TLS", Since(2, 43, 0)),
            ("GLIBC_ABI_DT_X86_64_PLT", Since(2, 43, 0)),
            ("GLIBC_ABI_OF_TOMORROW", Unknown),
            ("GLIBC_PRIVATE", Private),
        ] {
            assert_eq!(GlibcVersion::of(name), Some(is), "{name}");
        }
    }
}
