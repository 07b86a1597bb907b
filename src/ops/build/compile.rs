//! Source archives, built by pip and made fit to ship.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::options::Options;
use super::take::{floor, mend};
use crate::elf::Strip;
use crate::error::Error;
use crate::host::{Pip, Progress, Wheelhouse};
use crate::plan::{BuildFault, Lack, RepairOptions, lacks};

/// A wheel that was built and repaired.
pub(super) struct Compiled {
    pub(super) path: PathBuf,
    pub(super) floor: Option<String>,
}

/// What a build is about.
pub(super) struct Task<'a> {
    /// The project.
    pub(super) name: &'a str,
    /// Its version.
    pub(super) version: &'a str,
    /// The source archive.
    pub(super) source: &'a Path,
}

/// Build one, and repair what comes of it into a folder of its own.
pub(super) fn compile(
    task: &Task<'_>,
    options: &Options,
    house: &Wheelhouse,
    pip: &Pip<'_>,
    environment: &BTreeMap<String, String>,
    progress: &dyn Progress,
) -> Result<Compiled, Error> {
    let built = house.work(&format!("built/{}", task.name))?;
    let log = house.log(&format!("{}-{}", task.name, task.version));
    let (done, status) = pip.wheel(task.source, &built, house.folder(), environment, &log)?;
    let wheel = house.only_wheel(&built)?;
    let Some(wheel) = wheel.filter(|_| done) else {
        let said = house.end_of_log(&log)?;
        let mut lacking = lacks(&said);
        // What a linker or the kernel killed, nobody says more of.
        if status.contains("signal: 9") && !lacking.contains(&Lack::Memory) {
            lacking.push(Lack::Memory);
        }
        return Err(BuildFault::NotBuilt {
            package: format!("{} {}", task.name, task.version).into(),
            said: said.into(),
            lacks: lacking,
            log,
        }
        .into());
    };
    let plan = RepairOptions {
        strip: Strip::All,
        ..RepairOptions::default()
    };
    let fixed = house.work(&format!("repaired/{}", task.name))?;
    let path = mend(&wheel, options, plan, &fixed, progress)?;
    Ok(Compiled {
        floor: floor(&path, options, progress)?,
        path,
    })
}
