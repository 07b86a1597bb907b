//! One file under `tests/cases/` is one test: wheels, a root with libraries, command lines; what
//! comes of them stands in the `.out` file beside it. How a case is written: the head of `case.rs`.
//!
//! The examples of README.md and `docs/` are tests too: `docs.rs`.
//!
//! `cargo test --test cases NAME` runs some; `WHEELFIX_BLESS=1` writes the `.out` files anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod case;
#[path = "../it/support/command.rs"]
#[allow(dead_code)]
mod command;
mod docs;
#[path = "../it/support/elf_builder.rs"]
#[allow(dead_code)]
mod elf_builder;
mod laws;
mod run;
mod sbom;
mod schema;
#[path = "../it/support/scratch.rs"]
mod scratch;
#[path = "../it/support/tools.rs"]
#[allow(dead_code)]
mod tools;
#[path = "../it/support/wheel_builder.rs"]
#[allow(dead_code)]
mod wheel_builder;
mod wheel_text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut tests: Vec<Trial> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().with_extension("");
            let name = name.to_str().unwrap().replace('/', "::");
            let file = file.clone();
            Trial::test(name, move || run::test(&file).map_err(Failed::from))
        })
        .collect();
    tests.push(Trial::test("every_output_belongs_to_a_case", move || {
        stray(&root).map_or(Ok(()), |file| {
            Err(Failed::from(format!("{file:?} has no case")))
        })
    }));
    tests.push(Trial::test("every_schema_has_a_case", || {
        schema::every_one_has_a_case().map_err(Failed::from)
    }));
    tests.push(Trial::test(
        "the_schema_of_cyclonedx_refuses_nonsense",
        || sbom::refuses_nonsense().map_err(Failed::from),
    ));
    for page in docs::pages() {
        let name = format!("docs::{}", page.display());
        tests.push(Trial::test(name, move || {
            docs::page(&page).map_err(Failed::from)
        }));
    }
    tests.push(Trial::test(
        "every_link_of_the_docs_leads_somewhere",
        || docs::every_link_leads_somewhere().map_err(Failed::from),
    ));
    tests.push(Trial::test("every_flag_is_explained_in_the_docs", || {
        docs::every_flag_is_explained().map_err(Failed::from)
    }));
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
}

/// An output whose case was renamed or removed.
fn stray(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stray(&path);
        }
        let lost = path.extension().is_some_and(|ending| ending == "out")
            && !path.with_extension("toml").exists();
        lost.then_some(path)
    })
}
