//! Inputs of the fuzzer, tried again: `fixtures/fuzz/TARGET/NAME`. Those that broke a promise once are
//! named by what was wrong; `rare-N` reach code that few inputs do. The checks are those of the
//! fuzzer itself (`fuzz/src/`).

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/edit.rs"]
mod edit;
#[path = "../../../fuzz/src/read.rs"]
mod read;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/fuzz")
        .join(target);
    let mut tried = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        check(&fs::read(path).unwrap());
        tried += 1;
    }
    assert!(tried > 0, "no inputs in {}", folder.display());
}

#[test]
fn what_broke_reading_once_is_read_or_refused() {
    replay("read", read::check);
}

#[test]
fn what_broke_editing_once_is_edited_or_refused() {
    replay("edit", edit::check);
}
