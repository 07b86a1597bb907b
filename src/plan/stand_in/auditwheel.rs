//! A wheel judged by auditwheel's rules, where they differ from ours: what `auditwheel show`
//! has to answer. The rules are those of auditwheel 6.8 (`wheel_abi`, `policy`).

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Arch, Facts, SymbolKind};
use crate::plan::needs::subject::{ElfEntry, Platform, Subject};
use crate::policy::{Policy, policies};
use crate::resolve::{Graph, Libc, Module, ModuleId, RootWalk, Target};
use crate::wheel::Untrusted;

/// The wheel as its files were found.
pub struct AuditInput<'a> {
    /// Its ELF files that are for its machine and C library, and what each of them pulls in.
    pub subject: &'a Subject,
    /// `--disable-isa-ext-check`.
    pub disable_isa_check: bool,
}

/// What auditwheel would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The tag that the wheel is consistent with.
    pub overall_tag: Untrusted,
    /// The tag that its symbol versions allow.
    pub sym_tag: Untrusted,
    /// An extension needs fpectl.
    pub pyfpe: bool,
    /// An extension needs a narrow build of Python 2.
    pub ucs2: bool,
    /// A file needs a newer processor than the tags promise.
    pub unsupported_isa: bool,
    /// Versions needed, by library.
    pub versioned_symbols: BTreeMap<Untrusted, BTreeSet<Untrusted>>,
    /// Libraries that no tag of the family promises, and where they were found.
    pub external_libs: BTreeMap<Untrusted, Option<Untrusted>>,
    /// The same as the least promising tag has it.
    pub external_libs_of_lowest: BTreeMap<Untrusted, Option<Untrusted>>,
    /// The most promising tag of the family.
    pub best_tag: Untrusted,
    /// What stands in the way of each better tag, the least promising first.
    pub upgrades: Vec<(Untrusted, Upgrade)>,
}

/// What stands in the way of a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// Libraries that the tag does not promise.
    pub libs_to_eliminate: BTreeSet<Untrusted>,
    /// Forbidden symbols, by library.
    pub blacklisted_symbols: BTreeMap<Untrusted, BTreeSet<Untrusted>>,
}

/// A policy with what the wheel needs beyond it.
struct References {
    policy: &'static Policy,
    libs: BTreeMap<Untrusted, Option<ModuleId>>,
    forbidden: BTreeMap<Untrusted, BTreeSet<Untrusted>>,
}

/// A rank among the policies: 0 is plain `linux`, 1 the least promising tag.
type Rank = usize;

type Versions = BTreeMap<Untrusted, BTreeSet<Untrusted>>;

/// Judge a wheel.
pub fn audit(input: &AuditInput<'_>) -> Audit {
    let graph = &input.subject.graph;
    let Platform { arch, libc, .. } = input.subject.platform;
    let mut known = policies(libc, arch);
    known.reverse();
    if libc == Libc::Musl {
        // It knows one musl at a time: that of the machine, else the newest of its list.
        known.truncate(1);
    }
    let best: Rank = known.len();
    let top = top_files(input);
    let references: Vec<References> = known
        .iter()
        .map(|policy| references(input, policy, &top))
        .collect();
    let (sym, versions) = by_versions(input, &references);
    let is_linux = |yes: bool| if yes { 0 } else { best };
    let (fpe, ucs) = (uses(&top, is_pyfpe), uses(&top, is_ucs2));
    let machine = match input.disable_isa_check {
        true => best,
        false => by_processor(input, &references, &top),
    };
    let rank_where = |fits: &dyn Fn(&References) -> bool| -> Rank {
        let found = references.iter().rposition(fits);
        found.map_or(0, |position| position.saturating_add(1))
    };
    let overall = [
        sym,
        is_linux(ucs),
        is_linux(fpe),
        rank_where(&|one| one.forbidden.is_empty()),
        machine,
        rank_where(&|one| one.libs.is_empty()),
    ];
    let overall = overall.into_iter().min().unwrap_or(0);
    let tag = |rank: Rank| match rank.checked_sub(1).and_then(|at| known.get(at)) {
        Some(policy) => policy.tag(arch).to_string(),
        None => format!("linux_{}", arch.name()),
    };
    let found = |one: Option<&References>| -> BTreeMap<Untrusted, Option<Untrusted>> {
        let libs = one.into_iter().flat_map(|one| &one.libs);
        libs.map(|(name, id)| (name.clone(), id.and_then(|id| found_at(graph, id))))
            .collect()
    };
    Audit {
        overall_tag: tag(overall).into(),
        sym_tag: tag(sym).into(),
        pyfpe: fpe,
        ucs2: ucs,
        unsupported_isa: machine == 0,
        versioned_symbols: versions,
        external_libs: found(references.last()),
        external_libs_of_lowest: found(references.first()),
        best_tag: tag(best).into(),
        upgrades: references
            .iter()
            .skip(overall)
            .filter(|one| !(one.libs.is_empty() && one.forbidden.is_empty()))
            .map(|one| {
                let upgrade = Upgrade {
                    libs_to_eliminate: one.libs.keys().cloned().collect(),
                    blacklisted_symbols: one.forbidden.clone(),
                };
                (one.policy.tag(arch).to_string().into(), upgrade)
            })
            .collect(),
    }
}

/// A file that is looked at by itself: an extension, or one that no other file needs.
struct Top<'a> {
    entry: &'a ElfEntry,
    walk: Option<&'a RootWalk>,
    /// The Python it is an extension for, 2 or 3.
    python: Option<u8>,
}

fn top_files<'a>(input: &AuditInput<'a>) -> Vec<Top<'a>> {
    let needed: BTreeSet<&str> = input
        .subject
        .elf
        .iter()
        .flat_map(|entry| entry.file.facts.needed.iter().map(|name| name.as_str()))
        .collect();
    let walk_of = |entry: &ElfEntry| {
        let mut walks = input.subject.graph.walks.iter();
        walks.find(|walk| {
            let root = input.subject.graph.module(walk.root);
            root.is_some_and(|root| root.path == entry.installed)
        })
    };
    input
        .subject
        .elf
        .iter()
        .map(|entry| Top {
            entry,
            walk: walk_of(entry),
            python: python_of(entry),
        })
        .filter(|top| top.python.is_some() || !needed.contains(top.entry.installed.file_name()))
        .collect()
}

fn python_of(entry: &ElfEntry) -> Option<u8> {
    let stem = entry.installed.file_name().split('.').next()?;
    entry.file.facts.symbols.iter().find_map(|symbol| {
        let function = symbol.defined && symbol.kind == SymbolKind::Function;
        let python = match symbol.name.strip_suffix(stem).filter(|_| function)? {
            "init" | "_cffi_pypyinit_" => 2,
            "PyInit_" => 3,
            _ => return None,
        };
        Some(python)
    })
}

fn uses(top: &[Top<'_>], of: impl Fn(&Top<'_>) -> bool) -> bool {
    top.iter().any(of)
}

fn wants(top: &Top<'_>, name: impl Fn(&str) -> bool, kinds: &[SymbolKind]) -> bool {
    let mut symbols = top.entry.file.facts.symbols.iter();
    symbols.any(|symbol| !symbol.defined && kinds.contains(&symbol.kind) && name(symbol.name))
}

fn is_pyfpe(top: &Top<'_>) -> bool {
    let names = ["PyFPE_jbuf", "PyFPE_dummy", "PyFPE_counter"];
    let kinds = [SymbolKind::Function, SymbolKind::None];
    top.python.is_some() && wants(top, |name| names.contains(&name), &kinds)
}

fn is_ucs2(top: &Top<'_>) -> bool {
    let narrow = |name: &str| name.contains("PyUnicodeUCS2_");
    top.python == Some(2) && wants(top, narrow, &[SymbolKind::Function])
}

fn references(input: &AuditInput<'_>, policy: &'static Policy, top: &[Top<'_>]) -> References {
    let mut found = References {
        policy,
        libs: BTreeMap::new(),
        forbidden: BTreeMap::new(),
    };
    for one in top {
        let facts = &one.entry.file.facts;
        for library in &facts.needed {
            if let Some(symbols) = policy.forbidden(library.as_str()) {
                let wanted = facts.symbols.iter().filter(|symbol| {
                    !symbol.defined && !symbol.is_weak() && symbols.contains(symbol.name)
                });
                let wanted: BTreeSet<Untrusted> = wanted.map(|one| one.name.into()).collect();
                if !wanted.is_empty() {
                    let known = found.forbidden.entry(library.as_str().into());
                    known.or_default().extend(wanted);
                }
            }
        }
        if let Some(walk) = one.walk {
            external(&input.subject.graph, walk, policy, facts, &mut found.libs);
        }
    }
    found
}

/// From a file's needs through everything that the policy does not provide. Libraries that lie in
/// the wheel are gone through, and not counted.
fn external(
    graph: &Graph,
    walk: &RootWalk,
    policy: &Policy,
    facts: &Facts,
    libs: &mut BTreeMap<Untrusted, Option<ModuleId>>,
) {
    let mut leads: BTreeMap<&str, Target> = BTreeMap::new();
    for edge in walk.edges() {
        leads.entry(edge.wants.as_str()).or_insert(edge.target);
    }
    let mut queue: Vec<&str> = facts.needed.iter().map(|name| name.as_str()).collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = queue.pop() {
        let loader = name.contains("ld-linux") || name == "ld64.so.1" || name == "ld64.so.2";
        if loader || policy.provides(name) || !seen.insert(name) {
            continue;
        }
        let module = match leads.get(name) {
            // A C library by another name is no library to be carried along.
            Some(Target::Libc) => continue,
            // A libpython is looked for by nobody.
            _ if crate::plan::needs::outside::is_libpython(name) => None,
            Some(Target::Module(id)) => Some(*id),
            Some(Target::Missing) | None => None,
        };
        let file: Option<&Module> = module.and_then(|id| graph.module(id));
        if let Some(file) = file {
            queue.extend(file.file.facts.needed.iter().map(|name| name.as_str()));
        }
        if file.is_none_or(|file| !file.path.in_wheel()) {
            libs.insert(name.into(), module);
        }
    }
}

/// Where a library was found: the folder that was searched, and the name of the file that its
/// links lead to.
fn found_at(graph: &Graph, id: ModuleId) -> Option<Untrusted> {
    let module = graph.module(id)?;
    let file = module.path.parent().join(module.file.real_path.file_name());
    Some(file.as_str().into())
}

/// The versions of all files, with those of the libraries that a tag would have grafted: the best
/// tag whose versions suffice, and the versions it was judged by.
fn by_versions(input: &AuditInput<'_>, references: &[References]) -> (Rank, Versions) {
    let arch = input.subject.platform.arch;
    let mut own = Versions::new();
    for entry in &input.subject.elf {
        add_versions(&entry.file.facts, &mut own);
    }
    let rank_of = |versions: &Versions| -> Rank {
        let all = || versions.values().flatten();
        let fits = |one: &References| {
            all().all(|name| {
                one.policy
                    .has_version(arch, name.as_str(), one.policy.tag(arch).version)
            })
        };
        let found = references.iter().rposition(fits);
        found.map_or(0, |position| position.saturating_add(1))
    };
    let mut best: Option<(Rank, Versions)> = None;
    for (position, one) in references.iter().enumerate() {
        let mut versions = own.clone();
        for id in one.libs.values().flatten() {
            if let Some(module) = input.subject.graph.module(*id) {
                add_versions(&module.file.facts, &mut versions);
            }
        }
        let rank = rank_of(&versions).min(position.saturating_add(1));
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, versions));
        }
    }
    best.unwrap_or((0, own))
}

fn add_versions(facts: &Facts, versions: &mut Versions) {
    for need in &facts.version_needs {
        let library = need.file.as_str();
        if library.starts_with("ld-linux") || library == "ld64.so.1" || library == "ld64.so.2" {
            continue;
        }
        let names = need
            .versions
            .iter()
            .map(|version| version.name.clone().into());
        versions.entry(library.into()).or_default().extend(names);
    }
}

/// Files marked for newer processors: those of the wheel forbid every tag, those outside all tags
/// but the ones that promise them.
fn by_processor(input: &AuditInput<'_>, references: &[References], top: &[Top<'_>]) -> Rank {
    let arch = input.subject.platform.arch;
    // The levels above the baseline, as `GNU_PROPERTY_X86_ISA_1_NEEDED` has them.
    let beyond = |facts: &Facts| arch == Arch::X86_64 && facts.x86_isa.needed & 14 != 0;
    let mut rank = references.len();
    if top.iter().any(|one| beyond(&one.entry.file.facts)) {
        return 0;
    }
    let external: BTreeMap<&Untrusted, ModuleId> = references
        .iter()
        .flat_map(|one| &one.libs)
        .filter_map(|(name, id)| Some((name, (*id)?)))
        .collect();
    for (name, id) in external {
        let module = input.subject.graph.module(id);
        if module.is_some_and(|module| beyond(&module.file.facts)) {
            let provides = references
                .iter()
                .rposition(|one| one.policy.provides(name.as_str()));
            rank = rank.min(provides.map_or(0, |position| position.saturating_add(1)));
        }
    }
    rank
}
