//! `auditwheel lddtree`: the JSON that its log line holds.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::auditwheel::as_python;
use crate::elf::{Arch, Class, Endian, Facts, Machine};
use crate::plan::{AuditLibrary, AuditTree};
use crate::resolve::{Libc, ModulePath};
use crate::wheel::Untrusted;

#[derive(Serialize)]
struct Tree<'a> {
    interpreter: Option<&'a str>,
    libc: Option<&'static str>,
    path: &'a Untrusted,
    realpath: &'a Untrusted,
    platform: Platform,
    needed: Vec<&'a str>,
    rpath: Vec<&'a str>,
    runpath: Vec<&'a str>,
    libraries: Libraries<'a>,
}

/// A number that has a name, or not.
#[derive(Serialize)]
#[serde(untagged)]
enum Named {
    Name(&'static str),
    Number(u16),
}

#[derive(Serialize)]
struct Platform {
    _elf_osabi: Named,
    _elf_class: u8,
    _elf_little_endian: bool,
    _elf_machine: Named,
    _base_arch: Option<String>,
    _ext_arch: Option<String>,
    _error_msg: Option<&'static str>,
}

struct Libraries<'a>(&'a [AuditLibrary]);

#[derive(Serialize)]
struct Library<'a> {
    soname: &'a str,
    path: Option<&'a str>,
    realpath: Option<&'a str>,
    platform: Option<Platform>,
    needed: Vec<&'a str>,
}

impl Serialize for Libraries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for one in self.0 {
            let found = one.found.as_ref();
            let library = Library {
                soname: one.soname.as_str(),
                path: found.map(|(path, _)| path.as_str()),
                realpath: found.map(|(_, real)| real.as_str()),
                platform: one.platform.as_ref().map(|file| platform(&file.facts)),
                needed: one.needed.iter().map(|name| name.as_str()).collect(),
            };
            map.serialize_entry(&one.soname, &library)?;
        }
        map.end()
    }
}

/// The tree of one file. `given`: the file as it was named.
pub fn audit_tree_json(given: &Untrusted, tree: &AuditTree) -> String {
    let facts = &tree.file.facts;
    as_python(&Tree {
        interpreter: tree.interpreter.as_ref().map(ModulePath::as_str),
        libc: tree.libc.map(|libc| match libc {
            Libc::Musl => "<Libc.MUSL: 'musl'>",
            Libc::Glibc => "<Libc.GLIBC: 'glibc'>",
        }),
        path: given,
        realpath: given,
        platform: platform(facts),
        needed: facts.needed.iter().map(|name| name.as_str()).collect(),
        rpath: tree.rpath.iter().map(ModulePath::as_str).collect(),
        runpath: tree.runpath.iter().map(ModulePath::as_str).collect(),
        libraries: Libraries(&tree.libraries),
    })
}

/// The line with which auditwheel's logger begins the tree.
pub const LOG_PREFIX: &str = "INFO:auditwheel.main_lddtree:";

const EABI_MASK: u32 = 0xff00_0000;
const EABI_5: u32 = 0x0500_0000;
const HARD_FLOATS: u32 = 0x400;

fn platform(facts: &Facts) -> Platform {
    let (base, error) = base_of(facts.machine);
    // The levels as `GNU_PROPERTY_X86_ISA_1_NEEDED` has them; the lowest bit is the baseline.
    let (level, error) = match (base, facts.x86_isa.needed & !1) {
        (Some("x86_64"), needed) if needed & 8 != 0 => (Some("x86_64_v4"), error),
        (Some("x86_64"), needed) if needed & 4 != 0 => (Some("x86_64_v3"), error),
        (Some("x86_64"), needed) if needed & 2 != 0 => (Some("x86_64_v2"), error),
        (Some("x86_64"), needed) if needed != 0 => (None, Some("unknown x86_64 ISA")),
        _ => (None, error),
    };
    let shown = |name: &str| format!("<Architecture.{name}: '{name}'>");
    Platform {
        _elf_osabi: os_abi(facts.os_abi),
        _elf_class: if facts.class == Class::Elf64 { 64 } else { 32 },
        _elf_little_endian: facts.endian == Endian::Little,
        _elf_machine: machine(facts.machine.number),
        _base_arch: base.map(shown),
        _ext_arch: level.map(shown),
        _error_msg: error,
    }
}

/// The architecture, or why it has none. Every Arm file of 32 bits counts as Armv7.
fn base_of(machine: Machine) -> (Option<&'static str>, Option<&'static str>) {
    let is_arm =
        (machine.number, machine.class, machine.endian) == (40, Class::Elf32, Endian::Little);
    if is_arm && machine.flags & EABI_MASK != EABI_5 {
        return (None, Some("Invalid ARM EABI version for armv7l"));
    }
    if is_arm && machine.flags & HARD_FLOATS == 0 {
        return (None, Some("armv7l shall use hard-float"));
    }
    match machine.arch() {
        Some(Arch::Armv6l) => (Some("armv7l"), None),
        Some(arch) => (Some(arch.name()), None),
        None => (None, Some("Unknown architecture")),
    }
}

fn os_abi(number: u8) -> Named {
    Named::Name(match number {
        0 => "ELFOSABI_SYSV",
        1 => "ELFOSABI_HPUX",
        2 => "ELFOSABI_NETBSD",
        3 => "ELFOSABI_LINUX",
        4 => "ELFOSABI_HURD",
        6 => "ELFOSABI_SOLARIS",
        9 => "ELFOSABI_FREEBSD",
        12 => "ELFOSABI_OPENBSD",
        64 => "ELFOSABI_ARM_AEABI",
        97 => "ELFOSABI_ARM",
        255 => "ELFOSABI_STANDALONE",
        other => return Named::Number(u16::from(other)),
    })
}

fn machine(number: u16) -> Named {
    Named::Name(match number {
        2 => "EM_SPARC",
        3 => "EM_386",
        8 => "EM_MIPS",
        20 => "EM_PPC",
        21 => "EM_PPC64",
        22 => "EM_S390",
        40 => "EM_ARM",
        43 => "EM_SPARCV9",
        62 => "EM_X86_64",
        183 => "EM_AARCH64",
        243 => "EM_RISCV",
        258 => "EM_LOONGARCH",
        other => return Named::Number(other),
    })
}
