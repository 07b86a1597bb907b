//! The packages of a build that are compiled: what others need first, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::compile::{Task, compile};
use super::run::{Build, Job, Whole};
use crate::error::Error;
use crate::host;
use crate::plan::{self, How, Made, Way};

impl Build<'_> {
    /// Compile what is left, what others may need for their build first.
    pub(super) fn compile_all(
        &self,
        jobs: &mut [Job],
        before: &BTreeMap<String, Made>,
    ) -> Result<(), Error> {
        loop {
            let waiting: BTreeSet<String> = jobs
                .iter()
                .filter(|job| job.next(Way::Compile).is_some())
                .map(|job| job.package.name.clone())
                .collect();
            if waiting.is_empty() {
                return Ok(());
            }
            // What needs one that waits waits too; where all wait for each other, all go.
            let is_free = |job: &Job| {
                let needs = &job.package.dependencies;
                !needs.iter().any(|need| waiting.contains(&need.name))
            };
            let waits = |job: &&mut Job| job.next(Way::Compile).is_some();
            let any_free = jobs
                .iter()
                .any(|job| job.next(Way::Compile).is_some() && is_free(job));
            let ready: Vec<&mut Job> = jobs
                .iter_mut()
                .filter(waits)
                .filter(|job| !any_free || is_free(job))
                .collect();
            self.compile_some(ready, before)?;
        }
    }

    fn compile_some(
        &self,
        ready: Vec<&mut Job>,
        before: &BTreeMap<String, Made>,
    ) -> Result<(), Error> {
        let most = self.options.jobs;
        let jobs = plan::jobs(ready.len(), host::cores(), host::free_memory(), most);
        let before_all = host::variables(&plan::ENVIRONMENT);
        let environment = plan::environment(self.options.flags, jobs.compilers, &before_all);
        let queue = Mutex::new(ready.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        // Threads of their own: those of the pool are for what is computed here.
        let work = || -> Result<(), Error> {
            while let Some(job) = next() {
                self.compile_one(job, &environment, before)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            // Where the machine gives no more threads, those that there are do all.
            let spawn = || thread::Builder::new().spawn_scoped(scope, work).ok();
            let threads: Vec<_> = (1..jobs.packages).map_while(|_| spawn()).collect();
            let mut ended = vec![work()];
            for one in threads {
                ended.push(one.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            ended.into_iter().collect()
        })
    }

    fn compile_one(
        &self,
        job: &mut Job,
        environment: &BTreeMap<String, String>,
        before: &BTreeMap<String, Made>,
    ) -> Result<(), Error> {
        let Some(step) = job.next(Way::Compile).cloned() else {
            return Ok(());
        };
        let start = Instant::now();
        let compiled = self.source(&step).and_then(|source| {
            let pip = self.engine.pip(&self.options.pip, &self.target)?;
            let version = job.version();
            let task = Task {
                name: job.package.name.as_str(),
                version: &version,
                source: &source,
            };
            let compiled = compile(
                &task,
                self.options,
                &self.house,
                &pip,
                environment,
                self.progress,
            )?;
            Ok((source, compiled))
        });
        match compiled {
            Err(error) => job.fail(error),
            Ok((source, compiled)) => {
                let whole = Whole {
                    how: How::Compiled,
                    path: compiled.path,
                    floor: compiled.floor,
                };
                self.place(
                    job,
                    &step,
                    &source,
                    whole,
                    start.elapsed().as_secs_f64(),
                    before,
                )?;
                job.made.iter().for_each(self.told);
            }
        }
        Ok(())
    }
}
