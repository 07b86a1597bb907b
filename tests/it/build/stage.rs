//! `wheelfix build` in the full Alpine, offline, of small source archives.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::command::text;
use crate::support::stage::{inside, install_on_bare, run_on_bare, stage, static_binary};
use crate::support::tools;

pub(super) fn planted() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/build/planted.py");
    let made = tools::tool("python3")
        .arg(script)
        .arg(folder.path())
        .output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", text(&made));
    folder
}

/// Run it there; `out` is /out, the archives are in /planted.
fn build(planted: &Path, out: &Path, words: &str) -> Output {
    let program = static_binary().parent().unwrap();
    let binds = [
        (program, "/mnt/program"),
        (planted, "/planted"),
        (out, "/out"),
    ];
    let command =
        format!("cd /out; /mnt/program/wheelfix build --cache-dir /out/cache --no-index {words}");
    inside(&stage().full, &binds, &command)
}

pub(super) fn wheels(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| {
        let name = entry.unwrap().file_name();
        name.to_str().unwrap().to_owned()
    });
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".whl")).collect();
    names.sort();
    names
}

/// The archives of one run: those that are whole are built, each other ends with what it lacks, its log and
/// the line that brings it.
#[test]
fn sources_are_built_and_each_failure_names_its_cure() {
    let planted = planted();
    let out = tempfile::tempdir().unwrap();
    let names = "old second header library pkgconfig make fortran rust memory";
    let ran = build(
        planted.path(),
        out.path(),
        &format!("--find-links /planted --json {names}"),
    );
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let house = out.path().join("wheelhouse");
    for (name, what, cure) in [
        (
            "header",
            "a header is missing: libpq-fe.h",
            "`apk add pc:libpq`",
        ),
        (
            "library",
            "a library is missing: -lyaml",
            "`apk add pc:yaml-0.1`",
        ),
        (
            "pkgconfig",
            "pkg-config does not know libxmlsec1",
            "`apk add pc:libxmlsec1`",
        ),
        (
            "make",
            "a program is missing: cmake3",
            "`apk add cmd:cmake3`",
        ),
        (
            "fortran",
            "a compiler is missing: Fortran",
            "`apk add cmd:gfortran`",
        ),
        (
            "rust",
            "a compiler is missing: Rust",
            "`apk add cmd:cargo cmd:rustc`",
        ),
        ("memory", "there was not enough memory", "`--jobs 1`"),
    ] {
        let failed = report["failed"].as_array().unwrap();
        let failed = failed
            .iter()
            .find(|one| one["name"] == name)
            .unwrap_or_else(|| panic!("{report:#}"));
        let said = failed["errors"][0]["text"].as_str().unwrap();
        assert!(said.contains(what) && said.contains(cure), "{said}");
        let log = format!("wheelhouse/.wheelfix/logs/{name}-1.0.log");
        assert!(said.contains(&log), "{said}");
        assert!(out.path().join(log).exists());
    }
    assert_eq!(report["failed"].as_array().unwrap().len(), 7);
    assert_eq!(
        wheels(&house),
        [
            "good-1.0-cp313-cp313-musllinux_1_2_x86_64.whl",
            "old-1.0-cp313-cp313-musllinux_1_2_x86_64.whl",
            "second-1.0-cp313-cp313-musllinux_1_2_x86_64.whl",
        ]
    );
    assert!(!house.join(".wheelfix/work").exists());
    let all: Vec<_> = wheels(&house).iter().map(|name| house.join(name)).collect();
    let all: Vec<&Path> = all.iter().map(std::path::PathBuf::as_path).collect();
    let site = tempfile::tempdir().unwrap();
    let installed = install_on_bare(&all, site.path());
    assert!(installed.status.success(), "{}", text(&installed));
    let ran = run_on_bare(
        site.path(),
        &std::collections::BTreeSet::new(),
        "import good, old, second",
    );
    assert!(ran.status.success(), "{}", text(&ran));
    // Nothing of it is done again, by the lock, without looking for anything.
    let again = build(
        Path::new("/tmp"),
        out.path(),
        "--json -r wheelhouse/pylock.toml",
    );
    let report: Value = serde_json::from_slice(&again.stdout).unwrap();
    let resumed = report["packages"].as_array().unwrap();
    assert!(resumed.iter().all(|one| one["resumed"] == true), "{report}");
    assert_eq!(resumed.len(), 3);
    // Where some failed there is no list to install by; that of these three holds each digest.
    assert!(!house.join("wheelhouse.txt").exists());
    let whole = build(
        planted.path(),
        out.path(),
        "--find-links /planted -w 'the whole' good old second",
    );
    let line = "--find-links 'the whole' -r 'the whole'/wheelhouse.txt";
    assert!(text(&whole).contains(line), "{}", text(&whole));
    let installed = inside(
        &stage().bare,
        &[(out.path(), "/mnt/out"), (site.path(), "/mnt/site")],
        &format!("cd /mnt/out; pip install -q --no-index {line} --target /mnt/site/again"),
    );
    assert!(installed.status.success(), "{}", text(&installed));
}

/// Requirements that cannot be met: one clear error, and nothing in the wheelhouse.
#[test]
fn what_cannot_be_resolved_says_why() {
    let planted = planted();
    let out = tempfile::tempdir().unwrap();
    let wrong = format!("good==1.0 --hash=sha256:{}\n", "0".repeat(64));
    fs::write(out.path().join("pinned.txt"), wrong).unwrap();
    for (words, expected) in [
        (
            "--find-links /planted python",
            "it is for other Pythons: >=3.99",
        ),
        ("--find-links /planted nosuch", "there is no `nosuch`"),
        (
            "--find-links /planted 'good>=2'",
            "there is no `good>=2`; there are 1.0",
        ),
        (
            "--find-links /planted -r pinned.txt",
            "a file is not the one that the requirements pin",
        ),
        (
            "--find-links /planted/yanked/page.html back==1.0",
            "taken back (yanked) by whoever published it: back 1.0",
        ),
        (
            "--find-links /planted 'good>'",
            "this is no requirement: good>",
        ),
    ] {
        let ran = build(planted.path(), out.path(), words);
        let said = text(&ran);
        assert_eq!(ran.status.code(), Some(1), "{words}: {said}");
        assert!(
            said.contains(expected) && said.contains("hint: "),
            "{words}: {said}"
        );
        assert_eq!(wheels(&out.path().join("wheelhouse")), [""; 0], "{words}");
    }
}
