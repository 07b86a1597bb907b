//! Text from outside, which a terminal or a reader is shown escaped, and text of ours that holds such.
//!
//! What a package, a tree or a system calls something is [`Untrusted`]: it has no way to be shown but
//! escaped. What we say is a [`Sentence`], made by `sentence!` of parts that each know how they are
//! shown ([`Shown`]): plain text of others is none of them, so the compiler misses it.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::escape::escape;
use super::path::ArchivePath;

/// Text that others wrote: a name, a symbol, a path. `Display` escapes it, JSON has it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// As it was written: to compare, to look up, to hand on as data. Never to be shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&escape(&self.0))
    }
}

/// Lets maps and sets of names be asked with plain text.
impl Borrow<str> for Untrusted {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Untrusted {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Untrusted {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<&Self> for Untrusted {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<Cow<'_, str>> for Untrusted {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into_owned())
    }
}

impl From<&Path> for Untrusted {
    fn from(path: &Path) -> Self {
        path.to_string_lossy().into()
    }
}

impl From<&PathBuf> for Untrusted {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

/// Text that is fit to be shown, with what others wrote in it already escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Sentence(String);

impl Sentence {
    /// Takes the text of something that is fit to be shown.
    pub fn of<T: Shown + ?Sized>(what: &T) -> Self {
        Self(what.to_string())
    }

    /// Several, with words of ours between them.
    #[must_use]
    pub fn listing(parts: &[Self], between: &'static str) -> Self {
        let parts: Vec<&str> = parts.iter().map(Self::as_str).collect();
        Self(parts.join(between))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What [`sentence!`](crate::wheel::sentence) makes of its parts; nobody else calls it.
    #[doc(hidden)]
    #[must_use]
    pub fn of_parts(parts: fmt::Arguments<'_>) -> Self {
        Self(parts.to_string())
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is wrong, without the name of what it is wrong with.
impl From<&super::error::Error> for Sentence {
    fn from(error: &super::error::Error) -> Self {
        // Its texts are escaped as it is made.
        Self(error.detail.clone())
    }
}

/// Words of ours.
impl From<&'static str> for Sentence {
    fn from(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

/// What may be part of a [`Sentence`]: its `Display` lets nothing of others through as it is.
pub trait Shown: fmt::Display {}

/// Words of ours: text that was read at run time does not live so long.
impl Shown for &'static str {}
impl Shown for char {}
impl Shown for u16 {}
impl Shown for u32 {}
impl Shown for u64 {}
impl Shown for usize {}
impl Shown for Untrusted {}
impl Shown for Sentence {}
impl Shown for ArchivePath {}
impl Shown for super::error::Error {}
impl Shown for super::note::Note {}
/// The machine's own words.
impl Shown for std::io::Error {}
impl<T: Shown> Shown for &T {}

/// Only what is [`Shown`] gets through.
#[doc(hidden)]
#[must_use]
pub fn shown<T: Shown>(part: &T) -> &T {
    part
}

/// A [`Sentence`] of a literal and its parts. The parts are named behind it, not inside of `{}`: so
/// each is asked whether it is fit to be shown.
#[macro_export]
macro_rules! sentence {
    ($text:literal $(, $part:expr)* $(,)?) => {
        $crate::wheel::Sentence::of_parts(format_args!(
            concat!($text) $(, $crate::wheel::shown(&$part))*
        ))
    };
}
pub use sentence;

#[cfg(test)]
mod tests {
    use super::{Sentence, Untrusted};

    #[test]
    fn what_others_wrote_is_escaped_wherever_it_is_shown() {
        let name = Untrusted::from("a\u{1b}[31m\nb");
        assert_eq!(name.to_string(), "a\\u{1b}[31m\\nb");
        let sentence = sentence!("`{}` is {}", name, 3_usize);
        assert_eq!(sentence.as_str(), "`a\\u{1b}[31m\\nb` is 3");
        assert_eq!(Sentence::of(&sentence), sentence);
        assert_eq!(serde_json::json!(name), "a\u{1b}[31m\nb");
        assert_eq!(format!("{:>8}|", Untrusted::from("a\nb")), "    a\\nb|");
    }
}
