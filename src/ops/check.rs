//! Is everything true that wheels and installed packages say of themselves?

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::Error;
use crate::host::{self, Limits, PathKind, Progress};
use crate::plan::{self, Degree, Exclusions, Fault, Package, Rule, RuleChoice};
use crate::resolve::{Bound, ModulePath, Place};
use crate::wheel::Untrusted;

/// The findings of one wheel, or of one installed package.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The path that was checked: of the wheel, or of the tree that the package is in.
    pub path: Untrusted,
    /// The wheel's file name or the package's.
    pub name: Untrusted,
    /// What was found, sorted.
    pub findings: Vec<Fault>,
}

/// What a check has come to.
#[derive(Debug)]
pub struct Outcome {
    /// Packages of installed trees, then wheels, in the order of the paths.
    pub checked: Vec<Checked>,
    /// What could not be read.
    pub failed: Vec<Error>,
}

impl Outcome {
    /// The degree of what matters most of all that was found; `None`: nothing was.
    pub fn worst(&self) -> Option<Degree> {
        let findings = self.checked.iter().flat_map(|one| &one.findings);
        findings.map(|fault| fault.rule().degree).max()
    }
}

/// Check wheels, folders of wheels, and folders that packages are installed in. What is excluded may be
/// missing in all of them.
///
/// # Errors
/// When a folder cannot be read or holds neither wheels nor installed packages.
pub fn check(
    paths: &[PathBuf],
    choice: &RuleChoice,
    exclude: &Exclusions,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let mut wheels = Vec::new();
    let mut checked = Vec::new();
    for path in paths {
        match host::path_kind(path)? {
            PathKind::Installed => {
                checked.extend(judged(path, host::examine_tree(path, limits)?, exclude)?)
            }
            PathKind::Folder => wheels.extend(host::wheels_in(path)?),
            PathKind::File | PathKind::Other => wheels.push(path.clone()),
        }
    }
    let examined: Vec<Result<Vec<Checked>, Error>> = wheels
        .par_iter()
        .map(|path| {
            let package = host::examine(path, limits, progress)?;
            judged(path, vec![package], exclude)
        })
        .collect();
    let mut failed = Vec::new();
    for result in examined {
        match result {
            Ok(more) => checked.extend(more),
            Err(error) => failed.push(error),
        }
    }
    let mut count = 0_u64;
    for one in &mut checked {
        one.findings.retain(|fault| choice.holds(fault.rule()));
        count = count.saturating_add(one.findings.len() as u64);
        let place = ModulePath::new(Place::Wheel, one.name.as_str());
        let allowed = limits.budget.allow(Bound::Findings, count, &place);
        allowed.map_err(Error::exceeded(one.path.as_str()))?;
    }
    Ok(Outcome { checked, failed })
}

/// The findings of packages that share a process.
fn judged(
    path: &Path,
    packages: Vec<Package>,
    exclude: &Exclusions,
) -> Result<Vec<Checked>, Error> {
    let mut clashes = plan::name_clashes(&packages);
    let mut all = Vec::new();
    for (number, package) in packages.iter().enumerate() {
        let findings = plan::check(package, exclude);
        let mut findings = findings.map_err(Error::exceeded(package.name.as_str()))?;
        let own = clashes.extract_if(.., |(of, _)| *of == number);
        findings.extend(own.map(|(_, fault)| fault));
        findings.sort();
        all.push(Checked {
            path: path.to_string_lossy().into_owned().into(),
            name: package.name.clone(),
            findings,
        });
    }
    Ok(all)
}

/// The rules whose codes begin with one of `prefixes`, as a person names them.
///
/// # Errors
/// When none begins with one of them.
pub fn rules(prefixes: &[String]) -> Result<Vec<&'static Rule>, Error> {
    let mut found = Vec::new();
    for prefix in prefixes {
        let before = found.len();
        found.extend(Rule::all().filter(|rule| rule.id.starts_with(prefix.as_str())));
        if found.len() == before || prefix.is_empty() {
            return Err(unknown(prefix));
        }
    }
    Ok(found)
}

/// The rule of this code, in any case, or of this name.
///
/// # Errors
/// When there is none.
pub fn rule(asked: &str) -> Result<&'static Rule, Error> {
    let known = |rule: &&Rule| rule.id.eq_ignore_ascii_case(asked) || rule.name == asked;
    Rule::all().find(known).ok_or_else(|| unknown(asked))
}

fn unknown(asked: &str) -> Error {
    let asked = crate::wheel::Untrusted::from(asked);
    Error::Usage(crate::wheel::sentence!(
        "no code begins with `{}`; `wheelfix rule` lists them all",
        asked
    ))
}
