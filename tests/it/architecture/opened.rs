//! How files are opened: by `src/host/open.rs`, which asks what a path leads to before anything waits for it.

use super::assert_none;
use super::source::{Source, sources};

/// The ways to open a file.
const WAYS: [&str; 9] = [
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::read(",
    "fs::read_to_string",
    "fs::write(",
    "rustix::fs::open",
    "fs::copy(",
];

/// Who else opens, and what.
const BLESSED: [(&str, &str); 5] = [
    ("src/host/open.rs", "whatever is read"),
    (
        "src/host/tree/root.rs",
        "folders and files of a tree, on handles",
    ),
    (
        "src/host/tree/change_file.rs",
        "what is made in a tree, on handles",
    ),
    (
        "src/host/publish.rs",
        "what is written, before it has its name",
    ),
    (
        "src/host/output_options.rs",
        "a folder, to ask whether it can be written to",
    ),
];

/// A method of ours that is called like one of them.
const OURS: &str = "OpenedFile::open";

fn elsewhere(source: &Source) -> Vec<String> {
    let is_blessed = BLESSED.iter().any(|(file, _)| *file == source.file);
    let code = source.code.replace(OURS, &"_".repeat(OURS.len()));
    let ways = WAYS.iter().filter(|_| !is_blessed);
    let found = ways.flat_map(|way| {
        let found = code.match_indices(way);
        let found: Vec<usize> = found.map(|(at, _)| at).collect();
        found.into_iter().map(move |at| (way, at))
    });
    found
        .map(|(way, at)| {
            let place = source.place(at);
            format!("{place}: `{way}`: use a function of src/host/open.rs, or add one there")
        })
        .collect()
}

#[test]
fn files_are_opened_in_one_way() {
    let all = sources();
    let product = all.iter().filter(|source| source.package == "src");
    let found: Vec<String> = product.flat_map(elsewhere).collect();
    assert_none(&found);
}

#[test]
fn who_may_open_is_there() {
    let all = sources();
    for (file, _) in BLESSED {
        assert!(all.iter().any(|source| source.file == file), "{file}");
    }
}

#[test]
fn an_opening_elsewhere_is_found() {
    let said = |file: &str, code: &str| elsewhere(&Source::new("src", file, code)).join("; ");
    for code in [
        "let file = File::open(path)?;",
        "std::fs::read(path)",
        "rustix::fs::openat(CWD, path, flags, mode)",
        "File::options().write(true)",
    ] {
        assert!(
            said("src/host/gather.rs", code).contains("gather.rs:1"),
            "{code}"
        );
        assert_eq!(said("src/host/open.rs", code), "", "{code}");
    }
    assert_eq!(said("src/cli/patchelf.rs", "OpenedFile::open(path)"), "");
}
