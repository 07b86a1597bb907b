//! How long files are, how deep folders, how many files are in one.

use std::collections::BTreeMap;

use super::assert_none;
use super::source::{Source, sources};

/// The longest a source file may be. 400 is long already; a little more is no reason to tear
/// one thing in two.
const MOST_LINES: usize = 450;
/// `src/plan/repair/graft.rs`.
const MOST_FOLDERS: usize = 2;
const MOST_FILES: usize = 25;

fn long_and_deep(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let file = &source.file;
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            complaints.push(format!(
                "{file} has {lines} lines, more than {MOST_LINES}: split it by what it is about"
            ));
        }
        if source.below().split('/').count() > MOST_FOLDERS + 1 {
            complaints.push(format!(
                "{file} is a folder too deep: src/FOLDER/ROOM/FILE.rs is the depth"
            ));
        }
    }
    complaints
}

fn full_folders(sources: &[Source]) -> Vec<String> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources {
        let (folder, _) = source.file.rsplit_once('/').unwrap();
        *folders.entry(folder).or_default() += 1;
    }
    let full = folders.into_iter().filter(|(_, files)| *files > MOST_FILES);
    full.map(|(folder, files)| {
        format!("{folder}/ has {files} files, more than {MOST_FILES}: give it rooms")
    })
    .collect()
}

#[test]
fn no_file_is_long_and_no_folder_deep() {
    assert_none(&long_and_deep(&sources()));
}

#[test]
fn no_folder_is_full() {
    assert_none(&full_folders(&sources()));
}

#[test]
fn a_long_file_a_deep_and_a_full_folder_are_seen() {
    let file = |file: &str, text: &str| Source::new("src", file, text);
    let long = "\n".repeat(MOST_LINES + 1);
    let mut files = vec![file("src/plan/a/b.rs", &long[1..])];
    files.extend((0..25).map(|number| file(&format!("src/plan/{number}.rs"), "")));
    assert_none(&[long_and_deep(&files), full_folders(&files)].concat());
    files.push(file("src/plan/a/b/c.rs", &long));
    files.push(file("src/plan/26.rs", ""));
    assert_eq!(
        [long_and_deep(&files), full_folders(&files)].concat(),
        [
            "src/plan/a/b/c.rs has 451 lines, more than 450: split it by what it is about",
            "src/plan/a/b/c.rs is a folder too deep: src/FOLDER/ROOM/FILE.rs is the depth",
            "src/plan/ has 26 files, more than 25: give it rooms",
        ]
    );
}
