//! What has to come from outside of the wheel when a given policy says what may stay.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::elf::{Arch, Soname, X86Level};
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::links::{Leads, Links};
use crate::plan::needs::obstacle::{Blocker, MissingLibrary};
use crate::policy::{GlibcVersion, Policy};
use crate::resolve::{ModulePath, is_extension, offered, required};

/// What becomes of one needed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Need {
    /// The name stays as it is.
    Stays,
    /// It stays because the user excluded it.
    Excluded,
    /// It is dropped: libpython.
    Dropped,
    /// It leads to this graft, by its real path.
    Graft(ModulePath),
    /// It leads to this file of the wheel, which needs a run path entry to be found.
    Reach(ModulePath),
    /// It leads to this file of the wheel, which is found as things are.
    Inside(ModulePath),
}

/// The outcome for one policy.
#[derive(Debug, Default)]
pub(in crate::plan) struct Outside {
    /// Every file of the wheel and every graft, and what becomes of its needs.
    pub(in crate::plan) needs: BTreeMap<ModulePath, BTreeMap<Soname, Need>>,
    /// The grafts' real paths, and the names by which each is needed.
    pub(in crate::plan) grafts: BTreeMap<ModulePath, BTreeSet<Soname>>,
    /// What becomes of the libraries that a file has version needs on and that another file of the
    /// process brings.
    pub(in crate::plan) brought: BTreeMap<ModulePath, BTreeMap<Soname, Need>>,
    /// The programs, or libraries of programs, that need a libpython which nothing brings.
    pub(in crate::plan) embedding: BTreeSet<(ModulePath, Soname)>,
    /// What cannot be found anywhere.
    pub(in crate::plan) missing: BTreeMap<Soname, MissingLibrary>,
}

/// Which libraries may stay outside.
pub(in crate::plan) struct Rules<'a> {
    pub(in crate::plan) policy: Option<&'a Policy>,
    pub(in crate::plan) exclude: &'a Exclusions,
}

/// Walk from the wheel's files through everything that has to come along.
pub(in crate::plan) fn outside(
    links: &Links,
    wheel_files: &BTreeSet<ModulePath>,
    rules: &Rules<'_>,
) -> Outside {
    let mut result = Outside::default();
    let own = Own::of(links, wheel_files);
    // The wheel's own files first: what they tried is what a person looks for.
    let mut queue: VecDeque<ModulePath> = wheel_files.iter().cloned().collect();
    let mut seen: BTreeSet<ModulePath> = wheel_files.clone();
    while let Some(file) = queue.pop_front() {
        let mut needs = BTreeMap::new();
        for (wants, leads) in links.of(&file) {
            let need = decide(links, wants, leads, &file, &own, rules);
            if need.is_none() && is_libpython(wants.as_str()) {
                result.embedding.insert((file.clone(), wants.clone()));
                continue;
            }
            match &need {
                Some(Need::Graft(source)) => {
                    let names = result.grafts.entry(source.clone()).or_default();
                    names.insert(wants.clone());
                    if seen.insert(source.clone()) {
                        queue.push_back(source.clone());
                    }
                }
                Some(_) => {}
                None => {
                    let entry = result.missing.entry(wants.clone()).or_default();
                    let probes = match leads {
                        Leads::Missing(probes) => &**probes,
                        _ => &[],
                    };
                    entry.add(&file, probes);
                    if entry.carried.is_empty() {
                        entry.carried.extend(own.called(wants).cloned());
                    }
                }
            }
            if let Some(need) = need {
                needs.insert(wants.clone(), need);
            }
        }
        let brought = links.brought.get(&file).into_iter().flatten();
        let brought = brought.filter_map(|(name, leads)| {
            let need = decide(links, name, leads, &file, &own, rules)?;
            Some((name.clone(), need))
        });
        result.brought.insert(file.clone(), brought.collect());
        result.needs.insert(file, needs);
    }
    result
}

/// The files of the wheel, by what they are called.
struct Own<'a> {
    files: &'a BTreeSet<ModulePath>,
    /// By the names of the files, in their order.
    by_file_name: HashMap<&'a str, Vec<&'a ModulePath>>,
    /// By the names that they have for themselves, where those are others.
    by_soname: HashMap<&'a str, Vec<&'a ModulePath>>,
}

impl<'a> Own<'a> {
    fn of(links: &'a Links, files: &'a BTreeSet<ModulePath>) -> Self {
        let mut by_file_name: HashMap<&str, Vec<&ModulePath>> = HashMap::new();
        let mut by_soname: HashMap<&str, Vec<&ModulePath>> = HashMap::new();
        for path in files {
            by_file_name.entry(path.file_name()).or_default().push(path);
            let file = links.files.get(path);
            let soname = file.and_then(|file| file.facts.soname.as_ref());
            if let Some(soname) = soname.filter(|name| name.as_str() != path.file_name()) {
                by_soname.entry(soname.as_str()).or_default().push(path);
            }
        }
        Self {
            files,
            by_file_name,
            by_soname,
        }
    }

    /// Those that say of themselves that they are the library of that name, under whatever name they
    /// lie there, or wherever.
    fn called(&self, name: &Soname) -> impl Iterator<Item = &'a ModulePath> {
        let of = |all: &HashMap<&str, Vec<&'a ModulePath>>| all.get(name.as_str()).cloned();
        let found = [of(&self.by_file_name), of(&self.by_soname)];
        found.into_iter().flatten().flatten()
    }

    /// The one with that name that is nearest to `file`: most folders in common, then the fewest steps
    /// down, then by name.
    fn nearest(&self, name: &str, file: &ModulePath) -> Option<ModulePath> {
        let parts = |path: &ModulePath| -> Vec<String> {
            let folder = path.parent();
            folder.as_str().split('/').map(str::to_owned).collect()
        };
        let here = parts(file);
        let named = self.by_file_name.get(name).into_iter().flatten();
        named
            .filter(|candidate| candidate.place() == file.place())
            .min_by_key(|candidate| {
                let there = parts(candidate);
                let common = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
                let steps = here
                    .len()
                    .saturating_add(there.len())
                    .saturating_sub(common.saturating_mul(2));
                (steps, (**candidate).clone())
            })
            .map(|found| (*found).clone())
    }
}

fn decide(
    links: &Links,
    wants: &Soname,
    leads: &Leads,
    file: &ModulePath,
    own: &Own<'_>,
    rules: &Rules<'_>,
) -> Option<Need> {
    let target = match leads {
        Leads::Libc => return Some(Need::Stays),
        Leads::Inside { file, .. } | Leads::Outside(file) => Some(file),
        Leads::Missing(_) => None,
    };
    let excluded = rules.exclude.hold(wants.as_str())
        || target.is_some_and(|path| rules.exclude.hold(path.as_str()));
    if excluded {
        return Some(Need::Excluded);
    }
    if is_libpython(wants.as_str()) {
        // The interpreter that loads an extension has it. A program that embeds one has not; a wheel
        // may carry one for it.
        let facts = links.files.get(file).map(|file| &file.facts);
        if facts.is_some_and(|facts| is_extension(file.file_name(), facts)) {
            return Some(Need::Dropped);
        }
        if !matches!(leads, Leads::Inside { .. }) {
            return match own.nearest(wants.as_str(), file) {
                Some(found) => Some(Need::Reach(found)),
                None if links.of_programs.contains(file) => None,
                None => Some(Need::Dropped),
            };
        }
    }
    if let Leads::Inside {
        file: target,
        alone,
    } = leads
    {
        // Found only because of who loaded the needing file: that may be another file
        // on another day, so the needing file itself gets the way there.
        let reach = !alone && own.files.contains(file);
        return Some(if reach {
            Need::Reach(target.clone())
        } else {
            Need::Inside(target.clone())
        });
    }
    if rules
        .policy
        .is_some_and(|policy| policy.provides(wants.as_str()))
    {
        return Some(Need::Stays);
    }
    match leads {
        // A path is no name to look up: it would take any file of this machine along.
        Leads::Outside(_) if wants.as_str().contains('/') => None,
        Leads::Outside(source) => Some(Need::Graft(source.clone())),
        _ => own.nearest(wants.as_str(), file).map(Need::Reach),
    }
}

/// `libpython3.so`, `libpython3.13.so.1.0` with an ABI letter, `libpypy3.10-c.so`.
pub(in crate::plan) fn is_libpython(name: &str) -> bool {
    let Some((stem, _)) = name.split_once(".so") else {
        return false;
    };
    if let Some(version) = stem.strip_prefix("libpython") {
        let digits = version.trim_end_matches(['t', 'd', 'm', 'u']);
        return !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    }
    stem.strip_prefix("libpypy").is_some_and(|rest| {
        rest.chars()
            .all(|c| c.is_ascii_digit() || ".-c".contains(c))
    })
}

impl Outside {
    /// What in these files a policy does not allow under a tag of the version `promised`, its own or
    /// one without a row of its own. Its libraries are no matter here:
    /// what the policy does not provide is grafted.
    pub(in crate::plan) fn blockers(
        &self,
        links: &Links,
        policy: &Policy,
        arch: Arch,
        promised: (u16, u16),
    ) -> Vec<Blocker> {
        let mut found = BTreeSet::new();
        let mut forbidden = Vec::new();
        for (path, needs) in &self.needs {
            let Some(file) = links.files.get(path) else {
                continue;
            };
            for need in &file.facts.version_needs {
                let brought = self.brought.get(path).and_then(|of| of.get(&need.file));
                if self.comes_along(needs.get(&need.file).or(brought)) {
                    continue;
                }
                for version in &need.versions {
                    if !policy.has_version(arch, &version.name, promised) {
                        found.insert(Blocker::Version {
                            file: path.clone(),
                            library: need.file.clone(),
                            version: version.name.clone().into(),
                        });
                    }
                }
            }
            for library in needs
                .keys()
                .filter(|name| !self.comes_along(needs.get(*name)))
            {
                if let Some(symbols) = policy.forbidden(library.as_str()) {
                    let wanted = required(&file.facts).map(|symbol| symbol.name);
                    let wanted: BTreeSet<&str> =
                        wanted.filter(|name| symbols.contains(name)).collect();
                    let wanted = wanted.into_iter().map(|symbol| (path, library, symbol));
                    forbidden.extend(wanted);
                }
            }
        }
        found.extend(self.unbrought(links, &forbidden));
        found.into_iter().collect()
    }

    fn comes_along(&self, need: Option<&Need>) -> bool {
        matches!(
            need,
            Some(Need::Graft(_) | Need::Reach(_) | Need::Inside(_))
        )
    }

    /// Strong references to forbidden symbols, unless a file that comes along defines them.
    fn unbrought(&self, links: &Links, forbidden: &[(&ModulePath, &Soname, &str)]) -> Vec<Blocker> {
        if forbidden.is_empty() {
            return Vec::new();
        }
        let mut symbols: BTreeSet<&str> = forbidden.iter().map(|(.., symbol)| *symbol).collect();
        for other in self.needs.keys().filter_map(|path| links.files.get(path)) {
            for name in offered(&other.facts) {
                symbols.remove(name);
            }
        }
        let left = forbidden.iter();
        let left = left.filter(|(.., symbol)| symbols.contains(symbol));
        left.map(|(path, library, symbol)| Blocker::Symbol {
            file: (*path).clone(),
            library: (*library).clone(),
            symbol: (*symbol).into(),
        })
        .collect()
    }
}

/// The oldest glibc that would do where a policy's own is too old, by what the policy does not allow;
/// `None`: something of it no glibc that is known has, or none is too old.
pub(in crate::plan) fn glibc_that_would_do(blockers: &[Blocker]) -> Option<(u16, u16)> {
    let needs = blockers.iter().map(|blocker| match blocker {
        Blocker::Version { version, .. } => GlibcVersion::of(version.as_str())?.release(),
        _ => None,
    });
    needs.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Files marked for processors beyond the baseline that a tag promises.
pub(in crate::plan) fn isa_blockers(links: &Links, outside: &Outside, arch: Arch) -> Vec<Blocker> {
    let files = outside
        .needs
        .keys()
        .filter_map(|path| links.files.get(path));
    files
        .filter_map(|file| {
            let level = file.facts.x86_isa.level()?;
            // What a 32-bit file is marked with was never a promise of its tag.
            let beyond = arch == Arch::X86_64 && level > X86Level::Baseline;
            beyond.then(|| Blocker::Isa {
                file: file.real_path.clone(),
                level: level.to_string().into(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_libpython;

    #[test]
    fn libpython_is_known_under_all_its_names() {
        for name in [
            "libpython3.so",
            "libpython3.13.so.1.0",
            "libpython3.13t.so.1.0",
            "libpython3.7m.so.1.0",
            "libpypy3-c.so",
            "libpypy3.10-c.so",
        ] {
            assert!(is_libpython(name), "{name}");
        }
        for name in [
            "libpythonic.so",
            "libboost_python313.so.1.87.0",
            "libpython",
            "libpythonqt3.so",
        ] {
            assert!(!is_libpython(name), "{name}");
        }
    }
}
