//! Trees that ask `dedupe` for much: many copies, and many rounds until it is settled which may be one. Each is
//! done in little time and memory, or refused by the name of a bound.

use crate::support::bounded::{begin, said};
use crate::support::elf_builder::Elf;
use crate::support::installed_tree::Tree;

/// A library of a package, which needs these.
fn library(number: usize, needed: Vec<String>, run_path: &str) -> Vec<u8> {
    let elf = Elf {
        soname: Some(format!("libtwin{number}.so.1")),
        needed,
        rpath: Some(run_path.to_owned()),
        defines: vec![format!("twin{number}")],
        ..Elf::default()
    };
    elf.build()
}

/// Packages with the same libraries; `last` is what a package's last one needs.
fn tree(packages: usize, count: usize, needs: &dyn Fn(usize) -> Vec<usize>) -> Tree {
    let tree = Tree::new();
    for package in 0..packages {
        let name = format!("pack{package}");
        let files: Vec<(String, Vec<u8>)> = (0..count)
            .map(|number| {
                let mut needed: Vec<String> = needs(number)
                    .into_iter()
                    .map(|other| format!("libtwin{other}.so.1"))
                    .collect();
                if number + 1 == count {
                    needed.push("libodd.so.1".to_owned());
                }
                let bytes = library(number, needed, "$ORIGIN");
                (format!("{name}.libs/libtwin{number}.so.1"), bytes)
            })
            .collect();
        let mut all: Vec<(&str, Vec<u8>)> = Vec::new();
        all.extend(
            files
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.clone())),
        );
        // What the last one needs differs from package to package.
        let odd = library(package + 1000, Vec::new(), "$ORIGIN");
        let odd_path = format!("{name}.libs/libodd.so.1");
        all.push((&odd_path, odd));
        tree.install(&name, &all);
    }
    tree
}

fn ended(tree: &Tree) {
    let folder = tree.site().parent().unwrap().to_owned();
    for words in [
        &["dedupe", "--dry-run", "site"][..],
        &["dedupe", "--dry-run", "--json", "site"],
        &["size", "site"],
        &["check", "site"],
        &["dedupe", "site"],
        &["dedupe", "--undo", "site"],
    ] {
        let (code, text) = said(&folder, words);
        let is_refused = code == 3 && text.contains("--limit ");
        let text = begin(&text);
        assert!(
            [0, 1].contains(&code) || is_refused,
            "{words:?}: {code} {text}"
        );
    }
}

#[test]
fn chains_of_copies_that_differ_at_their_end() {
    ended(&tree(2, 300, &|number| match number {
        299 => Vec::new(),
        number => vec![number + 1],
    }));
}

#[test]
fn copies_that_all_need_each_other() {
    ended(&tree(2, 60, &|_| (0..60).collect()));
}

#[test]
fn very_many_copies_of_few_libraries() {
    ended(&tree(150, 4, &|_| Vec::new()));
}

#[test]
fn very_many_libraries_of_few_packages() {
    ended(&tree(2, 1500, &|_| Vec::new()));
}

#[test]
fn copies_that_each_need_many() {
    ended(&tree(3, 200, &|number| {
        (number + 1..200).take(40).collect()
    }));
}

#[test]
fn very_many_copies_of_one_name_that_are_no_twins() {
    let tree = Tree::new();
    for package in 0..300 {
        let bytes = library(package, Vec::new(), "$ORIGIN");
        let path = format!("pack{package}.libs/libsame-0123abcd.so.1");
        tree.install(&format!("pack{package}"), &[(&path, bytes)]);
    }
    ended(&tree);
}
