//! The ELF editor against files of every shape that linkers make, and glibc's loader as the judge.
//!
//! The files are built here with the machine's C compiler; without one the tests pass over them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::elf_workshop::*;
use wheelfix::elf::{Edits, Level, RunPathEdit, RunPathKind, Soname};

#[test]
fn files_of_the_usual_shapes_load_after_every_chain_of_tools() {
    put_all_through(&[
        ("plain", &[]),
        ("one page for code and data", &["-Wl,-z,noseparate-code"]),
        ("bound at load time", &["-Wl,-z,now"]),
        ("without read-only relocations", &["-Wl,-z,norelro"]),
        (
            "with a build id and RUNPATH",
            &["-Wl,--build-id", "-Wl,--enable-new-dtags"],
        ),
        ("with its own constructor tag", &["-Wl,-init,my_init"]),
        ("never unloaded", &["-Wl,-z,nodelete"]),
        ("an auxiliary filter", &["-Wl,-f,libabsent.so"]),
        ("64K pages", &["-Wl,-z,max-page-size=0x10000"]),
    ]);
}

#[test]
fn both_hash_tables_stay_whole() {
    put_all_through(&[
        ("System V hash", &["-Wl,--hash-style=sysv"]),
        ("GNU hash", &["-Wl,--hash-style=gnu"]),
        ("both hashes", &["-Wl,--hash-style=both"]),
    ]);
}

#[test]
fn other_linkers_files_load_too() {
    put_all_through(&[
        ("gold", &["-fuse-ld=gold"]),
        ("mold", &["-fuse-ld=mold"]),
        (
            "mold with packed relocations",
            &["-fuse-ld=mold", "-Wl,-z,pack-relative-relocs"],
        ),
        ("lld", &["-fuse-ld=lld"]),
        (
            "lld with a read-only dynamic section",
            &["-fuse-ld=lld", "-Wl,-z,rodynamic"],
        ),
        (
            "lld with packed relocations",
            &["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
        ),
    ]);
}

// patchelf#492, #528: a new segment only 4K congruent though it promises 2M; #47 and others:
// megabytes of padding.
#[test]
fn large_pages_cost_no_padding() {
    let shop = shop!();
    for flags in [
        &["-Wl,-z,max-page-size=0x200000"][..],
        &[
            "-Wl,-z,max-page-size=0x200000",
            "-Wl,--spare-dynamic-tags=0",
        ],
        &["-fuse-ld=lld", "-Wl,-z,max-page-size=0x200000"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let edited = put_through(&shop, "2M pages", &original);
        assert!(
            edited.bytes.len() < original.len() + 2048,
            "{} bytes more",
            edited.bytes.len() - original.len()
        );
    }
}

// patchelf#146, #152: `.dynamic` moved where it cannot be written.
#[test]
fn a_dynamic_section_without_spare_entries_moves_into_writable_memory() {
    let shop = shop!();
    let dep = shop.path(DEP_NAME).display().to_string();
    shop.link("bare.so", "lib.c", &["-Wl,--spare-dynamic-tags=0", &dep])
        .unwrap();
    let bytes = fs::read(shop.path("bare.so")).unwrap();
    let edited = edit(&bytes, &repair());
    assert!(edited.level >= Level::L3, "{:?}", edited.level);
    shop.load("no spare entries", &edited.bytes);
    if let Some(stripped) = shop.binutils_strip(&edited.bytes) {
        shop.load("no spare entries, then binutils strip", &stripped);
    }
    // Two spare entries come with the move.
    let next = edit(
        &edited.bytes,
        &Edits {
            soname: Some("libnext.so".into()),
            ..Edits::default()
        },
    );
    assert!(next.level < Level::L3, "{:?}", next.level);
    shop.load("no spare entries, twice", &next.bytes);
}

// patchelf#162, #45, #315: names that share their end with a changed name were changed with it.
#[test]
fn a_symbol_that_shares_bytes_with_an_old_name_keeps_its_name() {
    let shop = shop!();
    let dep = shop.path(DEP_NAME).display().to_string();
    shop.link(
        "shared.so",
        "lib.c",
        &["-Wl,-soname,new_lib_f", "-Wl,-rpath,/x/lib_f", &dep],
    )
    .unwrap();
    let bytes = fs::read(shop.path("shared.so")).unwrap();
    let edited = edit(&bytes, &repair());
    let names = |bytes: &[u8]| {
        read(bytes)
            .symbols
            .iter()
            .map(|symbol| symbol.name.to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&bytes), names(&edited.bytes));
    assert!(names(&edited.bytes).contains("lib_f"));
    shop.load("shared names", &edited.bytes);
}

// patchelf#370: each edit made the file grow by pages.
#[test]
fn twenty_edits_in_a_row_grow_by_their_names_only() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,--spare-dynamic-tags=0"],
        &["-Wl,-z,max-page-size=0x200000"],
        &["-fuse-ld=lld"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let first = edit(&original, &repair()).bytes;
        let mut bytes = first.to_vec();
        let mut names = 0;
        for round in 0..20 {
            let soname = format!("libshape-round-{round:02}-{}.so", "x".repeat(100 + round));
            let path = format!("$ORIGIN/{}:$ORIGIN", "y".repeat(300 + round));
            names += soname.len() + path.len() + 2;
            let kind = if round % 2 == 0 {
                RunPathKind::Runpath
            } else {
                RunPathKind::Rpath
            };
            let edits = Edits {
                soname: Some(soname.into()),
                run_path: set_path(kind, &path),
                ..Edits::default()
            };
            bytes = edit(&bytes, &edits).bytes.into();
            shop.load(&format!("{flags:?}, edit {round}"), &bytes);
        }
        // A table or two may have moved for good.
        let most = first.len() + names + 16 * 1024;
        assert!(
            bytes.len() < most,
            "{flags:?}: {} of at most {most}",
            bytes.len()
        );
        if let Some(stripped) = shop.binutils_strip(&bytes) {
            shop.load(
                &format!("{flags:?}, twenty edits then binutils strip"),
                &stripped,
            );
        }
    }
}

#[test]
fn shorter_names_fit_and_one_kind_of_run_path_stays() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    for kind in [RunPathKind::Rpath, RunPathKind::Runpath] {
        let edits = Edits {
            soname: Some("l".into()),
            run_path: set_path(kind, "$ORIGIN"),
            ..Edits::default()
        };
        let edited = edit(&original, &edits);
        let facts = read(&edited.bytes);
        assert_eq!(facts.run_path.as_ref().map(|path| path.kind), Some(kind));
        assert!(facts.rpath.is_none() || facts.runpath.is_none());
        shop.load("short names", &edited.bytes);
    }
    let none = edit(
        &original,
        &Edits {
            run_path: Some(RunPathEdit::Remove),
            ..Edits::default()
        },
    );
    assert_eq!(
        (read(&none.bytes).load.rpath, read(&none.bytes).load.runpath),
        (None, None)
    );
}

// patchelf#193, #359, #361: several changes in one call got in each other's way.
#[test]
fn all_edits_at_once_say_the_same_as_one_after_the_other() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let at_once = read(&edit(&original, &repair()).bytes);
    let whole = repair();
    let mut bytes = original;
    for edits in [
        Edits {
            run_path: whole.run_path.clone(),
            ..Edits::default()
        },
        Edits {
            rename_needed: whole.rename_needed.clone(),
            ..Edits::default()
        },
        Edits {
            soname: whole.soname.clone(),
            ..Edits::default()
        },
    ] {
        bytes = edit(&bytes, &edits).bytes.into();
    }
    assert_eq!(at_once, read(&bytes));
}

// patchelf#84, #85, #115: version needs that do not follow make glibc abort.
#[test]
fn a_removed_need_takes_its_versions_along() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let edits = Edits {
        remove_needed: BTreeSet::from([DEP_NAME.into()]),
        ..Edits::default()
    };
    let edited = edit(&original, &edits);
    let facts = read(&edited.bytes);
    assert!(!facts.needed.iter().any(|name| name.as_str() == DEP_NAME));
    assert!(
        !facts
            .version_needs
            .iter()
            .any(|need| need.file.as_str() == DEP_NAME)
    );
    let symbol = facts
        .symbols
        .iter()
        .find(|symbol| symbol.name == "dep_answer")
        .unwrap();
    assert_eq!((symbol.version, symbol.version_file), (None, None));
    // With the dependency loaded by other means the library works.
    let tried = shop.path("without.so");
    fs::write(&tried, &edited.bytes).unwrap();
    let mut command = Command::new(shop.path("load"));
    run(command.arg(&tried).env("LD_PRELOAD", shop.path(DEP_NAME))).unwrap();
}

#[test]
fn removing_every_versioned_need_leaves_no_empty_table() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let names: BTreeSet<Soname> = read(&original)
        .version_needs
        .into_iter()
        .map(|need| need.file)
        .collect();
    let edited = edit(
        &original,
        &Edits {
            remove_needed: names,
            ..Edits::default()
        },
    );
    assert!(read(&edited.bytes).version_needs.is_empty());
}
