//! What is to be in the wheelhouse: the lock that was given, the one that is kept, or a new one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::options::Options;
use crate::error::Error;
use crate::host::{self, Engine, Pip, Wheelhouse};
use crate::plan::{self, BuildFault, Cause, Lack, Lock, Locked, PipReport, Target, normalised};
use crate::wheel::Untrusted;

/// The lock to go by; it is in the wheelhouse afterwards.
pub(super) fn lock(
    options: &Options,
    house: &Wheelhouse,
    target: &Target,
    engine: &Engine,
) -> Result<Lock, Error> {
    if let Some(path) = &options.lock {
        let lock = read(path, &host::read_text(path)?)?;
        let mut lock = placed(lock, path);
        for_this_python(&mut lock, options, target, engine)?;
        if let Some(name) = lock.repeated() {
            let why = format!("`{name}` stands there more than once for this Python");
            return Err(wrong(path, why));
        }
        // A lock that lies in the wheelhouse already is somebody's: what was given is not changed.
        if !host::is_same_file(path, &house.lock_path()) {
            house.keep("pylock.toml", &lock.to_text())?;
        }
        return Ok(lock);
    }
    let inputs = inputs(options, target)?;
    if !options.upgrade
        && let Some(text) = house.lock_text()?
    {
        let lock = read(&house.lock_path(), &text)?;
        if lock.inputs() == inputs {
            return Ok(lock);
        }
    }
    let pip = engine.pip(&options.pip, target)?;
    let work = house.work("resolve")?;
    let report = resolve(&pip, options, house, &work)?;
    let yanked: Vec<Untrusted> = report
        .install
        .iter()
        .filter(|one| one.is_yanked)
        .map(|one| {
            let (name, version) = (&one.metadata.name, &one.metadata.version);
            format!("{} {version}", normalised(name)).into()
        })
        .collect();
    let pinned = pip.pinned()?;
    // Whoever pins the digests means this very file.
    if !yanked.is_empty() && pinned.is_empty() {
        return Err(BuildFault::Yanked { packages: yanked }.into());
    }
    let names: BTreeSet<String> = report
        .install
        .iter()
        .map(|one| normalised(&one.metadata.name))
        .collect();
    let candidates = pip.candidates(&names.into_iter().collect::<Vec<_>>())?;
    let mut packages = plan::locked_packages(
        &report,
        &candidates,
        &pinned,
        target,
        &work.to_string_lossy(),
    );
    for package in &mut packages {
        digest(package)?;
    }
    let mut direct = report.install.iter().filter(|one| one.is_direct);
    let held = |name: &str| {
        let package = packages.iter().find(|one| one.name == name);
        package.is_some_and(|one| one.sdist.is_some() || !one.wheels.is_empty())
    };
    if let Some(one) = direct.find(|one| !held(&normalised(&one.metadata.name))) {
        let package = format!("{} {}", one.metadata.name, one.metadata.version);
        return Err(BuildFault::NoArchive {
            package: package.into(),
        }
        .into());
    }
    // What an index says is held against the same rules as a lock that was given.
    let text = Lock::new(packages, &inputs).to_text();
    let lock = read(&house.lock_path(), &text)?;
    house.keep("pylock.toml", &text)?;
    Ok(lock)
}

/// Resolve over wheels. Where a project has none that fits, a wheel of nothing but its metadata stands for its
/// source archive, and it is tried again.
fn resolve(
    pip: &Pip<'_>,
    options: &Options,
    house: &Wheelhouse,
    work: &Path,
) -> Result<PipReport, Error> {
    let mut tried = BTreeSet::new();
    loop {
        let error = match pip.resolve(work, &work.join("report.json")) {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        let Error::Build(BuildFault::Engine { lacks, .. }) = &error else {
            return Err(error);
        };
        let wanted = lacks.iter().find_map(|lack| match lack {
            Lack::Project { requirement, .. } => Some(requirement.clone()),
            _ => None,
        });
        let Some(wanted) = wanted.filter(|wanted| tried.insert(wanted.clone())) else {
            return Err(error);
        };
        let stand_in = pip.stand_in(wanted.as_str(), work)?;
        let Some(sdist) = stand_in.sdist else {
            if !stand_in.unreached.is_empty() {
                return Err(unread(error, stand_in.unreached));
            }
            return Err(no_version(
                error,
                wanted.as_str(),
                stand_in.found,
                &stand_in.yanked,
            ));
        };
        if options.choice.no_compile {
            return Err(BuildFault::Foreign { package: wanted }.into());
        }
        let log = house.log(&normalised(plan::project_of(wanted.as_str())));
        if !stand_in.made && !pip.built_stand_in(&sdist, work, &log)? {
            let said = house.end_of_log(&log)?;
            return Err(BuildFault::NotBuilt {
                package: wanted,
                lacks: plan::lacks(&said),
                said: said.into(),
                log,
            }
            .into());
        }
    }
}

/// The error that what an index has is not known: pip alone would say that the project is not there.
fn unread(error: Error, pages: Vec<host::Unreached>) -> Error {
    let Error::Build(BuildFault::Engine { doing, said, .. }) = error else {
        return error;
    };
    let lacks = pages.into_iter().map(|one| Lack::Unread {
        page: one.page.into(),
        why: one.why.into(),
        cause: match one.denied {
            true => Cause::Denied,
            false => Cause::Network,
        },
    });
    let lacks = lacks.collect();
    BuildFault::Engine { doing, said, lacks }.into()
}

/// The error that there is no such version, with those that there are.
fn no_version(error: Error, wanted: &str, found: Vec<String>, yanked: &[String]) -> Error {
    if !yanked.is_empty() {
        let name = normalised(plan::project_of(wanted));
        let packages = yanked
            .iter()
            .map(|version| format!("{name} {version}").into());
        return BuildFault::Yanked {
            packages: packages.collect(),
        }
        .into();
    }
    match error {
        Error::Build(BuildFault::Engine {
            doing,
            said,
            mut lacks,
        }) => {
            for lack in &mut lacks {
                if let Lack::Project {
                    requirement,
                    versions,
                } = lack
                    && *requirement == *wanted
                    && versions.is_empty()
                {
                    *versions = found.iter().map(Into::into).collect();
                }
            }
            BuildFault::Engine { doing, said, lacks }.into()
        }
        error => error,
    }
}

fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    Lock::parse(text).map_err(|why| wrong(path, why))
}

fn wrong(path: &Path, why: String) -> Error {
    let path = path.to_owned();
    BuildFault::Lock {
        path,
        why: why.into(),
    }
    .into()
}

/// A lock for many environments, without what is for others.
fn for_this_python(
    lock: &mut Lock,
    options: &Options,
    target: &Target,
    engine: &Engine,
) -> Result<(), Error> {
    let markers: Vec<String> = lock
        .packages
        .iter()
        .filter_map(|one| one.marker.clone())
        .collect();
    if markers.is_empty() {
        return Ok(());
    }
    let mut holds = engine
        .pip(&options.pip, target)?
        .markers(&markers)?
        .into_iter();
    lock.packages
        .retain(|one| one.marker.is_none() || holds.next().unwrap_or(true));
    Ok(())
}

/// A lock's paths seen from where it is kept now.
fn placed(mut lock: Lock, from: &Path) -> Lock {
    let folder = from.parent().unwrap_or(Path::new(""));
    for package in &mut lock.packages {
        for file in package.sdist.iter_mut().chain(&mut package.wheels) {
            if let Some(path) = &file.path {
                file.path = Some(
                    host::absolute(&folder.join(path))
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    lock
}

/// Indexes say their files' digests; a folder does not.
fn digest(package: &mut Locked) -> Result<(), Error> {
    for file in package.sdist.iter_mut().chain(&mut package.wheels) {
        let local = file.url.as_deref().and_then(host::local_file);
        if file.sha256().is_empty()
            && let Some(path) = local
        {
            let sum = host::sha256_of(&path)?;
            file.hashes.insert("sha256".to_owned(), sum);
        }
    }
    package.wheels.retain(|file| !file.sha256().is_empty());
    package.sdist.take_if(|file| file.sha256().is_empty());
    Ok(())
}

/// A digest over everything that decides what is resolved, but for the index itself.
fn inputs(options: &Options, target: &Target) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut add = |kind: &str, text: &str| {
        hash.update(format!("{kind} {}\n{text}\n", text.len()));
    };
    let pip = &options.pip;
    add("target", &format!("{target:?}"));
    add("flags", &format!("{} {}", pip.no_index, pip.pre));
    for one in &pip.requirements {
        add("requirement", one);
    }
    for one in &pip.find_links {
        add("links", one);
    }
    let mut files: Vec<PathBuf> = pip.files.iter().chain(&pip.constraints).cloned().collect();
    files.reverse();
    let mut seen = BTreeSet::new();
    while let Some(path) = files.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let text = host::read_text(&path)?;
        add("file", &text);
        let folder = path.parent().unwrap_or(Path::new(""));
        files.extend(plan::included_files(&text).map(|name| folder.join(name)));
    }
    Ok(plan::hex(&hash.finalize()))
}
