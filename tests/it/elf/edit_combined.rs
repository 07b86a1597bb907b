//! Edits of several kinds in one go, and what is left when the last version goes: loaded by glibc,
//! whose loader goes by the versions more than any other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::elf_workshop::*;
use crate::support::tools::tool;
use wheelfix::elf::{Edits, MoreEdits, Relr, Soname, Strip};

fn renames(pairs: &[(&str, &str)]) -> MoreEdits {
    let pairs = pairs.iter();
    MoreEdits {
        rename_symbols: pairs
            .map(|&(old, new)| (old.to_owned(), new.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..MoreEdits::default()
    }
}

#[test]
fn symbols_are_renamed_together_with_every_other_edit() {
    let shop = shop!();
    for flags in [
        &["-Wl,--hash-style=gnu", "-Wl,-z,pack-relative-relocs"][..],
        &["-Wl,--hash-style=both", "-Wl,--spare-dynamic-tags=0"],
        &["-Wl,--hash-style=sysv", "-Wl,-z,now"],
        &["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        for (strip, relr) in [
            (Strip::None, Relr::Expand),
            (Strip::Debug, Relr::Keep),
            (Strip::All, Relr::Expand),
        ] {
            let edits = Edits {
                strip,
                relr,
                more: renames(&[
                    ("lib_f", "a_much_longer_name_than_before"),
                    ("my_init", "i"),
                ]),
                ..repair()
            };
            let edited = edit(&original, &edits);
            let facts = read(&edited.bytes);
            let defines = |name| facts.symbols.iter().any(|it| it.defined && it.name == name);
            assert!(defines("a_much_longer_name_than_before") && defines("i"));
            assert!(!defines("lib_f") && !defines("my_init"));
            shop.load(&format!("{flags:?} {strip:?} {relr:?}"), &edited.bytes);
        }
        // With a need taken away its symbols lose their version, renamed or not.
        let edits = Edits {
            remove_needed: BTreeSet::from([Soname::from(DEP_NAME)]),
            strip: Strip::All,
            relr: Relr::Expand,
            more: renames(&[("dep_other", "dep_answer"), ("lib_f", "lib_g")]),
            ..Edits::default()
        };
        let edited = edit(&original, &edits);
        fs::write(shop.path("tried.so"), &edited.bytes).unwrap();
        let mut command = Command::new(shop.path("load"));
        command.env("LD_PRELOAD", shop.path(DEP_NAME));
        let status = command.arg(shop.path("tried.so")).status().unwrap();
        assert_eq!(status.code(), Some(3), "{flags:?}: 40 + 1 + 40 is not 42");
    }
}

// glibc's loader crashes on DT_VERSYM without a list of versions.
#[test]
fn a_library_whose_last_versioned_need_is_gone_still_loads() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,--hash-style=sysv", "-Wl,-z,now"],
        &["-fuse-ld=lld"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let needs = read(&original).version_needs;
        for more in [MoreEdits::default(), renames(&[("lib_f", "lib_g")])] {
            let edits = Edits {
                remove_needed: needs.iter().map(|need| need.file.clone()).collect(),
                more,
                ..Edits::default()
            };
            let edited = edit(&original, &edits);
            assert!(read(&edited.bytes).version_needs.is_empty());
            fs::write(shop.path("tried.so"), &edited.bytes).unwrap();
            let dep = shop.path(DEP_NAME).display().to_string();
            let mut command = Command::new(shop.path("load"));
            command.arg(shop.path("tried.so"));
            run(command.env("LD_PRELOAD", format!("{dep} libgcc_s.so.1"))).unwrap();
        }
    }
}

/// A program at a fixed address has a copy of the library's data, under the library's version.
const COPIES: &str = r#"
#include <stdio.h>
extern char **environ;
int counter = 40;
int twice(int x) { return 2 * x; }
int main(int argc, char **argv) {
  (void)argv;
  if (!environ) return 1;
  fprintf(stdout, "%d\n", twice(argc));
  return counter + twice(argc);
}
"#;

#[test]
fn a_program_at_a_fixed_address_loses_its_copies_versions_with_their_library() {
    let shop = shop!();
    fs::write(shop.path("copies.c"), COPIES).unwrap();
    for flags in [
        &["-no-pie", "-fno-pie", "-rdynamic"][..],
        &["-no-pie", "-fno-pie"],
        &["-no-pie", "-fno-pie", "-rdynamic", "-Wl,--hash-style=sysv"],
    ] {
        let mut command = tool("gcc");
        command.args(["-O1", "-o"]).arg(shop.path("copies"));
        run(command.arg(shop.path("copies.c")).args(flags)).unwrap();
        let original = fs::read(shop.path("copies")).unwrap();
        for more in [
            MoreEdits::default(),
            renames(&[("counter", "count"), ("twice", "a_longer_name_of_twice")]),
        ] {
            let edits = Edits {
                remove_needed: BTreeSet::from([Soname::from("libc.so.6")]),
                more,
                ..Edits::default()
            };
            let edited = edit(&original, &edits);
            let path = shop.path("edited");
            let _ = fs::remove_file(&path);
            fs::write(&path, &edited.bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = Command::new(&path);
            let output = outcome(command.env("LD_PRELOAD", "libc.so.6")).unwrap();
            assert_eq!(output.status.code(), Some(42), "{flags:?}");
            assert_eq!(output.stdout, b"2\n");
        }
    }
}
