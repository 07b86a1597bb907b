//! Writes what the fuzzer starts from: `seeds TARGET OUT FILE...`
//!
//! The files are those given and small ones of every machine, built here. For `edit` each stands
//! behind several heads, which say what to ask (see `wheelfix_fuzz::edit`).

use std::path::Path;
use std::{env, fs};

#[path = "../../tests/it/support/elf_builder.rs"]
#[allow(dead_code)]
mod elf_builder;

use elf_builder::Elf;
use wheelfix_fuzz::edit::HEAD;

const MACHINES: [&str; 11] = [
    "x86_64",
    "x32",
    "i686",
    "aarch64",
    "armv7l",
    "armv6l",
    "ppc64",
    "ppc64le",
    "s390x",
    "riscv64",
    "loongarch64",
];

/// Strip, relocations, names, run path, needs, the rare ones: each alone, and many in one.
const HEADS: [[u8; HEAD]; 8] = [
    [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0x20, 0, 20, 30, 0, 0, 0, 3, 0, 0],
    [0x10, 0, 0, 0, 60, 0, 0, 7, 0, 0],
    [0x80, 0x10, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 30, 0, 0, 20, 2, 0x3f, 0],
    [0, 0, 0, 0, 0, 0, 0, 2, 0x80, 30],
    [0x3e, 1, 30, 40, 60, 5, 0, 9, 0x41, 3],
];

fn built() -> Vec<Vec<u8>> {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let mut files = Vec::new();
    for machine in MACHINES {
        let rich = Elf {
            machine: machine.to_owned(),
            runpath: Some("$ORIGIN/../lib".to_owned()),
            defines: text(&["first", "second"]),
            wants: text(&["weak maybe", "memcpy@GLIBC_2.14", "plain"]),
            versions: text(&["libc.so.6 GLIBC_2.2.5 GLIBC_2.14", "libm.so.6 GLIBC_2.29"]),
            relr: 70,
            debug: 40,
            ..Elf::library("librich.so.1", &["libc.so.6", "libm.so.6"])
        };
        files.push(rich.build());
        let program = Elf {
            kind: "executable".to_owned(),
            interpreter: Some("/lib/ld.so".to_owned()),
            spare: 0,
            sections: machine.len() % 2 == 0,
            ..rich.clone()
        };
        files.push(program.build());
        files.push(
            Elf {
                relr: 0,
                sections: false,
                ..rich
            }
            .build(),
        );
    }
    files
}

fn main() {
    let mut args = env::args().skip(1);
    let (Some(target), Some(out)) = (args.next(), args.next()) else {
        panic!("seeds TARGET OUT FILE...");
    };
    let mut files = built();
    files
        .extend(args.map(|path| fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))));
    for (number, file) in files.iter().enumerate() {
        let write =
            |name: String, bytes: &[u8]| fs::write(Path::new(&out).join(name), bytes).unwrap();
        match target.as_str() {
            "edit" => {
                for (index, head) in HEADS.iter().enumerate() {
                    write(
                        format!("seed-{number:03}-{index}"),
                        &[head, &file[..]].concat(),
                    );
                }
            }
            _ => write(format!("seed-{number:03}"), file),
        }
    }
}
