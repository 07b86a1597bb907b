//! Which file of a package uses which: a name counts for the file that defines it, also where
//! another one hands it on.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Names, names};
use super::source::Source;

/// A use of one file by another.
pub struct Edge<'a> {
    pub from: &'a Source,
    pub to: &'a Source,
    /// Where, and by which path.
    pub place: String,
    pub path: String,
}

struct Module<'a> {
    source: &'a Source,
    names: Names,
}

/// The files of one package.
pub struct Package<'a> {
    modules: BTreeMap<Vec<String>, Module<'a>>,
}

/// What a path comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// Something that a module defines.
    Item(Vec<String>),
    /// The module itself.
    Module(Vec<String>),
}

impl<'a> Package<'a> {
    /// Of those files that are of the package; `main.rs` is a program of its own.
    pub fn of(sources: &'a [Source], package: &str) -> Self {
        let of_package = |source: &&Source| source.package == package;
        let library = sources.iter().filter(of_package);
        let modules = library.filter(|source| source.below() != "main.rs");
        let modules = modules.map(|source| {
            let names = names(&source.code);
            (source.module(), Module { source, names })
        });
        Self {
            modules: modules.collect(),
        }
    }

    /// Each pair of files once, in their order.
    pub fn edges(&self) -> Vec<Edge<'a>> {
        let mut edges = Vec::new();
        let mut seen = BTreeSet::new();
        for (path, module) in &self.modules {
            let source = module.source;
            // What only declares and hands on uses nothing.
            if source.is_folder() && !module.names.holds_items {
                continue;
            }
            let imports = module.names.imports.iter();
            let imports = imports
                .filter(|import| !(source.is_folder() && import.public))
                .map(|import| (&import.path, import.at, import.name == "*"));
            let mentions = module.names.mentions.iter();
            let mentions = mentions.map(|mention| (&mention.path, mention.at, false));
            for (used, at, glob) in imports.chain(mentions) {
                for target in self.resolve(path, used, 0) {
                    let to = match target {
                        Target::Item(to) => to,
                        Target::Module(to) if glob => to,
                        // Which of its names are used the code says.
                        Target::Module(_) => continue,
                    };
                    let to = self.modules[&to].source;
                    if to.file != source.file && seen.insert((&source.file, &to.file)) {
                        edges.push(Edge {
                            from: source,
                            to,
                            place: source.place(at),
                            path: used.join("::"),
                        });
                    }
                }
            }
        }
        edges
    }

    /// The first module below the package's root that a path in a file comes to; `None` for another
    /// package's, and for what is not known by the `use` lines.
    pub fn top_of(&self, source: &Source, path: &[String]) -> Option<String> {
        let targets = self.resolve(&source.module(), path, 0);
        targets.into_iter().find_map(|target| match target {
            Target::Item(module) | Target::Module(module) => module.into_iter().next(),
        })
    }

    /// A path as it is written in a module. It may come to an item and a module of one name.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Vec<Target> {
        let Some(first) = path.first() else {
            return vec![Target::Module(module.to_vec())];
        };
        match first.as_str() {
            "crate" => self.walk(&[], &path[1..], depth),
            "self" => self.walk(module, &path[1..], depth),
            "super" => {
                let mut rest = path;
                let mut base = module;
                while rest.first().is_some_and(|name| name == "super") {
                    rest = &rest[1..];
                    base = base.split_last().map_or(base, |(_, base)| base);
                }
                self.walk(base, rest, depth)
            }
            first if self.knows(module, first) => self.walk(module, path, depth),
            _ => Vec::new(),
        }
    }

    /// Whether a path that begins with the name, in this module, is not another package's.
    fn knows(&self, module: &[String], name: &str) -> bool {
        let Some(here) = self.modules.get(module) else {
            return false;
        };
        let is_import = |name: &str| here.names.imports.iter().any(|import| import.name == name);
        is_import(name) || self.modules.contains_key(&child(module, name))
    }

    /// The way down from a module.
    fn walk(&self, module: &[String], path: &[String], depth: usize) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(module.to_vec())];
        };
        let Some(here) = self.modules.get(module) else {
            return Vec::new();
        };
        if depth > 16 {
            return Vec::new(); // Two that hand on each other's names.
        }
        let mut found = Vec::new();
        let below = child(module, first);
        if self.modules.contains_key(&below) {
            found.extend(self.walk(&below, rest, depth + 1));
            if !rest.is_empty() {
                return found; // A function or a type of that name has nothing below it.
            }
        }
        if here.names.items.contains(first) {
            found.push(Target::Item(module.to_vec()));
        }
        for import in &here.names.imports {
            // `use a;` of a module that is right here is no way on.
            let own = import.path.len() == 1 && import.path[0] == *first;
            if import.name == *first && !own {
                let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
                let from_elsewhere = !self.is_of_package(module, &import.path);
                if from_elsewhere {
                    return Vec::new();
                }
                found.extend(self.resolve(module, &whole, depth + 1));
            }
        }
        if found.is_empty() {
            for import in here
                .names
                .imports
                .iter()
                .filter(|import| import.name == "*")
            {
                for target in self.resolve(module, &import.path, depth + 1) {
                    if let Target::Module(other) = target
                        && other != module
                    {
                        let further = self.walk(&other, path, depth + 1);
                        let known = further
                            .iter()
                            .any(|target| *target != Target::Item(other.clone()))
                            || self.modules[&other].names.items.contains(first);
                        found.extend(further.into_iter().filter(|_| known));
                    }
                }
            }
        }
        if found.is_empty() {
            // Made by a macro.
            found.push(Target::Item(module.to_vec()));
        }
        found
    }

    fn is_of_package(&self, module: &[String], path: &[String]) -> bool {
        let first = path[0].as_str();
        matches!(first, "crate" | "self" | "super")
            || self.modules.contains_key(&child(module, first))
    }
}

fn child(module: &[String], name: &str) -> Vec<String> {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// Edges of files that a test writes down, as `from -> to`.
fn edges_of(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(file, text)| Source::new("src", file, text))
        .collect();
    let package = Package::of(&sources, "src");
    let edges = package.edges();
    let edges = edges.iter();
    edges
        .map(|edge| {
            format!(
                "{} -> {}",
                edge.from.below().trim_end_matches(".rs"),
                edge.to.below().trim_end_matches(".rs")
            )
        })
        .collect()
}

#[test]
fn a_use_counts_for_the_file_that_defines_the_name() {
    let house = [
        (
            "src/lib.rs",
            "pub mod plan; pub mod elf; pub use other as far;",
        ),
        (
            "src/plan/mod.rs",
            "mod a; mod b; mod c; pub use a::A; pub use b::*; pub use c::go as run;",
        ),
        ("src/plan/a.rs", "pub struct A;"),
        ("src/plan/b.rs", "pub struct B;"),
        ("src/plan/c.rs", "pub fn go() {}"),
        ("src/elf.rs", "pub struct Elf;"),
    ];
    let with = |code: &str| {
        let mut files = house.to_vec();
        files.push(("src/plan/d.rs", code));
        edges_of(&files).join(", ")
    };
    for (code, expected) in [
        ("use crate::plan::A;", "plan/d -> plan/a"),
        ("use super::A;", "plan/d -> plan/a"),
        (
            "use crate::{plan::{A, B}, elf};",
            "plan/d -> plan/a, plan/d -> plan/b",
        ),
        ("use super::run as walk;", "plan/d -> plan/c"),
        ("use super::b::{self, B};", "plan/d -> plan/b"),
        ("fn f() { super::run() }", "plan/d -> plan/c"),
        ("fn f() { crate::plan::a::A::new() }", "plan/d -> plan/a"),
        ("use crate::plan; fn f(_: plan::A) {}", "plan/d -> plan/a"),
        ("use super::a; fn f(_: Vec<a::A>) {}", "plan/d -> plan/a"),
        ("use crate::elf::*;", "plan/d -> elf"),
        ("use crate::far::A; use std::fs; fn f() { fs::read() }", ""),
        (
            "// use super::A;\n#[cfg(test)] mod tests { use super::super::A; }",
            "",
        ),
        ("use self::D; struct D;", ""),
    ] {
        assert_eq!(with(code), expected, "{code}");
    }
}

#[test]
fn a_folder_that_only_hands_on_uses_nothing_and_one_with_items_does() {
    let a = ("src/plan/a.rs", "use super::Note; pub struct A;");
    let lib = ("src/lib.rs", "pub mod plan;");
    let plain = (
        "src/plan/mod.rs",
        "mod a; mod note; pub use a::A; pub use note::Note; use a::A;",
    );
    let note = ("src/plan/note.rs", "pub struct Note;");
    assert_eq!(edges_of(&[lib, plain, a, note]), ["plan/a -> plan/note"]);
    let holds = (
        "src/plan/mod.rs",
        "mod a; pub use a::A; pub struct Note(A); use a::A as Other;",
    );
    assert_eq!(
        edges_of(&[lib, holds, a]),
        ["plan/mod -> plan/a", "plan/a -> plan/mod"]
    );
    let method = (
        "src/plan/mod.rs",
        "mod a; pub use a::A; pub fn note() { a::A::new() } pub struct Note;",
    );
    assert_eq!(edges_of(&[lib, method, a]).len(), 2);
}
