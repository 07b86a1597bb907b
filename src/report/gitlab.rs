//! What a check found, as GitLab shows it beside a merge request: its code quality report, a subset
//! of Code Climate's form.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::check::{Checked, with_way_out};
use crate::plan::{Degree, Fault};

/// As a code quality report. Each finding's fingerprint stays the same while its project, rule, file and what it
/// is about do: neither a release nor other words make a known finding a new one.
pub fn check_gitlab(all: &[Checked]) -> String {
    let findings = all
        .iter()
        .flat_map(|one| one.findings.iter().map(move |fault| finding(one, fault)));
    let findings: Vec<Value> = findings.collect();
    serde_json::to_string_pretty(&findings).unwrap_or_default()
}

fn finding(one: &Checked, fault: &Fault) -> Value {
    let rule = fault.rule();
    let severity = match rule.degree {
        Degree::Error => "critical",
        Degree::Warning => "minor",
        Degree::Note => "info",
    };
    json!({
        "description": with_way_out(one, fault),
        "check_name": format!("{} {}", rule.id, rule.name),
        "fingerprint": fingerprint(one, fault),
        "severity": severity,
        // A wheel has no lines; the form wants one.
        "location": {"path": one.path, "lines": {"begin": 1}},
    })
}

fn fingerprint(one: &Checked, fault: &Fault) -> String {
    let told = fault.told();
    let file = told.file.map(|file| file.to_string()).unwrap_or_default();
    let wheel = without_version(one.name.as_str());
    let mut parts = vec![wheel.as_str(), fault.rule().id, &file];
    parts.extend(subjects(told.text.as_str()));
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `demo-1.0-py3-none-any.whl` without its second part; the name of a tree as it is.
fn without_version(name: &str) -> String {
    if !name.ends_with(".whl") {
        return name.to_owned();
    }
    let parts = name.split('-').enumerate();
    let parts = parts.filter(|(number, _)| *number != 1);
    let parts: Vec<&str> = parts.map(|(_, part)| part).collect();
    parts.join("-")
}

/// The names in a sentence: they stand between grave accents.
fn subjects(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_known_by_its_names_and_not_by_its_words() {
        let names = |text| subjects(text).collect::<Vec<_>>();
        assert_eq!(names("it needs `a` of `b.so`"), ["a", "b.so"]);
        assert_eq!(names("`b.so`"), ["b.so"]);
        assert_eq!(names("nothing"), [""; 0]);
        let of = without_version;
        assert_eq!(
            of("demo-1.0-py3-none-any.whl"),
            of("demo-2.0-py3-none-any.whl")
        );
        assert_eq!(of("site-packages"), "site-packages");
    }
}
