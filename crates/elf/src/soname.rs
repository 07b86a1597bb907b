//! The names that libraries call each other by.

use serde::Serialize;

/// A name as it stands in `DT_SONAME`, `DT_NEEDED` or a version need, for example `libssl.so.3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Soname(String);

impl Soname {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as an owned string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<&str> for Soname {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<String> for Soname {
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl AsRef<str> for Soname {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets maps and sets of names be asked with plain text.
impl std::borrow::Borrow<str> for Soname {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A library's name without the hashes that repairs put before its first dot:
/// `libgcc_s-0cd532bd-c8f934f9.so.1` is `libgcc_s.so.1`.
#[must_use]
pub fn without_hash(name: &str) -> String {
    let (mut stem, rest) = match name.find('.') {
        Some(dot) => name.split_at(dot),
        None => (name, ""),
    };
    while let Some((front, tail)) = stem.rsplit_once('-') {
        let is_hash = tail.len() == 8
            && tail
                .chars()
                .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        if !is_hash || front.is_empty() {
            break;
        }
        stem = front;
    }
    format!("{stem}{rest}")
}
