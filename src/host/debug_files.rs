//! Keep what a strip leaves out, for debuggers.

use std::io::Write as _;
use std::path::Path;

use super::gather::Gathered;
use super::publish::Output;
use super::sysroot::Sysroot;
use crate::elf;
use crate::error::{Error, Place};
use crate::plan::{EntryOp, WheelPlan, debug_place};

/// Write the debug file of each file that `plan` strips into a folder, each whole or not at all.
///
/// # Errors
/// When a source cannot be read or a debug file cannot be made or written. Those before it are there then.
pub fn write_debug_files(
    plan: &WheelPlan,
    gathered: &Gathered,
    sysroot: &Sysroot,
    folder: &Path,
) -> Result<(), Error> {
    let archive = &gathered.wheel.archive;
    for (place, op) in &plan.ops {
        let (edits, from) = match op {
            EntryOp::Edit(edits) => (edits, Place::Entry(place.clone())),
            EntryOp::Move { from, edits } => (edits, Place::Entry(from.clone())),
            EntryOp::Graft { source, edits } => (edits, Place::Library(source.path.clone())),
            _ => continue,
        };
        if edits.debug_link.is_none() {
            continue;
        }
        let bytes = match (op, &from) {
            (EntryOp::Graft { source, .. }, _) => sysroot.read(&source.path, &source.digest)?,
            (_, Place::Entry(from)) => {
                let Some(entry) = archive.get(from.as_str()) else {
                    continue;
                };
                let bytes = archive.contents(&gathered.source, entry);
                bytes.map_err(|error| Error::Wheel {
                    wheel: plan.input.clone(),
                    error: Box::new(error),
                })?
            }
            _ => continue,
        };
        let failed = |error| Error::Edit {
            wheel: plan.input.clone(),
            place: from.clone(),
            error,
        };
        let debug = elf::debug_file(&bytes).map_err(failed)?;
        let build_id = elf::read(&bytes).map_err(failed)?.build_id;
        let name = debug_place(&plan.output.to_string(), place, build_id.as_deref());
        let path = folder.join(name);
        let mut output = Output::create(&path)?;
        let written = output.write_all(&debug);
        written.map_err(|error| Error::io("write", &path, error))?;
        output.publish()?;
    }
    Ok(())
}
