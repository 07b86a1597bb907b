//! Wheels and trees whose text files are huge. Each is done in little time and memory, or refused by the name of
//! a bound.

use std::fmt::Write as _;
use std::fs;

use crate::support::bounded::{begin, said};
use crate::support::elf_builder::Elf;
use crate::support::installed_tree::Tree;
use crate::support::scratch;
use crate::support::wheel_builder::{WheelBuilder, sha256};

const NAME: &str = "demo-1.0-py3-none-musllinux_1_2_x86_64.whl";

fn demo() -> WheelBuilder {
    WheelBuilder::default()
        .tag("py3-none-musllinux_1_2_x86_64")
        .file("demo/__init__.py", "")
        .file("demo/_core.so", Elf::default().build())
}

/// Every command that reads a wheel comes to an answer, or says why not.
fn tried(wheel: &WheelBuilder) {
    let folder = scratch::folder();
    fs::write(folder.path().join(NAME), wheel.build()).unwrap();
    fs::create_dir_all(folder.path().join("root/lib")).unwrap();
    for words in [
        &["check", NAME][..],
        &["check", "--json", NAME],
        &["show", "--sysroot", "root", NAME],
        &["lddtree", "--sysroot", "root", NAME],
        &["repair", "--sysroot", "root", "-w", "out", NAME],
        &["size", NAME],
        &["slim", "-w", "out", NAME],
        &["port", "-w", "out", NAME],
    ] {
        let (code, text) = said(folder.path(), words);
        assert!(
            [0, 1, 3].contains(&code),
            "{words:?}: {code} {}",
            begin(&text)
        );
        assert!(text.len() < 4 << 20, "{words:?}: {} bytes", text.len());
    }
}

#[test]
fn a_record_of_a_million_rows() {
    let mut rows = String::new();
    for number in 0..1_000_000 {
        writeln!(rows, "demo/{number}.py,,").unwrap();
    }
    tried(&demo().record(&rows));
    // All of one file, and rows that are longer than any name.
    tried(&demo().record(&"demo/a.py,,\n".repeat(1_000_000)));
    tried(&demo().record(&format!("{},,\n", "x".repeat(30 << 20))));
    tried(&demo().record(&"\"\"\"\"\"\"".repeat(1 << 20)));
    tried(&demo().record(&"\n".repeat(10 << 20)));
}

#[test]
fn a_wheel_file_of_many_lines() {
    for (line, count) in [
        ("Tag: py3-none-any\n", 1_000_000),
        ("Tag: py2.py3-none-any\n", 100_000),
        ("X: y\n", 2_000_000),
        (" folded\n", 2_000_000),
        ("no colon\n", 1_000_000),
    ] {
        let text = format!("Wheel-Version: 1.0\n{}", line.repeat(count));
        tried(&demo().wheel(&text));
    }
    let parts: Vec<String> = (0..300).map(|number| format!("a{number}")).collect();
    let set = parts.join(".");
    tried(&demo().wheel(&format!("Wheel-Version: 1.0\nTag: {set}-{set}-{set}\n")));
}

#[test]
fn metadata_of_many_megabytes() {
    let head = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";
    for body in [
        "Requires-Dist: x\n".repeat(1_000_000),
        "Requires-External: libx\n".repeat(500_000),
        format!("\n{}", "x".repeat(30 << 20)),
        format!("Summary: {}\n", "x".repeat(30 << 20)),
        "x".repeat(60 << 20),
        "Name: demo\n".repeat(1_000_000),
        " folded\n".repeat(2_000_000),
    ] {
        tried(&demo().metadata(&format!("{head}{body}")));
    }
}

#[test]
fn entry_points_and_sources_of_many_megabytes() {
    let info = "demo-1.0.dist-info/entry_points.txt";
    for text in [
        format!("[console_scripts]\n{}", "a = demo:main\n".repeat(500_000)),
        "[x]\n".repeat(1_000_000),
        "=".repeat(20 << 20),
        "[".repeat(20 << 20),
    ] {
        tried(&demo().file(info, text));
    }
    for text in [
        "import ctypes\n".repeat(1_000_000),
        "(".repeat(20 << 20),
        "'''".repeat(5 << 20),
        "\\\n".repeat(10 << 20),
        "open('demo/x.txt')\n".repeat(500_000),
        "x = 'a' 'b' \"c\"\n".repeat(500_000),
    ] {
        tried(&demo().file("demo/long.py", text));
    }
}

#[test]
fn files_of_sixty_megabytes() {
    for name in [
        "demo/data.bin",
        "demo/long.py",
        "demo/long.h",
        "demo/x.so",
        "demo/a.txt",
    ] {
        tried(&demo().file(name, "x".repeat(60 << 20)));
    }
}

#[test]
fn very_many_entries() {
    let mut wheel = demo();
    for number in 0..20_000 {
        wheel = wheel.file(&format!("demo/{number}.py"), "");
    }
    tried(&wheel);
    let mut wheel = demo();
    let deep = "d/".repeat(500);
    for number in 0..5000 {
        wheel = wheel.file(&format!("{deep}{number}.py"), "");
    }
    tried(&wheel);
}

#[test]
fn a_tree_with_large_records() {
    let tree = Tree::new();
    let folder = tree.site().parent().unwrap().to_owned();
    let hash = sha256(b"");
    let rows = |path: &dyn Fn(usize) -> String| -> String {
        (0..400_000)
            .map(|number| format!("{},{hash},0\n", path(number)))
            .collect()
    };
    for text in [
        rows(&|number| format!("one/{number}.py")),
        rows(&|_| "one/__init__.py".to_owned()),
        rows(&|number| format!("../{number}.py")),
    ] {
        let record = tree.site().join("one-1.0.dist-info/RECORD");
        fs::write(record, text).unwrap();
        for words in [
            &["check", "site"][..],
            &["check", "--json", "site"],
            &["size", "site"],
            &["slim", "-n", "site"],
            &["dedupe", "-n", "site"],
        ] {
            let (code, text) = said(&folder, words);
            assert!(
                [0, 1, 3].contains(&code),
                "{words:?}: {code} {}",
                begin(&text)
            );
        }
    }
}
