//! Files that ask for much work with few bytes. Each is done in little time and memory, or refused by the
//! name of a bound.

use std::fs;

use crate::support::bomb::{Bomb, GLIBC, WHEEL, names, needing};
use crate::support::elf_builder::Elf;

#[test]
fn a_needed_name_of_many_parts_is_too_long() {
    Bomb::one(needing(vec!["/a".repeat(20_000)])).refused("name-length");
    Bomb::one(needing(vec!["/a".repeat(1000)])).refused("path-parts");
    Bomb::one(needing(vec!["../".repeat(1000)])).refused("path-parts");
}

#[test]
fn a_name_of_a_megabyte_is_too_long() {
    Bomb::one(needing(vec!["x".repeat(1 << 20)])).refused("name-length");
    Bomb::one(Elf::library(&"x".repeat(1 << 20), &[])).refused("name-length");
}

#[test]
fn a_file_that_needs_very_many_is_refused() {
    Bomb::one(needing(names(100_000))).refused("needed");
}

#[test]
fn a_file_that_needs_many_is_answered() {
    Bomb::one(needing(names(900))).answered();
}

#[test]
fn a_run_path_of_very_many_folders_is_refused() {
    let run_path = |count: usize| {
        (0..count)
            .map(|one| format!("/opt/{one}"))
            .collect::<Vec<_>>()
    };
    for text in [
        run_path(40_000).join(":"),
        ":".repeat(40_000),
        "$ORIGIN:".repeat(40_000),
    ] {
        Bomb::one(Elf {
            runpath: Some(text.clone()),
            ..needing(vec!["libx.so".to_owned()])
        })
        .refused("run-path-entries");
        Bomb::one(Elf {
            rpath: Some(text),
            ..needing(vec!["libx.so".to_owned()])
        })
        .refused("run-path-entries");
    }
    let long = format!("$ORIGIN/{}", "../".repeat(2000));
    Bomb::one(Elf {
        runpath: Some(long),
        ..needing(vec!["libx.so".to_owned()])
    })
    .refused("name-length");
}

#[test]
fn many_needs_in_many_folders_are_refused() {
    let folders: Vec<String> = (0..1000).map(|one| format!("$ORIGIN/{one}")).collect();
    let elf = Elf {
        rpath: Some(folders.join(":")),
        ..needing(names(900))
    };
    let files: Vec<(String, Elf)> = (0..4)
        .map(|at| (format!("demo/{at}.so"), elf.clone()))
        .collect();
    Bomb::new(&files).refused("search-steps");
}

/// Files that all need all others.
fn clique(count: usize, run_path: &str) -> Vec<(String, Elf)> {
    let file = |number: usize| {
        let elf = Elf {
            rpath: Some(run_path.to_owned()),
            ..Elf::library(&format!("lib{number}.so"), &[])
        };
        let needed = names(count);
        (format!("demo/lib{number}.so"), Elf { needed, ..elf })
    };
    (0..count).map(file).collect()
}

#[test]
fn files_that_all_need_each_other_are_answered() {
    Bomb::new(&clique(50, "$ORIGIN")).answered();
}

#[test]
fn very_many_files_that_all_need_each_other_are_refused() {
    Bomb::new(&clique(150, "$ORIGIN")).refused("edges");
}

#[test]
fn files_that_need_each_other_and_find_nothing_are_answered() {
    Bomb::new(&clique(80, "/nowhere")).answered();
}

/// Each file needs the next one.
fn chain(count: usize, folder: &dyn Fn(usize) -> String) -> Vec<(String, Elf)> {
    let file = |number: usize| {
        let run_path = match folder(number) {
            same if same == folder(number + 1) => "$ORIGIN".to_owned(),
            _ => format!("$ORIGIN/../{}", folder(number + 1)),
        };
        let elf = Elf {
            rpath: Some(run_path),
            ..Elf::library(&format!("lib{number}.so"), &[])
        };
        let needed = vec![format!("lib{}.so", number + 1)];
        (
            format!("demo/{}/lib{number}.so", folder(number)),
            Elf { needed, ..elf },
        )
    };
    (0..count).map(file).collect()
}

#[test]
fn a_long_chain_is_refused() {
    Bomb::new(&chain(1000, &|_| "lib".to_owned())).refused("depth");
    Bomb::new(&chain(1000, &|at| format!("d{at}"))).refused("depth");
}

#[test]
fn a_chain_of_some_length_is_answered() {
    Bomb::new(&chain(100, &|_| "lib".to_owned())).answered();
    Bomb::new(&chain(50, &|at| format!("d{at}"))).answered();
}

#[test]
fn a_file_that_needs_itself_or_its_user_is_answered() {
    let own = Elf {
        rpath: Some("$ORIGIN".to_owned()),
        ..Elf::library("lib0.so", &["lib0.so", "lib1.so"])
    };
    let other = Elf {
        rpath: Some("$ORIGIN".to_owned()),
        ..Elf::library("lib1.so", &["lib0.so"])
    };
    Bomb::new(&[
        ("demo/lib0.so".to_owned(), own),
        ("demo/lib1.so".to_owned(), other),
    ])
    .answered();
}

#[test]
fn path_files_of_very_many_lines_are_refused() {
    let bomb = Bomb::one(needing(vec!["libx.so".to_owned()]));
    let lines: String = "/d\n".repeat(130_000);
    fs::write(bomb.root("etc/ld-musl-x86_64.path"), &lines).unwrap();
    fs::write(bomb.root("etc/ld.so.conf"), &lines).unwrap();
    for wheel in [WHEEL, GLIBC] {
        let (code, text) = bomb.run(&["repair", "--sysroot", "root", wheel]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("--limit path-file-lines="), "{text}");
    }
}

#[test]
fn path_files_that_include_each_other_come_to_an_end() {
    let bomb = Bomb::one(needing(vec!["libx.so".to_owned()]));
    let folder = bomb.root("etc/ld.so.conf.d");
    fs::create_dir_all(&folder).unwrap();
    let include = "include /etc/ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n/opt/lib\n";
    fs::write(bomb.root("etc/ld.so.conf"), include).unwrap();
    for number in 0..20 {
        fs::write(folder.join(format!("{number}.conf")), include).unwrap();
    }
    let (code, text) = bomb.run(&["repair", "--sysroot", "root", GLIBC]);
    assert_eq!(code, 1, "{text}");
    assert_eq!(text.matches("/opt/lib/libx.so").count(), 1, "{text}");
    for number in 0..30 {
        let next = format!("include /etc/ld.so.conf.d/{}.next\n", number + 1);
        fs::write(folder.join(format!("{number}.next")), next).unwrap();
    }
    fs::write(folder.join("30.next"), "/last\n").unwrap();
    let first = "include /etc/ld.so.conf.d/0.next\n";
    fs::write(bomb.root("etc/ld.so.conf"), first).unwrap();
    let (code, text) = bomb.run(&["repair", "--sysroot", "root", GLIBC]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("/last/libx.so"), "{text}");
}

#[test]
fn links_of_a_root_that_lead_in_circles_or_far_come_to_an_end() {
    let bomb = Bomb::one(needing(names(20)));
    for number in 0..20 {
        let link = bomb.root(&format!("usr/lib/lib{number}.so"));
        let target = format!("lib{}.so", (number + 1) % 20);
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    for number in 0..200 {
        let link = bomb.root(&format!("usr/lib/to{number}"));
        let parts = "./".repeat(1500);
        std::os::unix::fs::symlink(format!("{parts}to{}", number + 1), link).unwrap();
    }
    std::os::unix::fs::symlink("usr/lib/to0", bomb.root("lib")).unwrap();
    bomb.answered();
}

#[test]
fn a_bound_can_be_raised_and_lowered() {
    let bomb = Bomb::one(needing(names(1200)));
    bomb.refused("needed");
    let (code, _) = bomb.run(&["check", "--limit", "needed=2000", WHEEL]);
    assert_eq!(code, 1);
    let (code, text) = bomb.run(&["check", "--limit", "needed=10", WHEEL]);
    assert_eq!(code, 3, "{text}");
    for wrong in ["needed", "needed=", "needed=x", "heigth=3", "needed=-1"] {
        let (code, text) = bomb.run(&["check", "--limit", wrong, WHEEL]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("--limit"), "{text}");
    }
}

#[test]
fn very_many_files_that_need_the_same_files_are_answered_or_refused() {
    let needed = names(300);
    let leaf = |number: usize| {
        let elf = Elf::library(&format!("lib{number}.so"), &[]);
        (format!("demo/lib{number}.so"), elf)
    };
    let root = |number: usize| {
        let elf = Elf {
            rpath: Some("$ORIGIN".to_owned()),
            defines: vec![format!("PyInit_m{number}")],
            ..needing(needed.clone())
        };
        (format!("demo/m{number}.so"), elf)
    };
    for count in [100, 450, 800] {
        let files: Vec<(String, Elf)> = (0..300).map(leaf).chain((0..count).map(root)).collect();
        Bomb::new(&files).ended();
    }
}
