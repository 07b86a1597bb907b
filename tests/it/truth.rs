//! What is said of where wheels run, on public wheels, by musl's own loader and beside auditwheel.
//!
//! These tests run `scripts/evidence/truth/`, which say what they need (the net and Debian, the first time); all wheels are
//! compared by calling the scripts without a name (`docs/truth.md`, `docs/moving-from-auditwheel.md`).

use crate::support::command::script;

const WHEELFIX: &str = env!("CARGO_BIN_EXE_wheelfix");

/// Of pyzmq's libraries one loads on musl 1.2.3 and four do not; lxml's all load.
#[test]
fn files_load_on_an_old_musl_where_show_says_so_and_only_there() {
    let said = script("evidence/truth/prove-floor", &[WHEELFIX, "pyzmq", "lxml"]);
    assert!(said.contains("1 load on musl 1.2.3, 4 fail"), "{said}");
    assert!(said.contains("7 load on musl 1.2.3, 0 fail"), "{said}");
    assert!(said.ends_with("0 disagreements\n"), "{said}");
}

#[test]
fn trees_and_symbols_are_those_of_the_real_loader_on_three_machines() {
    let wheels = ["kiwisolver-*musllinux*.whl", "regex-*musllinux*ppc64le.whl"];
    let said = script(
        "evidence/truth/loader-compare",
        &[&[WHEELFIX][..], &wheels[..]].concat(),
    );
    for machine in ["x86_64", "aarch64", "ppc64le"] {
        assert!(said.contains(machine), "{said}");
    }
    assert!(said.ends_with(": 0 differences\n"), "{said}");
}

/// Packed relocations on a foreign machine; a run path that leads out and that nothing follows.
#[test]
fn the_real_loader_confirms_what_check_finds() {
    let wheels = ["kiwisolver-*musllinux*i686.whl", "shapely-*manylinux*.whl"];
    let said = script(
        "evidence/truth/prove-findings",
        &[&[WHEELFIX][..], &wheels[..]].concat(),
    );
    assert!(said.contains("2 F002 confirmed"), "{said}");
    assert!(
        said.ends_with("1 run paths that lead out, rightly not told; 0 not confirmed\n"),
        "{said}"
    );
}

#[test]
fn glibc_misses_the_same_symbols() {
    let said = script(
        "evidence/truth/glibc-compare",
        &[WHEELFIX, "pandas-*manylinux*.whl"],
    );
    assert!(said.ends_with(": 0 differences\n"), "{said}");
}

#[test]
fn auditwheel_prints_the_same_trees() {
    let wheels = ["kiwisolver-*.whl", "pyzmq-*x86_64.whl"];
    let said = script(
        "evidence/truth/auditwheel-trees",
        &[&[WHEELFIX][..], &wheels[..]].concat(),
    );
    assert!(said.contains(" 0 different, 0 failures"), "{said}");
}

#[test]
fn auditwheel_gives_the_same_answers() {
    let wheels = ["kiwisolver-*.whl", "orjson-*i686.whl", "psutil-*x86_64.whl"];
    let said = script(
        "evidence/truth/auditwheel-compare",
        &[&[WHEELFIX][..], &wheels[..]].concat(),
    );
    assert!(said.contains(" equal, 1 intended"), "{said}");
}
