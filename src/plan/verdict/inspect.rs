//! The truth about a wheel as it is: what it deserves, carries and needs, where it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::elf::{Arch, Soname};
use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::foreign::all_suit_both;
use crate::plan::needs::hindrance::{sure_hindrances, surroundings};
use crate::plan::needs::imports::not_imported;
use crate::plan::needs::links::{Leads, Links};
use crate::plan::needs::obstacle::Blocker;
use crate::plan::needs::old_python::python_blockers;
use crate::plan::needs::outside::isa_blockers;
use crate::plan::needs::outside::{Outside, Rules, glibc_that_would_do, outside};
use crate::plan::needs::subject::{ElfEntry, Platform, Subject};
use crate::plan::needs::target::MUSL_AUTO;
use crate::plan::repair::naming::hex;
use crate::plan::rules::fault::Fault;
use crate::plan::verdict::glibc_floor::{GlibcFloor, glibc_floor};
use crate::policy::{Importers, MuslFloor, Policy, Pythons, musl_floor, policies};
use crate::resolve::{BindingReport, Exceeded, Libc, ModulePath, bind};
use crate::wheel::Untrusted;

/// What is looked at: a wheel, an installed package, or a single file.
pub struct InspectInput<'a> {
    /// What it is called.
    pub name: Untrusted,
    /// The platform tags that it claims; none for a single file.
    pub claims: &'a [String],
    /// The interpreters that its tags claim.
    pub pythons: &'a Pythons,
    /// The names of extensions that they look for.
    pub importers: &'a Importers,
    /// Its ELF files that are for its machine and C library, and what each of them pulls in.
    pub subject: &'a Subject,
}

/// What there is to know about it.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file name, or what else it is called.
    pub wheel: Untrusted,
    /// Whose loader loads it.
    pub libc: Libc,
    /// The other C library, where its tags speak of both and its files suit both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_libc: Option<Libc>,
    /// The machine, as tags call it.
    pub machine: &'static str,
    /// The platform tags that the file name claims.
    pub claims: Vec<String>,
    /// The platform tags that the content deserves as it is; empty: none but `linux`.
    pub deserves: Vec<String>,
    /// Why it does not deserve a wider one, or any.
    pub blockers: Vec<Blocker>,
    /// The build-ids of its files, in lower-case hexadecimal; a file without one is not among them.
    #[serde(skip)]
    pub build_ids: BTreeMap<ModulePath, String>,
    /// The libraries of the wheel that its other files need.
    pub carries: Vec<Carried>,
    /// What it needs from outside.
    pub needs: Vec<Needed>,
    /// glibc: the symbol versions it needs, by library.
    pub versions: BTreeMap<Soname, BTreeSet<Untrusted>>,
    /// musl: the oldest Alpine on which every file loads.
    pub floor: Option<MuslFloor>,
    /// glibc: the oldest one on which every file loads.
    pub glibc_floor: Option<GlibcFloor>,
    /// Symbols that nothing defines.
    pub binding: BindingReport,
    /// Why it runs nowhere: what keeps files of it from being loaded on any system of its C library,
    /// or by any Python of its tags.
    #[serde(skip)]
    pub nowhere: Vec<Fault>,
}

/// A library in the wheel.
#[derive(Clone, Debug, Serialize)]
pub struct Carried {
    /// Where it lands.
    pub file: ModulePath,
    /// Its size in bytes.
    pub size: u64,
    /// Who needs it.
    pub needed_by: BTreeSet<ModulePath>,
}

/// A library outside of the wheel.
#[derive(Clone, Debug, Serialize)]
pub struct Needed {
    /// The needed name.
    pub name: Soname,
    /// Who in the wheel needs it.
    pub needed_by: BTreeSet<ModulePath>,
    /// Where it was found on this machine or in this root.
    pub found: Option<ModulePath>,
    /// Its size there.
    pub size: Option<u64>,
    /// May be expected wherever the deserved tag, or the widest one, is true.
    pub provided: bool,
}

/// Look at it.
///
/// # Errors
/// When there is more to find than the budget of its graph allows.
pub fn inspect(input: &InspectInput<'_>) -> Result<Inspection, Exceeded> {
    let subject = input.subject;
    let Platform { arch, libc, .. } = subject.platform;
    let links = Links::merge(&subject.graph);
    let files = subject.linked();
    let nothing = Exclusions::default();
    let assess = |policy: &'static Policy| {
        let rules = Rules {
            policy: Some(policy),
            exclude: &nothing,
        };
        outside(&links, &files, &rules)
    };
    // As `--plat auto`: an older musl only where the name claims it.
    let claimed = |policy: &&'static Policy| {
        policy
            .names(arch)
            .iter()
            .any(|name| input.claims.contains(name))
    };
    let auto =
        |policy: &&'static Policy| libc == Libc::Glibc || policy.tag(arch).version >= MUSL_AUTO;
    let candidates = policies(libc, arch);
    let candidates = candidates
        .into_iter()
        .filter(|one| auto(one) || claimed(one));
    let own: BTreeSet<&ModulePath> = files.iter().collect();
    let other = other_libc(input);
    let is_of = |one: Libc| libc == one || other == Some(one);
    let floor = is_of(Libc::Musl).then(|| musl_floor(&subject.graph, arch, &own, false));
    let mut assessed: Vec<Assessed> = candidates
        .map(|policy| Assessed {
            policy,
            version: policy.tag(arch).version,
            outside: assess(policy),
        })
        .collect();
    let blocked = |one: &Assessed| {
        let mut blockers = one.outside.blockers(&links, one.policy, arch, one.version);
        blockers.extend(python_blockers(&links, &one.outside));
        blockers.extend(isa_blockers(&links, &one.outside, arch));
        let floor = floor.as_ref().filter(|_| libc == Libc::Musl);
        blockers.extend(musl_blockers(one.policy, floor, arch));
        blockers
    };
    // Past the newest row of the table, as `repair` tags it.
    if let Some((policy, version)) = assessed
        .last()
        .and_then(|newest| Some((newest.policy, glibc_that_would_do(&blocked(newest))?)))
    {
        let outside = assess(policy);
        assessed.push(Assessed {
            policy,
            version,
            outside,
        });
    }
    let complete = |outside: &Outside| outside.grafts.is_empty() && outside.missing.is_empty();
    let around = surroundings(libc, arch, input.pythons);
    let binding = bind(&subject.graph, &around)?;
    let (graph, platform) = (&subject.graph, &subject.platform);
    let mut nowhere = sure_hindrances(graph, platform, &binding, &around, &files);
    nowhere.extend(not_imported(subject, input.importers));
    let deserved = assessed
        .iter()
        .position(|one| complete(&one.outside) && blocked(one).is_empty())
        .filter(|_| nowhere.is_empty());
    // Why not the next wider one, or why none.
    let wider = deserved.map_or(assessed.len(), |position| position);
    let blockers = wider
        .checked_sub(1)
        .and_then(|place| assessed.get(place))
        .map(blocked);
    let deserved = deserved.and_then(|position| assessed.get(position));
    let judged_by = deserved.or_else(|| assessed.first()).map(|one| one.policy);
    let needs = needed(&links, &files, judged_by);
    Ok(Inspection {
        wheel: input.name.clone(),
        libc,
        machine: arch.name(),
        claims: input.claims.to_vec(),
        other_libc: other,
        deserves: deserved.map_or_else(Vec::new, |one| {
            let mut names = one.policy.names_at(arch, one.version);
            names.extend(
                other
                    .into_iter()
                    .flat_map(|libc| claimed_of(input.claims, libc, arch)),
            );
            names
        }),
        blockers: blockers.unwrap_or_default(),
        build_ids: build_ids(&subject.elf),
        carries: carried(&links, &subject.elf),
        needs,
        versions: versions(&links, &files),
        glibc_floor: is_of(Libc::Glibc).then(|| glibc_floor(&subject.graph, &links, &files, arch)),
        binding,
        nowhere,
        floor,
    })
}

/// The claims that are tags of a C library, known ones.
fn claimed_of(claims: &[String], libc: Libc, arch: Arch) -> impl Iterator<Item = String> {
    let of_libc = move |tag: &&String| {
        let known = policies(libc, arch).into_iter();
        known
            .flat_map(|policy| policy.names(arch))
            .any(|name| name == **tag)
    };
    claims.iter().filter(of_libc).cloned()
}

/// The C library that the subject is not judged by, where the tags speak of it too and every file
/// suits both.
fn other_libc(input: &InspectInput<'_>) -> Option<Libc> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let other = match libc {
        Libc::Musl => Libc::Glibc,
        Libc::Glibc => Libc::Musl,
    };
    let speaks = |libc| claimed_of(input.claims, libc, arch).next().is_some();
    (speaks(libc) && speaks(other) && all_suit_both(&input.subject.elf)).then_some(other)
}

fn build_ids(elf: &[ElfEntry]) -> BTreeMap<ModulePath, String> {
    let of = |entry: &ElfEntry| {
        let identity = entry.file.facts.build_id.as_ref()?;
        Some((entry.installed.clone(), hex(identity)))
    };
    elf.iter().filter_map(of).collect()
}

/// A tag that the content might deserve.
struct Assessed {
    policy: &'static Policy,
    /// The policy's own, or a newer one without a row of its own.
    version: (u16, u16),
    outside: Outside,
}

/// What in a musl floor is newer than a tag's musl.
fn musl_blockers(policy: &Policy, floor: Option<&MuslFloor>, arch: Arch) -> Vec<Blocker> {
    let version = policy.tag(arch).version;
    let causes = floor.into_iter().flat_map(|floor| &floor.causes);
    causes
        .filter(|cause| {
            cause
                .since
                .musl_minor()
                .is_some_and(|minor| minor > version)
        })
        .cloned()
        .map(Blocker::Musl)
        .collect()
}

fn carried(links: &Links, elf: &[ElfEntry]) -> Vec<Carried> {
    let mut found: BTreeMap<ModulePath, BTreeSet<ModulePath>> = BTreeMap::new();
    for (file, needs) in &links.needs {
        for leads in needs.values() {
            if let Leads::Inside { file: library, .. } = leads {
                found
                    .entry(library.clone())
                    .or_default()
                    .insert(file.clone());
            }
        }
    }
    let sizes = elf.iter().map(|entry| (&entry.installed, entry.file.size));
    let sizes: BTreeMap<&ModulePath, u64> = sizes.collect();
    found
        .into_iter()
        .map(|(file, needed_by)| Carried {
            size: sizes.get(&file).copied().unwrap_or(0),
            file,
            needed_by,
        })
        .collect()
}

fn needed(links: &Links, files: &BTreeSet<ModulePath>, policy: Option<&Policy>) -> Vec<Needed> {
    let mut found: BTreeMap<Soname, Needed> = BTreeMap::new();
    for file in files {
        for (name, leads) in links.of(file) {
            let path = match leads {
                Leads::Inside { .. } => continue,
                Leads::Outside(path) => Some(path),
                Leads::Libc | Leads::Missing(_) => None,
            };
            let is_libc = *leads == Leads::Libc;
            let entry = found.entry(name.clone()).or_insert_with(|| Needed {
                name: name.clone(),
                needed_by: BTreeSet::new(),
                found: path.cloned(),
                size: path
                    .and_then(|path| links.files.get(path))
                    .map(|file| file.size),
                provided: is_libc || policy.is_some_and(|policy| policy.provides(name.as_str())),
            });
            entry.needed_by.insert(file.clone());
        }
    }
    found.into_values().collect()
}

fn versions(links: &Links, files: &BTreeSet<ModulePath>) -> BTreeMap<Soname, BTreeSet<Untrusted>> {
    let mut found: BTreeMap<Soname, BTreeSet<Untrusted>> = BTreeMap::new();
    for file in files.iter().filter_map(|path| links.files.get(path)) {
        for need in &file.facts.version_needs {
            let names = need.versions.iter().map(|version| (&version.name).into());
            found.entry(need.file.clone()).or_default().extend(names);
        }
    }
    found
}
