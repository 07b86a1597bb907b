//! What a rule of `check` is, and how rules are declared: everything that is said of a rule, and
//! of a fault by it, stands in one block, so that the compiler misses what a new rule lacks.

use super::degree::Degree;
use crate::elf::{Arch, Soname};
use crate::policy::Alpine;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{Note, Sentence, Untrusted, escape};

/// A kind of fault. New ones may come; an identifier never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable identifier, a letter and three digits. The letter says what it is about: the
    /// archive (W), RECORD (R), tags (T), ELF files (E), libraries (L), run paths (P), symbols (S),
    /// the oldest system (F).
    pub id: &'static str,
    /// The name for people, in kebab case.
    pub name: &'static str,
    /// What is wrong, in general.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// The way out.
    pub help: &'static str,
    /// How much it matters that it is broken.
    pub degree: Degree,
    /// Told by every check; `false`: only where it is selected.
    pub by_default: bool,
}

/// A fault in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The file that has it; `None`: the package as a whole.
    pub file: Option<ModulePath>,
    /// What it is about (a library, a symbol, a tag), as it stands in the file. Empty: nothing.
    pub subject: Untrusted,
    /// What else belongs to it. Empty: nothing.
    pub context: Sentence,
    /// One sentence that names what is wrong with what.
    pub text: Sentence,
}

/// What the fields of a fault can be: each knows how it is shown.
pub(super) trait Field {
    /// Fit to be shown.
    fn shown(&self) -> String;

    /// As it stands in the file.
    fn raw(&self) -> Untrusted {
        self.shown().into()
    }

    /// The path, where it is one.
    fn path(&self) -> Option<&ModulePath> {
        None
    }
}

impl Field for Untrusted {
    fn shown(&self) -> String {
        self.to_string()
    }

    fn raw(&self) -> Untrusted {
        self.clone()
    }
}

impl Field for Soname {
    fn shown(&self) -> String {
        escape(self.as_str())
    }

    fn raw(&self) -> Untrusted {
        self.as_str().into()
    }
}

impl Field for ModulePath {
    fn shown(&self) -> String {
        self.to_string()
    }

    fn path(&self) -> Option<&ModulePath> {
        Some(self)
    }
}

impl Field for Arch {
    fn shown(&self) -> String {
        self.name().to_owned()
    }
}

impl Field for Libc {
    fn shown(&self) -> String {
        self.name().to_owned()
    }
}

impl Field for Sentence {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Field for Note {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Field for Alpine {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// Empty where there is nothing.
impl<Some: Field> Field for Option<Some> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(String::new, Field::shown)
    }

    fn path(&self) -> Option<&ModulePath> {
        self.as_ref().and_then(Field::path)
    }
}

/// Declares a family of rules: an enum with a variant a rule, `RULES`, and how each fault is told.
///
/// ```text
/// rules! {
///     /// What the rules of the family are about.
///     pub FileFault:
///
///     "E004" "executable-stack" ExecutableStack {     // `… ExecutableStack off by default {`:
///         /// The file.                               // told only where it is selected
///         file: ModulePath,                           // any type that is a `Field`
///     }
///     says("{file} asks for an executable stack")     // as `format!`; all fields are shown
///     json(file: file,)                               // then `subject: FIELD,`, `context: ("…")`
///     degree Warning                                  // a variant of `Degree`
///     title "A file asks for an executable stack"
///     why "glibc 2.41 and hardened kernels refuse to load it."
///     help "link it with …";
/// }
/// ```
macro_rules! rules {
    (
        $(#[doc = $about:literal])+
        $visibility:vis $Family:ident:
        $(
            $id:literal $name:literal $Variant:ident $($off:ident by default)? {
                $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+
            }
            says($($says:tt)+)
            json($(file: $file:ident,)? $(subject: $subject:ident,)? $(context: ($($context:tt)+))?)
            degree $degree:ident
            title $title:literal
            why $why:literal
            help $help:expr;
        )+
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $visibility enum $Family {
            $(
                #[doc = concat!($id, ": ", $title, ".")]
                $Variant { $($(#[doc = $doc])+ $field: $type,)+ },
            )+
        }

        impl $Family {
            /// The rules of the family, sorted by identifier within each letter.
            pub(in crate::plan::rules) const RULES: &'static [$crate::plan::rules::rule::Rule] =
                &[$($crate::plan::rules::rule::rules!(
                    @rule $id, $name, $degree, $title, $why, $help, $($off)?
                ),)+];

            /// The rule that is broken.
            pub(in crate::plan::rules) fn rule(&self) -> &'static $crate::plan::rules::rule::Rule {
                match self {
                    $(Self::$Variant { .. } => const { &$crate::plan::rules::rule::rules!(
                        @rule $id, $name, $degree, $title, $why, $help, $($off)?
                    ) },)+
                }
            }

            /// The fault in words.
            pub(in crate::plan::rules) fn told(&self) -> $crate::plan::rules::rule::Told {
                use $crate::plan::rules::rule::Field;
                let mut told = $crate::plan::rules::rule::Told::default();
                match self {
                    $(Self::$Variant { $($field),+ } => {
                        $(told.file = $file.path().cloned();)?
                        $(told.subject = $subject.raw();)?
                        $(let $field = $field.shown();)+
                        $(told.context = $crate::wheel::Sentence::of_parts(format_args!($($context)+));)?
                        told.text = $crate::wheel::Sentence::of_parts(format_args!($($says)+));
                    })+
                }
                told
            }
        }
    };
    (@rule $id:literal, $name:literal, $degree:ident, $title:literal, $why:literal, $help:expr, $($off:ident)?) => {
        $crate::plan::rules::rule::Rule {
            id: $id,
            name: $name,
            degree: $crate::plan::rules::degree::Degree::$degree,
            title: $title,
            why: $why,
            help: $help,
            by_default: $crate::plan::rules::rule::rules!(@by_default $($off)?),
        }
    };
    (@by_default) => { true };
    (@by_default off) => { false };
}
pub(in crate::plan) use rules;

#[cfg(test)]
#[allow(unreachable_pub)]
mod tests {
    use crate::resolve::{ModulePath, Place};
    use crate::wheel::Untrusted;

    super::rules! {
        /// Rules that are declared here alone.
        Sample:

        "X001" "usual" Usual {
            /// The file.
            file: ModulePath,
            /// A symbol.
            symbol: Untrusted,
        }
        says("{file} has {symbol}")
        json(file: file, subject: symbol, context: ("beside {file}"))
        degree Error
        title "Usual"
        why "Because."
        help "none";

        "X002" "unusual" Unusual off by default {
            /// A symbol.
            symbol: Untrusted,
        }
        says("{symbol}")
        json()
        degree Warning
        title "Unusual"
        why "Because."
        help "none";
    }

    #[test]
    fn a_rule_is_told_by_default_unless_it_is_declared_off() {
        let told: Vec<_> = Sample::RULES.iter().map(|rule| rule.by_default).collect();
        assert_eq!(told, [true, false]);
        let symbol = "s".into();
        assert!(!Sample::Unusual { symbol }.rule().by_default);
    }

    #[test]
    fn a_name_from_a_file_is_raw_as_a_subject_and_escaped_in_a_text() {
        let file = ModulePath::new(Place::Wheel, "a.so");
        let symbol = "s\u{1b}".into();
        let told = Sample::Usual { file, symbol }.told();
        assert_eq!(told.subject.as_str(), "s\u{1b}");
        assert_eq!(told.text.as_str(), "a.so has s\\u{1b}");
        assert_eq!(told.context.as_str(), "beside a.so");
        assert_eq!(
            told.file.map(|file| file.to_string()).as_deref(),
            Some("a.so")
        );
    }
}
