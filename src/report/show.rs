//! The truth about a wheel, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::blockers::blockers_text;
use super::words::{bytes, columns, count};
use crate::plan::{Fault, GlibcFloor, Inspection};
use crate::policy::{Alpine, MuslFloor, symbol_home};
use crate::resolve::{BindingReport, Libc};
use crate::wheel::escape;

/// At most so many causes and symbols are shown unless everything is asked for.
const SHOWN: usize = 5;

/// The report of `show`. `verbose`: every cause, every symbol, every user.
pub fn show_text(inspection: &Inspection, verbose: bool) -> String {
    let limit = if verbose { usize::MAX } else { SHOWN };
    let mut text = format!("{}\n", inspection.wheel);
    verdict(&mut text, inspection);
    if !inspection.nowhere.is_empty() {
        runs_nowhere(&mut text, &inspection.nowhere, limit);
    } else {
        let installed = where_installed(inspection);
        if let Some(floor) = &inspection.floor {
            runs_on(&mut text, floor, &installed, limit);
        }
        if let Some(floor) = &inspection.glibc_floor {
            runs_on_glibc(&mut text, floor, &installed, limit);
        }
    }
    unbound(&mut text, &inspection.binding, limit);
    libraries(&mut text, inspection, limit);
    if inspection.libc == Libc::Glibc {
        versions(&mut text, inspection);
    }
    if verbose && !inspection.build_ids.is_empty() {
        text.push_str("  build-ids\n");
        for (file, identity) in &inspection.build_ids {
            let _ = writeln!(text, "    {file}   {identity}");
        }
    }
    text
}

fn verdict(text: &mut String, inspection: &Inspection) {
    let claims = escape(&inspection.claims.join("."));
    let libc = inspection.libc.name();
    let machine = match inspection.other_libc {
        Some(other) => format!("{libc} and {} {}", other.name(), inspection.machine),
        None => format!("{libc} {}", inspection.machine),
    };
    if inspection.claims.is_empty() {
        // A single file makes no promise that could be kept.
        let _ = writeln!(text, "  is for     {machine}");
        return;
    }
    let _ = writeln!(text, "  is for     {machine}, named {claims}");
    if inspection.deserves.is_empty() {
        let _ = writeln!(text, "  deserves   no manylinux or musllinux tag as it is");
    } else {
        let _ = writeln!(text, "  deserves   {}", inspection.deserves.join("."));
    }
    if !inspection.blockers.is_empty() {
        let wider = if inspection.deserves.is_empty() {
            "because"
        } else {
            "no wider tag because"
        };
        let _ = writeln!(text, "  {wider}");
        for line in blockers_text(&inspection.blockers).lines() {
            let _ = writeln!(text, "    {line}");
        }
    } else if inspection.deserves.is_empty() {
        let needs = inspection.needs.iter().filter(|needed| !needed.provided);
        let names: Vec<String> = needs.map(|needed| escape(needed.name.as_str())).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  because    no tag provides {}", names.join(", "));
        }
    }
}

/// Everything that keeps it from being loaded on any system, the first in the verdict itself.
fn runs_nowhere(text: &mut String, faults: &[Fault], limit: usize) {
    let mut reasons = faults.iter().map(ToString::to_string);
    let first = reasons.next().unwrap_or_default();
    let _ = writeln!(text, "  runs nowhere: {first}");
    listed(text, &reasons.collect::<Vec<_>>(), limit, "    ");
}

/// What has to be installed beside it, where it needs what it does not bring and no tag provides.
fn where_installed(inspection: &Inspection) -> String {
    let needs = inspection.needs.iter().filter(|needed| !needed.provided);
    let names: Vec<String> = needs.map(|needed| escape(needed.name.as_str())).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" with {} installed", names.join(", ")),
    }
}

fn runs_on(text: &mut String, floor: &MuslFloor, installed: &str, limit: usize) {
    let musl = floor.alpine.musl().unwrap_or("unknown");
    let alpine = floor.alpine;
    let _ = writeln!(
        text,
        "  runs on    Alpine ≥ {alpine} (musl {musl}){installed}"
    );
    let mut steps: BTreeMap<std::cmp::Reverse<Alpine>, Vec<String>> = BTreeMap::new();
    for cause in &floor.causes {
        let step = steps.entry(std::cmp::Reverse(cause.since)).or_default();
        step.push(format!("{} {}", cause.file, cause.what));
    }
    for (since, causes) in steps {
        let _ = writeln!(text, "    not before {}:", since.0);
        listed(text, &causes, limit, "      ");
    }
}

fn runs_on_glibc(text: &mut String, floor: &GlibcFloor, installed: &str, limit: usize) {
    let unknown = floor.unknown.first().map(|cause| cause.since.as_str());
    let from = match (unknown, &floor.glibc) {
        (Some(since), _) => format!("a glibc of a version that is {since}"),
        (None, Some(oldest)) => format!("glibc ≥ {oldest}"),
        (None, None) => match &floor.not_from {
            Some(not_from) => format!("any glibc < {not_from}"),
            None => "any glibc".to_owned(),
        },
    };
    let until = floor.not_from.as_ref();
    let until = until.map_or_else(String::new, |not_from| {
        format!(", not on glibc ≥ {not_from}")
    });
    let _ = writeln!(text, "  runs on    {from}{until}{installed}");
    if let Some(not_from) = &floor.not_from {
        let _ = writeln!(text, "    not on {not_from} and newer:");
        let refused = floor.refused.iter();
        let refused = refused.map(|file| format!("{file} asks for an executable stack"));
        listed(text, &refused.collect::<Vec<_>>(), limit, "      ");
    }
    let mut steps: Vec<(&str, Vec<String>)> = Vec::new();
    for cause in floor.unknown.iter().chain(&floor.causes) {
        let (file, version) = (&cause.file, cause.version.to_string());
        let what = match (&cause.symbol, cause.symbols) {
            (Some(symbol), 1) => format!("{file} needs {}@{version}", symbol),
            (Some(symbol), more) => {
                let others = count(more.saturating_sub(1), "other", "others");
                format!("{file} needs {}@{version} and {others}", symbol)
            }
            (None, _) => format!("{file} asks for {version}"),
        };
        match steps.last_mut() {
            Some((since, causes)) if cause.since == **since => causes.push(what),
            _ => steps.push((cause.since.as_str(), vec![what])),
        }
    }
    for (since, causes) in steps {
        let _ = match since.starts_with(|first: char| first.is_ascii_digit()) {
            true => writeln!(text, "    not before {since}:"),
            false => writeln!(text, "    {since}:"),
        };
        listed(text, &causes, limit, "      ");
    }
}

fn listed(text: &mut String, items: &[String], limit: usize, indent: &str) {
    for item in items.iter().take(limit) {
        let _ = writeln!(text, "{indent}{item}");
    }
    let more = items.len().saturating_sub(limit);
    if more > 0 {
        let _ = writeln!(text, "{indent}and {more} more (-v shows all)");
    }
}

fn unbound(text: &mut String, binding: &BindingReport, limit: usize) {
    if !binding.unbound.is_empty() {
        let number = count(binding.unbound.len(), "symbol", "symbols");
        let _ = writeln!(text, "  unbound    {number} that nothing defines");
        let lines: Vec<String> = binding
            .unbound
            .iter()
            .map(|one| {
                let home = symbol_home(one.symbol.as_str())
                    .map_or_else(String::new, |home| format!("  ({home})"));
                format!("{} needs {}{home}", one.file, one.symbol)
            })
            .collect();
        listed(text, &lines, limit, "    ");
    }
    if !binding.unknown.is_empty() {
        let number = count(binding.unknown.len(), "file", "files");
        let _ = writeln!(
            text,
            "  unknown    {number} whose symbols cannot be checked: a library is missing"
        );
        let lines: Vec<String> = binding.unknown.iter().map(ToString::to_string).collect();
        listed(text, &lines, limit, "    ");
    }
}

fn libraries(text: &mut String, inspection: &Inspection, limit: usize) {
    let total: u64 = inspection.carries.iter().map(|library| library.size).sum();
    let number = count(inspection.carries.len(), "library", "libraries");
    let _ = writeln!(text, "  carries    {number} ({})", bytes(total));
    let rows: Vec<[String; 3]> = inspection
        .carries
        .iter()
        .map(|library| {
            let users = users(library.needed_by.iter(), limit);
            [library.file.to_string(), bytes(library.size), users]
        })
        .collect();
    text.push_str(&columns(&rows, "    "));
    let number = count(inspection.needs.len(), "library", "libraries");
    let _ = writeln!(text, "  needs      {number} from outside");
    let rows: Vec<[String; 3]> = inspection
        .needs
        .iter()
        .map(|needed| {
            let state = match (needed.provided, &needed.found, needed.size) {
                (true, ..) => "provided".to_owned(),
                (false, Some(path), Some(size)) => format!("{path}, {}", bytes(size)),
                (false, Some(path), None) => path.to_string(),
                (false, None, _) => "not found".to_owned(),
            };
            [
                escape(needed.name.as_str()),
                state,
                users(needed.needed_by.iter(), limit),
            ]
        })
        .collect();
    text.push_str(&columns(&rows, "    "));
}

fn users<'a>(all: impl Iterator<Item = &'a crate::resolve::ModulePath>, limit: usize) -> String {
    let mut all = all.map(ToString::to_string);
    // Paths of extensions are long: one is enough to know where to look.
    let shown: Vec<String> = all
        .by_ref()
        .take(if limit == usize::MAX { limit } else { 1 })
        .collect();
    let more = all.count();
    match more {
        0 => format!("needed by {}", shown.join(", ")),
        _ => format!("needed by {} and {more} more", shown.join(", ")),
    }
}

fn versions(text: &mut String, inspection: &Inspection) {
    let rows: Vec<[String; 3]> = inspection
        .versions
        .iter()
        .map(|(library, versions)| {
            let versions: Vec<String> =
                versions.iter().map(|version| version.to_string()).collect();
            [escape(library.as_str()), String::new(), versions.join(" ")]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("  versions   of symbols, by library\n");
        text.push_str(&columns(&rows, "    "));
    }
}

/// Files that were left out, being for another machine or C library.
pub fn left_out_text(faults: &[Fault]) -> String {
    let line = |fault: &Fault| format!("  left out   {fault}\n");
    faults.iter().map(line).collect()
}

/// What `show` says of one wheel: what was looked at, and which files were left out.
pub type Shown = (Inspection, Vec<Fault>);

/// The report of `show --json`.
pub fn show_json(shown: &[Shown]) -> String {
    let wheels: Vec<Value> = shown
        .iter()
        .map(|(inspection, left_out)| {
            let mut wheel = serde_json::to_value(inspection).unwrap_or(Value::Null);
            let left_out: Vec<Value> = left_out.iter().map(super::check::fault_json).collect();
            if let Some(fields) = wheel.as_object_mut() {
                fields.insert("left_out".to_owned(), left_out.into());
                let nowhere = inspection.nowhere.iter();
                let nowhere: Vec<Value> = nowhere.map(super::check::fault_json).collect();
                fields.insert("nowhere".to_owned(), nowhere.into());
            }
            wheel
        })
        .collect();
    let value = json!({
        "schema": {"name": "wheelfix.show", "version": 1},
        "wheels": wheels,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
