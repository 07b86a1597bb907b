//! Checks wheels and installed trees by library: `check PATH…`
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::ExitCode;

use wheelfix::error::Error;
use wheelfix::host::{Limits, Unwatched};
use wheelfix::ops::check::{Checked, check};
use wheelfix::plan::{Exclusions, RuleChoice};
use wheelfix::report::failure;

/// The packages of which something is not as they say, with all that was found. What cannot be read
/// is an error.
pub(crate) fn faulty(paths: &[PathBuf]) -> Result<Vec<Checked>, Error> {
    let mut outcome = check(
        paths,
        &RuleChoice::default(),
        &Exclusions::default(),
        &Limits::default(),
        &Unwatched,
    )?;
    if let Some(error) = outcome.failed.pop() {
        return Err(error);
    }
    outcome.checked.retain(|one| !one.findings.is_empty());
    Ok(outcome.checked)
}

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let found = match faulty(&paths) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("error: {}", failure(&error));
            return ExitCode::from(error.exit().code());
        }
    };
    for Checked { name, findings, .. } in &found {
        for fault in findings {
            println!("{name}: {} {fault}", fault.rule().id);
        }
    }
    ExitCode::from(u8::from(!found.is_empty()))
}
