//! Hostile and broken archives: the two headers of an entry, its name and its mode. Each is refused by the rule it breaks,
//! in one clear line, or taken where it is odd but legal.

use crate::support::hostile::{accepted, refused};
use crate::support::wheel_builder::{
    DEFLATED, STORED, WheelBuilder, Zip, ZipEntry, extra, unicode_path,
};
use wheelfix::wheel::{Note, Rule};

fn demo() -> WheelBuilder {
    WheelBuilder::default()
        .file("demo/a.py", "print('a')\n".repeat(20))
        .file("demo/b.bin", "bytes")
}

fn demo_zip() -> Zip {
    demo().zip()
}

// 10–12: odd but legal

#[test]
fn zip64_sizes_of_a_small_file_are_taken() {
    let mut zip = demo_zip();
    for entry in &mut zip.entries {
        entry.long_sizes();
    }
    assert_eq!(accepted(&zip).notes, []);
}

/// Bazel writes both sizes into every local header and its extra field (protobuf 7.36.2).
#[test]
fn sizes_said_twice_in_a_local_header_are_taken_where_they_agree() {
    for wrong in [0, 1] {
        let mut zip = demo_zip();
        let local = &mut zip.entry("demo/b.bin").local;
        let (size, compressed) = (u64::from(local.size), u64::from(local.compressed_size));
        let sizes = [(size + wrong).to_le_bytes(), compressed.to_le_bytes()].concat();
        local.extra = extra(1, &sizes);
        match wrong {
            0 => assert_eq!(accepted(&zip).notes, []),
            _ => drop(refused(&zip.build(), Rule::Zip64)),
        }
    }
}

#[test]
fn correct_data_descriptors_of_all_four_shapes_are_taken() {
    for (signature, long) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut zip = demo_zip();
        for entry in &mut zip.entries {
            entry.stream(signature, long);
        }
        assert_eq!(accepted(&zip).notes, []);
    }
}

#[test]
fn a_data_descriptor_after_sizes_that_were_known_is_taken() {
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    let (crc32, compressed_size, size) = (
        entry.local.crc32,
        entry.local.compressed_size,
        entry.local.size,
    );
    entry.stream(true, false);
    (
        entry.local.crc32,
        entry.local.compressed_size,
        entry.local.size,
    ) = (crc32, compressed_size, size);
    accepted(&zip);
}

#[test]
fn times_and_owners_in_extra_fields_are_taken() {
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.local.extra = extra(0x5455, &[3, 0, 0, 0, 0, 0, 0, 0, 0]);
    entry.central.extra = extra(0x5455, &[3, 0, 0, 0, 0]);
    accepted(&zip);
}

#[test]
fn directory_entries_are_taken() {
    let zip = demo().file("demo/", "").file("demo.libs/", "").zip();
    let wheel = accepted(&zip);
    assert!(
        wheel
            .archive
            .get("demo")
            .is_some_and(|entry| entry.is_directory)
    );
}

#[test]
fn a_wrong_or_missing_data_descriptor_is_refused() {
    for position in 0..16 {
        let mut zip = demo_zip();
        let entry = zip.entry("demo/a.py");
        entry.stream(true, false);
        entry.after[position] ^= 1;
        refused(&zip.build(), Rule::Descriptor);
    }
    for length in [0, 4, 11, 13, 17] {
        let mut zip = demo_zip();
        let entry = zip.entry("demo/a.py");
        entry.stream(true, false);
        entry.after.resize(length, 0);
        refused(&zip.build(), Rule::Descriptor);
    }
    // One that no flag announces.
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.after = vec![0; 16];
    refused(&zip.build(), Rule::Unlisted);
}

// 13–15: the two headers

#[test]
fn a_local_name_unlike_the_central_one_is_refused_and_both_are_shown() {
    let mut zip = demo_zip();
    zip.entry("demo/b.bin").local.name = b"demo/\x1b.bin".to_vec();
    let error = refused(&zip.build(), Rule::Disagree);
    assert!(error.detail.contains("`demo/b.bin`") && error.detail.contains("`demo/\\u{1b}.bin`"));
    let mut zip = demo_zip();
    zip.entry("demo/b.bin").local.name = b"demo/b.bin.exe".to_vec();
    refused(&zip.build(), Rule::Disagree);
}

#[test]
fn local_fields_unlike_the_central_ones_are_refused() {
    let lies: [fn(&mut ZipEntry); 6] = [
        |entry| entry.local.crc32 ^= 1,
        |entry| entry.local.size += 1,
        |entry| entry.local.compressed_size -= 1,
        |entry| entry.local.method = STORED,
        |entry| entry.local.flags |= 1,
        |entry| entry.local.flags |= 1 << 3,
    ];
    for (number, lie) in lies.iter().enumerate() {
        let mut zip = demo_zip();
        lie(zip.entry("demo/a.py"));
        let error = refused(&zip.build(), Rule::Disagree);
        assert_eq!(error.entry.as_deref(), Some("demo/a.py"), "{number}");
    }
    // Zero sizes in front are only for entries with a descriptor.
    let mut zip = demo_zip();
    zip.entry("demo/a.py").local.size = 0;
    refused(&zip.build(), Rule::Disagree);
}

#[test]
fn an_entry_the_directory_does_not_list_is_refused_wherever_it_stands() {
    for position in 0..=5 {
        let mut zip = demo_zip();
        let mut hidden = ZipEntry::new("demo/hidden.py", b"evil", STORED);
        hidden.unlisted = true;
        zip.entries.insert(position, hidden);
        refused(&zip.build(), Rule::Unlisted);
    }
}

#[test]
fn a_listed_entry_without_local_header_is_refused() {
    let mut zip = demo_zip();
    let mut ghost = ZipEntry::new("demo/ghost.py", b"", STORED);
    ghost.centrally_only = true;
    zip.entries.insert(1, ghost);
    refused(&zip.build(), Rule::Overlap);
    let mut zip = demo_zip();
    zip.entry("demo/a.py").local.signature = *b"PK\x03\x05";
    refused(&zip.build(), Rule::Local);
    let mut zip = demo_zip();
    zip.entry("demo/a.py").central.offset = Some(5);
    refused(&zip.build(), Rule::Unlisted);
    let mut zip = demo_zip();
    zip.entry("demo/b.bin").central.offset = Some(u32::MAX - 1);
    refused(&zip.build(), Rule::Unlisted);
}

// 16–25: names and modes

#[test]
fn a_name_that_stands_twice_is_refused_whatever_the_bodies() {
    for body in ["print('a')\n".repeat(20), "other".to_owned()] {
        let mut zip = demo_zip();
        zip.entries
            .push(ZipEntry::new("demo/a.py", body.as_bytes(), DEFLATED));
        refused(&zip.build(), Rule::Duplicate);
    }
}

#[test]
fn names_that_differ_only_in_case_are_noted() {
    let zip = demo().file("Demo/A.py", "other").zip();
    assert_eq!(
        accepted(&zip).notes,
        [Note::SameButForCase {
            first: "demo/a.py".into(),
            second: "Demo/A.py".into()
        }]
    );
}

#[test]
fn a_file_that_is_also_a_directory_is_refused() {
    for other in ["demo", "demo/a.py/", "demo/a.py/x", "demo/a.py/x/y/z"] {
        let zip = demo()
            .file("demo-x", "")
            .file("demo.y", "")
            .file(other, "")
            .zip();
        refused(&zip.build(), Rule::FileAndDirectory);
    }
}

#[test]
fn names_that_leave_the_wheel_or_are_not_normal_are_refused() {
    let names = [
        "../x",
        "a/../../x",
        "demo/..",
        "/etc/x",
        "C:\\x",
        "C:/x",
        "\\\\srv\\x",
        "demo\\x",
        "./demo/x",
        "demo//x",
        "demo/./x",
        "//",
        "/",
    ];
    for name in names {
        refused(&demo().file(name, "x").build(), Rule::Name);
    }
    let mut zip = demo_zip();
    zip.entry("demo/b.bin").both(|header| header.name.clear());
    refused(&zip.build(), Rule::Name);
}

#[test]
fn control_characters_in_names_are_refused_and_shown_escaped() {
    for name in [
        "demo/a\0b",
        "demo/a\nb",
        "demo/\u{1b}[2Jx",
        "demo/\u{7f}",
        "demo/\u{85}",
    ] {
        let error = refused(&demo().file(name, "x").build(), Rule::Name);
        assert!(!error.to_string().chars().any(char::is_control));
    }
}

#[test]
fn names_whose_encoding_readers_differ_on_are_refused() {
    let mut zip = demo_zip();
    zip.entry("demo/b.bin")
        .both(|header| header.name = b"demo/caf\x82".to_vec());
    refused(&zip.build(), Rule::NameEncoding);
    let mut zip = demo_zip();
    zip.entry("demo/b.bin")
        .both(|header| header.name = "demo/café".into());
    refused(&zip.build(), Rule::NameEncoding);
    let mut zip = demo_zip();
    zip.entry("demo/b.bin").both(|header| {
        header.name = b"demo/caf\xe9".to_vec();
        header.flags |= 1 << 11;
    });
    refused(&zip.build(), Rule::NameEncoding);
}

#[test]
fn utf8_names_marked_as_such_are_taken() {
    let wheel = accepted(&demo().file("demo/naïve-日本.py", "x").zip());
    assert!(wheel.archive.get("demo/naïve-日本.py").is_some());
}

#[test]
fn a_unicode_path_unlike_the_name_is_refused_and_one_like_it_taken() {
    let field = |path: &[u8]| unicode_path(b"demo/b.bin", path);
    for central in [false, true] {
        let mut zip = demo_zip();
        let entry = zip.entry("demo/b.bin");
        let header = if central {
            &mut entry.central
        } else {
            &mut entry.local
        };
        header.extra = field(b"demo/evil.bin");
        refused(&zip.build(), Rule::NameEncoding);
    }
    let mut zip = demo_zip();
    zip.entry("demo/b.bin")
        .both(|header| header.extra = field(b"demo/b.bin"));
    accepted(&zip);
}

#[test]
fn links_devices_and_pipes_are_refused() {
    for kind in [
        0o120_000,
        0o010_000,
        0o020_000,
        0o060_000,
        0o140_000,
        0o040_000,
        0o170_000_u32,
    ] {
        for made_by in [3 << 8, 0] {
            let mut zip = demo_zip();
            let entry = zip.entry("demo/b.bin");
            entry.central.external = (kind | 0o777) << 16;
            entry.central.made_by = made_by;
            refused(&zip.build(), Rule::Kind);
        }
    }
    let mut zip = demo().file("demo/x/", "").zip();
    zip.entry("demo/x/").central.external = 0o100_644 << 16;
    refused(&zip.build(), Rule::Kind);
    refused(&demo().file("demo/x/", "contents").build(), Rule::Kind);
}

#[test]
fn modes_are_masked_and_dangerous_ones_noted() {
    let cases = [
        (0o100_644, Some(0o644), false),
        (0o100_664, Some(0o644), false),
        (0o600, Some(0o644), false),
        (0o100_711, Some(0o755), false),
        (0o104_755, Some(0o755), true),
        (0o102_644, Some(0o644), true),
        (0o100_666, Some(0o644), true),
        (0, None, false),
    ];
    for (mode, masked, noted) in cases {
        let mut zip = demo_zip();
        zip.entry("demo/b.bin").central.external = mode << 16;
        let wheel = accepted(&zip);
        assert_eq!(
            wheel.archive.get("demo/b.bin").unwrap().mode,
            masked,
            "{mode:o}"
        );
        assert_eq!(!wheel.notes.is_empty(), noted, "{mode:o}");
    }
}
