//! The ELF editor against files of every shape that linkers make, and glibc's loader as the judge.
//!
//! The files are built here with the machine's C compiler; without one the tests pass over them.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use wheelfix::elf::{
    self, Edited, Edits, ErrorKind, Facts, Level, Relr, RunPath, RunPathEdit, RunPathKind, Soname,
    Strip,
};

const DEP: &str = r#"
int dep_answer(void) { return 40; }
int dep_other(void) { return 1; }
"#;
const DEP_VERSIONS: &str =
    "DEP_1.0 { global: dep_answer; local: *; }; DEP_2.0 { global: dep_other; } DEP_1.0;";

/// Uses what loaders must get right: versions, relative relocations, thread data, constructors,
/// and unwinding, which needs the program headers in memory.
const LIB: &str = r#"
#include <stddef.h>
typedef int (*function)(void);
extern int dep_answer(void);
extern int dep_other(void);
static int one(void) { return 1; }
static const function table[] = { one, dep_answer, one, one, one, one, one, one };
static const char *const words[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
static __thread int thread_data = 5;
static int built;
__attribute__((constructor)) static void build(void) { built = 1; }
struct _Unwind_Context;
extern int _Unwind_Backtrace(int (*)(struct _Unwind_Context *, void *), void *);
static int step(struct _Unwind_Context *context, void *count) { (void)context; ++*(int *)count; return 0; }
int lib_f(void) { return 7; }
int my_init(void) { return 0; }
int answer(void) {
  int depth = 0;
  _Unwind_Backtrace(step, &depth);
  if (depth < 2 || thread_data != 5 || !built || words[3][0] != 'd') return -1;
  return table[1]() + table[0]() + dep_other();
}
"#;

const LOADER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) { fprintf(stderr, "%s\n", dlerror()); return 1; }
  int (*answer)(void) = (int (*)(void))dlsym(library, "answer");
  if (!answer) { fprintf(stderr, "%s\n", dlerror()); return 2; }
  return answer() == 42 && argc == 2 ? 0 : 3;
}
"#;

const DEP_NAME: &str = "libdep.so.1";
const NEW_DEP_NAME: &str = "libdependency-0123abcd.so.1.renamed";
const NEW_NAME: &str = "libshape-89abcdef.so.1.2.3.4";
const LONG_PATH: &str = "$ORIGIN/../a/folder/that/is/not/there:$ORIGIN/../another.libs:$ORIGIN";

/// A folder with a built library, the one it needs, and a program that loads it.
struct Workshop {
    folder: TempDir,
}

fn has(tool: &str) -> bool {
    Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {:?} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    ))
}

impl Workshop {
    /// `None` where there is no compiler.
    fn open() -> Option<Self> {
        if !has("gcc") {
            return None;
        }
        let shop = Self {
            folder: TempDir::new().unwrap(),
        };
        for (name, text) in [
            ("dep.c", DEP),
            ("dep.map", DEP_VERSIONS),
            ("lib.c", LIB),
            ("load.c", LOADER),
        ] {
            fs::write(shop.path(name), text).unwrap();
        }
        let versions = format!("-Wl,--version-script={}", shop.path("dep.map").display());
        shop.link(DEP_NAME, "dep.c", &["-Wl,-soname,libdep.so.1", &versions])
            .unwrap();
        run(Command::new("gcc")
            .arg("-o")
            .arg(shop.path("load"))
            .arg(shop.path("load.c")))
        .unwrap();
        Some(shop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn link(&self, output: &str, source: &str, flags: &[&str]) -> Result<(), String> {
        let mut command = Command::new("gcc");
        command
            .args(["-shared", "-fPIC", "-O1", "-fexceptions", "-g", "-o"])
            .arg(self.path(output));
        run(command.arg(self.path(source)).args(flags))
    }

    /// Links the library in a shape; `None` if this machine's tools cannot make it.
    fn shape(&self, flags: &[&str]) -> Option<Vec<u8>> {
        let mut all: Vec<&str> = vec!["-Wl,-soname,libshape.so.1", "-Wl,-rpath,$ORIGIN"];
        all.extend(flags);
        let dep = self.path(DEP_NAME).display().to_string();
        all.push(&dep);
        match self.link("libshape.so.1", "lib.c", &all) {
            Ok(()) => Some(fs::read(self.path("libshape.so.1")).unwrap()),
            Err(error) => {
                println!("passed over {flags:?}: {error}");
                None
            }
        }
    }

    /// Loads a library with glibc and lets it prove that it works.
    fn load(&self, what: &str, bytes: &[u8]) {
        fs::write(self.path("tried.so"), bytes).unwrap();
        self.load_file(what, &self.path("tried.so"));
    }

    fn load_file(&self, what: &str, path: &Path) {
        if let Err(error) = run(Command::new(self.path("load")).arg(path)) {
            let kept = std::env::temp_dir().join("wheelfix-failed.so");
            let _ = fs::copy(path, &kept);
            panic!("{what}: {error} (file kept at {})", kept.display());
        }
    }

    /// Gives the needed library its new name.
    fn rename_dep(&self) {
        let bytes = fs::read(self.path(DEP_NAME)).unwrap();
        let edits = Edits {
            soname: Some(NEW_DEP_NAME.into()),
            ..Edits::default()
        };
        fs::write(
            self.path(NEW_DEP_NAME),
            elf::edit(&bytes, &edits).unwrap().bytes,
        )
        .unwrap();
    }

    fn binutils_strip(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !has("strip") {
            return None;
        }
        fs::write(self.path("stripped.so"), bytes).unwrap();
        run(Command::new("strip")
            .arg("-s")
            .arg(self.path("stripped.so")))
        .unwrap();
        Some(fs::read(self.path("stripped.so")).unwrap())
    }
}

fn set_path(kind: RunPathKind, value: &str) -> Option<RunPathEdit> {
    Some(RunPathEdit::Set(RunPath {
        kind,
        value: value.to_owned(),
    }))
}

/// What a repair asks of a graft.
fn repair() -> Edits {
    Edits {
        soname: Some(NEW_NAME.into()),
        rename_needed: BTreeMap::from([(Soname::from(DEP_NAME), Soname::from(NEW_DEP_NAME))]),
        run_path: set_path(RunPathKind::Rpath, LONG_PATH),
        ..Edits::default()
    }
}

fn edit(bytes: &[u8], edits: &Edits) -> Edited {
    let edited = elf::edit(bytes, edits).unwrap_or_else(|error| panic!("{error}"));
    elf::verify(bytes, &edited.bytes, edits).unwrap();
    edited
}

fn read(bytes: &[u8]) -> Facts {
    elf::read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything a shape has to stand: the edit itself, strip of either kind before and after, and
/// further edits.
fn put_through(shop: &Workshop, name: &str, original: &[u8]) -> Edited {
    shop.load(&format!("{name}, original"), original);
    let edited = edit(original, &repair());
    let facts = read(&edited.bytes);
    assert_eq!(facts.soname, Some(NEW_NAME.into()));
    assert!(
        facts.needed.contains(&NEW_DEP_NAME.into()),
        "{name}: {:?}",
        facts.needed
    );
    assert_eq!(facts.rpath.as_deref(), Some(LONG_PATH));
    assert_eq!(facts.runpath, None);
    let need = facts
        .version_needs
        .iter()
        .find(|need| need.file.as_str() == NEW_DEP_NAME)
        .unwrap();
    assert_eq!(need.versions.len(), 2);
    shop.load(&format!("{name}, edited"), &edited.bytes);
    let has_sections = facts.has_section_headers;
    if has_sections && let Some(stripped) = shop.binutils_strip(&edited.bytes) {
        shop.load(&format!("{name}, edited then binutils strip"), &stripped);
        let again = edit(
            &stripped,
            &Edits {
                soname: Some("libother.so".into()),
                ..Edits::default()
            },
        );
        shop.load(
            &format!("{name}, edited, binutils strip, edited"),
            &again.bytes,
        );
    }
    for strip in [Strip::Debug, Strip::All] {
        let one_go = edit(original, &Edits { strip, ..repair() });
        shop.load(
            &format!("{name}, edited with strip {strip:?}"),
            &one_go.bytes,
        );
        let after = edit(
            &edited.bytes,
            &Edits {
                strip,
                ..Edits::default()
            },
        );
        shop.load(
            &format!("{name}, edited then strip {strip:?}"),
            &after.bytes,
        );
        if has_sections {
            assert!(!read(&one_go.bytes).has_debug, "{name}");
            assert_eq!(
                read(&one_go.bytes).has_symbol_table,
                strip == Strip::Debug,
                "{name}"
            );
        }
    }
    let same = edit(&edited.bytes, &repair());
    assert!(
        !same.changed && same.bytes == edited.bytes,
        "{name}: an edit already made changes nothing"
    );
    edited
}

macro_rules! shop {
    () => {
        match Workshop::open() {
            Some(shop) => {
                shop.rename_dep();
                shop
            }
            None => return,
        }
    };
}

fn put_all_through(shapes: &[(&str, &[&str])]) {
    let shop = shop!();
    for (name, flags) in shapes {
        if let Some(original) = shop.shape(flags) {
            put_through(&shop, name, &original);
        }
    }
}

#[test]
fn files_of_the_usual_shapes_load_after_every_chain_of_tools() {
    put_all_through(&[
        ("plain", &[]),
        ("one page for code and data", &["-Wl,-z,noseparate-code"]),
        ("bound at load time", &["-Wl,-z,now"]),
        ("without read-only relocations", &["-Wl,-z,norelro"]),
        (
            "with a build id and RUNPATH",
            &["-Wl,--build-id", "-Wl,--enable-new-dtags"],
        ),
        ("with its own constructor tag", &["-Wl,-init,my_init"]),
        ("never unloaded", &["-Wl,-z,nodelete"]),
    ]);
}

#[test]
fn both_hash_tables_stay_whole() {
    put_all_through(&[
        ("System V hash", &["-Wl,--hash-style=sysv"]),
        ("GNU hash", &["-Wl,--hash-style=gnu"]),
        ("both hashes", &["-Wl,--hash-style=both"]),
    ]);
}

#[test]
fn other_linkers_files_load_too() {
    put_all_through(&[
        ("gold", &["-fuse-ld=gold"]),
        ("lld", &["-fuse-ld=lld"]),
        (
            "lld with a read-only dynamic section",
            &["-fuse-ld=lld", "-Wl,-z,rodynamic"],
        ),
        (
            "lld with packed relocations",
            &["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
        ),
    ]);
}

// patchelf#492, #528: a new segment only 4K congruent though it promises 2M; #47 and others:
// megabytes of padding.
#[test]
fn large_pages_cost_no_padding() {
    let shop = shop!();
    for flags in [
        &["-Wl,-z,max-page-size=0x200000"][..],
        &[
            "-Wl,-z,max-page-size=0x200000",
            "-Wl,--spare-dynamic-tags=0",
        ],
        &["-fuse-ld=lld", "-Wl,-z,max-page-size=0x200000"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let edited = put_through(&shop, "2M pages", &original);
        assert!(
            edited.bytes.len() < original.len() + 2048,
            "{} bytes more",
            edited.bytes.len() - original.len()
        );
    }
}

// patchelf#146, #152: `.dynamic` moved where it cannot be written.
#[test]
fn a_dynamic_section_without_spare_entries_moves_into_writable_memory() {
    let shop = shop!();
    let dep = shop.path(DEP_NAME).display().to_string();
    shop.link("bare.so", "lib.c", &["-Wl,--spare-dynamic-tags=0", &dep])
        .unwrap();
    let bytes = fs::read(shop.path("bare.so")).unwrap();
    let edited = edit(&bytes, &repair());
    assert!(edited.level >= Level::L3, "{:?}", edited.level);
    shop.load("no spare entries", &edited.bytes);
    if let Some(stripped) = shop.binutils_strip(&edited.bytes) {
        shop.load("no spare entries, then binutils strip", &stripped);
    }
    // Two spare entries come with the move.
    let next = edit(
        &edited.bytes,
        &Edits {
            soname: Some("libnext.so".into()),
            ..Edits::default()
        },
    );
    assert!(next.level < Level::L3, "{:?}", next.level);
    shop.load("no spare entries, twice", &next.bytes);
}

// patchelf#162, #45, #315: names that share their end with a changed name were changed with it.
#[test]
fn a_symbol_that_shares_bytes_with_an_old_name_keeps_its_name() {
    let shop = shop!();
    let dep = shop.path(DEP_NAME).display().to_string();
    shop.link(
        "shared.so",
        "lib.c",
        &["-Wl,-soname,new_lib_f", "-Wl,-rpath,/x/lib_f", &dep],
    )
    .unwrap();
    let bytes = fs::read(shop.path("shared.so")).unwrap();
    let edited = edit(&bytes, &repair());
    let names = |bytes: &[u8]| {
        read(bytes)
            .symbols
            .iter()
            .map(|symbol| symbol.name.to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&bytes), names(&edited.bytes));
    assert!(names(&edited.bytes).contains("lib_f"));
    shop.load("shared names", &edited.bytes);
}

// patchelf#370: each edit made the file grow by pages.
#[test]
fn twenty_edits_in_a_row_grow_by_their_names_only() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,--spare-dynamic-tags=0"],
        &["-Wl,-z,max-page-size=0x200000"],
        &["-fuse-ld=lld"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let first = edit(&original, &repair()).bytes;
        let mut bytes = first.clone();
        let mut names = 0;
        for round in 0..20 {
            let soname = format!("libshape-round-{round:02}-{}.so", "x".repeat(100 + round));
            let path = format!("$ORIGIN/{}:$ORIGIN", "y".repeat(300 + round));
            names += soname.len() + path.len() + 2;
            let kind = if round % 2 == 0 {
                RunPathKind::Runpath
            } else {
                RunPathKind::Rpath
            };
            let edits = Edits {
                soname: Some(soname.into()),
                run_path: set_path(kind, &path),
                ..Edits::default()
            };
            bytes = edit(&bytes, &edits).bytes;
            shop.load(&format!("{flags:?}, edit {round}"), &bytes);
        }
        // A table or two may have moved for good.
        let most = first.len() + names + 16 * 1024;
        assert!(
            bytes.len() < most,
            "{flags:?}: {} of at most {most}",
            bytes.len()
        );
        if let Some(stripped) = shop.binutils_strip(&bytes) {
            shop.load(
                &format!("{flags:?}, twenty edits then binutils strip"),
                &stripped,
            );
        }
    }
}

#[test]
fn shorter_names_fit_and_one_kind_of_run_path_stays() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    for kind in [RunPathKind::Rpath, RunPathKind::Runpath] {
        let edits = Edits {
            soname: Some("l".into()),
            run_path: set_path(kind, "$ORIGIN"),
            ..Edits::default()
        };
        let edited = edit(&original, &edits);
        let facts = read(&edited.bytes);
        assert_eq!(facts.run_path.map(|path| path.kind), Some(kind));
        assert!(facts.rpath.is_none() || facts.runpath.is_none());
        shop.load("short names", &edited.bytes);
    }
    let none = edit(
        &original,
        &Edits {
            run_path: Some(RunPathEdit::Remove),
            ..Edits::default()
        },
    );
    assert_eq!(
        (read(&none.bytes).rpath, read(&none.bytes).runpath),
        (None, None)
    );
}

// patchelf#193, #359, #361: several changes in one call got in each other's way.
#[test]
fn all_edits_at_once_say_the_same_as_one_after_the_other() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let at_once = read(&edit(&original, &repair()).bytes);
    let whole = repair();
    let mut bytes = original;
    for edits in [
        Edits {
            run_path: whole.run_path.clone(),
            ..Edits::default()
        },
        Edits {
            rename_needed: whole.rename_needed.clone(),
            ..Edits::default()
        },
        Edits {
            soname: whole.soname.clone(),
            ..Edits::default()
        },
    ] {
        bytes = edit(&bytes, &edits).bytes;
    }
    assert_eq!(at_once, read(&bytes));
}

// patchelf#84, #85, #115: version needs that do not follow make glibc abort.
#[test]
fn a_removed_need_takes_its_versions_along() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let edits = Edits {
        remove_needed: BTreeSet::from([DEP_NAME.into()]),
        ..Edits::default()
    };
    let edited = edit(&original, &edits);
    let facts = read(&edited.bytes);
    assert!(!facts.needed.iter().any(|name| name.as_str() == DEP_NAME));
    assert!(
        !facts
            .version_needs
            .iter()
            .any(|need| need.file.as_str() == DEP_NAME)
    );
    let symbol = facts
        .symbols
        .iter()
        .find(|symbol| symbol.name == "dep_answer")
        .unwrap();
    assert_eq!((symbol.version, symbol.version_file), (None, None));
    // With the dependency loaded by other means the library works.
    let tried = shop.path("without.so");
    fs::write(&tried, &edited.bytes).unwrap();
    let mut command = Command::new(shop.path("load"));
    run(command.arg(&tried).env("LD_PRELOAD", shop.path(DEP_NAME))).unwrap();
}

#[test]
fn removing_every_versioned_need_leaves_no_empty_table() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let names: BTreeSet<Soname> = read(&original)
        .version_needs
        .into_iter()
        .map(|need| need.file)
        .collect();
    let edited = edit(
        &original,
        &Edits {
            remove_needed: names,
            ..Edits::default()
        },
    );
    assert!(read(&edited.bytes).version_needs.is_empty());
}

// patchelf#583, #66: files without section headers.
#[test]
fn files_without_section_headers_can_be_edited() {
    let shop = shop!();
    for flags in [
        &[][..],
        &["-Wl,--spare-dynamic-tags=0"],
        &["-Wl,-z,max-page-size=0x200000"],
        &["-fuse-ld=lld"],
    ] {
        let Some(mut bytes) = shop.shape(flags) else {
            continue;
        };
        let sections_at =
            usize::try_from(u64::from_le_bytes(bytes[40..48].try_into().unwrap())).unwrap();
        bytes[40..48].fill(0);
        bytes[60..64].fill(0);
        bytes.truncate(sections_at);
        assert!(!read(&bytes).has_section_headers);
        let edited = put_through(&shop, "no section headers", &bytes);
        let again = edit(
            &edited.bytes,
            &Edits {
                soname: Some("z".repeat(200).into()),
                ..Edits::default()
            },
        );
        shop.load("no section headers, twice", &again.bytes);
        assert!(again.bytes.len() < edited.bytes.len() + 8192);
    }
}

#[test]
fn what_was_appended_to_a_file_stays_at_its_end() {
    let shop = shop!();
    let mut bytes = shop.shape(&["-Wl,--spare-dynamic-tags=0"]).unwrap();
    let payload = b"PAYLOAD of some installer\0\0\x01";
    bytes.extend_from_slice(payload);
    for strip in [Strip::None, Strip::All] {
        let edited = edit(&bytes, &Edits { strip, ..repair() });
        assert!(edited.bytes.ends_with(payload));
        shop.load("with payload", &edited.bytes);
    }
}

// patchelf#240: the section found by its name was another one.
#[test]
fn a_second_section_of_the_same_name_is_no_trap() {
    let shop = shop!();
    if !has("objcopy") {
        return;
    }
    shop.shape(&[]).unwrap();
    fs::write(shop.path("content"), b"something else").unwrap();
    for name in [".shstrtab", ".strtab"] {
        let mut command = Command::new("objcopy");
        command.arg(format!(
            "--add-section={name}={}",
            shop.path("content").display()
        ));
        run(command
            .arg(shop.path("libshape.so.1"))
            .arg(shop.path("twice.so")))
        .unwrap();
        put_through(&shop, name, &fs::read(shop.path("twice.so")).unwrap());
    }
}

// patchelf#217, #275, #400: notes split, moved apart or at other alignments.
#[test]
fn notes_keep_their_bytes_and_alignment() {
    let shop = shop!();
    let extra = r#"
__attribute__((section(".note.one"), aligned(4), used)) static const int note_one[] = { 4, 4, 1, 0x656e6f, 7 };
__attribute__((section(".note.two"), aligned(8), used)) static const int note_two[] = { 4, 4, 1, 0x6f7774, 9, 0 };
"#;
    fs::write(shop.path("lib.c"), format!("{LIB}{extra}")).unwrap();
    let original = shop
        .shape(&["-Wl,--build-id", "-Wl,--spare-dynamic-tags=0"])
        .unwrap();
    let edited = put_through(&shop, "several notes", &original);
    assert!(read(&original).build_id.is_some());
    assert_eq!(read(&original).build_id, read(&edited.bytes).build_id);
}

#[test]
fn packed_relocations_can_be_written_out() {
    let shop = shop!();
    for flags in [
        &["-Wl,-z,pack-relative-relocs"][..],
        &["-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr"],
    ] {
        let Some(original) = shop.shape(flags) else {
            continue;
        };
        let packed = read(&original);
        if packed.relr.is_none() {
            continue;
        }
        let edited = put_through(&shop, "packed relocations", &original);
        for edits in [
            Edits {
                relr: Relr::Expand,
                ..repair()
            },
            Edits {
                relr: Relr::Expand,
                strip: Strip::All,
                ..repair()
            },
        ] {
            let expanded = edit(&original, &edits);
            let facts = read(&expanded.bytes);
            assert_eq!(facts.relr, None);
            let versions = facts.version_needs.iter().flat_map(|need| &need.versions);
            assert!(
                versions
                    .clone()
                    .all(|version| version.name != "GLIBC_ABI_DT_RELR")
            );
            shop.load("relocations written out", &expanded.bytes);
            if let Some(stripped) = shop.binutils_strip(&expanded.bytes) {
                shop.load("relocations written out, then binutils strip", &stripped);
            }
            let later = edit(&edited.bytes, &edits);
            shop.load("relocations written out later", &later.bytes);
        }
    }
}

// patchelf#446, #474, #558: programs that the kernel could not start any more.
#[test]
fn programs_still_start() {
    let shop = shop!();
    fs::write(
        shop.path("main.c"),
        "extern int answer(void); int main(void) { return answer() == 42 ? 0 : 3; }",
    )
    .unwrap();
    shop.shape(&[]).unwrap();
    for flags in [
        &["-pie", "-fPIE"][..],
        &["-no-pie", "-fno-pie"],
        &["-pie", "-fPIE", "-Wl,--spare-dynamic-tags=0"],
    ] {
        let mut command = Command::new("gcc");
        command
            .args(flags)
            .arg("-o")
            .arg(shop.path("program"))
            .arg(shop.path("main.c"));
        command
            .arg(shop.path("libshape.so.1"))
            .arg(shop.path(DEP_NAME))
            .arg("-Wl,-rpath,$ORIGIN");
        run(&mut command).unwrap();
        let mut bytes = fs::read(shop.path("program")).unwrap();
        for round in 0..3 {
            let path = format!("$ORIGIN/{}:$ORIGIN", "p".repeat(400 * (round + 1)));
            let edits = Edits {
                run_path: set_path(RunPathKind::Rpath, &path),
                strip: if round == 2 { Strip::All } else { Strip::None },
                ..Edits::default()
            };
            let edited = edit(&bytes, &edits);
            assert_ne!(
                edited.level,
                Level::L4,
                "the program headers of a program stay"
            );
            bytes = edited.bytes;
            fs::write(shop.path("program"), &bytes).unwrap();
            run(&mut Command::new(shop.path("program"))).unwrap();
        }
    }
}

#[test]
fn nothing_asked_gives_the_same_bytes() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    let unknown = Edits {
        rename_needed: BTreeMap::from([("libunknown.so".into(), "libother.so".into())]),
        remove_needed: BTreeSet::from(["libabsent.so".into()]),
        relr: Relr::Expand,
        ..Edits::default()
    };
    for edits in [Edits::default(), unknown] {
        let edited = edit(&original, &edits);
        assert!(!edited.changed);
        assert_eq!(edited.bytes, original);
    }
}

#[test]
fn strip_is_as_small_as_that_of_binutils_and_estimated_exactly() {
    let shop = shop!();
    let original = shop.shape(&[]).unwrap();
    for strip in [Strip::None, Strip::Debug, Strip::All] {
        let edited = edit(
            &original,
            &Edits {
                strip,
                ..Edits::default()
            },
        );
        let saved = (original.len() - edited.bytes.len()) as u64;
        assert_eq!(elf::strippable(&original, strip).unwrap(), saved);
    }
    if let Some(theirs) = shop.binutils_strip(&original) {
        let ours = edit(
            &original,
            &Edits {
                strip: Strip::All,
                ..Edits::default()
            },
        )
        .bytes;
        assert!(
            ours.len() <= theirs.len(),
            "{} > {}",
            ours.len(),
            theirs.len()
        );
    }
    let object = shop.path("lib.o");
    run(Command::new("gcc")
        .arg("-c")
        .arg("-o")
        .arg(&object)
        .arg(shop.path("lib.c")))
    .unwrap();
    assert_eq!(
        elf::strippable(&fs::read(object).unwrap(), Strip::All).unwrap(),
        0
    );
}

// patchelf leaves the old place of a table empty each time it moves one.
#[test]
fn strip_closes_the_holes_that_patchelf_leaves() {
    let shop = shop!();
    if !has("patchelf") {
        return;
    }
    shop.shape(&["-Wl,-z,noseparate-code"]).unwrap();
    let file = shop.path("libshape.so.1");
    for round in 1..4 {
        let path = format!("$ORIGIN:/{}", "p".repeat(20_000 * round));
        run(Command::new("patchelf")
            .arg("--set-rpath")
            .arg(path)
            .arg(&file))
        .unwrap();
    }
    let holey = fs::read(&file).unwrap();
    let edits = Edits {
        strip: Strip::All,
        ..repair()
    };
    let edited = edit(&holey, &edits);
    shop.load("patchelf three times, then a repair", &edited.bytes);
    assert_eq!(
        elf::strippable(&holey, Strip::All).unwrap(),
        (holey.len()
            - edit(
                &holey,
                &Edits {
                    strip: Strip::All,
                    ..Edits::default()
                }
            )
            .bytes
            .len()) as u64
    );
    let (now, then) = (edited.bytes.len(), holey.len());
    assert!(now + 30_000 < then, "{now} of {then}");
    // And patchelf can still work on what an edit leaves.
    let plain = edit(&shop.shape(&[]).unwrap(), &repair());
    fs::write(&file, &plain.bytes).unwrap();
    run(Command::new("patchelf")
        .args(["--set-soname", "libpatched.so"])
        .arg(&file))
    .unwrap();
    shop.load_file("a repair, then patchelf", &file);
}

#[test]
fn an_object_file_is_read_but_gets_no_name() {
    let shop = shop!();
    let object = shop.path("lib.o");
    run(Command::new("gcc")
        .arg("-c")
        .arg("-o")
        .arg(&object)
        .arg(shop.path("lib.c")))
    .unwrap();
    let bytes = fs::read(object).unwrap();
    assert!(!read(&bytes).dynamic);
    let error = elf::edit(&bytes, &repair()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Uneditable);
    assert!(!error.is_malformed_input());
}

#[test]
fn verify_notices_a_changed_byte_anywhere() {
    let shop = shop!();
    let original = shop.shape(&["-Wl,--hash-style=both"]).unwrap();
    let edits = Edits {
        strip: Strip::All,
        ..repair()
    };
    let edited = edit(&original, &edits).bytes;
    let mut unnoticed = Vec::new();
    let marks = edited.iter().enumerate().filter(|&(_, &byte)| byte != 0);
    for place in marks.map(|(place, _)| place).collect::<Vec<_>>() {
        let mut broken = edited.clone();
        broken[place] ^= 0x55;
        if elf::verify(&original, &broken, &edits).is_ok() {
            unnoticed.push(place);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:x?}");
}
