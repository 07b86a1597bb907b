//! Strange files of public wheels, built here, repaired or checked, and then loaded by both real loaders:
//! what is said of them has to be what these do.

use crate::odd_wheels::without_need;
use crate::support::command::text;
use crate::support::loaders::{EXIT, GLIBC, MUSL, Yard, loaded, set, started};
use crate::support::stage::{inside, stage};
use crate::support::tools::tool;
use crate::support::wheels::only_wheel;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

#[test]
fn version_needs_follow_grafts_and_those_of_nothing_end_a_process_of_glibc() {
    let yard = Yard::open();
    fs::write(yard.path("v"), "BIG_1 { global: big; };").unwrap();
    let versions = ["-Wl,-soname,libbig.so.5", "-Wl,--version-script=v"];
    yard.library("lib/libbig.so.5", "int big(void) { return 7; }", &versions);
    let user = |name: &str, folder: &str, function: &str| {
        let source = format!("extern int big(void); int {function}(void) {{ return big(); }}");
        let soname = format!("-Wl,-soname,{name}");
        let file = format!("{folder}{name}");
        let bytes = yard.library(&file, &source, &[&soname, "lib/libbig.so.5"]);
        let bytes = without_need(&bytes, b"libbig.so.5");
        fs::write(yard.path(&file), &bytes).unwrap();
        bytes
    };
    // One in the wheel; two of the system's, one of which needs the other.
    let inner = user("libinner.so", "", "inner");
    user("libmid.so.1", "lib/", "mid");
    let source = "extern int big(void), mid(void); int far(void) { return big() + mid(); }";
    let words = [
        "-Wl,-soname,libfar.so.1",
        "lib/libbig.so.5",
        "lib/libmid.so.1",
    ];
    let far = yard.library("lib/libfar.so.1", source, &words);
    fs::write(
        yard.path("lib/libfar.so.1"),
        without_need(&far, b"libbig.so.5"),
    )
    .unwrap();
    let extension = |name: &str, calls: &str, words: &[&str]| {
        let source = format!(
            "extern int big(void), inner(void), mid(void), far(void);
            int PyInit_{name}(void) {{ return {calls}; }}"
        );
        let words = [&["-Wl,-rpath,$ORIGIN"], words].concat();
        yard.library(&format!("{name}.so"), &source, &words)
    };
    let of_wheel = extension(
        "of_wheel",
        "big() + inner()",
        &["lib/libbig.so.5", "libinner.so"],
    );
    let of_graft = extension(
        "of_graft",
        "big() + mid()",
        &["lib/libbig.so.5", "lib/libmid.so.1"],
    );
    let of_two = extension(
        "of_two",
        "big() + far()",
        &["lib/libbig.so.5", "lib/libfar.so.1"],
    );
    let files: [(&str, &[u8]); 4] = [
        ("demo/of_wheel.so", &of_wheel),
        ("demo/of_graft.so", &of_graft),
        ("demo/of_two.so", &of_two),
        ("demo/libinner.so", &inner),
    ];
    let names = ["demo/of_wheel.so", "demo/of_graft.so", "demo/of_two.so"];
    for (family, on_musl) in [(GLIBC, false), (MUSL, true)] {
        let (_, site) = yard
            .repaired(&format!("cp313-cp313-{family}"), &files)
            .unwrap();
        assert_eq!(
            loaded(&site, &names, on_musl),
            set("of_wheel.so of_graft.so of_two.so")
        );
    }

    // What nothing brings: to an extension itself, to a library that comes with it.
    let itself = extension("itself", "big()", &["lib/libbig.so.5"]);
    let itself = without_need(&itself, b"libbig.so.5");
    let through = extension("through", "inner()", &["libinner.so"]);
    let files: [(&str, &[u8]); 4] = [
        ("demo/itself.so", &itself),
        ("demo/through.so", &through),
        ("demo/libinner.so", &inner),
        (
            "demo/plain.so",
            &yard.library("plain.so", "int PyInit_plain(void) { return 1; }", &[]),
        ),
    ];
    let wheel = yard.wheel(&format!("cp313-cp313-{GLIBC}"), &files);
    assert_eq!(yard.findings(&wheel, "L006"), set("itself.so libinner.so"));
    let site = yard.unpacked(&yard.path(&wheel), "as-is");
    let names = ["demo/itself.so", "demo/through.so", "demo/plain.so"];
    assert_eq!(loaded(&site, &names, false), set("plain.so"));
    // musl reads no versions: what it misses are the symbols.
    let wheel = yard.wheel(&format!("cp313-cp313-{MUSL}"), &files);
    assert_eq!(yard.findings(&wheel, "L006"), set(""));
    assert_eq!(yard.findings(&wheel, "S001"), set("itself.so libinner.so"));
    assert_eq!(loaded(&site, &names, true), set("plain.so"));
}

#[test]
fn elf_files_for_other_processors_stay_as_they_are_and_hinder_no_loader() {
    let yard = Yard::open();
    let extension = yard.library("ext.so", "int PyInit_ext(void) { return 1; }", &[]);
    // As real ones say of themselves: machine, kind, system.
    let of = |machine: u16, kind: u16, system: u8| {
        let mut bytes = extension.clone();
        bytes[7] = system;
        bytes[16..18].copy_from_slice(&kind.to_le_bytes());
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes
    };
    let data: [(&str, Vec<u8>); 5] = [
        ("demo/kernel.hsaco", of(224, 3, 64)),
        ("demo/kernel.cubin", of(190, 2, 51)),
        ("demo/probe.bpf.o", of(247, 1, 0)),
        ("demo/firmware.elf", of(83, 2, 0)),
        ("demo/skel.hexagon", of(164, 3, 0)),
    ];
    let mut files: Vec<(&str, &[u8])> = vec![("demo/ext.so", &extension)];
    files.extend(data.iter().map(|(path, bytes)| (*path, bytes.as_slice())));
    for (family, on_musl) in [(GLIBC, false), (MUSL, true)] {
        let (name, site) = yard
            .repaired(&format!("cp313-cp313-{family}"), &files)
            .unwrap();
        assert!(name.contains(family), "{name}");
        for (path, bytes) in &data {
            assert_eq!(&fs::read(site.join(path)).unwrap(), bytes, "{path}");
        }
        let out = format!("out-cp313-cp313-{family}/{name}");
        assert_eq!(yard.findings(&out, "E,L,S,T,F"), set(""));
        assert_eq!(loaded(&site, &["demo/ext.so"], on_musl), set("ext.so"));
    }
    // glibc takes none of them. musl asks for no machine, so that only what calls itself no library says no.
    let site = yard.path(&format!("site-cp313-cp313-{GLIBC}"));
    let paths: Vec<&str> = data.iter().map(|(path, _)| *path).collect();
    assert_eq!(loaded(&site, &paths, false), set(""));
}

const PYTHON: &str = "int Py_BytesMain(int c, char **v) { return c == 1 && v ? 42 : 1; }";
const LIBPYTHON: &str = "libpython3.99.so.1.0";

#[test]
fn extensions_do_without_libpython_and_programs_do_not() {
    let yard = Yard::open();
    let python = format!("lib/{LIBPYTHON}");
    let soname = format!("-Wl,-soname,{LIBPYTHON}");
    let library = yard.library(&python, PYTHON, &[&soname]);
    let calls = "extern int Py_BytesMain(int, char **); char *v[1];";
    let source = format!("{calls} int embed(void) {{ return Py_BytesMain(1, v); }}");
    let words = ["-Wl,-soname,libembed.so", &python, "-Wl,-rpath,$ORIGIN"];
    let embed = yard.library("lib/libembed.so", &source, &words);
    let extension = yard.library("ext.so", "int PyInit_ext(void) { return 1; }", &[&python]);
    let carried = format!("demo/lib/{LIBPYTHON}");
    for (family, loader, on_musl) in [
        (GLIBC, "/lib64/ld-linux-x86-64.so.2", false),
        (MUSL, "/lib/ld-musl-x86_64.so.1", true),
    ] {
        let program = |name: &str, call: &str, words: &[&str]| {
            let source = format!(
                "{EXIT}{calls} extern int embed(void); void _start(void) {{ leave({call}); }}"
            );
            let loader = format!("-Wl,--dynamic-linker={loader}");
            let words = [&["-pie", "-Wl,-e,_start", &loader], words].concat();
            yard.gcc(name, &source, &words)
        };
        let own = program(
            "own",
            "Py_BytesMain(1, v)",
            &[&python, "-Wl,-rpath,$ORIGIN/lib"],
        );
        let astray = program("astray", "Py_BytesMain(1, v)", &[&python]);
        let through = program(
            "through",
            "embed()",
            &["lib/libembed.so", "-Wl,-rpath,$ORIGIN/lib"],
        );
        let files: [(&str, &[u8]); 6] = [
            ("demo/ext.so", &extension),
            ("demo/own", &own),
            ("demo/astray", &astray),
            ("demo/through", &through),
            ("demo/lib/libembed.so", &embed),
            (&carried, &library),
        ];
        let tags = format!("cp313-cp313-{family}");
        let (_, site) = yard.repaired(&tags, &files).unwrap();
        for name in ["demo/own", "demo/astray", "demo/through"] {
            assert_eq!(started(&site, name, on_musl), 42, "{family} {name}");
        }
        // The extension asks for none any more: this loader found no libpython of that name before.
        assert_eq!(loaded(&site, &["demo/ext.so"], on_musl), set("ext.so"));
        let as_is = yard.unpacked(
            &yard.path(&format!("demo-1.0-{tags}.whl")),
            &format!("as-is-{family}"),
        );
        assert_eq!(loaded(&as_is, &["demo/ext.so"], on_musl), set(""));
        // Without the library the program is refused, and does not start; nor does the library's user.
        for (last, name) in [(2, "demo/own"), (5, "demo/through")] {
            let mut without = files[..last].to_vec();
            without
                .retain(|(path, _)| *path != "demo/astray" && (last == 2 || *path != "demo/own"));
            let refused = yard
                .repaired(&format!("cp312-cp312-{family}"), &without)
                .unwrap_err();
            assert!(
                refused.contains(&format!("--exclude {LIBPYTHON}")),
                "{refused}"
            );
            fs::remove_file(as_is.join(&carried)).unwrap_or_default();
            assert_eq!(started(&as_is, name, on_musl), 127, "{family} {name}");
        }
    }
}

#[test]
fn what_needs_no_c_library_keeps_the_tags_of_both_and_runs_on_both() {
    let yard = Yard::open();
    let source = format!("{EXIT} void _start(void) {{ leave(42); }}");
    let fixed = yard.gcc("fixed", &source, &["-static", "-no-pie"]);
    let moved = yard.gcc("moved", &source, &["-static-pie"]);
    let library = yard.library("plug.so", "int PyInit_plug(void) { return 1; }", &[]);
    let both = format!("py3-none-{GLIBC}.{MUSL}");
    let files: [(&str, &[u8]); 3] = [
        ("demo/fixed", &fixed),
        ("demo/moved", &moved),
        ("demo/plug.so", &library),
    ];
    for only in [0..1, 1..2, 2..3, 0..3] {
        let files = &files[only];
        let (name, site) = yard.repaired(&both, files).unwrap();
        assert!(name.contains(GLIBC) && name.contains(MUSL), "{name}");
        let out = format!("out-{both}");
        assert_eq!(
            yard.findings(&format!("{out}/{name}"), "E,L,S,T,F"),
            set("")
        );
        for on_musl in [false, true] {
            for (path, _) in files {
                match path.ends_with(".so") {
                    true => assert_eq!(loaded(&site, &[path], on_musl), set("plug.so")),
                    false => assert_eq!(started(&site, path, on_musl), 42, "{path}"),
                }
            }
        }
        fs::remove_dir_all(yard.path(&out)).unwrap();
        fs::remove_dir_all(site).unwrap();
    }
    // One with a loader runs where that is, and the other tag goes.
    for (family, loader, on_musl) in [
        (GLIBC, "/lib64/ld-linux-x86-64.so.2", false),
        (MUSL, "/lib/ld-musl-x86_64.so.1", true),
    ] {
        let loader = format!("-Wl,--dynamic-linker={loader}");
        let words = ["-pie", "-Wl,-e,_start", &loader, "lib/libnone.so"];
        yard.library("lib/libnone.so", "int none;", &["-Wl,-soname,libnone.so"]);
        let linked = yard.gcc("linked", &source, &words[..3]);
        let (name, site) = yard.repaired(&both, &[("demo/linked", &linked)]).unwrap();
        let other = if on_musl { GLIBC } else { MUSL };
        assert!(name.contains(family) && !name.contains(other), "{name}");
        assert_eq!(started(&site, "demo/linked", on_musl), 42, "{family}");
        assert_eq!(started(&site, "demo/linked", !on_musl), 127, "{family}");
        fs::remove_dir_all(yard.path(&format!("out-{both}"))).unwrap();
        fs::remove_dir_all(site).unwrap();
    }
}

/// A module that is as much of one as Python asks for.
const MODULE: &str = "extern void *PyModule_Create2(void *, int);
static long d[32] = {1, 0, 0, 0, 0, (long)\"ext\"};
void *PyInit_ext(void) { return PyModule_Create2(d, 1013); }";

#[test]
fn the_name_of_an_extension_tells_the_c_library_of_the_python_that_imports_it() {
    let yard = Yard::open();
    let extension = yard.library("ext.so", MODULE, &[]);
    // A machine with both loaders, as Debian with the package of musl.
    for (from, to) in [
        (
            PathBuf::from("/lib64/ld-linux-x86-64.so.2"),
            "lib64/ld-linux-x86-64.so.2",
        ),
        (
            stage().bare.join("lib/ld-musl-x86_64.so.1"),
            "lib/ld-musl-x86_64.so.1",
        ),
    ] {
        let to = yard.path("both").join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(fs::canonicalize(from).unwrap(), to).unwrap();
    }
    let ask =
        "import sys, importlib.machinery as m; print(sys.version_info[1], m.EXTENSION_SUFFIXES[0])";
    let python = |on_musl: bool, program: &str| match on_musl {
        true => inside(
            &stage().bare,
            &[(yard.0.path(), "/mnt/x")],
            &format!("cd /mnt/x && python3 -c '{program}'"),
        ),
        false => tool("python3")
            .current_dir(yard.0.path())
            .args(["-c", program])
            .output()
            .unwrap(),
    };
    let mut tried: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for on_musl in [false, true] {
        let said = text(&python(on_musl, ask));
        let (minor, ending) = said.trim().split_once(' ').unwrap();
        let named = format!("demo/ext{ending}");
        let own = if on_musl { MUSL } else { GLIBC };
        // By the name alone; by a tag alone.
        for (name, tag, kept) in [
            (
                named.as_str(),
                format!("cp3{minor}-cp3{minor}-linux_x86_64"),
                on_musl,
            ),
            (
                "demo/ext.abi3.so",
                format!("cp3{minor}-abi3-{own}"),
                on_musl,
            ),
        ] {
            let files: [(&str, &[u8]); 2] = [(name, &extension), ("demo/__init__.py", b"")];
            let wheel = yard.wheel(&tag, &files);
            let out = yard.path("out");
            let said = yard.wheelfix(&["repair", "--sysroot", "both", "-w", "out", &wheel]);
            assert!(said.status.success(), "{}", text(&said));
            let path = only_wheel(&out);
            let family = if kept { "musllinux" } else { "manylinux" };
            let shown = path.display().to_string();
            assert!(shown.contains(family), "{shown}");
            let site = yard.unpacked(&path, "site");
            let import = "import sys; sys.path.insert(0, \"site\"); import demo.ext";
            let works = [false, true].map(|on_musl| python(on_musl, import).status.success());
            tried.insert(format!("{own} {}", name.ends_with("abi3.so")), works);
            fs::remove_dir_all(out).unwrap();
            fs::remove_dir_all(site).unwrap();
        }
    }
    // A name is for one C library; the stable name, for what needs none, is for any.
    let expected = [
        (format!("{GLIBC} false"), [true, false]),
        (format!("{GLIBC} true"), [true, true]),
        (format!("{MUSL} false"), [false, true]),
        (format!("{MUSL} true"), [true, true]),
    ];
    assert_eq!(tried, expected.into());
}
