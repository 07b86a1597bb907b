//! What a repair will do, and what it did, for people.

use std::fmt;

use super::words::{bytes, columns, count};
use crate::elf::Strip;
use crate::plan::{EntryOp, Limit, Note, RunsOn, WheelPlan};
use crate::policy::{Alpine, Family, PlatformTag};
use crate::wheel::{Untrusted, escape};

/// What a person wants to know when a wheel is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepairSummary {
    /// The output's size; 0 while nothing is written.
    pub size: u64,
    /// The input's size.
    pub input_size: u64,
    /// How many bytes of ELF content `--strip` would have saved.
    pub strip_would_save: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The one line that ends a success. `place`: the path of the new wheel.
pub fn success(plan: &WheelPlan, summary: &RepairSummary, place: &Untrusted) -> String {
    let grafts: Vec<u64> = plan.grafts().map(|(_, source)| source.size).collect();
    let mut parts = Vec::new();
    if grafts.is_empty() {
        parts.push("no library grafted".to_owned());
    } else {
        let number = count(grafts.len(), "library", "libraries");
        parts.push(format!("{number} grafted ({})", bytes(grafts.iter().sum())));
    }
    if plan.edited() > 0 {
        parts.push(format!("{} edited", count(plan.edited(), "file", "files")));
    }
    if plan.unpacked() > 0 {
        let number = count(plan.unpacked(), "file", "files");
        parts.push(format!("relocations of {number} unpacked for musl < 1.2.4"));
    }
    if let Some(where_to) = &plan.runs_on {
        let tags = where_to.tags.join(".");
        parts.push(format!("tag {tags}{}", runs_on(where_to)));
    }
    if summary.size > 0 {
        parts.push(format!(
            "{} → {}",
            bytes(summary.input_size),
            bytes(summary.size)
        ));
    }
    parts.push(format!("{:.1} s", summary.seconds));
    let mut line = format!("Repaired {place}: {}", parts.join(", "));
    if summary.strip_would_save > 0 {
        line.push_str(&format!(
            "; --strip would save {} of ELF",
            bytes(summary.strip_would_save)
        ));
    }
    line
}

/// ` (runs on Alpine ≥ 3.18)`: the newer of what the tag promises and the files need; or where not.
fn runs_on(where_to: &RunsOn) -> String {
    if let Some(first) = where_to.nowhere.first() {
        let more = match where_to.nowhere.len().saturating_sub(1) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        return format!(" (runs nowhere: {first}{more})");
    }
    let Some(floor) = &where_to.floor else {
        let not_from = where_to.not_from.as_ref();
        return not_from.map_or_else(String::new, |from| format!(" (not on glibc ≥ {from})"));
    };
    let tags = where_to
        .tags
        .iter()
        .filter_map(|tag| PlatformTag::parse(tag));
    let promised = tags
        .filter(|tag| tag.family == Family::Musllinux)
        .min()
        .and_then(|tag| Alpine::first_with_musl(tag.version));
    let from = promised.map_or(floor.alpine, |promised| promised.max(floor.alpine));
    format!(" (runs on Alpine ≥ {from})")
}

/// The plan, entry by entry, for `--dry-run` and `-v`.
pub fn plan_text(plan: &WheelPlan) -> String {
    let mut text = format!(
        "{}\n  becomes {}\n",
        plan.input,
        escape(&plan.output.to_string())
    );
    let mut rows = Vec::new();
    for (path, op) in &plan.ops {
        let (verb, more) = match op {
            EntryOp::Keep => continue,
            EntryOp::Remove(_) => ("remove", String::new()),
            EntryOp::Edit(edits) => ("edit", edits_text(edits)),
            EntryOp::Move { from, edits } => {
                let from = format!("from {}", escape(from.as_str()));
                ("move", with_edits(from, edits))
            }
            EntryOp::Graft { source, edits } => {
                let from = format!("{}, {}", source.path, bytes(source.size));
                ("graft", with_edits(from, edits))
            }
            EntryOp::Shim { edits, .. } => ("shim", edits_text(edits)),
            EntryOp::Write { .. } | EntryOp::Sbom(_) | EntryOp::Record => ("write", String::new()),
        };
        rows.push([verb.to_owned(), escape(path.as_str()), more]);
    }
    if rows.is_empty() {
        text.push_str("  nothing to change\n");
    }
    text.push_str(&columns(&rows, "  ").replace(" \n", "\n"));
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn with_edits(what: String, edits: &crate::elf::Edits) -> String {
    match edits_text(edits) {
        none if none.is_empty() => what,
        edits => format!("{what}; {edits}"),
    }
}

fn edits_text(edits: &crate::elf::Edits) -> String {
    let mut parts = Vec::new();
    for (old, new) in &edits.rename_needed {
        parts.push(format!(
            "{} → {}",
            escape(old.as_str()),
            escape(new.as_str())
        ));
    }
    for name in &edits.remove_needed {
        parts.push(format!("without {}", escape(name.as_str())));
    }
    match &edits.run_path {
        Some(crate::elf::RunPathEdit::Set(run_path)) => {
            parts.push(format!("run path {}", escape(&run_path.value)));
        }
        Some(crate::elf::RunPathEdit::Remove) => parts.push("no run path".to_owned()),
        None => {}
    }
    match edits.strip {
        Strip::None => {}
        Strip::Debug => parts.push("strip debug sections".to_owned()),
        Strip::All => parts.push("strip".to_owned()),
    }
    if edits.more.exec_stack == Some(false) {
        parts.push("no executable stack".to_owned());
    }
    if edits.relr == crate::elf::Relr::Expand {
        parts.push("unpack relocations".to_owned());
    }
    parts.join("; ")
}

/// A note as a warning or a remark. `true`: worth a warning.
pub fn note_text(note: &Note) -> (bool, String) {
    match note {
        Note::LibpythonDropped { file, library } => (
            true,
            format!(
                "{file} no longer needs {}: the interpreter that loads it brings it, and no tag promises it",
                escape(library.as_str())
            ),
        ),
        Note::RunPathDropped { file, entry } => (
            false,
            format!(
                "{file}: run path entry `{}` leads out of the wheel and was dropped",
                entry
            ),
        ),
        Note::Excluded { library } => (
            false,
            format!("{} stays outside, as excluded", escape(library.as_str())),
        ),
        Note::ExcludeUnused { pattern, instead } => {
            let pattern = pattern.to_string();
            let meant: Vec<String> = instead.iter().map(|name| escape(name.as_str())).collect();
            let meant = match meant.is_empty() {
                true => String::new(),
                false => format!("; what is needed is {}", meant.join(", ")),
            };
            (
                true,
                format!("`--exclude {pattern}` matches nothing in it{meant}"),
            )
        }
        Note::MadeReachable { file, library } => {
            (false, format!("{file} finds {library} by its run path now"))
        }
        Note::Apart { names } => (
            false,
            format!(
                "glibc has each of these variables once in a process, musl once for each extension that defines it: {}",
                shortened(names)
            ),
        ),
        Note::TagDropped { tag } => (
            true,
            format!("the tag {} was dropped: the content contradicts it", tag),
        ),
        Note::SignatureDropped { entry } => (
            true,
            format!("{} was dropped: it signed the old RECORD", entry),
        ),
        Note::ScriptMoved { script } => (
            false,
            format!(
                "{} is a launcher now; its program lies in site-packages",
                escape(script.as_str())
            ),
        ),
        Note::PromiseTooWide {
            tag,
            promised,
            floor,
            causes,
        } => (
            true,
            format!(
                "{tag} promises Alpine {promised} and newer, but the files load from {floor} on: {}",
                shortened(causes)
            ),
        ),
        Note::NoLibrary { file, what } => (
            true,
            format!("{file} is {what}: no loader takes it for the library that its name says"),
        ),
        Note::TakenAsData { file, what } => (false, format!("{file} is {what} and stays as it is")),
        Note::Ambiguous {
            file,
            library,
            taken,
            other,
        } => (
            true,
            format!(
                "{file} needs {}, which is {taken} or {other}, depending on who loads it: {taken} was taken",
                escape(library.as_str())
            ),
        ),
        Note::LibcFromSystem(libc) => (
            true,
            format!(
                "nothing in the wheel tells its C library: taken for {}, as its build root",
                libc.name()
            ),
        ),
        Note::Limited { code, limit, text } => {
            let verdict = match limit {
                Limit::Nowhere => "runs nowhere: ".to_owned(),
                Limit::NotFromGlibc(release) => format!("not on glibc ≥ {release}: "),
                Limit::Sometimes => String::new(),
            };
            (true, format!("{verdict}{text} ({code})"))
        }
        Note::Input(text) => (false, text.to_string()),
    }
}

fn shortened<T: fmt::Display>(causes: &[T]) -> String {
    let more = causes.len().saturating_sub(3);
    let first: Vec<String> = causes.iter().take(3).map(ToString::to_string).collect();
    match more {
        0 => first.join("; "),
        _ => format!("{}; and {more} more", first.join("; ")),
    }
}
