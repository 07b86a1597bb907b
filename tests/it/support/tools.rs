//! Where the tools come from that tests call. Never from `PATH`: what is first there differs from
//! machine to machine, and with it what a linker or an editor writes.
//!
//! Those whose version matters are pinned (`scripts/tools/make-tools`); the others, of which a test only
//! wants that they work (a compiler, Python, strace), are Debian's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian puts programs.
const FOLDERS: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

/// Set where every tool has to be there (scripts/check sets it): a missing one fails the test
/// instead of letting it pass over a shape.
const STRICT: &str = "WHEELFIX_ALL_TOOLS";

pub fn is_strict() -> bool {
    std::env::var_os(STRICT).is_some()
}

/// The folder of the pinned tools; made now, if it is not there. `None` where that cannot be.
fn pinned() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/tools/make-tools");
        let output = Command::new(script).output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || !is_strict(),
            "{script} failed: {said}"
        );
        let folder = String::from_utf8(output.stdout).unwrap();
        output
            .status
            .success()
            .then(|| PathBuf::from(folder.trim_end()))
    });
    folder.as_deref()
}

/// The path of a tool; `None` where it is missing.
fn find(name: &str) -> Option<PathBuf> {
    let is_pinned = matches!(name, "readelf" | "strip" | "objcopy")
        || name.starts_with("ld.")
        || name.starts_with("patchelf");
    if is_pinned {
        return pinned().map(|folder| folder.join(name));
    }
    if name == "rustc" {
        // Of the toolchain that builds the tests.
        let cargo = PathBuf::from(std::env::var_os("CARGO")?);
        return Some(cargo.with_file_name(name)).filter(|path| path.exists());
    }
    let mut paths = FOLDERS
        .split(':')
        .map(|folder| Path::new(folder).join(name));
    paths.find(|path| path.exists())
}

/// Whether there is a tool; where all have to be there, it is.
pub fn has(name: &str) -> bool {
    let is_there = find(name).is_some();
    assert!(
        is_there || !is_strict(),
        "{name} is missing: scripts/setup --tests brings it"
    );
    is_there
}

/// A command that runs a tool, which finds Debian's tools itself too; a path is taken as it is. What
/// compiles links with the pinned linkers.
pub fn tool(name: &str) -> Command {
    let path = match name.contains('/') {
        true => PathBuf::from(name),
        false => find(name).unwrap_or_else(|| {
            panic!("{name} is missing, and this test needs it: scripts/setup --tests brings it")
        }),
    };
    let mut command = Command::new(path);
    command.env("PATH", FOLDERS);
    if let ("gcc" | "g++" | "rustc", Some(folder)) = (name, pinned()) {
        let search = format!("-B{}", folder.display());
        match name {
            "rustc" => command.args(["-Clinker=gcc", &format!("-Clink-arg={search}")]),
            _ => command.arg(search),
        };
    }
    command
}
