//! The plan of a repair: a pure function from what was gathered to what will change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::elf::{Arch, Edits, Facts, Kind, Relr, Soname};
use crate::plan::needs::links::{Leads, Links};
use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::outside::Outside;
use crate::plan::needs::subject::{ElfEntry, Platform};
use crate::plan::repair::input::{NoPlan, RepairInput};
use crate::plan::repair::options::{RepairOptions, strip_of};
use crate::plan::repair::tags::{self, Verdict};
use crate::plan::repair::{debug, graft, headers, launcher, naming, runs};
use crate::plan::{
    EntryOp, LAUNCHER_FOLDER_SUFFIX, Note, Reason, RunsOn, SourceLibrary, WheelPlan,
};
use crate::policy::{Alpine, MuslFloor, PlatformTag};
use crate::resolve::{ModulePath, Place};
use crate::wheel::{ArchivePath, Sentence, WheelFilename, sentence};

/// Decide what a repair changes.
///
/// # Errors
/// Every obstacle there is, not only the first; or the bound that was reached.
pub fn repair(input: &RepairInput<'_>, options: &RepairOptions) -> Result<WheelPlan, NoPlan> {
    if input.filename.platform.iter().all(|tag| tag == "any")
        && let Some(first) = input.subject.elf.first()
    {
        let file = first.entry.clone();
        return Err(vec![Obstacle::AnyWithElf { file }].into());
    }
    let mut notes = Vec::new();
    let files: BTreeSet<ModulePath> = input
        .subject
        .elf
        .iter()
        .filter(|entry| is_loaded(entry, &mut notes))
        .map(|entry| entry.installed.clone())
        .collect();
    let mut links = Links::merge(&input.subject.graph);
    for entry in &input.subject.elf {
        links
            .files
            .entry(entry.installed.clone())
            .or_insert_with(|| Arc::clone(&entry.file));
    }
    let verdict = tags::choose(input, options, &links, &files)?;
    graft::refuse_strangers(&links, &verdict.outside, input.subject.platform.libc)?;
    notes.extend(links.notes.iter().cloned());
    notes.extend(unused_exclusions(input, options, &links));
    let limits = runs::limits(input, &verdict.outside)?;
    let output = output_name(input, options, &verdict, &mut notes);
    let Platform { arch, libc, .. } = input.subject.platform;
    let mut draft = Draft {
        input,
        options,
        links: &links,
        outside: &verdict.outside,
        libs: libs_folder(input.filename, &options.lib_suffix),
        names: BTreeMap::new(),
        run_paths: BTreeMap::new(),
        ops: input
            .entries
            .iter()
            .map(|entry| (entry.clone(), EntryOp::Keep))
            .collect(),
        notes,
        obstacles: Vec::new(),
    };
    draft.name_grafts();
    draft.edit_wheel_files(&files);
    draft.add_grafts();
    draft.weigh_grafts();
    if options.debug_links {
        debug::link_debug_files(&mut draft.ops);
    }
    if options.update_tags
        && let Some(text) = headers::of(input.wheel, input.filename, &output)
    {
        draft.write_metadata("WHEEL", &text);
    }
    draft.rewrite_record();
    let Draft {
        ops,
        mut notes,
        obstacles,
        ..
    } = draft;
    if !obstacles.is_empty() {
        return Err(obstacles.into());
    }
    let floor = verdict.floor.as_ref().filter(|_| limits.nowhere.is_empty());
    notes.extend(promise_too_wide(&output, arch, floor));
    notes.extend(limits.notes);
    notes.sort();
    notes.dedup();
    Ok(WheelPlan {
        input: input.filename.to_string().into(),
        runs_on: Some(RunsOn {
            libc,
            tags: output.platform.clone(),
            floor: verdict.floor,
            not_from: limits.not_from,
            nowhere: limits.nowhere,
        }),
        output,
        ops,
        notes,
    })
}

/// Libraries and programs are repaired; object files, core dumps and what has no dynamic
/// section are data.
fn is_loaded(entry: &ElfEntry, notes: &mut Vec<Note>) -> bool {
    let facts: &Facts = &entry.file.facts;
    let what = match facts.kind {
        Kind::Shared | Kind::Executable if facts.dynamic => return true,
        Kind::Shared | Kind::Executable => "without a dynamic section",
        Kind::Relocatable => "an object file",
        Kind::Core => "a core dump",
        Kind::Other(_) => "of an unknown ELF type",
    };
    notes.push(Note::TakenAsData {
        file: entry.installed.clone(),
        what,
    });
    false
}

/// The patterns of `--exclude` that are about nothing in this wheel: a misspelt one leaves the library
/// that was meant in the wheel.
fn unused_exclusions(input: &RepairInput<'_>, options: &RepairOptions, links: &Links) -> Vec<Note> {
    let edges = || links.needs.values().flatten();
    let found = edges().filter_map(|(_, leads)| match leads {
        Leads::Inside { file, .. } | Leads::Outside(file) => Some(file.as_str()),
        Leads::Libc | Leads::Missing(_) => None,
    });
    let wanted = edges().map(|(name, _)| name.as_str());
    // A file of the wheel itself may be excluded from being judged.
    let own = input.entries.iter().map(ArchivePath::as_str);
    let own_names = own
        .clone()
        .map(|path| path.rsplit('/').next().unwrap_or(path));
    let unused = options
        .exclude
        .unused(found.chain(wanted).chain(own).chain(own_names));
    let note = |pattern: &str| {
        let plain = pattern.trim_end_matches(['*', '.']);
        let alike = |name: &&Soname| !plain.is_empty() && name.as_str().starts_with(plain);
        let instead: BTreeSet<&Soname> = edges().map(|(name, _)| name).filter(alike).collect();
        Note::ExcludeUnused {
            pattern: pattern.into(),
            instead: instead.into_iter().cloned().collect(),
        }
    };
    unused.into_iter().map(note).collect()
}

fn libs_folder(filename: &WheelFilename, suffix: &str) -> ModulePath {
    ModulePath::new(Place::Wheel, &format!("{}{suffix}", filename.distribution))
}

fn output_name(
    input: &RepairInput<'_>,
    options: &RepairOptions,
    verdict: &Verdict,
    notes: &mut Vec<Note>,
) -> WheelFilename {
    if !options.update_tags {
        return input.filename.clone();
    }
    let platforms = tags::platforms(input.filename, verdict, input.subject, notes);
    let mut output = input.filename.with_platforms(platforms);
    output.build = options.build_number.clone().or(output.build);
    output
}

/// A musllinux tag speaks of every musl of its version; say so when the files do not.
pub fn promise_too_wide(
    output: &WheelFilename,
    arch: Arch,
    floor: Option<&MuslFloor>,
) -> Option<Note> {
    let floor = floor?;
    let widest = output
        .platform
        .iter()
        .filter_map(|tag| PlatformTag::parse(tag))
        .filter(|tag| tag.is_for(arch) && tag.family == crate::policy::Family::Musllinux)
        .min()?;
    let promised = Alpine::first_with_musl(widest.version)?;
    (floor.alpine > promised).then(|| Note::PromiseTooWide {
        tag: widest.to_string().into(),
        promised: promised.to_string().into(),
        floor: format!(
            "Alpine {} (musl {})",
            floor.alpine,
            floor.alpine.musl().unwrap_or("unknown")
        )
        .into(),
        causes: floor
            .causes
            .iter()
            .filter(|cause| cause.since > promised)
            .map(|cause| {
                sentence!(
                    "{} {}, since Alpine {}",
                    cause.file,
                    cause.what,
                    cause.since
                )
            })
            .collect(),
    })
}

/// The plan while it grows.
struct Draft<'a> {
    input: &'a RepairInput<'a>,
    options: &'a RepairOptions,
    links: &'a Links,
    outside: &'a Outside,
    libs: ModulePath,
    names: BTreeMap<ModulePath, Soname>,
    run_paths: BTreeMap<ModulePath, String>,
    ops: BTreeMap<ArchivePath, EntryOp>,
    notes: Vec<Note>,
    obstacles: Vec<Obstacle>,
}

impl Draft<'_> {
    fn strip_options(&self) -> naming::Options<'_> {
        naming::Options {
            strip: self.options.strip,
            debug_links: self.options.debug_links,
            clear_exec_stack: self.options.clear_exec_stack,
            no_mangle: &self.options.no_mangle,
            relr: self.options.relr.for_libc(self.input.subject.platform.libc),
        }
    }

    fn name_grafts(&mut self) {
        self.run_paths = graft::run_paths(self.outside, &self.libs);
        let options = self.strip_options();
        self.names = naming::names(self.outside, self.links, &self.run_paths, options);
    }

    fn edit_wheel_files(&mut self, files: &BTreeSet<ModulePath>) {
        for entry in &self.input.subject.elf {
            if files.contains(&entry.installed) {
                self.edit_wheel_file(entry);
            }
        }
    }

    fn edit_wheel_file(&mut self, entry: &ElfEntry) {
        let was = &entry.installed;
        let facts = &entry.file.facts;
        let needs = graft::needs(was, self.outside, &self.names, &self.libs, &mut self.notes);
        let moves = needs.wants_folders() && was.place() == Place::WheelScripts;
        if needs.wants_folders() && was.place() == Place::WheelPrefix {
            self.obstacles.push(Obstacle::Unreachable {
                file: entry.entry.clone(),
            });
            return;
        }
        let becomes = if moves {
            self.launcher_folder().join(was.relative())
        } else {
            was.clone()
        };
        let keep = &self.options.keep_run_path;
        let mut edits = graft::of_wheel(facts, was, &becomes, needs, keep, &mut self.notes);
        edits.strip = strip_of(&entry.file, self.options.strip);
        if self.strip_options().relr == Relr::Expand && facts.relr.is_some() {
            edits.relr = Relr::Expand;
        }
        if moves {
            self.move_script(entry, &becomes, edits);
        } else if edits != Edits::default() {
            self.ops.insert(entry.entry.clone(), EntryOp::Edit(edits));
        }
    }

    fn launcher_folder(&self) -> ModulePath {
        let name = &self.input.filename.distribution;
        ModulePath::new(Place::Wheel, &format!("{name}{LAUNCHER_FOLDER_SUFFIX}"))
    }

    /// A program among the interpreter's scripts lies nowhere in particular from the
    /// libraries' view: it moves beside them, and a launcher takes its place.
    fn move_script(&mut self, entry: &ElfEntry, becomes: &ModulePath, edits: Edits) {
        let Some(place) = self.free_place(becomes) else {
            return;
        };
        let op = EntryOp::Move {
            from: entry.entry.clone(),
            edits,
        };
        self.ops.insert(place, op);
        let text = launcher::launcher(becomes);
        let op = EntryOp::Write { text, mode: 0o755 };
        self.ops.insert(entry.entry.clone(), op);
        self.notes.push(Note::ScriptMoved {
            script: entry.entry.clone(),
        });
    }

    fn add_grafts(&mut self) {
        let sources: Vec<(ModulePath, BTreeSet<Soname>)> = self
            .outside
            .grafts
            .iter()
            .map(|(path, names)| (path.clone(), names.clone()))
            .collect();
        for (source, wanted_as) in sources {
            let (Some(file), Some(name)) = (
                self.links.files.get(&source),
                self.names.get(&source).cloned(),
            ) else {
                continue;
            };
            let place = self.libs.join(name.as_str());
            // Two real files may be one library (a copy in two folders): one graft.
            let library = SourceLibrary {
                path: source.clone(),
                digest: file.digest,
                size: file.size,
                wanted_as,
            };
            let needs = graft::needs(
                &source,
                self.outside,
                &self.names,
                &self.libs,
                &mut self.notes,
            );
            let run_path = self.run_paths.get(&source).map_or("", String::as_str);
            let options = self.strip_options();
            let edits = graft::of_graft(file, &name, needs, run_path, options);
            self.add_graft(&place, library, edits);
        }
    }

    fn add_graft(&mut self, place: &ModulePath, library: SourceLibrary, edits: Edits) {
        let same = |op: &EntryOp| match op {
            EntryOp::Graft {
                source,
                edits: known,
            } => source.digest == library.digest && *known == edits,
            _ => false,
        };
        let known = ArchivePath::parse(place.relative())
            .ok()
            .and_then(|path| self.ops.get_mut(&path));
        if let Some(op) = known
            && same(op)
        {
            if let EntryOp::Graft { source, .. } = op {
                source.wanted_as.extend(library.wanted_as);
            }
            return;
        }
        if let Some(place) = self.free_place(place) {
            let source = library;
            self.ops.insert(place, EntryOp::Graft { source, edits });
        }
    }

    /// All that is grafted together may be more than the user wants to ship.
    fn weigh_grafts(&mut self) {
        let sizes = self.ops.iter().filter_map(|(path, op)| match op {
            EntryOp::Graft { source, .. } => Some((source.size, path.clone())),
            _ => None,
        });
        let mut grafts: Vec<(u64, ArchivePath)> = sizes.collect();
        let total = grafts
            .iter()
            .map(|(size, _)| *size)
            .fold(0, u64::saturating_add);
        if let Some(most) = self.options.most_grafted.filter(|most| total > *most) {
            grafts.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
            let obstacle = Obstacle::GraftsTooLarge {
                total,
                most,
                grafts,
            };
            self.obstacles.push(obstacle);
        }
    }

    /// The archive's name for a new file, if no other file has it.
    fn free_place(&mut self, place: &ModulePath) -> Option<ArchivePath> {
        let path = match ArchivePath::parse(place.relative()) {
            Ok(path) => path,
            Err(why) => {
                let (place, why) = (place.clone(), Sentence::from(&why));
                self.obstacles.push(Obstacle::NoPlace { place, why });
                return None;
            }
        };
        if self.ops.contains_key(&path) {
            self.obstacles.push(Obstacle::PlaceTaken { path });
            return None;
        }
        Some(path)
    }

    fn write_metadata(&mut self, name: &str, bytes: &[u8]) {
        if let Ok(path) = self.input.dist_info.join(name) {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.ops.insert(path, EntryOp::Write { text, mode: 0o644 });
        }
    }

    /// RECORD follows whatever changed; a signature of the old one is worth nothing.
    fn rewrite_record(&mut self) {
        if self.ops.values().all(|op| *op == EntryOp::Keep) {
            return;
        }
        for name in ["RECORD.jws", "RECORD.p7s"] {
            if let Ok(path) = self.input.dist_info.join(name)
                && let Some(op) = self.ops.get_mut(&path)
            {
                *op = EntryOp::Remove(Reason::Signature);
                self.notes.push(Note::SignatureDropped { entry: path });
            }
        }
        if let Ok(path) = self.input.dist_info.join("RECORD") {
            self.ops.insert(path, EntryOp::Record);
        }
    }
}
