//! What a check found, as GitLab shows it beside a merge request: its code quality report, a subset
//! of Code Climate's form.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::check::{Checked, with_way_out};
use crate::plan::{Degree, Fault};

/// As a code quality report. Each finding's fingerprint stays the same while its wheel's name,
/// rule, file and text do.
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
    let parts = [
        one.name.as_str(),
        fault.rule().id,
        &file,
        told.text.as_str(),
    ];
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
