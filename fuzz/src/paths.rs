//! Any bytes as the files that tell loaders where to look: the path file of musl, `ld.so.conf` of glibc.

use std::fs;

use wheelfix::host::Unwatched;
use wheelfix::ops::lddtree::lddtree;
use wheelfix::ops::{World, WorldOptions};
use wheelfix::resolve::Libc;

use super::folders;

/// Resolves a file in a root that has them.
///
/// # Panics
/// When a search finds what lies outside of the root.
pub fn check(bytes: &[u8]) {
    let folder = folders::scratch();
    let root = folder.path().join("root");
    for path in ["etc/ld.so.conf.d", "lib", "usr/lib", "opt/lib"] {
        fs::create_dir_all(root.join(path)).expect("a folder can be made");
    }
    let (one, other) = bytes.split_at(bytes.len() / 2);
    for (name, bytes) in [
        ("ld-musl-x86_64.path", bytes),
        ("ld.so.conf", one),
        ("ld.so.conf.d/a.conf", other),
    ] {
        fs::write(root.join("etc").join(name), bytes).expect("it can be written");
    }
    let alpine = folders::alpine().join("usr/lib");
    let file = root.join("opt/lib/libspam_outer.so.1");
    fs::copy(alpine.join("libspam_outer.so.1.2"), &file).expect("it can be copied");
    fs::copy(
        alpine.join("libspam_inner.so.3.0.1"),
        root.join("opt/lib/libspam_inner.so.3"),
    )
    .expect("it can be copied");
    for libc in [Libc::Musl, Libc::Glibc] {
        let options = WorldOptions {
            sysroot: root.clone(),
            libc: Some(libc),
            ..WorldOptions::default()
        };
        let world = World::open(&options).expect("the root is there");
        let tree = lddtree(&file, &world, &Unwatched).expect("the file is sound");
        for (_, module) in tree.graph.modules() {
            let real = module.file.real_path.to_string();
            assert!(real.starts_with("/opt/lib"), "{real}");
        }
    }
}
