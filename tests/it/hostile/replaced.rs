//! A wheel that is replaced or written to between the look at it and the copy: what is published is what
//! was looked at, or nothing is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::elf_builder::Elf;
use crate::support::scratch;
use crate::support::wheel_builder::WheelBuilder;
use wheelfix::error::{Error, Exit};
use wheelfix::host::{Applied, Unwatched};
use wheelfix::ops::repair::{Options, Repair};

const NAME: &str = "demo-1.0-py3-none-any.whl";

fn wheel(text: &str) -> Vec<u8> {
    let builder = WheelBuilder::new("demo", "1.0").file("demo/__init__.py", text.as_bytes());
    builder.build()
}

/// Copies a pure wheel, `meddle` having had its way with it (its path, a folder beside it) after it was
/// looked at. The bytes that were published, and the error if there is one.
fn copied(meddle: impl Fn(&Path, &Path)) -> (Option<Vec<u8>>, Option<Error>) {
    let folder = scratch::folder();
    let path = folder.path().join(NAME);
    fs::write(&path, wheel("good = 1\n")).unwrap();
    let mut options = Options {
        allow_pure_python_wheel: true,
        ..Options::default()
    };
    options.output.folder = folder.path().join("out");
    options.world.instead = Some(Vec::new());
    let repair = Repair::open(options).unwrap();
    let planned = repair.gather(&path, &Unwatched).unwrap().plan().unwrap();
    meddle(&path, folder.path());
    let written: Result<Applied, Error> = planned.write(&Unwatched);
    let out = folder.path().join("out");
    let bytes = fs::read(out.join(NAME)).ok();
    let names = fs::read_dir(&out).map_or(0, Iterator::count);
    assert_eq!(names, usize::from(bytes.is_some()), "nothing else is left");
    (bytes, written.err())
}

#[test]
fn what_was_looked_at_is_what_is_copied() {
    let good = wheel("good = 1\n");
    let evil = || wheel("evil = 666\n");
    type Meddle<'a> = &'a dyn Fn(&Path, &Path);
    let swaps: [(&str, Meddle<'_>); 6] = [
        ("renamed in", &|path, folder| {
            fs::write(folder.join("new"), evil()).unwrap();
            fs::rename(folder.join("new"), path).unwrap();
        }),
        ("removed", &|path, _| fs::remove_file(path).unwrap()),
        ("a link", &|path, folder| {
            fs::write(folder.join("new"), evil()).unwrap();
            fs::remove_file(path).unwrap();
            symlink(folder.join("new"), path).unwrap();
        }),
        ("a folder", &|path, _| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("made anew", &|path, _| {
            fs::remove_file(path).unwrap();
            fs::write(path, evil()).unwrap();
        }),
        ("a device", &|path, _| {
            fs::remove_file(path).unwrap();
            symlink("/dev/zero", path).unwrap();
        }),
    ];
    for (how, swap) in swaps {
        let (bytes, error) = copied(swap);
        // A file whose name went is another file to who asks the machine; the bytes are never others.
        match error {
            None => assert_eq!(bytes.as_ref(), Some(&good), "{how}"),
            Some(error) => assert!(matches!(error, Error::Changed { .. }), "{how}: {error:?}"),
        }
        assert!(bytes.is_none_or(|bytes| bytes == good), "{how}");
    }
}

#[test]
fn what_was_written_to_is_not_copied() {
    let evil = wheel("evil = 1\n");
    type Meddle<'a> = &'a dyn Fn(&Path);
    let writes: [(&str, Meddle<'_>); 4] = [
        ("other bytes", &|path| fs::write(path, &evil).unwrap()),
        ("cut short", &|path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_len(100).unwrap();
        }),
        ("longer", &|path| {
            let bytes = [fs::read(path).unwrap(), vec![0; 10]].concat();
            fs::write(path, bytes).unwrap();
        }),
        ("the time set back", &|path| {
            let before = fs::metadata(path).unwrap().modified().unwrap();
            let file = fs::File::options().write(true).open(path).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, b"x", 60).unwrap();
            file.set_modified(before).unwrap();
        }),
    ];
    for (how, write) in writes {
        // What is written in the same tick of the clock as the file itself has its time.
        let (bytes, error) = copied(|path, _| {
            std::thread::sleep(std::time::Duration::from_millis(30));
            write(path);
        });
        assert!(
            matches!(error, Some(Error::Changed { .. })),
            "{how}: {error:?}"
        );
        assert!(bytes.is_none(), "{how}");
    }
}

/// A library of the root that changes between plan and act does not come along, in no form.
#[test]
fn a_library_that_changed_is_not_grafted() {
    type Meddle<'a> = &'a dyn Fn(&Path);
    let other = || Elf::library("libfoo.so.2", &["libevil.so.1"]).build();
    let swaps: [(&str, Meddle<'_>); 5] = [
        ("written to", &|path| fs::write(path, other()).unwrap()),
        ("renamed in", &|path| {
            fs::write(path.with_file_name("new"), other()).unwrap();
            fs::rename(path.with_file_name("new"), path).unwrap();
        }),
        ("cut short", &|path| fs::write(path, b"\x7fELF").unwrap()),
        ("gone", &|path| fs::remove_file(path).unwrap()),
        ("a folder", &|path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (how, swap) in swaps {
        let folder = scratch::folder();
        let lib = folder.path().join("root/usr/lib");
        fs::create_dir_all(&lib).unwrap();
        fs::write(
            lib.join("libfoo.so.2"),
            Elf::library("libfoo.so.2", &[]).build(),
        )
        .unwrap();
        let name = "demo-1.0-cp312-cp312-linux_x86_64.whl";
        let extension = Elf {
            needed: vec!["libfoo.so.2".to_owned(), "libc.musl-x86_64.so.1".to_owned()],
            ..Elf::default()
        };
        let wheel = WheelBuilder::new("demo", "1.0").tag("cp312-cp312-linux_x86_64");
        let path = folder.path().join(name);
        fs::write(
            &path,
            wheel.file("demo/_core.abi3.so", extension.build()).build(),
        )
        .unwrap();
        let mut options = Options::default();
        options.world.sysroot = folder.path().join("root");
        options.output.folder = folder.path().join("out");
        let repair = Repair::open(options).unwrap();
        let planned = repair.gather(&path, &Unwatched).unwrap().plan().unwrap();
        swap(&lib.join("libfoo.so.2"));
        let error = planned.write(&Unwatched).unwrap_err();
        assert_eq!(error.exit(), Exit::Environment, "{how}: {error:?}");
        let left = fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{how}");
    }
}
