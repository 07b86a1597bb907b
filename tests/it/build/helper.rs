//! What wheelfix asks of pip's interpreter, with answers of source archives that mean no good.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use crate::support::{scratch, tools};

const HELPER: &str = include_str!("../../../src/host/build/pip_helper.py");

fn write_stand_in(name: &str, version: &str) -> (Output, Vec<String>) {
    let scratch = scratch::folder();
    let to = scratch.path().join("inside");
    fs::create_dir(&to).unwrap();
    let request = serde_json::json!({
        "do": "write_stand_in", "to": to, "metadata": {"name": name, "version": version},
    });
    let mut child = tools::tool("python3")
        .args(["-c", HELPER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{request}\n").as_bytes()).unwrap();
    // It ends when this does.
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let walk = walkdir(scratch.path());
    (output, walk)
}

fn walkdir(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path().is_dir() {
            true => found.extend(walkdir(&entry.path())),
            false => found.push(entry.file_name().into_string().unwrap()),
        }
    }
    found
}

#[test]
fn metadata_of_a_source_archive_leads_to_no_other_folder() {
    let (output, files) = write_stand_in("Demo.Project", "1.0+Local");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files, ["Demo_Project-1.0+local-py3-none-any.whl"]);
    for (name, version) in [
        ("../evil", "1.0"),
        ("evil", "1/../../../evil"),
        ("evil", "../1"),
        ("/evil", "1.0"),
        ("", "1.0"),
        ("evil\n", "1.0"),
    ] {
        let (output, files) = write_stand_in(name, version);
        assert!(!output.status.success(), "{name} {version}");
        assert_eq!(files, Vec::<String>::new(), "{name} {version}");
    }
}
