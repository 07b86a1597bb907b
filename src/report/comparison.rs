//! Two ELF files beside each other, in words.

use std::collections::BTreeSet;

use crate::elf::{Comparison, Facts, RunPath, RunPathKind, Soname, Strip};
use crate::wheel::Untrusted;

/// How many symbols are named one by one.
const MOST_SYMBOLS: usize = 10;

/// What differs, a line each, and whether that is all.
pub fn comparison(found: &Comparison, sizes: (usize, usize)) -> String {
    let (before, after) = (&found.before, &found.after);
    let edits = &found.edits;
    let mut lines = Vec::new();
    let name = |name: &Option<Soname>| name.as_ref().map_or("none".to_owned(), quoted);
    if before.soname != after.soname {
        lines.push(format!(
            "SONAME: {} became {}",
            name(&before.soname),
            name(&after.soname)
        ));
    }
    for (old, new) in &edits.rename_needed {
        lines.push(format!("NEEDED: {} became {}", quoted(old), quoted(new)));
    }
    for gone in &edits.remove_needed {
        lines.push(format!("NEEDED: {} is gone", quoted(gone)));
    }
    for new in &edits.more.add_needed {
        lines.push(format!("NEEDED: {} is new", quoted(new)));
    }
    if before.run_path != after.run_path {
        let (old, new) = (run_path(&before.run_path), run_path(&after.run_path));
        lines.push(format!("run path: {old} became {new}"));
    }
    if before.interpreter != after.interpreter {
        let text = |it: &Option<String>| it.as_ref().map_or("none".to_owned(), quoted);
        let (old, new) = (text(&before.interpreter), text(&after.interpreter));
        lines.push(format!("interpreter: {old} became {new}"));
    }
    if before.exec_stack != after.exec_stack {
        let text = |it| match it {
            Some(true) => "executable",
            Some(false) => "not executable",
            None => "not spoken of",
        };
        let (old, new) = (text(before.exec_stack), text(after.exec_stack));
        lines.push(format!("stack: {old} became {new}"));
    }
    if before.os_abi != after.os_abi {
        lines.push(format!(
            "EI_OSABI: {} became {}",
            before.os_abi, after.os_abi
        ));
    }
    if edits.more.no_default_libraries {
        lines.push("default folders are not searched any more (DF_1_NODEFLIB)".to_owned());
    }
    if edits.more.debug_entry {
        lines.push("the entry for debuggers is new (DT_DEBUG)".to_owned());
    }
    match edits.strip {
        Strip::All => lines.push("the symbol table is gone".to_owned()),
        Strip::Debug => lines.push("the debug sections are gone".to_owned()),
        Strip::None => {}
    }
    if let (Some(count), None) = (before.relr, after.relr) {
        lines.push(format!(
            "{count} packed relocations (DT_RELR) became ordinary ones"
        ));
    }
    if before.relr.is_none() && after.relr.is_some() {
        lines.push("relocations became packed (DT_RELR)".to_owned());
    }
    if found.rest.is_some() {
        unexplained(&mut lines, before, after);
    }
    if sizes.0 != sizes.1 {
        lines.push(format!("size: {} became {} bytes", sizes.0, sizes.1));
    }
    lines.push(match (&found.rest, lines.is_empty()) {
        (None, true) => "Nothing differs that a loader could see.".to_owned(),
        (None, false) => "Nothing else differs that a loader could see.".to_owned(),
        (Some(error), _) => format!("More differs than edits explain: {}", error.detail()),
    });
    lines.push(String::new());
    lines.join("\n")
}

/// What no edit does, as far as the facts tell.
fn unexplained(lines: &mut Vec<String>, before: &Facts, after: &Facts) {
    if before.machine != after.machine {
        lines.push("they are not for the same machine".to_owned());
    }
    if before.kind != after.kind {
        lines.push(format!("kind: {:?} became {:?}", before.kind, after.kind));
    }
    let symbols = |facts: &Facts| -> BTreeSet<(bool, String)> {
        let all = facts
            .symbols
            .iter()
            .filter(|symbol| !symbol.name.is_empty());
        all.map(|symbol| (symbol.defined, symbol.name.to_owned()))
            .collect()
    };
    let (old, new) = (symbols(before), symbols(after));
    let mut list = |what: &str, names: Vec<&(bool, String)>| {
        for (defined, name) in names.iter().take(MOST_SYMBOLS) {
            let role = if *defined { "defined" } else { "wanted" };
            lines.push(format!("{role} symbol {} {what}", quoted(name)));
        }
        if let Some(more) = names
            .len()
            .checked_sub(MOST_SYMBOLS)
            .filter(|&more| more > 0)
        {
            lines.push(format!("{more} more symbols: {what}"));
        }
    };
    list("is gone", old.difference(&new).collect());
    list("is new", new.difference(&old).collect());
    let versions = |facts: &Facts| -> BTreeSet<String> {
        let needs = facts.version_needs.iter();
        let named = needs.flat_map(|need| {
            let file = Untrusted::from(need.file.as_str());
            need.versions
                .iter()
                .map(move |it| format!("{} of {file}", Untrusted::from(&it.name)))
        });
        named.collect()
    };
    let (old, new) = (versions(before), versions(after));
    let gone = old
        .difference(&new)
        .map(|it| format!("version {it} is not needed any more"));
    let added = new
        .difference(&old)
        .map(|it| format!("version {it} is needed now"));
    lines.extend(gone.chain(added).take(MOST_SYMBOLS));
}

fn quoted(text: &(impl AsRef<str> + ?Sized)) -> String {
    format!("`{}`", Untrusted::from(text.as_ref()))
}

fn run_path(run_path: &Option<RunPath>) -> String {
    match run_path {
        None => "none".to_owned(),
        Some(RunPath { kind, value }) => {
            let tag = match kind {
                RunPathKind::Rpath => "RPATH",
                RunPathKind::Runpath => "RUNPATH",
            };
            format!("{tag} {}", quoted(value))
        }
    }
}
