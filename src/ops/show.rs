//! The truth about wheels, single files and installed packages.

use std::path::Path;

use super::World;
use crate::error::Error;
use crate::host::{self, Limits, PathKind, Progress};
use crate::plan::{self, Fault, InspectInput, Inspection};
use crate::policy::{Importers, Pythons};

/// What there is to tell of one package.
pub struct Shown {
    /// What was looked at.
    pub inspection: Inspection,
    /// Files that were left out, being for another machine or C library.
    pub left_out: Vec<Fault>,
}

/// Look at a wheel, a library or program, or every package of a folder that packages are installed
/// in.
///
/// # Errors
/// When it is malformed or cannot be read, or when nothing can be told of it; see
/// [`Error::is_no_platform_wheel`].
pub fn show(path: &Path, world: &World, progress: &dyn Progress) -> Result<Vec<Shown>, Error> {
    match host::path_kind(path)? {
        PathKind::Installed => tree(path, &world.gather.limits),
        PathKind::Folder => Err(Error::Usage(crate::wheel::sentence!(
            "`{}` holds no `.dist-info` folder: it is no site-packages",
            crate::wheel::Untrusted::from(path)
        ))),
        _ if path.extension().is_some_and(|extension| extension == "whl") => {
            wheel(path, world, progress)
        }
        _ => single_file(path, world),
    }
}

fn wheel(path: &Path, world: &World, progress: &dyn Progress) -> Result<Vec<Shown>, Error> {
    let World { sysroot, gather } = world;
    let gathered = host::gather(path, sysroot, gather, progress)?;
    let judged = host::judge(gathered, sysroot, gather)?;
    let exceeded = Error::exceeded(judged.name.clone());
    let inspection = plan::inspect(&InspectInput {
        name: judged.name.into(),
        claims: &judged.platforms,
        pythons: &judged.pythons,
        importers: &judged.importers,
        subject: &judged.subject,
    });
    let inspection = inspection.map_err(exceeded)?;
    Ok(vec![Shown {
        inspection,
        left_out: judged.left_out,
    }])
}

/// Every package of an installed tree that has ELF files, in a world of nothing but the tree.
fn tree(site: &Path, limits: &Limits) -> Result<Vec<Shown>, Error> {
    let packages = host::examine_tree(site, limits)?;
    let judged = packages.iter().filter_map(|package| {
        let subject = package.subject.as_ref().ok()?;
        let mut left_out = package.findings.clone();
        left_out.retain(Fault::is_of_a_stranger);
        let inspection = plan::inspect(&InspectInput {
            name: package.name.clone(),
            claims: &package.platforms,
            pythons: &package.pythons,
            importers: &package.importers,
            subject,
        });
        let inspection = inspection.map_err(Error::exceeded(package.name.as_str()));
        Some(inspection.map(|inspection| Shown {
            inspection,
            left_out,
        }))
    });
    judged.collect()
}

/// One library or program.
fn single_file(path: &Path, world: &World) -> Result<Vec<Shown>, Error> {
    let file = host::gather_file_alone(path, &world.sysroot, &world.gather)?;
    let inspection = plan::inspect(&InspectInput {
        name: path.to_string_lossy().into_owned().into(),
        claims: &[],
        pythons: &Pythons::default(),
        importers: &Importers::default(),
        subject: &file,
    });
    let inspection = inspection.map_err(Error::exceeded(path))?;
    Ok(vec![Shown {
        inspection,
        left_out: Vec::new(),
    }])
}
