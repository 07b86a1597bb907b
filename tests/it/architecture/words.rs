//! Who may print, who may touch the machine, and that nothing is unsafe: in both packages.

use super::assert_none;
use super::names::names;
use super::source::{Source, sources};

fn printing(source: &Source) -> Vec<String> {
    const MACROS: [&str; 5] = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    if source.file == "src/cli/terminal.rs" {
        return Vec::new();
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let macros = MACROS.iter().flat_map(|name| {
        let found = source.code.match_indices(name).map(|(at, _)| at);
        found.filter(|&at| !source.code[..at].ends_with(is_word))
    });
    let paths = paths(source).into_iter();
    let streams = paths.filter_map(|(path, at)| {
        let is_stream = ["io::stdout", "io::stderr"]
            .iter()
            .any(|name| path.ends_with(name));
        is_stream.then_some(at)
    });
    macros
        .chain(streams)
        .map(|at| {
            let place = source.place(at);
            format!("{place} prints: hand the text to cli/terminal.rs")
        })
        .collect()
}

/// Every path that it names, grouped ones whole.
fn paths(source: &Source) -> Vec<(String, usize)> {
    let names = names(&source.code);
    let imports = names.imports.into_iter();
    let imports = imports.map(|import| (import.path.join("::"), import.at));
    let mentions = names.mentions.into_iter();
    let mentions = mentions.map(|mention| (mention.path.join("::"), mention.at));
    imports.chain(mentions).collect()
}

fn touching(source: &Source) -> Vec<String> {
    const NAMES: [&str; 5] = [
        "std::fs",
        "std::env",
        "std::process",
        "std::net",
        "std::os::unix::fs",
    ];
    if source.package == "src" && matches!(source.top(), "host" | "cli" | "main") {
        return Vec::new();
    }
    let touches = |path: &str| {
        NAMES.iter().any(|name| {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        }) || path.ends_with("SystemTime::now")
    };
    let paths = paths(source).into_iter();
    paths
        .filter(|(path, _)| touches(path))
        .map(|(_, at)| {
            let place = source.place(at);
            format!("{place} touches the machine: take the bytes, facts or values as arguments")
        })
        .collect()
}

fn unsafe_words(source: &Source) -> Vec<String> {
    let words = source
        .code
        .split(|c: char| !c.is_alphanumeric() && c != '_');
    let count = words.filter(|word| *word == "unsafe").count();
    (count > 0)
        .then(|| format!("{} has unsafe code", source.file))
        .into_iter()
        .collect()
}

fn all(rule: fn(&Source) -> Vec<String>) -> Vec<String> {
    sources().iter().flat_map(rule).collect()
}

#[test]
fn only_the_terminal_prints() {
    assert_none(&all(printing));
}

#[test]
fn only_host_and_cli_touch_the_machine() {
    assert_none(&all(touching));
}

/// Not a rule of style: what forbids it to the compiler could be lifted in one module.
#[test]
fn nothing_is_unsafe() {
    assert_none(&all(unsafe_words));
}

#[test]
fn what_prints_touches_or_is_unsafe_is_seen() {
    let count = |rule: fn(&Source) -> Vec<String>, file: &str, code: &str| {
        rule(&Source::new("src", file, code)).len()
    };
    for (code, expected) in [
        ("println!(\"a\"); fingerprint!(x)", 1),
        ("use std::io::{self, stdout};", 1),
        ("std::io::stderr().lock()", 1),
        ("// println!", 0),
    ] {
        assert_eq!(count(printing, "src/plan/x.rs", code), expected, "{code}");
    }
    assert_eq!(count(printing, "src/cli/terminal.rs", "print!()"), 0);
    for (code, expected) in [
        ("use std::{fs, io};", 1),
        ("use std::collections::BTreeMap;", 0),
        ("fn f() { std::env::var() }", 1),
        ("let now = SystemTime::now();", 1),
        ("use std::fsx;", 0),
        ("/* std::fs */ env!(\"CARGO\")", 0),
    ] {
        assert_eq!(count(touching, "src/ops/x.rs", code), expected, "{code}");
        assert_eq!(count(touching, "src/host/x.rs", code), 0, "{code}");
    }
    let hidden = Source::new("crates/elf/src", "crates/elf/src/host/x.rs", "use std::fs;");
    assert_eq!(touching(&hidden).len(), 1);
    assert_eq!(count(unsafe_words, "src/x.rs", "unsafe { x }"), 1);
    assert_eq!(count(unsafe_words, "src/x.rs", "unsafe_code // unsafe"), 0);
}
