//! The files that the tests build are what a linker would have written.

use crate::support::elf_builder::{Elf, Lie};
use crate::support::tools::tool;
use wheelfix::elf::{self, Kind, RunPathKind};

const MACHINES: [&str; 10] = [
    "x86_64",
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

fn rich(machine: &str) -> Elf {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Elf {
        machine: machine.to_owned(),
        runpath: Some("$ORIGIN/../lib:/opt/lib".to_owned()),
        defines: text(&["first", "second"]),
        wants: text(&["weak maybe", "memcpy@GLIBC_2.14", "plain"]),
        versions: text(&["libc.so.6 GLIBC_2.2.5 GLIBC_2.14", "libm.so.6 GLIBC_2.29"]),
        relr: 130,
        arm_cpu: if machine == "armv6l" { 6 } else { 10 },
        ..Elf::library("librich.so.1", &["libc.so.6", "libm.so.6"])
    }
}

#[test]
fn every_machine_is_read_back_as_it_was_built() {
    for machine in MACHINES {
        let facts = elf::read(&rich(machine).build()).unwrap();
        assert_eq!(facts.machine.arch().unwrap().name(), machine);
        assert_eq!(facts.soname.as_ref().unwrap().as_str(), "librich.so.1");
        let needed: Vec<&str> = facts.needed.iter().map(elf::Soname::as_str).collect();
        assert_eq!(needed, ["libc.so.6", "libm.so.6"]);
        let run_path = facts.run_path.as_ref().unwrap();
        assert_eq!(run_path.kind, RunPathKind::Runpath);
        assert_eq!(run_path.value, "$ORIGIN/../lib:/opt/lib");
        let symbols: Vec<(&str, bool, bool, Option<&str>)> = facts
            .symbols
            .iter()
            .map(|one| (one.name, one.defined, one.is_weak(), one.version))
            .collect();
        let expected = [
            ("maybe", false, true, None),
            ("memcpy", false, false, Some("GLIBC_2.14")),
            ("plain", false, false, None),
            ("first", true, false, None),
            ("second", true, false, None),
        ];
        assert_eq!(symbols, expected, "{machine}");
        assert_eq!(facts.version_needs.len(), 2);
        assert_eq!(facts.version_needs[0].versions[1].name, "GLIBC_2.14");
        assert_eq!(facts.relr, Some(130), "{machine}");
        assert!(!facts.is_program && facts.has_section_headers);
    }
}

#[test]
fn a_file_without_section_headers_says_the_same() {
    let plain = elf::read(&rich("x86_64").build()).unwrap();
    let bare = Elf {
        sections: false,
        ..rich("x86_64")
    };
    let mut bare = elf::read(&bare.build()).unwrap();
    assert!(!bare.has_section_headers);
    bare.has_section_headers = true;
    assert_eq!(bare, plain);
}

#[test]
fn programs_and_object_files_are_what_they_are_called() {
    let interpreter = Some("/lib/ld-musl-x86_64.so.1".to_owned());
    for (kind, expected) in [("shared", Kind::Shared), ("executable", Kind::Executable)] {
        let program = Elf {
            kind: kind.to_owned(),
            interpreter: interpreter.clone(),
            ..Elf::default()
        };
        let facts = elf::read(&program.build()).unwrap();
        assert_eq!(facts.kind, expected);
        assert_eq!(facts.interpreter, interpreter);
        assert!(facts.is_program);
    }
    let object = Elf {
        kind: "relocatable".to_owned(),
        ..Elf::default()
    };
    let facts = elf::read(&object.build()).unwrap();
    assert_eq!(facts.kind, Kind::Relocatable);
    assert!(!facts.dynamic);
}

#[test]
fn a_processor_level_and_debug_sections_are_seen() {
    let file = Elf {
        isa: Some(3),
        debug: 500,
        ..Elf::default()
    };
    let facts = elf::read(&file.build()).unwrap();
    assert_eq!(facts.x86_isa.level(), Some(elf::X86Level::V3));
    assert!(facts.has_debug && facts.has_symbol_table);
}

#[test]
fn every_lie_makes_a_file_that_is_refused() {
    for lie in [
        Lie::ProgramHeaders,
        Lie::SectionHeaders,
        Lie::SegmentOffset,
        Lie::StringTable,
        Lie::NeededName,
        Lie::NoEnd,
    ] {
        for machine in ["x86_64", "i686", "s390x"] {
            let file = Elf {
                lies: vec![lie],
                ..rich(machine)
            };
            assert!(elf::read(&file.build()).is_err(), "{lie:?} on {machine}");
        }
    }
}

/// What binutils' reader thinks of them: not a word of warning.
#[test]
fn readelf_has_nothing_to_complain_of() {
    let folder = tempfile::tempdir().unwrap();
    for machine in MACHINES {
        let files = [
            rich(machine),
            Elf {
                interpreter: Some("/lib/ld.so".to_owned()),
                kind: "executable".to_owned(),
                debug: 100,
                isa: machine.starts_with('x').then_some(2),
                ..rich(machine)
            },
            Elf {
                sections: false,
                ..rich(machine)
            },
            Elf {
                kind: "relocatable".to_owned(),
                ..rich(machine)
            },
        ];
        for (number, file) in files.iter().enumerate() {
            let path = folder.path().join(format!("{machine}-{number}"));
            std::fs::write(&path, file.build()).unwrap();
            let mut command = tool("readelf");
            let output = command.args(["-a", "-W"]).arg(&path).output().unwrap();
            let complaints = String::from_utf8_lossy(&output.stderr);
            // Not its exit code, which is 1 for an Arm file without section headers.
            assert!(complaints.is_empty(), "{machine} {number}: {complaints}");
        }
    }
}
