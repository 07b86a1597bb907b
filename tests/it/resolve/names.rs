//! Which names are the loader itself.

use wheelfix::resolve::Target;

use super::{glibc, musl};
use crate::support::small_world::elf;

#[test]
fn musl_takes_reserved_names_for_itself_whatever_follows_the_dot() {
    let names = [
        "libc.musl-x86_64.so.1",
        "libc.so",
        "libc.so.6",
        "libpthread.so.0",
        "librt.so.1",
        "libm.so.6",
        "libdl.so.2",
        "libutil.so.1",
        "libxnet.so",
        "ld-musl-x86_64.so.1",
    ];
    let mut world = musl();
    world.put("/app", elf(&names));
    for name in names {
        // A file of that name is not even looked at.
        world.put(&format!("/usr/lib/{name}"), elf(&[]));
        let edge = world.edge("/app", name);
        assert_eq!(edge.target, Target::Libc, "{name}");
        assert!(edge.probes.is_empty());
    }
}

#[test]
fn musl_takes_no_other_name_for_itself() {
    for name in [
        "libcrypt.so.1",
        "libcurl.so.4",
        "libmagic.so.1",
        "libc",
        "libc-2.so",
        "xlibc.so",
    ] {
        let mut world = musl();
        world.put("/app", elf(&[name]));
        world.put(&format!("/usr/lib/{name}"), elf(&[]));
        assert_eq!(world.found("/app", name), format!("/usr/lib/{name}"));
    }
}

#[test]
fn to_glibc_only_the_loader_is_itself() {
    let mut world = glibc();
    world.put(
        "/app",
        elf(&["ld-linux-x86-64.so.2", "libm.so.6", "libc.so.6"]),
    );
    world.put("/lib/libm.so.6", elf(&[]));
    assert_eq!(
        world.edge("/app", "ld-linux-x86-64.so.2").target,
        Target::Libc
    );
    assert_eq!(world.found("/app", "libm.so.6"), "/lib/libm.so.6");
    assert_eq!(world.edge("/app", "libc.so.6").target, Target::Missing);
}
