//! No file uses, by whatever way, one that uses it: each can be read after those below it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::assert_none;
use super::graph::{Edge, Package};
use super::source::{PACKAGES, Source, sources};

/// The edges by the file that they begin at.
pub type Uses<'a> = BTreeMap<&'a str, Vec<&'a Edge<'a>>>;

/// What a file reaches, itself only in a circle.
fn reached<'a>(uses: &Uses<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for edge in uses.get(file).into_iter().flatten() {
            if reached.insert(edge.to.file.as_str()) {
                next.push(&edge.to.file);
            }
        }
    }
    reached
}

pub fn uses<'a>(edges: &'a [Edge<'a>]) -> Uses<'a> {
    let mut uses = Uses::new();
    for edge in edges {
        uses.entry(edge.from.file.as_str()).or_default().push(edge);
    }
    uses
}

/// The shortest way from a file back to itself.
fn circle<'a>(uses: &Uses<'a>, start: &'a str) -> Vec<&'a Edge<'a>> {
    let mut came_by: BTreeMap<&str, &Edge<'_>> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        for edge in uses.get(file).into_iter().flatten() {
            let to = edge.to.file.as_str();
            if !came_by.contains_key(to) {
                came_by.insert(to, edge);
                next.push_back(to);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = start;
    while let Some(edge) = came_by.get(at) {
        way.push(*edge);
        at = &edge.from.file;
        if at == start {
            break;
        }
    }
    way.reverse();
    way
}

/// One circle of each tangle, and by which line each file uses the next.
fn circles(sources: &[Source], package: &str) -> Vec<String> {
    let package = Package::of(sources, package);
    let edges = package.edges();
    let uses = uses(&edges);
    let mut told = BTreeSet::new();
    let mut complaints = Vec::new();
    for &file in uses.keys() {
        let below = reached(&uses, file);
        if !below.contains(file) || told.contains(file) {
            continue;
        }
        let tangle: Vec<&str> = below
            .iter()
            .copied()
            .filter(|other| reached(&uses, other).contains(file))
            .collect();
        told.extend(tangle.iter().copied());
        // Of all circles of the tangle the shortest is the easiest to open.
        let ways = tangle.iter().map(|file| circle(&uses, file));
        let way = ways.min_by_key(Vec::len).unwrap();
        let names: Vec<&str> = way.iter().map(|edge| edge.from.file.as_str()).collect();
        let mut complaint = format!(
            "{} -> {} ({} files are in it): let one of them go without, or move what both need below both",
            names.join(" -> "),
            names[0],
            tangle.len()
        );
        for edge in way {
            complaint += &format!("\n    {} uses {}", edge.place, edge.path);
        }
        complaints.push(complaint);
    }
    complaints
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = sources();
    let complaints = PACKAGES
        .iter()
        .flat_map(|package| circles(&sources, package));
    assert_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn a_circle_is_named_by_its_files_and_lines() {
    let file = |file: &str, text: &str| Source::new("src", file, text);
    let mut files = vec![
        file("src/lib.rs", "pub mod plan;"),
        file(
            "src/plan/mod.rs",
            "mod a; mod b; mod c; pub use a::A; pub use b::B; pub use c::C;",
        ),
        file("src/plan/a.rs", "use super::B;\npub struct A;"),
        file("src/plan/b.rs", "\npub struct B(crate::plan::c::C);"),
        file("src/plan/c.rs", "pub struct C;"),
    ];
    assert_eq!(circles(&files, "src"), Vec::<String>::new());
    files[4] = file("src/plan/c.rs", "use crate::{plan::{A, B}};\npub struct C;");
    let said = circles(&files, "src");
    assert_eq!(said.len(), 1);
    let start = "src/plan/b.rs -> src/plan/c.rs -> src/plan/b.rs (3 files are in it)";
    assert!(said[0].starts_with(start), "{}", said[0]);
    let lines =
        "\n    src/plan/b.rs:2 uses crate::plan::c::C\n    src/plan/c.rs:1 uses crate::plan::B";
    assert!(said[0].ends_with(lines), "{}", said[0]);
}
