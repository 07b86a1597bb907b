//! A build from its requirements to its last wheel.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::fetch::fetch;
use super::lock::lock;
use super::options::{Failed, Options, Outcome};
use super::ported::ported;
use super::take::take;
use crate::elf::Strip;
use crate::error::Error;
use crate::host::{
    self, Engine, Progress, Sysroot, SysrootOptions, TargetAsked, Wheelhouse, find_target,
};
use crate::plan::{self, BuildFault, How, Locked, Made, Step, Target, Way, steps};
use crate::wheel::Untrusted;

/// Build a wheelhouse. `told` hears of each package as it is made.
///
/// # Errors
/// When nothing can be begun: an option, the folder, the Python, the requirements. What is wrong with a
/// package is in the outcome.
pub fn build(
    options: &Options,
    progress: &dyn Progress,
    told: &(dyn Fn(&Made) + Sync),
) -> Result<Outcome, Error> {
    host::check_folder(&options.wheelhouse)?;
    let sysroot = Sysroot::open(&SysrootOptions {
        root: options.sysroot.clone().unwrap_or_else(|| "/".into()),
        strip: Strip::None,
        limits: options.limits.clone(),
    })?;
    let asked = TargetAsked {
        python: options.python.clone(),
        sysroot: options.sysroot.clone(),
    };
    let (target, engine) = find_target(&asked, &sysroot)?;
    let house = Wheelhouse::open(&options.wheelhouse, &options.cache)?;
    let lock = lock(options, &house, &target, &engine)?;
    let build = Build {
        surroundings: host::surroundings(options.sysroot.as_deref(), &options.runtimes)?,
        options,
        house,
        target,
        engine,
        progress,
        told,
    };
    build.run(lock.packages)
}

pub(super) struct Build<'a> {
    pub(super) options: &'a Options,
    pub(super) house: Wheelhouse,
    pub(super) target: Target,
    pub(super) engine: Engine,
    /// What of the machine decides bytes, as a digest.
    pub(super) surroundings: String,
    pub(super) progress: &'a dyn Progress,
    pub(super) told: &'a (dyn Fn(&Made) + Sync),
}

/// A package on its way.
pub(super) struct Job {
    pub(super) package: Locked,
    /// What is left to try, the next one first.
    pub(super) steps: Vec<Step>,
    pub(super) inputs: String,
    pub(super) failed: Vec<(Way, Error)>,
    pub(super) made: Option<Made>,
}

impl Job {
    pub(super) fn next(&self, way: Way) -> Option<&Step> {
        let next = self.steps.first().filter(|_| self.made.is_none());
        next.filter(|step| step.way == way)
    }

    /// The next step has failed.
    pub(super) fn fail(&mut self, error: Error) {
        if !self.steps.is_empty() {
            let step = self.steps.remove(0);
            self.failed.push((step.way, error));
        }
    }

    pub(super) fn version(&self) -> String {
        self.package.version.clone().unwrap_or_default()
    }
}

/// A wheel that is whole, and not in the wheelhouse yet.
pub(super) struct Whole {
    pub(super) how: How,
    pub(super) path: PathBuf,
    pub(super) floor: Option<String>,
}

impl Build<'_> {
    fn run(&self, packages: Vec<Locked>) -> Result<Outcome, Error> {
        let before = self.house.made()?;
        let mut jobs: Vec<Job> = packages.into_iter().map(|one| self.job(one)).collect();
        let mut resumed = BTreeSet::new();
        for job in &mut jobs {
            let there = before.get(&job.package.name);
            let there = there.filter(|made| made.inputs == job.inputs && self.house.holds(made));
            if let Some(made) = there {
                resumed.insert(made.name.clone());
                job.made = Some(made.clone());
            }
        }
        self.fetch_first(&jobs);
        self.take_all(&mut jobs, &before, &resumed)?;
        self.port_all(&mut jobs, &before)?;
        self.compile_all(&mut jobs, &before)?;
        let names: BTreeSet<&str> = jobs.iter().map(|job| job.package.name.as_str()).collect();
        for (_, gone) in before
            .iter()
            .filter(|(name, _)| !names.contains(name.as_str()))
        {
            self.house.forget(gone)?;
        }
        let mut outcome = Outcome {
            resumed,
            ..Outcome::default()
        };
        for job in jobs {
            match job.made {
                Some(made) => outcome.made.push(made),
                None => outcome.failed.push(self.failed(job, &before)?),
            }
        }
        match outcome.failed.is_empty() {
            true => {
                let text = crate::report::requirements_text(&outcome.made);
                self.house.keep("wheelhouse.txt", &text)?;
            }
            // That of an earlier run would install what is not asked for any more.
            false => self
                .house
                .discard(&self.house.folder().join("wheelhouse.txt"))?,
        }
        if self.options.index {
            for (path, page) in crate::report::index_pages(&outcome.made) {
                self.house.keep(&path, &page)?;
            }
        }
        Ok(outcome)
    }

    fn job(&self, package: Locked) -> Job {
        let steps = steps(&package, &self.target, &self.options.choice);
        let mut hash = Sha256::new();
        hash.update(format!(
            "{} {}\n",
            env!("CARGO_PKG_VERSION"),
            self.surroundings
        ));
        hash.update(format!(
            "{:?} {:?}\n",
            self.options.level, self.options.time
        ));
        if steps.iter().any(|step| step.way == Way::Compile) {
            hash.update(format!("{:?}\n", self.options.flags));
        }
        for step in &steps {
            let file = &step.file;
            hash.update(format!(
                "{:?} {} {}\n",
                step.way,
                file.file_name(),
                file.sha256()
            ));
        }
        Job {
            package,
            steps,
            inputs: plan::hex(&hash.finalize()),
            failed: Vec::new(),
            made: None,
        }
    }

    /// Bring what the first steps need in one go.
    fn fetch_first(&self, jobs: &[Job]) {
        let waiting = jobs.iter().filter(|job| job.made.is_none());
        let files: Vec<_> = waiting
            .filter_map(|job| job.steps.first())
            .map(|step| step.file.clone())
            .collect();
        // What did not come is asked for again, and told of, where it is needed.
        drop(fetch(
            &files,
            self.options,
            &self.house,
            &self.target,
            &self.engine,
        ));
    }

    pub(super) fn source(&self, step: &Step) -> Result<PathBuf, Error> {
        let files = [step.file.clone()];
        let mut fetched = fetch(
            &files,
            self.options,
            &self.house,
            &self.target,
            &self.engine,
        );
        match fetched.pop() {
            Some(result) => result,
            None => Err(BuildFault::NotFetched {
                file: step.file.file_name().into(),
                why: "it was not asked for".into(),
            }
            .into()),
        }
    }

    fn take_all(
        &self,
        jobs: &mut [Job],
        before: &BTreeMap<String, Made>,
        resumed: &BTreeSet<Untrusted>,
    ) -> Result<(), Error> {
        let work = self.house.work("mended")?;
        let one = |job: &mut Job| -> Result<(), Error> {
            while let Some(step) = job.next(Way::Take).cloned() {
                let start = Instant::now();
                let taken = self.source(&step).and_then(|path| {
                    let taken = take(&path, self.options, &work, self.progress)?;
                    Ok((path, taken))
                });
                match taken {
                    Err(error) => job.fail(error),
                    Ok((source, taken)) => {
                        let whole = Whole {
                            how: taken.how,
                            path: taken.path,
                            floor: taken.floor,
                        };
                        let seconds = start.elapsed().as_secs_f64();
                        self.place(job, &step, &source, whole, seconds, before)?;
                    }
                }
            }
            Ok(())
        };
        jobs.par_iter_mut()
            .filter(|job| job.made.is_none())
            .try_for_each(one)?;
        // In the order of the packages, whichever was done first.
        jobs.iter()
            .filter(|job| !resumed.contains(job.package.name.as_str()))
            .filter_map(|job| job.made.as_ref())
            .for_each(self.told);
        Ok(())
    }

    fn port_all(&self, jobs: &mut [Job], before: &BTreeMap<String, Made>) -> Result<(), Error> {
        if !jobs.iter().any(|job| job.next(Way::Port).is_some()) {
            return Ok(());
        }
        let start = Instant::now();
        let mut wheels = Vec::new();
        let mut numbers = Vec::new();
        for (number, job) in jobs.iter_mut().enumerate() {
            // What an earlier run has ported comes along: others may need its libraries.
            let is_ported = job
                .made
                .as_ref()
                .is_some_and(|made| made.how == How::Ported);
            let step = match is_ported {
                true => job.steps.iter().find(|step| step.way == Way::Port),
                false => job.next(Way::Port),
            };
            let Some(step) = step.cloned() else {
                continue;
            };
            match self.source(&step) {
                Ok(path) => {
                    wheels.push(path);
                    numbers.push((number, step));
                }
                Err(error) if !is_ported => job.fail(error),
                Err(_) => {}
            }
        }
        let work = self.house.work("ported")?;
        let results = ported(&wheels, self.options, work, self.progress)?;
        // They went as one; each has its share.
        let share = f64::from(u32::try_from(wheels.len()).unwrap_or(u32::MAX));
        let seconds = start.elapsed().as_secs_f64() / share.max(1.0);
        for (((number, step), source), result) in numbers.iter().zip(&wheels).zip(results) {
            let Some(job) = jobs.get_mut(*number).filter(|job| job.made.is_none()) else {
                continue;
            };
            match result {
                Err(error) => job.fail(error),
                Ok(ported) => {
                    let whole = Whole {
                        how: How::Ported,
                        path: ported.path,
                        floor: ported.floor,
                    };
                    self.place(job, step, source, whole, seconds, before)?;
                    job.made.iter().for_each(self.told);
                }
            }
        }
        Ok(())
    }

    /// Put a whole wheel into the wheelhouse, and remember it.
    pub(super) fn place(
        &self,
        job: &mut Job,
        step: &Step,
        source: &Path,
        whole: Whole,
        seconds: f64,
        before: &BTreeMap<String, Made>,
    ) -> Result<(), Error> {
        let wheel = whole.path.file_name().unwrap_or_default();
        let wheel = wheel.to_string_lossy().into_owned();
        let passed = job
            .failed
            .iter()
            .map(|(_, error)| crate::report::failure(error).into());
        let made = Made {
            name: job.package.name.clone().into(),
            version: job.version().into(),
            how: whole.how,
            why: step.why,
            passed: passed.collect(),
            source: step.file.file_name().into(),
            source_size: host::size_of(source)?,
            size: host::size_of(&whole.path)?,
            sha256: host::sha256_of(&whole.path)?,
            floor: whole.floor.map(Into::into),
            seconds,
            inputs: job.inputs.clone(),
            wheel: wheel.into(),
        };
        self.house.place(&whole.path, made.wheel.as_str())?;
        let old = before.get(made.name.as_str());
        if let Some(old) = old.filter(|old| old.wheel != made.wheel) {
            self.house.remove_wheel(old.wheel.as_str())?;
        }
        self.house.remember(&made)?;
        job.made = Some(made);
        Ok(())
    }

    /// A package that came to nothing: what an earlier run made of other inputs goes.
    fn failed(&self, mut job: Job, before: &BTreeMap<String, Made>) -> Result<Failed, Error> {
        if let Some(old) = before.get(&job.package.name) {
            self.house.forget(old)?;
        }
        if job.failed.is_empty() {
            let package = format!("{} {}", job.package.name, job.version());
            let only_source = self.options.choice.no_compile && job.package.sdist.is_some();
            let fault = match only_source && self.forbidden(&job.package).is_none() {
                true => BuildFault::Foreign {
                    package: package.into(),
                },
                false => BuildFault::NoWay {
                    package: package.into(),
                    target: format!("{} on {}", self.target.abi(), self.target.arch.name()).into(),
                    forbidden: self.forbidden(&job.package),
                },
            };
            job.failed.push((Way::Take, fault.into()));
        }
        Ok(Failed {
            version: job.version().into(),
            name: job.package.name.into(),
            errors: job.failed,
        })
    }

    /// The flag without which there would be a way.
    fn forbidden(&self, package: &Locked) -> Option<&'static str> {
        let mut free = self.options.choice.clone();
        free.no_port = false;
        if !steps(package, &self.target, &free).is_empty() {
            return Some("--no-port");
        }
        free.compile_all = false;
        free.compile.clear();
        (!steps(package, &self.target, &free).is_empty()).then_some("--compile")
    }
}
