//! Laws of the ELF editor, tried on random edits and on files with random damage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::support::tools::tool;
use proptest::prelude::*;
use wheelfix::elf::{
    self, Edits, MoreEdits, Relr, RunPath, RunPathEdit, RunPathKind, Soname, Strip,
};

const SOURCE: &str = r#"
#include <stdio.h>
static const char *const words[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
int say(int which) { return printf("%s", words[which]); }
"#;

/// Small files of several shapes; none where there is no compiler.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("small.c");
    std::fs::write(&source, SOURCE).unwrap();
    let shapes: [&[&str]; 6] = [
        &["-g"],
        &["-Wl,--hash-style=both", "-Wl,-rpath,/usr/lib", "-s"],
        &["-Wl,-z,noseparate-code", "-Wl,--spare-dynamic-tags=0", "-s"],
        &["-Wl,-z,pack-relative-relocs"],
        &["-fuse-ld=lld"],
        &["-Wl,--spare-dynamic-tags=1", "-Wl,-z,max-page-size=0x10000"],
    ];
    let build = |(index, flags): (usize, &&[&str])| {
        let output = folder.path().join(format!("small-{index}.so"));
        let mut command = tool("gcc");
        command
            .args(["-shared", "-fPIC", "-Wl,-soname,libsmall.so.1", "-o"])
            .arg(&output)
            .arg(&source);
        let built = command
            .args(*flags)
            .output()
            .is_ok_and(|output| output.status.success());
        built.then(|| std::fs::read(&output).unwrap())
    };
    let mut files: Vec<Vec<u8>> = shapes.iter().enumerate().filter_map(build).collect();
    if let Some(mut bytes) = files.first().cloned() {
        // One without section headers.
        bytes[40..48].fill(0);
        bytes[60..64].fill(0);
        files.push(bytes);
    }
    files
});

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "lib[a-z]{1,20}\\.so\\.[0-9]",
        "[$A-Z/:.é]{50,300}"
    ]
}

fn edits() -> impl Strategy<Value = Edits> {
    let run_path = prop_oneof![
        Just(None),
        Just(Some(RunPathEdit::Remove)),
        (name(), any::<bool>()).prop_map(|(value, old)| {
            let kind = if old {
                RunPathKind::Rpath
            } else {
                RunPathKind::Runpath
            };
            Some(RunPathEdit::Set(RunPath { kind, value }))
        }),
    ];
    let strip = prop_oneof![Just(Strip::None), Just(Strip::Debug), Just(Strip::All)];
    let relr = prop_oneof![Just(Relr::Keep), Just(Relr::Expand)];
    let soname = proptest::option::of(name().prop_map(Soname::from));
    (
        strip,
        relr,
        soname,
        proptest::option::of(name()),
        any::<bool>(),
        run_path,
        more_edits(),
    )
        .prop_map(
            |(strip, relr, soname, renamed, removes, run_path, more)| Edits {
                debug_link: None,
                more,
                strip,
                relr,
                soname,
                rename_needed: renamed
                    .map(|new| BTreeMap::from([("libc.so.6".into(), new.into())]))
                    .unwrap_or_default(),
                remove_needed: if removes {
                    BTreeSet::from(["libc.so.6".into()])
                } else {
                    BTreeSet::new()
                },
                run_path,
            },
        )
}

fn more_edits() -> impl Strategy<Value = MoreEdits> {
    (
        proptest::collection::vec("lib[a-z]{1,60}\\.so\\.[0-9]", 0..3),
        proptest::option::of(any::<bool>()),
        proptest::option::of(any::<u8>()),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(needed, exec_stack, os_abi, no_default_libraries, debug_entry, erase)| MoreEdits {
                add_needed: needed.into_iter().map(Soname::from).collect(),
                exec_stack,
                os_abi,
                no_default_libraries,
                debug_entry,
                erase_run_path: erase,
                ..MoreEdits::default()
            },
        )
}

fn which() -> impl Strategy<Value = usize> {
    0_usize..8
}

fn file(which: usize) -> Option<&'static Vec<u8>> {
    FILES.get(which % FILES.len().max(1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_after_an_edit_is_what_was_asked(which in which(), edits in edits()) {
        let Some(bytes) = file(which) else { return Ok(()) };
        let edited = elf::edit(bytes, &edits).unwrap();
        let (before, after) = (elf::read(bytes).unwrap(), elf::read(&edited.bytes).unwrap());
        if let Some(soname) = &edits.soname {
            prop_assert_eq!(after.soname.as_ref(), Some(soname));
        }
        for name in &edits.more.add_needed {
            prop_assert!(after.needed.contains(name));
        }
        prop_assert_eq!(after.exec_stack, edits.more.exec_stack.or(before.exec_stack));
        prop_assert_eq!(after.os_abi, edits.more.os_abi.unwrap_or(before.os_abi));
        match &edits.run_path {
            None => prop_assert_eq!(&after.run_path, &before.run_path),
            Some(RunPathEdit::Remove) => prop_assert_eq!(&after.run_path, &None),
            Some(RunPathEdit::Set(path)) => prop_assert_eq!(after.run_path.as_ref(), Some(path)),
        }
        let needs_libc = after.needed.iter().any(|name| name.as_str() == "libc.so.6");
        prop_assert_eq!(needs_libc, edits.remove_needed.is_empty() && edits.rename_needed.values().all(|name| name.as_str() == "libc.so.6"));
        prop_assert_eq!(before.symbols.len(), after.symbols.len());
        // The same again is no edit, and the same bytes come of the same input.
        let asked_again = Edits { rename_needed: BTreeMap::new(), remove_needed: BTreeSet::new(), ..edits.clone() };
        let again = elf::edit(&edited.bytes, &asked_again).unwrap();
        prop_assert_eq!(elf::read(&again.bytes).unwrap(), after);
        prop_assert_eq!(elf::edit(bytes, &edits).unwrap(), edited);
    }

    #[test]
    fn edits_in_a_row_keep_the_last_word(which in which(), row in proptest::collection::vec(edits(), 1..6)) {
        let Some(bytes) = file(which) else { return Ok(()) };
        let mut bytes = bytes.clone();
        for edits in &row {
            bytes = elf::edit(&bytes, edits).unwrap().bytes.into();
            let facts = elf::read(&bytes).unwrap();
            if let Some(soname) = &edits.soname {
                prop_assert_eq!(facts.soname.as_ref(), Some(soname));
            }
        }
    }

    #[test]
    fn damage_never_makes_it_panic(
        which in which(),
        edits in edits(),
        // Half of the damage hits where headers and tables are.
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<u8>()), 1..12),
        cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let Some(bytes) = file(which) else { return Ok(()) };
        let mut bytes = bytes.clone();
        for (place, in_front, value) in damage {
            let end = if in_front { bytes.len().min(0x700) } else { bytes.len() };
            bytes[place.index(end)] = value;
        }
        if let Some(cut) = cut {
            let length = cut.index(bytes.len());
            bytes.truncate(length);
        }
        let _ = elf::read(&bytes);
        let _ = elf::strippable(&bytes, edits.strip);
        if let Ok(edited) = elf::edit(&bytes, &edits) {
            prop_assert!(elf::read(&edited.bytes).is_ok() || !edited.changed);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), class in 1_u8..3, order in 1_u8..3) {
        let _ = elf::read(&bytes);
        if bytes.len() > 6 {
            bytes[..4].copy_from_slice(b"\x7fELF");
            (bytes[4], bytes[5]) = (class, order);
            let _ = elf::read(&bytes);
            let _ = elf::edit(&bytes, &Edits { soname: Some("a".into()), strip: Strip::All, ..Edits::default() });
        }
    }
}

#[test]
fn every_file_cut_short_is_refused_or_read() {
    for bytes in FILES.iter() {
        for length in (0..bytes.len()).step_by(7) {
            let _ = elf::read(&bytes[..length]);
        }
        assert!(elf::read(&bytes[..40]).is_err());
    }
}
