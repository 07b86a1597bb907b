//! Repairing any wheel: an error, or a wheel that is sound and that a second repair leaves alone.

use std::fs;

use wheelfix::host::Unwatched;
use wheelfix::ops::repair::{Options, repair};
use wheelfix::wheel::{Wheel, WheelFilename};

use super::{archive, folders, wheels};

/// The tags in WHEEL.
const WHEEL: &[u8] =
    b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x86_64\n";
const NAME: &str = "demo-1.0-cp313-cp313-linux_x86_64.whl";

/// Repairs what the bytes say: an archive as it is, or files of which one is made.
///
/// # Panics
/// When what is written breaks a rule, or changes when it is repaired again.
pub fn check(bytes: &[u8]) {
    let Some((&head, rest)) = bytes.split_first() else {
        return;
    };
    let wheel = match head & 0x80 {
        0 => wheels::of_files(&wheels::files(rest), WHEEL),
        _ => rest.to_vec(),
    };
    let folder = folders::scratch();
    let input = folder.path().join(NAME);
    fs::write(&input, &wheel).expect("it can be written");
    let mut options = Options {
        allow_pure_python_wheel: head & 1 != 0,
        no_sbom: head & 2 != 0,
        ..Options::default()
    };
    options.world.sysroot = folders::alpine();
    options.plan.strip = match head & 4 {
        0 => wheelfix::elf::Strip::None,
        _ => wheelfix::elf::Strip::All,
    };
    options.output.folder = folder.path().join("out");
    let Ok(done) = repair(&input, options.clone(), &Unwatched) else {
        let left = fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "a refused wheel leaves nothing");
        return;
    };
    assert_eq!(
        fs::read(&input).expect("the input is there"),
        wheel,
        "the input changed"
    );
    let path = done.written.path;
    let bytes = fs::read(&path).expect("the output is there");
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let name = WheelFilename::parse(name).expect("a wheel's name");
    let read = Wheel::open(&bytes, &name, &archive::limits()).expect("the output is a wheel");
    read.scan(&bytes, |_| false, |_, _| ())
        .expect("the output is what its RECORD says");
    options.output.folder = folder.path().join("again");
    let again = repair(&path, options, &Unwatched).expect("what is repaired can be repaired");
    assert_eq!(
        fs::read(again.written.path).expect("it is there"),
        bytes,
        "a second repair changes it"
    );
}
