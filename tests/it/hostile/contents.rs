//! Hostile and broken archives: what is packed in an entry, and how much. Each is refused by the rule it breaks,
//! in one clear line, or taken where it is odd but legal.

use std::time::{Duration, Instant};

use crate::support::hostile::{limited, refused};
use crate::support::wheel_builder::{
    DEFLATED, STORED, WheelBuilder, Zip, ZipEntry, deflate, extra,
};
use wheelfix::wheel::{Limits, Rule};

fn demo() -> WheelBuilder {
    WheelBuilder::default()
        .file("demo/a.py", "print('a')\n".repeat(20))
        .file("demo/b.bin", "bytes")
}

fn demo_zip() -> Zip {
    demo().zip()
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
    crate::support::hostile::unpack_all(&zip.build()).expect_err("a broken entry passed")
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
