//! ELF files that no loader of the wheel's machine ever reads: data in the shape of ELF.
//!
//! Code for GPUs and other coprocessors, programs for the kernel's own machine (BPF), the firmware
//! of a microcontroller: a driver or a tool takes them as bytes. They say nothing about the wheel's
//! machine, and no tag is false for their sake.

use std::collections::BTreeSet;

use crate::elf::{Facts, Kind};
use crate::plan::Note;
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::subject::{ElfEntry, is_static};
use crate::policy::PlatformTag;
use crate::resolve::{MachineKey, ModulePath};

/// `EI_OSABI` of what Linux loads: none, GNU, and the ARM of before the EABI.
const ABI_OF_LINUX: [u8; 3] = [0, 3, 97];

/// What a file is that no loader of any machine reads; `None`: one may.
pub(in crate::plan) fn is_for_no_loader(facts: &Facts) -> Option<&'static str> {
    let what = match facts.machine.number {
        190 => "code for a GPU (CUDA)",
        224 => "code for a GPU (AMD)",
        247 => "a BPF program",
        164 => "code for a signal processor (Hexagon)",
        _ if !facts.machine.runs_linux() => "for a machine that runs no Linux programs",
        _ if !ABI_OF_LINUX.contains(&facts.os_abi) => "for another system than Linux",
        _ => return None,
    };
    Some(what)
}

/// Parts the ELF files of a wheel into those that count and those that are data, each of which is
/// told in a note. `platforms` are the wheel's platform tags: they say which machine is its own.
pub fn set_aside(platforms: &[String], elf: Vec<ElfEntry>) -> (Vec<ElfEntry>, Vec<Note>) {
    let mut notes = Vec::new();
    let mut keep = |entry: &ElfEntry, what: Option<&'static str>| {
        notes.extend(what.map(|what| Note::TakenAsData {
            file: entry.installed.clone(),
            what,
        }));
        what.is_none()
    };
    let mut elf = elf;
    elf.retain(|entry| keep(entry, is_for_no_loader(&entry.file.facts)));
    if let Some(own) = machine(platforms, &elf) {
        elf.retain(|entry| {
            let facts = &entry.file.facts;
            let foreign = is_static(facts) && !own.fits(&MachineKey::of(facts));
            keep(
                entry,
                foreign.then_some("a static program for another machine"),
            )
        });
    }
    (elf, notes)
}

/// The machine that the wheel's tags name, if a file is for it, else that of its first library or
/// linked program.
fn machine(platforms: &[String], elf: &[ElfEntry]) -> Option<MachineKey> {
    let tagged = platforms.iter().find_map(|tag| PlatformTag::parse(tag));
    let counts =
        |entry: &&ElfEntry| matches!(entry.file.facts.kind, Kind::Shared | Kind::Executable);
    let keys = || {
        let counting = elf.iter().filter(counts);
        counting.map(|entry| (entry, MachineKey::of(&entry.file.facts)))
    };
    let is_tagged = |key: &MachineKey| {
        let tag = tagged.as_ref();
        tag.is_some_and(|tag| key.arch().is_some_and(|arch| tag.is_for(arch)))
    };
    let of_tag = keys().map(|(_, key)| key).find(is_tagged);
    of_tag.or_else(|| {
        let mut linked = keys().filter(|(entry, _)| !is_static(&entry.file.facts));
        linked.next().map(|(_, key)| key)
    })
}

/// Takes the files out that are for another machine or C library and that a person has excluded by
/// their path in the wheel: they stay as they are. Tells whether there was one.
pub fn take_excluded(
    obstacles: &[Obstacle],
    exclusions: &Exclusions,
    elf: &mut Vec<ElfEntry>,
    notes: &mut Vec<Note>,
) -> bool {
    let foreign: BTreeSet<&str> = obstacles
        .iter()
        .filter_map(|obstacle| match obstacle {
            Obstacle::WrongMachine { file, .. } | Obstacle::UnknownMachine { file, .. } => {
                Some(file.as_str())
            }
            Obstacle::WrongLibc { file, .. } => Some(file.relative()),
            _ => None,
        })
        .collect();
    let is_excluded = |entry: &ElfEntry| {
        let paths = [entry.entry.as_str(), entry.installed.relative()];
        paths.iter().any(|path| foreign.contains(path)) && is_excluded(exclusions, &entry.installed)
    };
    let before = elf.len();
    elf.retain(|entry| {
        let goes = is_excluded(entry);
        if goes {
            notes.push(Note::TakenAsData {
                file: entry.installed.clone(),
                what: "excluded",
            });
        }
        !goes
    });
    elf.len() < before
}

/// Has a person said that a file of the wheel is none of the repair's business? By its path, or by
/// the last part of it.
pub(in crate::plan) fn is_excluded(exclusions: &Exclusions, file: &ModulePath) -> bool {
    exclusions.hold(file.relative()) || exclusions.hold(file.file_name())
}
