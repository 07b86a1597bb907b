//! What `dedupe` found, did or would do.

use serde_json::json;

use super::words::{bytes, count};
use crate::plan::{Apart, Merged, TreePlan};
use crate::wheel::Sentence;

/// The report as text: one paragraph a library; with `verbose` also what stays apart.
pub fn dedupe_text(plan: &TreePlan, notes: &[Sentence], verbose: bool) -> String {
    let mut text = String::new();
    for merged in &plan.merged {
        text.push_str(&paragraph(merged));
    }
    for path in &plan.dropped {
        text.push_str(&format!(
            "dropped   {path}   nothing links to it any more\n"
        ));
    }
    if verbose {
        for Apart { one, other, why } in &plan.apart {
            text.push_str(&format!(
                "apart     {one}\n          {other}\n          {why}\n"
            ));
        }
    }
    for note in notes {
        text.push_str(&format!("note      {note}\n"));
    }
    text
}

fn paragraph(merged: &Merged) -> String {
    let how = if merged.identical {
        "equal byte for byte"
    } else {
        "one build"
    };
    let mut text = format!(
        "{}   saves {}, {how}\n  kept    {}",
        merged.library,
        bytes(merged.saved),
        merged.kept
    );
    if merged.at != merged.kept {
        text.push_str(&format!(", copied to {}", merged.at));
    }
    text.push('\n');
    if merged.other_names {
        text.push_str("  a package has it under several names: as copies each is initialised\n");
    }
    for link in &merged.links {
        text.push_str(&format!("  linked  {link}\n"));
    }
    text
}

/// The line that ends it.
pub fn dedupe_line(plan: &TreePlan, dry_run: bool) -> String {
    if plan.is_empty() {
        return "Nothing to merge: no two files are one library".to_owned();
    }
    let links = count(plan.links.len(), "file", "files");
    let libraries = count(plan.merged.len(), "library", "libraries");
    let would = if dry_run { "Would make" } else { "Made" };
    let apart = match plan.apart.len() {
        0 => String::new(),
        number => format!(
            "; {} (-v)",
            count(number, "pair stays apart", "pairs stay apart")
        ),
    };
    let copying = match dry_run || plan.links.is_empty() {
        true => "",
        false => {
            "\nCopy the tree with its links (cp -a, tar, rsync -a, zip -y, COPY of its folder): cp -L \
             and zip without -y make whole files of them again"
        }
    };
    format!(
        "{would} {links} links to {libraries}, {} saved{apart}{copying}",
        bytes(plan.saved())
    )
}

/// The report as JSON.
pub fn dedupe_json(site: &str, plan: &TreePlan, notes: &[Sentence], dry_run: bool) -> String {
    let value = json!({
        "schema": {"name": "wheelfix.dedupe", "version": 1},
        "site": site,
        "dry_run": dry_run,
        "saved": plan.saved(),
        "merged": plan.merged,
        "apart": plan.apart,
        "dropped": plan.dropped,
        "notes": notes,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// The line that ends an undo.
pub fn undo_line(restored: usize) -> String {
    match restored {
        0 => "Nothing to undo: no file is a link of wheelfix's".to_owned(),
        _ => format!("Restored {}", count(restored, "file", "files")),
    }
}
