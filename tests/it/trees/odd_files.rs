//! Files of a tree that are none of a package's: pipes, files without end, others' own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;

use super::outside::{of, pipe};
use crate::support::command::text as said_by;
use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX};

const MANIFEST: &str = "wheelfix.libs/.wheelfix.json";

/// Pipes, sockets and devices have no end to read to.
#[test]
fn only_regular_files_are_read() {
    let tree = Tree::new();
    let site = tree.site();
    fs::create_dir_all(site.join("one/tests")).unwrap();
    fs::create_dir_all(site.join("ghost-1.0.dist-info")).unwrap();
    for path in [
        "one/pipe.so",
        "one/libpipe.so.1",
        "one/pipe.py",
        "one/program",
        "one/head.h",
        "one/tests/test_pipe.py",
        "one-1.0.dist-info/entry_points.txt",
        "ghost-1.0.dist-info/RECORD",
        "one/.x.wheelfix-tmp",
    ] {
        pipe(&site.join(path));
    }
    let _socket = UnixListener::bind(site.join("one/socket.so")).unwrap();
    let mut device = tree.command(&["mknod", "site/one/zero.so", "c", "1", "5"]);
    // Not everybody may make devices.
    let _ = device.output().unwrap();
    for words in [
        "size",
        "dedupe -n",
        "dedupe",
        "slim --tests --sources --stubs",
        "dedupe --undo",
    ] {
        let program = format!("timeout 60 {WHEELFIX} {words} site");
        let output = tree.command(&["sh", "-c", &program]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{words}: {said}");
    }
    assert!(site.join("one/pipe.so").symlink_metadata().is_ok());
    // A pipe where the manifest is to be.
    fs::create_dir_all(site.join("wheelfix.libs")).unwrap();
    pipe(&site.join(MANIFEST));
    let program = format!("timeout 60 {WHEELFIX} dedupe site");
    let output = tree.command(&["sh", "-c", &program]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

/// What nobody can have meant to be read is not, and that is said: what it names may be anything.
#[test]
fn files_without_end_take_no_memory_and_are_told_of() {
    let tree = Tree::new();
    let text = |text: &str| text.as_bytes().to_vec();
    tree.install(
        "big",
        &[
            ("big/huge.py", text("")),
            ("big/weights.bin", text("")),
            ("big/libhuge.so.1", text("")),
            ("big/tests/test_a.py", text("import big\n")),
            ("big/other.c", text("int x;\n")),
        ],
    );
    let library = fs::read(tree.site().join(of("one"))).unwrap();
    fs::write(tree.site().join("big/libhuge.so.1"), library).unwrap();
    for name in ["huge.py", "weights.bin", "libhuge.so.1"] {
        let file = fs::File::options()
            .write(true)
            .open(tree.site().join("big").join(name));
        file.unwrap().set_len(10 << 30).unwrap();
    }
    for words in ["size", "slim -n --tests --sources", "dedupe -n"] {
        let program = format!("ulimit -v 1500000; exec timeout 60 {WHEELFIX} {words} site");
        let output = tree.command(&["sh", "-c", &program]).output().unwrap();
        let said = said_by(&output);
        assert_eq!(output.status.code(), Some(0), "{words}: {said}");
        if words.starts_with("dedupe") {
            continue;
        }
        assert!(
            said.contains("big/huge.py: it has 10737418240 bytes"),
            "{words}: {said}"
        );
        if words.starts_with("slim") {
            let kept = "big/tests/test_a.py   big/huge.py was not looked into";
            assert!(said.contains(kept), "{said}");
        }
    }
}

/// The mode of a link is no file's, and nobody gets the rights of a file that became a link.
#[test]
fn modes_are_those_of_the_files_without_rights_of_their_own() {
    let tree = Tree::new();
    let path = tree.site().join(of("one"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6755)).unwrap();
    tree.done(&["dedupe", "site"]);
    let copy = tree.site().join("wheelfix.libs").join(LIBRARY);
    assert_eq!(fs::metadata(copy).unwrap().mode() & 0o7777, 0o755);
    tree.done(&["slim", "site"]);
    tree.done(&["dedupe", "--undo", "site"]);
    let mode = path.symlink_metadata().unwrap().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

/// An ELF file that no RECORD lists is somebody's own: neither is it repacked nor merged.
#[test]
fn what_no_record_lists_is_left_alone() {
    let tree = Tree::new();
    let own = tree.site().join("mine.libs").join(LIBRARY);
    fs::create_dir(own.parent().unwrap()).unwrap();
    fs::copy(tree.site().join(of("one")), &own).unwrap();
    let before = tree.state();
    let path = format!("mine.libs/{LIBRARY}");
    tree.done(&["slim", "site"]);
    tree.done(&["dedupe", "site"]);
    assert_eq!(tree.state()[&path], before[&path]);
}
