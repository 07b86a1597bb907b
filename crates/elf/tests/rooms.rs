//! Which room may use which, read from the sources: imports run one way, and no two files import
//! each other, not by way of others either.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each room may use besides the files of no room. `proof` and `twin` use `read` alone: an
/// editor must not lend its errors to what judges it.
const MAY_USE: [(&str, &[&str]); 5] = [
    ("read", &[]),
    ("rewrite", &["read"]),
    ("strip", &["read", "rewrite"]),
    ("proof", &["read"]),
    ("twin", &["read"]),
];

/// Files of no room that bring the rooms together; no room uses them.
const ON_TOP: [&str; 2] = ["lib", "edit"];

/// What a fact is must not depend on what is going to be edited.
const NOT_FOR_READERS: &str = "edits";

/// Every source file by its module's name, with the modules that it names and the lines.
fn uses() -> BTreeMap<String, Vec<(usize, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().with_extension("");
            let name = name.to_str().unwrap().replace('/', "::");
            // A list of files imports nothing.
            if !name.ends_with("::mod") {
                texts.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(texts.len() > 50, "the sources are not where they were");
    let names: BTreeSet<String> = texts.keys().cloned().collect();
    let used = |text: &String| named(text, &names);
    texts
        .iter()
        .map(|(name, text)| (name.clone(), used(text)))
        .collect()
}

/// The modules that a text names behind `crate::`, the items of a group too.
fn named(text: &str, modules: &BTreeSet<String>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let line = text[..at].rsplit('\n').next().unwrap();
        if line.contains("//") {
            continue;
        }
        let number = text[..at].matches('\n').count() + 1;
        let rest = &text[at + "crate::".len()..];
        let path = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let path = path.clone().next().unwrap().trim_end_matches("::");
        // In `crate::{a, b}` every item stands for itself; the sources have none, so that one rule
        // is enough to read them.
        assert!(
            !path.is_empty(),
            "line {number}: name one module behind crate::"
        );
        let mut parts: Vec<&str> = path.split("::").collect();
        while !parts.is_empty() && !modules.contains(&parts.join("::")) {
            parts.pop();
        }
        let module = if parts.is_empty() {
            "lib".to_owned()
        } else {
            parts.join("::")
        };
        found.push((number, module));
    }
    found
}

fn room(module: &str) -> Option<&str> {
    module.split_once("::").map(|(room, _)| room)
}

/// What is wrong with one use, and the way out.
fn complaint(from: &str, to: &str) -> Option<&'static str> {
    let (own, other) = (room(from), room(to));
    let Some(own) = own else {
        let is_free = ON_TOP.contains(&from) || other.is_none() && !ON_TOP.contains(&to);
        return (!is_free).then_some("what all rooms stand on uses no room");
    };
    let (_, below) = MAY_USE
        .iter()
        .find(|(name, _)| *name == own)
        .unwrap_or_else(|| panic!("{own} is no room: say in MAY_USE what it may use"));
    match other {
        Some(other) if other == own || below.contains(&other) => None,
        Some(_) if own == "proof" || own == "twin" => {
            Some("what judges an editor uses nothing of it: read the fact in read/")
        }
        Some(_) => Some("imports run from read to rewrite to strip, never back"),
        None if ON_TOP.contains(&to) => Some("a room does not use what brings the rooms together"),
        None if own == "read" && to == NOT_FOR_READERS => {
            Some("a fact does not depend on what is asked: decide in rewrite/ or proof/")
        }
        None => None,
    }
}

#[test]
fn imports_run_one_way_between_the_rooms() {
    let uses = uses();
    let complaints: Vec<String> = uses
        .iter()
        .flat_map(|(from, used)| used.iter().map(move |(line, to)| (from, line, to)))
        .filter_map(|(from, line, to)| {
            let path = from.replace("::", "/");
            let what = complaint(from, to)?;
            Some(format!("src/{path}.rs:{line} uses {to}: {what}"))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn the_rule_itself_sees_what_it_should() {
    for (from, to) in [
        ("proof::facts", "rewrite::list"),
        ("proof::facts", "twin::regions"),
        ("twin::regions", "strip::plan"),
        ("read::versions", "rewrite::change"),
        ("read::versions", "edits"),
        ("rewrite::plan", "strip::plan"),
        ("rewrite::plan", "edit"),
        ("address", "read::image"),
        ("error", "lib"),
    ] {
        assert!(complaint(from, to).is_some(), "{from} {to}");
    }
    for (from, to) in [
        ("proof::facts", "read::facts"),
        ("proof::facts", "edits"),
        ("strip::plan", "rewrite::draft"),
        ("edit", "strip::plan"),
        ("read::image", "address"),
    ] {
        assert_eq!(complaint(from, to), None, "{from} {to}");
    }
    let modules = BTreeSet::from(["read::image".to_owned(), "edits".to_owned()]);
    let text = "// crate::edits\nuse crate::read::image::{Image, x};\nlet a = crate::edits::A;";
    let expected = [(2, "read::image".to_owned()), (3, "edits".to_owned())];
    assert_eq!(named(text, &modules), expected);
}

#[test]
fn no_two_files_import_each_other() {
    // Files that import nothing any more are taken away, over and over: what is left is circles,
    // and what leads to them.
    let mut rest: BTreeMap<String, BTreeSet<String>> = uses()
        .into_iter()
        .map(|(from, used)| {
            let others = used.into_iter().map(|(_, to)| to);
            let others = others.filter(|to| *to != from).collect();
            (from, others)
        })
        .collect();
    loop {
        let done: Vec<String> = rest
            .iter()
            .filter(|(_, used)| used.is_empty())
            .map(|(name, _)| name.clone())
            .collect();
        if done.is_empty() {
            break;
        }
        for name in done {
            rest.remove(&name);
            for used in rest.values_mut() {
                used.remove(&name);
            }
        }
    }
    assert!(rest.is_empty(), "in a circle, or using one: {rest:#?}");
}
