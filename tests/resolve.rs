//! The rules of musl's and of glibc's loader, one by one, over files that are only in memory.
//!
//! musl: `ldso/dynlink.c`; glibc: ld.so(8) and `elf/dl-load.c`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "support/elf_builder.rs"]
mod elf_builder;
#[path = "support/elf_writer.rs"]
mod elf_writer;
#[path = "support/small_world.rs"]
mod small_world;

use small_world::{SmallWorld, elf, with_rpath, with_runpath};
use wheelfix::resolve::{Outcome, Target};

fn musl() -> SmallWorld {
    SmallWorld::musl("x86_64")
}

fn glibc() -> SmallWorld {
    SmallWorld::glibc("x86_64")
}

// Names that are the loader itself.

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

// The order of the search.

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

// Run paths.

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

// What the system says.

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

// What is loaded already.

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

// What a search passes over.

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
