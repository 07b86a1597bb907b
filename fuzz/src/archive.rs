//! Reading any bytes as an archive and as a wheel: what passes is whole, and can be written again.

use wheelfix::wheel::{Archive, ArchiveWriter, Limits, Wheel, WheelFilename};

/// Bounds that keep one input from taking seconds.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        unpacked: 8 << 20,
        ..Limits::default()
    }
}

/// Reads, unpacks and copies them.
///
/// # Panics
/// When what passed the strict reader is not what it says.
pub fn check(bytes: &[u8]) {
    let Ok(archive) = Archive::read(bytes, &limits()) else {
        return;
    };
    let mut covered: Vec<(u64, u64)> = Vec::new();
    for entry in archive.entries() {
        covered.push((entry.data_offset, entry.compressed_size));
        if let Ok(contents) = archive.contents(bytes, entry) {
            assert_eq!(contents.len() as u64, entry.size, "{}", entry.path);
        }
    }
    covered.sort_unstable();
    for pair in covered.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "entries overlap");
    }
    let name = WheelFilename::parse("demo-1.0-py3-none-any.whl").expect("it is one");
    let Ok(wheel) = Wheel::open(bytes, &name, &limits()) else {
        return;
    };
    if wheel.scan(bytes, |_| true, |_, bytes| bytes.len()).is_err() {
        return;
    }
    let mut writer = ArchiveWriter::new(Vec::new());
    for entry in archive.entries() {
        writer
            .copy_raw(bytes, entry)
            .expect("what was read can be copied");
    }
    let again = writer.finish().expect("it can be ended");
    let again_wheel = Wheel::open(&again, &name, &limits()).expect("a copy is a wheel");
    again_wheel
        .scan(&again, |_| false, |_, _| ())
        .expect("a copy holds what RECORD says");
}
