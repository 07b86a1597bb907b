//! Two ELF files beside each other, in words.

use crate::elf::{Comparison, RunPath, RunPathKind, Soname, Strip};

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
    if sizes.0 != sizes.1 {
        lines.push(format!("size: {} became {} bytes", sizes.0, sizes.1));
    }
    lines.push(match (&found.rest, lines.is_empty()) {
        (None, true) => "Nothing differs that a loader could see.".to_owned(),
        (None, false) => "Nothing else differs that a loader could see.".to_owned(),
        (Some(error), _) => format!("More differs than edits explain: {error}"),
    });
    lines.push(String::new());
    lines.join("\n")
}

fn quoted(text: &impl ToString) -> String {
    format!("`{}`", crate::wheel::escape(&text.to_string()))
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
