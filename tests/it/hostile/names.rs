//! Names that would steer a terminal, a log or a reader's eye, in every report of every command.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::elf_builder::Elf;
use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX};
use crate::support::scratch;
use crate::support::wheel_builder::WheelBuilder;

/// Each is harmful in a way of its own.
const NAMES: [&str; 16] = [
    "\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "::error::fooled",
    " ::stop-commands::x",
    "##[error]x",
    "##vso[task.complete]x",
    "a\u{202e}gpj.so",
    "a\u{2066}b",
    "\u{115f}",
    "\u{3164}",
    "x\u{fe0f}\u{e0101}",
    "x\u{34f}",
    "\u{2800}",
    "x\u{200b}y",
    "x\u{e0041}",
    "a\u{a0}b\u{2028}",
];

fn is_unseen(c: char) -> bool {
    matches!(u32::from(c),
        0..=8 | 0xb..=0x1f | 0x7f..=0xa0 | 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x200b..=0x200f
        | 0x2028..=0x202f | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff
        | 0xe0000..=0xe0fff)
}

/// Nothing in it steers anything. `commands`: lines may be commands of ours to GitHub.
pub(super) fn assert_tame(words: &[&str], output: &Output, commands: bool) {
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).expect("reports are UTF-8");
        for line in text.split('\n') {
            assert!(!line.chars().any(is_unseen), "{words:?}: {line:?}");
            assert!(!line.contains("##"), "{words:?}: {line:?}");
            let begins = line.trim_start();
            let ours = ["::error file=", "::warning file=", "::notice file="];
            let is_ours = commands && ours.iter().any(|own| begins.starts_with(own));
            assert!(!begins.starts_with("::") || is_ours, "{words:?}: {line:?}");
            assert!(!begins.starts_with("fooled"), "{words:?}: {line:?}");
        }
    }
}

fn run(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(WHEELFIX);
    let output = command.current_dir(folder).args(words).output().unwrap();
    assert!(
        output.status.code().is_some_and(|code| code < 5),
        "{words:?}"
    );
    output
}

/// Is what the command prints JSON?
pub(super) fn is_report(words: &[&str]) -> bool {
    let formats = ["--json", "json", "sarif", "gitlab"];
    words.iter().any(|word| formats.contains(word))
}

/// Runs a command and looks at what it says.
fn tame(folder: &Path, words: &[&str]) {
    let output = run(folder, words);
    assert_tame(words, &output, words.contains(&"github"));
    if is_report(words) && !output.stdout.is_empty() {
        let value: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        value.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
}

/// A wheel whose files, needs, symbols, versions, run paths and SONAMEs have such names.
fn wheel() -> Vec<u8> {
    // What an archive may hold: no control characters.
    let names = NAMES
        .iter()
        .filter(|name| !name.chars().any(char::is_control));
    let elf = Elf {
        needed: NAMES.iter().map(|name| format!("{name}.so")).collect(),
        wants: NAMES.iter().map(|name| (*name).to_owned()).collect(),
        defines: vec!["PyInit__core".to_owned()],
        versions: vec![
            "libc.so.6 ::error::fooled".to_owned(),
            "##[x] a\u{202e}b".to_owned(),
        ],
        rpath: Some("/::error::fooled:\u{1b}]0;x\u{7}:$ORIGIN/\u{2800}".to_owned()),
        soname: Some("::error::fooled".to_owned()),
        ..Elf::default()
    };
    let bytes = elf.build();
    let mut wheel = WheelBuilder::new("demo", "1.0").tag("cp313-cp313-linux_x86_64");
    for name in names {
        wheel = wheel.file(&format!("{name}/_core.so"), bytes.clone());
        wheel = wheel.file(&format!("{name}.abi3.so"), *b"no library");
    }
    wheel.build()
}

#[test]
fn no_report_of_a_wheel_steers_anything() {
    let folder = scratch::folder();
    let name = "demo-1.0-cp313-cp313-linux_x86_64.whl";
    fs::write(folder.path().join(name), wheel()).unwrap();
    let elf = Elf {
        needed: NAMES.iter().map(|name| format!("{name}.so")).collect(),
        rpath: Some("/::error::fooled:\u{2800}".to_owned()),
        ..Elf::default()
    };
    for (number, name) in NAMES.iter().enumerate() {
        let path = folder.path().join(format!("{name}{number}"));
        fs::write(path, elf.build()).unwrap();
    }
    for command in [
        "repair",
        "repair --libc musl -v -n",
        "repair --libc glibc --plat linux -v",
        "port --dry-run",
        "show",
        "show -v",
        "show --json",
        "check --strict",
        "check --json",
        "check --output-format github",
        "check --output-format sarif",
        "check --output-format gitlab",
        "slim -n -v",
        "slim --json -n",
        "size -v",
        "size --json",
        "repair --json",
    ] {
        let words: Vec<&str> = command.split(' ').chain([name]).collect();
        tame(folder.path(), &words);
    }
    for (number, name) in NAMES.iter().enumerate() {
        let file = format!("./{name}{number}");
        for command in [
            "lddtree --libc musl",
            "lddtree -v --libc musl",
            "lddtree --json --libc glibc",
            "lddtree --format dot --libc musl",
            "lddtree --format mermaid --libc musl",
            "lddtree --invert ::error::fooled --libc musl",
            "show --libc musl",
            "repair",
            "check",
            "slim",
            "size",
            "dedupe",
            "port",
            "patchelf --set-rpath /x -q",
            "patchelf --verify /dev/null",
        ] {
            let words: Vec<&str> = command.split(' ').chain([file.as_str()]).collect();
            let output = run(folder.path(), &words);
            assert_tame(&words, &output, false);
        }
    }
}

#[test]
fn no_report_of_a_tree_steers_anything() {
    let tree = Tree::new();
    let evil = [
        "\n::error::fooled",
        "\u{1b}[31m\n##[error]x",
        "::error::fooled",
        "\u{2800}",
    ];
    for name in evil {
        let package = tree.site().join(format!("{name}-1.0.dist-info"));
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("RECORD"), format!("{name}/a.so,,\n")).unwrap();
        fs::create_dir_all(tree.site().join(name)).unwrap();
        fs::write(tree.site().join(name).join("a.so"), Elf::default().build()).unwrap();
        fs::write(tree.site().join(name).join("b\n::error::fooled.so"), b"x").unwrap();
    }
    for name in NAMES.iter().filter(|name| !name.contains('/')) {
        let path = format!("one/{name}");
        if !name.chars().any(char::is_control) {
            tree.install(&format!("p{}", name.len()), &[(&path, b"x".to_vec())]);
        }
        let (library, other) = (format!("{name}/{LIBRARY}"), format!("six.libs/{name}.so"));
        fs::create_dir_all(tree.site().join(name)).unwrap();
        let from = tree.site().join(format!("one.libs/{LIBRARY}"));
        fs::copy(&from, tree.site().join(library)).unwrap();
        fs::copy(&from, tree.site().join(other)).unwrap();
    }
    // The tree itself is called so, too.
    let site = "si\u{1b}]0;x\u{7}te\n::error::fooled";
    fs::rename(tree.site(), tree.folder.path().join(site)).unwrap();
    for command in [
        "dedupe -n -v",
        "dedupe --json -n",
        "slim -n -v --tests --sources --stubs --no-pyc",
        "slim -n --json",
        "size -v",
        "size --json",
        "show -v",
        "show --json",
        "check",
        "check --json",
        "check --output-format github",
        "check --output-format sarif",
        "check --output-format gitlab",
        "dedupe -v",
        "dedupe -v",
        "slim -v",
        "dedupe --undo -v",
        "repair",
    ] {
        let words: Vec<&str> = command.split(' ').chain([site]).collect();
        tame(tree.folder.path(), &words);
    }
}

#[test]
fn json_has_names_as_they_are() {
    let folder = scratch::folder();
    let name = "demo-1.0-cp313-cp313-linux_x86_64.whl";
    fs::write(folder.path().join(name), wheel()).unwrap();
    let output = run(folder.path(), &["show", "--libc", "musl", "--json", name]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = value.to_string();
    for name in [
        "a\u{202e}gpj.so",
        "\u{2800}",
        "##[error]x",
        " ::stop-commands::x",
    ] {
        assert!(text.contains(name), "{name:?}");
    }
}

#[test]
fn a_name_on_the_command_line_steers_nothing() {
    let folder = scratch::folder();
    for word in ["--\u{1b}]0;x\u{7}", "--a\n::error::fooled", "\u{202e}"] {
        let output = run(folder.path(), &["check", word]);
        assert_tame(&["check", word], &output, false);
        let output = run(folder.path(), &[word]);
        assert_tame(&[word], &output, false);
    }
}
