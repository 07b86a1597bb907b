//! Editing any bytes: an error, or a file that says what was asked and that `verify` accepts.

use std::collections::{BTreeMap, BTreeSet};

use wheelfix_elf::{
    self as elf, Edits, Facts, Kind, MoreEdits, Relr, RunPath, RunPathEdit, RunPathKind, Soname,
    Strip,
};

/// How many of the first bytes say what to ask; the file is behind them.
pub const HEAD: usize = 10;

/// What an edit may add besides the names and what it moves: 64 KiB each to align what strip and the
/// edit itself lay out anew (the editor's own limits), and new headers.
const ROOM: usize = 0x2_4000;

/// Asks of the file what the first bytes say.
///
/// # Panics
/// When the result is not what was asked, or grew more than it may.
pub fn check(bytes: &[u8]) {
    let Some((head, file)) = bytes.split_first_chunk::<HEAD>() else {
        return;
    };
    let before = elf::read(file);
    let edits = edits(head, before.as_ref().ok());
    let Ok(edited) = elf::edit(file, &edits) else {
        return;
    };
    if !edited.changed {
        assert_eq!(&*edited.bytes, file, "no change, but other bytes");
    }
    let Ok(before) = before else {
        assert!(!edited.changed, "a file that cannot be read was edited");
        return;
    };
    let after = elf::read(&edited.bytes).expect("an edited file can be read");
    says_what_was_asked(&edits, &before, &after);
    if edited.changed {
        elf::verify(file, &edited.bytes, &edits).expect("an edit verifies what it gives out");
        if edits.relr == Relr::Keep {
            let most = 2 * file.len() + 2 * names_of(&edits) + ROOM;
            assert!(
                edited.bytes.len() <= most,
                "{} of {most} bytes",
                edited.bytes.len()
            );
        }
        // A new name may be an old one, to be renamed or taken away; all else is as it should be.
        let again = Edits {
            rename_needed: BTreeMap::new(),
            remove_needed: BTreeSet::new(),
            more: MoreEdits {
                rename_symbols: BTreeMap::new(),
                ..edits.more
            },
            ..edits
        };
        // A damaged file may be refused then: what the first edit found is not all there is.
        if let Ok(again) = elf::edit(&edited.bytes, &again) {
            assert_eq!(
                elf::read(&again.bytes).expect("a file edited twice can be read"),
                after,
                "the same edit again is no edit"
            );
        }
    }
}

/// The edits that a head stands for; some of them name what the file needs.
#[must_use]
pub fn edits(head: &[u8; HEAD], facts: Option<&Facts>) -> Edits {
    let [
        kinds,
        which,
        soname,
        renamed,
        path,
        spread,
        more,
        fill,
        rare,
        symbol,
    ] = *head;
    let letter = char::from(b'a' + fill % 26);
    // Lengths: most short, some of several kilobytes.
    let name = |length: u8, bit: u8| {
        let scale = if spread >> bit & 1 == 1 { 32 } else { 1 };
        letter.to_string().repeat(usize::from(length) * scale)
    };
    let needed = facts.map_or(&[][..], |facts| &facts.needed);
    let pick = |index: u8| {
        needed
            .get(usize::from(index) % needed.len().max(1))
            .cloned()
    };
    let mut rename_needed = BTreeMap::new();
    if let Some(old) = pick(which).filter(|_| kinds & 0x20 != 0) {
        rename_needed.insert(old, Soname::from(name(renamed, 1)));
    }
    if let Some(old) = pick(more).filter(|_| kinds & 0x40 != 0) {
        // A name that the file has already: its place can be shared.
        let shared = facts.and_then(|facts| facts.soname.clone());
        rename_needed.insert(old, shared.unwrap_or_else(|| Soname::from("libc.so")));
    }
    let mut remove_needed = BTreeSet::new();
    remove_needed.extend(pick(which >> 4).filter(|_| kinds & 0x80 != 0));
    let path = || name(path, 2);
    let bit = |bit: u8| rare >> bit & 1 == 1;
    let symbols = facts.filter(|_| symbol != 0).and_then(|facts| {
        let index = usize::from(symbol) % facts.symbols.len().max(1);
        facts
            .symbols
            .iter()
            .nth(index)
            .map(|symbol| symbol.name.to_owned())
    });
    let more = MoreEdits {
        add_needed: [Soname::from(name(more, 3))]
            .into_iter()
            .filter(|_| bit(0))
            .collect(),
        interpreter: bit(1).then(|| format!("/{}", name(renamed, 4))),
        exec_stack: bit(2).then_some(fill % 2 == 0),
        os_abi: bit(3).then_some(fill % 4),
        no_default_libraries: bit(4),
        debug_entry: bit(5),
        erase_run_path: bit(6),
        rename_symbols: symbols
            .iter()
            .filter(|_| bit(7))
            .map(|old| (old.clone(), name(symbol, 5)))
            .collect(),
        clear_versions: symbols.into_iter().filter(|_| !bit(7)).collect(),
    };
    let set = |kind, value| Some(RunPathEdit::Set(RunPath { kind, value }));
    Edits {
        debug_link: None,
        strip: match kinds & 3 {
            1 => Strip::Debug,
            2 => Strip::All,
            _ => Strip::None,
        },
        relr: if kinds & 4 == 0 {
            Relr::Keep
        } else {
            Relr::Expand
        },
        soname: (soname != 0).then(|| Soname::from(name(soname, 0))),
        rename_needed,
        remove_needed,
        run_path: match kinds >> 3 & 3 {
            0 => None,
            1 => Some(RunPathEdit::Remove),
            2 => set(RunPathKind::Rpath, path()),
            _ => set(RunPathKind::Runpath, path()),
        },
        more,
    }
}

fn names_of(edits: &Edits) -> usize {
    let run_path = match &edits.run_path {
        Some(RunPathEdit::Set(path)) => path.value.len(),
        _ => 0,
    };
    let renamed = edits.rename_needed.values().map(|name| name.as_str().len());
    let alone = edits.soname.iter().chain(&edits.more.add_needed);
    let alone = alone.map(|name| name.as_str().len());
    let symbols = edits
        .more
        .rename_symbols
        .values()
        .chain(&edits.more.interpreter);
    run_path
        + renamed
            .chain(alone)
            .chain(symbols.map(String::len))
            .sum::<usize>()
}

fn says_what_was_asked(edits: &Edits, before: &Facts, after: &Facts) {
    match &edits.soname {
        Some(soname) => assert_eq!(after.soname.as_ref(), Some(soname)),
        None => assert_eq!(after.soname, before.soname),
    }
    match &edits.run_path {
        None => assert_eq!(after.run_path, before.run_path),
        Some(RunPathEdit::Remove) => assert_eq!(after.run_path, None),
        Some(RunPathEdit::Set(path)) => assert_eq!(after.run_path.as_ref(), Some(path)),
    }
    let kept = before
        .needed
        .iter()
        .filter(|name| !edits.remove_needed.contains(*name));
    let kept: Vec<&Soname> = kept
        .map(|name| edits.rename_needed.get(name).unwrap_or(name))
        .collect();
    let added = edits.more.add_needed.iter();
    let mut needed: Vec<&Soname> = added.filter(|name| !kept.contains(name)).collect();
    needed.extend(kept);
    assert!(
        after.needed.iter().eq(needed.iter().copied()),
        "{:?} are needed, not {needed:?}",
        after.needed
    );
    assert!(after.symbols.iter().eq(before.symbols.iter()) || changes_symbols(edits, before));
    if edits.relr == Relr::Expand {
        assert_eq!(after.relr.unwrap_or(0), 0, "relocations are still packed");
    } else {
        assert_eq!(after.relr, before.relr);
    }
    let is_linked = matches!(before.kind, Kind::Executable | Kind::Shared);
    if edits.strip == Strip::All && is_linked {
        assert!(!after.has_symbol_table && !after.has_debug, "not stripped");
    }
    let interpreter = edits
        .more
        .interpreter
        .as_ref()
        .or(before.interpreter.as_ref());
    assert_eq!(after.interpreter.as_ref(), interpreter);
    assert_eq!(after.version_definitions, before.version_definitions);
    assert_eq!(after.build_id, before.build_id);
    assert_eq!(after.flags, before.flags);
    assert_eq!(after.os_abi, edits.more.os_abi.unwrap_or(before.os_abi));
    assert_eq!(
        after.exec_stack,
        edits.more.exec_stack.or(before.exec_stack)
    );
}

/// Whether symbols may have other names or versions, or need them of a library of another name.
fn changes_symbols(edits: &Edits, before: &Facts) -> bool {
    edits.relr == Relr::Expand
        || !edits.more.rename_symbols.is_empty()
        || !edits.more.clear_versions.is_empty()
        || before.version_needs.iter().any(|need| {
            edits.remove_needed.contains(&need.file) || edits.rename_needed.contains_key(&need.file)
        })
}
