//! The ELF editor against what other tools leave behind, programs, and strip.
//!
//! The files are built here with the machine's C compiler; without one the tests pass over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::support::elf_workshop::*;
use crate::support::tools::{has, tool};
use wheelfix::elf::{self, Edits, ErrorKind, Relr, Strip};

// patchelf#583, #66: files without section headers.
#[test]
fn files_without_section_headers_can_be_edited() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,--spare-dynamic-tags=0"],
        &["-Wl,-z,max-page-size=0x200000"],
        &["-fuse-ld=lld"],
    ] {
        let Some(mut bytes) = shop.shape(flags) else {
            continue;
        };
        let sections_at =
            usize::try_from(u64::from_le_bytes(bytes[40..48].try_into().unwrap())).unwrap();
        bytes[40..48].fill(0);
        bytes[60..64].fill(0);
        bytes.truncate(sections_at);
        assert!(!read(&bytes).has_section_headers);
        let edited = put_through(&shop, "no section headers", &bytes);
        let again = edit(
            &edited.bytes,
            &Edits {
                soname: Some("z".repeat(200).into()),
                ..Edits::default()
            },
        );
        shop.load("no section headers, twice", &again.bytes);
        assert!(again.bytes.len() < edited.bytes.len() + 8192);
    }
}

#[test]
fn what_was_appended_to_a_file_stays_at_its_end() {
    let shop = shop!();
    let mut bytes = shop.shape(&["-Wl,--spare-dynamic-tags=0"]).unwrap();
    let payload = b"PAYLOAD of some installer\0\0\x01";
    bytes.extend_from_slice(payload);
    for strip in [Strip::None, Strip::All] {
        let edited = edit(&bytes, &Edits { strip, ..repair() });
        assert!(edited.bytes.ends_with(payload));
        shop.load("with payload", &edited.bytes);
    }
}

// patchelf#240: the section found by its name was another one.
#[test]
fn a_second_section_of_the_same_name_is_no_trap() {
    let shop = shop!();
    if !has("objcopy") {
        return;
    }
    shop.shape(&[]).unwrap();
    fs::write(shop.path("content"), b"something else").unwrap();
    for name in [".shstrtab", ".strtab"] {
        let mut command = tool("objcopy");
        command.arg(format!(
            "--add-section={name}={}",
            shop.path("content").display()
        ));
        run(command
            .arg(shop.path("libshape.so.1"))
            .arg(shop.path("twice.so")))
        .unwrap();
        put_through(&shop, name, &fs::read(shop.path("twice.so")).unwrap());
    }
}

// patchelf#217, #275, #400: notes split, moved apart or at other alignments.
#[test]
fn notes_keep_their_bytes_and_alignment() {
    let shop = shop!();
    let extra = r#"
__attribute__((section(".note.one"), aligned(4), used)) static const int note_one[] = { 4, 4, 1, 0x656e6f, 7 };
__attribute__((section(".note.two"), aligned(8), used)) static const int note_two[] = { 4, 4, 1, 0x6f7774, 9, 0 };
"#;
    fs::write(shop.path("lib.c"), format!("{LIB}{extra}")).unwrap();
    let original = shop
        .shape(&["-Wl,--build-id", "-Wl,--spare-dynamic-tags=0"])
        .unwrap();
    let edited = put_through(&shop, "several notes", &original);
    assert!(read(&original).build_id.is_some());
    assert_eq!(read(&original).build_id, read(&edited.bytes).build_id);
}

#[test]
fn packed_relocations_can_be_written_out() {
    let shop = shop!();
    for flags in [
        &["-Wl,-z,pack-relative-relocs"][..],
        &["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let packed = read(&original);
        if packed.relr.is_none() {
            continue;
        }
        let edited = put_through(&shop, "packed relocations", &original);
        for edits in [
            Edits {
                relr: Relr::Expand,
                ..repair()
            },
            Edits {
                relr: Relr::Expand,
                strip: Strip::All,
                ..repair()
            },
        ] {
            let expanded = edit(&original, &edits);
            let facts = read(&expanded.bytes);
            assert_eq!(facts.relr, None);
            let versions = facts.version_needs.iter().flat_map(|need| &need.versions);
            assert!(
                versions
                    .clone()
                    .all(|version| version.name != "GLIBC_ABI_DT_RELR")
            );
            shop.load("relocations written out", &expanded.bytes);
            if let Some(stripped) = shop.binutils_strip(&expanded.bytes) {
                shop.load("relocations written out, then binutils strip", &stripped);
            }
            let later = edit(&edited.bytes, &edits);
            shop.load("relocations written out later", &later.bytes);
        }
    }
}

#[test]
fn programs_still_start() {
    let shop = shop!();
    fs::write(
        shop.path("main.c"),
        "extern int answer(void); int main(void) { return answer() == 42 ? 0 : 3; }",
    )
    .unwrap();
    shop.shape(&[]).unwrap();
    for flags in [
        &["-pie", "-fPIE"][..],
        &["-no-pie", "-fno-pie"],
        &["-pie", "-fPIE", "-Wl,--spare-dynamic-tags=0"],
    ] {
        let mut command = tool("gcc");
        command
            .args(flags)
            .arg("-o")
            .arg(shop.path("program"))
            .arg(shop.path("main.c"));
        command
            .arg(shop.path("libshape.so.1"))
            .arg(shop.path(DEP_NAME))
            .arg("-Wl,-rpath,$ORIGIN");
        run(&mut command).unwrap();
        put_program_through(fs::read(shop.path("program")).unwrap(), |_, bytes| {
            fs::write(shop.path("program"), bytes).unwrap();
            run(&mut Command::new(shop.path("program"))).unwrap();
        });
    }
}

#[test]
fn nothing_asked_gives_the_same_bytes() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let unknown = Edits {
        rename_needed: BTreeMap::from([("libunknown.so".into(), "libother.so".into())]),
        remove_needed: BTreeSet::from(["libabsent.so".into()]),
        relr: Relr::Expand,
        ..Edits::default()
    };
    for edits in [Edits::default(), unknown] {
        let edited = edit(&original, &edits);
        assert!(!edited.changed);
        assert_eq!(edited.bytes, original);
    }
}

#[test]
fn strip_is_as_small_as_that_of_binutils_and_estimated_exactly() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    for strip in [Strip::None, Strip::Debug, Strip::All] {
        let edited = edit(
            &original,
            &Edits {
                strip,
                ..Edits::default()
            },
        );
        let saved = (original.len() - edited.bytes.len()) as u64;
        assert_eq!(elf::strippable(&original, strip).unwrap(), saved);
    }
    if let Some(theirs) = shop.binutils_strip(&original) {
        let ours = edit(
            &original,
            &Edits {
                strip: Strip::All,
                ..Edits::default()
            },
        )
        .bytes;
        assert!(
            ours.len() <= theirs.len(),
            "{} > {}",
            ours.len(),
            theirs.len()
        );
    }
    let object = shop.path("lib.o");
    run(tool("gcc")
        .arg("-c")
        .arg("-o")
        .arg(&object)
        .arg(shop.path("lib.c")))
    .unwrap();
    assert_eq!(
        elf::strippable(&fs::read(object).unwrap(), Strip::All).unwrap(),
        0
    );
}

// patchelf 0.17 leaves the old place of a table empty each time it moves one; 0.19 fills most of it.
#[test]
fn strip_closes_the_holes_that_patchelf_leaves() {
    let shop = shop!();
    if !has("patchelf") {
        return;
    }
    shop.shape(&["-Wl,-z,noseparate-code"]).unwrap();
    let file = shop.path("libshape.so.1");
    for round in 1..4 {
        let path = format!("$ORIGIN:/{}", "p".repeat(20_000 * round));
        run(tool("patchelf-0.17")
            .arg("--set-rpath")
            .arg(path)
            .arg(&file))
        .unwrap();
    }
    let holey = fs::read(&file).unwrap();
    let edits = Edits {
        strip: Strip::All,
        ..repair()
    };
    let edited = edit(&holey, &edits);
    shop.load("patchelf three times, then a repair", &edited.bytes);
    assert_eq!(
        elf::strippable(&holey, Strip::All).unwrap(),
        (holey.len()
            - edit(
                &holey,
                &Edits {
                    strip: Strip::All,
                    ..Edits::default()
                }
            )
            .bytes
            .len()) as u64
    );
    let (now, then) = (edited.bytes.len(), holey.len());
    assert!(now + 30_000 < then, "{now} of {then}");
    // And patchelf can still work on what an edit leaves.
    let plain = edit(&shop.shape(&[]).unwrap(), &repair());
    fs::write(&file, &plain.bytes).unwrap();
    run(tool("patchelf")
        .args(["--set-soname", "libpatched.so"])
        .arg(&file))
    .unwrap();
    shop.load_file("a repair, then patchelf", &file);
}

#[test]
fn an_object_file_is_read_but_gets_no_name() {
    let shop = shop!();
    let object = shop.path("lib.o");
    run(tool("gcc")
        .arg("-c")
        .arg("-o")
        .arg(&object)
        .arg(shop.path("lib.c")))
    .unwrap();
    let bytes = fs::read(object).unwrap();
    assert!(!read(&bytes).dynamic);
    let error = elf::edit(&bytes, &repair()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uneditable);
    assert!(!error.is_malformed_input());
}

// Sixty thousand symbol tables over the same bytes took a minute to compare.
#[test]
fn a_file_with_very_many_symbol_tables_is_refused_at_once() {
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/machines/aarch64/libspam_leaf.so.1"
    );
    let mut bytes = fs::read(fixture).unwrap();
    let number = |bytes: &[u8], at: usize, size: usize| {
        let little = bytes[at..at + size].iter().rev();
        little.fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    let (headers, count) = (number(&bytes, 40, 8), number(&bytes, 60, 2));
    let old = bytes[headers..headers + count * 64].to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let symbols = bytes.len();
    bytes.resize(symbols + 24 * 40_000, 0);
    let mut section = [0; 64];
    section[4] = 2;
    section[24..32].copy_from_slice(&(symbols as u64).to_le_bytes());
    section[32..40].copy_from_slice(&(24 * 40_000_u64).to_le_bytes());
    let moved = bytes.len() as u64;
    bytes.extend(old);
    bytes.extend(section.repeat(60_000));
    bytes[40..48].copy_from_slice(&moved.to_le_bytes());
    bytes[60..62].copy_from_slice(&u16::try_from(count + 60_000).unwrap().to_le_bytes());
    let strip = Edits {
        strip: Strip::Debug,
        ..Edits::default()
    };
    for edits in [repair(), strip] {
        let error = elf::edit(&bytes, &edits).unwrap_err();
        assert!(error.to_string().contains("symbol tables"), "{error}");
    }
}
