//! What is said of files that do not load, and what musl's own loader says of them on a bare Alpine;
//! which endings a real Python looks for.

use crate::support::command::text;
use crate::support::stage::{inside, stage};
use crate::support::tools::tool;
use crate::support::wheel_builder::WheelBuilder;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Small libraries that need no C library by name; each with what it is linked to, or how it is
/// compiled.
const SOURCES: [(&str, &str, &[&str]); 15] = [
    ("plain", "int PyInit_plain(void) { return 1; }", &[]),
    (
        "own",
        "static __thread int n[4] __attribute__((tls_model(\"initial-exec\")));
         int *PyInit_own(void) { return &n[1]; }",
        &[],
    ),
    (
        "dynamic",
        "static __thread int n[4]; int *PyInit_dynamic(void) { return &n[1]; }",
        &[],
    ),
    ("libcount", "__thread int counter = 3;", &[]),
    (
        "named",
        "extern __thread int counter __attribute__((tls_model(\"initial-exec\")));
         int *PyInit_named(void) { return &counter; }",
        &["libcount.so"],
    ),
    (
        "alone",
        "__thread int state __attribute__((tls_model(\"initial-exec\"))); int *get(void) { return &state; }",
        &[],
    ),
    (
        "computed",
        "static int one(void) { return 1; } static void *pick(void) { return one; }
         static int work(void) __attribute__((ifunc(\"pick\")));
         int PyInit_computed(void) { return work(); }",
        &[],
    ),
    (
        "shared",
        "static int one(void) { return 1; } static void *pick(void) { return one; }
         int work(void) __attribute__((ifunc(\"pick\")));
         int PyInit_shared(void) { return work(); }",
        &[],
    ),
    (
        "libfast",
        "static int one(void) { return 1; } static void *pick(void) { return one; }
         int fast(void) __attribute__((ifunc(\"pick\")));",
        &[],
    ),
    (
        "user",
        "extern int fast(void); int PyInit_user(void) { return fast(); }",
        &["libfast.so"],
    ),
    (
        "weak_offset",
        "extern __thread int gone __attribute__((weak, tls_model(\"initial-exec\")));
         int *PyInit_weak_offset(void) { return &gone; }",
        &[],
    ),
    (
        "weak_module",
        "extern __thread int gone __attribute__((weak)); int *PyInit_weak_module(void) { return &gone; }",
        &[],
    ),
    (
        "weak_descriptor",
        "extern __thread int gone __attribute__((weak)); int *PyInit_weak_descriptor(void) { return &gone; }",
        &["-mtls-dialect=gnu2"],
    ),
    (
        "weak_found",
        "extern __thread int counter __attribute__((weak)); int *PyInit_weak_found(void) { return &counter; }",
        &["libcount.so"],
    ),
    (
        "lacking",
        "extern int __memcpy_chk(void); int PyInit_lacking(void) { return __memcpy_chk(); }",
        &[],
    ),
];

fn build(folder: &Path) {
    for (name, source, needs) in SOURCES {
        let file = folder.join(format!("{name}.c"));
        fs::write(&file, source).unwrap();
        let output = tool("gcc")
            .args(["-shared", "-fPIC", "-O1", "-nostdlib", "-fno-builtin"])
            .args(["-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed", "-o"])
            .arg(folder.join(format!("{name}.so")))
            .arg(format!("-Wl,-soname,{name}.so"))
            .arg(file)
            .args(needs.iter().map(|need| match need.starts_with('-') {
                true => PathBuf::from(need),
                false => folder.join(need),
            }))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

/// The names of the files that the loader of the bare Alpine refuses.
fn refused(folder: &Path) -> BTreeSet<String> {
    let output = inside(
        &stage().bare,
        &[(folder, "/mnt/x")],
        "for f in /mnt/x/*.so; do
           python3 -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' $f 2>/tmp/why || echo ${f##*/}
         done",
    );
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    said.lines().map(str::to_owned).collect()
}

fn findings(folder: &Path, wheel: &str, builder: WheelBuilder, select: &str) -> BTreeSet<String> {
    let path = folder.join(wheel);
    fs::write(&path, builder.build()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(["check", "--json", "--select", select])
        .arg(&path)
        .output()
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = value["packages"][0]["findings"].as_array().unwrap();
    let file = |one: &serde_json::Value| {
        let file = one["file"].as_str().unwrap();
        file.rsplit('/').next().unwrap().to_owned()
    };
    found.iter().map(file).collect()
}

#[test]
fn check_names_the_files_that_musl_does_not_load_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let tag = "cp313-cp313-musllinux_1_2_x86_64";
    let mut builder = WheelBuilder::new("demo", "1.0").tag(tag);
    for (name, _, _) in SOURCES {
        let bytes = fs::read(folder.path().join(format!("{name}.so"))).unwrap();
        builder = builder.file(&format!("demo/{name}.so"), bytes);
    }
    let wheel = format!("demo-1.0-{tag}.whl");
    let found = findings(folder.path(), &wheel, builder, "E010,E011,E017,S001");
    assert_eq!(found, refused(folder.path()));
    assert_eq!(found.len(), 10);
}

#[test]
fn a_real_python_looks_for_the_endings_that_check_lets_pass() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let output = inside(
        &stage().bare,
        &[],
        "python3 -c 'import sys, importlib.machinery as m; print(sys.version_info[1], *m.EXTENSION_SUFFIXES)'",
    );
    let said = text(&output);
    let mut words = said.split_whitespace();
    let minor = words.next().unwrap();
    let endings: Vec<&str> = words.collect();
    assert!(endings.len() > 2, "{said}");
    let tag = format!("cp3{minor}-cp3{minor}-musllinux_1_2_x86_64");
    let wheel = format!("demo-1.0-{tag}.whl");
    let bytes = fs::read(folder.path().join("plain.so")).unwrap();
    let own = endings[0].to_owned();
    let others = [
        own.replace("musl", "gnu"),
        own.replace("x86_64", "aarch64"),
        own.replace(&format!("3{minor}"), "39"),
    ];
    for ending in &others {
        assert!(!endings.contains(&ending.as_str()), "{said}");
        let builder = WheelBuilder::new("demo", "1.0").tag(&tag);
        let name = format!("plain{ending}");
        let builder = builder.file(&format!("demo/{name}"), &bytes);
        let found = findings(folder.path(), &wheel, builder, "T008");
        assert_eq!(found, BTreeSet::from([name]));
    }
    for ending in endings {
        let builder = WheelBuilder::new("demo", "1.0").tag(&tag);
        let builder = builder.file(&format!("demo/plain{ending}"), &bytes);
        let found = findings(folder.path(), &wheel, builder, "T008");
        assert!(found.is_empty(), "{ending}");
    }
}
