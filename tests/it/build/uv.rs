//! An interpreter without pip, on a machine that has uv.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::command::text;
use crate::support::stage::stage;
use crate::support::tools;
use crate::support::wheel_builder::WheelBuilder;

/// uv's way to give an interpreter a pip for one run, by the pip of the stage: what it is asked has to be that.
const UV: &str = r#"#!/bin/sh
[ "$1 $2 $3 $4 $5 $6 $7" = "run --quiet --no-project --no-config --with pip --python" ] || exit 9
[ "$9" = python ] || exit 9
python=$8
shift 9
PYTHONPATH=@PIP@ exec "$python" "$@"
"#;

#[test]
fn an_interpreter_without_pip_gets_one_from_uv() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let python = tools::tool("python3");
    let python = python.get_program().to_owned();
    // A virtual environment without pip, whatever Debian's own has.
    let made = tools::tool("python3")
        .args(["-m", "venv", "--without-pip"])
        .arg(folder.join("bare"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{python:?}: {}", text(&made));
    let bare = folder.join("bare/bin/python");
    let asked = "import sys; print('%d.%d' % sys.version_info[:2])";
    let version = std::process::Command::new(&bare)
        .args(["-c", asked])
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    for path in [
        format!("root/usr/bin/python{}", version.trim()),
        "root/lib/ld-musl-x86_64.so.1".to_owned(),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let wheel = WheelBuilder::new("demo", "1.0")
        .file("demo.py", b"x = 1\n")
        .build();
    fs::create_dir_all(folder.join("links")).unwrap();
    fs::write(folder.join("links/demo-1.0-py3-none-any.whl"), wheel).unwrap();
    let pips = fs::read_dir(stage().full.join("wheels")).unwrap();
    let mut pips = pips.map(|entry| entry.unwrap().path());
    let is_pip = |path: &std::path::PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("pip-"))
    };
    let pip = pips.find(is_pip).unwrap();
    fs::create_dir(folder.join("bin")).unwrap();
    let uv = folder.join("bin/uv");
    fs::write(&uv, UV.replace("@PIP@", pip.to_str().unwrap())).unwrap();
    fs::set_permissions(&uv, fs::Permissions::from_mode(0o755)).unwrap();
    let build = |path: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_wheelfix"))
            .current_dir(folder)
            .env("PATH", path)
            .args(["build", "--sysroot", "root", "--cache-dir", "cache"])
            .args(["--no-index", "--find-links", "links", "demo", "--python"])
            .arg(&bare)
            .output()
            .unwrap()
    };
    let without = build("/nowhere");
    let said = text(&without);
    assert!(!without.status.success(), "{said}");
    assert!(said.contains("it has no pip, and there is no uv"), "{said}");
    let with = build(&format!("{}:/usr/bin:/bin", folder.join("bin").display()));
    assert!(with.status.success(), "{}", text(&with));
    assert!(folder.join("wheelhouse/demo-1.0-py3-none-any.whl").exists());
}
