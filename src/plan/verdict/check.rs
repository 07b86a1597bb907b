//! Check a wheel, or an installed package, against what its name promises. Nothing of the
//! machine that checks counts: a library is there when the package brings it or its tag
//! provides it.

use std::collections::BTreeSet;

use globset::GlobSet;

use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::Blocker;
use crate::plan::needs::old_python::{fpectl, narrow_unicode};
use crate::plan::needs::outside::isa_blockers;
use crate::plan::needs::outside::{Outside, Rules, outside};
use crate::plan::needs::subject::{ElfEntry, Package, Platform, Subject, elf_of};
use crate::plan::needs::target::MUSL_AUTO;
use crate::plan::needs::target::is_elsewhere;
use crate::plan::verdict::check_needs::{self, Promise};
use crate::plan::verdict::finding::{Code, Finding};
use crate::policy::{Alpine, Family, PlatformTag, What, musl_floor, policy_of};
use crate::resolve::{Libc, ModulePath, libc_of, musl_ignores, offers};
use crate::wheel::Note;

/// Everything that is wrong with a package, sorted by code, then by file.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut found = package.findings.clone();
    let subject = package.subject.as_ref().ok();
    let elf = elf_of(&package.subject);
    for entry in elf.iter().filter(|entry| entry.file.facts.dynamic) {
        of_one_file(entry, subject.map(|one| one.platform.libc), &mut found);
    }
    if let Some(subject) = subject {
        let settled = &subject.platform;
        let widest = tags(package, settled, &mut found);
        let promise = Promise::new(settled, widest.as_ref());
        check_needs::check(
            &subject.graph,
            settled,
            &package.pythons,
            &promise,
            &mut found,
        );
        match settled.libc {
            Libc::Musl => musl(subject, widest.as_ref(), &mut found),
            Libc::Glibc => glibc(subject, widest.as_ref(), &mut found),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Are the tags true of the files? The widest of those that can be: the one that speaks of the
/// oldest C library.
fn tags(package: &Package, settled: &Platform, found: &mut Vec<Finding>) -> Option<PlatformTag> {
    let elf = elf_of(&package.subject);
    let mut widest: Option<PlatformTag> = None;
    // A wheel of static programs may be for every C library, and carry them for other machines.
    let tells = |entry: &ElfEntry| libc_of(&entry.file.facts) == Some(settled.libc);
    let is_told = elf.iter().any(tells);
    for claim in &package.platforms {
        let of_wheel = |code, context: &str| Finding::of_wheel(code, claim.clone(), context);
        let tag = match PlatformTag::parse(claim) {
            Some(tag) => tag,
            None if claim == "any" => {
                let first = elf.first().map(|entry| &entry.installed);
                found.extend(first.map(|file| Finding::of_file(Code::AnyWithElf, file, "", "")));
                continue;
            }
            None if is_elsewhere(claim) && !is_told => continue,
            None => {
                found.push(of_wheel(Code::UnknownTag, settled.arch.name()));
                continue;
            }
        };
        if !tag.is_for(settled.arch) {
            found.push(of_wheel(Code::TagMachine, settled.arch.name()));
            continue;
        }
        let libc = match tag.family {
            Family::Linux => {
                found.push(of_wheel(Code::PromisesNothing, ""));
                continue;
            }
            Family::Manylinux => Libc::Glibc,
            Family::Musllinux => Libc::Musl,
        };
        if libc != settled.libc {
            let fault = of_wheel(Code::TagLibc, settled.libc.name());
            found.extend(is_told.then_some(fault));
        } else if policy_of(&tag, settled.arch).is_none() {
            found.push(of_wheel(Code::UnknownTag, settled.arch.name()));
        } else if widest
            .as_ref()
            .is_none_or(|known| tag.version < known.version)
        {
            widest = Some(tag);
        }
    }
    if package.purelib
        && let Some(first) = elf.first()
    {
        found.push(Finding::of_file(Code::Purelib, &first.installed, "", ""));
    }
    widest
}

/// What a file says of itself.
fn of_one_file(entry: &ElfEntry, libc: Option<Libc>, found: &mut Vec<Finding>) {
    let (file, facts) = (&entry.installed, &entry.file.facts);
    let mut has = |yes: bool, code| {
        if yes {
            found.push(Finding::of_file(code, file, "", ""));
        }
    };
    has(facts.exec_stack == Some(true), Code::ExecutableStack);
    has(facts.text_relocations, Code::TextRelocations);
    has(facts.write_execute, Code::WritableCode);
    // What musl itself takes for a C library, and replaces by itself.
    has(
        offers(facts, "__libc_start_main") && offers(facts, "stdin"),
        Code::CarriesLibc,
    );
    let with = |code| move |name: String| Finding::of_file(code, file, name, "");
    found.extend(narrow_unicode(file, facts).map(with(Code::NarrowUnicode)));
    found.extend(fpectl(file, facts).map(with(Code::PyFpe)));
    if libc == Some(Libc::Musl)
        && let Some(run_path) = &facts.run_path
        && musl_ignores(&run_path.value)
    {
        let value = run_path.value.clone();
        found.push(Finding::of_file(Code::RunPathToken, file, value, ""));
    }
}

/// What keeps files from the oldest musl that the widest tag speaks of.
fn musl(subject: &Subject, widest: Option<&PlatformTag>, found: &mut Vec<Finding>) {
    let settled = &subject.platform;
    let version = widest.map_or(MUSL_AUTO, |tag| tag.version);
    let Some(promised) = Alpine::first_with_musl(version) else {
        return;
    };
    let own: BTreeSet<&ModulePath> = subject
        .elf
        .iter()
        .map(|entry| &entry.file.real_path)
        .collect();
    let floor = musl_floor(&subject.graph, settled.arch, &own, false);
    let promise = format!("{} speaks of Alpine {promised}", tag_name(widest, settled));
    for cause in floor.causes.iter().filter(|cause| cause.since > promised) {
        let musl = cause.since.musl().unwrap_or("unknown");
        let since = format!("since Alpine {} (musl {musl}); {promise}", cause.since);
        let (code, subject) = match &cause.what {
            What::Symbol(name) => (Code::NewMuslSymbol, name.clone()),
            What::Relr => (Code::PackedRelocations, String::new()),
        };
        found.push(Finding::of_file(code, &cause.file, subject, since));
    }
}

fn tag_name(widest: Option<&PlatformTag>, settled: &Platform) -> String {
    widest.map_or_else(
        || {
            format!(
                "musllinux_{}_{}_{}",
                MUSL_AUTO.0,
                MUSL_AUTO.1,
                settled.arch.name()
            )
        },
        ToString::to_string,
    )
}

/// What keeps files from the oldest glibc that the widest tag speaks of.
fn glibc(subject: &Subject, widest: Option<&PlatformTag>, found: &mut Vec<Finding>) {
    let settled = &subject.platform;
    let Some(tag) = widest else { return };
    let Some(policy) = policy_of(tag, settled.arch) else {
        return;
    };
    let links = Links::merge(&subject.graph);
    let files = subject.linked();
    let nothing = GlobSet::empty();
    let rules = Rules {
        policy: Some(policy),
        exclude: &nothing,
    };
    let outside: Outside = outside(&links, &files, &rules);
    let mut blockers = outside.blockers(&links, policy, settled.arch);
    blockers.extend(isa_blockers(&links, &outside, settled.arch));
    for blocker in blockers {
        found.push(match blocker {
            Blocker::Version {
                file,
                library,
                version,
            } => {
                let context = format!(
                    "of {}, newer than {tag}",
                    crate::wheel::escape(library.as_str())
                );
                Finding::of_file(Code::NewGlibcVersion, &file, version, context)
            }
            Blocker::Symbol {
                file,
                library,
                symbol,
            } => {
                let library = crate::wheel::escape(library.as_str());
                Finding::of_file(Code::PrivateSymbol, &file, symbol, library)
            }
            Blocker::Isa { file, level } => {
                Finding::of_file(Code::NewProcessor, &file, level, tag.to_string())
            }
            Blocker::Musl(_) | Blocker::Python { .. } => continue,
        });
    }
}

/// What reading the archive found odd, as far as it is a fault.
pub fn finding_of_note(note: &Note) -> Option<Finding> {
    let code = match note {
        Note::TagsDiffer { .. } => Code::TagsDiffer,
        Note::MetadataDiffers { .. } => Code::MetadataDiffers,
        Note::SameButForCase { .. } => Code::SameButForCase,
        _ => return None,
    };
    Some(Finding::of_wheel(code, "", note.to_string()))
}
