//! ELF files whose headers, tables and chains lie: each is refused, in a moment, and nothing is written.

use std::fs;
use std::path::Path;

use crate::support::elf_builder::Elf;
use crate::support::wheel_builder::WheelBuilder;
use crate::support::{bounded, scratch};

const NAME: &str = "demo-1.0-cp312-cp312-linux_x86_64.whl";

fn library() -> Vec<u8> {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Elf {
        needed: text(&["libfoo.so.2", "libc.musl-x86_64.so.1"]),
        defines: text(&["first", "second", "third"]),
        wants: text(&["memcpy@FOO_1"]),
        versions: text(&["libfoo.so.2 FOO_1 FOO_2", "libc.musl-x86_64.so.1 A_1"]),
        soname: Some("librich.so".to_owned()),
        ..Elf::default()
    }
    .build()
}

/// What is done to a file of 64 bits, little-endian.
struct Patch(Vec<u8>);

impl Patch {
    fn read(&self, at: usize, width: usize) -> u64 {
        let bytes = self.0[at..at + width].iter().rev();
        bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    fn write(&mut self, at: usize, width: usize, value: u64) {
        self.0[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
    }

    /// Where the program header of that type and number begins.
    fn segment(&self, kind: u64, number: usize) -> usize {
        let (start, count) = (self.read(32, 8) as usize, self.read(56, 2) as usize);
        let headers = (0..count).map(|index| start + 56 * index);
        let mut found = headers.filter(|at| self.read(*at, 4) == kind);
        found.nth(number).expect("there is such a segment")
    }

    /// Where the value of a dynamic entry is, and the file offset that it means.
    fn dynamic(&self, tag: u64) -> (usize, usize) {
        let start = self.read(self.segment(2, 0) + 8, 8) as usize;
        let mut entries = (0..).map(|index| start + 16 * index);
        let entry = entries.find(|at| self.read(*at, 8) == tag).unwrap() + 8;
        let address = self.read(entry, 8);
        let mut loads = (0..4).filter_map(|number| {
            let at = std::panic::catch_unwind(|| self.segment(1, number)).ok()?;
            let (offset, start, size) = (
                self.read(at + 8, 8),
                self.read(at + 16, 8),
                self.read(at + 32, 8),
            );
            let within = address.checked_sub(start).filter(|within| *within < size)?;
            Some((offset + within) as usize)
        });
        (entry, loads.next().unwrap_or_default())
    }
}

/// Repairs a wheel with this file in it; the exit code, and what was said.
fn repaired(bytes: &[u8]) -> (i32, String) {
    let folder = scratch::folder();
    let wheel = WheelBuilder::new("demo", "1.0").tag("cp312-cp312-linux_x86_64");
    let wheel = wheel.file("demo/_core.abi3.so", bytes);
    fs::write(folder.path().join(NAME), wheel.build()).unwrap();
    let root = folder.path().join("root/usr/lib");
    fs::create_dir_all(&root).unwrap();
    fs::write(
        root.join("libfoo.so.2"),
        Elf::library("libfoo.so.2", &[]).build(),
    )
    .unwrap();
    let (code, said) = bounded::said(
        folder.path(),
        &[
            "repair",
            "--libc",
            "musl",
            "--sysroot",
            "root",
            "--strip",
            NAME,
        ],
    );
    let out = folder.path().join("wheelhouse");
    let written = fs::read_dir(out).map_or(0, Iterator::count);
    assert_eq!(written, usize::from(code == 0), "{said}");
    (code, said)
}

type Change = fn(&mut Patch);

fn all_refused(code: i32, changes: &[(&str, Change)]) {
    let whole = repaired(&library());
    assert_eq!(
        whole.0, 0,
        "the file is sound before it is changed: {}",
        whole.1
    );
    for (what, change) in changes {
        let mut patch = Patch(library());
        change(&mut patch);
        let (exit, said) = repaired(&patch.0);
        assert_eq!(exit, code, "{what}: {said}");
        assert!(said.contains("demo/_core.abi3.so"), "{what}: {said}");
    }
}

/// Row 45.
#[test]
fn headers_that_lead_out_of_the_file_are_refused() {
    all_refused(
        3,
        &[
            ("program headers past the end", |elf| {
                elf.write(32, 8, 1 << 40)
            }),
            ("program headers that overflow", |elf| {
                elf.write(32, 8, u64::MAX - 8)
            }),
            ("program headers of another size", |elf| {
                elf.write(54, 2, 32)
            }),
            ("program headers of no size", |elf| elf.write(54, 2, 0)),
            (
                "65535 program headers and no section that says how many",
                |elf| {
                    elf.write(56, 2, 0xffff);
                    elf.write(40, 8, 0);
                    elf.write(60, 2, 0);
                },
            ),
            ("section headers past the end", |elf| {
                elf.write(40, 8, 1 << 40)
            }),
            ("a segment past the end", |elf| {
                let at = elf.segment(1, 0) + 32;
                elf.write(at, 8, 1 << 40);
            }),
            ("a segment that overflows", |elf| {
                let at = elf.segment(1, 0) + 8;
                elf.write(at, 8, u64::MAX - 16);
            }),
            ("a dynamic segment past the end", |elf| {
                let at = elf.segment(2, 0) + 8;
                elf.write(at, 8, 1 << 40);
            }),
            ("a class that is none", |elf| elf.write(4, 1, 7)),
            ("an order of bytes that is none", |elf| elf.write(5, 1, 9)),
        ],
    );
}

/// Row 46.
#[test]
fn dynamic_sections_that_lie_are_refused() {
    all_refused(
        3,
        &[
            ("strings at no address", |elf| {
                let at = elf.dynamic(5).0;
                elf.write(at, 8, 1 << 44);
            }),
            ("strings without end", |elf| {
                let at = elf.dynamic(10).0;
                elf.write(at, 8, u64::MAX);
            }),
            ("a needed name out of range", |elf| {
                let at = elf.dynamic(1).0;
                elf.write(at, 8, 1 << 32);
            }),
            ("a SONAME out of range", |elf| {
                let at = elf.dynamic(14).0;
                elf.write(at, 8, 1 << 20);
            }),
            ("symbols at no address", |elf| {
                let at = elf.dynamic(6).0;
                elf.write(at, 8, 1 << 44);
            }),
            ("strings that end within a name", |elf| {
                let at = elf.dynamic(10).0;
                elf.write(at, 8, 3);
            }),
        ],
    );
}

/// Row 50: chains that lead in circles, or nowhere.
#[test]
fn chains_without_end_are_bounded_and_refused() {
    all_refused(
        3,
        &[
            ("versions that lead to themselves", |elf| {
                let at = elf.dynamic(0x6fff_fffe).1;
                elf.write(at + 12, 4, 0xffff_fff0);
            }),
            ("a version whose parts lead out", |elf| {
                let at = elf.dynamic(0x6fff_fffe).1;
                elf.write(at + 8, 4, 0x7fff_fff0);
            }),
            ("more versions than bytes", |elf| {
                let at = elf.dynamic(0x6fff_ffff).0;
                elf.write(at, 8, 1 << 40);
            }),
            ("parts of a version that go nowhere", |elf| {
                let at = elf.dynamic(0x6fff_fffe).1;
                elf.write(at + 16 + 12, 4, 0xffff_fff0);
            }),
        ],
    );
}

/// A hash table whose chains have no end, or whose numbers lie: a file is refused, or read with bounds.
#[test]
fn hash_tables_that_lie_end_no_run() {
    let tag = 0x6fff_fef5;
    for (what, at, value) in [
        ("no buckets", 0, 0_u64),
        ("buckets without end", 0, 0xffff_ffff),
        ("a first symbol that is none", 4, 0xffff_ffff),
        ("a bloom filter without words", 8, 0),
        ("a bloom filter without end", 8, 0xffff_ffff),
        ("a shift past the word", 12, 0xffff_ffff),
    ] {
        let mut patch = Patch(library());
        let has = std::panic::catch_unwind(|| patch.dynamic(tag)).ok();
        let table = match has {
            Some((_, table)) if table > 0 => table,
            // The builder writes the older table.
            _ => patch.dynamic(4).1,
        };
        patch.write(table + at, 4, value);
        let (code, said) = repaired(&patch.0);
        assert!([0, 1, 3].contains(&code), "{what}: {said}");
    }
}

/// Row 51: what a loader might take and an editor cannot move safely.
#[test]
fn segments_that_no_linker_lays_out_are_not_edited() {
    let changes: [(&str, Change); 4] = [
        ("segments that overlap", |elf| {
            let (one, two) = (elf.segment(1, 0), elf.segment(1, 1));
            let start = elf.read(one + 16, 8);
            elf.write(two + 16, 8, start);
        }),
        ("segments in no order", |elf| {
            let (one, two) = (elf.segment(1, 0), elf.segment(1, 1));
            let first = elf.0[one..one + 56].to_vec();
            elf.0.copy_within(two..two + 56, one);
            elf.0[two..two + 56].copy_from_slice(&first);
        }),
        ("an alignment that is no power of two", |elf| {
            let at = elf.segment(1, 0) + 48;
            elf.write(at, 8, 4095);
        }),
        ("less memory than bytes", |elf| {
            let at = elf.segment(1, 0) + 40;
            elf.write(at, 8, 1);
        }),
    ];
    for (what, change) in changes {
        let mut patch = Patch(library());
        change(&mut patch);
        let (code, said) = repaired(&patch.0);
        assert!([1, 3].contains(&code), "{what}: {code} {said}");
    }
}

/// Row 45 on a file of the system: it is told among what was tried, and hides no other.
#[test]
fn a_broken_file_of_the_system_is_no_fault_of_the_wheel() {
    let folder = scratch::folder();
    let root = folder.path().join("root/usr/lib");
    fs::create_dir_all(&root).unwrap();
    let mut patch = Patch(Elf::library("libfoo.so.2", &[]).build());
    patch.write(54, 2, 1);
    fs::write(root.join("libfoo.so.2"), &patch.0).unwrap();
    let wheel = WheelBuilder::new("demo", "1.0").tag("cp312-cp312-linux_x86_64");
    fs::write(
        folder.path().join(NAME),
        wheel.file("demo/_core.so", library()).build(),
    )
    .unwrap();
    let words = ["repair", "--libc", "musl", "--sysroot", "root", NAME];
    let (code, said) = bounded::said(folder.path(), &words);
    assert_eq!(code, 1, "{said}");
    assert!(!Path::new(&folder.path().join("wheelhouse")).exists());
}

/// Row 48.
#[test]
fn needs_without_end_are_refused() {
    let needed = |count: usize| (0..count).map(|number| format!("lib{number}.so")).collect();
    let elf = |count| {
        Elf {
            needed: needed(count),
            ..Elf::default()
        }
        .build()
    };
    let (code, said) = repaired(&elf(20_000));
    assert_eq!(code, 3, "{}", said.chars().take(500).collect::<String>());
    assert!(said.len() < 10_000, "{} bytes are said", said.len());
    assert_eq!(
        repaired(&elf(100)).0,
        1,
        "a hundred that are not there are told"
    );
}
