//! A build that is killed and begun again ends with the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::support::wheel_builder::WheelBuilder;

/// Wheels, an Alpine and a lock.
fn lay_out(folder: &Path) {
    for (path, bytes) in [
        ("root/usr/bin/python3.13", ""),
        ("root/lib/ld-musl-x86_64.so.1", ""),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let mut lock = "lock-version = \"1.0\"\ncreated-by = \"a test\"\n".to_owned();
    for number in 0..12 {
        let name = format!("demo{number}");
        let file = format!("{name}-1.0-py3-none-any.whl");
        let text = format!("x = {number}\n").repeat(20_000);
        let wheel = WheelBuilder::new(&name, "1.0")
            .file(&format!("{name}.py"), text.as_bytes())
            .build();
        let sum: String = Sha256::digest(&wheel)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        fs::write(folder.join(&file), wheel).unwrap();
        lock.push_str(&format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\n\
             wheels = [{{ path = \"{file}\", hashes = {{ sha256 = \"{sum}\" }} }}]\n"
        ));
    }
    fs::write(folder.join("pylock.toml"), lock).unwrap();
}

fn build(folder: &Path, house: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
    command
        .current_dir(folder)
        .args([
            "build",
            "--sysroot",
            "root",
            "--cache-dir",
            "cache",
            "-r",
            "pylock.toml",
            "-w",
            house,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Every wheel, whole or not, by its name.
fn wheels(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap().path());
    let wheels = files.filter(|path| path.extension().is_some_and(|ending| ending == "whl"));
    wheels
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

/// `work` is emptied at each start.
#[test]
fn a_link_in_a_wheelhouse_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    lay_out(folder);
    let theirs = folder.join("theirs/work/precious");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "precious").unwrap();
    for (link, target) in [
        ("", "theirs"),
        ("made", "theirs/work"),
        ("logs", "theirs"),
        ("work", "theirs/work"),
    ] {
        let own = folder.join("house/.wheelfix");
        let link = own.join(link);
        fs::create_dir_all(link.components().as_path().parent().unwrap()).unwrap();
        symlink(folder.join(target), link.components().as_path()).unwrap();
        assert_eq!(
            build(folder, "house").status().unwrap().code(),
            Some(1),
            "{link:?}"
        );
        let there: Vec<_> = fs::read_dir(folder.join("theirs")).unwrap().collect();
        assert_eq!(there.len(), 1, "{link:?}: {there:?}");
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "precious");
        fs::remove_dir_all(folder.join("house")).unwrap();
    }
    assert!(build(folder, "house").status().unwrap().success());
}

#[test]
fn a_killed_build_leaves_whole_wheels_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    lay_out(folder);
    assert!(build(folder, "whole").status().unwrap().success());
    let whole = wheels(&folder.join("whole"));
    assert_eq!(whole.len(), 12);
    for moment in 0..10 {
        let mut child = build(folder, "killed").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1 + moment * 5));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in wheels(&folder.join("killed")) {
            assert_eq!(
                whole.get(&name),
                Some(&bytes),
                "{name} is there, and not whole"
            );
        }
        if moment % 3 == 0 {
            // So that there is something to do.
            fs::remove_dir_all(folder.join("killed")).unwrap_or_default();
        }
    }
    assert!(build(folder, "killed").status().unwrap().success());
    assert_eq!(wheels(&folder.join("killed")), whole);
}
