//! A wheel that an index has: taken as it is, or mended where the check finds errors.

use std::path::Path;

use super::options::Options;
use crate::error::Error;
use crate::host::{OutputOptions, Progress};
use crate::ops::{WorldOptions, check, repair, show};
use crate::plan::{BuildFault, Degree, Exclusions, How, RepairOptions, RuleChoice};
use crate::wheel::{Sentence, sentence};

/// A wheel that may go into the wheelhouse.
pub(super) struct Taken {
    pub(super) how: How,
    /// Where it is now.
    pub(super) path: std::path::PathBuf,
    /// The oldest Alpine it runs on.
    pub(super) floor: Option<String>,
}

/// Check a wheel, and mend it into `work` where that helps.
pub(super) fn take(
    path: &Path,
    options: &Options,
    work: &Path,
    progress: &dyn Progress,
) -> Result<Taken, Error> {
    let found = errors(path, options, progress)?;
    if found.is_empty() {
        return Ok(Taken {
            how: How::Taken,
            path: path.to_owned(),
            floor: floor(path, options, progress)?,
        });
    }
    let path = mend(path, options, RepairOptions::default(), work, progress)?;
    Ok(Taken {
        how: How::Mended,
        floor: floor(&path, options, progress)?,
        path,
    })
}

/// Repair a wheel into a folder, and see that the check finds no error in what comes of it.
pub(super) fn mend(
    path: &Path,
    options: &Options,
    plan: RepairOptions,
    work: &Path,
    progress: &dyn Progress,
) -> Result<std::path::PathBuf, Error> {
    let how = repair::Options {
        world: WorldOptions {
            sysroot: options.sysroot.clone().unwrap_or_else(|| "/".into()),
            limits: options.limits.clone(),
            ..WorldOptions::default()
        },
        plan,
        output: OutputOptions {
            folder: work.to_owned(),
            level: options.level,
            time: options.time,
            ..OutputOptions::default()
        },
        allow_pure_python_wheel: true,
        ..repair::Options::default()
    };
    let path = repair::repair(path, how, progress)?.written.path;
    let findings = errors(&path, options, progress)?;
    if findings.is_empty() {
        return Ok(path);
    }
    let file = path.file_name().unwrap_or_default();
    let file = file.to_string_lossy().into_owned();
    Err(BuildFault::StillWrong {
        file: file.into(),
        findings,
    }
    .into())
}

/// What of a wheel is an error, in words.
fn errors(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Vec<Sentence>, Error> {
    let paths = [path.to_owned()];
    let none = Exclusions::default();
    let outcome = check::check(
        &paths,
        &RuleChoice::default(),
        &none,
        &options.limits,
        progress,
    )?;
    if let Some(error) = outcome.failed.into_iter().next() {
        return Err(error);
    }
    let findings = outcome.checked.iter().flat_map(|one| &one.findings);
    let errors = findings.filter(|fault| fault.rule().degree == Degree::Error);
    Ok(errors
        .map(|fault| sentence!("{} {}", fault.rule().id, fault.told().text))
        .collect())
}

/// The oldest Alpine a wheel runs on; `None`: it has no file that would ask for one.
pub(super) fn floor(
    path: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Option<String>, Error> {
    // What the system has is none of the wheel's.
    let nowhere = WorldOptions {
        instead: Some(Vec::new()),
        limits: options.limits.clone(),
        ..WorldOptions::default()
    };
    let world = crate::ops::World::open(&nowhere)?;
    match show::show(path, &world, progress) {
        Ok(shown) => {
            let floors = shown.iter().filter_map(|one| one.inspection.floor.as_ref());
            Ok(floors
                .map(|floor| floor.alpine)
                .max()
                .map(|alpine| alpine.to_string()))
        }
        Err(error) if error.is_no_platform_wheel() => Ok(None),
        Err(error) => Err(error),
    }
}
