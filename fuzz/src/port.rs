//! Porting any wheel: every obstacle, or a sound wheel.

use std::fs;

use wheelfix::host::{OutputOptions, Unwatched};
use wheelfix::ops::port::{Options, port};
use wheelfix::wheel::{Wheel, WheelFilename};

use super::{archive, folders, wheels};

const WHEEL: &[u8] = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: cp313-cp313-manylinux_2_17_x86_64\n";
const NAME: &str = "demo-1.0-cp313-cp313-manylinux_2_17_x86_64.whl";

/// Ports a wheel of these files.
///
/// # Panics
/// When what is written breaks a rule.
pub fn check(bytes: &[u8]) {
    let folder = folders::scratch();
    let input = folder.path().join(NAME);
    fs::write(&input, wheels::of_files(&wheels::files(bytes), WHEEL)).expect("it can be written");
    let runtimes = folder.path().join("runtimes");
    fs::create_dir(&runtimes).expect("a folder can be made");
    let options = Options {
        runtimes: vec![runtimes],
        sysroot: Some(folders::alpine()),
        output: OutputOptions {
            folder: folder.path().join("out"),
            ..OutputOptions::default()
        },
        ..Options::default()
    };
    let Ok(results) = port(&[input], &options, &Unwatched) else {
        return;
    };
    for written in results
        .into_iter()
        .flatten()
        .filter_map(|done| done.written)
    {
        let bytes = fs::read(&written.path).expect("the output is there");
        let name = written
            .path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let name = WheelFilename::parse(name).expect("a wheel's name");
        let read = Wheel::open(&bytes, &name, &archive::limits()).expect("the output is a wheel");
        read.scan(&bytes, |_| false, |_, _| ())
            .expect("the output is what its RECORD says");
    }
}
