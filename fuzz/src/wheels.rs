//! Wheels made of any bytes, sound as archives, so that what is behind the reader is reached.

use wheelfix::wheel::{ArchivePath, ArchiveWriter, DosDateTime, Level, Record, deflate};

/// A wheel `demo 1.0` of these files; RECORD is true of them.
#[must_use]
pub fn of_files(files: &[(String, Vec<u8>)], wheel: &[u8]) -> Vec<u8> {
    let metadata = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n".to_vec();
    let info = [
        ("demo-1.0.dist-info/WHEEL".to_owned(), wheel.to_vec()),
        ("demo-1.0.dist-info/METADATA".to_owned(), metadata),
    ];
    let mut writer = ArchiveWriter::new(Vec::new());
    let mut record = Record::default();
    let time = DosDateTime::default();
    let level = Level::new(0).unwrap_or_default();
    for (path, bytes) in files.iter().chain(&info) {
        // A path that no archive has, or that is there already, is left out.
        let Ok(path) = ArchivePath::parse(path) else {
            continue;
        };
        let Ok(body) = deflate(bytes, level) else {
            continue;
        };
        if writer.write(&path, &body, 0o644, time).is_ok() {
            record.insert_bytes(path, bytes);
        }
    }
    let itself = ArchivePath::parse("demo-1.0.dist-info/RECORD").expect("a path");
    if let Ok(body) = deflate(&record.to_bytes(&itself), level) {
        let _ = writer.write(&itself, &body, 0o644, time);
    }
    writer.finish().expect("bytes in memory can be written")
}

/// What a head of one byte a file says of the rest: how many parts, under which names.
#[must_use]
pub fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    const NAMES: [&str; 12] = [
        "demo/_core.cpython-313-x86_64-linux-musl.so",
        "demo/_core.abi3.so",
        "demo/libfoo.so.1",
        "demo.libs/libfoo-0123abcd.so.1",
        "demo/__init__.py",
        "demo-1.0.data/scripts/tool",
        "demo-1.0.data/platlib/demo/x.so",
        "demo-1.0.data/data/lib/y.so",
        "demo/data.bin",
        "demo/lib",
        "demo.libs",
        "demo-1.0.dist-info/sboms/x.json",
    ];
    let Some((&head, rest)) = bytes.split_first() else {
        return Vec::new();
    };
    let count = usize::from(head % 4) + 1;
    let Some((names, mut rest)) = rest.split_at_checked(count) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for (number, name) in names.iter().enumerate() {
        // Files in ELF's form part the bytes; the last has the rest.
        let next = rest.get(4..).and_then(|rest| {
            let found = rest.windows(4).position(|four| four == b"\x7fELF")?;
            Some(found + 4)
        });
        let end = match next.filter(|_| number + 1 < count) {
            Some(end) => end,
            None => rest.len(),
        };
        let (own, after) = rest.split_at(end);
        rest = after;
        files.push((
            NAMES[usize::from(*name) % NAMES.len()].to_owned(),
            own.to_vec(),
        ));
    }
    files
}
