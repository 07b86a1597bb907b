//! Make wheels for glibc run on musl: proven, or refused with every reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::elf::Strip;
use crate::error::Error;
use crate::host::{
    self, Applied, GatherOptions, Gathered, Limits, OutputOptions, PortFiles, Progress, Sysroot,
    SysrootOptions,
};
use crate::plan::{
    self, ElfEntry, Obstacle, Platform, PortInput, PortObstacle, PortPlan, PortWheel, Provenance,
    RuntimeFolders, WheelPlan, Written,
};
use crate::policy::{Family, MuslFloor, PORT_MACHINES, PlatformTag, Pythons};
use crate::resolve::Libc;
use crate::wheel::{Source, Untrusted};

/// The tag that `auto` stands for: musl of every Alpine that is maintained.
const AUTO: &str = "musllinux_1_2";

/// How wheels are ported; by default as `wheelfix port` without a flag.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folders with runtime libraries that were built for glibc; none: this machine's own, where it is
    /// one of glibc.
    pub runtimes: Vec<PathBuf>,
    /// An Alpine that has the runtimes which have to be built for musl; `None`: this machine.
    pub sysroot: Option<PathBuf>,
    /// The platform tag to reach, without its machine; `None`: `musllinux_1_2`.
    pub plat: Option<String>,
    /// Where the wheels go and how they are written.
    pub output: OutputOptions,
    /// Decide only, write nothing.
    pub dry_run: bool,
    /// How much the wheels may ask for.
    pub limits: Limits,
}

/// What became of one wheel.
#[derive(Debug)]
pub struct Outcome {
    /// What changed.
    pub plan: WheelPlan,
    /// What the wheel says of it.
    pub provenance: Provenance,
    /// The input's size in bytes.
    pub input_size: u64,
    /// What was written; `None`: it was a dry run.
    pub written: Option<Applied>,
}

/// Port wheels. Those of which one needs another's libraries are one world: all of them are ported,
/// or none. One result for each wheel, in their order.
///
/// # Errors
/// When an option is impossible or names a folder that is none. What is wrong with a wheel is in its
/// result.
pub fn port(
    wheels: &[PathBuf],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    if !options.dry_run {
        options.output.check()?;
    }
    let port = Port::open(options)?;
    let mut results: Vec<Option<Result<Outcome, Error>>> = Vec::new();
    let mut read: Vec<Option<Candidate>> = Vec::new();
    for path in wheels {
        match port.candidate(path, progress) {
            Ok(candidate) => {
                read.push(Some(candidate));
                results.push(None);
            }
            Err(error) => {
                read.push(None);
                results.push(Some(Err(error)));
            }
        }
    }
    port.refuse_equal_outputs(&mut read, &mut results);
    for group in groups(&read) {
        let mut members: Vec<(usize, Candidate)> = Vec::new();
        for index in group {
            let candidate = read.get_mut(index).and_then(Option::take);
            members.extend(candidate.map(|candidate| (index, candidate)));
        }
        let (indexes, members): (Vec<usize>, Vec<Candidate>) = members.into_iter().unzip();
        let ended: Vec<Result<Outcome, Error>> = match port.together(&members, progress) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(failure) => members.iter().map(|one| Err(failure.of(one))).collect(),
        };
        for (index, result) in indexes.into_iter().zip(ended) {
            if let Some(place) = results.get_mut(index) {
                *place = Some(result);
            }
        }
    }
    Ok(results.into_iter().flatten().collect())
}

/// A wheel that may be ported.
struct Candidate {
    name: Untrusted,
    gathered: Gathered,
    platform: Platform,
    elf: Vec<ElfEntry>,
}

/// Why a group of wheels is not ported.
enum Failure {
    Obstacles(Vec<PortObstacle>),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Vec<PortObstacle>> for Failure {
    fn from(obstacles: Vec<PortObstacle>) -> Self {
        Self::Obstacles(obstacles)
    }
}

impl Failure {
    /// The error of one of the wheels.
    fn of(&self, wheel: &Candidate) -> Error {
        let obstacles = match self {
            Self::Obstacles(obstacles) => obstacles.clone(),
            // An editor that will not is a reason of its own; the machine's errors come again.
            Self::Error(error) => vec![PortObstacle::Unsettled {
                why: crate::report::failure(error).into(),
            }],
        };
        Error::NotPortable {
            wheel: wheel.name.clone(),
            obstacles,
        }
    }
}

struct Port<'a> {
    options: &'a Options,
    sysroot: Sysroot,
    folders: RuntimeFolders,
    tag: Untrusted,
}

impl<'a> Port<'a> {
    fn open(options: &'a Options) -> Result<Self, Error> {
        let tag = tag(options.plat.as_deref())?;
        let sysroot = Sysroot::open(&SysrootOptions {
            root: PathBuf::from("/"),
            strip: Strip::None,
            limits: options.limits.clone(),
        })?;
        let libc = sysroot.libc();
        let alpine = match &options.sysroot {
            Some(root) => Some(root.clone()),
            None => (libc == Some(Libc::Musl)).then(|| PathBuf::from("/")),
        };
        if let Some(root) = &options.sysroot {
            sysroot.folder(root)?;
        }
        let musl = alpine.iter().flat_map(|root| {
            let folders = ["usr/lib", "lib", "usr/local/lib"].map(|folder| root.join(folder));
            folders
                .into_iter()
                .filter_map(|path| sysroot.folder(&path).ok())
        });
        let musl = musl.collect();
        let glibc = options.runtimes.iter().map(|path| sysroot.folder(path));
        let folders = RuntimeFolders {
            glibc: glibc.collect::<Result<_, Error>>()?,
            musl,
            // Folders that were named are all there is: the same on every machine.
            root_is_glibc: libc == Some(Libc::Glibc) && options.runtimes.is_empty(),
        };
        Ok(Self {
            options,
            sysroot,
            folders,
            tag: tag.into(),
        })
    }

    /// Read a wheel and see whether it is one to port at all.
    fn candidate(&self, path: &Path, progress: &dyn Progress) -> Result<Candidate, Error> {
        let gather = GatherOptions {
            search_system: false,
            limits: self.options.limits.clone(),
            ..GatherOptions::default()
        };
        let gathered = host::gather(path, &self.sysroot, &gather, progress)?;
        let filename = &gathered.wheel.filename;
        let name = filename.to_string();
        let refused = |obstacle: PortObstacle| Error::NotPortable {
            wheel: name.clone().into(),
            obstacles: vec![obstacle],
        };
        let tags: Vec<PlatformTag> = filename
            .platform
            .iter()
            .filter_map(|tag| PlatformTag::parse(tag))
            .collect();
        if let Some(tag) = tags.iter().find(|tag| tag.family == Family::Musllinux) {
            let tag = tag.to_string();
            return Err(refused(PortObstacle::AlreadyMusl { tag: tag.into() }));
        }
        let subject = match &gathered.subject {
            Ok(subject) => subject,
            Err(unsettled) => {
                let pure = unsettled.elf.is_empty()
                    && matches!(
                        unsettled.obstacles.as_slice(),
                        [Obstacle::NotAPlatformWheel { .. }]
                    );
                if pure {
                    return Err(refused(PortObstacle::Pure));
                }
                return Err(Error::NotJudged {
                    wheel: name.into(),
                    obstacles: unsettled.obstacles.clone(),
                });
            }
        };
        let platform = subject.platform;
        if !PORT_MACHINES.contains(&platform.arch) {
            let arch = platform.arch.name().to_owned();
            return Err(refused(PortObstacle::Machine { arch: arch.into() }));
        }
        if platform.libc == Libc::Musl {
            let tag = filename.platform.join(".");
            return Err(refused(PortObstacle::AlreadyMusl { tag: tag.into() }));
        }
        Ok(Candidate {
            elf: subject.elf.clone(),
            name: name.into(),
            platform,
            gathered,
        })
    }

    /// Two wheels that would become one file: the second is not begun.
    fn refuse_equal_outputs(
        &self,
        read: &mut [Option<Candidate>],
        results: &mut [Option<Result<Outcome, Error>>],
    ) {
        let mut first: BTreeMap<String, Untrusted> = BTreeMap::new();
        for (candidate, result) in read.iter_mut().zip(results) {
            let Some(wheel) = candidate else {
                continue;
            };
            let filename = &wheel.gathered.wheel.filename;
            let output =
                plan::ported_name(filename, self.tag.as_str(), wheel.platform.arch).to_string();
            match first.get(&output) {
                None => {
                    first.insert(output, wheel.name.clone());
                }
                Some(other) => {
                    *result = Some(Err(Error::SameOutput {
                        path: self.options.output.folder.join(&output),
                        first: other.clone(),
                        second: wheel.name.clone(),
                    }));
                    *candidate = None;
                }
            }
        }
    }

    /// Port wheels as one world.
    fn together(
        &self,
        wheels: &[Candidate],
        progress: &dyn Progress,
    ) -> Result<Vec<Outcome>, Failure> {
        let Some(platform) = wheels.first().map(|wheel| wheel.platform) else {
            return Ok(Vec::new());
        };
        let elf: Vec<ElfEntry> = wheels.iter().flat_map(|wheel| wheel.elf.clone()).collect();
        let gathered: Vec<&Gathered> = wheels.iter().map(|wheel| &wheel.gathered).collect();
        let machine = platform.machine;
        let limits = &self.options.limits;
        let files = host::port_files(
            &gathered,
            &elf,
            machine,
            &self.sysroot,
            &self.folders,
            limits,
        )?;
        let pythons: Vec<Pythons> = gathered
            .iter()
            .map(|one| Pythons::of_tags(one.wheel.filename.interpreters()))
            .collect();
        let mut plan = self.plan(wheels, &files, &pythons)?;
        let mut written = Vec::new();
        for ((wheel, _), gathered) in plan.wheels.iter().zip(&gathered) {
            let output = &self.options.output;
            let one = host::write_wheel(wheel, gathered, &self.sysroot, output, progress)?;
            written.push(one);
        }
        let mut sources = Vec::new();
        for one in &mut written {
            sources.push((one.name().to_owned(), one.read()?));
        }
        let again = host::read_written(&sources, machine, &self.options.limits)?;
        let floor = plan::prove_port(
            &plan,
            &Written {
                graph: &again.graph,
                needs: &again.needs,
                pythons: &pythons,
            },
        )?;
        let mut outcomes = Vec::new();
        let each = std::mem::take(&mut plan.wheels).into_iter();
        for (((mut wheel, provenance), one), gathered) in each.zip(written).zip(gathered) {
            promise(&mut wheel, &floor);
            outcomes.push(Outcome {
                plan: wheel,
                provenance,
                input_size: gathered.source.size(),
                written: match self.options.dry_run {
                    true => None,
                    false => Some(one.publish()?),
                },
            });
        }
        Ok(outcomes)
    }

    fn plan(
        &self,
        wheels: &[Candidate],
        files: &PortFiles,
        pythons: &[Pythons],
    ) -> Result<PortPlan, Failure> {
        let mut each = Vec::new();
        for wheel in wheels {
            let read = &wheel.gathered.wheel;
            each.push(PortWheel {
                filename: &read.filename,
                digest: host::digest_of(&wheel.gathered.source)?,
                entries: &wheel.gathered.entries,
                dist_info: &read.dist_info,
                wheel: &read.wheel,
                elf: &wheel.elf,
            });
        }
        let arch = wheels.first().map(|wheel| wheel.platform.arch);
        let Some(arch) = arch else {
            return Err(Vec::new().into());
        };
        let input = PortInput {
            wheels: each,
            pythons,
            arch,
            graph: &files.graph,
            needs: &files.needs,
        };
        let mut plan = plan::port(&input, self.tag.as_str())?;
        for ((plan, _), wheel) in plan.wheels.iter_mut().zip(wheels) {
            plan.notes.extend(wheel.gathered.notes.iter().cloned());
        }
        Ok(plan)
    }
}

/// Where a ported wheel runs, and whether its tag says too much.
fn promise(plan: &mut WheelPlan, floor: &MuslFloor) {
    let arch = plan.output.platform.first();
    let arch = arch
        .and_then(|tag| PlatformTag::parse(tag))
        .map(|tag| tag.arch);
    let arch = arch.and_then(|name| crate::elf::Arch::from_name(&name));
    if let Some(arch) = arch {
        let note = plan::promise_too_wide(&plan.output, arch, Some(floor));
        plan.notes.extend(note);
    }
    if let Some(runs_on) = &mut plan.runs_on {
        runs_on.floor = Some(floor.clone());
    }
}

/// `--plat` without its machine.
fn tag(plat: Option<&str>) -> Result<String, Error> {
    let Some(text) = plat.filter(|text| *text != "auto") else {
        return Ok(AUTO.to_owned());
    };
    let tag = PlatformTag::parse(&format!("{text}_any"));
    match tag.filter(|tag| tag.family == Family::Musllinux && tag.version >= (1, 2)) {
        Some(tag) => Ok(format!("musllinux_{}_{}", tag.version.0, tag.version.1)),
        None => Err(Error::Usage(crate::wheel::sentence!(
            "`{}` is no tag to port to; pass `auto`, or a tag from `musllinux_1_2` on, without its machine",
            crate::wheel::Untrusted::from(text)
        ))),
    }
}

/// The wheels that have to be ported together: of one machine, and one of them needs a library that it
/// lacks and another has.
fn groups(wheels: &[Option<Candidate>]) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..wheels.len()).collect();
    for (index, wheel) in wheels.iter().enumerate() {
        let Some(wheel) = wheel else {
            continue;
        };
        let own: BTreeSet<&str> = file_names(wheel).collect();
        let needed = wheel.elf.iter().flat_map(|entry| &entry.file.facts.needed);
        let lacking: BTreeSet<&str> = needed
            .map(|name| name.as_str())
            .filter(|name| !own.contains(name))
            .collect();
        for (other, candidate) in wheels.iter().enumerate() {
            let has = candidate.as_ref().is_some_and(|candidate| {
                candidate.platform.arch == wheel.platform.arch
                    && file_names(candidate).any(|name| lacking.contains(name))
            });
            if has && other != index {
                let (from, to) = (group_of.get(other).copied(), group_of.get(index).copied());
                for place in &mut group_of {
                    if Some(*place) == from {
                        *place = to.unwrap_or(*place);
                    }
                }
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, group) in group_of.into_iter().enumerate() {
        if wheels.get(index).is_some_and(Option::is_some) {
            groups.entry(group).or_default().push(index);
        }
    }
    groups.into_values().collect()
}

fn file_names(wheel: &Candidate) -> impl Iterator<Item = &str> {
    wheel.elf.iter().map(|entry| entry.installed.file_name())
}
