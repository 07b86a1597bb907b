//! The same promise on glibc: an extension that is built here, with gcc against two
//! Debian libraries that no manylinux tag provides, works where those are hidden.

#![cfg(target_env = "gnu")]

use crate::support::command::{script, text};
use crate::support::tools::tool;
use crate::support::wheel_builder::WheelBuilder;
use crate::support::wheels::{grafts, names, only_wheel};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// liblzma has symbol versions of its own, libbrotlidec needs libbrotlicommon.
const LIBRARIES: &str = "liblzma libbrotlidec libbrotlicommon";

/// A stable-ABI extension, with the few declarations it needs instead of Python's headers.
const SOURCE: &str = r#"
#include <stddef.h>
typedef struct { ptrdiff_t refcnt; void *type; } Object;
typedef struct { const char *name; Object *(*call)(Object *, Object *); int flags; const char *doc; } Method;
typedef struct {
  Object base; void *init; ptrdiff_t index; Object *copy;
  const char *name, *doc; ptrdiff_t size; Method *methods; void *slots, *traverse, *clear, *free;
} Module;
extern Object *PyModule_Create2(Module *, int);
extern Object *Py_BuildValue(const char *, ...);
extern char *getenv(const char *);
extern const char *lzma_version_string(void);
extern unsigned BrotliDecoderVersion(void);
static Object *versions(Object *self, Object *args) {
  return Py_BuildValue("(szI)", lzma_version_string(), getenv("SPAM"), BrotliDecoderVersion());
}
static Method methods[] = {{"versions", versions, 4, 0}, {0}};
static Module module = {.base = {1, 0}, .name = "_spam", .size = -1, .methods = methods};
Object *PyInit__spam(void) { return PyModule_Create2(&module, 3); }
"#;

const WHEEL: &str = r#"
import base64, hashlib, sys, zipfile
extension, out = sys.argv[1:]
info = "glibc_spam-1.0.dist-info"
files = {
    "_spam.abi3.so": open(extension, "rb").read(),
    f"{info}/METADATA": b"Metadata-Version: 2.1\nName: glibc-spam\nVersion: 1.0\n",
    f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp38-abi3-linux_x86_64\n",
}
rows = [f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(b).digest()).rstrip(b'=').decode()},{len(b)}\n"
        for n, b in files.items()]
files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
    for name, body in files.items():
        z.writestr(name, body)
"#;

/// Run a command to its end; anything but success is the end of the test.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", text(&output));
    text(&output)
}

fn build(folder: &Path) -> PathBuf {
    let (source, extension) = (folder.join("spam.c"), folder.join("_spam.abi3.so"));
    fs::write(&source, SOURCE).unwrap();
    run(tool("gcc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&extension)
        .arg(&source)
        .args(["-llzma", "-lbrotlidec"]));
    let wheel = folder.join("glibc_spam-1.0-cp38-abi3-linux_x86_64.whl");
    run(tool("python3")
        .args(["-c", WHEEL])
        .arg(&extension)
        .arg(&wheel));
    wheel
}

/// A wheel installed in a new environment.
struct Installed {
    python: PathBuf,
    _folder: tempfile::TempDir,
}

impl Installed {
    fn new(wheel: &Path) -> Installed {
        let folder = tempfile::tempdir().unwrap();
        run(tool("python3").args(["-m", "venv"]).arg(folder.path()));
        let python = folder.path().join("bin/python");
        run(Command::new(&python)
            .args(["-m", "pip", "install", "-q", "--no-index", "--no-deps"])
            .arg(wheel));
        Installed {
            python,
            _folder: folder,
        }
    }

    /// Import the extension where the machine's own copies of the libraries are empty files.
    fn import(&self) -> Output {
        let hide: String = LIBRARIES
            .split_whitespace()
            .map(|stem| {
                format!(
                    "for f in /usr/lib/*-linux-gnu*/{stem}.so.* /lib/*-linux-gnu*/{stem}.so.*; do
                       [ ! -s \"$f\" ] || mount --bind /dev/null \"$(readlink -f \"$f\")\"
                     done\n"
                )
            })
            .collect();
        let program =
            "import _spam; print(_spam.versions()); print(open('/proc/self/maps').read())";
        tool("unshare")
            .args(["--map-root-user", "--mount", "sh", "-ec"])
            .arg(format!("{hide} exec \"$0\" -c \"{program}\""))
            .arg(&self.python)
            .output()
            .unwrap()
    }
}

/// The glibc 2.x that the files of a wheel ask for by symbol version, as readelf sees it.
fn newest_glibc(wheel: &Path) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    run(tool("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(wheel)
        .arg(folder.path()));
    let libs = fs::read_dir(folder.path().join("glibc_spam.libs")).unwrap();
    let files = libs
        .map(|e| e.unwrap().path())
        .chain([folder.path().join("_spam.abi3.so")]);
    run(tool("readelf").arg("-VW").args(files))
        .split_whitespace()
        .filter_map(|word| {
            word.strip_prefix("GLIBC_2.")?
                .split('.')
                .next()?
                .parse()
                .ok()
        })
        .max()
        .unwrap()
}

#[test]
fn an_extension_on_debian_libraries_gets_the_right_manylinux_tag_and_needs_them_no_more() {
    script("setup", &["--glibc"]);
    let folder = tempfile::tempdir().unwrap();
    let wheel = build(folder.path());
    let out = folder.path().join("out");
    let said = run(Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(["repair", "-w"])
        .arg(&out)
        .arg(&wheel));
    let repaired = only_wheel(&out);
    assert_eq!(grafts(&repaired), names(LIBRARIES));

    let needs = newest_glibc(&repaired);
    let policies = [
        5, 12, 17, 24, 26, 27, 28, 31, 34, 35, 36, 37, 38, 39, 40, 41,
    ];
    let policy = policies.into_iter().find(|&minor| minor >= needs).unwrap();
    let tag = format!("manylinux_2_{policy}_x86_64");
    let name = repaired.file_name().unwrap().to_str().unwrap();
    let tags = name
        .strip_prefix("glibc_spam-1.0-cp38-abi3-")
        .unwrap()
        .strip_suffix(".whl")
        .unwrap();
    let modern: Vec<_> = tags
        .split('.')
        .filter(|tag| !tag.starts_with("manylinux2"))
        .collect();
    assert_eq!(
        modern,
        [tag],
        "symbol versions go up to GLIBC_2.{needs}:\n{said}"
    );

    let without = Installed::new(&wheel).import();
    assert!(
        !without.status.success() && text(&without).contains("ImportError"),
        "{}",
        text(&without)
    );
    let with = Installed::new(&repaired).import();
    assert!(with.status.success(), "{}", text(&with));
    for library in LIBRARIES.split_whitespace() {
        let said = text(&with);
        let mut mapped = said
            .lines()
            .filter(|line| line.contains(&format!("/{library}")));
        assert!(
            mapped.next().is_some() && mapped.all(|line| line.contains("/glibc_spam.libs/")),
            "{said}"
        );
    }
}

/// What glibc keeps is a little more than what it promises: 1664 bytes.
#[test]
fn glibc_has_no_room_for_the_static_thread_data_that_check_warns_of() {
    for (size, fits) in [(1600, true), (2000, false)] {
        let folder = tempfile::tempdir().unwrap();
        let source = format!(
            "static __thread char a[{size}] __attribute__((tls_model(\"initial-exec\")));
             char *PyInit_large(void) {{ return a; }}"
        );
        let (file, library) = (
            folder.path().join("large.c"),
            folder.path().join("large.so"),
        );
        fs::write(&file, source).unwrap();
        run(tool("gcc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(&file));
        let load = "import ctypes, sys; ctypes.CDLL(sys.argv[1])";
        let loaded = tool("python3").args(["-c", load]).arg(&library).output();
        let loaded = loaded.unwrap();
        assert_eq!(loaded.status.success(), fits, "{}", text(&loaded));
        let tag = "cp313-cp313-manylinux_2_17_x86_64";
        let wheel = folder.path().join(format!("demo-1.0-{tag}.whl"));
        let builder = WheelBuilder::new("demo", "1.0").tag(tag);
        let builder = builder.file("demo/large.so", fs::read(&library).unwrap());
        fs::write(&wheel, builder.build()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
            .args(["check", "--strict", "--select", "E012"])
            .arg(&wheel)
            .output()
            .unwrap();
        assert_eq!(output.status.success(), fits, "{}", text(&output));
    }
}
