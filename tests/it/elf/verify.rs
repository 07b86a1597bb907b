//! The proof behind every edit: whatever byte of the result is another one, it says no.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::elf_workshop::*;
use crate::support::tools::tool;
use object::{Object, ObjectSection};
use wheelfix::elf::{self, Edits, MoreEdits, Relr, Soname, Strip};

/// Which bytes somebody reads: all that are not zero, and all of loaded sections but the entries of
/// the dynamic section behind its last; of the section with `leavings` only what is not zero.
fn is_read(bytes: &[u8], leavings: Option<&str>) -> Vec<bool> {
    let file = object::File::parse(bytes).unwrap();
    let mut read: Vec<bool> = bytes.iter().map(|&byte| byte != 0).collect();
    // What the header of an empty section says of its place is nobody's business.
    let (size, at) = if file.is_64() { (64, 40) } else { (40, 32) };
    let mut start: Vec<u8> = bytes[at..at + size / 8].to_vec();
    if !file.is_little_endian() {
        start.reverse();
    }
    let number = |number: usize, &byte: &u8| number << 8 | usize::from(byte);
    let headers = start.iter().rev().fold(0, number);
    for section in file.sections() {
        if section.file_range().is_none_or(|(_, size)| size == 0) {
            let header = headers + section.index().0 * size;
            read[header..header + size].fill(false);
        }
    }
    for section in file.sections().filter(|section| section.address() != 0) {
        let (start, mut size) = section.file_range().unwrap_or_default();
        if section.name() == Ok(".dynamic") {
            let entry = if file.is_64() { 16 } else { 8 };
            let tags = section.data().unwrap().chunks_exact(entry);
            let last =
                tags.take_while(|entry| entry[..entry.len() / 2].iter().any(|&byte| byte != 0));
            // Of the entry that ends it the tag is read.
            size = (last.count() * entry + entry / 2) as u64;
        }
        let range = usize::try_from(start).unwrap()..usize::try_from(start + size).unwrap();
        if Some(section.name().unwrap()) != leavings {
            read[range].fill(true);
        }
    }
    read
}

/// Edits a file, then gives each byte that is read three other values: verify must notice.
fn notices_everything(what: &str, original: &[u8], edits: &Edits) -> Vec<u8> {
    let leavings = (!edits.remove_needed.is_empty()).then_some(".gnu.version_r");
    let edited = edit(original, edits);
    assert!(edited.changed, "{what}");
    let mut broken = edited.bytes.to_vec();
    let mut unnoticed = Vec::new();
    for (place, _) in is_read(&broken, leavings)
        .into_iter()
        .enumerate()
        .filter(|&(_, read)| read)
    {
        let byte = broken[place];
        for other in [byte ^ 0x55, byte ^ 1, 0] {
            broken[place] = other;
            if other != byte && elf::verify(original, &broken, edits).is_ok() {
                unnoticed.push((place, byte, other));
            }
        }
        broken[place] = byte;
    }
    assert!(unnoticed.is_empty(), "{what}: {unnoticed:x?}");
    broken
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let shop = shop!();
    // patchelf fills what it leaves with these letters: in a section they are no filler.
    let letters = "const char letters[] = \"XXZZ\"; char written[] = \"XZ\";";
    fs::write(shop.path("letters.c"), letters).unwrap();
    let letters = shop.path("letters.c").display().to_string();
    let original = shop.shape(&["-Wl,--hash-style=both", &letters]).unwrap();
    let edits = Edits {
        strip: Strip::All,
        ..repair()
    };
    let mut broken = notices_everything("stripped", &original, &edits);
    let edited = broken.clone();
    let file = object::File::parse(&*edited).unwrap();
    let constants = file.section_by_name(".rodata").unwrap();
    let in_section = constants.data().unwrap();
    let place = in_section.windows(5).position(|bytes| bytes == b"XXZZ\0");
    let place = place.unwrap() as u64 + 1;
    broken[usize::try_from(constants.file_range().unwrap().0 + place).unwrap()] = b'Y';
    let error = elf::verify(&original, &broken, &edits).unwrap_err();
    let address = constants.address() + place;
    let expected = format!("bytes at address {address:#x} (in .rodata) differ");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn a_changed_byte_is_noticed_after_every_kind_of_edit() {
    let shop = shop!();
    let packed = shop.shape(&["-Wl,-z,pack-relative-relocs", "-g0"]).unwrap();
    let plain = shop.shape(&["-g0", "-Wl,--hash-style=both"]).unwrap();
    let full = shop.shape(&["-g0", "-Wl,--spare-dynamic-tags=0"]).unwrap();
    let unpacked = Edits {
        relr: Relr::Expand,
        ..Edits::default()
    };
    notices_everything("unpacked", &packed, &unpacked);
    notices_everything("a name, packed", &packed, &repair());
    notices_everything("no spare entry", &full, &repair());
    let removed = Edits {
        remove_needed: BTreeSet::from([Soname::from(DEP_NAME)]),
        ..Edits::default()
    };
    notices_everything("a need removed", &plain, &removed);
    let more = Edits {
        more: MoreEdits {
            add_needed: vec!["libmore.so".into()],
            exec_stack: Some(true),
            os_abi: Some(3),
            no_default_libraries: true,
            ..MoreEdits::default()
        },
        ..Edits::default()
    };
    notices_everything("headers", &plain, &more);
    let renamed = Edits {
        more: MoreEdits {
            rename_symbols: BTreeMap::from([("lib_f".into(), "another_name".into())]),
            ..MoreEdits::default()
        },
        ..Edits::default()
    };
    notices_everything("a symbol renamed", &plain, &renamed);
    fs::write(shop.path("main.c"), "int main(void) { return 0; }").unwrap();
    let program = shop.path("program");
    let mut command = tool("gcc");
    command.args(["-g0", "-s", "-o"]).arg(&program);
    run(command.arg(shop.path("main.c"))).unwrap();
    let started = Edits {
        more: MoreEdits {
            interpreter: Some("/opt/another/folder/ld-linux.so.2".into()),
            ..MoreEdits::default()
        },
        ..Edits::default()
    };
    notices_everything("an interpreter", &fs::read(&program).unwrap(), &started);
}

#[test]
fn a_changed_byte_is_noticed_in_files_of_every_machine() {
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/machines");
    let mut tried = 0;
    for machine in ["aarch64", "armv7l", "i686", "ppc64le", "riscv64", "s390x"] {
        let original = fs::read(machines.join(machine).join("libspam_leaf.so.1")).unwrap();
        for strip in [Strip::None, Strip::All] {
            let edits = Edits {
                soname: Some(NEW_NAME.into()),
                relr: Relr::Expand,
                strip,
                ..repair()
            };
            notices_everything(machine, &original, &edits);
            tried += 1;
        }
    }
    assert_eq!(tried, 12);
}
