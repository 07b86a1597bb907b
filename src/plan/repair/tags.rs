//! Which platform tags the content deserves, and what the wheel's name and WHEEL become.

use std::collections::BTreeSet;

use crate::elf::{Arch, Relr};
use crate::plan::Note;
use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::{Blocker, Obstacle};
use crate::plan::needs::old_python::python_blockers;
use crate::plan::needs::outside::{Outside, Rules, isa_blockers, outside};
use crate::plan::needs::subject::{Platform, Subject};
use crate::plan::needs::target::{MUSL_AUTO, Requested};
use crate::plan::repair::input::RepairInput;
use crate::plan::repair::options::RepairOptions;
use crate::policy::{
    Cause, Family, MuslFloor, PlatformTag, Policy, musl_floor, policies, policy_of,
};
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{Headers, Tag, WheelFilename};

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
    let candidates = policies(libc, arch);
    refuse_unknown(input, requested.as_ref(), &candidates)?;
    let assess = |policy: &'static Policy| {
        let rules = Rules {
            policy: Some(policy),
            exclude: &options.exclude,
        };
        let outside = outside(links, wheel_files, &rules);
        let mut blockers = outside.blockers(links, policy, arch);
        blockers.extend(python_blockers(links, &outside));
        if !options.disable_isa_check {
            blockers.extend(isa_blockers(links, &outside, arch));
        }
        Assessed {
            policy,
            outside,
            blockers,
        }
    };
    if libc == Libc::Musl {
        return choose_musl(input, options, requested.as_ref(), assess);
    }
    let mut assessed: Vec<Assessed> = candidates.into_iter().map(assess).collect();
    let wanted = match &requested {
        Some(tag) if tag.family == Family::Manylinux => policy_of(tag, arch),
        _ => None,
    };
    let least = assessed.iter().map(Assessed::weight).min().unwrap_or(0);
    let (bound, last) = match wanted {
        Some(wanted) => {
            let of_wanted = assessed
                .iter()
                .position(|one| std::ptr::eq(one.policy, wanted));
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
        let one = assessed.get(asked);
        let tag = requested.map_or_else(
            || {
                one.map(|one| one.policy.tag(arch).to_string())
                    .unwrap_or_default()
            },
            |tag| tag.to_string(),
        );
        let blockers = one.map(|one| one.blockers.clone()).unwrap_or_default();
        let obstacle = Obstacle::TagOutOfReach { tag, blockers };
        return Err(missing_too(one, libc, obstacle));
    };
    let best = assessed.swap_remove(best);
    let mut tags = best.policy.names(arch);
    add_requested(&mut tags, requested.as_ref(), wanted, arch, options);
    let widest = best.policy.tag(arch).version;
    finish(tags, widest, best.outside, Libc::Glibc, None)
}

/// A tag older than every one that is known for the machine promises what nobody can check.
fn refuse_unknown(
    input: &RepairInput<'_>,
    requested: Option<&PlatformTag>,
    candidates: &[&'static Policy],
) -> Result<(), Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
    let oldest = candidates.first().map(|policy| policy.tag(arch));
    let asked = requested.filter(|tag| tag.family != Family::Linux);
    let tag = match (asked, &oldest) {
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
    Err(vec![Obstacle::NoSuchTag { tag, oldest }])
}

struct Assessed {
    policy: &'static Policy,
    outside: Outside,
    blockers: Vec<Blocker>,
}

impl Assessed {
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
    assess: impl Fn(&'static Policy) -> Assessed,
) -> Result<Verdict, Vec<Obstacle>> {
    let Platform { arch, libc, .. } = input.subject.platform;
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
    let Some(policy) = policy_of(&wanted, arch) else {
        return Err(vec![Obstacle::NoSuchTag {
            tag: wanted.to_string(),
            oldest: None,
        }]);
    };
    let mut one = assess(policy);
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
    if !one.blockers.is_empty() {
        let blockers = std::mem::take(&mut one.blockers);
        let tag = tag.to_string();
        let obstacle = Obstacle::TagOutOfReach { tag, blockers };
        return Err(missing_too(Some(&one), libc, obstacle));
    }
    let mut tags = vec![tag.to_string()];
    if let Some(plain) = requested.filter(|tag| tag.family == Family::Linux) {
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
            wheel: format!("{} {machine}", libc.name()),
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
    let suits_both = subject.suits_every_libc();
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
            // Without loader and library a program runs beside any C library.
            let of_other = suits_both && tag.family != Family::Linux && tag.family != family;
            tag.is_for(arch) && (of_own || of_other)
        });
        if holds {
            tags.insert(old.clone());
        } else if !plain && !tags.contains(old) {
            notes.push(Note::TagDropped { tag: old.clone() });
        }
    }
    tags.into_iter().collect()
}

/// WHEEL as it has to be for a file name, or `None` when it is right already.
pub(in crate::plan) fn wheel_headers(
    headers: &Headers,
    filename: &WheelFilename,
) -> Option<Vec<u8>> {
    let mut new = headers.clone();
    let tags: Vec<String> = Tag::expand(filename).iter().map(Tag::to_string).collect();
    let old = headers.get_all("Tag");
    let same: BTreeSet<&String> = old.iter().collect();
    if same.len() != tags.len() || !tags.iter().all(|tag| same.contains(tag)) {
        new.set_all("Tag", &tags);
    }
    let pure = headers.get_all("Root-Is-Purelib");
    if pure.len() != 1 || !pure.iter().all(|value| value.eq_ignore_ascii_case("false")) {
        new.set_all("Root-Is-Purelib", &["false"]);
    }
    let bytes = new.to_bytes();
    (bytes != headers.to_bytes()).then_some(bytes)
}
