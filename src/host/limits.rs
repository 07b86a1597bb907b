//! How much an input may ask for: the archive's bounds, those of the resolver, those on files.

use crate::error::Error;
use crate::resolve::Budget;
use crate::wheel::{self, Sentence, Untrusted, sentence};

/// All bounds. Each has a name, by which it can be raised: see [`Limits::table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of archives.
    pub archive: wheel::Limits,
    /// Of who loads whom.
    pub budget: Budget,
    /// Bytes of an ELF file.
    pub elf_file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive: wheel::Limits::default(),
            budget: Budget::default(),
            elf_file: ELF_FILE,
        }
    }
}

/// No library comes near this.
const ELF_FILE: u64 = 2 << 30;

/// A bound: its name, its number by default, what it counts.
pub type LimitRow = (&'static str, u64, &'static str);

impl Limits {
    /// Every bound.
    #[must_use]
    pub fn table() -> Vec<LimitRow> {
        let archive = wheel::Limits::table();
        let own = [("elf-file", ELF_FILE, "bytes of one ELF file")];
        let all = archive.into_iter().chain(own);
        all.chain(Budget::table()).collect()
    }

    /// The bounds with some of them set, each as `NAME=NUMBER`.
    ///
    /// # Errors
    /// When there is no bound of a name, or a number is none.
    pub fn with(settings: &[String]) -> Result<Self, Error> {
        let mut limits = Self::default();
        for setting in settings {
            let (name, number) = setting.split_once('=').unwrap_or((setting, ""));
            let Ok(number) = number.parse::<u64>() else {
                return Err(Error::Usage(sentence!(
                    "--limit: `{}` is not of the form NAME=NUMBER",
                    Untrusted::from(setting)
                )));
            };
            if name == "elf-file" {
                limits.elf_file = number;
            } else if !limits.archive.set(name, number) && !limits.budget.set(name, number) {
                let names = Self::table().into_iter().map(|row| Sentence::from(row.0));
                let names: Vec<Sentence> = names.collect();
                return Err(Error::Usage(sentence!(
                    "--limit: nothing is called `{}`; there are {}",
                    Untrusted::from(name),
                    Sentence::listing(&names, ", ")
                )));
            }
        }
        Ok(limits)
    }
}
