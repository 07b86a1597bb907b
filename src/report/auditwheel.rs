//! The answers of `auditwheel show`, as its users and their scripts know them.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::plan::{Audit, Refusal, Upgrade};
use crate::wheel::Untrusted;

/// What is said of a wheel that has nothing to look at.
pub fn refusal_text(refusal: &Refusal) -> String {
    let what = "ELF executable or shared library file (including compiled Python C extension)";
    match &refusal.found {
        None => format!(
            "This does not look like a platform wheel, no {what} found in the wheel archive"
        ),
        Some((arch, files)) => format!(
            "Invalid binary wheel: no {what} with a '{}' architecture found. The following ELF files were found:\n\t{}\n",
            arch.name(),
            files
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n\t")
        ),
    }
}

/// At this column lines of text end.
const WIDTH: usize = 70;

#[derive(Serialize)]
struct Shown<'a> {
    version: u32,
    wheel: &'a Untrusted,
    pure: bool,
    overall_tag: &'a Untrusted,
    sym_tag: &'a Untrusted,
    pyfpe: bool,
    ucs2: bool,
    unsupported_isa: bool,
    versioned_symbols: &'a BTreeMap<Untrusted, BTreeSet<Untrusted>>,
    external_libs: &'a BTreeMap<Untrusted, Option<Untrusted>>,
    policy_upgrades: Upgrades<'a>,
}

/// A map in the order of the tags.
struct Upgrades<'a>(&'a [(Untrusted, Upgrade)]);

#[derive(Serialize)]
struct Steps<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    libs_to_eliminate: &'a BTreeSet<Untrusted>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    blacklisted_symbols: &'a BTreeMap<Untrusted, BTreeSet<Untrusted>>,
}

impl Serialize for Upgrades<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (tag, upgrade) in self.0 {
            let steps = Steps {
                libs_to_eliminate: &upgrade.libs_to_eliminate,
                blacklisted_symbols: &upgrade.blacklisted_symbols,
            };
            map.serialize_entry(tag, &steps)?;
        }
        map.end()
    }
}

/// `show --json`, version 1 of auditwheel's schema.
pub fn audit_json(wheel: &Untrusted, audit: &Audit) -> String {
    as_python(&Shown {
        version: 1,
        wheel,
        pure: false,
        overall_tag: &audit.overall_tag,
        sym_tag: &audit.sym_tag,
        pyfpe: audit.pyfpe,
        ucs2: audit.ucs2,
        unsupported_isa: audit.unsupported_isa,
        versioned_symbols: &audit.versioned_symbols,
        external_libs: &audit.external_libs,
        policy_upgrades: Upgrades(&audit.upgrades),
    })
}

#[derive(Serialize)]
struct Pure<'a> {
    version: u32,
    wheel: &'a Untrusted,
    pure: bool,
}

#[derive(Serialize)]
struct Refused<'a> {
    version: u32,
    wheel: &'a Untrusted,
    error: &'a str,
}

/// `show --json` of a pure wheel that is welcome.
pub fn audit_pure_json(wheel: &Untrusted) -> String {
    as_python(&Pure {
        version: 1,
        wheel,
        pure: true,
    })
}

/// `show --json` of a wheel that is none for a platform.
pub fn audit_refused_json(wheel: &Untrusted, error: &str) -> String {
    as_python(&Refused {
        version: 1,
        wheel,
        error,
    })
}

/// Indented by four, and ASCII only, as Python's `json` writes it.
pub(super) fn as_python<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, format);
    // Values made of strings and numbers always become text.
    let _ = value.serialize(&mut serializer);
    let text = String::from_utf8(bytes).unwrap_or_default();
    let mut ascii = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            ascii.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii.push('\n');
    ascii
}

/// `show` for people. Without `verbose` it ends with the first reason against a better tag.
pub fn audit_text(wheel: &Untrusted, audit: &Audit, verbose: bool) -> String {
    let mut text = String::new();
    let mut say = |line: &str| {
        text.push('\n');
        text.push_str(&wrapped(line));
        text.push('\n');
    };
    say(&format!(
        "{wheel} is consistent with the following platform tag: \"{}\".",
        audit.overall_tag
    ));
    let reasons = [
        (
            audit.pyfpe,
            "This wheel uses the PyFPE_jbuf function, which is not compatible with the manylinux/musllinux tags. \
             (see https://www.python.org/dev/peps/pep-0513/#fpectl-builds-vs-no-fpectl-builds)",
        ),
        (
            audit.ucs2,
            "This wheel is compiled against a narrow unicode (UCS2) version of Python, which is not compatible with \
             the manylinux/musllinux tags.",
        ),
        (
            audit.unsupported_isa,
            "This wheel depends on unsupported ISA extensions.",
        ),
    ];
    for (holds, reason) in reasons {
        if holds {
            say(reason);
            if !verbose {
                return text;
            }
        }
    }
    let versions: Vec<String> = audit
        .versioned_symbols
        .iter()
        .map(|(library, versions)| {
            let quoted: Vec<String> = versions.iter().map(|one| format!("'{one}'")).collect();
            format!("{library} with versions {{{}}}", quoted.join(", "))
        })
        .collect();
    if versions.is_empty() {
        say(
            "The wheel references no external versioned symbols from system-provided shared libraries.",
        );
    } else {
        say(&format!(
            "The wheel references external versioned symbols in these system-provided shared libraries: {}",
            versions.join(", ")
        ));
    }
    if audit.sym_tag != audit.best_tag {
        say(&format!(
            "This constrains the platform tag to \"{}\". In order to achieve a more compatible tag, you would need \
             to recompile a new wheel from source on a system with earlier versions of these libraries, such as a \
             recent manylinux image.",
            audit.sym_tag
        ));
        if !verbose {
            return text;
        }
    }
    if audit.external_libs_of_lowest.is_empty() {
        say("The wheel requires no external shared libraries! :)");
    } else {
        say("The following external shared libraries are required by the wheel:");
        text.push_str(&as_python(&audit.external_libs_of_lowest));
    }
    for (tag, upgrade) in &audit.upgrades {
        upgrade_text(&mut text, tag, upgrade);
    }
    text
}

fn upgrade_text(text: &mut String, tag: &Untrusted, upgrade: &Upgrade) {
    let mut say = |line: &str| {
        text.push('\n');
        text.push_str(&wrapped(line));
        text.push('\n');
    };
    let must_go = |what: &str| {
        format!(
            "In order to achieve the tag platform tag '{tag}' the following {what} will need to be eliminated:"
        )
    };
    let list = |names: &BTreeSet<Untrusted>| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    if !upgrade.libs_to_eliminate.is_empty() {
        say(&must_go("shared library dependencies"));
        say(&list(&upgrade.libs_to_eliminate));
    }
    if !upgrade.blacklisted_symbols.is_empty() {
        say(&must_go("black-listed symbol dependencies"));
        for (library, symbols) in &upgrade.blacklisted_symbols {
            say(&format!("From {library}: {}", list(symbols)));
        }
    }
}

/// Lines of at most [`WIDTH`] columns, broken at spaces only.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let fits = lines.last().is_some_and(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= WIDTH
        });
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{as_python, wrapped};

    #[test]
    fn json_is_ascii_and_indented_by_four() {
        let map = BTreeMap::from([("é😀", ())]);
        assert_eq!(
            as_python(&map),
            "{\n    \"\\u00e9\\ud83d\\ude00\": null\n}\n"
        );
    }

    #[test]
    fn lines_break_at_spaces_and_never_in_a_word() {
        let word = "w".repeat(80);
        let text = wrapped(&format!("a b {word} c"));
        assert_eq!(text, format!("a b\n{word}\nc"));
    }
}
