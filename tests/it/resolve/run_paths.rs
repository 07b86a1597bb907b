//! Whose run path counts, and what stands in it.

use wheelfix::resolve::Target;

use super::{glibc, musl};
use crate::support::small_world::{elf, with_rpath, with_runpath};

#[test]
fn musl_searches_the_run_paths_of_everybody_up_the_chain() {
    let mut world = musl();
    world.put("/app", with_runpath("/by-app", &["liba.so"]));
    world.put("/by-app/liba.so", with_rpath("/by-a", &["libb.so"]));
    world.put("/by-a/libb.so", elf(&["libc1.so", "libc2.so"]));
    world.put("/by-app/libc1.so", elf(&[]));
    world.put("/by-a/libc2.so", elf(&[]));
    assert_eq!(world.found("/app", "libc1.so"), "/by-app/libc1.so");
    assert_eq!(world.found("/app", "libc2.so"), "/by-a/libc2.so");
}

#[test]
fn musl_searches_the_nearest_run_path_first() {
    let mut world = musl();
    world.put("/app", with_runpath("/far", &["liba.so"]));
    world.put("/far/liba.so", with_runpath("/near", &["libb.so"]));
    world.put("/far/libb.so", elf(&[]));
    world.put("/near/libb.so", elf(&[]));
    assert_eq!(world.found("/app", "libb.so"), "/near/libb.so");
}

#[test]
fn the_chain_is_of_who_loaded_it_not_of_who_else_needs_it() {
    // libb is loaded for the program; liba, which needs it too, lends it nothing.
    let mut world = musl();
    world.put("/app", with_runpath("/lib-of-app", &["libb.so", "liba.so"]));
    world.put("/lib-of-app/liba.so", with_runpath("/by-a", &["libb.so"]));
    world.put("/lib-of-app/libb.so", elf(&["libx.so"]));
    world.put("/by-a/libx.so", elf(&[]));
    assert_eq!(world.edge("/app", "libx.so").target, Target::Missing);
}

#[test]
fn to_musl_runpath_wins_over_rpath_in_one_file() {
    let mut world = musl();
    let mut both = with_rpath("/old", &["libx.so"]);
    both.runpath = Some("/new".to_owned());
    world.put("/app", both);
    world.put("/old/libx.so", elf(&[]));
    world.put("/new/libx.so", elf(&[]));
    assert_eq!(world.found("/app", "libx.so"), "/new/libx.so");
}

#[test]
fn to_glibc_a_runpath_takes_the_rpath_of_its_file_out_of_force() {
    let mut world = glibc();
    let mut both = with_rpath("/old", &["libx.so"]);
    both.runpath = Some("/new".to_owned());
    world.put("/app", both);
    world.put("/old/libx.so", elf(&[]));
    assert_eq!(world.edge("/app", "libx.so").target, Target::Missing);
}

#[test]
fn glibc_inherits_rpath_but_not_runpath() {
    for (file, expected) in [
        (with_rpath("/run", &["liba.so"]), true),
        (with_runpath("/run", &["liba.so"]), false),
    ] {
        let mut world = glibc();
        world.put("/app", file);
        world.put("/run/liba.so", elf(&["libb.so"]));
        world.put("/run/libb.so", elf(&[]));
        let target = world.edge("/app", "libb.so").target;
        assert_eq!(target != Target::Missing, expected);
    }
}

#[test]
fn to_glibc_a_library_with_a_runpath_inherits_no_rpath() {
    let mut world = glibc();
    world.put("/app", with_rpath("/run", &["liba.so"]));
    world.put("/run/liba.so", with_runpath("/own", &["libb.so"]));
    world.put("/run/libb.so", elf(&[]));
    assert_eq!(world.edge("/app", "libb.so").target, Target::Missing);
}

#[test]
fn origin_is_the_folder_of_the_path_that_was_opened() {
    for spelling in ["$ORIGIN/sub", "${ORIGIN}/sub", "$ORIGIN/../b/./sub"] {
        for mut world in [musl(), glibc()] {
            world.put("/a/b/app", with_rpath(spelling, &["libx.so"]));
            world.put("/a/b/sub/libx.so", elf(&[]));
            assert_eq!(world.found("/a/b/app", "libx.so"), "/a/b/sub/libx.so");
        }
    }
}

#[test]
fn origin_does_not_follow_a_link() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["liba.so"]));
        world.put("/real/liba.so.1", with_runpath("$ORIGIN/x", &["libb.so"]));
        world.link("/usr/lib/liba.so", "/real/liba.so.1");
        world.put("/usr/lib/x/libb.so", elf(&[]));
        world.put("/real/x/libb.so", elf(&[]));
        assert_eq!(world.found("/app", "libb.so"), "/usr/lib/x/libb.so");
    }
}

#[test]
fn to_musl_any_other_token_spoils_the_whole_run_path() {
    for path in [
        "/good:/opt/$LIB",
        "/good:$ORIGIN/$PLATFORM",
        "/good:/a$",
        "/good:${LIB}",
    ] {
        let mut world = musl();
        world.put("/app", with_rpath(path, &["libx.so"]));
        world.put("/good/libx.so", elf(&[]));
        assert_eq!(
            world.edge("/app", "libx.so").target,
            Target::Missing,
            "{path}"
        );
    }
}

#[test]
fn glibc_knows_lib_and_platform() {
    let mut world = glibc();
    world.put(
        "/app",
        with_rpath("/o/$LIB:/p/${PLATFORM}", &["liba.so", "libb.so"]),
    );
    world.put("/o/lib/x86_64-linux-gnu/liba.so", elf(&[]));
    world.put("/p/x86_64/libb.so", elf(&[]));
    assert_eq!(
        world.found("/app", "liba.so"),
        "/o/lib/x86_64-linux-gnu/liba.so"
    );
    assert_eq!(world.found("/app", "libb.so"), "/p/x86_64/libb.so");
}

#[test]
fn a_relative_or_empty_entry_is_nowhere() {
    for mut world in [musl(), glibc()] {
        world.search_system(false);
        world.put("/app", with_rpath("lib::./lib:", &["libx.so"]));
        world.put("/lib/libx.so", elf(&[]));
        let edge = world.edge("/app", "libx.so");
        assert_eq!(edge.target, Target::Missing);
        assert!(edge.probes.is_empty());
    }
}

#[test]
fn a_run_path_that_climbs_out_of_site_packages_is_nowhere() {
    let mut world = musl();
    world.put(
        "wheel:/pkg/_core.so",
        with_rpath("$ORIGIN/../../lib", &["libx.so"]),
    );
    world.put("wheel:/lib/libx.so", elf(&[]));
    assert_eq!(
        world.edge("wheel:/pkg/_core.so", "libx.so").target,
        Target::Missing
    );
}
