//! Path files, ld.so.conf, built-in folders.

use super::{glibc, musl};
use crate::support::small_world::{SmallWorld, elf};

#[test]
fn a_path_file_replaces_the_default_path() {
    let mut world = musl();
    world.write("/etc/ld-musl-x86_64.path", "/a\n/b:/c\n\n");
    world.put("/app", elf(&["libx.so"]));
    world.put("/usr/lib/libx.so", elf(&[]));
    let tried: Vec<String> = world.tried("/app", "libx.so");
    assert_eq!(tried, ["/a/libx.so", "/b/libx.so", "/c/libx.so"]);
}

#[test]
fn an_empty_path_file_means_nothing() {
    let mut world = musl();
    world.write("/etc/ld-musl-x86_64.path", "");
    world.put("/app", elf(&["libx.so"]));
    world.put("/usr/lib/libx.so", elf(&[]));
    assert!(world.tried("/app", "libx.so").is_empty());
}

#[test]
fn each_machine_has_the_path_file_of_its_loader() {
    for (machine, name) in [
        ("x86_64", "x86_64"),
        ("i686", "i386"),
        ("aarch64", "aarch64"),
        ("armv7l", "armhf"),
        ("armv6l", "armhf"),
        ("ppc64le", "powerpc64le"),
        ("s390x", "s390x"),
        ("riscv64", "riscv64"),
        ("loongarch64", "loongarch64"),
    ] {
        let mut world = SmallWorld::musl(machine);
        world.write(&format!("/etc/ld-musl-{name}.path"), "/here");
        world.put("/app", elf(&["libx.so"]));
        assert_eq!(
            world.tried("/app", "libx.so"),
            ["/here/libx.so"],
            "{machine}"
        );
    }
}

#[test]
fn glibc_reads_its_configuration_with_includes() {
    let mut world = glibc();
    world.write(
        "/etc/ld.so.conf",
        "include ld.so.conf.d/*.conf\n/last # why\n",
    );
    world.write("/etc/ld.so.conf.d/10-b.conf", "/b\nhwcap 1 nosegneg\n");
    world.write(
        "/etc/ld.so.conf.d/05-a.conf",
        "/a,/a2\t/a3:/a4=libc6\nrelative\n",
    );
    world.write("/etc/ld.so.conf.d/readme.txt", "/never\n");
    world.put("/app", elf(&["libx.so"]));
    let tried = world.tried("/app", "libx.so");
    let own = ["/a", "/a2", "/a3", "/a4", "/b", "/last"];
    assert_eq!(tried[..6], own.map(|folder| format!("{folder}/libx.so")));
    assert!(
        tried[6..]
            .iter()
            .all(|path| path.starts_with("/lib") || path.starts_with("/usr/lib"))
    );
}

#[test]
fn a_configuration_that_includes_itself_ends() {
    let mut world = glibc();
    world.write(
        "/etc/ld.so.conf",
        "/once\ninclude /etc/ld.so.conf\ninclude /etc/*.conf\n",
    );
    world.put("/app", elf(&["libx.so"]));
    assert_eq!(world.tried("/app", "libx.so")[0], "/once/libx.so");
}

#[test]
fn glibc_ends_with_the_multiarch_and_plain_folders() {
    for (machine, first, has_lib64) in [
        ("x86_64", "/lib/x86_64-linux-gnu/libx.so", true),
        ("i686", "/lib/i386-linux-gnu/libx.so", false),
        ("armv7l", "/lib/arm-linux-gnueabihf/libx.so", false),
        ("ppc64le", "/lib/powerpc64le-linux-gnu/libx.so", true),
        ("aarch64", "/lib/aarch64-linux-gnu/libx.so", true),
    ] {
        let mut world = SmallWorld::glibc(machine);
        world.put("/app", elf(&["libx.so"]));
        let tried = world.tried("/app", "libx.so");
        assert_eq!(tried[0], first);
        assert_eq!(
            tried.contains(&"/lib64/libx.so".to_owned()),
            has_lib64,
            "{machine}"
        );
        assert_eq!(tried.last().unwrap(), "/usr/lib/libx.so");
    }
}
