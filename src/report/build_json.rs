//! The report of `build --json`.

use serde_json::{Value, json};

use super::build::BuildReport;
use crate::error::Error;
use crate::wheel::Untrusted;

/// What a build has come to.
pub fn build_json(report: &BuildReport<'_>) -> String {
    let made = report.made.iter().map(|made| {
        json!({
            "name": made.name,
            "version": made.version,
            "how": made.how,
            "why": made.why,
            "passed": made.passed,
            "source": made.source,
            "source_size": made.source_size,
            "wheel": made.wheel,
            "size": made.size,
            "sha256": made.sha256,
            "floor": made.floor,
            "resumed": report.resumed.contains(&made.name),
        })
    });
    let failed = report.failed.iter().map(|failed| {
        let errors = failed.errors.iter().map(|(way, error)| {
            let mut value = told(error);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("way".to_owned(), json!(way));
            }
            value
        });
        json!({
            "name": failed.name,
            "version": failed.version,
            "errors": errors.collect::<Vec<Value>>(),
        })
    });
    let value = json!({
        "schema": {"name": "wheelfix.build", "version": 1},
        "wheelhouse": report.wheelhouse,
        "packages": made.collect::<Vec<Value>>(),
        "failed": failed.collect::<Vec<Value>>(),
        "error": null,
    });
    // Values made of strings and numbers always become text.
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// A build that did not begin.
pub fn build_failed_json(wheelhouse: &Untrusted, error: &Error) -> String {
    let value = json!({
        "schema": {"name": "wheelfix.build", "version": 1},
        "wheelhouse": wheelhouse,
        "packages": [],
        "failed": [],
        "error": told(error),
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn told(error: &Error) -> Value {
    json!({"exit": error.exit().code(), "text": super::failure(error)})
}
