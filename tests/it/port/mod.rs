//! Public wheels for glibc, ported, on a bare Alpine: they load and compute there as on glibc.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::command::{script, text};
use crate::support::stage::{install_on_bare, run_on_bare, try_on_bare};
use crate::support::tools;
use crate::support::wheel_builder::WheelBuilder;
use crate::support::wheels::only_wheel;

/// The pinned wheel for glibc of a project.
pub fn manylinux(name: &str) -> PathBuf {
    let list = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scripts/evidence/trees/glibc.txt"
    );
    let folder = script("fetch", &["--glibc", list, name]);
    only_wheel(Path::new(folder.trim_end()))
}

/// `wheelfix port` with the pinned runtimes.
fn port(wheels: &[&Path], out: &Path, more: &[&str]) -> Output {
    let runtimes = script("runtimes", &[]);
    let mut runtimes = runtimes.lines();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
    command
        .args(["port", "--runtimes"])
        .arg(runtimes.next().unwrap());
    command.arg("--sysroot").arg(runtimes.next().unwrap());
    command.arg("-w").arg(out).args(more).args(wheels);
    command.output().unwrap()
}

pub fn ported(name: &str, out: &Path) -> PathBuf {
    let result = port(&[&manylinux(name)], out, &[]);
    assert!(result.status.success(), "{}", text(&result));
    only_wheel(out)
}

#[test]
fn a_wheel_of_c_plus_plus_computes_on_a_bare_alpine() {
    let out = tempfile::tempdir().unwrap();
    let wheel = ported("kiwisolver", out.path());
    // Its exceptions cross from the C++ library into the extension and out to Python.
    let python = "
import kiwisolver as k
x, y = k.Variable('x'), k.Variable('y')
s = k.Solver()
s.addConstraint(x + y == 10); s.addConstraint(x - y == 4); s.updateVariables()
assert (x.value(), y.value()) == (7.0, 3.0)
try: s.addConstraint(x + y == 11)
except k.UnsatisfiableConstraint: pass
else: raise SystemExit('no exception')
print('works')";
    let result = try_on_bare(&wheel, &["libstdc++".to_owned()].into(), python);
    assert!(text(&result).contains("works"), "{}", text(&result));
}

#[test]
fn a_ported_wheel_and_a_native_one_share_a_process() {
    let (one, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let native = script(
        "fetch",
        &[
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/scripts/evidence/trees/musl.txt"
            ),
            "numpy",
        ],
    );
    let native = only_wheel(Path::new(native.trim_end()));
    let wheel = ported("kiwisolver", one.path());
    let installed = install_on_bare(&[&wheel, &native], site.path());
    assert!(installed.status.success(), "{}", text(&installed));
    let python = "
import kiwisolver, numpy
assert kiwisolver.Variable('x').name() == 'x'
assert round(float(numpy.linalg.det(numpy.eye(3) * 2))) == 8
print('works')";
    let result = run_on_bare(site.path(), &["libstdc++".to_owned()].into(), python);
    assert!(text(&result).contains("works"), "{}", text(&result));
}

#[test]
fn the_same_bytes_come_out_again() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = std::fs::read(ported("kiwisolver", one.path())).unwrap();
    let second = std::fs::read(ported("kiwisolver", two.path())).unwrap();
    assert!(first == second, "two ports of one wheel differ");
}

#[test]
fn a_ported_wheel_needs_no_repair_and_check_finds_nothing() {
    let out = tempfile::tempdir().unwrap();
    let wheel = ported("kiwisolver", out.path());
    let mut check = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
    let result = check.args(["check"]).arg(&wheel).output().unwrap();
    assert!(result.status.success(), "{}", text(&result));
}

/// Threads that are cancelled while they wait, with C's clean-up handlers.
const CANCELS: &str = r#"
#include <pthread.h>
#include <string.h>
#include <unistd.h>
static char said[64];
static int ends[2];
static void handler(void *what) { strcat(said, what); }
static void *wait_long(void *unused) {
    char byte;
    pthread_cleanup_push(handler, "outer;");
    pthread_cleanup_push(handler, "inner;");
    while (read(ends[0], &byte, 1) < 0) {}
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return unused;
}
const char *run(void) {
    pthread_t thread;
    void *result = 0;
    said[0] = 0;
    pipe(ends);
    pthread_create(&thread, 0, wait_long, 0);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    strcat(said, result == PTHREAD_CANCELED ? "canceled" : "returned");
    return said;
}
"#;

/// A wheel with one library of this source.
fn wheel_of(source: &str, compiler: &str, flags: &[&str], folder: &Path) -> PathBuf {
    let (file, made) = (folder.join("source"), folder.join("lib.so"));
    std::fs::write(&file, source).unwrap();
    let language = if compiler == "gcc" { "c" } else { "c++" };
    let mut command = tools::tool(compiler);
    command.args(["-x", language, "-O2", "-shared", "-fPIC", "-w", "-o"]);
    let output = command.arg(&made).arg(&file).args(flags).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let name = "cancels-1.0-py3-none-manylinux_2_36_x86_64.whl";
    let builder = WheelBuilder::new("cancels", "1.0").tag("py3-none-manylinux_2_36_x86_64");
    let builder = builder.file("cancels/__init__.py", Vec::new());
    let builder = builder.file("cancels/lib.so", std::fs::read(made).unwrap());
    let path = folder.join(name);
    std::fs::write(&path, builder.zip().build()).unwrap();
    path
}

#[test]
fn a_thread_of_c_is_cancelled_and_its_handlers_run() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let wheel = wheel_of(CANCELS, "gcc", &[], folder.path());
    let result = port(&[&wheel], out.path(), &[]);
    assert!(result.status.success(), "{}", text(&result));
    let python = "
import cancels, ctypes, glob, os
lib, = glob.glob(os.path.dirname(cancels.__file__) + '/lib.so')
run = ctypes.CDLL(lib).run
run.restype = ctypes.c_char_p
print(run(), run())";
    let said = text(&try_on_bare(&only_wheel(out.path()), &[].into(), python));
    let once = "b'inner;outer;canceled'";
    assert!(said.contains(&format!("{once} {once}")), "{said}");
}

#[test]
fn a_thread_whose_frames_want_to_be_unwound_is_not_cancelled() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let guarded = format!(
        "{CANCELS}\nvoid gone(int *); void more(void); void keep(void) {{ int it __attribute__((cleanup(gone))); more(); }}"
    );
    let plain = "extern \"C\" int pthread_cancel(unsigned long); extern \"C\" int end(unsigned long t) { return pthread_cancel(t); }";
    let shapes = [
        (
            guarded.as_str(),
            "gcc",
            &["-fexceptions", "-Wl,-z,undefs"][..],
        ),
        // The thread is another's, whose frames are not known.
        (plain, "g++", &["-fno-exceptions", "-nostdlib", "-lc"]),
    ];
    for (source, compiler, flags) in shapes {
        let wheel = wheel_of(source, compiler, flags, folder.path());
        let result = port(&[&wheel], out.path(), &[]);
        assert_eq!(result.status.code(), Some(1), "{}", text(&result));
        assert!(
            text(&result).contains("pthread_cancel"),
            "{}",
            text(&result)
        );
    }
}
