//! What the program does is there for callers of the library: the examples, and what they cannot
//! show.

#[allow(dead_code)]
#[path = "../../examples/check.rs"]
mod check_example;
#[allow(dead_code)]
#[path = "../../examples/repair.rs"]
mod repair_example;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::scratch;
use wheelfix::error::{Error, Exit};
use wheelfix::host::Unwatched;
use wheelfix::ops::batch;
use wheelfix::ops::repair::{Options, Repair};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn wheel() -> PathBuf {
    fixtures().join("spam-1.0-cp313-cp313-linux_x86_64.whl")
}

#[test]
fn the_examples_repair_a_wheel_and_find_it_in_order_then() {
    let codes = |path: PathBuf| -> Vec<&str> {
        let found = check_example::faulty(&[path]).unwrap();
        let findings = found.iter().flat_map(|one| &one.findings);
        findings.map(|fault| fault.rule().name).collect()
    };
    assert!(codes(wheel()).contains(&"missing-library"));
    let folder = scratch::folder();
    let outcome =
        repair_example::repair_into(folder.path(), &wheel(), &fixtures().join("alpine")).unwrap();
    let grafts = outcome.plan.as_ref().map(|plan| plan.grafts().count());
    assert_eq!(grafts, Some(2));
    let written = outcome.written;
    assert_eq!(written.size, fs::metadata(&written.path).unwrap().len());
    let name = written.path.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "spam-1.0-cp313-cp313-musllinux_1_2_x86_64.whl");
    assert!(!codes(written.path).contains(&"missing-library"));
}

#[test]
fn what_the_examples_cannot_read_is_an_error() {
    let folder = scratch::folder();
    let gone = folder.path().join("gone-1.0-py3-none-any.whl");
    let checked = check_example::faulty(std::slice::from_ref(&gone));
    assert!(matches!(checked, Err(Error::Io { path, .. }) if path == gone));
    let repaired = repair_example::repair_into(folder.path(), &gone, &fixtures().join("alpine"));
    assert!(matches!(repaired, Err(Error::Io { path, .. }) if path == gone));
}

#[test]
fn planning_writes_nothing_and_tells_where_the_result_would_go() {
    let folder = scratch::folder();
    let mut options = Options::default();
    options.world.sysroot = fixtures().join("alpine");
    options.output.folder = folder.path().join("out");
    let repair = Repair::open(options).unwrap();
    let planned = repair.gather(&wheel(), &Unwatched).unwrap().plan().unwrap();
    assert_eq!(planned.name(), "spam-1.0-cp313-cp313-linux_x86_64.whl");
    assert_eq!(planned.input_size(), fs::metadata(wheel()).unwrap().len());
    assert!(!folder.path().join("out").exists());
    let written = planned.write(&Unwatched).unwrap();
    assert_eq!(written.path, planned.output());
    // A second wheel of the same name must not replace the first.
    let again = repair.gather(&wheel(), &Unwatched).unwrap();
    let again = again.plan().unwrap().write(&Unwatched);
    assert!(matches!(again, Err(Error::SameOutput { .. })));
}

#[test]
fn a_batch_stops_at_the_first_failure_unless_it_is_to_go_on() {
    let wheels: Vec<PathBuf> = (0..9)
        .map(|number| format!("{number}.whl").into())
        .collect();
    let work = |path: &Path| match path.to_str() {
        Some(name) if name.starts_with('2') => Err(Error::Usage("asked for".into())),
        _ => Ok(path.to_owned()),
    };
    // One thread takes them in their order.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = one.unwrap();
    for (keep_going, left_out) in [(false, 6), (true, 0)] {
        let told = Mutex::new(Vec::new());
        let tell = |result: &Result<PathBuf, Error>| {
            let failed = result.as_ref().err().map(Error::exit);
            told.lock().unwrap().extend(failed);
        };
        let results = pool.install(|| batch::each(&wheels, keep_going, work, tell));
        let told = told.into_inner().unwrap();
        for (number, (wheel, result)) in wheels.iter().zip(&results).enumerate() {
            match result {
                Ok(path) => assert!(path == wheel && (number < 2 || keep_going)),
                Err(Error::NotBegun { wheel: name }) => {
                    assert!(number > 2 && wheel == Path::new(name.as_str()));
                }
                Err(_) => assert_eq!(number, 2),
            }
        }
        assert_eq!(told, [vec![Exit::Usage], vec![Exit::No; left_out]].concat());
    }
}
