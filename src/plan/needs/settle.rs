//! Which files of a wheel count for a check: those of its machine and its C library. The others
//! are findings.

use crate::plan::needs::installed::installed;
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::subject::{ElfEntry, Platform, Unsettled};
use crate::plan::needs::target::{Requested, libc_of_wheel, machine_of};
use crate::plan::verdict::finding::{Code, Finding};
use crate::resolve::ModulePath;

/// Take the files out that are not for the wheel's machine or C library, each with a finding.
/// `platforms` are the wheel's platform tags.
///
/// # Errors
/// When no ELF file is left that tells what it is for.
pub fn settle(
    platforms: &[String],
    mut elf: Vec<ElfEntry>,
    findings: &mut Vec<Finding>,
) -> Result<(Platform, Vec<ElfEntry>), Unsettled> {
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
fn take_out(obstacles: &[Obstacle], elf: &mut Vec<ElfEntry>, findings: &mut Vec<Finding>) -> bool {
    let found: Vec<(ModulePath, Finding)> = obstacles
        .iter()
        .filter_map(|obstacle| {
            let (file, code, is, want) = match obstacle {
                Obstacle::WrongMachine { file, is, want } => (
                    installed(file),
                    Code::OtherMachine,
                    is.clone(),
                    want.clone(),
                ),
                Obstacle::UnknownMachine { file, is } => {
                    let none = "a machine that wheel tags have a name for".to_owned();
                    (installed(file), Code::OtherMachine, is.clone(), none)
                }
                Obstacle::WrongLibc { file, is, want } => {
                    let (is, want) = (is.name().to_owned(), want.name().to_owned());
                    (file.clone(), Code::OtherLibc, is, want)
                }
                _ => return None,
            };
            Some((file.clone(), Finding::of_file(code, &file, is, want)))
        })
        .collect();
    let before = elf.len();
    elf.retain(|entry| !found.iter().any(|(file, _)| *file == entry.installed));
    findings.extend(found.into_iter().map(|(_, finding)| finding));
    elf.len() < before
}
