//! Hostile and broken archives: where an archive ends and begins, and what may stand around it. Each is refused by the rule it breaks,
//! in one clear line, or taken where it is odd but legal.

use crate::support::hostile::{accepted, refused};
use crate::support::wheel_builder::{WheelBuilder, Zip, extra};
use wheelfix::wheel::{Note, Rule};

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
        let error =
            crate::support::hostile::verify(&whole[..length]).expect_err("a cut wheel passed");
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
