//! Rows of RECORD that no installer heeds. pip and uv put files down without a look at RECORD; auditwheel
//! writes RECORD anew, and breaks on folders and on bytecode that is not there.

use std::fs;
use std::process::{Command, Output};

use crate::support::command::text;
use crate::support::small_world::elf;
use crate::support::wheel_builder::{WheelBuilder, record_row};
use crate::support::wheels::only_wheel;

const NAME: &str = "demo-1.0-cp312-cp312-linux_x86_64.whl";
const HASH: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

fn wheelfix(folder: &std::path::Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
    command.current_dir(folder).args(words).output().unwrap()
}

/// A wheel whose RECORD is changed, repaired and checked: what `repair` says, and RECORD as it is then.
fn repaired(change: impl Fn(&str) -> String) -> Result<(String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let init = "demo/__init__.py";
    let cached = "demo/__pycache__/__init__.cpython-312.pyc";
    let wheel = WheelBuilder::new("demo", "1.0")
        .tag("cp312-cp312-linux_x86_64")
        .file(init, b"x = 1\n")
        .file(cached, b"bytecode")
        .file("demo/_core.so", elf(&["libc.musl-x86_64.so.1"]).build());
    let rows = wheel
        .all_files()
        .into_iter()
        .map(|(path, bytes)| match path.ends_with("RECORD") {
            true => format!("{path},,\n"),
            false => record_row(&path, &bytes),
        });
    let rows: String = rows.collect();
    let wheel = wheel.record(&change(&rows));
    fs::write(folder.path().join(NAME), wheel.build()).unwrap();
    let words = ["repair", "-v", "--libc", "musl", "-w", "out", NAME];
    let said = wheelfix(folder.path(), &words);
    if !said.status.success() {
        return Err(text(&said));
    }
    let looked = wheelfix(folder.path(), &["check", "--select", "R", "out"]);
    assert!(looked.status.success(), "{}", text(&looked));
    let out = fs::File::open(only_wheel(&folder.path().join("out"))).unwrap();
    let mut archive = zip::ZipArchive::new(out).unwrap();
    let record = archive.by_name("demo-1.0.dist-info/RECORD").unwrap();
    let record = std::io::read_to_string(record).unwrap();
    Ok((text(&said), record))
}

type Change = Box<dyn Fn(&str) -> String>;

#[test]
fn rows_that_no_installer_heeds_are_taken_and_not_passed_on() {
    let (_, plain) = repaired(str::to_owned).unwrap();
    let row = |more: &'static str| move |rows: &str| format!("{more}\n{rows}");
    let shapes: [(&str, Change); 8] = [
        (
            "./",
            Box::new(|rows| rows.replace("demo/__init__.py", "./demo/__init__.py")),
        ),
        (
            "//",
            Box::new(|rows| rows.replace("demo/_core.so", "demo//_core.so")),
        ),
        (
            "/./",
            Box::new(|rows| rows.replace("demo/_core.so", ".\\demo\\.\\_core.so")),
        ),
        ("of folders", Box::new(row("demo/,,"))),
        ("of folders", Box::new(row("demo,,"))),
        ("of folders", Box::new(row("./demo/__pycache__/,,"))),
        ("of folders", Box::new(row("demo-1.0.dist-info/,,"))),
        (
            "bytecode",
            Box::new(row("demo/__pycache__/gone.cpython-311.pyc,,")),
        ),
    ];
    for (shape, change) in shapes {
        let (said, record) = repaired(&change).unwrap();
        assert_eq!(record, plain, "{shape}");
        let told = ["`./` or `//`", "of folders, or of bytecode"];
        assert!(
            told.iter().any(|note| said.contains(note)),
            "{shape}: {said}"
        );
    }
    // Bytecode that is there may have no hash: Python makes it anew.
    let bare = |rows: &str| {
        let mut lines: Vec<String> = rows.lines().map(str::to_owned).collect();
        for line in lines.iter_mut().filter(|line| line.contains(".pyc,")) {
            *line = format!("{},,", line.split(',').next().unwrap());
        }
        lines.join("\n") + "\n"
    };
    let (_, record) = repaired(bare).unwrap();
    assert!(record.contains("__init__.cpython-312.pyc,,"), "{record}");
}

#[test]
fn rows_that_promise_what_is_not_there_are_refused() {
    for (row, why) in [
        ("demo/never.py,HASH,0", "listed in it not in the wheel"),
        ("demo/never.py,,", "listed in it not in the wheel"),
        (
            "demo/__pycache__/gone.cpython-311.pyc,HASH,0",
            "listed in it not in the wheel",
        ),
        ("nowhere/,,", "a folder that the wheel does not have"),
        ("demo/,HASH,0", "listed in it not in the wheel"),
        ("./demo/__init__.py,,", "again"),
        ("demo/../demo/x.py,,", "climbs out"),
        ("/demo/x.py,,", "absolute"),
        (".//,,", "the name is empty"),
    ] {
        let row = row.replace("HASH", HASH);
        let said = repaired(|rows| format!("{row}\n{rows}")).unwrap_err();
        assert!(said.contains(why), "{row}: {said}");
    }
    let said = repaired(|rows| {
        let init = rows
            .lines()
            .find(|line| line.starts_with("demo/__init__.py"))
            .unwrap();
        rows.replace(init, "demo/__init__.py,,")
    });
    assert!(said.unwrap_err().contains("without a hash"));
}
