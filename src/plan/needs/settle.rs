//! Which files of a wheel count for a check: those of its machine and its C library. The others
//! are findings.

use crate::plan::needs::installed::installed;
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::subject::{ElfEntry, Platform, Unsettled};
use crate::plan::needs::target::{Requested, libc_of_wheel, machine_of};
use crate::plan::needs::unloadable::set_aside;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::files::FileFault;
use crate::resolve::ModulePath;
use crate::wheel::Untrusted;

/// Take the files out that are not for the wheel's machine or C library, each with a finding.
/// `platforms` are the wheel's platform tags.
///
/// # Errors
/// When no ELF file is left that tells what it is for.
pub fn settle(
    platforms: &[String],
    elf: Vec<ElfEntry>,
    findings: &mut Vec<Fault>,
) -> Result<(Platform, Vec<ElfEntry>), Unsettled> {
    // What no loader reads says nothing, and is no fault.
    let (mut elf, _) = set_aside(platforms, elf);
    let (machine, arch) = loop {
        match machine_of(platforms, &elf) {
            Ok(found) => break found,
            Err(obstacles) if take_out(&obstacles, &mut elf, findings) => {}
            Err(obstacles) => return Err(Unsettled { elf, obstacles }),
        }
    };
    let libc = loop {
        match libc_of_wheel(None, platforms, &elf, &Requested::Auto, None) {
            Ok((libc, _)) => break libc,
            Err(obstacles) if take_out(&obstacles, &mut elf, findings) => {}
            Err(obstacles) => return Err(Unsettled { elf, obstacles }),
        }
    };
    let platform = Platform {
        machine,
        arch,
        libc,
    };
    Ok((platform, elf))
}

/// Whether any of the obstacles is a file that can be taken out.
fn take_out(obstacles: &[Obstacle], elf: &mut Vec<ElfEntry>, findings: &mut Vec<Fault>) -> bool {
    let found: Vec<(ModulePath, FileFault)> = obstacles.iter().filter_map(stranger).collect();
    let before = elf.len();
    elf.retain(|entry| !found.iter().any(|(file, _)| *file == entry.installed));
    findings.extend(found.into_iter().map(|(_, fault)| fault.into()));
    elf.len() < before
}

/// The file that an obstacle says is for another machine or C library, with that fault.
fn stranger(obstacle: &Obstacle) -> Option<(ModulePath, FileFault)> {
    let of_machine = |file: ModulePath, is: &Untrusted, want: Untrusted| {
        let is = is.clone();
        (file.clone(), FileFault::OtherMachine { file, is, want })
    };
    match obstacle {
        Obstacle::WrongMachine { file, is, want } => {
            Some(of_machine(installed(file), is, want.clone()))
        }
        Obstacle::UnknownMachine { file, is } => {
            let none = "a machine that wheel tags have a name for";
            Some(of_machine(installed(file), is, none.into()))
        }
        Obstacle::WrongLibc { file, is, want } => {
            let (is, want, file) = (*is, *want, file.clone());
            Some((file.clone(), FileFault::OtherLibc { file, is, want }))
        }
        Obstacle::NotAPlatformWheel { .. }
        | Obstacle::AnyWithElf { .. }
        | Obstacle::OtherSystem { .. }
        | Obstacle::UnknownLibc
        | Obstacle::Missing { .. }
        | Obstacle::NotAPlatform { .. }
        | Obstacle::OtherPlatform { .. }
        | Obstacle::NoSuchTag { .. }
        | Obstacle::TagOutOfReach { .. }
        | Obstacle::ProgramNeedsLibpython { .. }
        | Obstacle::Unreachable { .. }
        | Obstacle::GraftsTooLarge { .. }
        | Obstacle::PlaceTaken { .. }
        | Obstacle::NoPlace { .. } => None,
    }
}
