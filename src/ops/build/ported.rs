//! Wheels for glibc of a wheelhouse, ported as one world.

use std::path::PathBuf;

use super::options::Options;
use crate::error::Error;
use crate::host::{OutputOptions, Progress};
use crate::ops::port;

/// A wheel that was ported.
pub(super) struct Ported {
    pub(super) path: PathBuf,
    pub(super) floor: Option<String>,
}

/// Port wheels into `work`. One result for each, in their order.
///
/// # Errors
/// When an option is impossible.
pub(super) fn ported(
    wheels: &[PathBuf],
    options: &Options,
    work: PathBuf,
    progress: &dyn Progress,
) -> Result<Vec<Result<Ported, Error>>, Error> {
    let how = port::Options {
        runtimes: options.runtimes.clone(),
        sysroot: options.sysroot.clone(),
        output: OutputOptions {
            folder: work,
            level: options.level,
            time: options.time,
            ..OutputOptions::default()
        },
        limits: options.limits.clone(),
        ..port::Options::default()
    };
    let results = port::port(wheels, &how, progress)?.into_iter();
    let results = results.map(|result| {
        let outcome = result?;
        let floor = outcome.plan.runs_on.and_then(|runs_on| runs_on.floor);
        let path = outcome.written.map(|written| written.path);
        Ok(Ported {
            // It was no dry run.
            path: path.unwrap_or_default(),
            floor: floor.map(|floor| floor.alpine.to_string()),
        })
    });
    Ok(results.collect())
}
