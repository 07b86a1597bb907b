//! Hostile and broken wheels: each is refused by the rule it breaks, in one clear line, or taken
//! where it is odd but legal. Files that break a rule of the wheel itself are in
//! `hostile_wheel.rs`.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod support;

use std::time::{Duration, Instant};

use support::hostile::{accepted, limited, refused};
use support::wheel_builder::{
    DEFLATED, STORED, WheelBuilder, Zip, ZipEntry, deflate, extra, unicode_path,
};
use wheelfix::wheel::{Limits, Note, Rule};

fn demo() -> WheelBuilder {
    WheelBuilder::default()
        .file("demo/a.py", "print('a')\n".repeat(20))
        .file("demo/b.bin", "bytes")
}

fn demo_zip() -> Zip {
    demo().zip()
}

// 1–5

#[test]
fn an_honest_wheel_is_taken() {
    let wheel = accepted(&demo_zip());
    assert_eq!(wheel.notes, []);
    assert_eq!(wheel.archive.entries().len(), 5);
}

#[test]
fn an_empty_file_is_no_archive() {
    assert!(refused(b"", Rule::NotZip).detail.contains("empty"));
}

#[test]
fn random_bytes_are_no_archive() {
    let noise: Vec<u8> = (0_u32..100_000)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    refused(&noise, Rule::NotZip);
}

#[test]
fn an_archive_cut_short_is_refused_wherever_it_is_cut() {
    let whole = demo_zip().build();
    for length in 0..whole.len() {
        let error = support::hostile::verify(&whole[..length]).expect_err("a cut wheel passed");
        assert_eq!(error.rule, Rule::NotZip, "cut to {length}: {error}");
    }
}

#[test]
fn an_end_record_alone_is_an_empty_wheel() {
    refused(&Zip::default().build(), Rule::Empty);
}

#[test]
fn other_formats_are_named() {
    assert!(
        refused(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", Rule::NotZip)
            .detail
            .contains("gzip")
    );
    refused(&[0; 10_240], Rule::NotZip);
}

// 6–9

#[test]
fn bytes_before_the_archive_are_refused_whether_offsets_know_of_them_or_not() {
    for aware in [false, true] {
        let mut zip = demo_zip();
        zip.before = b"#!/bin/sh\nexec evil\n".to_vec();
        zip.aware = aware;
        refused(&zip.build(), Rule::LeadingBytes);
    }
}

#[test]
fn bytes_after_the_archive_are_refused() {
    for after in [&b"\0"[..], b"#!/bin/sh", &[7; 70_000]] {
        let mut zip = demo_zip();
        zip.after = after.to_vec();
        let rule = if after.len() > 0xffff {
            Rule::NotZip
        } else {
            Rule::TrailingBytes
        };
        refused(&zip.build(), rule);
    }
}

#[test]
fn a_second_archive_behind_the_first_is_refused() {
    let mut zip = demo_zip();
    zip.after = demo().file("demo/evil.py", "evil").build();
    refused(&zip.build(), Rule::LeadingBytes);
}

#[test]
fn a_comment_that_holds_an_archive_is_refused() {
    let mut zip = demo_zip();
    let inner = demo().file("demo/evil.py", "evil").build();
    zip.lie_about_the_end(move |end| {
        end.comment_length = inner.len().try_into().unwrap();
        end.comment.clone_from(&inner);
    });
    refused(&zip.build(), Rule::TrailingBytes);
}

#[test]
fn a_comment_that_holds_an_end_record_is_refused() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| {
        end.comment = b"PK\x05\x06 and so on, long enough to be read as one".to_vec();
        end.comment_length = end.comment.len().try_into().unwrap();
    });
    refused(&zip.build(), Rule::TrailingBytes);
}

#[test]
fn a_plain_comment_is_taken_and_noted() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| {
        end.comment = b"made by hand".to_vec();
        end.comment_length = 12;
    });
    assert_eq!(accepted(&zip).notes, [Note::ArchiveComment { length: 12 }]);
}

#[test]
fn a_comment_shorter_or_longer_than_said_is_refused() {
    for (length, rule) in [(3, Rule::TrailingBytes), (30, Rule::NotZip)] {
        let mut zip = demo_zip();
        zip.lie_about_the_end(move |end| {
            end.comment = b"made by hand".to_vec();
            end.comment_length = length;
        });
        refused(&zip.build(), rule);
    }
}

#[test]
fn an_end_record_that_counts_wrong_is_refused() {
    for more in [false, true] {
        let mut zip = demo_zip();
        zip.lie_about_the_end(move |end| {
            end.entries = if more {
                end.entries + 1
            } else {
                end.entries - 1
            };
            end.entries_here = end.entries;
        });
        refused(&zip.build(), Rule::Central);
    }
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.entries_here -= 1);
    refused(&zip.build(), Rule::EndRecord);
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.disk = 1);
    refused(&zip.build(), Rule::EndRecord);
}

#[test]
fn an_end_record_that_misplaces_the_directory_is_refused() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.size -= 1);
    refused(&zip.build(), Rule::LeadingBytes);
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.size += 1);
    refused(&zip.build(), Rule::EndRecord);
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.offset -= 1);
    refused(&zip.build(), Rule::LeadingBytes);
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.offset = 0xffff_fffe);
    refused(&zip.build(), Rule::EndRecord);
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| {
        end.offset -= 1;
        end.size += 1;
    });
    refused(&zip.build(), Rule::Central);
}

#[test]
fn bytes_around_the_central_directory_are_refused() {
    let mut zip = demo_zip();
    zip.before_central = b"hidden".to_vec();
    refused(&zip.build(), Rule::Unlisted);
    let mut zip = demo_zip();
    zip.after_central = b"hidden".to_vec();
    refused(&zip.build(), Rule::LeadingBytes);
}

#[test]
fn zip64_end_records_that_agree_are_taken() {
    for saturated in [false, true] {
        let mut zip = demo_zip();
        zip.lie_about_the_end(move |end| {
            end.zip64 = true;
            end.saturated = saturated;
        });
        assert_eq!(accepted(&zip).notes, []);
    }
}

#[test]
fn a_zip64_locator_that_points_elsewhere_is_refused() {
    for shift in [-56, -1, 1, 56, i64::MAX] {
        let mut zip = demo_zip();
        zip.lie_about_the_end(move |end| {
            end.zip64 = true;
            end.locator_shift = shift;
        });
        refused(&zip.build(), Rule::Zip64);
    }
}

#[test]
fn zip64_extensible_data_is_refused() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| {
        end.zip64 = true;
        end.extensible = vec![0; 12];
    });
    refused(&zip.build(), Rule::Zip64);
}

#[test]
fn saturated_fields_without_zip64_records_are_refused() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| end.offset = 0xffff_ffff);
    refused(&zip.build(), Rule::Zip64);
    let mut zip = demo_zip();
    zip.entry("demo/b.bin")
        .both(|header| header.size = u32::MAX);
    refused(&zip.build(), Rule::Zip64);
}

#[test]
fn end_records_that_disagree_are_refused() {
    let bytes = {
        let mut zip = demo_zip();
        zip.lie_about_the_end(|end| {
            end.zip64 = true;
            end.saturated = false;
        });
        zip.build()
    };
    // The entry counts of the plain record, 22 bytes before the end.
    let mut lying = bytes.clone();
    let at = lying.len() - 22 + 8;
    lying[at] += 1;
    lying[at + 2] += 1;
    refused(&lying, Rule::Zip64);
}

#[test]
fn a_zip64_extra_field_that_stands_twice_is_refused() {
    let mut zip = demo_zip();
    let entry = zip.entry("demo/b.bin");
    entry.long_sizes();
    let again = entry.central.extra.clone();
    entry.central.extra.extend(again);
    refused(&zip.build(), Rule::Zip64);
}

#[test]
fn a_zip64_extra_field_of_the_wrong_length_is_refused() {
    for length in [0, 8, 15, 17, 24, 28] {
        let mut zip = demo_zip();
        zip.entry("demo/b.bin").both(|header| {
            header.extra = extra(1, &vec![1; length]);
            header.size = u32::MAX;
            header.compressed_size = u32::MAX;
        });
        refused(&zip.build(), Rule::Zip64);
    }
    let mut zip = demo_zip();
    zip.entry("demo/b.bin")
        .both(|header| header.extra = extra(1, &[0; 16]));
    refused(&zip.build(), Rule::Zip64);
}

#[test]
fn extra_fields_that_do_not_add_up_are_refused() {
    for broken in [&b"\x55"[..], b"\x55\x54\x09\x00\x00", b"\0\0\0"] {
        for central in [false, true] {
            let mut zip = demo_zip();
            let entry = zip.entry("demo/b.bin");
            let header = if central {
                &mut entry.central
            } else {
                &mut entry.local
            };
            header.extra = broken.to_vec();
            refused(&zip.build(), Rule::Extra);
        }
    }
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

// 26–32: contents

#[test]
fn encrypted_entries_are_refused() {
    for bit in [0, 6, 13] {
        let mut zip = demo_zip();
        zip.entry("demo/a.py")
            .both(|header| header.flags |= 1 << bit);
        refused(&zip.build(), Rule::Encrypted);
    }
    let mut zip = demo_zip();
    zip.entry("demo/a.py").both(|header| header.method = 99);
    refused(&zip.build(), Rule::Encrypted);
    let mut zip = demo_zip();
    zip.entry("demo/a.py")
        .both(|header| header.extra = extra(0x9901, &[0; 7]));
    refused(&zip.build(), Rule::Encrypted);
}

#[test]
fn flags_without_meaning_are_refused() {
    for bit in [4, 5, 7, 12, 15] {
        let mut zip = demo_zip();
        zip.entry("demo/a.py")
            .both(|header| header.flags |= 1 << bit);
        refused(&zip.build(), Rule::Flags);
    }
}

#[test]
fn other_compression_methods_are_refused_by_name() {
    for (method, name) in [
        (12, "bzip2"),
        (14, "lzma"),
        (93, "zstd"),
        (9, "deflate64"),
        (77, "77"),
    ] {
        let mut zip = demo_zip();
        zip.entry("demo/a.py").both(|header| header.method = method);
        assert!(refused(&zip.build(), Rule::Method).detail.contains(name));
    }
}

#[test]
fn a_wrong_crc_is_refused() {
    for method in [STORED, DEFLATED] {
        let mut zip = demo_zip();
        let body = "x".repeat(1000);
        zip.entries[0] = ZipEntry::new("demo/a.py", body.as_bytes(), method);
        zip.entries[0].both(|header| header.crc32 ^= 0x100);
        let error = refused_anywhere(&zip);
        assert_eq!(error.rule, Rule::Crc);
    }
}

/// RECORD is not adapted to what these tests change, and does not have to be: what is wrong with
/// an entry itself comes first. Only sizes are compared before anything is unpacked.
fn refused_anywhere(zip: &Zip) -> wheelfix::wheel::Error {
    support::hostile::unpack_all(&zip.build()).expect_err("a broken entry passed")
}

#[test]
fn data_longer_or_shorter_than_declared_is_refused() {
    for change in [-1_i32, 1, -200, 200] {
        let mut zip = demo_zip();
        zip.entry("demo/a.py")
            .both(|header| header.size = header.size.wrapping_add_signed(change));
        assert_eq!(refused_anywhere(&zip).rule, Rule::Size, "{change}");
    }
    let mut zip = demo_zip();
    zip.entries[0] = ZipEntry::new("demo/a.py", b"stored", STORED);
    zip.entries[0].both(|header| header.size += 1);
    assert_eq!(refused_anywhere(&zip).rule, Rule::Size);
}

#[test]
fn broken_deflate_data_is_refused() {
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.body = vec![0xff; entry.body.len()];
    assert_eq!(refused_anywhere(&zip).rule, Rule::Deflate);
    // Cut: the packed bytes end before the data.
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.body.pop();
    entry.both(|header| header.compressed_size -= 1);
    assert_eq!(refused_anywhere(&zip).rule, Rule::Deflate);
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.body.clear();
    entry.both(|header| {
        header.compressed_size = 0;
        header.size = 0;
        header.crc32 = 0;
    });
    assert_eq!(refused_anywhere(&zip).rule, Rule::Deflate);
}

#[test]
fn bytes_hidden_behind_the_end_of_deflate_data_are_refused() {
    let contents = "print('a')\n".repeat(20).into_bytes();
    let mut footer = libdeflater::crc32(&contents).to_le_bytes().to_vec();
    footer.extend(u32::try_from(contents.len()).unwrap().to_le_bytes());
    // The last one is what a reader that borrows gzip's check would be fooled by.
    for hidden in [
        b"h".to_vec(),
        b"hidden".to_vec(),
        vec![0; 500],
        [footer, vec![1; 3]].concat(),
    ] {
        let mut zip = demo_zip();
        let entry = zip.entry("demo/a.py");
        entry.body.extend(&hidden);
        let size = u32::try_from(entry.body.len()).unwrap();
        entry.both(|header| header.compressed_size = size);
        let error = refused_anywhere(&zip);
        assert_eq!(error.rule, Rule::Deflate, "{error}");
    }
}

#[test]
fn overlapping_entries_are_refused_before_anything_is_unpacked() {
    // All central headers on one local header.
    let mut zip = Zip::default();
    zip.entries.push(ZipEntry::new("a", &[0; 1000], DEFLATED));
    for number in 0..100 {
        let mut entry = ZipEntry::new(&format!("b{number}"), &[0; 1000], DEFLATED);
        entry.centrally_only = true;
        entry.central.offset = Some(0);
        zip.entries.push(entry);
    }
    refused(&zip.build(), Rule::Overlap);
}

#[test]
fn a_quoted_overlap_bomb_is_refused() {
    // Each file's data begins with a stored block that quotes the next file's local header
    // (Fifield, "A better zip bomb"): ranges nest instead of following each other.
    let kernel = deflate(&vec![0; 1 << 20]);
    let mut zip = Zip::default();
    let mut last = ZipEntry::new("z", b"", DEFLATED);
    last.both(|header| {
        header.compressed_size = kernel.len().try_into().unwrap();
        header.size = 1 << 20;
        header.crc32 = libdeflater::crc32(&vec![0; 1 << 20]);
    });
    last.body.clone_from(&kernel);
    let quoted = 30 + 1_u16;
    let mut first = ZipEntry::new("y", b"", DEFLATED);
    let mut block = vec![0];
    block.extend(quoted.to_le_bytes());
    block.extend((!quoted).to_le_bytes());
    first.body = block;
    first.both(|header| {
        header.compressed_size = u32::try_from(5 + usize::from(quoted) + kernel.len()).unwrap();
        header.size = u32::from(quoted) + (1 << 20);
    });
    zip.entries = vec![first, last];
    refused(&zip.build(), Rule::Overlap);
}

#[test]
fn a_bomb_stops_at_what_its_headers_declare() {
    let packed = deflate(&vec![0; 96 << 20]);
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.both(|header| {
        header.compressed_size = packed.len().try_into().unwrap();
        header.size = 1000;
    });
    entry.body.clone_from(&packed);
    assert_eq!(refused_anywhere(&zip).rule, Rule::Size);
    // And what it declares is limited: to 1000 to 1, which is just below what deflate can do.
    let length = u32::try_from(packed.len()).unwrap();
    entry_declares(&packed, length * 1010, Rule::Limit);
    entry_declares(&packed, length * 1033, Rule::Size);
    entry_declares(&packed, u32::MAX - 1, Rule::Size);
}

fn entry_declares(packed: &[u8], size: u32, rule: Rule) {
    let mut zip = demo_zip();
    let entry = zip.entry("demo/a.py");
    entry.both(|header| {
        header.compressed_size = packed.len().try_into().unwrap();
        header.size = size;
    });
    entry.body = packed.to_vec();
    refused(&zip.build(), rule);
}

#[test]
fn absurd_declared_sizes_are_refused_without_allocating_for_them() {
    for (size, packed) in [(1_u64 << 63, 100), (u64::MAX, u64::MAX), (1 << 40, 1 << 30)] {
        let mut zip = demo_zip();
        zip.entry("demo/a.py").both(|header| {
            let data = [size.to_le_bytes(), packed.to_le_bytes()].concat();
            header.extra = extra(1, &data);
            header.size = u32::MAX;
            header.compressed_size = u32::MAX;
        });
        refused(&zip.build(), Rule::Limit);
    }
    // Within the limit, but the file is not that long.
    let mut zip = demo_zip();
    zip.entry("demo/a.py").both(|header| {
        header.compressed_size = 1 << 30;
        header.size = 1 << 30;
    });
    refused(&zip.build(), Rule::Overlap);
}

#[test]
fn too_many_entries_are_refused() {
    let mut zip = demo_zip();
    zip.lie_about_the_end(|end| {
        end.zip64 = true;
        end.entries = 1_000_000;
        end.entries_here = 1_000_000;
    });
    refused(&zip.build(), Rule::Limit);
    let limits = Limits {
        entries: 4,
        ..Limits::default()
    };
    assert_eq!(
        limited(&demo_zip().build(), &limits).unwrap_err().rule,
        Rule::Limit
    );
    let limits = Limits {
        central_directory: 100,
        ..Limits::default()
    };
    assert_eq!(
        limited(&demo_zip().build(), &limits).unwrap_err().rule,
        Rule::Limit
    );
    let limits = Limits {
        unpacked: 300,
        ..Limits::default()
    };
    assert_eq!(
        limited(&demo_zip().build(), &limits).unwrap_err().rule,
        Rule::Limit
    );
    let limits = Limits {
        metadata_file: 20,
        ..Limits::default()
    };
    assert_eq!(
        limited(&demo_zip().build(), &limits).unwrap_err().rule,
        Rule::Limit
    );
}

#[test]
fn names_of_64_kib_are_refused_and_shown_short() {
    let long = format!("demo/{}", "x".repeat(65_000));
    let error = refused(&demo().file(&long, "x").build(), Rule::Limit);
    assert!(error.to_string().len() < 1000);
}

#[test]
fn many_entries_and_long_names_take_no_quadratic_time() {
    let start = Instant::now();
    let mut zip = Zip::default();
    for number in 0..50_000 {
        zip.entries
            .push(ZipEntry::new(&format!("demo/{number}"), b"", STORED));
    }
    refused(&zip.build(), Rule::DistInfo);
    let deep = "d/".repeat(2000);
    let mut zip = Zip::default();
    for number in 0..3000 {
        zip.entries
            .push(ZipEntry::new(&format!("{deep}{number}"), b"", STORED));
    }
    refused(&zip.build(), Rule::DistInfo);
    // Generous: other tests share the machine, and this is not an optimised build.
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}
