//! What a search passes over, and what it takes as it is.

use wheelfix::resolve::Target;

use super::{glibc, musl};
use crate::support::small_world::{SmallWorld, elf, with_rpath};

#[test]
fn a_file_that_cannot_be_loaded_hides_nothing_and_is_told() {
    let mut world = musl();
    world.put("/app", with_rpath("/1:/2:/3:/4:/5", &["libx.so"]));
    let mut foreign = elf(&[]);
    foreign.machine = "aarch64".to_owned();
    world.put("/1/libx.so", foreign);
    let mut object = elf(&[]);
    object.kind = "relocatable".to_owned();
    world.put("/2/libx.so", object);
    let mut program = elf(&[]);
    program.kind = "executable".to_owned();
    world.put("/3/libx.so", program);
    world.text("/4/libx.so");
    world.put("/5/libx.so", elf(&[]));
    let edge = world.edge("/app", "libx.so");
    assert_eq!(world.found("/app", "libx.so"), "/5/libx.so");
    let outcomes: Vec<String> = edge.probes.iter().map(|p| p.outcome.to_string()).collect();
    assert_eq!(
        outcomes,
        [
            "wrong machine: aarch64, want x86_64",
            "not a shared library: it is an object file",
            "not a shared library: it is a program",
            "not an ELF file",
            "found"
        ]
    );
}

#[test]
fn one_process_holds_files_for_armv6_and_armv7_but_not_both_float_abis() {
    let mut world = SmallWorld::musl("armv7l");
    world.put("/app", elf(&["libv6.so", "libsoft.so"]));
    let mut v6 = elf(&[]);
    v6.machine = "armv6l".to_owned();
    v6.arm_cpu = 6;
    world.put_exactly("/usr/lib/libv6.so", v6);
    let mut soft = elf(&[]);
    soft.machine = "arm-soft".to_owned();
    world.put_exactly("/usr/lib/libsoft.so", soft);
    assert_eq!(world.found("/app", "libv6.so"), "/usr/lib/libv6.so");
    assert_eq!(world.edge("/app", "libsoft.so").target, Target::Missing);
}

#[test]
fn a_needed_path_is_opened_as_it_is() {
    for mut world in [musl(), glibc()] {
        world.put("/app", elf(&["/opt/libx.so", "sub/liby.so"]));
        world.put("/opt/libx.so", elf(&[]));
        world.put("/sub/liby.so", elf(&[]));
        assert_eq!(world.found("/app", "/opt/libx.so"), "/opt/libx.so");
        let relative = world.edge("/app", "sub/liby.so");
        assert_eq!(relative.target, Target::Missing);
        assert!(relative.probes.is_empty());
    }
}

#[test]
fn a_folder_that_two_rules_name_is_looked_into_once() {
    let mut world = musl();
    world.environment("/usr/lib");
    world.put("/app", with_rpath("/usr/lib:/usr/lib/", &["libx.so"]));
    let tried = world.tried("/app", "libx.so");
    let times = tried
        .iter()
        .filter(|path| *path == "/usr/lib/libx.so")
        .count();
    assert_eq!(times, 1);
}
