//! Which platform tags the content deserves, and what the wheel's name and WHEEL become.

use std::collections::BTreeSet;

use crate::elf::{Arch, Relr};
use crate::plan::Note;
use crate::plan::needs::foreign::all_suit_both;
use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::{Blocker, Obstacle};
use crate::plan::needs::old_python::python_blockers;
use crate::plan::needs::outside::{Outside, Rules, glibc_that_would_do, isa_blockers, outside};
use crate::plan::needs::subject::{Platform, Subject};
use crate::plan::needs::target::{MUSL_AUTO, Requested};
use crate::plan::repair::input::RepairInput;
use crate::plan::repair::options::RepairOptions;
use crate::policy::{
    Cause, Family, MuslFloor, PlatformTag, Policy, musl_floor, policies, policy_of,
};
use crate::resolve::{Libc, ModulePath};
use crate::wheel::WheelFilename;

/// The verdict on one wheel.
pub(in crate::plan) struct Verdict {
    /// The tags to write, oldest promise first; empty: leave them as they are.
    pub(in crate::plan) tags: Vec<String>,
    /// The version of the widest promise among them.
    pub(in crate::plan) widest: (u16, u16),
    /// What has to come along.
    pub(in crate::plan) outside: Outside,
    /// musl only: the floor of the wheel's files and of what comes along.
    pub(in crate::plan) floor: Option<MuslFloor>,
}

/// Choose the tags.
pub(in crate::plan) fn choose(
    input: &RepairInput<'_>,
    options: &RepairOptions,
    links: &Links,
    wheel_files: &BTreeSet<ModulePath>,
) -> Result<Verdict, Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let requested = checked(input, options)?;
    let rows = policies(libc, arch);
    refuse_unknown(input, requested.as_ref(), &rows)?;
    let assess = |policy: Option<&'static Policy>, version: (u16, u16)| {
        let rules = Rules {
            policy,
            exclude: &options.exclude,
        };
        let outside = outside(links, wheel_files, &rules);
        let mut blockers = policy.map_or_else(Vec::new, |policy| {
            outside.blockers(links, policy, arch, version)
        });
        blockers.extend(python_blockers(links, &outside));
        if !options.disable_isa_check {
            blockers.extend(isa_blockers(links, &outside, arch));
        }
        Assessed {
            policy,
            version,
            outside,
            blockers,
        }
    };
    if libc == Libc::Musl {
        return choose_musl(input, options, requested.as_ref(), assess);
    }
    let assessed = candidates(rows, requested.as_ref(), arch, assess);
    choose_glibc(options, requested.as_ref(), assessed, arch)
}

/// A tag of glibc's that may be written, oldest promise first: the rows of the table, the one that
/// is asked for, and, where the newest row is not enough, the one that is (PEP 600: every version
/// that is not older than the greatest need is true).
fn candidates(
    rows: Vec<&'static Policy>,
    requested: Option<&PlatformTag>,
    arch: Arch,
    assess: impl Fn(Option<&'static Policy>, (u16, u16)) -> Assessed,
) -> Vec<Assessed> {
    let mut assessed: Vec<Assessed> = rows
        .into_iter()
        .map(|policy| assess(Some(policy), policy.tag(arch).version))
        .collect();
    let newest = assessed.last();
    let greatest = newest.and_then(|one| glibc_that_would_do(&one.blockers));
    let asked = requested.filter(|tag| tag.family == Family::Manylinux);
    for version in asked.map(|tag| tag.version).into_iter().chain(greatest) {
        let place = assessed.partition_point(|one| one.version < version);
        let is_known = assessed
            .get(place)
            .is_some_and(|one| one.version == version);
        let before = place.checked_sub(1).and_then(|place| assessed.get(place));
        if let Some(policy) = before.and_then(|one| one.policy).filter(|_| !is_known) {
            assessed.insert(place, assess(Some(policy), version));
        }
    }
    assessed
}

fn choose_glibc(
    options: &RepairOptions,
    requested: Option<&PlatformTag>,
    mut assessed: Vec<Assessed>,
    arch: Arch,
) -> Result<Verdict, Vec<Obstacle>> {
    let libc = Libc::Glibc;
    let wanted = requested.filter(|tag| tag.family == Family::Manylinux);
    let least = assessed.iter().map(Assessed::weight).min().unwrap_or(0);
    let (bound, last) = match wanted {
        Some(wanted) => {
            let of_wanted = assessed
                .iter()
                .position(|one| one.version == wanted.version);
            let one = of_wanted.and_then(|position| assessed.get(position));
            (one.map_or(least, Assessed::weight), of_wanted)
        }
        None => (least, None),
    };
    // The oldest tag that the content allows and that grafts no more than it must.
    let fits = |one: &Assessed| one.blockers.is_empty() && one.weight() <= bound;
    let exact = last.filter(|_| options.only_plat);
    let best = match exact {
        Some(position) => assessed
            .get(position)
            .filter(|one| fits(one))
            .map(|_| position),
        None => {
            let reach = last.map_or(assessed.len(), |last| last.saturating_add(1));
            assessed.iter().take(reach).position(fits)
        }
    };
    let Some(best) = best else {
        let asked = last.unwrap_or_else(|| assessed.len().saturating_sub(1));
        if let Some(plain) = requested.filter(|tag| tag.family == Family::Linux) {
            return plain_only(plain, assessed.pop(), libc, None);
        }
        let one = assessed.get(asked);
        let tag = match (wanted, one) {
            (Some(wanted), _) => wanted.to_string(),
            (None, Some(one)) => one.tag(Family::Manylinux, arch).to_string(),
            (None, None) => String::new(),
        };
        let blockers = one.map(|one| one.blockers.clone()).unwrap_or_default();
        let obstacle = Obstacle::TagOutOfReach {
            tag: tag.into(),
            auto: requested.is_none(),
            blockers,
        };
        return Err(missing_too(one, libc, obstacle));
    };
    let best = assessed.swap_remove(best);
    let mut tags = best.names(arch);
    let row = wanted.and_then(|wanted| policy_of(wanted, arch));
    add_requested(&mut tags, requested, row, arch, options);
    finish(tags, best.version, best.outside, libc, None)
}

/// A plain tag, which promises nothing, and no other: the content allows none. Nothing that the
/// input claimed of a C library is kept.
fn plain_only(
    plain: &PlatformTag,
    assessed: Option<Assessed>,
    libc: Libc,
    floor: Option<MuslFloor>,
) -> Result<Verdict, Vec<Obstacle>> {
    let outside = assessed.map(|one| one.outside).unwrap_or_default();
    let never = (u16::MAX, u16::MAX);
    finish(vec![plain.to_string()], never, outside, libc, floor)
}

/// A tag older than every one that is known for the machine promises what nobody can check.
fn refuse_unknown(
    input: &RepairInput<'_>,
    requested: Option<&PlatformTag>,
    candidates: &[&'static Policy],
) -> Result<(), Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let oldest = candidates.first().map(|policy| policy.tag(arch));
    let is_plain = |tag: &&PlatformTag| tag.family == Family::Linux;
    if requested.is_some_and(|tag| is_plain(&tag)) {
        return Ok(());
    }
    let tag = match (requested, &oldest) {
        (Some(asked), Some(oldest)) if asked.version >= oldest.version => return Ok(()),
        (None, Some(_)) => return Ok(()),
        (Some(asked), _) => asked.to_string(),
        (None, None) => {
            let family = match libc {
                Libc::Musl => "musllinux",
                Libc::Glibc => "manylinux",
            };
            format!("{family}_…_{}", arch.name())
        }
    };
    let oldest = oldest.map(|oldest| oldest.to_string());
    Err(vec![Obstacle::NoSuchTag {
        tag: tag.into(),
        oldest: oldest.map(Into::into),
    }])
}

struct Assessed {
    /// What may stay outside; `None`: the C library alone, where no tag speaks of the machine.
    policy: Option<&'static Policy>,
    /// That of the tag: the policy's own, or one without a row of its own.
    version: (u16, u16),
    outside: Outside,
    blockers: Vec<Blocker>,
}

impl Assessed {
    fn tag(&self, family: Family, arch: Arch) -> PlatformTag {
        PlatformTag {
            family,
            version: self.version,
            arch: arch.name().to_owned(),
        }
    }

    /// The tag and its old name, if it has one.
    fn names(&self, arch: Arch) -> Vec<String> {
        let policy = self.policy.iter();
        policy
            .flat_map(|policy| policy.names_at(arch, self.version))
            .collect()
    }

    /// How many libraries have to come along, found or not.
    fn weight(&self) -> usize {
        let missing = self.outside.missing.len();
        self.outside.grafts.len().saturating_add(missing)
    }
}

fn choose_musl(
    input: &RepairInput<'_>,
    options: &RepairOptions,
    requested: Option<&PlatformTag>,
    assess: impl Fn(Option<&'static Policy>, (u16, u16)) -> Assessed,
) -> Result<Verdict, Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let plain = requested.filter(|tag| tag.family == Family::Linux);
    let asked = requested
        .filter(|tag| tag.family == Family::Musllinux)
        .map(|tag| tag.version);
    let tag = |version| PlatformTag {
        family: Family::Musllinux,
        version,
        arch: arch.name().to_owned(),
    };
    // What musl's tags provide is one list: the version asks nothing of the libraries.
    let wanted = tag(asked.unwrap_or(MUSL_AUTO));
    let policy = policy_of(&wanted, arch);
    if policy.is_none() && plain.is_none() {
        return Err(vec![Obstacle::NoSuchTag {
            tag: wanted.to_string().into(),
            oldest: None,
        }]);
    }
    let mut one = assess(policy, wanted.version);
    let files: BTreeSet<&ModulePath> = one.outside.needs.keys().collect();
    let expanded = options.relr.for_libc(libc) == Relr::Expand;
    let floor = musl_floor(&input.subject.graph, arch, &files, expanded);
    let holds_from = floor.alpine.musl_minor().unwrap_or(MUSL_AUTO);
    let version = asked.unwrap_or_else(|| holds_from.max(MUSL_AUTO));
    let tag = tag(version);
    if version < holds_from {
        let newer = |cause: &&Cause| {
            cause
                .since
                .musl_minor()
                .is_some_and(|minor| minor > version)
        };
        let causes = floor.causes.iter().filter(newer).cloned();
        one.blockers.extend(causes.map(Blocker::Musl));
    }
    if let Some(plain) = plain.filter(|_| policy.is_none() || !one.blockers.is_empty()) {
        return plain_only(plain, Some(one), libc, Some(floor));
    }
    if !one.blockers.is_empty() {
        let blockers = std::mem::take(&mut one.blockers);
        let tag = tag.to_string();
        let auto = requested.is_none();
        let obstacle = Obstacle::TagOutOfReach {
            tag: tag.into(),
            auto,
            blockers,
        };
        return Err(missing_too(Some(&one), libc, obstacle));
    }
    let mut tags = vec![tag.to_string()];
    if let Some(plain) = plain {
        if options.only_plat {
            tags.clear();
        }
        tags.push(plain.to_string());
    }
    finish(tags, version, one.outside, Libc::Musl, Some(floor))
}

/// A tag out of reach and missing libraries are told together.
fn missing_too(one: Option<&Assessed>, libc: Libc, obstacle: Obstacle) -> Vec<Obstacle> {
    let missing = one.into_iter().flat_map(|one| missing(&one.outside, libc));
    std::iter::once(obstacle).chain(missing).collect()
}

fn missing(outside: &Outside, libc: Libc) -> impl Iterator<Item = Obstacle> {
    let embedding = outside.embedding.iter().cloned();
    let embedding =
        embedding.map(|(file, library)| Obstacle::ProgramNeedsLibpython { file, library });
    let missing = outside.missing.iter();
    let missing = missing.map(move |(library, missing)| Obstacle::Missing {
        library: library.clone(),
        missing: missing.clone(),
        libc,
    });
    missing.chain(embedding)
}

fn finish(
    tags: Vec<String>,
    widest: (u16, u16),
    outside: Outside,
    libc: Libc,
    floor: Option<MuslFloor>,
) -> Result<Verdict, Vec<Obstacle>> {
    let missing: Vec<Obstacle> = missing(&outside, libc).collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(Verdict {
        tags,
        widest,
        outside,
        floor,
    })
}

/// The tag that was asked for stands beside a better one.
fn add_requested(
    tags: &mut Vec<String>,
    requested: Option<&PlatformTag>,
    wanted: Option<&Policy>,
    arch: Arch,
    options: &RepairOptions,
) {
    let Some(requested) = requested else { return };
    let mut asked = vec![requested.to_string()];
    if let Some(policy) = wanted.filter(|policy| policy.tag(arch) == *requested) {
        asked = policy.names(arch);
    }
    if options.only_plat {
        *tags = asked;
        return;
    }
    for name in asked {
        if !tags.contains(&name) {
            tags.push(name);
        }
    }
}

/// The requested tag with the wheel's machine filled in, when it fits the wheel.
fn checked(
    input: &RepairInput<'_>,
    options: &RepairOptions,
) -> Result<Option<PlatformTag>, Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let Requested::Tag {
        given,
        family,
        version,
        arch: wanted,
    } = &options.plat
    else {
        return Ok(None);
    };
    let machine = arch.name();
    let other_machine = wanted.as_ref().is_some_and(|wanted| wanted != machine);
    let other_libc = options.plat.libc().is_some_and(|wanted| wanted != libc);
    if other_machine || other_libc {
        return Err(vec![Obstacle::OtherPlatform {
            given: given.clone(),
            wheel: format!("{} {machine}", libc.name()).into(),
        }]);
    }
    Ok(Some(PlatformTag {
        family: *family,
        version: *version,
        arch: machine.to_owned(),
    }))
}

/// The platform tags of the output: the new ones, and those of the input that hold too.
pub(in crate::plan) fn platforms(
    filename: &WheelFilename,
    verdict: &Verdict,
    subject: &Subject,
    notes: &mut Vec<Note>,
) -> Vec<String> {
    let Platform { arch, libc, .. } = subject.platform;
    let suits_both = all_suit_both(&subject.elf);
    let floor = verdict.floor.as_ref();
    let musl = floor.and_then(|floor| floor.alpine.musl_minor());
    let from = match libc {
        Libc::Glibc => verdict.widest,
        Libc::Musl => musl.unwrap_or(verdict.widest).min(verdict.widest),
    };
    let family = match libc {
        Libc::Musl => Family::Musllinux,
        Libc::Glibc => Family::Manylinux,
    };
    let mut tags: BTreeSet<String> = verdict.tags.iter().cloned().collect();
    for old in &filename.platform {
        let tag = PlatformTag::parse(old);
        let plain = tag.as_ref().is_some_and(|tag| tag.family == Family::Linux);
        let holds = tag.is_some_and(|tag| {
            let of_own = tag.family == family && tag.version >= from;
            // What needs neither loader nor library runs beside any C library.
            let of_other = suits_both && tag.family != Family::Linux && tag.family != family;
            tag.is_for(arch) && (of_own || of_other)
        });
        if holds {
            tags.insert(old.clone());
        } else if !plain && !tags.contains(old) {
            notes.push(Note::TagDropped {
                tag: old.clone().into(),
            });
        }
    }
    tags.into_iter().collect()
}
