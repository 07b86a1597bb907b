//! What holds for every archive: what is written is read back the same by three readers, what is
//! copied stays as it was, and no change of bytes goes unnoticed.

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::support::hostile::{unpack_all, verify};
use crate::support::sparse::Sparse;
use crate::support::tools::tool;
use crate::support::wheel_builder::{
    End, STORED, WheelBuilder, Zip, ZipEntry, extra, put_central, put_end, put_local,
};
use proptest::prelude::*;
use wheelfix::wheel::{
    Archive, ArchivePath, ArchiveWriter, DosDateTime, Headers, Level, Limits, Method, Record,
    RecordRow, Rule, Wheel, WheelFilename, deflate,
};

fn path(text: &str) -> ArchivePath {
    ArchivePath::parse(text).unwrap()
}

/// One file to write: its name, bytes, mode and level.
type File = (String, Vec<u8>, u32, u8);

fn file_contents() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        (any::<u8>(), 0..20_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        "[a-z \n]{0,2000}".prop_map(String::into_bytes),
    ]
}

fn files() -> impl Strategy<Value = Vec<File>> {
    let name = prop_oneof!["[a-z]{1,8}(/[a-z_.]{1,8}x){0,3}", "[a-zé日ß]{1,6}x"];
    let file = (name, file_contents(), any::<bool>(), 0..=12_u8);
    proptest::collection::vec(file, 1..12).prop_map(|files| {
        let numbered = files.into_iter().enumerate();
        // A number in front keeps names apart, and files from being directories of others.
        numbered
            .map(|(number, (name, bytes, executable, level))| {
                (
                    format!("{number}{name}"),
                    bytes,
                    if executable { 0o777 } else { 0o600 },
                    level,
                )
            })
            .collect()
    })
}

fn write(files: &[File]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new());
    for (name, bytes, mode, level) in files {
        let packed = deflate(bytes, Level::new(*level).unwrap()).unwrap();
        let (moment, _) = DosDateTime::from_epoch(1_700_000_000);
        writer.write(&path(name), &packed, *mode, moment).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Archive {
    Archive::read(bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Every file's bytes by its name, as the `zip` crate reads them.
fn read_by_zip(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).unwrap();
        files.insert(file.name().unwrap().into_owned(), contents);
    }
    files
}

/// Runs Python over archives: its `zipfile` must find nothing wrong, and everything plain.
fn python_accepts(archives: &[Vec<u8>]) {
    const SCRIPT: &str = r#"
import sys, zipfile
for name in sys.argv[1:]:
    with zipfile.ZipFile(name) as archive:
        assert archive.testzip() is None, name
        assert archive.comment == b"", name
        for entry in archive.infolist():
            assert entry.flag_bits & ~0x800 == 0, (name, entry)
            assert (entry.flag_bits == 0x800) == (not entry.filename.isascii()), (name, entry)
            assert entry.create_system == 3 and entry.extra == b"", (name, entry)
            mode = entry.external_attr >> 16
            wanted = (0o40755,) if entry.is_dir() else (0o100644, 0o100755)
            assert mode in wanted, (name, entry, oct(mode))
"#;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = archives
        .iter()
        .enumerate()
        .map(|(number, bytes)| {
            let name = folder.path().join(format!("{number}.whl"));
            std::fs::write(&name, bytes).unwrap();
            name
        })
        .collect();
    let output = tool("python3")
        .arg("-c")
        .arg(SCRIPT)
        .args(&names)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Copies every entry of an archive raw.
fn copy(bytes: &[u8]) -> Vec<u8> {
    let archive = read(bytes);
    let mut writer = ArchiveWriter::new(Vec::new());
    for entry in archive.entries() {
        writer.copy_raw(bytes, entry).unwrap();
    }
    writer.finish().unwrap()
}

fn packed_bodies(bytes: &[u8]) -> Vec<(String, Method, Vec<u8>)> {
    let archive = read(bytes);
    let body = |entry| {
        let mut body = Vec::new();
        archive.raw(bytes, entry, &mut body).unwrap();
        body
    };
    archive
        .entries()
        .iter()
        .map(|entry| (entry.name().into_owned(), entry.method, body(entry)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_written_is_read_back_the_same(files in files()) {
        let bytes = write(&files);
        prop_assert_eq!(&bytes, &write(&files));
        let archive = read(&bytes);
        prop_assert_eq!(archive.notes(), &[]);
        prop_assert_eq!(archive.entries().len(), files.len());
        for ((name, contents, mode, _), entry) in files.iter().zip(archive.entries()) {
            prop_assert_eq!(entry.path.as_str(), name);
            prop_assert_eq!(entry.mode, Some(if mode & 0o111 != 0 { 0o755 } else { 0o644 }));
            prop_assert_eq!(entry.modified, DosDateTime::from_epoch(1_700_000_000).0);
            prop_assert_eq!(&archive.contents(&bytes, entry).unwrap(), contents);
            for length in [0, 1, 64, 1000, 1 << 20] {
                let prefix = archive.prefix(&bytes, entry, length).unwrap();
                prop_assert_eq!(&prefix[..], &contents[..length.min(contents.len())]);
            }
            prop_assert_eq!(archive.get(name), Some(entry));
        }
        prop_assert_eq!(archive.get("absent"), None);
    }

    #[test]
    fn the_zip_crate_reads_the_same(files in files()) {
        let expected: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(name, bytes, ..)| (name.clone(), bytes.clone())).collect();
        prop_assert_eq!(read_by_zip(&write(&files)), expected);
    }

    #[test]
    fn copied_entries_keep_their_packed_bytes(files in files(), odd in any::<[bool; 4]>()) {
        let [streamed, signature, long, descriptor_long] = odd;
        let mut zip = Zip::default();
        for (name, bytes, _, level) in &files {
            let mut entry = ZipEntry::new(name, bytes, if *level == 0 { STORED } else { 8 });
            if streamed {
                entry.stream(signature, descriptor_long);
            } else if long {
                entry.long_sizes();
            }
            zip.entries.push(entry);
        }
        zip.entries.push(ZipEntry::new("directory/", b"", STORED));
        let original = zip.build();
        let copied = copy(&original);
        prop_assert_eq!(packed_bodies(&copied), packed_bodies(&original));
        prop_assert_eq!(unpack_all(&copied).unwrap(), unpack_all(&original).unwrap());
        // A copy is plain already: copying it again changes nothing.
        prop_assert_eq!(copy(&copied), copied);
    }

    #[test]
    fn header_blocks_keep_every_byte(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(Headers::parse(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn header_blocks_of_text_keep_every_byte_and_take_values(
        text in "([A-Za-z-]{1,5}:[ a-z]{0,5}(\r?\n [a-z]{0,3})?\r?\n){0,6}(\r?\n[a-z:\n]{0,20})?",
        values in proptest::collection::vec("[a-z]{1,5}", 0..4),
    ) {
        let mut headers = Headers::parse(text.as_bytes());
        prop_assert_eq!(headers.to_bytes(), text.as_bytes());
        headers.set_all("Tag", &values);
        prop_assert_eq!(&headers.get_all("Tag"), &values);
        prop_assert_eq!(Headers::parse(&headers.to_bytes()), headers);
    }

    #[test]
    fn record_reads_back_what_it_writes(
        rows in proptest::collection::btree_map("[a-z,\" é']{1,9}x", file_contents(), 0..9),
    ) {
        let record: Record = rows
            .iter()
            .map(|(name, bytes)| {
                let mut one = Record::default();
                one.insert_bytes(path(name), bytes);
                one.get(name).unwrap().clone()
            })
            .collect();
        let itself = path("d.dist-info/RECORD");
        let written = record.to_bytes(&itself);
        let mut again = Record::parse(&written).unwrap();
        let last = again.remove(itself.as_str());
        let expected = RecordRow { path: itself, hash: None, size: None };
        prop_assert_eq!(last, Some(expected));
        prop_assert_eq!(again, record);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = Record::parse(text.as_bytes());
        let _ = Record::parse(&bytes);
        let _ = wheelfix::wheel::Tag::parse_set(&text);
        let _ = wheelfix::wheel::escape_bytes(&bytes);
        if let Ok(name) = WheelFilename::parse(&format!("{text}.whl")) {
            prop_assert_eq!(name.to_string(), format!("{text}.whl"));
        }
        if let Ok(path) = ArchivePath::parse(&text) {
            prop_assert_eq!(path.as_str(), text);
        }
    }
}

#[test]
fn python_takes_what_is_written_and_copied() {
    let mut archives = Vec::new();
    let files: Vec<File> = vec![
        ("a.py".into(), b"print()\n".repeat(100), 0o644, 6),
        ("bin/tool".into(), vec![7; 5000], 0o755, 12),
        ("empty".into(), Vec::new(), 0o600, 6),
        ("日本/naïve.txt".into(), b"text".to_vec(), 0o4777, 1),
        ("stored".into(), b"stored".repeat(10), 0, 0),
    ];
    archives.push(write(&files));
    let mut odd = WheelBuilder::default()
        .file("demo/", "")
        .file("demo/é.py", "x".repeat(99))
        .zip();
    for (number, entry) in odd.entries.iter_mut().enumerate() {
        match number % 3 {
            0 => entry.long_sizes(),
            1 => entry.stream(number % 2 == 0, false),
            _ => entry.both(|header| header.extra = extra(0x5455, &[1, 0, 0, 0, 0])),
        }
    }
    archives.push(copy(&odd.build()));
    python_accepts(&archives);
}

#[test]
fn an_archive_of_65535_and_more_entries_uses_zip64_and_is_read_back() {
    for count in [65_534_u32, 65_535, 65_536] {
        let mut writer = ArchiveWriter::new(Vec::new());
        let empty = deflate(b"", Level::default()).unwrap();
        for number in 0..count {
            let name = path(&format!("{number:x}"));
            writer
                .write(&name, &empty, 0o644, DosDateTime::default())
                .unwrap();
        }
        let bytes = writer.finish().unwrap();
        let has_locator = bytes[bytes.len() - 42..].starts_with(b"PK\x06\x07");
        assert_eq!(has_locator, count >= 65_535, "{count}");
        assert_eq!(read(&bytes).entries().len(), count as usize);
        let other = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        assert_eq!(other.len(), count as usize);
    }
}

/// An archive with an entry of that many zeros, and a small one behind it.
fn huge(size: u64) -> Sparse {
    use std::io::Write as _;
    let mut large = ZipEntry::new("large", b"", STORED);
    large.both(|header| {
        header.extra = extra(1, &[size.to_le_bytes(), size.to_le_bytes()].concat());
        header.size = u32::MAX;
        header.compressed_size = u32::MAX;
    });
    let mut file = Sparse::default();
    let mut bytes = Vec::new();
    put_local(&mut bytes, &large.local);
    file.write_all(&bytes).unwrap();
    file.skip(size);
    let offset = bytes.len() as u64 + size;

    let mut small = ZipEntry::new("small", b"small", STORED);
    small.central.extra = extra(1, &offset.to_le_bytes());
    small.central.offset = Some(u32::MAX);
    let mut bytes = Vec::new();
    put_local(&mut bytes, &small.local);
    bytes.extend(b"small");
    let start = offset + bytes.len() as u64;
    let mut central = Vec::new();
    put_central(&mut central, &large.central, 0);
    put_central(&mut central, &small.central, u32::MAX);
    bytes.extend(&central);
    file.write_all(&bytes).unwrap();

    let end = End {
        disk: 0,
        entries_here: 2,
        entries: 2,
        size: central.len() as u64,
        offset: start,
        comment_length: 0,
        comment: Vec::new(),
        zip64: true,
        saturated: true,
        // `put_end` begins an empty buffer: the truth is that far away.
        locator_shift: i64::try_from(start).unwrap() + i64::try_from(central.len()).unwrap(),
        extensible: Vec::new(),
    };
    let mut bytes = Vec::new();
    put_end(&mut bytes, &end, 0);
    file.write_all(&bytes).unwrap();
    file
}

#[test]
fn an_entry_beyond_4_gib_is_copied_with_zip64_and_read_back() {
    for size in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), 5 << 30] {
        let source = huge(size);
        let archive = Archive::read(&source, &Limits::default()).unwrap();
        let mut writer = ArchiveWriter::new(Sparse::default());
        for entry in archive.entries() {
            writer.copy_raw(&source, entry).unwrap();
        }
        let copied = writer.finish().unwrap();
        let again = Archive::read(&copied, &Limits::default()).unwrap();
        let facts = |archive: &Archive| -> Vec<_> {
            let facts = archive.entries().iter();
            facts
                .map(|entry| (entry.path.clone(), entry.size, entry.crc32))
                .collect()
        };
        assert_eq!(facts(&archive), facts(&again));
        let small = again.get("small").unwrap();
        assert_eq!(again.contents(&copied, small).unwrap(), b"small");
        let mut other = zip::ZipArchive::new(copied).unwrap();
        assert_eq!(other.by_index(0).unwrap().size(), size);
        let mut text = String::new();
        other
            .by_name("small")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "small");
    }
}

#[test]
fn the_writer_refuses_a_name_twice_and_an_empty_archive() {
    let mut writer = ArchiveWriter::new(Vec::new());
    let file = deflate(b"x", Level::default()).unwrap();
    writer
        .write(&path("a"), &file, 0o644, DosDateTime::default())
        .unwrap();
    let error = writer
        .write(&path("a"), &file, 0o644, DosDateTime::default())
        .unwrap_err();
    assert_eq!(error.rule, Rule::Request);
    assert_eq!(
        ArchiveWriter::new(Vec::new()).finish().unwrap_err().rule,
        Rule::Request
    );
}

/// A wheel with stored, deflated, empty and streamed entries and a directory.
fn varied() -> Zip {
    let mut zip = WheelBuilder::default()
        .file("demo/", "")
        .file("demo/a.py", "print('hello')\n".repeat(9))
        .file("demo/lib.so", [&b"\x7fELF"[..], &[3; 200]].concat())
        .file("demo/empty", "")
        .zip();
    *zip.entry("demo/empty") = ZipEntry::new("demo/empty", b"", STORED);
    zip.entry("demo/lib.so").stream(true, false);
    zip.entry("demo/a.py").long_sizes();
    zip
}

/// Names and bytes of all files, when the wheel verifies.
fn verified(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let wheel = verify(bytes).ok()?;
    let files = wheel
        .scan(bytes, |_| true, |_, contents| contents.to_vec())
        .unwrap();
    Some(
        files
            .into_iter()
            .map(|(path, bytes)| (path.as_str().to_owned(), bytes))
            .collect(),
    )
}

#[test]
fn no_single_changed_byte_changes_what_verifies() {
    let original = varied().build();
    let expected = verified(&original).expect("a good wheel was refused");
    let mut passed = 0;
    for position in 0..original.len() {
        for change in [1, 0x80, 0xff] {
            let mut bytes = original.clone();
            bytes[position] ^= change;
            if let Some(files) = verified(&bytes) {
                assert_eq!(files, expected, "byte {position} ^ {change:#x}");
                passed += 1;
            }
        }
    }
    // Versions, times and text attributes may change; nothing else passes.
    assert!(
        passed < original.len(),
        "{passed} of {}",
        original.len() * 3
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_damage_changes_what_verifies(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u32>(), 0..5_u8), 1..6),
    ) {
        let original = varied().build();
        let mut bytes = original.clone();
        for (position, value, kind) in edits {
            let at = position.index(bytes.len());
            let many = (value % 64) as usize;
            let end = (at + many).min(bytes.len());
            match kind {
                0 => bytes[at] = value as u8,
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                3 => {
                    for (byte, new) in bytes[at..].iter_mut().zip(value.to_le_bytes()) {
                        *byte = new;
                    }
                }
                _ => bytes[at..end].fill(if value % 2 == 0 { 0 } else { 0xff }),
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        if let Some(files) = verified(&bytes) {
            prop_assert_eq!(Some(files), verified(&original));
        }
    }
}

/// A wheel with two files above the size from which they are handled one at a time.
fn with_large_files(lie: bool) -> Vec<u8> {
    let text: Vec<u8> = (0..9_u32 << 20)
        .map(|number| (number >> 10) as u8)
        .collect();
    let mut library = b"\x7fELF".to_vec();
    library.extend(&text);
    let mut wheel = WheelBuilder::default()
        .file("demo/large.txt", &text)
        .file("demo/large.so", &library)
        .file("demo/small.so", b"\x7fELF small")
        .file("demo/small.py", b"x = 1\n");
    if lie {
        let record = wheel.all_files().pop().unwrap().1;
        let record = String::from_utf8(record).unwrap();
        let lies = record.replace("sha256=", "sha256=AA");
        // Each digest two characters longer, so two characters are cut from its end again.
        let rows: Vec<String> = lies
            .lines()
            .map(|row| match row.split(',').collect::<Vec<_>>()[..] {
                [path, hash, size] if !hash.is_empty() => {
                    let digest = &hash[..hash.len() - 3];
                    format!("{path},{digest}A,{size}")
                }
                _ => row.to_owned(),
            })
            .collect();
        wheel = wheel.record(&rows.join("\n"));
    }
    wheel.build()
}

#[test]
fn a_scan_gives_the_same_on_any_number_of_threads() {
    let bytes = with_large_files(false);
    let name = WheelFilename::parse("demo-1.0-py3-none-any.whl").unwrap();
    let scan = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let wheel = Wheel::open(&bytes, &name, &Limits::default()).unwrap();
            wheel
                .scan(
                    &bytes,
                    |prefix| prefix.starts_with(b"\x7fELF"),
                    |entry, contents| {
                        assert_eq!(entry.size, contents.len() as u64);
                        libdeflater::crc32(contents)
                    },
                )
                .unwrap()
        })
    };
    let one = scan(1);
    let names: Vec<&str> = one.keys().map(ArchivePath::as_str).collect();
    assert_eq!(names, ["demo/large.so", "demo/small.so"]);
    assert_eq!(one, scan(3));
}

#[test]
fn wrong_hashes_are_found_in_large_files_too_whether_wanted_or_not() {
    let bytes = with_large_files(true);
    let error = verify(&bytes).unwrap_err();
    assert_eq!(error.rule, Rule::RecordMismatch);
    assert_eq!(error.several.len(), 6, "{error}");
    let name = WheelFilename::parse("demo-1.0-py3-none-any.whl").unwrap();
    let wheel = Wheel::open(&bytes, &name, &Limits::default()).unwrap();
    let again = wheel.scan(&bytes, |_| false, |_, _| ()).unwrap_err();
    assert_eq!(again.several, error.several);
    assert!(again.several[0].starts_with("demo/large.txt"), "{again}");
}
