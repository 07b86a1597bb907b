//! Public wheels for glibc, ported, on a bare Alpine: they load and compute there as on glibc.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::command::{script, text};
use crate::support::stage::{install_on_bare, run_on_bare, try_on_bare};
use crate::support::wheels::only_wheel;

/// The pinned wheel for glibc of a project.
fn manylinux(name: &str) -> PathBuf {
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

fn ported(name: &str, out: &Path) -> PathBuf {
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
