//! Writes what the fuzzer starts from: `seeds TARGET OUT FILE...`
//!
//! The files of `read`, `edit`, `repair` and `port` are those given and small ones of every machine, built here. For `edit` each stands
//! behind several heads, which say what to ask (see `wheelfix_fuzz::edit`).

use std::path::Path;
use std::{env, fs};

#[path = "../../tests/it/support/elf_builder.rs"]
#[allow(dead_code)]
mod elf_builder;

use elf_builder::Elf;
use wheelfix_fuzz::edit::HEAD;
use wheelfix_fuzz::{store, wheels};

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
            "repair" | "port" => {
                // A head of what to ask, how many files, under which names.
                for (index, head) in [&[0, 0, 0][..], &[7, 1, 1, 2], &[2, 0, 3]]
                    .iter()
                    .enumerate()
                {
                    let head = if target == "port" { &head[1..] } else { head };
                    let twice = if head.len() % 2 == 0 { &file[..] } else { &[] };
                    write(
                        format!("seed-{number:03}-{index}"),
                        &[head, &file[..], twice].concat(),
                    );
                }
            }
            "read" => write(format!("seed-{number:03}"), file),
            other => {
                for (number, bytes) in texts(other).iter().enumerate() {
                    write(format!("seed-{number:03}"), bytes);
                }
                return;
            }
        }
    }
}

/// What targets start from that are not about ELF files.
fn texts(target: &str) -> Vec<Vec<u8>> {
    let hash = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let wheel = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let text = |text: &str| text.as_bytes().to_vec();
    match target {
        "archive" => {
            let files = |names: &[&str]| -> Vec<(String, Vec<u8>)> {
                let files = names.iter().map(|name| ((*name).to_owned(), text(name)));
                files.collect()
            };
            vec![
                wheels::of_files(&[], wheel.as_bytes()),
                wheels::of_files(&files(&["demo/a.py", "demo/b.py"]), wheel.as_bytes()),
                wheels::of_files(
                    &files(&["demo-1.0.data/scripts/x", "é.py"]),
                    wheel.as_bytes(),
                ),
            ]
        }
        "record" => vec![
            text(&format!("a.py,{hash},0\nd-1.0.dist-info/RECORD,,\n")),
            text(&format!(
                "\"a,\"\"b\",{hash},0\r\na\\b.py,{hash},0\r\n../../bin/x,,\r\n"
            )),
            text("x.pyc,,\ny.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n"),
        ],
        "headers" => vec![
            text(wheel),
            text(
                "Wheel-Version: 1.9\nTag: py2.py3-none-any\n folded\nTag: cp313-cp313-linux_x86_64\nBuild: 1\n\nbody",
            ),
        ],
        "store" => {
            let manifest = store::manifest();
            vec![
                [&[0][..], &manifest].concat(),
                [&[1][..], &manifest].concat(),
                text("\u{4}[\"one.libs/libspam_outer-0123abcd.so.1\",\"one/a.py\"]"),
                [&[6][..], &manifest].concat(),
            ]
        }
        "tree" => vec![
            vec![
                0, 1, 0, 5, 1, b'x', 0, 1, 4, 5, 2, b'x', b',', b',', b'\n', 3, 0, 6, 0, 21,
            ],
            vec![
                4, 0, 6, 0, 21, 0, 1, 6, 7, 1, b'{', b'}', 3, 0, 1, 1, 21, 22,
            ],
            vec![
                2, 0, 9, 0, 1, 9, 11, 1, b'i', b'm', b'p', b'o', b'r', b't', b' ', b'a',
            ],
        ],
        "paths" => vec![
            text("/opt/lib:/lib\n/usr/lib"),
            text("include /etc/ld.so.conf.d/*.conf\n/opt/lib\n# x\nhwcap 0 a\ninclude *\n/a/../b"),
        ],
        other => panic!("no seeds for {other}"),
    }
}
