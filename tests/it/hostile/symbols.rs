//! Files that ask for much work by their symbols and the versions of these. Each is done in little time
//! and memory, or refused by the name of a bound.

use crate::support::bomb::Bomb;
use crate::support::elf_builder::Elf;

/// So many names that nothing else has.
fn symbols(of: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{of}{number}")).collect()
}

/// An extension module that needs these libraries, which lie beside it.
fn extension(name: &str, needed: Vec<String>) -> (String, Elf) {
    let elf = Elf {
        needed,
        rpath: Some("$ORIGIN".to_owned()),
        defines: vec![format!("PyInit_{name}")],
        ..Elf::default()
    };
    (format!("demo/{name}.so"), elf)
}

fn library(number: usize, elf: Elf) -> (String, Elf) {
    let name = format!("lib{number}.so");
    let elf = Elf {
        soname: Some(name.clone()),
        rpath: Some("$ORIGIN".to_owned()),
        ..elf
    };
    (format!("demo/{name}"), elf)
}

fn libraries(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("lib{number}.so")).collect()
}

#[test]
fn symbols_that_nothing_defines_in_many_processes() {
    let mut files: Vec<(String, Elf)> = (0..100)
        .map(|at| extension(&format!("m{at}"), libraries(50)))
        .collect();
    files.extend((0..50).map(|at| {
        library(
            at,
            Elf {
                wants: symbols("nobody_has_", 2000),
                defines: symbols(&format!("of_{at}_"), 100),
                ..Elf::default()
            },
        )
    }));
    Bomb::new(&files).ended();
}

#[test]
fn symbols_that_the_last_of_many_libraries_defines() {
    let mut files: Vec<(String, Elf)> = (0..100)
        .map(|at| extension(&format!("m{at}"), libraries(50)))
        .collect();
    files.extend((0..49).map(|at| {
        library(
            at,
            Elf {
                wants: symbols("last_has_", 2000),
                ..Elf::default()
            },
        )
    }));
    let last = Elf {
        defines: symbols("last_has_", 2000),
        ..Elf::default()
    };
    files.push(library(49, last));
    Bomb::new(&files).ended();
}

#[test]
fn a_file_that_wants_very_many_symbols() {
    for count in [50_000, 1_000_000] {
        let (path, elf) = extension("m", Vec::new());
        let wants = symbols("nobody_has_", count);
        Bomb::new(&[(path, Elf { wants, ..elf })]).ended();
    }
}

#[test]
fn a_file_that_defines_very_many_symbols_and_is_needed_by_many() {
    let mut files: Vec<(String, Elf)> = (0..200)
        .map(|at| extension(&format!("m{at}"), libraries(1)))
        .collect();
    let all = Elf {
        defines: symbols("all_have_", 300_000),
        ..Elf::default()
    };
    files.push(library(0, all));
    Bomb::new(&files).ended();
}

#[test]
fn one_young_symbol_that_is_wanted_very_often() {
    let mut files = vec![extension("m", libraries(50))];
    let wants = vec!["qsort_r".to_owned(); 20_000];
    files.extend((0..50).map(|at| {
        let (wants, defines) = (wants.clone(), symbols(&format!("of_{at}_"), 10_000));
        library(
            at,
            Elf {
                wants,
                defines,
                ..Elf::default()
            },
        )
    }));
    Bomb::new(&files).ended();
}

#[test]
fn versions_of_very_many_symbols() {
    let versions: Vec<String> = (0..2000).map(|at| format!("GLIBC_2.{at}")).collect();
    let (path, elf) = extension("m", Vec::new());
    let wants = (0..200_000).map(|at| format!("nobody_has_{at}@GLIBC_2.{}", at % 2000));
    let elf = Elf {
        wants: wants.collect(),
        versions: vec![format!("libc.so.6 {}", versions.join(" "))],
        ..elf
    };
    Bomb::new(&[(path, elf)]).ended();
}

#[test]
fn versions_of_very_many_libraries_that_are_not_needed() {
    let mut files: Vec<(String, Elf)> = (0..50)
        .map(|at| extension(&format!("m{at}"), libraries(50)))
        .collect();
    files.extend((0..50).map(|at| {
        let mut versions: Vec<String> = (0..2000).map(|at| format!("libother{at}.so V1")).collect();
        versions.push(format!("libof{at}.so V2"));
        library(
            at,
            Elf {
                versions,
                ..Elf::default()
            },
        )
    }));
    Bomb::new(&files).ended();
}

#[test]
fn thread_data_that_very_many_files_reach() {
    let mut files: Vec<(String, Elf)> = (0..50)
        .map(|at| extension(&format!("m{at}"), libraries(50)))
        .collect();
    files.extend((0..50).map(|at| {
        let relocations = (0..1000).map(|at| format!("thread-offset data{at}"));
        let elf = Elf {
            relocations: relocations.collect(),
            thread_data: 8,
            thread_symbols: symbols("data", 1000),
            defines: symbols(&format!("of_{at}_"), 1000),
            ..Elf::default()
        };
        library(at, elf)
    }));
    Bomb::new(&files).ended();
}

#[test]
fn an_extension_with_very_many_symbols_and_needs() {
    let (path, elf) = extension("m", (0..900).map(|at| format!("libno{at}.so")).collect());
    let mut defines = symbols("of_it_", 200_000);
    defines.extend(elf.defines);
    Bomb::new(&[(path, Elf { defines, ..elf })]).ended();
}

#[test]
fn very_many_needs_that_lead_nowhere() {
    let needed: Vec<String> = (0..400).map(|at| format!("libno{at}.so")).collect();
    let files: Vec<(String, Elf)> = (0..400)
        .map(|at| {
            let (path, elf) = extension(&format!("m{at}"), needed.clone());
            (path, Elf { rpath: None, ..elf })
        })
        .collect();
    Bomb::new(&files).ended();
}

#[test]
fn very_many_files_with_long_run_paths_and_needs() {
    let run_path: Vec<String> = (0..900).map(|at| format!("/out/{at}")).collect();
    let mut files = Vec::new();
    for at in 0..30 {
        let (path, elf) = extension(&format!("m{at}"), libraries(30));
        let mut path_of = run_path.clone();
        path_of.push("$ORIGIN".to_owned());
        files.push((
            path,
            Elf {
                rpath: Some(path_of.join(":")),
                ..elf
            },
        ));
        let needed = libraries(30);
        let rpath = Some(path_of.join(":"));
        let (path, elf) = library(
            at,
            Elf {
                needed,
                ..Elf::default()
            },
        );
        files.push((path, Elf { rpath, ..elf }));
    }
    Bomb::new(&files).ended();
}
