//! A test calls no tool by a bare name: `PATH` finds another one on each machine.

use std::fs;
use std::path::Path;

use super::assert_none;

fn bare_names(file: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| {
            let mut calls = line.split("Command::new(").skip(1);
            calls.any(|argument| argument.starts_with('"'))
        })
        .map(|(index, _)| {
            let line = index + 1;
            format!("{file}:{line} takes a tool from PATH: support/tools.rs knows where it is")
        })
        .collect()
}

#[test]
fn no_test_takes_a_tool_from_the_path() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/it"), root.join("tests/cases_harness")];
    let (mut complaints, mut files) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                // The rule's own examples.
                if name != file!() {
                    complaints.extend(bare_names(&name, &fs::read_to_string(&path).unwrap()));
                }
                files += 1;
            }
        }
    }
    assert!(files > 40, "the tests are not where they were");
    complaints.sort();
    assert_none(&complaints);
}

#[test]
fn a_tool_by_a_bare_name_is_seen() {
    let said = bare_names(
        "x.rs",
        "a\nlet c = Command::new(\"strip\");\nCommand::new(path)",
    );
    assert_eq!(
        said,
        ["x.rs:2 takes a tool from PATH: support/tools.rs knows where it is"]
    );
}
