//! Which Python wheels are gathered for, and which pip does the work.

use std::path::{Path, PathBuf};

use super::interpreter::PythonFacts;
use super::pip::Engine;
use crate::elf::{Arch, Facts};
use crate::error::Error;
use crate::host::Sysroot;
use crate::plan::Target;
use crate::resolve::{Libc, World};
use crate::wheel::{Sentence, Untrusted, sentence};

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct TargetAsked {
    /// The interpreter whose pip does the work.
    pub python: Option<PathBuf>,
    /// The Alpine that the wheels are for; `None`: this machine.
    pub sysroot: Option<PathBuf>,
}

/// The target, and the engine, which is looked for when it is needed: a build by a lock whose files are on this
/// machine needs none.
///
/// # Errors
/// When it is no Alpine, or its Python is not known.
pub fn find_target(asked: &TargetAsked, sysroot: &Sysroot) -> Result<(Target, Engine), Error> {
    if sysroot.libc() == Some(Libc::Glibc) {
        let place = asked.sysroot.clone().unwrap_or_else(|| PathBuf::from("/"));
        return Err(Error::Refused {
            path: place,
            why: "it is a system of glibc, and the wheels are for Alpine".into(),
            hint: "run it in an Alpine (`FROM python:3.13-alpine`), or name an unpacked one with `--sysroot DIR`"
                .into(),
        });
    }
    let Some(root) = &asked.sysroot else {
        let engine = Engine::of(asked.python.clone());
        let facts = engine.facts()?;
        return Ok((own_target(facts)?, engine));
    };
    let (python, arch) = python_of(root, sysroot)?;
    let target = Target {
        python,
        free_threaded: false,
        arch,
    };
    let engine = Engine::of_version(asked.python.clone(), python);
    Ok((target, engine))
}

fn own_target(facts: &PythonFacts) -> Result<Target, Error> {
    let bad = |why: Sentence| Error::Usage(why);
    let Some(python) = facts.short_version() else {
        let version = Untrusted::from(facts.version.as_str());
        return Err(bad(sentence!("`{}` is no version of Python", version)));
    };
    if facts.implementation != "cpython" {
        return Err(bad(sentence!(
            "the interpreter is {}, and wheels are gathered for CPython; give another one with `--python`",
            Untrusted::from(facts.implementation.as_str())
        )));
    }
    let Some(arch) = Arch::from_name(&facts.machine) else {
        let machine = Untrusted::from(facts.machine.as_str());
        return Err(bad(sentence!(
            "the machine `{}` has no platform tags",
            machine
        )));
    };
    Ok(Target {
        python,
        free_threaded: facts
            .soabi
            .split('-')
            .nth(1)
            .is_some_and(|abi| abi.ends_with('t')),
        arch,
    })
}

/// The newest Python of an unpacked Alpine, and its machine.
fn python_of(root: &Path, sysroot: &Sysroot) -> Result<((u16, u16), Arch), Error> {
    let names = |folder: &str| World::<Facts>::list(sysroot, folder);
    // The images of Docker's Python have theirs in /usr/local.
    let found = ["/usr/local/bin", "/usr/bin"].iter().find_map(|folder| {
        let versions = names(folder).into_iter().filter_map(|name| {
            let minor = name.strip_prefix("python3.")?.parse().ok()?;
            Some((3, minor))
        });
        versions.max()
    });
    let loaders = names("/lib");
    // A folder that cannot be read holds nobody knows what.
    sysroot.check_root()?;
    let Some(python) = found else {
        return Err(Error::Refused {
            path: root.to_owned(),
            why: "no Python is in its /usr/local/bin or /usr/bin".into(),
            hint: "name an Alpine that the wheels are for, with its Python in it".into(),
        });
    };
    let arch = loaders.iter().find_map(|name| {
        let machine = name.strip_prefix("ld-musl-")?.strip_suffix(".so.1")?;
        Arch::from_name(match machine {
            "armhf" => "armv7l",
            "i386" => "i686",
            other => other,
        })
    });
    let Some(arch) = arch else {
        return Err(Error::Refused {
            path: root.to_owned(),
            why: "no loader of musl is in its /lib, so its machine is not known".into(),
            hint: "name an Alpine with `--sysroot DIR`".into(),
        });
    };
    Ok((python, arch))
}
