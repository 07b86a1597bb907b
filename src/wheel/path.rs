//! Names of archive entries that are safe to reason about.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use super::error::{Error, Rule};
use super::escape::escape;

/// The longest name of a file on Linux, in bytes.
const NAME_MAX: usize = 255;

/// The path of a file or directory inside a wheel, checked when made: relative, `/` between
/// components, no empty component, no `.` or `..`, none over 255 bytes, no backslash, no drive, no control
/// characters. Never ends in `/`, also for a directory. Orders by bytes, as RECORD is sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ArchivePath(String);

impl ArchivePath {
    /// Checks a name and takes it.
    ///
    /// # Errors
    /// [`Rule::Name`], naming the escaped text, when the name is none of the above.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |what: &str| Err(Error::new(Rule::Name, what.to_owned()).entry(text));
        if text.is_empty() {
            return refuse("the name is empty");
        }
        if text.contains('\\') {
            return refuse("the name holds a backslash");
        }
        if text.chars().any(char::is_control) {
            return refuse("the name holds a control character");
        }
        if text.starts_with('/') {
            return refuse("the name is an absolute path");
        }
        let mut first = text.chars();
        if first
            .next()
            .is_some_and(|letter| letter.is_ascii_alphabetic())
            && first.next() == Some(':')
        {
            return refuse("the name begins with a drive");
        }
        for component in text.split('/') {
            match component {
                "" => return refuse("the name has an empty component"),
                "." => return refuse("the name has a component `.`"),
                ".." => return refuse("the name climbs out of the wheel with `..`"),
                long if long.len() > NAME_MAX => {
                    return refuse(
                        "a part of the name has more than 255 bytes, which no file system takes",
                    );
                }
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory it lies in; `None` at the wheel's root.
    #[must_use]
    pub fn parent(&self) -> Option<ArchivePath> {
        self.0
            .rsplit_once('/')
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0
            .rsplit_once('/')
            .map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The first component: a package, a module, `….dist-info`, `….libs`.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0
            .split_once('/')
            .map_or(self.0.as_str(), |(first, _)| first)
    }

    /// The components from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// This path with a relative one below it.
    ///
    /// # Errors
    /// As [`ArchivePath::parse`], for the whole.
    pub fn join(&self, below: &str) -> Result<ArchivePath, Error> {
        Self::parse(&format!("{}/{below}", self.0))
    }

    /// Whether this is `directory` or lies below it; components count, not characters.
    #[must_use]
    pub fn starts_with(&self, directory: &str) -> bool {
        self.below(directory).is_some()
    }

    /// What is left of the path below `directory`: empty when it is that directory itself,
    /// `None` when it lies elsewhere.
    #[must_use]
    pub fn below(&self, directory: &str) -> Option<&str> {
        let rest = self.0.strip_prefix(directory)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('/')
        }
    }
}

impl fmt::Display for ArchivePath {
    /// Escaped for display; use [`ArchivePath::as_str`] to write it into files.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&escape(&self.0))
    }
}

impl AsRef<str> for ArchivePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ArchivePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_taken() {
        for good in [
            "a", "a/b.py", "a b/c", "..a/b..", ".hidden", "日本/x", "ab:c/d",
        ] {
            assert_eq!(ArchivePath::parse(good).unwrap().as_str(), good);
        }
        let long = "é".repeat(127);
        assert!(ArchivePath::parse(&format!("a/{long}")).is_ok());
        assert!(ArchivePath::parse(&format!("a/{long}xx/b")).is_err());
        for bad in [
            "", "/", "/a", "a/", "a//b", "./a", "a/.", "..", "a/../b", "C:/x", "c:x", "a\\b",
            "a\0", "a\nb", "a\u{7f}", "a\u{9f}",
        ] {
            assert_eq!(
                ArchivePath::parse(bad).unwrap_err().rule,
                Rule::Name,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn parents_and_prefixes_go_by_component() {
        let path = ArchivePath::parse("a/bc/d.so").unwrap();
        assert_eq!(path.file_name(), "d.so");
        assert_eq!(path.first(), "a");
        assert_eq!(path.parent().unwrap().as_str(), "a/bc");
        assert!(path.starts_with("a/bc") && !path.starts_with("a/b"));
        assert_eq!(path.below("a"), Some("bc/d.so"));
        assert_eq!(path.parent().unwrap().join("e").unwrap().as_str(), "a/bc/e");
        assert!(path.join("../x").is_err());
    }
}
