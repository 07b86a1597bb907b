//! Modules stand on floors and use lower floors only; two on one floor do not know each other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::assert_none;
use super::graph::Package;
use super::names::names;
use super::source::{Source, sources};

/// Each top-level module's floor. `elf` is the package `wheelfix-elf`.
const FLOORS: [(&str, u32); 12] = [
    ("cli", 8),
    ("ops", 7),
    ("host", 6),
    ("report", 6),
    ("error", 5),
    ("plan", 4),
    ("policy", 3),
    ("resolve", 2),
    ("elf", 1),
    ("packages", 1),
    ("python", 1),
    ("wheel", 1),
];

fn floor(module: &str) -> Option<u32> {
    let mut floors = FLOORS.iter();
    floors
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// What is wrong with the files, and the way out.
fn broken_floors(sources: &[Source]) -> Vec<String> {
    let package = Package::of(sources, "src");
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.package == "src") {
        let own = source.top();
        let Some(own_floor) = floor(own) else {
            continue;
        };
        let names = names(&source.code);
        let imports = names.imports.iter().map(|import| (&import.path, import.at));
        let mentions = names.mentions.iter();
        let mentions = mentions.map(|mention| (&mention.path, mention.at));
        for (path, at) in imports.chain(mentions) {
            let other = match path[0].as_str() {
                "wheelfix_elf" => Some("elf".to_owned()),
                "crate" if floor(&path[1]).is_some() => Some(path[1].clone()),
                _ => package.top_of(source, path),
            };
            let Some((other, other_floor)) = other
                .and_then(|name| Some((floor(&name)?, name)))
                .map(|(floor, name)| (name, floor))
            else {
                continue;
            };
            if other == own || other_floor < own_floor {
                continue;
            }
            let (what, way_out) = match other_floor == own_floor {
                true => (
                    "its neighbour on one floor",
                    "let the floor above bring the two together",
                ),
                false => ("a higher floor", "pass what it knows in as an argument"),
            };
            let place = source.place(at);
            complaints.push(format!("{place} uses crate::{other}, {what}: {way_out}"));
        }
    }
    complaints
}

#[test]
fn every_module_uses_lower_floors_only() {
    assert_none(&broken_floors(&sources()));
}

#[test]
fn the_rule_itself_sees_what_it_should() {
    let complaint = |file: &str, code: &str| {
        let source = |file: &str, code: &str| Source::new("src", file, code);
        broken_floors(&[
            source(
                "src/lib.rs",
                "pub mod host; pub mod plan; pub use host::Upstairs;",
            ),
            source("src/host/mod.rs", "pub fn gather() {} pub struct Upstairs;"),
            source("src/plan/mod.rs", "pub struct Note;"),
            source(file, code),
        ])
        .join("; ")
    };
    assert_eq!(
        complaint("src/plan/repair.rs", "use crate::host::gather;"),
        "src/plan/repair.rs:1 uses crate::host, a higher floor: pass what it knows in as an argument"
    );
    for (file, code, part) in [
        (
            "src/wheel/x.rs",
            "let x = crate::python::escape(y);",
            "neighbour",
        ),
        (
            "src/report/x.rs",
            "use crate::{elf,\n host::gather};",
            "x.rs:2 uses crate::host, its neighbour",
        ),
        (
            "src/resolve/x.rs",
            "    crate::policy::Policy",
            "a higher floor",
        ),
        (
            "src/plan/x.rs",
            "use super::super::host::gather;",
            "crate::host",
        ),
        ("src/plan/x.rs", "use crate::Upstairs;", "crate::host"),
        (
            "src/host/x.rs",
            "use crate::ops::repair;",
            "crate::ops, a higher floor",
        ),
        (
            "src/wheel/x.rs",
            "use wheelfix_elf::read;",
            "crate::elf, its neighbour",
        ),
        (
            "src/error.rs",
            "use crate::report::tell;",
            "crate::report, a higher floor",
        ),
    ] {
        let said = complaint(file, code);
        assert!(said.contains(part), "{code}: {said}");
    }
    for (file, code) in [
        ("src/plan/repair.rs", "use crate::elf::Edits;"),
        ("src/plan/repair.rs", "use crate::plan::Note;"),
        ("src/plan/repair.rs", "use super::super::plan::Note;"),
        ("src/plan/repair.rs", "// use crate::host is forbidden"),
        ("src/plan/repair.rs", "let text = \"crate::host\";"),
        ("src/policy/floor.rs", "use crate::resolve::Graph;"),
        ("src/plan/repair.rs", "use crate::elf::{host, cli};"),
        (
            "src/plan/repair.rs",
            "use crate::{elf::host, wheel::{cli, report}};",
        ),
        (
            "src/ops/repair.rs",
            "use crate::{host::gather, report::tell};",
        ),
        ("src/main.rs", "use wheelfix::cli::main;"),
    ] {
        assert_eq!(complaint(file, code), "", "{code}");
    }
}

#[test]
fn the_map_names_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let sources = sources();
    let own = sources.iter().filter(|source| source.package == "src");
    let mut modules: BTreeSet<&str> = own.map(Source::top).collect();
    modules.retain(|name| !matches!(*name, "lib" | "main"));
    for name in &modules {
        assert!(
            map.contains(&format!("pub mod {name};")),
            "src/lib.rs does not have {name}"
        );
    }
    modules.insert("elf");
    for name in modules {
        assert!(
            map.contains(&format!("[`{name}`]")),
            "src/lib.rs does not tell what {name} is"
        );
        let floor = floor(name);
        let floor = floor.unwrap_or_else(|| panic!("{name} has no floor: give it one in FLOORS"));
        let row = format!("| {floor} | [`{name}`]");
        assert!(
            map.contains(&row),
            "src/lib.rs shows {name} on another floor than {floor}"
        );
    }
}
