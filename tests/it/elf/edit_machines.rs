//! The ELF editor on every machine that wheels are built for: a library and two programs are linked
//! for each by the pinned zig, edited, and run with that machine's own musl under qemu.
//!
//! Needs `scripts/setup --tests`: zig, qemu-user-static, musl's loaders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::command::script;
use crate::support::elf_workshop::{
    DEP, DEP_NAME, DEP_VERSIONS, NEW_DEP_NAME, put_program_through, read, repair, run, set_path,
};
use crate::support::tools::tool;
use tempfile::TempDir;
use wheelfix::elf::{self, Edited, Edits, Level, Relr, RunPathKind, Strip};

/// Versions, relative relocations, constructors, thread data; no header, no C library.
const LIB: &str = r#"
typedef int (*function)(void);
extern int dep_answer(void);
extern int dep_other(void);
static int one(void) { return 1; }
static const function table[] = { one, dep_answer, one, one, one, one, one, one };
static const char *const words[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
static __thread int thread_data = 5;
static int built;
__attribute__((constructor)) static void build(void) { built = 1; }
int answer(void) {
  if (thread_data != 5 || !built || words[3][0] != 'd') return -1;
  return table[1]() + table[0]() + dep_other();
}
"#;

/// musl runs the constructors of libraries from `__libc_start_main`, which wants a stack as the
/// kernel makes it: arguments, environment, auxiliary vector, each with its end.
const MAIN: &str = r#"
extern int answer(void);
extern int __libc_start_main(int (*)(int, char **, char **), int, char **);
static int run(int count, char **texts, char **more) {
  (void)count, (void)texts, (void)more;
  return answer() == 42 ? 0 : 3;
}
static char name[] = "program";
static char *stack[80] = { name };
void _start(void) { __libc_start_main(run, 1, stack); }
void __start(void) { _start(); }
"#;

/// What lld is asked for, by shape.
const SHAPES: [(&str, &[&str]); 6] = [
    ("plain", &[]),
    ("both hash tables", &["--hash-style=both", "-z", "now"]),
    ("packed relocations", &["--pack-dyn-relocs=relr"]),
    ("64K pages", &["-z", "max-page-size=0x10000", "--build-id"]),
    ("read-only dynamic list", &["-z", "rodynamic"]),
    ("few segments", &["--no-rosegment", "-z", "norelro"]),
];

/// Stands in for musl at link time; the loader takes the need of that name for itself.
const LIBC: &str = "void __libc_start_main(void) {}";
const LIBC_NAME: &str = "libc.so";

struct Machine {
    /// As wheel tags have it.
    name: &'static str,
    /// zig's name.
    target: &'static str,
    /// qemu's name.
    qemu: &'static str,
}

/// A folder with the objects of one machine.
struct Bench {
    machine: Machine,
    zig: String,
    loader: PathBuf,
    qemu: String,
    folder: TempDir,
}

impl Bench {
    fn open(machine: Machine, suites: &[&str]) -> Self {
        let zig = script("zig", &[]).trim().to_owned();
        let mut asked = vec![machine.name];
        asked.extend(suites);
        let root = PathBuf::from(script("evidence/elves/make-loader", &asked).trim());
        let loader = fs::read_dir(root.join("lib"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let qemu = match machine.name {
            "loongarch64" => script("evidence/elves/make-qemu", &[machine.qemu])
                .trim()
                .to_owned(),
            _ => format!("qemu-{}-static", machine.qemu),
        };
        let bench = Self {
            qemu,
            machine,
            zig,
            loader,
            folder: TempDir::new().unwrap(),
        };
        for (name, text) in [("dep", DEP), ("lib", LIB), ("main", MAIN), ("libc", LIBC)] {
            fs::write(bench.path(&format!("{name}.c")), text).unwrap();
            let mut command = bench.zig();
            command.args([
                "cc",
                "-target",
                bench.machine.target,
                "-O1",
                "-fPIC",
                "-g",
                "-c",
                "-fno-sanitize=undefined",
            ]);
            command
                .args(["-fno-stack-protector", "-o"])
                .arg(bench.path(&format!("{name}.o")));
            run(command.arg(bench.path(&format!("{name}.c")))).unwrap();
        }
        fs::write(bench.path("dep.map"), DEP_VERSIONS).unwrap();
        bench.link(LIBC_NAME, &["-shared", "-soname", LIBC_NAME], &["libc.o"]);
        let versions = format!("--version-script={}", bench.path("dep.map").display());
        bench.link(
            DEP_NAME,
            &["-shared", "-soname", DEP_NAME, &versions],
            &["dep.o"],
        );
        let dep = fs::read(bench.path(DEP_NAME)).unwrap();
        fs::write(bench.path(NEW_DEP_NAME), dep).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn zig(&self) -> Command {
        let mut command = Command::new(&self.zig);
        for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            command.env(name, concat!(env!("CARGO_TARGET_TMPDIR"), "/zig"));
        }
        command
    }

    fn link(&self, output: &str, flags: &[&str], inputs: &[&str]) -> Vec<u8> {
        let mut command = self.zig();
        command.args([
            "ld.lld",
            "--eh-frame-hdr",
            "-z",
            "noexecstack",
            "--unresolved-symbols=ignore-all",
        ]);
        command.args(flags).arg("-o").arg(self.path(output));
        run(command.args(inputs.iter().map(|input| self.path(input)))).unwrap();
        fs::read(self.path(output)).unwrap()
    }

    fn library(&self, flags: &[&str]) -> Vec<u8> {
        let mut all = vec!["-shared", "-soname", "libshape.so.1", "-rpath", "$ORIGIN"];
        all.extend(flags);
        self.link("libshape.so.1", &all, &["lib.o", DEP_NAME, LIBC_NAME])
    }

    fn program(&self, flags: &[&str]) -> Vec<u8> {
        let loader = self.loader.display().to_string();
        let mut all = vec!["-dynamic-linker", &loader, "-rpath", "$ORIGIN"];
        all.extend(flags);
        self.link(
            "program",
            &all,
            &["main.o", "libshape.so.1", DEP_NAME, LIBC_NAME],
        )
    }

    /// Runs the program with the library as it is now.
    fn start(&self, options: &[&str]) -> Result<(), String> {
        let mut command = tool(&self.qemu);
        run(command.args(options).arg(self.path("program")))
    }

    fn load(&self, what: &str, bytes: &[u8]) {
        fs::write(self.path("libshape.so.1"), bytes).unwrap();
        self.start(&[])
            .unwrap_or_else(|error| panic!("{}, {what}: {error}", self.machine.name));
        if self.machine.name == "aarch64" && !what.contains("original") {
            self.start(&["-p", "65536"])
                .unwrap_or_else(|error| panic!("64K pages, {what}: {error}"));
        }
    }
}

/// An edit that must succeed; the file that it fails on is kept.
fn edit(bytes: &[u8], edits: &Edits) -> Edited {
    elf::edit(bytes, edits).unwrap_or_else(|error| {
        let kept = std::env::temp_dir().join(format!("wheelfix-failed-{}.so", bytes.len()));
        fs::write(&kept, bytes).unwrap();
        panic!("{error} (file kept at {}, {edits:?})", kept.display())
    })
}

/// One library of the machine: edited, stripped, unpacked, in one go and one after another.
fn put_through(bench: &Bench, name: &str, original: &[u8]) {
    bench.load(&format!("{name}, original"), original);
    let edited = edit(original, &repair());
    assert_eq!(
        read(&edited.bytes).needed.first(),
        Some(&NEW_DEP_NAME.into()),
        "{name}"
    );
    bench.load(&format!("{name}, edited"), &edited.bytes);
    for strip in [Strip::Debug, Strip::All] {
        for relr in [Relr::Keep, Relr::Expand] {
            let one_go = edit(
                original,
                &Edits {
                    strip,
                    relr,
                    ..repair()
                },
            );
            bench.load(&format!("{name}, {strip:?}, {relr:?}"), &one_go.bytes);
            assert!(relr == Relr::Keep || read(&one_go.bytes).relr.is_none());
            let later = Edits {
                strip,
                relr,
                ..Edits::default()
            };
            bench.load(
                &format!("{name}, later {strip:?}, {relr:?}"),
                &edit(&edited.bytes, &later).bytes,
            );
        }
    }
    let mut bytes = edited.bytes;
    for round in 0..6 {
        let path = format!("$ORIGIN/{}:$ORIGIN", "y".repeat(100 * round));
        let edits = Edits {
            run_path: set_path(RunPathKind::Runpath, &path),
            ..Edits::default()
        };
        bytes = edit(&bytes, &edits).bytes;
    }
    bench.load(&format!("{name}, six more edits"), &bytes);
}

fn without_sections(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let wide = bytes[4] == 2;
    let (at, counts) = if wide {
        (40..48, 60..64)
    } else {
        (32..36, 48..52)
    };
    bytes[at].fill(0);
    bytes[counts].fill(0);
    bytes
}

fn try_machine(name: &'static str, target: &'static str, qemu: &'static str) {
    let bench = Bench::open(Machine { name, target, qemu }, &[]);
    let plain = bench.library(&[]);
    bench.program(&["-pie"]);
    for (shape, flags) in SHAPES {
        put_through(&bench, shape, &bench.library(flags));
    }
    put_through(&bench, "no section headers", &without_sections(&plain));
    let mut with_payload = plain.clone();
    with_payload.extend_from_slice(b"a payload");
    put_through(&bench, "with a payload", &with_payload);

    fs::write(bench.path("libshape.so.1"), &plain).unwrap();
    for flags in [&["-pie"][..], &["-no-pie"]] {
        let program = bench.program(flags);
        bench.start(&[]).unwrap();
        put_program_through(program, |round, bytes| {
            fs::write(bench.path("program"), bytes).unwrap();
            bench
                .start(&[])
                .unwrap_or_else(|error| panic!("{name} {flags:?} {round}: {error}"));
        });
    }
}

macro_rules! machines {
    ($($test:ident $name:literal $target:literal $qemu:literal)*) => {
        $(#[test]
        fn $test() {
            try_machine($name, $target, $qemu);
        })*
    };
}

machines! {
    x86_64_files_run_after_every_edit "x86_64" "x86_64-linux-musl" "x86_64"
    aarch64_files_run_after_every_edit "aarch64" "aarch64-linux-musl" "aarch64"
    i686_files_run_after_every_edit "i686" "x86-linux-musl" "i386"
    armv7l_files_run_after_every_edit "armv7l" "arm-linux-musleabihf" "arm"
    ppc64le_files_run_after_every_edit "ppc64le" "powerpc64le-linux-musl" "ppc64le"
    s390x_files_run_after_every_edit "s390x" "s390x-linux-musl" "s390x"
    riscv64_files_run_after_every_edit "riscv64" "riscv64-linux-musl" "riscv64"
    loongarch64_files_run_after_every_edit "loongarch64" "loongarch64-linux-musl" "loongarch64"
}

// patchelf#250, #645: hash tables and debug entries of MIPS that know their own address.
#[test]
fn mips64el_files_run_after_every_edit() {
    let machine = Machine {
        name: "mips64el",
        target: "mips64el-linux-muslabi64",
        qemu: "mips64el",
    };
    let bench = Bench::open(machine, &["bookworm"]);
    let original = bench.library(&["--hash-style=sysv"]);
    // Code of that machine finds its data by the register that its caller has its address in, which
    // only the start of a C library sets.
    let mut command = bench.zig();
    command
        .args(["cc", "-target", bench.machine.target, "-dynamic", "-o"])
        .arg(bench.path("program"));
    fs::write(
        bench.path("start.c"),
        "int answer(void); int main(void) { return answer() == 42 ? 0 : 3; }",
    )
    .unwrap();
    for input in ["start.c", "libshape.so.1", DEP_NAME] {
        command.arg(bench.path(input));
    }
    command.arg(format!("-Wl,-dynamic-linker={}", bench.loader.display()));
    run(command.arg("-Wl,-rpath,$ORIGIN")).unwrap();
    bench.load("original", &original);
    // A name that is there already, one that a strip makes room for: nothing has to move.
    let soname = Edits {
        soname: Some(DEP_NAME.into()),
        ..Edits::default()
    };
    for strip in [Strip::None, Strip::All] {
        let edited = edit(
            &original,
            &Edits {
                strip,
                ..soname.clone()
            },
        );
        assert_eq!(edited.level, Level::L0);
        bench.load("a name that is there", &edited.bytes);
    }
    put_through(&bench, "MIPS", &original);
}

#[test]
fn the_machines_are_those_that_wheels_are_tagged_for() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/evidence/elf-corpus");
    let corpus = fs::read_to_string(source).unwrap();
    let text = include_str!("edit_machines.rs");
    for line in corpus.lines().filter(|line| line.contains("-linux-musl")) {
        let name = line.trim().split('"').nth(1).unwrap();
        assert!(
            text.contains(&format!("_edit \"{name}\"")),
            "{name} is not tried here"
        );
    }
}
