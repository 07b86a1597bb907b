//! What is there already is not searched again.

use wheelfix::resolve::Target;

use super::{glibc, musl};
use crate::support::small_world::{elf, with_rpath};

#[test]
fn the_first_library_of_a_short_name_serves_everybody() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["liba.so", "libb.so"]));
        world.put("/usr/lib/liba.so", with_rpath("/by-a", &["libx.so"]));
        world.put("/usr/lib/libb.so", with_rpath("/by-b", &["libx.so"]));
        world.put("/by-a/libx.so", elf(&[]));
        world.put("/by-b/libx.so", elf(&[]));
        let paths = world.closure("/app");
        assert!(paths.contains(&"/by-a/libx.so".to_owned()), "{paths:?}");
        assert!(!paths.contains(&"/by-b/libx.so".to_owned()), "{paths:?}");
    }
}

#[test]
fn two_names_of_one_file_are_one_library() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["libx.so", "libx.so.1"]));
        world.put("/usr/lib/libx.so.1", elf(&[]));
        world.link("/usr/lib/libx.so", "/usr/lib/libx.so.1");
        assert_eq!(world.closure("/app"), ["/app", "/usr/lib/libx.so"]);
    }
}

#[test]
fn two_copies_under_two_names_are_two_libraries() {
    let mut world = musl();
    world.put("/app", elf(&["libx.so", "libx.so.1"]));
    world.put("/usr/lib/libx.so.1", elf(&[]));
    world.put("/usr/lib/libx.so", elf(&[]));
    assert_eq!(world.closure("/app").len(), 3);
}

#[test]
fn to_musl_the_name_it_was_asked_by_counts_and_not_the_soname() {
    // libx.so is loaded and calls itself libreal.so.1: musl searches that name all the same.
    let mut world = musl();
    world.put("/app", elf(&["libx.so", "libreal.so.1"]));
    let mut named = elf(&[]);
    named.soname = Some("libreal.so.1".to_owned());
    world.put("/usr/lib/libx.so", named);
    assert_eq!(world.edge("/app", "libreal.so.1").target, Target::Missing);
}

#[test]
fn to_glibc_the_soname_counts_too() {
    let mut world = glibc();
    world.put("/app", elf(&["libx.so", "libreal.so.1"]));
    let mut named = elf(&[]);
    named.soname = Some("libreal.so.1".to_owned());
    world.put("/usr/lib/libx.so", named);
    assert_eq!(world.found("/app", "libreal.so.1"), "/usr/lib/libx.so");
}

#[test]
fn to_musl_a_library_opened_by_its_path_has_no_short_name_until_a_search_finds_it() {
    let mut world = musl();
    world.search_system(false);
    world.put("/app", elf(&["/opt/libx.so", "libx.so"]));
    world.put("/opt/libx.so", elf(&[]));
    assert_eq!(world.edge("/app", "/opt/libx.so").probes.len(), 1);
    assert_eq!(world.edge("/app", "libx.so").target, Target::Missing);
}

#[test]
fn breadth_comes_before_depth() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["liba.so", "libb.so"]));
        world.put("/usr/lib/liba.so", elf(&["libdeep.so"]));
        world.put("/usr/lib/libb.so", elf(&[]));
        world.put("/usr/lib/libdeep.so", elf(&[]));
        let closure = world.closure("/app");
        let names = [
            "/app",
            "/usr/lib/liba.so",
            "/usr/lib/libb.so",
            "/usr/lib/libdeep.so",
        ];
        assert_eq!(closure, names);
    }
}

#[test]
fn libraries_that_need_each_other_or_themselves_come_to_an_end() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["liba.so"]));
        world.put("/usr/lib/liba.so", elf(&["libb.so", "liba.so"]));
        world.put("/usr/lib/libb.so", elf(&["liba.so"]));
        assert_eq!(world.closure("/app").len(), 3);
    }
}
