//! Which Pythons import an extension module, by the end of its file name (PEP 3149, PEP 384,
//! PEP 803): importlib looks for the endings of its own build and for no other.

use std::collections::BTreeSet;

use crate::elf::Arch;
use crate::resolve::Libc;

/// From this minor version on CPython's own ending tells musl from glibc.
const MUSL_IN_NAME: u8 = 11;
/// From this one on there is `.abi3t.so`, which every build takes, and free-threaded builds take
/// `.abi3.so` no more.
const STABLE_FREE: u8 = 15;

/// The Python and ABI tags of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Importers {
    tags: BTreeSet<(String, String)>,
}

/// What an ending says of the Pythons that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Any: `.so`.
    Plain,
    /// `.abi3.so`.
    Stable,
    /// `.abi3t.so`.
    StableFree,
    /// `.cpython-313-….so`; free-threaded with a `t` behind the number, built for debugging with a
    /// `d`.
    Version { minor: u8, free: bool, debug: bool },
    /// That of another Python than CPython, or of another system: `.pypy311-pp73-….so`,
    /// `.cp313-win_amd64.so`.
    Other,
}

/// Pythons that have endings of their own.
const OTHERS: [&str; 3] = ["pypy", "graalpy", "pyston"];

#[derive(Clone, Copy, Debug)]
struct Ending<'a> {
    form: Form,
    /// `x86_64-linux-gnu`.
    place: Option<&'a str>,
}

impl<'a> Ending<'a> {
    /// Read what stands behind the first dot of a name. `None`: nothing that is known here.
    fn parse(text: &'a str) -> Option<Self> {
        if text == "so" {
            let form = Form::Plain;
            return Some(Self { form, place: None });
        }
        let tag = text.strip_suffix(".so")?;
        let (head, rest) = match tag.split_once('-') {
            Some((head, rest)) => (head, Some(rest)),
            None => (tag, None),
        };
        let (form, place) = match (head, rest) {
            ("abi3", place) => (Form::Stable, place),
            ("abi3t", place) => (Form::StableFree, place),
            ("cpython", Some(rest)) => {
                let (version, place) = match rest.split_once('-') {
                    Some((version, place)) => (version, Some(place)),
                    None => (rest, None),
                };
                let digits = version.trim_end_matches(|c: char| c.is_ascii_lowercase());
                let minor = digits.strip_prefix('3')?.parse().ok()?;
                let flags = version.strip_prefix(digits).unwrap_or_default();
                let (free, debug) = (flags.contains('t'), flags.contains('d'));
                (Form::Version { minor, free, debug }, place)
            }
            (head, Some(_)) if OTHERS.iter().any(|name| head.starts_with(name)) => {
                (Form::Other, None)
            }
            (head, Some(rest)) if minor_of(head).is_some() && rest.starts_with("win") => {
                (Form::Other, None)
            }
            _ => return None,
        };
        Some(Self { form, place })
    }
}

/// Does a file's name say that it is an extension module? Where any ending is taken (`plain`: the file
/// lies where Python imports from), `.so` alone says so too, unless the name is a library's.
pub fn names_extension(name: &str, plain: bool) -> bool {
    let Some((stem, ending)) = name.split_once('.') else {
        return false;
    };
    match Ending::parse(ending).map(|ending| ending.form) {
        Some(Form::Plain) => plain && !stem.starts_with("lib"),
        Some(Form::Stable | Form::StableFree | Form::Version { .. } | Form::Other) => true,
        None => false,
    }
}

impl Importers {
    /// Those of `tags`, each a Python and an ABI tag.
    pub fn of_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let tags = tags.into_iter();
        let owned = tags.map(|(python, abi)| (python.to_owned(), abi.to_owned()));
        Self {
            tags: owned
                .filter(|(python, abi)| is_sound(python, abi))
                .collect(),
        }
    }

    /// Those whose tag no file serves, with what they look for. `None`: there is none. `endings`:
    /// what stands behind the first dot in the name of each file that brings one module. A package
    /// for one Python has to serve each of its ABIs; one for several Pythons may have modules for
    /// some of them.
    pub fn unserved(&self, endings: &[&str], libc: Libc, arch: Arch) -> Option<String> {
        let parsed: Option<Vec<Ending<'_>>> =
            endings.iter().map(|one| Ending::parse(one)).collect();
        let parsed = parsed?;
        let is_served = |(python, abi): &&(String, String)| {
            let mut endings = parsed.iter();
            endings.any(|ending| {
                takes(python, abi, ending.form) && is_here(python, ending.place, libc, arch)
            })
        };
        let pythons: BTreeSet<&String> = self.tags.iter().map(|(python, _)| python).collect();
        let unserved = self.tags.iter().find(|tag| !is_served(tag))?;
        let some = pythons.len() > 1 && self.tags.iter().any(|tag| is_served(&tag));
        (!some).then(|| wanted(&unserved.0, &unserved.1, libc, arch))
    }
}

/// A set of tags is a product: `cp312-cp313` means nothing.
fn is_sound(python: &str, abi: &str) -> bool {
    match (minor_of(python), minor_of(abi)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The minor version in a tag of CPython 3, whatever letters follow it.
fn minor_of(tag: &str) -> Option<u8> {
    let digits = tag.trim_end_matches(|c: char| c.is_ascii_lowercase());
    digits.strip_prefix("cp3")?.parse().ok()
}

fn is_free(abi: &str) -> bool {
    minor_of(abi).is_some() && abi.contains('t')
}

/// Does a Python of these tags look for such names?
fn takes(python: &str, abi: &str, form: Form) -> bool {
    let Some(minor) = minor_of(python) else {
        // PyPy's own endings are not known here; whatever `py3` stands for takes some of CPython's.
        let is_of_cpython = matches!(form, Form::Stable | Form::StableFree | Form::Version { .. });
        return !is_of_cpython || !python.starts_with("pp");
    };
    match (abi, form) {
        (_, Form::Other) => false,
        (_, Form::Plain) | ("none", Form::Stable | Form::StableFree) | ("abi3", Form::Stable) => {
            true
        }
        ("abi3t", Form::StableFree) => true,
        ("abi3t", _) | ("abi3", Form::Version { .. }) => false,
        (_, Form::StableFree) => minor >= STABLE_FREE,
        (_, Form::Stable) => !is_free(abi) || minor < STABLE_FREE,
        ("none", Form::Version { minor: own, .. }) => own == minor,
        (
            _,
            Form::Version {
                minor: own,
                free,
                debug,
            },
        ) => own == minor && free == is_free(abi) && (!debug || abi.contains('d')),
    }
}

/// Is the machine and the C library in an ending that of the package, as a Python of the tag names
/// them?
fn is_here(python: &str, place: Option<&str>, libc: Libc, arch: Arch) -> bool {
    let Some(place) = place else { return true };
    // Another system's, where CPython has them: `darwin`, `x86_64-cygwin`, `wasm32-emscripten`.
    let Some((machine, system)) = place.split_once("-linux-") else {
        return false;
    };
    let same_machine = match machine {
        "i386" | "i486" | "i586" | "i686" => arch == Arch::I686,
        "arm" => matches!(arch, Arch::Armv6l | Arch::Armv7l),
        "powerpc64le" => arch == Arch::Ppc64le,
        "powerpc64" => arch == Arch::Ppc64,
        other => Arch::from_name(other).is_none_or(|other| other == arch),
    };
    let unnamed = minor_of(python).is_none_or(|minor| minor < MUSL_IN_NAME);
    let same_libc = match libc {
        Libc::Glibc => system.starts_with("gnu"),
        Libc::Musl => system.starts_with("musl") || unnamed && system.starts_with("gnu"),
    };
    // x86_64 with short pointers is another machine.
    same_machine && same_libc && !system.ends_with("x32")
}

/// The endings that a Python of the tag looks for, for people.
fn wanted(python: &str, abi: &str, libc: Libc, arch: Arch) -> String {
    match (minor_of(python), abi) {
        (Some(_), "abi3" | "abi3t") => format!("`.{abi}.so` or `.so`"),
        (Some(minor), _) => {
            let flags = if is_free(abi) { "t" } else { "" };
            let own = format!(".cpython-3{minor}{flags}-{}.so", place(minor, libc, arch));
            format!("`{own}` or `.so`")
        }
        (None, _) => "`.so`, or an ending of their own".to_owned(),
    }
}

fn place(minor: u8, libc: Libc, arch: Arch) -> String {
    let machine = match arch {
        Arch::I686 => "i386",
        Arch::Armv6l | Arch::Armv7l => "arm",
        Arch::Ppc64le => "powerpc64le",
        Arch::Ppc64 => "powerpc64",
        other => other.name(),
    };
    let system = match libc {
        Libc::Musl if minor >= MUSL_IN_NAME => "musl",
        Libc::Musl | Libc::Glibc => "gnu",
    };
    let floats = if machine == "arm" { "eabihf" } else { "" };
    format!("{machine}-linux-{system}{floats}")
}

#[cfg(test)]
mod tests {
    use super::{Importers, names_extension};
    use crate::elf::Arch;
    use crate::resolve::Libc;

    fn unserved(tags: &[(&str, &str)], endings: &[&str]) -> Option<String> {
        let importers = Importers::of_tags(tags.iter().copied());
        importers.unserved(endings, Libc::Musl, Arch::X86_64)
    }

    const CP313: [(&str, &str); 1] = [("cp313", "cp313")];
    const OWN: &str = "cpython-313-x86_64-linux-musl.so";

    #[test]
    fn a_python_takes_its_own_ending_the_stable_one_and_none() {
        for ending in [OWN, "abi3.so", "so", "abi3-x86_64-linux-musl.so"] {
            assert_eq!(unserved(&CP313, &[ending]), None, "{ending}");
        }
        for ending in [
            "cpython-313-x86_64-linux-gnu.so",
            "cpython-313-aarch64-linux-musl.so",
            "cpython-312-x86_64-linux-musl.so",
            "cpython-313t-x86_64-linux-musl.so",
            "cpython-313d-x86_64-linux-musl.so",
            "cpython-313-x86_64-linux-muslx32.so",
            "cpython-313-darwin.so",
            "cp313-win_amd64.so",
            "pypy311-pp73-x86_64-linux-gnu.so",
            "graalpy242-311-native-x86_64-linux.so",
            "abi3t.so",
        ] {
            let want = unserved(&CP313, &[ending]);
            assert_eq!(want, Some(format!("`.{OWN}` or `.so`")), "{ending}");
        }
    }

    #[test]
    fn before_3_11_an_ending_for_musl_may_say_gnu() {
        let gnu = ["cpython-310-x86_64-linux-gnu.so"];
        assert_eq!(unserved(&[("cp310", "cp310")], &gnu), None);
        let of = |libc| {
            let importers = Importers::of_tags([("cp310", "cp310")]);
            importers.unserved(&["cpython-310-x86_64-linux-musl.so"], libc, Arch::X86_64)
        };
        assert!(of(Libc::Musl).is_none() && of(Libc::Glibc).is_some());
    }

    #[test]
    fn a_module_is_there_if_one_of_its_files_is_taken() {
        let old = "cpython-312-x86_64-linux-musl.so";
        assert_eq!(unserved(&CP313, &[old, OWN]), None);
        let both = [("cp312", "cp312"), ("cp312", "cp313"), ("cp313", "cp313")];
        assert_eq!(unserved(&both, &[old]), None);
    }

    #[test]
    fn a_stable_abi_is_not_served_by_the_ending_of_one_version() {
        let stable = [("cp38", "abi3")];
        assert!(unserved(&stable, &["cpython-38-x86_64-linux-gnu.so"]).is_some());
        assert_eq!(unserved(&stable, &["abi3.so"]), None);
    }

    #[test]
    fn free_threaded_builds_have_a_stable_abi_from_3_15_on() {
        let both = [("cp315", "abi3"), ("cp315", "abi3t")];
        assert_eq!(unserved(&both, &["abi3t.so"]), None);
        assert_eq!(
            unserved(&both, &["abi3.so"]).as_deref(),
            Some("`.abi3t.so` or `.so`")
        );
        assert_eq!(unserved(&[("cp315", "cp315")], &["abi3t.so"]), None);
        assert!(unserved(&[("cp315", "cp315t")], &["abi3.so"]).is_some());
    }

    #[test]
    fn an_extension_is_known_by_its_name() {
        for name in [
            "_a.cpython-313-x86_64-linux-musl.so",
            "libb.abi3.so",
            "_a.abi3t.so",
            "_a.pypy310-pp73-x86_64-linux-gnu.so",
        ] {
            assert!(names_extension(name, false), "{name}");
        }
        for name in ["libb.so", "libb.so.1", "_a.special.so", "_a", "_a.pyd"] {
            assert!(!names_extension(name, true), "{name}");
        }
        assert!(names_extension("_a.so", true) && !names_extension("_a.so", false));
    }

    #[test]
    fn of_other_pythons_and_other_endings_nothing_is_known() {
        assert_eq!(unserved(&[("py3", "none")], &[OWN]), None);
        assert_eq!(unserved(&CP313, &["special.so"]), None);
        let pypy = [("pp310", "pypy310_pp73")];
        assert_eq!(unserved(&pypy, &["pypy310-pp73-x86_64-linux-gnu.so"]), None);
        assert!(unserved(&pypy, &[OWN]).is_some());
        assert_eq!(
            unserved(
                &[("cp313", "cp313d")],
                &["cpython-313d-x86_64-linux-musl.so"]
            ),
            None
        );
    }
}
