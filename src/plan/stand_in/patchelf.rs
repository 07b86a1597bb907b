//! What patchelf's options mean for one file: what to print of it and what to change.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{
    Edits, Facts, Kind, MoreEdits, Relr, RunPath, RunPathEdit, RunPathKind, Soname, Strip,
};

/// What is asked of each file; patchelf's options, and `--strip` and `--relr` of our own.
#[derive(Clone, Debug, Default)]
pub struct SingleFileRequest {
    /// What to print, besides or instead of a change.
    pub print: Printed,
    /// `--set-interpreter`.
    pub interpreter: Option<String>,
    /// `--set-os-abi`, by its number.
    pub os_abi: Option<u8>,
    /// `--set-soname`.
    pub soname: Option<Soname>,
    /// What to do with the run path.
    pub run_path: RunPathRequest,
    /// `--force-rpath`: write `DT_RPATH` rather than `DT_RUNPATH`.
    pub force_rpath: bool,
    /// `--add-needed`, sorted as patchelf has them.
    pub add_needed: BTreeSet<Soname>,
    /// `--remove-needed`.
    pub remove_needed: BTreeSet<Soname>,
    /// `--replace-needed`.
    pub replace_needed: BTreeMap<Soname, Soname>,
    /// `--no-default-lib`.
    pub no_default_libraries: bool,
    /// `--add-debug-tag`.
    pub debug_entry: bool,
    /// `--set-execstack`, `--clear-execstack`.
    pub exec_stack: Option<bool>,
    /// `--clear-symbol-version`.
    pub clear_versions: BTreeSet<String>,
    /// `--rename-dynamic-symbols`.
    pub rename_symbols: BTreeMap<String, String>,
    /// `--strip`.
    pub strip: Strip,
    /// `--relr=expand`.
    pub relr: Relr,
}

/// The `--print-…` options.
#[derive(Clone, Copy, Debug, Default)]
pub struct Printed {
    /// `--print-interpreter`.
    pub interpreter: bool,
    /// `--print-os-abi`.
    pub os_abi: bool,
    /// `--print-soname`.
    pub soname: bool,
    /// `--print-rpath`.
    pub run_path: bool,
    /// `--print-execstack`.
    pub exec_stack: bool,
    /// `--print-needed`.
    pub needed: bool,
}

/// What to do with the run path. Where several are asked for, the first of this list counts.
#[derive(Clone, Debug, Default)]
pub enum RunPathRequest {
    /// Nothing.
    #[default]
    Keep,
    /// `--shrink-rpath`, with the prefixes of `--allowed-rpath-prefixes` (none: all are allowed).
    Shrink(Vec<String>),
    /// `--remove-rpath`.
    Remove,
    /// `--set-rpath`.
    Set(String),
    /// `--add-rpath`.
    Add(String),
}

/// The lines that the `--print-…` options print of a file, in patchelf's order.
///
/// # Errors
/// In one sentence, what the file does not have.
pub fn printed(facts: &Facts, print: Printed) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    if print.interpreter {
        let interpreter = facts.interpreter.clone();
        lines.push(interpreter.ok_or(
            "no interpreter (PT_INTERP): it is a library, or statically linked".to_owned(),
        )?);
    }
    if print.os_abi {
        lines.push(os_abi_name(facts.os_abi));
    }
    if print.soname && facts.kind == Kind::Shared {
        let soname = facts.soname.iter().map(|name| name.as_str().to_owned());
        lines.extend(soname.filter(|name| !name.is_empty()));
    }
    if print.run_path && facts.dynamic {
        let run_path = facts.run_path.as_ref();
        lines.push(run_path.map_or_else(String::new, |it| it.value.clone()));
    }
    if print.exec_stack {
        let sign = match facts.exec_stack {
            Some(true) => 'X',
            Some(false) => '-',
            None => '?',
        };
        lines.push(format!("execstack: {sign}"));
    }
    if print.needed {
        let needed = facts.needed.iter();
        lines.extend(needed.map(|name| name.as_str().to_owned()));
    }
    Ok(lines)
}

/// The edits of one file. `has` tells whether a folder holds a library of a name, built for the
/// file's machine.
pub fn single_file_edits(
    facts: &Facts,
    request: &SingleFileRequest,
    has: impl Fn(&str, &Soname) -> bool,
) -> Edits {
    let is_shared = facts.kind == Kind::Shared;
    let run_path = run_path(facts, request, has);
    Edits {
        debug_link: None,
        strip: request.strip,
        relr: request.relr,
        // A program's own name is nobody's business: patchelf passes over it too.
        soname: request.soname.clone().filter(|_| is_shared),
        rename_needed: request.replace_needed.clone(),
        remove_needed: request.remove_needed.clone(),
        more: MoreEdits {
            add_needed: request.add_needed.iter().cloned().collect(),
            interpreter: request.interpreter.clone(),
            exec_stack: request.exec_stack,
            os_abi: request.os_abi,
            no_default_libraries: request.no_default_libraries,
            debug_entry: request.debug_entry,
            erase_run_path: run_path.is_some(),
            rename_symbols: request.rename_symbols.clone(),
            clear_versions: request.clear_versions.clone(),
        },
        run_path,
    }
}

fn run_path(
    facts: &Facts,
    request: &SingleFileRequest,
    has: impl Fn(&str, &Soname) -> bool,
) -> Option<RunPathEdit> {
    let old = facts.run_path.as_ref().map(|it| it.value.as_str());
    let value = match (&request.run_path, old) {
        (RunPathRequest::Keep, _) | (RunPathRequest::Shrink(_) | RunPathRequest::Remove, None) => {
            return None;
        }
        (RunPathRequest::Remove, Some(_)) => return Some(RunPathEdit::Remove),
        (RunPathRequest::Shrink(allowed), Some(old)) => shrunk(old, facts, allowed, has),
        (RunPathRequest::Set(new), _) => new.clone(),
        (RunPathRequest::Add(new), Some(old)) if !old.is_empty() => format!("{old}:{new}"),
        (RunPathRequest::Add(new), _) => new.clone(),
    };
    let kind = match request.force_rpath {
        true => RunPathKind::Rpath,
        false => RunPathKind::Runpath,
    };
    Some(RunPathEdit::Set(RunPath { kind, value }))
}

/// The run path without the folders that hold none of the needed libraries. Folders relative to
/// something (`$ORIGIN`) stay.
fn shrunk(
    old: &str,
    facts: &Facts,
    allowed: &[String],
    has: impl Fn(&str, &Soname) -> bool,
) -> String {
    let mut missing: Vec<&Soname> = facts.needed.iter().collect();
    let stays = |folder: &&str| {
        if !folder.is_empty() && !folder.starts_with('/') {
            return true;
        }
        if !allowed.is_empty() && !allowed.iter().any(|prefix| folder.starts_with(prefix)) {
            return false;
        }
        let before = missing.len();
        missing.retain(|name| !has(folder, name));
        missing.len() < before
    };
    old.split(':').filter(stays).collect::<Vec<_>>().join(":")
}

/// The systems that `EI_OSABI` numbers stand for, and the other names that patchelf understands.
const OS_ABIS: [(u8, &str, &[&str]); 12] = [
    (0, "System V", &["system-v", "sysv"]),
    (1, "HP-UX", &[]),
    (2, "NetBSD", &[]),
    (3, "Linux", &["gnu"]),
    (4, "GNU Hurd", &["gnu-hurd", "hurd"]),
    (6, "Solaris", &[]),
    (7, "AIX", &[]),
    (8, "IRIX", &[]),
    (9, "FreeBSD", &[]),
    (10, "Tru64", &[]),
    (12, "OpenBSD", &[]),
    (13, "OpenVMS", &[]),
];

fn os_abi_name(number: u8) -> String {
    let known = OS_ABIS.iter().find(|(abi, ..)| *abi == number);
    known.map_or_else(
        || format!("0x{number:02X}"),
        |(_, name, _)| (*name).to_owned(),
    )
}

/// The number of an ABI by its name, in any case.
#[must_use]
pub fn os_abi_number(name: &str) -> Option<u8> {
    let wanted = name.trim().to_ascii_lowercase();
    let known = OS_ABIS.iter().find(|(_, name, others)| {
        name.to_ascii_lowercase() == wanted || others.contains(&wanted.as_str())
    });
    known.map(|(number, ..)| *number)
}
