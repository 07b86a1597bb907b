//! What a check finds, as a value.

use std::fmt;

use super::archive::ArchiveFault;
use super::files::FileFault;
use super::floors::FloorFault;
use super::needs::NeedFault;
use super::rule::{Rule, Told};
use super::tags::TagFault;
use crate::wheel::{Note, Shown};

/// Puts the families of rules together, in the order in which faults are told.
macro_rules! families {
    ($($(#[doc = $doc:literal])+ $Variant:ident($Family:ident),)+) => {
        /// One fault of one package. Sorted by rule, then by what they name, file first.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[doc = $doc])+ $Variant($Family),)+ }

        $(impl From<$Family> for Fault {
            fn from(fault: $Family) -> Self {
                Self::$Variant(fault)
            }
        })+

        impl Fault {
            /// The rule that is broken.
            pub fn rule(&self) -> &'static Rule {
                match self { $(Self::$Variant(fault) => fault.rule(),)+ }
            }

            /// The fault in words.
            pub fn told(&self) -> Told {
                match self { $(Self::$Variant(fault) => fault.told(),)+ }
            }
        }

        impl Rule {
            /// All rules, in the order in which their faults are told.
            pub fn all() -> impl Iterator<Item = &'static Self> {
                [$($Family::RULES),+].into_iter().flatten()
            }
        }
    };
}

families! {
    /// Of the archive, its metadata or RECORD.
    Archive(ArchiveFault),
    /// Of what the name and the tags claim.
    Tag(TagFault),
    /// Of an ELF file by itself.
    File(FileFault),
    /// Of what files need of others.
    Need(NeedFault),
    /// Of the oldest system that a tag speaks of.
    Floor(FloorFault),
}

impl Fault {
    /// What reading the archive found odd, as far as it is a fault.
    pub fn of_note(note: &Note) -> Option<Self> {
        let odd = note.clone();
        match note {
            Note::TagsDiffer { .. } => Some(TagFault::TagsDiffer { note: odd }.into()),
            Note::MetadataDiffers { .. } => {
                Some(ArchiveFault::MetadataDiffers { note: odd }.into())
            }
            Note::SameButForCase { .. } => Some(ArchiveFault::SameButForCase { note: odd }.into()),
            Note::ModeMasked { .. }
            | Note::ArchiveComment { .. }
            | Note::RepeatedHeader { .. }
            | Note::MissingHeader { .. }
            | Note::BackslashInRecord { .. }
            | Note::RoundaboutInRecord { .. }
            | Note::RowsOfNoFile { .. }
            | Note::WeakHashes { .. }
            | Note::Signature { .. } => None,
        }
    }

    /// Is it that a file is for another machine or C library than the package?
    pub fn is_of_a_stranger(&self) -> bool {
        matches!(
            self,
            Self::File(FileFault::OtherMachine { .. } | FileFault::OtherLibc { .. })
        )
    }
}

impl Shown for Fault {}

/// The fault in one sentence.
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told().text.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Fault, Rule};
    use crate::plan::TagFault;

    #[test]
    fn every_rule_is_a_letter_and_three_digits_and_stands_once() {
        let all: Vec<&Rule> = Rule::all().collect();
        let ids: BTreeSet<&str> = all.iter().map(|rule| rule.id).collect();
        let names: BTreeSet<&str> = all.iter().map(|rule| rule.name).collect();
        assert_eq!((ids.len(), names.len()), (all.len(), all.len()));
        for id in ids {
            let (letter, digits) = id.split_at(1);
            assert!(letter.chars().all(|c| c.is_ascii_uppercase()), "{id}");
            assert!(
                digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit()),
                "{id}"
            );
        }
    }

    #[test]
    fn rules_are_sorted_within_each_letter_and_letters_stand_together() {
        let letters = "WRTELPSF";
        let place = |rule: &Rule| (letters.find(&rule.id[..1]), rule.id);
        assert!(Rule::all().map(place).is_sorted());
    }

    #[test]
    fn a_fault_is_told_by_the_rule_that_it_breaks() {
        let tag = "linux_\u{1b}[31m".into();
        let fault = Fault::from(TagFault::PromisesNothing { tag });
        assert_eq!(fault.rule().id, "T006");
        assert!(!fault.to_string().contains('\u{1b}'));
    }
}
