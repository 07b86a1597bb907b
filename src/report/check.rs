//! What a check found: for people, as JSON, as annotations on GitHub, as SARIF 2.1.0. GitLab has a file
//! of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::rules::rule_sarif;
use super::words::count;
use crate::plan::{Degree, Fault, Rule};
use crate::wheel::Untrusted;

/// The findings of one wheel, or of one installed package.
pub struct Checked {
    /// The path that was checked: of the wheel, or of the tree that the package is in.
    pub path: Untrusted,
    /// The wheel's file name or the package's.
    pub name: Untrusted,
    /// What was found.
    pub findings: Vec<Fault>,
}

/// For people: a block a package that has findings, each with its way out.
pub fn check_text(all: &[Checked]) -> String {
    let mut text = String::new();
    for one in all.iter().filter(|one| !one.findings.is_empty()) {
        let _ = writeln!(text, "{}", one.name);
        let mut helped = BTreeSet::new();
        for (position, fault) in one.findings.iter().enumerate() {
            let rule = fault.rule();
            let _ = match rule.degree {
                Degree::Error => writeln!(text, "  {} {fault}", rule.id),
                lesser => writeln!(text, "  {} {lesser}: {fault}", rule.id),
            };
            let next = one.findings.get(position.saturating_add(1));
            // Once for several of a kind.
            if next.is_none_or(|next| next.rule() != rule) && helped.insert(rule.id) {
                let _ = writeln!(text, "       way out: {}", rule.help);
            }
        }
    }
    text
}

/// The last line: how many findings, in how many of what was checked.
pub fn check_summary(all: &[Checked]) -> String {
    let degrees = || {
        all.iter()
            .flat_map(|one| &one.findings)
            .map(|fault| fault.rule().degree)
    };
    let findings = degrees().count();
    let with = all.iter().filter(|one| !one.findings.is_empty()).count();
    let checked = count(all.len(), "package", "packages");
    match findings {
        0 => format!("{checked} checked, nothing found"),
        _ => format!(
            "{}{} in {with} of {checked}; `wheelfix rule CODE` explains a code",
            count(findings, "finding", "findings"),
            by_degree(degrees())
        ),
    }
}

/// ` (1 error, 2 warnings)`, where they are not all errors.
fn by_degree(degrees: impl Iterator<Item = Degree>) -> String {
    let mut numbers: BTreeMap<Reverse<Degree>, usize> = BTreeMap::new();
    for degree in degrees {
        let number = numbers.entry(Reverse(degree)).or_default();
        *number = number.saturating_add(1);
    }
    if numbers
        .keys()
        .all(|Reverse(degree)| *degree == Degree::Error)
    {
        return String::new();
    }
    let each = numbers.iter().map(|(Reverse(degree), number)| {
        let name = degree.name();
        count(*number, name, &format!("{name}s"))
    });
    format!(" ({})", each.collect::<Vec<_>>().join(", "))
}

/// One finding in one sentence: the wheel, what is wrong, and the way out.
pub(super) fn with_way_out(one: &Checked, fault: &Fault) -> String {
    format!("{}: {fault}; way out: {}", one.name, fault.rule().help)
}

/// As JSON.
pub fn check_json(all: &[Checked]) -> String {
    let packages: Vec<Value> = all
        .iter()
        .map(|one| {
            let findings: Vec<Value> = one.findings.iter().map(fault_json).collect();
            json!({"path": one.path, "name": one.name, "findings": findings})
        })
        .collect();
    let value = json!({
        "schema": {"name": "wheelfix.check", "version": 1},
        "packages": packages,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

pub(super) fn fault_json(fault: &Fault) -> Value {
    let something = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (rule, told) = (fault.rule(), fault.told());
    json!({
        "code": rule.id,
        "name": rule.name,
        "degree": rule.degree,
        "file": told.file.map(|file| file.to_string()),
        "subject": something(told.subject.as_str()),
        "context": something(told.context.as_str()),
        "text": told.text,
        "help": rule.help,
    })
}

/// As workflow commands, which GitHub shows beside a run.
pub fn check_github(all: &[Checked]) -> String {
    let mut text = String::new();
    for one in all {
        for fault in &one.findings {
            let rule = fault.rule();
            let verb = match rule.degree {
                Degree::Error => "error",
                Degree::Warning => "warning",
                Degree::Note => "notice",
            };
            let _ = writeln!(
                text,
                "::{verb} file={},title={}::{}",
                property(one.path.as_str()),
                property(&format!("{} {}", rule.id, rule.name)),
                command(&with_way_out(one, fault))
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
    let faults = all.iter().flat_map(|one| &one.findings);
    let broken: BTreeSet<&str> = faults.map(|fault| fault.rule().id).collect();
    let rules: Vec<Value> = Rule::all()
        .filter(|rule| broken.contains(rule.id))
        .map(rule_sarif)
        .collect();
    let results: Vec<Value> = all
        .iter()
        .flat_map(|one| one.findings.iter().map(move |fault| result(one, fault)))
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

fn result(one: &Checked, fault: &Fault) -> Value {
    let (rule, told) = (fault.rule(), fault.told());
    let file = told.file.map(|file| file.to_string());
    json!({
        "ruleId": rule.id,
        "level": rule.degree,
        "message": {"text": with_way_out(one, fault)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(one.path.as_str())}},
            "logicalLocations": [{"fullyQualifiedName": file.unwrap_or_else(|| one.name.to_string())}],
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
    use super::{property, uri};

    #[test]
    fn nothing_in_a_name_ends_a_workflow_command() {
        assert_eq!(property("a,b:c\nd%"), "a%2Cb%3Ac%0Ad%25");
    }

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("dist/a b+1.whl"), "dist/a%20b%2B1.whl");
    }
}
