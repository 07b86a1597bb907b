//! What a port did, or why it could not, for people and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::port_obstacles::told;
use super::repair::note_text;
use super::words::{bytes, count};
use crate::error::Error;
use crate::plan::{Provenance, WheelPlan};
use crate::wheel::{Untrusted, escape};

/// What a person wants to know when a wheel is ported.
#[derive(Clone, Copy, Debug, Default)]
pub struct PortSummary {
    /// The output's size; 0 while nothing is written.
    pub size: u64,
    /// The input's size.
    pub input_size: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How the port of a wheel ended.
pub enum Ported<'a> {
    /// It can be done, or was.
    Done {
        /// What changes.
        plan: &'a WheelPlan,
        /// What the wheel says of it.
        provenance: &'a Provenance,
        /// What came of it.
        summary: PortSummary,
        /// The output's path, unless it was a dry run.
        output: Option<Untrusted>,
    },
    /// With an error.
    Failed(&'a Error),
}

/// The one line that ends a success.
pub fn ported(plan: &WheelPlan, provenance: &Provenance, summary: &PortSummary) -> String {
    let names: usize = provenance
        .files
        .values()
        .map(|file| file.renamed.len())
        .sum();
    let mut parts = vec![
        format!("{} edited", count(provenance.files.len(), "file", "files")),
        format!("{} renamed", count(names, "name", "names")),
    ];
    if !provenance.runtimes.is_empty() {
        let number = count(provenance.runtimes.len(), "runtime", "runtimes");
        let from = provenance.runtimes.iter().map(|one| one.from.as_str());
        let mut from: Vec<String> = from.map(escape).collect();
        from.sort();
        parts.push(format!("{number} grafted ({})", from.join(", ")));
    }
    if let Some(runs_on) = &plan.runs_on {
        let from = runs_on.floor.as_ref();
        let from = from.map_or_else(String::new, |floor| {
            format!(" (runs on Alpine ≥ {})", floor.alpine)
        });
        parts.push(format!("tag {}{from}", runs_on.tags.join(".")));
    }
    if summary.size > 0 {
        parts.push(format!(
            "{} → {}",
            bytes(summary.input_size),
            bytes(summary.size)
        ));
    }
    parts.push(format!("{:.1} s", summary.seconds));
    let verb = if summary.size > 0 {
        "Ported"
    } else {
        "Would port"
    };
    let name = escape(&plan.output.to_string());
    format!("{verb} {name}: {}", parts.join(", "))
}

/// What happens to each file's names, for `--explain`.
pub fn explained(plan: &WheelPlan, provenance: &Provenance) -> String {
    let mut text = format!(
        "{}\n  becomes {}\n",
        plan.input,
        escape(&plan.output.to_string())
    );
    for one in provenance.shim.iter().chain(&provenance.runtimes) {
        text.push_str(&format!(
            "  {}: {}, built for {}{}\n",
            one.file,
            one.from,
            one.built_for,
            match &one.replaces {
                Some(old) => format!(", in place of {}", old),
                None => String::new(),
            }
        ));
        names(&mut text, &one.renamed, one.nulls.iter());
    }
    for (file, changed) in &provenance.files {
        text.push_str(&format!("  {}\n", file));
        if let Some(was) = &changed.was {
            text.push_str(&format!("    was {}\n", was));
        }
        names(&mut text, &changed.renamed, changed.nulls.iter());
    }
    text
}

fn names<'a>(
    text: &mut String,
    renamed: &BTreeMap<Untrusted, Untrusted>,
    nulls: impl Iterator<Item = &'a Untrusted>,
) {
    let mut by_class: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (old, new) in renamed {
        let (class, word) = match new.as_str().strip_prefix("wfx_") {
            Some(rest) if old == rest => ("from the shim", old.to_string()),
            Some(_) => ("from the shim", format!("{old} → {new}")),
            None => ("from musl", format!("{old} → {new}")),
        };
        by_class.entry(class).or_default().push(word);
    }
    for (class, words) in by_class {
        text.push_str(&format!("    {class}: {}\n", words.join(", ")));
    }
    let nulls: Vec<String> = nulls.map(ToString::to_string).collect();
    if !nulls.is_empty() {
        text.push_str(&format!(
            "    stays undefined, as it may: {}\n",
            nulls.join(", ")
        ));
    }
}

/// The report of `port --json`.
pub fn port_json(outcomes: &[(String, Ported<'_>)], dry_run: bool) -> String {
    let wheels: Vec<Value> = outcomes
        .iter()
        .map(|(input, ending)| wheel(input, ending))
        .collect();
    let value = json!({
        "schema": {"name": "wheelfix.port", "version": 1},
        "dry_run": dry_run,
        "wheels": wheels,
    });
    // Values made of strings and numbers always become text.
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn wheel(input: &str, ending: &Ported<'_>) -> Value {
    match ending {
        Ported::Failed(error) => json!({
            "input": input,
            "error": {
                "exit": error.exit().code(),
                "text": super::failure(error),
                "obstacles": obstacles(error),
            },
        }),
        Ported::Done {
            plan,
            provenance,
            summary,
            output,
        } => {
            let notes = plan.notes.iter().map(note_text);
            let notes: Vec<Value> = notes
                .map(|(warning, text)| json!({"warning": warning, "text": text}))
                .collect();
            json!({
                "input": input,
                "output": output,
                "filename": plan.output.to_string(),
                "runs_on": to_value(&plan.runs_on),
                "ported": to_value(provenance),
                "notes": notes,
                "size": summary.size,
                "input_size": summary.input_size,
            })
        }
    }
}

fn to_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn obstacles(error: &Error) -> Value {
    let Error::NotPortable { obstacles, .. } = error else {
        return Value::Array(Vec::new());
    };
    let each = obstacles.iter().map(|obstacle| {
        let told = told(obstacle);
        let mut value = to_value(obstacle);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("text".to_owned(), told.text.into());
            fields.insert("hint".to_owned(), told.hint.into());
        }
        value
    });
    each.collect()
}
