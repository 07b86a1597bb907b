//! The plans of wheels that are ported together.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Arch, Edits};
use crate::plan::needs::subject::ElfEntry;
use crate::plan::port::fates::{Fates, fates};
use crate::plan::port::grafts::{Grafts, Leads};
use crate::plan::port::input::{PortInput, PortWheel, built_for};
use crate::plan::port::library;
use crate::plan::port::obstacle::PortObstacle;
use crate::plan::port::provenance::{Carried, Changed, PROVENANCE, Provenance, Schema, Source};
use crate::plan::repair::headers;
use crate::plan::repair::naming::hex;
use crate::plan::repair::run_path::of_wheel_file;
use crate::plan::{EntryOp, Note, Reason, RunsOn, SourceLibrary, WheelPlan};
use crate::policy::{PORT_MACHINES, shim};
use crate::resolve::{ElfFile, Libc, ModulePath, Place};
use crate::wheel::{ArchivePath, Untrusted, WheelFilename};

/// What ports come to: a plan for each wheel, and what a proof goes by.
#[derive(Clone, Debug)]
pub struct PortPlan {
    /// One plan for each wheel, in their order, with what its provenance says.
    pub wheels: Vec<(WheelPlan, Provenance)>,
    /// What has to hold of what is written.
    pub(in crate::plan) promise: Promise,
}

/// What has to hold of what is written.
#[derive(Clone, Debug)]
pub(in crate::plan) struct Promise {
    /// The machine.
    pub(in crate::plan) arch: Arch,
    /// Each file's place afterwards, and the file that it was, by its real path; of the shim nothing.
    pub(in crate::plan) origin: BTreeMap<ModulePath, Option<ModulePath>>,
    /// What was decided.
    pub(in crate::plan) fates: Fates,
}

/// Decide what a port changes.
///
/// `tag` is the platform tag without its machine, as in `musllinux_1_2`.
///
/// # Errors
/// Every obstacle there is, in all wheels.
pub fn port(input: &PortInput<'_>, tag: &str) -> Result<PortPlan, Vec<PortObstacle>> {
    let mut obstacles = BTreeSet::new();
    if !PORT_MACHINES.contains(&input.arch) {
        let arch = input.arch.name().to_owned();
        return Err(vec![PortObstacle::Machine { arch: arch.into() }]);
    }
    let fates = fates(input, &mut obstacles);
    let grafts = Grafts::find(input.graph, input.arch, &fates, &mut obstacles);
    let files = input.graph.modules();
    let files: BTreeMap<&ModulePath, &ElfFile> = files
        .map(|(_, module)| (&module.file.real_path, &*module.file))
        .collect();
    let mut origin = BTreeMap::new();
    let mut wheels = Vec::new();
    for wheel in &input.wheels {
        let mut draft = Draft {
            input,
            wheel,
            fates: &fates,
            grafts: &grafts,
            files: &files,
            libs: ModulePath::new(
                Place::Wheel,
                &format!("{}.libs", wheel.filename.distribution),
            ),
            ops: wheel
                .entries
                .iter()
                .map(|entry| (entry.clone(), EntryOp::Keep))
                .collect(),
            notes: Vec::new(),
            origin: &mut origin,
            obstacles: &mut obstacles,
            changed: BTreeMap::new(),
            carried: BTreeSet::new(),
            shim: None,
        };
        draft.edit_files();
        draft.add_grafts();
        wheels.push(draft.finish(tag));
    }
    if !obstacles.is_empty() {
        return Err(obstacles.into_iter().collect());
    }
    Ok(PortPlan {
        wheels,
        promise: Promise {
            arch: input.arch,
            origin,
            fates,
        },
    })
}

/// The plan of one wheel while it grows.
struct Draft<'a> {
    input: &'a PortInput<'a>,
    wheel: &'a PortWheel<'a>,
    fates: &'a Fates,
    grafts: &'a Grafts,
    files: &'a BTreeMap<&'a ModulePath, &'a ElfFile>,
    libs: ModulePath,
    ops: BTreeMap<ArchivePath, EntryOp>,
    notes: Vec<Note>,
    origin: &'a mut BTreeMap<ModulePath, Option<ModulePath>>,
    obstacles: &'a mut BTreeSet<PortObstacle>,
    changed: BTreeMap<Untrusted, Changed>,
    carried: BTreeSet<Carried>,
    shim: Option<Carried>,
}

impl Draft<'_> {
    fn edit_files(&mut self) {
        for entry in self.wheel.elf {
            if !entry.file.facts.dynamic {
                self.notes.push(Note::TakenAsData {
                    file: entry.installed.clone(),
                    what: "not linked when it is loaded",
                });
            } else if self.files.contains_key(&entry.installed) {
                self.edit_file(entry);
            } else {
                // A loader never sees it: a build for musl stands for it.
                let op = EntryOp::Remove(Reason::Replaced);
                self.ops.insert(entry.entry.clone(), op);
            }
        }
    }

    fn edit_file(&mut self, entry: &ElfEntry) {
        let (was, facts) = (&entry.installed, &entry.file.facts);
        let becomes = self.place_of(was);
        let mut edits = self
            .grafts
            .common_edits(&entry.file, self.input.arch, self.fates);
        let mut folders: Vec<ModulePath> = Vec::new();
        let mut push = |folder: ModulePath| {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        };
        if edits.more.add_needed.contains(&self.grafts.shim) {
            push(self.libs.clone());
        }
        for (wants, leads) in self.grafts.leads.get(was).into_iter().flatten() {
            match leads {
                Leads::Along(_) => push(self.libs.clone()),
                Leads::Inside(file) => {
                    push(file.parent());
                    let name = for_musl(file.file_name());
                    if name != file.file_name() && wants.as_str() == file.file_name() {
                        edits.rename_needed.insert(wants.clone(), name.into());
                    }
                }
            }
        }
        if !folders.is_empty() && was.place() != Place::Wheel {
            self.obstacles
                .insert(PortObstacle::Unreachable { file: was.clone() });
            return;
        }
        edits.run_path = of_wheel_file(
            facts,
            was,
            &becomes,
            &folders,
            &globset::GlobSet::empty(),
            &mut self.notes,
        );
        if facts.interpreter.is_some() {
            edits.more.interpreter = Some(library::musl_interpreter(self.input.arch));
        }
        let soname = facts.soname.as_ref().map(|name| name.as_str());
        if becomes != *was && soname == Some(was.file_name()) {
            edits.soname = Some(becomes.file_name().to_owned().into());
        }
        self.origin.insert(becomes.clone(), Some(was.clone()));
        let is_moved = becomes != *was;
        if edits == Edits::default() && !is_moved {
            return;
        }
        let old = entry.entry.as_str();
        let place = match is_moved {
            false => old.to_owned(),
            true => for_musl(old),
        };
        let changed = Changed {
            was: is_moved.then(|| old.to_owned()).map(Into::into),
            renamed: renamed(&edits.more.rename_symbols),
            nulls: nulls(self.fates, was),
            dropped: edits.remove_needed.clone(),
        };
        self.changed.insert(place.clone().into(), changed);
        if !is_moved {
            self.ops.insert(entry.entry.clone(), EntryOp::Edit(edits));
            return;
        }
        if let Some(path) = self.free_place(&place) {
            let from = entry.entry.clone();
            self.ops
                .insert(from.clone(), EntryOp::Remove(Reason::Renamed));
            self.ops.insert(path, EntryOp::Move { from, edits });
        }
    }

    /// Where a file of the wheel will lie: an extension is found by an ending that names the libc.
    fn place_of(&self, was: &ModulePath) -> ModulePath {
        match for_musl(was.file_name()) {
            name if name == was.file_name() => was.clone(),
            name => was.parent().join(&name),
        }
    }

    fn add_grafts(&mut self) {
        let mut wanted: BTreeMap<ModulePath, BTreeSet<crate::elf::Soname>> = BTreeMap::new();
        let elf = self.wheel.elf.iter();
        let mut queue: Vec<ModulePath> = elf.map(|entry| entry.installed.clone()).collect();
        let mut needs_shim = false;
        while let Some(from) = queue.pop() {
            let renames = self.fates.renames.get(&from);
            needs_shim |=
                renames.is_some_and(|all| all.values().any(|new| new.starts_with("wfx_")));
            for (wants, leads) in self.grafts.leads.get(&from).into_iter().flatten() {
                if let Leads::Along(path) = leads {
                    let known = wanted.entry(path.clone()).or_insert_with(|| {
                        queue.push(path.clone());
                        BTreeSet::new()
                    });
                    known.insert(wants.clone());
                }
            }
        }
        for (path, wanted_as) in wanted {
            self.add_graft(&path, wanted_as);
        }
        if needs_shim {
            self.add_shim();
        }
    }

    fn add_graft(&mut self, path: &ModulePath, wanted_as: BTreeSet<crate::elf::Soname>) {
        let (Some(file), Some(name)) = (self.files.get(path), self.grafts.names.get(path)) else {
            return;
        };
        let place = self.libs.join(name.as_str());
        let edits = self.grafts.edits_of(file, self.input.arch, self.fates);
        let replaced = self.wheel.elf.iter().find(|entry| {
            let name = entry.installed.file_name();
            library::is_replaced(name) && wanted_as.iter().any(|wants| wants.as_str() == name)
        });
        self.carried.insert(Carried {
            file: place.relative().into(),
            from: path.file_name().into(),
            sha256: hex(&file.digest),
            built_for: built_for(&file.facts).name(),
            renamed: renamed(&edits.more.rename_symbols),
            nulls: nulls(self.fates, path),
            replaces: replaced
                .map(|entry| entry.entry.to_string())
                .map(Into::into),
        });
        let source = SourceLibrary {
            path: path.clone(),
            digest: file.digest,
            size: file.size,
            wanted_as,
        };
        self.origin.insert(place.clone(), Some(path.clone()));
        if let Some(place) = self.free_place(place.relative()) {
            self.ops.insert(place, EntryOp::Graft { source, edits });
        }
    }

    fn add_shim(&mut self) {
        let arch = self.input.arch;
        let place = self.libs.join(self.grafts.shim.as_str());
        self.shim = Some(Carried {
            file: place.relative().into(),
            from: "libwfx-port.so".into(),
            sha256: hex(&sha256(shim(arch).unwrap_or_default())),
            built_for: Libc::Musl.name(),
            renamed: BTreeMap::new(),
            nulls: BTreeSet::new(),
            replaces: None,
        });
        let edits = Edits {
            soname: Some(self.grafts.shim.clone()),
            ..Edits::default()
        };
        self.origin.insert(place.clone(), None);
        if let Some(place) = self.free_place(place.relative()) {
            self.ops.insert(place, EntryOp::Shim { arch, edits });
        }
    }

    /// The archive's name for a new file, if no other file has it.
    fn free_place(&mut self, place: &str) -> Option<ArchivePath> {
        let path = ArchivePath::parse(place).ok()?;
        if self.ops.contains_key(&path) {
            let file = ModulePath::new(Place::Wheel, place);
            self.obstacles.insert(PortObstacle::PlaceTaken { file });
            return None;
        }
        Some(path)
    }

    fn finish(mut self, tag: &str) -> (WheelPlan, Provenance) {
        let wheel = self.wheel;
        let output = ported_name(wheel.filename, tag, self.input.arch);
        let provenance = Provenance {
            schema: Schema {
                name: "wheelfix.ported",
                version: 1,
            },
            wheelfix: env!("CARGO_PKG_VERSION"),
            source: Source {
                filename: wheel.filename.to_string().into(),
                sha256: hex(&wheel.digest),
            },
            shim: self.shim.take(),
            runtimes: std::mem::take(&mut self.carried).into_iter().collect(),
            files: std::mem::take(&mut self.changed),
        };
        self.write_metadata(PROVENANCE, &provenance.text());
        if let Some(headers) = headers::of(wheel.wheel, wheel.filename, &output) {
            self.write_metadata("WHEEL", &String::from_utf8_lossy(&headers));
        }
        for name in ["RECORD.jws", "RECORD.p7s"] {
            if let Ok(path) = wheel.dist_info.join(name)
                && let Some(op) = self.ops.get_mut(&path)
            {
                *op = EntryOp::Remove(Reason::Signature);
                self.notes.push(Note::SignatureDropped { entry: path });
            }
        }
        if let Ok(path) = wheel.dist_info.join("RECORD") {
            self.ops.insert(path, EntryOp::Record);
        }
        if !self.fates.apart.is_empty() {
            let names = self.fates.apart.iter().map(Into::into).collect();
            self.notes.push(Note::Apart { names });
        }
        self.notes.sort();
        self.notes.dedup();
        let plan = WheelPlan {
            input: wheel.filename.to_string().into(),
            runs_on: Some(RunsOn {
                libc: Libc::Musl,
                tags: output.platform.clone(),
                floor: None,
                not_from: None,
                nowhere: Vec::new(),
            }),
            output,
            ops: self.ops,
            notes: self.notes,
        };
        (plan, provenance)
    }

    fn write_metadata(&mut self, name: &str, text: &str) {
        if let Ok(path) = self.wheel.dist_info.join(name) {
            let text = text.to_owned();
            self.ops.insert(path, EntryOp::Write { text, mode: 0o644 });
        }
    }
}

fn renamed(names: &BTreeMap<String, String>) -> BTreeMap<Untrusted, Untrusted> {
    let each = names.iter().map(|(old, new)| (old.into(), new.into()));
    each.collect()
}

fn nulls(fates: &Fates, file: &ModulePath) -> BTreeSet<Untrusted> {
    let names = fates.nulls.get(file).into_iter().flatten();
    names.map(Into::into).collect()
}

/// The same name with the ending by which an interpreter for musl finds extensions.
fn for_musl(name: &str) -> String {
    match name.strip_suffix("-linux-gnu.so") {
        Some(stem) if stem.contains(".cpython-") || stem.contains(".pypy") => {
            format!("{stem}-linux-musl.so")
        }
        _ => name.to_owned(),
    }
}

/// `1ported` after the upstream's own build number, or `0ported`. No build tag sorts before a wheel
/// without one; this one sorts before every other.
#[must_use]
pub fn ported_name(filename: &WheelFilename, tag: &str, arch: Arch) -> WheelFilename {
    let build = filename.build.as_deref().unwrap_or("0");
    let digits = build.chars().take_while(char::is_ascii_digit);
    let mut output = filename.with_platforms([format!("{tag}_{}", arch.name())]);
    output.build = Some(format!("{}ported", digits.collect::<String>()));
    output
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_extension_s_ending_names_the_libc() {
        let name = for_musl("a/_core.cpython-313-x86_64-linux-gnu.so");
        assert_eq!(name, "a/_core.cpython-313-x86_64-linux-musl.so");
        for same in ["a/_core.abi3.so", "libx86_64-linux-gnu.so", "a.so"] {
            assert_eq!(for_musl(same), same);
        }
    }

    #[test]
    fn a_build_tag_says_that_it_was_ported() {
        let named = |name: &str| {
            let name = WheelFilename::parse(name).unwrap();
            ported_name(&name, "musllinux_1_2", Arch::X86_64).to_string()
        };
        assert_eq!(
            named("demo-1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
            "demo-1.0-0ported-cp313-cp313-musllinux_1_2_x86_64.whl"
        );
        assert_eq!(
            named("demo-1.0-2local-cp313-cp313-manylinux_2_17_x86_64.whl"),
            "demo-1.0-2ported-cp313-cp313-musllinux_1_2_x86_64.whl"
        );
    }
}
