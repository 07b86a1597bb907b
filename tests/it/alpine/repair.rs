//! The main promise on real input: wheels that were built on Alpine against Alpine's
//! own libraries are repaired there, and work on an Alpine that has none of them.

use crate::support::command::text;
use crate::support::stage::{inside, stage, static_binary, try_on_bare};
use crate::support::wheels::{grafts, names, only_wheel};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A wheel built in the full stage, what its repair must graft, and a program that
/// prints `works` when the package does what it is for.
struct Sample {
    name: &'static str,
    grafts: &'static str,
    works: &'static str,
}

const PYCURL: Sample = Sample {
    name: "pycurl",
    // libcurl and its whole closure; libc and libz come with every musllinux system.
    grafts: "libcurl libnghttp2 libssl libcrypto libbrotlidec libbrotlicommon libzstd libcares libidn2 libpsl \
             libunistring",
    works: "import pycurl; pycurl.Curl(); assert 'OpenSSL/3' in pycurl.version; print('works')",
};
const PYZMQ: Sample = Sample {
    name: "pyzmq",
    grafts: "libzmq libsodium libstdc++ libgcc_s",
    works: "
import zmq
context = zmq.Context()
a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
a.bind('inproc://x'); b.connect('inproc://x'); b.send(b'works'); print(a.recv().decode())",
};
const SPAM_C: Sample = Sample {
    name: "spam_c",
    grafts: "liblzma",
    works: "import spam_c; assert spam_c.versions()[0].startswith('1.'); print('works')",
};
const SPAM_CXX: Sample = Sample {
    name: "spam_cxx",
    grafts: "libstdc++ libgcc_s",
    works: "
import spam_cxx
assert spam_cxx.twice(21) == 42
try: spam_cxx.twice(-1)
except ValueError: print('works')",
};

impl Sample {
    fn wheel(&self) -> PathBuf {
        let mut found = fs::read_dir(&stage().samples)
            .unwrap()
            .map(|e| e.unwrap().path());
        let is_ours = |p: &PathBuf| {
            p.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(&format!("{}-", self.name))
        };
        found
            .find(is_ours)
            .expect("scripts/setup --tests builds it")
    }

    /// Repaired by the static binary inside the full Alpine, against that one's libraries.
    fn repair_inside(&self, options: &str, out: &Path) -> PathBuf {
        let wheel = self.wheel();
        let output = inside(
            &stage().full,
            &[
                (static_binary().parent().unwrap(), "/mnt/bin"),
                (&stage().samples, "/mnt/in"),
                (out, "/mnt/out"),
            ],
            &format!(
                "/mnt/bin/wheelfix repair {options} -w /mnt/out /mnt/in/{}",
                wheel.file_name().unwrap().to_str().unwrap()
            ),
        );
        assert!(output.status.success(), "{}", text(&output));
        only_wheel(out)
    }

    /// On a bare Alpine on which the libraries of this sample are hidden, too.
    fn works_on_bare(&self, wheel: &Path) {
        let program = format!("{}\nprint(open('/proc/self/maps').read())", self.works);
        let output = try_on_bare(wheel, &names(self.grafts), &program);
        let said = text(&output);
        assert!(
            output.status.success() && said.starts_with("works"),
            "{said}"
        );
        for graft in grafts(wheel) {
            let mapped: BTreeSet<_> = said
                .lines()
                .filter_map(|line| line.split_whitespace().nth(5))
                .filter(|path| {
                    path.contains(&format!("/{graft}-")) || path.contains(&format!("/{graft}.so"))
                })
                .collect();
            assert!(
                mapped.len() == 1 && mapped.iter().all(|path| path.starts_with("/mnt/site/")),
                "{graft} should be loaded once and from the wheel, it is loaded as {mapped:?}"
            );
        }
    }

    fn passes(&self) {
        let out = tempfile::tempdir().unwrap();
        let repaired = self.repair_inside("", out.path());
        assert_eq!(grafts(&repaired), names(self.grafts));
        assert!(
            repaired
                .to_str()
                .unwrap()
                .ends_with("-musllinux_1_2_x86_64.whl"),
            "{repaired:?}"
        );
        self.works_on_bare(&repaired);

        let unrepaired = try_on_bare(&self.wheel(), &names(self.grafts), self.works);
        assert!(
            !unrepaired.status.success()
                && text(&unrepaired).contains("Error loading shared library"),
            "without a repair it should not load:\n{}",
            text(&unrepaired)
        );

        let out = tempfile::tempdir().unwrap();
        let from_glibc = repair_here(&stage().full, &[], &self.wheel(), out.path());
        assert_eq!(from_glibc.file_name(), repaired.file_name());
        assert!(
            fs::read(from_glibc).unwrap() == fs::read(repaired).unwrap(),
            "repaired on this machine with --sysroot it has other bytes than repaired inside Alpine"
        );
    }
}

/// Repaired on this machine, against the libraries of a root.
fn repair_here(sysroot: &Path, options: &[&str], wheel: &Path, out: &Path) -> PathBuf {
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(["repair", "--sysroot"])
        .arg(sysroot)
        .args(options)
        .arg("-w")
        .arg(out)
        .arg(wheel)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    only_wheel(out)
}

#[test]
fn pycurl_takes_libcurl_and_its_whole_closure_along() {
    PYCURL.passes();
}

#[test]
fn pyzmq_takes_a_c_library_and_its_cxx_runtime_along() {
    PYZMQ.passes();
}

#[test]
fn a_c_extension_takes_liblzma_and_leaves_libz() {
    SPAM_C.passes();
}

#[test]
fn a_cxx_extension_takes_its_runtime_along_and_still_throws() {
    SPAM_CXX.passes();
}

#[test]
fn a_stripped_repair_is_smaller_and_works() {
    let (plain, stripped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plain = PYZMQ.repair_inside("", plain.path());
    let stripped = PYZMQ.repair_inside("--strip", stripped.path());
    assert!(fs::metadata(&stripped).unwrap().len() < fs::metadata(&plain).unwrap().len());
    PYZMQ.works_on_bare(&stripped);
}

#[test]
fn the_fixture_repaired_from_the_miniature_alpine_imports_on_a_real_one() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let wheel = fixtures.join("spam-1.0-cp313-cp313-linux_x86_64.whl");
    let (hidden, program) = (BTreeSet::new(), "import spam; print(spam.answer())");
    let out = tempfile::tempdir().unwrap();
    let repaired = repair_here(&fixtures.join("alpine"), &[], &wheel, out.path());
    assert_eq!(grafts(&repaired), names("libspam_outer libspam_inner"));
    let output = try_on_bare(&repaired, &hidden, program);
    assert_eq!(text(&output), "42\n");
    assert!(!try_on_bare(&wheel, &hidden, program).status.success());
}
