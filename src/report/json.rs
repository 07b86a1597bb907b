//! The JSON of each command: a name, a version that only grows, then the data.

use serde_json::{Value, json};

use super::repair::{RepairSummary, note_text};
use crate::error::Error;
use crate::plan::{RunsOn, WheelPlan};
use crate::wheel::Untrusted;

/// What became of one wheel.
pub struct Outcome<'a> {
    /// The path as it was given.
    pub input: Untrusted,
    /// How it ended.
    pub ending: Ending<'a>,
}

/// How the repair of a wheel ended.
pub enum Ending<'a> {
    /// With a plan, and with an output unless it was a dry run.
    Repaired {
        /// What was to be done.
        plan: &'a WheelPlan,
        /// What came of it.
        summary: RepairSummary,
        /// The output's path.
        output: Option<Untrusted>,
    },
    /// With a copy, since there is nothing to repair; the copy's path.
    Copied(Untrusted),
    /// With an error.
    Failed(&'a Error),
}

/// The report of `repair --json`.
pub fn repair_json(outcomes: &[Outcome<'_>], dry_run: bool) -> String {
    let wheels: Vec<Value> = outcomes.iter().map(wheel).collect();
    let value = json!({
        "schema": {"name": "wheelfix.repair", "version": 1},
        "dry_run": dry_run,
        "wheels": wheels,
    });
    // Values made of strings and numbers always become text.
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn wheel(outcome: &Outcome<'_>) -> Value {
    match &outcome.ending {
        Ending::Copied(output) => json!({"input": outcome.input, "output": output, "copied": true}),
        Ending::Failed(error) => json!({
            "input": outcome.input,
            "error": {"exit": error.exit().code(), "text": super::failure(error), "obstacles": obstacles(error)},
        }),
        Ending::Repaired {
            plan,
            summary,
            output,
        } => {
            let notes: Vec<Value> = plan
                .notes
                .iter()
                .map(|note| {
                    let (warning, text) = note_text(note);
                    json!({"warning": warning, "text": text})
                })
                .collect();
            let changed: serde_json::Map<String, Value> = plan
                .ops
                .iter()
                .filter(|(_, op)| !matches!(op, crate::plan::EntryOp::Keep))
                .map(|(path, op)| (path.to_string(), to_value(op)))
                .collect();
            json!({
                "input": outcome.input,
                "output": output,
                "filename": plan.output.to_string(),
                "runs_on": plan.runs_on.as_ref().map_or(Value::Null, runs_on),
                "changes": changed,
                "notes": notes,
                "size": summary.size,
                "input_size": summary.input_size,
                "strip_would_save": summary.strip_would_save,
            })
        }
    }
}

fn runs_on(where_to: &RunsOn) -> Value {
    let mut value = to_value(where_to);
    if let Some(fields) = value.as_object_mut() {
        let nowhere = where_to.nowhere.iter().map(super::check::fault_json);
        fields.insert("nowhere".to_owned(), nowhere.collect());
    }
    value
}

fn to_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn obstacles(error: &Error) -> Value {
    match error {
        Error::Blocked { obstacles, .. } => to_value(obstacles),
        _ => Value::Array(Vec::new()),
    }
}
