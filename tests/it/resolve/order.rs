//! In which order a name is searched.

use wheelfix::resolve::{Outcome, Target};

use super::{glibc, musl};
use crate::support::small_world::{elf, with_rpath, with_runpath};

#[test]
fn musl_looks_in_the_environment_then_run_paths_then_the_system() {
    let mut world = musl();
    world.environment("/env");
    world.lib_path("/added");
    world.put("/app", with_rpath("/run", &["libx.so"]));
    let edge = world.edge("/app", "libx.so");
    let tried: Vec<&str> = edge
        .probes
        .iter()
        .map(|probe| probe.path.as_str())
        .collect();
    assert_eq!(
        tried,
        [
            "/env/libx.so",
            "/run/libx.so",
            "/added/libx.so",
            "/lib/libx.so",
            "/usr/local/lib/libx.so",
            "/usr/lib/libx.so"
        ]
    );
    assert!(
        edge.probes
            .iter()
            .all(|probe| probe.outcome == Outcome::NoSuchFile)
    );
}

#[test]
fn glibc_looks_in_rpath_then_the_environment_then_runpath() {
    let mut world = glibc();
    world.environment("/env");
    world.put("/old", with_rpath("/run", &["libx.so"]));
    world.put("/new", with_runpath("/run", &["libx.so"]));
    world.put("/env/libx.so", elf(&[]));
    world.put("/run/libx.so", elf(&[]));
    assert_eq!(world.found("/old", "libx.so"), "/run/libx.so");
    assert_eq!(world.found("/new", "libx.so"), "/env/libx.so");
}

#[test]
fn the_wheels_own_folders_come_before_the_environment_of_the_build() {
    for mut world in [musl(), glibc()] {
        world.environment("/env");
        world.put(
            "wheel:/pkg/_core.so",
            with_runpath("$ORIGIN/lib", &["libx.so"]),
        );
        world.put("wheel:/pkg/lib/libx.so", elf(&[]));
        world.put("/env/libx.so", elf(&[]));
        assert_eq!(
            world.found("wheel:/pkg/_core.so", "libx.so"),
            "pkg/lib/libx.so"
        );
    }
}

#[test]
fn ldpaths_leave_the_system_out() {
    let mut world = musl();
    world.search_system(false);
    world.lib_path("/only");
    world.put("/app", elf(&["libx.so"]));
    world.put("/usr/lib/libx.so", elf(&[]));
    let edge = world.edge("/app", "libx.so");
    assert_eq!(edge.target, Target::Missing);
    assert_eq!(edge.probes.len(), 1);
}
