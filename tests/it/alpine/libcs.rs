//! Libraries that were linked to glibc, on both real loaders: which musl takes, and which glibc is new
//! enough for a version.

use crate::support::command::text;
use crate::support::loaders::{GLIBC, MUSL, Yard, loaded, set};
use crate::support::tools::tool;
use std::collections::BTreeSet;
use std::fs;

/// Stands for a library of glibc's where a file is linked: its name, and versions of symbols.
fn stand_in(yard: &Yard, name: &str, versions: &[(&str, &str)]) -> String {
    let mut map = String::new();
    let mut source = String::new();
    for (version, symbol) in versions {
        let symbols = match symbol.is_empty() {
            true => String::new(),
            false => format!("global: {symbol};"),
        };
        map += &format!("{version} {{ {symbols} }};\n");
        if !symbol.is_empty() {
            source += &format!("void {symbol}(void) {{}}\n");
        }
    }
    let soname = format!("-Wl,-soname,{name}");
    let file = format!("lib/{name}");
    match versions.is_empty() {
        true => {
            let all = "void malloc(void) {} void cos(void) {} void __memcpy_chk(void) {} void res_query(void) {}";
            yard.library(&file, all, &[&soname]);
        }
        false => {
            fs::write(yard.path("map"), map).unwrap();
            yard.library(&file, &source, &[&soname, "-Wl,--version-script=map"]);
        }
    }
    file
}

#[test]
fn libraries_that_were_linked_to_glibc_load_on_musl_where_check_lets_them() {
    let yard = Yard::open();
    let libc = stand_in(&yard, "libc.so.6", &[]);
    let libm = stand_in(&yard, "libm.so.6", &[]);
    let resolv = stand_in(&yard, "libresolv.so.2", &[]);
    let loader = stand_in(&yard, "ld-linux-x86-64.so.2", &[]);
    let library = |name: &str, symbol: &str, words: &[&str]| {
        let source =
            format!("extern void {symbol}(void); void use_{symbol}(void) {{ {symbol}(); }}");
        yard.library(name, &source, words)
    };
    let waf = library("libwaf.so", "cos", &[&libc, &libm]);
    let plain = library("libplain.so", "malloc", &[&libc]);
    let query = library("libquery.so", "res_query", &[&libc, &resolv]);
    let asks = library("libasks.so", "malloc", &[&libc, &loader]);
    let checked = library("libchecked.so", "__memcpy_chk", &[&libc]);
    // The same with versions, which musl does not read.
    stand_in(
        &yard,
        "libc.so.6",
        &[("GLIBC_2.2.5", "malloc"), ("GLIBC_2.3.4", "__memcpy_chk")],
    );
    let old = library("libold.so", "malloc", &[&libc]);
    let fortified = library("libfortified.so", "__memcpy_chk", &[&libc]);
    // What tells that the wheel is for musl.
    let musl = stand_in(&yard, "libc.musl-x86_64.so.1", &[]);
    let extension = yard.library("ext.so", "int PyInit_ext(void) { return 1; }", &[&musl]);
    let files: [(&str, &[u8]); 8] = [
        ("demo/ext.so", &extension),
        ("demo/libwaf.so", &waf),
        ("demo/libplain.so", &plain),
        ("demo/libquery.so", &query),
        ("demo/libasks.so", &asks),
        ("demo/libchecked.so", &checked),
        ("demo/libold.so", &old),
        ("demo/libfortified.so", &fortified),
    ];
    let wheel = yard.wheel(&format!("cp313-cp313-{MUSL}"), &files);
    let site = yard.unpacked(&yard.path(&wheel), "site");
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let loads = loaded(&site, &paths, true);
    assert_eq!(loads, set("ext.so libwaf.so libplain.so libold.so"));
    let all: BTreeSet<String> = paths.iter().map(|path| path.replace("demo/", "")).collect();
    let refused: BTreeSet<String> = all.difference(&loads).cloned().collect();
    assert_eq!(yard.findings(&wheel, "E003,S001"), refused);
}

#[test]
fn a_glibc_takes_the_versions_that_show_says_it_has() {
    let yard = Yard::open();
    let ask = "import os; print(os.confstr(\"CS_GNU_LIBC_VERSION\").split()[1])";
    let said = text(&tool("python3").args(["-c", ask]).output().unwrap());
    let number = |version: &str| -> (u16, u16) {
        let (major, minor) = version.trim().split_once('.').unwrap();
        (major.parse().unwrap(), minor.parse().unwrap())
    };
    let here = number(&said);
    // A version of its own in each file; the first stands in all, so that it is a library of glibc's.
    for (version, known) in [
        ("GLIBC_2.2.5", true),
        ("GLIBC_2.34", true),
        ("GLIBC_ABI_DT_RELR", true),
        ("GLIBC_2.99", true),
        ("GLIBC_ABI_GNU2_TLS", true),
        ("GLIBC_ABI_DT_X86_64_PLT", true),
        ("GLIBC_ABI_OF_TOMORROW", false),
    ] {
        let libc = stand_in(&yard, "libc.so.6", &[(version, "marked")]);
        // Weak, so that the version is all that is asked for.
        let source = "extern void marked(void) __attribute__((weak)); void *PyInit_ext(void) { return marked; }";
        let extension = yard.library("ext.so", source, &[&libc]);
        let wheel = yard.wheel(
            &format!("cp313-cp313-{GLIBC}"),
            &[("demo/ext.so", &extension)],
        );
        let site = yard.unpacked(&yard.path(&wheel), "site");
        let loads = !loaded(&site, &["demo/ext.so"], false).is_empty();
        let shown = yard.wheelfix(&["show", "--json", &wheel]);
        let value: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        let floor = &value["wheels"][0]["glibc_floor"];
        match floor["glibc"].as_str().filter(|_| known) {
            Some(oldest) => {
                // `2.2.5` has three parts.
                let oldest: Vec<&str> = oldest.split('.').take(2).collect();
                assert_eq!(loads, here >= number(&oldest.join(".")), "{version}");
            }
            None => {
                assert!(!known && !loads, "{version}");
                assert_eq!(floor["unknown"][0]["version"], version);
            }
        }
        fs::remove_dir_all(site).unwrap();
    }
}
