//! Inputs of the fuzzer, tried again: `fixtures/fuzz/TARGET/NAME`. Those that broke a promise once are
//! named by what was wrong; `rare-N` reach code that few inputs do. The checks are those of the
//! fuzzer itself (`fuzz/src/`).

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/archive.rs"]
mod archive;
#[path = "../../../fuzz/src/edit.rs"]
mod edit;
#[path = "../../../fuzz/src/folders.rs"]
mod folders;
#[path = "../../../fuzz/src/headers.rs"]
mod headers;
#[path = "../../../fuzz/src/paths.rs"]
mod paths;
#[path = "../../../fuzz/src/port.rs"]
mod port;
#[path = "../../../fuzz/src/read.rs"]
mod read;
#[path = "../../../fuzz/src/record.rs"]
mod record;
#[path = "../../../fuzz/src/repair.rs"]
mod repair;
#[allow(dead_code)]
#[path = "../../../fuzz/src/store.rs"]
mod store;
#[path = "../../../fuzz/src/tree.rs"]
mod tree;
#[path = "../../../fuzz/src/wheels.rs"]
mod wheels;

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

#[test]
fn archives_of_the_fuzzer_are_whole_or_refused() {
    replay("archive", archive::check);
}

#[test]
fn records_and_headers_of_the_fuzzer_are_read_or_refused() {
    replay("record", record::check);
    replay("headers", headers::check);
}

#[test]
fn trees_of_the_fuzzer_are_left_in_their_bounds() {
    replay("store", store::check);
    replay("tree", tree::check);
    replay("paths", paths::check);
}

#[test]
fn wheels_of_the_fuzzer_are_made_sound_or_refused() {
    replay("repair", repair::check);
    replay("port", port::check);
}
