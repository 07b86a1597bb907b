//! The rooms of the ELF package. What proves an edit must not share a line with what makes it, or
//! an editor would lend its errors to its proof: `proof/` and `twin/` know `read/` only, by whatever
//! way.

use std::collections::BTreeSet;

use super::assert_none;
use super::circles::{Uses, uses};
use super::graph::Package;
use super::source::{Source, sources};

const ELF: &str = "crates/elf/src";

/// Each room, and those that it may reach.
const ROOMS: [(&str, &[&str]); 5] = [
    ("read", &[]),
    ("rewrite", &["read"]),
    ("strip", &["read", "rewrite"]),
    ("proof", &["read"]),
    ("twin", &["read"]),
];

fn room(source: &Source) -> Option<(&'static str, &'static [&'static str])> {
    let mut rooms = ROOMS.into_iter();
    rooms.find(|(name, _)| *name == source.top())
}

/// What a room may not know, used by a file of it or by what it uses beside the rooms.
fn broken_walls(sources: &[Source]) -> Vec<String> {
    let package = Package::of(sources, ELF);
    let edges = package.edges();
    let uses = uses(&edges);
    let mut complaints = Vec::new();
    for edge in &edges {
        let Some((own, may)) = room(edge.from) else {
            continue;
        };
        for stranger in rooms_behind(&uses, edge.to) {
            let (name, _) = room(stranger).unwrap();
            if name == own || may.contains(&name) {
                continue;
            }
            let (place, path) = (&edge.place, &edge.path);
            let by = match stranger.file == edge.to.file {
                true => String::new(),
                false => format!(", by {}", edge.to.file),
            };
            let may = match may {
                [] => "no other room".to_owned(),
                _ => format!("{}/ only", may.join("/ and ")),
            };
            complaints.push(format!(
                "{place} uses {path} and so {}{by}: {own}/ may know {may}: move what both need to read/ or to \
                 a file beside the rooms",
                stranger.file
            ));
        }
    }
    complaints
}

/// The file itself, if it is in a room; else what it uses that is in one, by other files beside the
/// rooms too.
fn rooms_behind<'a>(uses: &Uses<'a>, file: &'a Source) -> Vec<&'a Source> {
    let mut seen = BTreeSet::from([file.file.as_str()]);
    let (mut next, mut found) = (vec![file], Vec::new());
    while let Some(file) = next.pop() {
        if room(file).is_some() {
            found.push(file);
            continue;
        }
        for edge in uses.get(file.file.as_str()).into_iter().flatten() {
            if seen.insert(&edge.to.file) {
                next.push(edge.to);
            }
        }
    }
    found
}

#[test]
fn the_rooms_of_the_elf_package_run_one_way_and_proofs_know_only_the_reader() {
    assert_none(&broken_walls(&sources()));
}

#[test]
fn every_folder_of_the_elf_package_is_a_room() {
    for source in sources().iter().filter(|source| source.package == ELF) {
        let is_below = source.below().contains('/');
        assert!(
            !is_below || room(source).is_some(),
            "{} is in no room: say in ROOMS what it may know",
            source.file
        );
    }
}

#[test]
fn the_wall_sees_a_use_by_way_of_another_file() {
    let complaint = |file: &str, code: &str| {
        let source = |file: &str, code: &str| Source::new(ELF, &format!("{ELF}/{file}"), code);
        broken_walls(&[
            source(
                "lib.rs",
                "mod edit; mod read; mod rewrite; mod proof; pub use read::facts::Facts;",
            ),
            source(
                "edit.rs",
                "use crate::rewrite::plan::Plan; pub fn edit(_: Plan) {}",
            ),
            source("read/mod.rs", "pub mod facts;"),
            source("read/facts.rs", "pub struct Facts;"),
            source("rewrite/mod.rs", "pub mod plan;"),
            source(
                "rewrite/plan.rs",
                "use crate::Facts; pub struct Plan(Facts);",
            ),
            source(file, code),
        ])
        .join("; ")
    };
    for (file, code, part) in [
        (
            "proof/x.rs",
            "use crate::rewrite::plan::Plan;",
            "proof/x.rs:1 uses crate::rewrite::plan::Plan and so crates/elf/src/rewrite/plan.rs:",
        ),
        (
            "proof/x.rs",
            "fn f() { crate::edit::edit() }",
            "rewrite/plan.rs, by crates/elf/src/edit.rs",
        ),
        (
            "twin/x.rs",
            "use crate::{Facts, rewrite::plan};\nfn f() { plan::Plan }",
            "twin/x.rs:2",
        ),
        (
            "read/x.rs",
            "use super::super::rewrite::plan::Plan;",
            "may know no other room",
        ),
    ] {
        let said = complaint(file, code);
        assert!(said.contains(part), "{code}: {said}");
    }
    for (file, code) in [
        ("proof/x.rs", "use crate::Facts;"),
        ("strip/x.rs", "use crate::{Facts, rewrite::plan::Plan};"),
        ("error.rs", "use crate::rewrite::plan::Plan;"),
    ] {
        assert_eq!(complaint(file, code), "", "{code}");
    }
}
