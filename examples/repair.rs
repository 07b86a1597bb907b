//! Repairs a wheel by library: `repair WHEEL SYSROOT FOLDER`
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wheelfix::error::Error;
use wheelfix::host::Unwatched;
use wheelfix::ops::repair::{Options, Outcome, repair};

/// Vendors what `wheel` needs from the root `sysroot`. The repaired wheel goes to `folder`, under
/// the name that its new tag gives it.
pub(crate) fn repair_into(folder: &Path, wheel: &Path, sysroot: &Path) -> Result<Outcome, Error> {
    let mut options = Options::default();
    options.world.sysroot = sysroot.to_owned();
    options.output.folder = folder.to_owned();
    repair(wheel, options, &Unwatched)
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [wheel, sysroot, folder] = arguments.as_slice() else {
        eprintln!("usage: repair WHEEL SYSROOT FOLDER");
        return ExitCode::from(2);
    };
    match repair_into(folder, wheel, sysroot) {
        Ok(outcome) => println!("{}", outcome.written.path.display()),
        Err(error) => {
            eprintln!("error: {}", wheelfix::report::failure(&error));
            return ExitCode::from(error.exit().code());
        }
    }
    ExitCode::SUCCESS
}
