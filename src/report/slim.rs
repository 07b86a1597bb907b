//! What `slim` took away, and what it left for a reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::words::{bytes, columns, count};
use crate::error::Error;
use crate::plan::{SlimKind, SlimPlan, Tree};
use crate::wheel::{ArchivePath, Sentence, Untrusted};

/// So many kept files are told one by one; `verbose` tells all.
const FEW: usize = 8;

fn kind_name(kind: SlimKind) -> &'static str {
    match kind {
        SlimKind::Test => "tests",
        SlimKind::Source => "sources",
        SlimKind::Stub => "stubs",
        SlimKind::Bytecode => "bytecode",
        SlimKind::Sample => "sample data",
    }
}

/// Number and bytes of the removed files of each kind.
fn sums(plan: &SlimPlan, tree: &Tree) -> BTreeMap<SlimKind, (usize, u64)> {
    let mut sums: BTreeMap<SlimKind, (usize, u64)> = BTreeMap::new();
    for (path, kind) in &plan.removed {
        let size = tree.files.get(path).map_or(0, |file| file.size);
        let sum = sums.entry(*kind).or_default();
        *sum = (sum.0.saturating_add(1), sum.1.saturating_add(size));
    }
    sums
}

/// The report as text.
pub fn slim_text(
    plan: &SlimPlan,
    tree: &Tree,
    left: &[(ArchivePath, Sentence)],
    verbose: bool,
) -> String {
    let mut rows: Vec<[String; 3]> = Vec::new();
    if !plan.repacked.is_empty() {
        let saved: u64 = plan.repacked.values().sum();
        let files = count(plan.repacked.len(), "library", "libraries");
        rows.push(["repack".to_owned(), bytes(saved), files]);
    }
    for (kind, (number, size)) in sums(plan, tree) {
        let mut files = count(number, "file", "files");
        if kind == SlimKind::Bytecode {
            files.push_str("; every start compiles anew, and takes about three times as long");
        }
        rows.push([kind_name(kind).to_owned(), bytes(size), files]);
    }
    let mut text = columns(&rows, "");
    let most = if verbose { usize::MAX } else { FEW };
    // Compiled twins stay with their source: nobody has to read of both.
    let told = plan
        .kept
        .iter()
        .filter(|(path, _)| !path.file_name().ends_with(".pyc"));
    let told: Vec<_> = told.collect();
    for (path, why) in told.iter().take(most) {
        text.push_str(&format!("kept   {path}   {}\n", why));
    }
    if told.len() > most {
        let more = told.len().saturating_sub(most);
        text.push_str(&format!(
            "kept   {} more (-v)\n",
            count(more, "file", "files")
        ));
    }
    for (path, why) in left {
        text.push_str(&format!("left   {path}   {why}\n"));
    }
    text
}

/// The line that ends it. `saved`: bytes removed and repacked.
pub fn slim_line(name: &Untrusted, saved: u64, before: u64, dry_run: bool) -> String {
    if saved == 0 {
        return format!("Nothing to take from {name}");
    }
    let would = if dry_run { "Would take" } else { "Took" };
    let after = bytes(before.saturating_sub(saved));
    format!(
        "{would} {} from {name}: {} → {after}",
        bytes(saved),
        bytes(before)
    )
}

/// The JSON of one tree or wheel.
pub fn slim_json(
    name: &str,
    plan: &SlimPlan,
    tree: &Tree,
    left: &[(ArchivePath, Sentence)],
    output: Option<&str>,
) -> Value {
    let left: BTreeMap<&str, &str> = left
        .iter()
        .map(|(path, why)| (path.as_str(), why.as_str()))
        .collect();
    // By the same words as `removed` has, so that one can be looked up by the other.
    let sums: BTreeMap<SlimKind, Value> = sums(plan, tree)
        .into_iter()
        .map(|(kind, (files, size))| (kind, json!({"files": files, "bytes": size})))
        .collect();
    json!({
        "path": name,
        "output": output,
        "sums": sums,
        "removed": plan.removed,
        "repacked": plan.repacked,
        "kept": plan.kept,
        "left": left,
    })
}

/// The JSON of a tree or wheel that could not be worked on.
pub fn slim_failed_json(name: &str, error: &Error) -> Value {
    json!({
        "path": name,
        "error": {"exit": error.exit().code(), "text": super::failure(error)},
    })
}

/// The report as JSON, of all of them in their order.
pub fn slim_all_json(all: &[Value], dry_run: bool) -> String {
    let value = json!({
        "schema": {"name": "wheelfix.slim", "version": 1},
        "dry_run": dry_run,
        "results": all,
    });
    // Values made of strings and numbers always become text.
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
