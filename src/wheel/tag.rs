//! Compatibility tags: `python-abi-platform` (PEP 425, PEP 600, PEP 656).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::error::{Error, Rule};
use super::escape::escape;

/// The most tags that one compressed set, or one WHEEL file, may stand for.
pub(super) const MOST_TAGS: usize = 10_000;

/// One tag: what Python, what ABI and what platform a wheel is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// `cp313`, `py3` …
    pub python: String,
    /// `cp313`, `abi3`, `none` …
    pub abi: String,
    /// `musllinux_1_2_x86_64`, `linux_x86_64`, `any` …
    pub platform: String,
}

impl Tag {
    /// Reads one tag.
    ///
    /// # Errors
    /// [`Rule::Tag`] when it is not three parts of letters, digits and `_`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match Self::parse_set(text)?.as_slice() {
            [tag] => Ok(tag.clone()),
            _ => Err(refuse(text, "is a set of tags, not one")),
        }
    }

    /// Reads a compressed tag set (`py2.py3-none-any`) into all its tags, in the order of the
    /// text: pythons outermost, platforms innermost.
    ///
    /// # Errors
    /// [`Rule::Tag`] when a part is empty or holds other characters, or when the set stands for
    /// more than 10,000 tags.
    pub fn parse_set(text: &str) -> Result<Vec<Self>, Error> {
        let parts: Vec<&str> = text.split('-').collect();
        let [pythons, abis, platforms] = parts.as_slice() else {
            return Err(refuse(text, "is not `python-abi-platform`"));
        };
        let read = |part: &str| {
            parts_of(part).ok_or_else(|| refuse(text, "holds an empty part or an odd character"))
        };
        product(&read(pythons)?, &read(abis)?, &read(platforms)?)
            .ok_or_else(|| refuse(text, "stands for more than 10000 tags"))
    }
}

/// The parts of `a.b.c` when each is letters, digits and `_`.
pub(super) fn parts_of(text: &str) -> Option<Vec<String>> {
    text.split('.')
        .map(|part| {
            let fits = !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            fits.then(|| part.to_owned())
        })
        .collect()
}

pub(super) fn product(
    pythons: &[String],
    abis: &[String],
    platforms: &[String],
) -> Option<Vec<Tag>> {
    let count = pythons
        .len()
        .checked_mul(abis.len())?
        .checked_mul(platforms.len())?;
    if count > MOST_TAGS {
        return None;
    }
    let mut tags = Vec::with_capacity(count);
    for python in pythons {
        for abi in abis {
            for platform in platforms {
                tags.push(Tag {
                    python: python.clone(),
                    abi: abi.clone(),
                    platform: platform.clone(),
                });
            }
        }
    }
    Some(tags)
}

fn refuse(text: &str, what: &str) -> Error {
    Error::new(Rule::Tag, format!("the tag `{}` {what}", escape(text)))
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl FromStr for Tag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(tags: &[Tag]) -> Vec<String> {
        tags.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_compressed_set_is_the_product_in_order() {
        assert_eq!(
            shown(&Tag::parse_set("py2.py3-none-a.b").unwrap()),
            ["py2-none-a", "py2-none-b", "py3-none-a", "py3-none-b"]
        );
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in [
            "",
            "py3",
            "py3-none",
            "py3-none-any-x",
            "py3--any",
            "py3..-none-any",
            "p y-a-b",
        ] {
            assert_eq!(Tag::parse(bad).unwrap_err().rule, Rule::Tag, "{bad}");
        }
        assert!(Tag::parse("py2.py3-none-any").is_err());
        let many = vec!["x"; 101].join(".");
        assert!(Tag::parse_set(&format!("{many}-{many}-any")).is_err());
    }
}
