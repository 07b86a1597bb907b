//! A real Alpine to test on: two roots that `scripts/setup --tests` makes in the cache
//! (minutes at first, a moment later), and what the tests do with them.

use super::command::script;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What `scripts/setup --tests` made.
pub(crate) struct Stage {
    /// Alpine with the libraries that the samples need, a compiler and Python.
    pub(crate) full: PathBuf,
    /// Alpine with Python and little else: no libcurl, libzmq, libstdc++.
    pub(crate) bare: PathBuf,
    /// Wheels that were built in `full` and not repaired.
    pub(crate) samples: PathBuf,
}

/// The stage; made now, if it is not there. There is no way to go on without it.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let roots = script("setup", &["--tests"]);
        let mut roots = roots.lines().map(PathBuf::from);
        let mut next = || {
            roots
                .next()
                .expect("scripts/setup --tests prints three folders")
        };
        Stage {
            full: next(),
            bare: next(),
            samples: next(),
        }
    })
}

/// The static binary of `scripts/dist`: minutes to link, so only for tests that run it in the roots.
pub(crate) fn static_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| PathBuf::from(script("dist", &[]).trim_end()))
}

/// Run `program` (of `sh -ec`) in a root, without network. `binds`: folders of this
/// machine and where they stand inside.
pub(crate) fn inside(root: &Path, binds: &[(&Path, &str)], program: &str) -> Output {
    let mut command = Command::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scripts/alpine/in-stage"
    ));
    command.arg("--offline");
    for (from, to) in binds {
        command.arg("-b").arg(format!("{}:{to}", from.display()));
    }
    command
        .arg(root)
        .args(["sh", "-ec", program])
        .output()
        .unwrap()
}

/// Install a wheel with pip on the bare Alpine, then run `python` there as `run_on_bare` does.
pub(crate) fn try_on_bare(wheel: &Path, hidden: &BTreeSet<String>, python: &str) -> Output {
    let site = tempfile::tempdir().unwrap();
    let installed = install_on_bare(&[wheel], site.path());
    if !installed.status.success() {
        return installed;
    }
    run_on_bare(site.path(), hidden, python)
}

/// Install wheels into the folder `site`, with the pip of the bare Alpine.
pub(crate) fn install_on_bare(wheels: &[&Path], site: &Path) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for wheel in wheels {
        fs::copy(wheel, folder.path().join(wheel.file_name().unwrap())).unwrap();
    }
    inside(
        &stage().bare,
        &[(site, "/mnt/site"), (folder.path(), "/mnt/wheels")],
        "pip install -q --no-deps --no-index --target /mnt/site /mnt/wheels/*.whl",
    )
}

/// Run `python` on the bare Alpine with the packages in `site`. The libraries whose names
/// begin with one of `hidden` are hidden there, as far as that Alpine has them.
pub(crate) fn run_on_bare(site: &Path, hidden: &BTreeSet<String>, python: &str) -> Output {
    let program = tempfile::tempdir().unwrap();
    fs::write(program.path().join("try.py"), python).unwrap();
    // A loader that is led to /dev/null says so instead of looking on.
    let hide: String = hidden
        .iter()
        .map(|stem| format!("for f in /usr/lib/{stem}.so* /lib/{stem}.so*; do hide \"$f\"; done\n"))
        .collect();
    let commands = format!(
        "hide() {{ [ ! -f \"$1\" ] || mount --bind /dev/null \"$(readlink -f \"$1\")\"; }}
        {hide}
        cd /; PYTHONPATH=/mnt/site python3 /mnt/try/try.py"
    );
    inside(
        &stage().bare,
        &[(site, "/mnt/site"), (program.path(), "/mnt/try")],
        &commands,
    )
}
