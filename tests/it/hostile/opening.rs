//! What is no file where a file is expected, and files that are larger than memory.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::support::bounded::{bounded_by, said};
use crate::support::elf_builder::Elf;
use crate::support::installed_tree::Tree;
use crate::support::scratch;
use crate::support::tools::tool;
use crate::support::wheel_builder::{WheelBuilder, record_row};

const WHEEL: &str = "demo-1.0-cp312-cp312-linux_x86_64.whl";

/// What may lie where a file should.
const SHAPES: [&str; 5] = ["pipe", "link to a pipe", "device", "socket", "folder"];

/// Those that may lie in a root: the device is a link out of it.
fn in_root() -> impl Iterator<Item = &'static str> {
    SHAPES.into_iter().filter(|shape| *shape != "device")
}

/// Puts one of them at a path.
fn put(shape: &str, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    let pipe = |path: &Path| {
        let made = tool("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    match shape {
        "pipe" => pipe(path),
        "link to a pipe" => {
            let aside = path.with_extension("aside");
            let _ = fs::remove_file(&aside);
            pipe(&aside);
            symlink(aside.file_name().unwrap(), path).unwrap();
        }
        "device" => symlink("/dev/zero", path).unwrap(),
        "socket" => drop(UnixListener::bind(path).unwrap()),
        _ => fs::create_dir(path).unwrap(),
    }
}

fn wheel() -> Vec<u8> {
    let elf = Elf {
        needed: vec!["libfoo.so.2".to_owned(), "libc.musl-x86_64.so.1".to_owned()],
        ..Elf::default()
    };
    WheelBuilder::default()
        .tag("cp312-cp312-linux_x86_64")
        .file("demo/_core.so", elf.build())
        .build()
}

#[test]
fn a_wheel_that_is_no_file_is_an_error() {
    for shape in SHAPES {
        let folder = scratch::folder();
        put(shape, &folder.path().join(WHEEL));
        for command in ["check", "show", "repair", "lddtree", "size", "slim", "port"] {
            let (code, text) = said(folder.path(), &[command, WHEEL]);
            assert!((1..5).contains(&code), "{command} of a {shape}: {text}");
        }
    }
}

#[test]
fn a_library_of_the_root_that_is_no_file_is_passed_over_and_told() {
    for shape in in_root() {
        let folder = scratch::folder();
        fs::write(folder.path().join(WHEEL), wheel()).unwrap();
        put(shape, &folder.path().join("root/usr/lib/libfoo.so.2"));
        let (code, text) = said(folder.path(), &["repair", "--sysroot", "root", WHEEL]);
        assert_eq!(code, 1, "{shape}: {text}");
        assert!(text.contains("not a regular file"), "{shape}: {text}");
    }
}

#[test]
fn configuration_and_databases_that_are_no_files_are_not_waited_for() {
    for shape in in_root() {
        let folder = scratch::folder();
        fs::write(folder.path().join(WHEEL), wheel()).unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        let library = Elf::library("libfoo.so.2", &[]).build();
        fs::write(root.join("usr/lib/libfoo.so.2"), library).unwrap();
        for path in [
            "usr/lib/apk/db/installed",
            "etc/os-release",
            "var/lib/dpkg/status",
            "usr/lib/demo-1.dist-info/RECORD",
        ] {
            put(shape, &root.join(path));
        }
        let words = ["repair", "--sysroot", "root", "-w", "out", WHEEL];
        let (code, text) = said(folder.path(), &words);
        assert_eq!(code, 0, "{shape}: {text}");
        put(shape, &root.join("etc/ld-musl-x86_64.path"));
        let (code, text) = said(folder.path(), &words);
        assert_eq!(code, 1, "{shape}: {text}");
    }
}

#[test]
fn a_single_file_that_is_none_is_an_error() {
    for shape in SHAPES {
        let folder = scratch::folder();
        put(shape, &folder.path().join("libx.so"));
        for words in [
            &["patchelf", "--print-needed", "libx.so"][..],
            &["patchelf", "--set-soname", "y", "libx.so"],
            &["patchelf", "--verify", "libx.so", "libx.so"],
            &["show", "--sysroot", ".", "libx.so"],
            &["lddtree", "--sysroot", ".", "libx.so"],
        ] {
            let (code, text) = said(folder.path(), words);
            assert!((1..5).contains(&code), "{words:?} of a {shape}: {text}");
        }
    }
}

#[test]
fn what_is_no_file_in_a_tree_hangs_nothing_and_is_told_where_it_is_recorded() {
    for shape in &SHAPES[..4] {
        let tree = Tree::new();
        let site = tree.site();
        tree.install(
            "odd",
            &[("odd/a.so", vec![1; 9]), ("odd/b.py", vec![b'#'; 9])],
        );
        for path in ["odd/a.so", "odd/b.py", "odd/more.so", "odd/more.py"] {
            put(shape, &site.join(path));
        }
        let site = site.to_str().unwrap();
        for command in ["check", "show", "size", "slim", "dedupe"] {
            let (code, text) = said(tree.site().parent().unwrap(), &[command, site]);
            assert!(
                code < 3 || command != "check",
                "{command} of a {shape}: {text}"
            );
            if command == "check" {
                assert!(text.contains("odd/a.so"), "{shape}: {text}");
                assert!(text.contains("odd/b.py"), "{shape}: {text}");
            }
        }
        for file in ["RECORD", "WHEEL"] {
            put(shape, &tree.site().join("odd-1.0.dist-info").join(file));
            let (code, text) = said(tree.site().parent().unwrap(), &["check", site]);
            assert_eq!(code, 1, "{shape}: {text}");
            assert!(text.contains(file), "{shape}: {text}");
        }
    }
}

/// A file of 10 GiB that is a hole.
fn vast(path: &Path, begins: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.write_all(begins).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.set_len(10 << 30).unwrap();
}

#[test]
fn a_tree_with_a_vast_file_is_looked_at_in_little_memory() {
    let tree = Tree::new();
    let site = tree.site();
    let data: Vec<u8> = vec![0; 8];
    tree.install("vast", &[("vast/weights.bin", data.clone())]);
    vast(&site.join("vast/weights.bin"), b"");
    vast(&site.join("vast/more.bin"), b"");
    vast(&site.join("vast/more.so"), b"");
    vast(&site.join("vast/more.py"), b"");
    vast(&site.join("vast/elf.so"), b"\x7fELF\x02\x01\x01");
    for command in ["check", "show", "size", "slim", "dedupe"] {
        let words = [command, site.to_str().unwrap()];
        let run = bounded_by(site.parent().unwrap(), 64 << 20, &words);
        let (code, text) = (run.code, run.text);
        assert!(code < 2, "{command}: {text}");
        if command == "check" {
            assert!(text.contains("10737418240 bytes"), "{text}");
            assert!(text.contains("--limit elf-file="), "{text}");
        }
    }
}

#[test]
fn a_large_recorded_file_is_hashed_in_little_memory() {
    let tree = Tree::new();
    let site = tree.site();
    tree.install("large", &[("large/data.bin", vec![0; 8])]);
    let record = site.join("large-1.0.dist-info/RECORD");
    let bytes = vec![0; 100 << 20];
    let row = record_row("large/data.bin", &bytes);
    let rows = fs::read_to_string(&record).unwrap();
    let rows = rows
        .lines()
        .filter(|line| !line.starts_with("large/data.bin"));
    let rows: Vec<&str> = rows.chain([row.trim_end()]).collect();
    fs::write(&record, rows.join("\n") + "\n").unwrap();
    File::create(site.join("large/data.bin"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let words = ["check", site.to_str().unwrap()];
    let text = bounded_by(site.parent().unwrap(), 64 << 20, &words).text;
    assert!(!text.contains("data.bin"), "{text}");
    let mut file = File::options()
        .write(true)
        .open(site.join("large/data.bin"))
        .unwrap();
    file.write_all(b"x").unwrap();
    let text = bounded_by(site.parent().unwrap(), 64 << 20, &words).text;
    assert!(text.contains("data.bin"), "{text}");
}

#[test]
fn what_a_wheel_packs_very_small_is_not_held_at_once() {
    let size = 300 << 20;
    let mut elf = vec![0; size];
    elf[..4].copy_from_slice(b"\x7fELF");
    for (path, bytes) in [("demo/_core.so", elf), ("demo/data.py", vec![b'#'; size])] {
        let folder = scratch::folder();
        let wheel = WheelBuilder::default()
            .tag("cp312-cp312-linux_x86_64")
            .file(path, bytes)
            .build();
        fs::write(folder.path().join(WHEEL), wheel).unwrap();
        for command in ["check", "show", "repair", "size", "slim", "lddtree", "port"] {
            let (code, text) = said(folder.path(), &[command, WHEEL]);
            assert!(code < 4, "{command}: {text}");
            if path.ends_with(".so") {
                assert!([1, 3].contains(&code), "{command}: {text}");
                assert!(text.contains("--limit held="), "{command}: {text}");
            }
        }
    }
}
