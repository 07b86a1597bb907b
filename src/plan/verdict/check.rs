//! Check a wheel, or an installed package, against what its name promises. Nothing of the
//! machine that checks counts: a library is there when the package brings it or its tag
//! provides it.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::needs::exclusions::Exclusions;
use crate::plan::needs::hindrance::too_much_thread_data;
use crate::plan::needs::imports::not_imported;
use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::Blocker;
use crate::plan::needs::outside::isa_blockers;
use crate::plan::needs::outside::{Outside, Rules, outside};
use crate::plan::needs::subject::{ElfEntry, Package, Platform, Subject, elf_of};
use crate::plan::needs::target::MUSL_AUTO;
use crate::plan::needs::target::is_elsewhere;
use crate::plan::needs::unloadable::is_excluded;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::files::{self, FileFault, StackRequest};
use crate::plan::rules::floors::{FloorFault, MuslAge};
use crate::plan::rules::needs::NeedFault;
use crate::plan::rules::tags::TagFault;
use crate::plan::verdict::check_needs::{self, Promise};
use crate::plan::verdict::unbrought_versions;
use crate::policy::{Alpine, Family, GlibcVersion, PlatformTag, What, musl_floor, policy_of};
use crate::resolve::{Exceeded, Libc, ModulePath, is_extension, libc_of, musl_ignores};
use crate::wheel::Untrusted;

/// Everything that is wrong with a package, sorted by code, then by file. What is excluded may be
/// missing, and its symbols with it.
///
/// # Errors
/// When there is more to find than the budget of its graph allows.
pub fn check(package: &Package, exclude: &Exclusions) -> Result<Vec<Fault>, Exceeded> {
    let mut found = package.findings.clone();
    found.retain(|fault| {
        let file = fault
            .is_of_a_stranger()
            .then(|| fault.told().file)
            .flatten();
        !file.is_some_and(|file| is_excluded(exclude, &file))
    });
    let subject = package.subject.as_ref().ok();
    let elf = elf_of(&package.subject);
    for entry in elf.iter().filter(|entry| entry.file.facts.dynamic) {
        let faults = files::faults_of(&entry.installed, &entry.file.facts);
        found.extend(faults.into_iter().map(Fault::from));
        let stack = stack_request(subject, entry);
        let file = entry.installed.clone();
        found.extend(stack.map(|how| FileFault::ExecutableStack { file, how }.into()));
    }
    if let Some(subject) = subject {
        let settled = &subject.platform;
        let widest = tags(package, settled, &mut found);
        let promise = Promise::new(settled, widest.as_ref());
        found.extend(not_imported(subject, &package.importers));
        found.extend(under_other_names(&subject.elf));
        check_needs::check(
            &subject.graph,
            settled,
            &package.pythons,
            &promise,
            exclude,
            &mut found,
        )?;
        match settled.libc {
            Libc::Musl => musl(subject, widest.as_ref(), &mut found),
            Libc::Glibc => {
                unbrought_versions::check(&subject.graph, &promise, exclude, &mut found)?;
                glibc(subject, widest.as_ref(), exclude, &mut found);
            }
        }
    } else {
        // Nothing tells the C library, or several machines are in it: what promises nothing is
        // known all the same.
        let is_plain =
            |tag: &&String| PlatformTag::parse(tag).is_some_and(|tag| tag.family == Family::Linux);
        let plain = package.platforms.iter().filter(is_plain).cloned();
        found.extend(plain.map(|tag| TagFault::PromisesNothing { tag: tag.into() }.into()));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Libraries that are there under several names, as copies: links lead to one real file. Each with its
/// other names.
pub fn copies_under_other_names(elf: &[ElfEntry]) -> Vec<(ModulePath, Vec<ModulePath>)> {
    let libraries = elf.iter().filter(|entry| {
        let facts = &entry.file.facts;
        let is_library = facts.dynamic && !facts.is_program;
        is_library && !is_extension(entry.installed.file_name(), facts)
    });
    let mut copies: BTreeMap<[u8; 32], BTreeMap<&ModulePath, &ElfEntry>> = BTreeMap::new();
    for entry in libraries {
        let same = copies.entry(entry.file.digest).or_default();
        same.insert(&entry.file.real_path, entry);
    }
    let mut found = Vec::new();
    for same in copies.values() {
        let mut entries = same.values();
        let Some(first) = entries.next() else {
            continue;
        };
        let others =
            entries.filter(|other| other.installed.file_name() != first.installed.file_name());
        let others: Vec<ModulePath> = others.map(|other| other.installed.clone()).collect();
        if !others.is_empty() {
            found.push((first.installed.clone(), others));
        }
    }
    found
}

fn under_other_names(elf: &[ElfEntry]) -> Vec<Fault> {
    let copies = copies_under_other_names(elf).into_iter();
    let faults = copies.flat_map(|(file, others)| {
        others.into_iter().map(move |other| {
            let file = file.clone();
            FileFault::LibraryTwice { file, other }.into()
        })
    });
    faults.collect()
}

/// How a file asks for an executable stack, as far as its C library makes a difference.
fn stack_request(subject: Option<&Subject>, entry: &ElfEntry) -> Option<StackRequest> {
    let facts = &entry.file.facts;
    match subject.map(|subject| subject.platform) {
        Some(platform) => StackRequest::of(facts, platform.libc, platform.arch),
        None => (facts.exec_stack == Some(true)).then_some(StackRequest::Said),
    }
}

/// Are the tags true of the files? The widest of those that can be: the one that speaks of the
/// oldest C library.
fn tags(package: &Package, settled: &Platform, found: &mut Vec<Fault>) -> Option<PlatformTag> {
    let elf = elf_of(&package.subject);
    let mut widest: Option<PlatformTag> = None;
    // A wheel of static programs may be for every C library, and carry them for other machines.
    let tells = |entry: &ElfEntry| libc_of(&entry.file.facts) == Some(settled.libc);
    let is_told = elf.iter().any(tells);
    let first = elf.first().map(|entry| &entry.installed);
    let mut say = |fault: TagFault| found.push(fault.into());
    for claim in &package.platforms {
        let (tag, arch) = (claim.clone(), settled.arch);
        let Some(parsed) = PlatformTag::parse(claim) else {
            if claim == "any" {
                if let Some(file) = first.cloned() {
                    say(TagFault::AnyWithElf { file });
                }
            } else if !is_elsewhere(claim) || is_told {
                say(TagFault::UnknownTag {
                    tag: tag.into(),
                    arch,
                });
            }
            continue;
        };
        if !parsed.is_for(arch) {
            say(TagFault::TagMachine {
                tag: tag.into(),
                arch,
            });
            continue;
        }
        let libc = match parsed.family {
            Family::Linux => {
                say(TagFault::PromisesNothing { tag: tag.into() });
                continue;
            }
            Family::Manylinux => Libc::Glibc,
            Family::Musllinux => Libc::Musl,
        };
        if libc != settled.libc {
            if is_told {
                let libc = settled.libc;
                say(TagFault::TagLibc {
                    tag: tag.into(),
                    libc,
                });
            }
        } else if policy_of(&parsed, arch).is_none() {
            say(TagFault::UnknownTag {
                tag: tag.into(),
                arch,
            });
        } else if widest
            .as_ref()
            .is_none_or(|known| parsed.version < known.version)
        {
            widest = Some(parsed);
        }
    }
    if package.purelib
        && let Some(file) = first.cloned()
    {
        say(TagFault::Purelib { file });
    }
    widest
}

/// What keeps files from the oldest musl that the widest tag speaks of.
fn musl(subject: &Subject, widest: Option<&PlatformTag>, found: &mut Vec<Fault>) {
    let settled = &subject.platform;
    run_path_tokens(subject, found);
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
    for cause in floor.causes.iter().filter(|cause| cause.since > promised) {
        let age = MuslAge {
            since: cause.since,
            tag: tag_name(widest, settled).into(),
            promised,
        };
        let file = cause.file.clone();
        let fault = match &cause.what {
            What::Symbol(name) => {
                let symbol = name.clone();
                FloorFault::NewMuslSymbol { file, symbol, age }
            }
            What::Relr => FloorFault::PackedRelocations { file, age },
        };
        found.push(fault.into());
    }
}

/// Run paths that musl ignores.
fn run_path_tokens(subject: &Subject, found: &mut Vec<Fault>) {
    for entry in subject.elf.iter().filter(|entry| entry.file.facts.dynamic) {
        if let Some(run_path) = &entry.file.facts.run_path
            && musl_ignores(&run_path.value)
        {
            let fault = NeedFault::RunPathToken {
                file: entry.installed.clone(),
                run_path: run_path.value.clone().into(),
            };
            found.push(fault.into());
        }
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

/// The first symbol of a version that a file needs, with it; the version alone where none is told apart.
fn private_symbol(links: &Links, file: &ModulePath, version: &str) -> Untrusted {
    let facts = links.files.get(file).map(|file| &file.facts);
    let symbols = facts.into_iter().flat_map(|facts| facts.symbols.iter());
    let named = symbols.filter(|symbol| !symbol.defined && symbol.version == Some(version));
    match named.map(|symbol| symbol.name).min() {
        Some(name) => format!("{name}@{version}").into(),
        None => version.into(),
    }
}

/// What keeps files from the oldest glibc that the widest tag speaks of.
fn glibc(
    subject: &Subject,
    widest: Option<&PlatformTag>,
    exclude: &Exclusions,
    found: &mut Vec<Fault>,
) {
    let settled = &subject.platform;
    found.extend(
        too_much_thread_data(&subject.graph)
            .into_iter()
            .map(Fault::from),
    );
    let Some(tag) = widest else { return };
    let Some(policy) = policy_of(tag, settled.arch) else {
        return;
    };
    let links = Links::merge(&subject.graph);
    let files = subject.linked();
    let rules = Rules {
        policy: Some(policy),
        exclude,
    };
    let outside: Outside = outside(&links, &files, &rules);
    let mut blockers = outside.blockers(&links, policy, settled.arch, tag.version);
    blockers.extend(isa_blockers(&links, &outside, settled.arch));
    for blocker in blockers {
        let tag = tag.to_string();
        found.push(match blocker {
            Blocker::Version {
                file,
                library,
                version,
            } if GlibcVersion::of(version.as_str()) == Some(GlibcVersion::Private) => {
                let symbol = private_symbol(&links, &file, version.as_str());
                Fault::from(NeedFault::PrivateSymbol {
                    file,
                    symbol,
                    library,
                })
            }
            Blocker::Version {
                file,
                library,
                version,
            } => Fault::from(FloorFault::NewGlibcVersion {
                file,
                version,
                library,
                tag: tag.into(),
            }),
            Blocker::Symbol {
                file,
                library,
                symbol,
            } => Fault::from(NeedFault::PrivateSymbol {
                file,
                symbol,
                library,
            }),
            Blocker::Isa { file, level } => Fault::from(FloorFault::NewProcessor {
                file,
                level,
                tag: tag.into(),
            }),
            Blocker::Musl(_) | Blocker::Python { .. } => continue,
        });
    }
}
