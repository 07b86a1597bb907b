//! Vendor what a wheel needs, and tag it as what it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{World, WorldOptions};
use crate::elf::Strip;
use crate::error::Error;
use crate::host::{self, Applied, Gathered, OutputOptions, Progress};
use crate::plan::{
    self, Exclusions, NoPlan, Obstacle, Refusal, RepairInput, RepairOptions, WheelPlan,
};
use crate::wheel::{Source, Untrusted, sentence};

/// How wheels are repaired; by default as `wheelfix repair` without a flag.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where libraries are looked for.
    pub world: WorldOptions,
    /// What the repaired wheel is to be.
    pub plan: RepairOptions,
    /// Where it goes and how it is written.
    pub output: OutputOptions,
    /// The folder that receives what a strip leaves out, for debuggers; only with a strip.
    pub debug_folder: Option<PathBuf>,
    /// Leave out the bill of materials that tells where grafted libraries came from.
    pub no_sbom: bool,
    /// Copy a wheel without ELF files instead of refusing it.
    pub allow_pure_python_wheel: bool,
    /// Refuse the wheels that auditwheel refuses: those without a file for the machine in their
    /// name.
    pub refuse_as_auditwheel: bool,
}

/// The libraries that stay outside, and the files of a wheel that nothing loads, by patterns with
/// wildcards, for [`RepairOptions::exclude`].
///
/// # Errors
/// When one is no pattern.
pub fn excluding(patterns: &[String]) -> Result<Exclusions, Error> {
    Exclusions::parse(patterns).map_err(|error| {
        Error::Usage(sentence!(
            "--exclude: {}",
            Untrusted::from(error.to_string())
        ))
    })
}

/// Patterns with wildcards, for [`RepairOptions::exclude`] and what else is given so. `flag` is for the
/// message.
///
/// # Errors
/// When one is no pattern.
pub fn patterns(flag: &'static str, patterns: &[String]) -> Result<GlobSet, Error> {
    let bad = |error: globset::Error| {
        Error::Usage(sentence!(
            "{}: {}",
            flag,
            Untrusted::from(error.to_string())
        ))
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).build().map_err(bad)?);
    }
    set.build().map_err(bad)
}

/// The libraries' folder has a name that a run path can hold (`:` and `$` mean something there), and
/// that installers do not take for one of their own.
fn check_suffix(suffix: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let lower = suffix.to_ascii_lowercase();
    let theirs = [".dist-info", ".data", ".egg-info"];
    let is_theirs = theirs.iter().any(|ending| lower.ends_with(ending));
    if suffix.is_empty() || suffix.len() > 64 || !suffix.bytes().all(plain) || is_theirs {
        return Err(Error::Usage(
            "--lib-sdir must be a few letters, digits, `.`, `_`, `-` or `+`, such as `.libs`, and must not end in `.dist-info`, `.egg-info` or `.data`"
                .into(),
        ));
    }
    Ok(())
}

/// What became of a wheel.
#[derive(Debug)]
pub struct Outcome {
    /// What was done; `None`: it was copied as it is, there being nothing to repair in it.
    pub plan: Option<WheelPlan>,
    /// What was written.
    pub written: Applied,
}

/// Repair one wheel.
///
/// # Errors
/// When it cannot be repaired, with every obstacle; when it is malformed; when the machine would
/// not read or write. Then nothing was written.
pub fn repair(wheel: &Path, options: Options, progress: &dyn Progress) -> Result<Outcome, Error> {
    let repair = Repair::open(options)?;
    let planned = repair.gather(wheel, progress)?.plan()?;
    let written = planned.write(progress)?;
    let plan = planned.into_plan();
    Ok(Outcome { plan, written })
}

/// Everything that all wheels of one call have in common. It may be used from several threads.
pub struct Repair {
    options: Options,
    world: World,
    /// The outputs' names, and for which wheel each is.
    claimed: Mutex<BTreeMap<String, PathBuf>>,
}

impl Repair {
    /// Look at the world in which wheels are to be repaired.
    ///
    /// # Errors
    /// When an option is impossible, or a folder that was named is none.
    pub fn open(mut options: Options) -> Result<Self, Error> {
        check_suffix(&options.plan.lib_suffix)?;
        options.plan.debug_links = options.debug_folder.is_some();
        if options.plan.debug_links && options.plan.strip == Strip::None {
            return Err(Error::Usage(
                "--debug-dir keeps what --strip leaves out: pass --strip or --strip=debug too"
                    .into(),
            ));
        }
        let (plat, strip) = (options.plan.plat.clone(), options.plan.strip);
        Ok(Self {
            world: World::to_change(&options.world, plat, strip, options.plan.exclude.clone())?,
            options,
            claimed: Mutex::default(),
        })
    }

    /// Read a wheel, and everything around it that decides its repair.
    ///
    /// # Errors
    /// When it is malformed or cannot be read.
    pub fn gather(&self, wheel: &Path, progress: &dyn Progress) -> Result<Opened<'_>, Error> {
        let World { sysroot, gather } = &self.world;
        let gathered = host::gather(wheel, sysroot, gather, progress)?;
        let filename = &gathered.wheel.filename;
        let refusal = match self.options.refuse_as_auditwheel {
            true => plan::select(&filename.platform, plan::elf_of(&gathered.subject)).err(),
            false => None,
        };
        Ok(Opened {
            repair: self,
            name: filename.to_string(),
            gathered,
            refusal,
        })
    }

    /// Two inputs may become one name; the second must not silently replace the first.
    fn claim(&self, output: &str, wheel: &Path) -> Result<(), Error> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        match claimed.get(output) {
            Some(first) => Err(Error::SameOutput {
                path: self.options.output.folder.join(output),
                first: first.into(),
                second: wheel.into(),
            }),
            None => {
                claimed.insert(output.to_owned(), wheel.to_owned());
                Ok(())
            }
        }
    }
}

/// A wheel that was read.
pub struct Opened<'a> {
    repair: &'a Repair,
    name: String,
    gathered: Gathered,
    refusal: Option<Refusal>,
}

impl<'a> Opened<'a> {
    /// The wheel's file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What auditwheel has against it, where [`Options::refuse_as_auditwheel`] asks for that.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Is it refused for that, and not let through as a wheel without ELF files?
    pub fn is_refused(&self) -> bool {
        let allowed = self.repair.options.allow_pure_python_wheel;
        let refusal = self.refusal.as_ref();
        refusal.is_some_and(|refusal| !(refusal.pure && allowed))
    }

    /// Decide what is to be done.
    ///
    /// # Errors
    /// When it cannot be repaired, with every obstacle.
    pub fn plan(self) -> Result<Planned<'a>, Error> {
        if self.is_refused()
            && let Some(refusal) = self.refusal
        {
            return Err(Error::NoPlatformWheel(refusal));
        }
        let plan = match planned(&self.gathered, &self.repair.options.plan) {
            Ok(plan) => Some(self.with_sbom(plan)?),
            Err(NoPlan::Exceeded(exceeded)) => return Err(Error::exceeded(self.name)(exceeded)),
            Err(NoPlan::Obstacles(obstacles)) => {
                let pure = matches!(obstacles.as_slice(), [Obstacle::NotAPlatformWheel { .. }]);
                if !pure || !self.repair.options.allow_pure_python_wheel {
                    return Err(Error::Blocked {
                        wheel: self.name.into(),
                        obstacles,
                    });
                }
                None
            }
        };
        Ok(Planned {
            repair: self.repair,
            name: self.name,
            gathered: self.gathered,
            plan,
        })
    }
}

impl Opened<'_> {
    fn with_sbom(&self, mut plan: WheelPlan) -> Result<WheelPlan, Error> {
        if !self.repair.options.no_sbom {
            let sources = plan.grafts().map(|(_, source)| source.path.clone());
            let owners = host::owners(&self.repair.world.sysroot, &sources.collect())?;
            plan::add_sbom(&mut plan, &self.gathered.wheel.dist_info, &owners);
        }
        Ok(plan)
    }
}

fn planned(gathered: &Gathered, options: &RepairOptions) -> Result<WheelPlan, NoPlan> {
    let subject = gathered.subject.as_ref();
    let subject = subject.map_err(|unsettled| unsettled.obstacles.clone())?;
    let wheel = &gathered.wheel;
    let input = RepairInput {
        filename: &wheel.filename,
        entries: &gathered.entries,
        dist_info: &wheel.dist_info,
        wheel: &wheel.wheel,
        subject,
    };
    let mut plan = plan::repair(&input, options)?;
    plan.notes.extend(gathered.notes.iter().cloned());
    Ok(plan)
}

/// A wheel of which it is known what is to be done; nothing is done yet.
pub struct Planned<'a> {
    repair: &'a Repair,
    name: String,
    gathered: Gathered,
    plan: Option<WheelPlan>,
}

impl Planned<'_> {
    /// The input's file name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is to be done; `None`: it is copied as it is, there being nothing to repair in it.
    pub fn plan(&self) -> Option<&WheelPlan> {
        self.plan.as_ref()
    }

    /// What a person should know of it.
    pub fn notes(&self) -> &[plan::Note] {
        let planned = self.plan.as_ref().map(|plan| plan.notes.as_slice());
        planned.unwrap_or(&self.gathered.notes)
    }

    /// The same, to keep.
    pub fn into_plan(self) -> Option<WheelPlan> {
        self.plan
    }

    /// Where the result goes.
    pub fn output(&self) -> PathBuf {
        let folder = &self.repair.options.output.folder;
        folder.join(self.output_name())
    }

    /// The input's size in bytes.
    pub fn input_size(&self) -> u64 {
        self.gathered.source.size()
    }

    /// How many bytes of ELF stripping would save in the wheel's own files and in what comes along;
    /// nothing where they are stripped.
    pub fn strip_would_save(&self) -> u64 {
        let Some(plan) = self.plan.as_ref().filter(|plan| !plan.strips()) else {
            return 0;
        };
        let Ok(subject) = &self.gathered.subject else {
            return 0;
        };
        let files = subject.elf.iter();
        let own: u64 = files.map(|entry| entry.file.strippable).sum();
        let grafts = plan.grafts().filter_map(|(_, source)| {
            let mut modules = subject.graph.modules();
            modules.find(|(_, module)| module.file.real_path == source.path)
        });
        own.saturating_add(grafts.map(|(_, module)| module.file.strippable).sum())
    }

    /// Do it.
    ///
    /// # Errors
    /// When another wheel of the same [`Repair`] has the output's name, or the machine would not
    /// read or write; then nothing was written, unless debug files.
    pub fn write(&self, progress: &dyn Progress) -> Result<Applied, Error> {
        let (gathered, output) = (&self.gathered, &self.repair.options.output);
        self.repair
            .claim(&self.output_name(), gathered.source.path())?;
        match &self.plan {
            Some(plan) => {
                let sysroot = &self.repair.world.sysroot;
                if let Some(folder) = &self.repair.options.debug_folder {
                    host::write_debug_files(plan, gathered, sysroot, folder)?;
                }
                host::apply_wheel(plan, gathered, sysroot, output, progress)
            }
            None => host::copy_wheel(gathered, output),
        }
    }

    fn output_name(&self) -> String {
        match &self.plan {
            Some(plan) => plan.output.to_string(),
            None => self.name.clone(),
        }
    }
}
