//! What a check found: for people, as JSON, as annotations on GitHub, as SARIF 2.1.0.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::rules::text_of;
use super::words::count;
use crate::plan::{Code, Finding};
use crate::wheel::escape;

/// The findings of one wheel, or of one installed package.
pub struct Checked {
    /// The path that was checked: of the wheel, or of the tree that the package is in.
    pub path: String,
    /// The wheel's file name or the package's.
    pub name: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// One sentence that names what is wrong with what.
pub fn finding_text(finding: &Finding) -> String {
    let file = finding
        .file
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let subject = escape(&finding.subject);
    let context = &finding.context;
    let home = match context.is_empty() {
        true => String::new(),
        false => format!(" ({context})"),
    };
    match finding.code {
        Code::TagMachine => {
            format!("{subject} names another machine than its files are for: {context}")
        }
        Code::TagLibc => {
            format!("{subject} names another C library than its files are for: {context}")
        }
        Code::UnknownTag => format!("{subject} is no platform tag of Linux on {context}"),
        Code::PromisesNothing => {
            format!("{subject} promises nothing of the machine it installs on")
        }
        Code::AnyWithElf => format!("the name says `any` platform, and {file} is an ELF file"),
        Code::Purelib => format!("WHEEL says Root-Is-Purelib: true, and {file} is an ELF file"),
        Code::BrokenElf => format!("{file} is a broken ELF file: {context}"),
        Code::OtherMachine => format!("{file} is for {subject}, the wheel for {context}"),
        Code::OtherLibc => format!("{file} is for {subject}, the wheel for {context}"),
        Code::ExecutableStack => format!("{file} asks for an executable stack"),
        Code::TextRelocations => format!("{file} has relocations that write to code"),
        Code::WritableCode => format!("{file} has a segment that is writable and executable"),
        Code::CarriesLibc => format!("{file} is a C library"),
        Code::NarrowUnicode | Code::PyFpe => format!("{file} needs {subject}"),
        Code::MissingLibrary => {
            format!("{file} needs {subject}, which is not in it, nor is it part of {context}")
        }
        Code::Unreachable => {
            format!("{file} needs {subject} and does not find it: it is {context}")
        }
        Code::NameClash => {
            format!("{file} is another library than {context}, and both are needed as {subject}")
        }
        Code::NeedsLibpython => format!("{file} needs {subject}"),
        Code::NeedsPath => format!("{file} needs the path {subject}"),
        Code::RunPathOutside => format!(
            "the run path of {file} leads out of it: `{subject}`, to look for {context} there"
        ),
        Code::RunPathRelative => format!(
            "the run path of {file} depends on the working directory: `{subject}`, to look for \
             {context} there"
        ),
        Code::RunPathToken => {
            format!("the run path of {file} is ignored by musl, for its token: `{subject}`")
        }
        Code::Unbound => format!("{file} needs {subject}, which nothing defines{home}"),
        Code::PrivateSymbol => {
            format!("{file} needs {subject} of {context}, which is not there or private")
        }
        Code::NewMuslSymbol => format!("{file} needs {subject}, {context}"),
        Code::PackedRelocations => format!("{file} has packed relocations, {context}"),
        Code::NewGlibcVersion => format!("{file} needs {subject} {context}"),
        Code::NewProcessor => {
            format!("{file} is built for {subject} processors, newer than {context} promises")
        }
        // The archive's own faults are whole sentences, with the file first where it has one.
        _ if file.is_empty() => context.clone(),
        _ => format!("{file}: {context}"),
    }
}

/// For people: a block a package that has findings, each with its way out.
pub fn check_text(all: &[Checked]) -> String {
    let mut text = String::new();
    for one in all.iter().filter(|one| !one.findings.is_empty()) {
        let _ = writeln!(text, "{}", escape(&one.name));
        let mut helped = BTreeSet::new();
        for (position, finding) in one.findings.iter().enumerate() {
            let _ = writeln!(text, "  {} {}", finding.code, finding_text(finding));
            let next = one.findings.get(position.saturating_add(1));
            // Once for several of a kind.
            if next.is_none_or(|next| next.code != finding.code) && helped.insert(finding.code) {
                let _ = writeln!(text, "       way out: {}", text_of(finding.code).help);
            }
        }
    }
    text
}

/// The last line: how many findings, in how many of what was checked.
pub fn check_summary(all: &[Checked]) -> String {
    let findings: usize = all.iter().map(|one| one.findings.len()).sum();
    let with = all.iter().filter(|one| !one.findings.is_empty()).count();
    let checked = count(all.len(), "package", "packages");
    match findings {
        0 => format!("{checked} checked, nothing found"),
        _ => format!(
            "{} in {with} of {checked}; `wheelfix rule CODE` explains a code",
            count(findings, "finding", "findings")
        ),
    }
}

/// As JSON.
pub fn check_json(all: &[Checked]) -> String {
    let packages: Vec<Value> = all
        .iter()
        .map(|one| {
            let findings: Vec<Value> = one.findings.iter().map(finding_json).collect();
            json!({"path": one.path, "name": one.name, "findings": findings})
        })
        .collect();
    let value = json!({
        "schema": {"name": "wheelfix.check", "version": 1},
        "packages": packages,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

pub(super) fn finding_json(finding: &Finding) -> Value {
    let something = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "code": finding.code.id(),
        "name": finding.code.name(),
        "file": finding.file.as_ref().map(ToString::to_string),
        "subject": something(&finding.subject),
        "context": something(&finding.context),
        "text": finding_text(finding),
        "help": text_of(finding.code).help,
    })
}

/// As workflow commands, which GitHub shows beside a run.
pub fn check_github(all: &[Checked]) -> String {
    let mut text = String::new();
    for one in all {
        for finding in &one.findings {
            let _ = writeln!(
                text,
                "::error file={},title={}::{}",
                property(&one.path),
                property(&format!("{} {}", finding.code, finding.code.name())),
                command(&format!("{}: {}", one.name, finding_text(finding)))
            );
        }
    }
    text
}

/// What would end a workflow command's message.
fn command(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The same for a property, which a comma or a colon ends too.
fn property(text: &str) -> String {
    command(text).replace(':', "%3A").replace(',', "%2C")
}

/// As SARIF.
pub fn check_sarif(all: &[Checked]) -> String {
    let codes: BTreeSet<Code> = all
        .iter()
        .flat_map(|one| one.findings.iter().map(|finding| finding.code))
        .collect();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            let text = text_of(*code);
            json!({
                "id": code.id(),
                "name": code.name(),
                "shortDescription": {"text": text.title},
                "fullDescription": {"text": text.why},
                "help": {"text": text.help},
            })
        })
        .collect();
    let results: Vec<Value> = all
        .iter()
        .flat_map(|one| one.findings.iter().map(move |finding| result(one, finding)))
        .collect();
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "wheelfix", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn result(one: &Checked, finding: &Finding) -> Value {
    let file = finding.file.as_ref().map(ToString::to_string);
    json!({
        "ruleId": finding.code.id(),
        "level": "error",
        "message": {"text": format!("{}: {}", escape(&one.name), finding_text(finding))},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(&one.path)}},
            "logicalLocations": [{"fullyQualifiedName": file.unwrap_or_else(|| escape(&one.name))}],
        }],
    })
}

/// A path as a relative reference (RFC 3986): what is not unreserved or `/` is percent-encoded.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            other => {
                let _ = write!(text, "%{other:02X}");
            }
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{finding_text, property, uri};
    use crate::plan::{Code, Finding};

    #[test]
    fn nothing_in_a_name_ends_a_workflow_command() {
        assert_eq!(property("a,b:c\nd%"), "a%2Cb%3Ac%0Ad%25");
    }

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("dist/a b+1.whl"), "dist/a%20b%2B1.whl");
    }

    #[test]
    fn names_from_files_are_escaped() {
        let finding = Finding::of_wheel(Code::PromisesNothing, "linux_\u{1b}[31m", "");
        assert!(!finding_text(&finding).contains('\u{1b}'));
    }
}
