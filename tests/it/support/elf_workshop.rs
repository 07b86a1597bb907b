//! Builds small libraries of many shapes with the machine's C compiler, edits them, and lets the
//! loader judge; without a compiler there is nothing to judge. `scripts/check` lets no tool be missing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::tools::{has, is_strict, tool};
use tempfile::TempDir;
use wheelfix::elf::{
    self, Edited, Edits, Facts, Level, RunPath, RunPathEdit, RunPathKind, Soname, Strip,
};

pub const DEP: &str = r#"
int dep_answer(void) { return 40; }
int dep_other(void) { return 1; }
"#;
pub const DEP_VERSIONS: &str =
    "DEP_1.0 { global: dep_answer; local: *; }; DEP_2.0 { global: dep_other; } DEP_1.0;";

/// Uses what loaders must get right: versions, relative relocations, thread data, constructors,
/// and unwinding, which needs the program headers in memory.
pub const LIB: &str = r#"
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

pub const LOADER: &str = r#"
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

pub const DEP_NAME: &str = "libdep.so.1";
pub const NEW_DEP_NAME: &str = "libdependency-0123abcd.so.1.renamed";
pub const NEW_NAME: &str = "libshape-89abcdef.so.1.2.3.4";
pub const LONG_PATH: &str = "$ORIGIN/../a/folder/that/is/not/there:$ORIGIN/../another.libs:$ORIGIN";

/// A folder with a built library, the one it needs, and a program that loads it.
pub struct Workshop {
    pub folder: TempDir,
}

/// Runs a command to its end. A program that was just written cannot be started while a child that
/// another test is about to start still holds it open; that takes a moment.
pub fn outcome(command: &mut Command) -> io::Result<Output> {
    loop {
        match command.output() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::yield_now();
            }
            outcome => return outcome,
        }
    }
}

pub fn run(command: &mut Command) -> Result<(), String> {
    let output = outcome(command).map_err(|error| error.to_string())?;
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
    pub fn open() -> Option<Self> {
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
        run(tool("gcc")
            .arg("-o")
            .arg(shop.path("load"))
            .arg(shop.path("load.c")))
        .unwrap();
        Some(shop)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn link(&self, output: &str, source: &str, flags: &[&str]) -> Result<(), String> {
        let mut command = tool("gcc");
        command
            .args(["-shared", "-fPIC", "-O1", "-fexceptions", "-g", "-o"])
            .arg(self.path(output));
        run(command.arg(self.path(source)).args(flags))
    }

    /// Links the library in a shape; `None` if this machine's tools cannot make it.
    pub fn shape(&self, flags: &[&str]) -> Option<Vec<u8>> {
        let mut all: Vec<&str> = vec!["-Wl,-soname,libshape.so.1", "-Wl,-rpath,$ORIGIN"];
        all.extend(flags);
        let dep = self.path(DEP_NAME).display().to_string();
        all.push(&dep);
        match self.link("libshape.so.1", "lib.c", &all) {
            Ok(()) => Some(fs::read(self.path("libshape.so.1")).unwrap()),
            Err(error) => {
                assert!(!is_strict(), "{flags:?} cannot be linked: {error}");
                println!("passed over {flags:?}: {error}");
                None
            }
        }
    }

    /// Loads a library with glibc and lets it prove that it works.
    pub fn load(&self, what: &str, bytes: &[u8]) {
        fs::write(self.path("tried.so"), bytes).unwrap();
        self.load_file(what, &self.path("tried.so"));
    }

    /// The same, where it need not work.
    pub fn try_load(&self, bytes: &[u8]) -> Result<(), String> {
        fs::write(self.path("tried.so"), bytes).unwrap();
        run(Command::new(self.path("load")).arg(self.path("tried.so")))
    }

    pub fn load_file(&self, what: &str, path: &Path) {
        if let Err(error) = run(Command::new(self.path("load")).arg(path)) {
            let kept = std::env::temp_dir().join("wheelfix-failed.so");
            let _ = fs::copy(path, &kept);
            panic!("{what}: {error} (file kept at {})", kept.display());
        }
    }

    /// Gives the needed library its new name.
    pub fn rename_dep(&self) {
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

    pub fn binutils_strip(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !has("strip") {
            return None;
        }
        fs::write(self.path("stripped.so"), bytes).unwrap();
        run(tool("strip").arg("-s").arg(self.path("stripped.so"))).unwrap();
        Some(fs::read(self.path("stripped.so")).unwrap())
    }
}

pub fn set_path(kind: RunPathKind, value: &str) -> Option<RunPathEdit> {
    Some(RunPathEdit::Set(RunPath {
        kind,
        value: value.to_owned(),
    }))
}

/// What a repair asks of a graft.
pub fn repair() -> Edits {
    Edits {
        soname: Some(NEW_NAME.into()),
        rename_needed: BTreeMap::from([(Soname::from(DEP_NAME), Soname::from(NEW_DEP_NAME))]),
        run_path: set_path(RunPathKind::Rpath, LONG_PATH),
        ..Edits::default()
    }
}

pub fn edit(bytes: &[u8], edits: &Edits) -> Edited {
    let edited = elf::edit(bytes, edits).unwrap_or_else(|error| panic!("{error}"));
    elf::verify(bytes, &edited.bytes, edits).unwrap();
    edited
}

pub fn read(bytes: &[u8]) -> Facts {
    elf::read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything a shape has to stand: the edit itself, strip of either kind before and after, and
/// further edits.
pub fn put_through(shop: &Workshop, name: &str, original: &[u8]) -> Edited {
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
    // What patchelf 0.17 moved twice does not survive that strip, edited or not.
    let bears_strip = |stripped: Vec<u8>| shop.try_load(&stripped).is_ok();
    if has_sections
        && shop.binutils_strip(original).is_some_and(bears_strip)
        && let Some(stripped) = shop.binutils_strip(&edited.bytes)
    {
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

/// patchelf#446, #474, #558: programs that the kernel could not start any more. Three ever longer
/// run paths, the third with strip; `start` has to run what each edit makes.
pub fn put_program_through(original: Vec<u8>, mut start: impl FnMut(usize, &[u8])) {
    let mut bytes = original;
    for round in 1..4 {
        let path = format!("$ORIGIN/{}:$ORIGIN", "p".repeat(400 * round));
        let edits = Edits {
            run_path: set_path(RunPathKind::Rpath, &path),
            strip: if round == 3 { Strip::All } else { Strip::None },
            ..Edits::default()
        };
        let edited = edit(&bytes, &edits);
        assert_ne!(
            edited.level,
            Level::L4,
            "the program headers of a program stay"
        );
        bytes = edited.bytes.into();
        start(round, &bytes);
    }
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

pub fn put_all_through(shapes: &[(&str, &[&str])]) {
    let shop = shop!();
    for (name, flags) in shapes {
        if let Some(original) = shop.shape(flags) {
            put_through(&shop, name, &original);
        }
    }
}
