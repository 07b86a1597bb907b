//! What becomes of each name that files ask for, and what keeps them from being ported.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Binding, BindingNeeds, SymbolKind};
use crate::plan::port::bindings::{Bindings, Definer, Own, Reference, Surroundings, bindings};
use crate::plan::port::cancel::{ByPath, CANCEL, by_path, is_plain};
use crate::plan::port::input::{PortInput, built_for};
use crate::plan::port::library;
use crate::plan::port::obstacle::PortObstacle;
use crate::policy::{Meaning, Wanted, musl_has, null_is_expected, port_meaning};
use crate::resolve::{Libc, Module, ModulePath};
use crate::wheel::Untrusted;

/// What a library that was built for musl asks of the shim all the same: the stacks of its threads
/// run code of the wheel.
const OF_MUSL: [&str; 2] = ["pthread_create", "pthread_attr_init"];

/// Who defines what before, and what is renamed.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Fates {
    /// Every reference, and who defines it in a process of glibc.
    pub(in crate::plan) before: Bindings,
    /// The new names, by the file's real path.
    pub(in crate::plan) renames: BTreeMap<ModulePath, BTreeMap<String, String>>,
    /// The weak names that stay without a definition, by the file's real path.
    pub(in crate::plan) nulls: BTreeMap<ModulePath, BTreeSet<String>>,
    /// Names that lose their version, by the file's real path: musl finds none that is not the default.
    pub(in crate::plan) bared: BTreeMap<ModulePath, BTreeSet<String>>,
    /// Variables that glibc makes one for the whole process (`STB_GNU_UNIQUE`), and musl one for each
    /// file that is loaded by itself.
    pub(in crate::plan) apart: BTreeSet<String>,
    /// For which C library each file was built, by its real path.
    pub(in crate::plan) built_for: BTreeMap<ModulePath, Libc>,
}

/// Is it a name, in a version where one is asked for, of the glibc that files know?
pub(in crate::plan) fn glibc_defines(
    input: &PortInput<'_>,
    name: &str,
    version: Option<&str>,
) -> bool {
    let is_glibc_s = version.is_none_or(|version| version.starts_with("GLIBC_"));
    is_glibc_s && port_meaning(input.arch, Wanted { name, version }).is_some()
}

/// The names that a file both defines and looks up, and those that it copies.
pub(in crate::plan) fn own_names(needs: Option<&BindingNeeds>) -> Own {
    needs.map_or_else(Own::default, |needs| Own {
        looked_up: needs.own.difference(&needs.copied).cloned().collect(),
        copied: needs.copied.iter().cloned().collect(),
    })
}

/// Decide all of them.
pub(in crate::plan) fn fates(
    input: &PortInput<'_>,
    obstacles: &mut BTreeSet<PortObstacle>,
) -> Fates {
    let before = bindings(
        input.graph,
        &Surroundings {
            rules: Libc::Glibc,
            libc: &|name, version| glibc_defines(input, name, version),
            python: &|name| input.python_has(name),
            own: &|module| own_names(input.needs.get(&module.file.digest)),
            begins: &|_| true,
            expected: &library::is_given,
        },
    );
    let mut fates = Fates::default();
    for (_, module) in input.graph.modules() {
        let built = built_for(&module.file.facts);
        fates.built_for.insert(module.file.real_path.clone(), built);
        look_at(module, built, input, obstacles);
    }
    let files = by_path(input.graph);
    for (reference, definers) in &before {
        let built = fates.built_for.get(&reference.file).copied();
        let fate = match built.unwrap_or(Libc::Glibc) {
            Libc::Glibc => of_glibc(reference, definers, input, &files),
            Libc::Musl => of_musl(reference, definers, input),
        };
        match fate {
            Fate::Stays => {}
            Fate::Null => {
                let nulls = fates.nulls.entry(reference.file.clone()).or_default();
                nulls.insert(reference.name.clone());
            }
            Fate::Becomes(new) => {
                let renames = fates.renames.entry(reference.file.clone()).or_default();
                let old = renames.insert(reference.name.clone(), new.clone());
                if old.is_some_and(|old| old != new) {
                    obstacles.insert(PortObstacle::Versions {
                        file: reference.file.clone(),
                        name: reference.name.clone().into(),
                    });
                }
            }
            Fate::Refused(obstacle) => {
                obstacles.insert(*obstacle);
            }
        }
    }
    refuse_half_renamed(&fates, input, obstacles);
    fates.before = before;
    fates.find_hidden(input);
    fates.find_apart(input);
    fates
}

impl Fates {
    /// Who is asked for a name of which there is one version, and that is not the default.
    fn find_hidden(&mut self, input: &PortInput<'_>) {
        let mut asked: BTreeMap<&ModulePath, BTreeSet<&str>> = BTreeMap::new();
        for (reference, definers) in &self.before {
            for definer in definers.iter() {
                if let Definer::File(file) = definer {
                    asked.entry(file).or_default().insert(&reference.name);
                }
            }
        }
        for (_, module) in input.graph.modules() {
            let file = &module.file.real_path;
            let Some(asked) = asked.get(file) else {
                continue;
            };
            // How often each name is defined, and whether a version of it is the default.
            let mut defined: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
            let symbols = module.file.facts.symbols.iter();
            for symbol in symbols.filter(|one| one.defined && asked.contains(one.name)) {
                let known = defined.entry(symbol.name).or_default();
                known.0 = known.0.saturating_add(1);
                known.1 |= symbol.default_version;
            }
            let hidden = defined
                .into_iter()
                .filter(|(_, known)| *known == (1, false));
            let hidden: BTreeSet<String> = hidden.map(|(name, _)| name.to_owned()).collect();
            if !hidden.is_empty() {
                self.bared.insert(file.clone(), hidden);
            }
        }
    }

    /// Variables of which there will be several.
    fn find_apart(&mut self, input: &PortInput<'_>) {
        let mut unique: BTreeSet<(&ModulePath, &str)> = BTreeSet::new();
        for (_, module) in input.graph.modules() {
            let symbols = module.file.facts.symbols.iter();
            let own = symbols.filter(|one| one.defined && one.binding == Binding::Unique);
            unique.extend(own.map(|one| (&module.file.real_path, one.name)));
        }
        let mut definers: BTreeMap<&str, BTreeSet<&Definer>> = BTreeMap::new();
        for (reference, by) in &self.before {
            if unique.contains(&(&reference.file, reference.name.as_str())) {
                definers
                    .entry(&reference.name)
                    .or_default()
                    .extend(by.iter());
            }
        }
        let several = definers.into_iter().filter(|(_, by)| by.len() > 1);
        self.apart = several.map(|(name, _)| name.to_owned()).collect();
    }
}

/// What a file asks for beside names.
fn look_at(
    module: &Module,
    built: Libc,
    input: &PortInput<'_>,
    obstacles: &mut BTreeSet<PortObstacle>,
) {
    let facts = &module.file.facts;
    let file = || module.path.clone();
    let Some(needs) = input.needs.get(&module.file.digest) else {
        let why = "it was not read whole".into();
        obstacles.insert(PortObstacle::Unsettled { why });
        return;
    };
    // Where a file does not say, glibc makes the stack executable, and musl does not.
    if facts.exec_stack != Some(false) {
        obstacles.insert(PortObstacle::ExecutableStack { file: file() });
    }
    if facts.text_relocations {
        obstacles.insert(PortObstacle::TextRelocations { file: file() });
    }
    let mut symbols = facts.symbols.iter();
    let ifunc = symbols.find(|symbol| symbol.kind == SymbolKind::Ifunc);
    if needs.indirect > 0 || ifunc.is_some() {
        obstacles.insert(PortObstacle::Ifunc {
            file: file(),
            name: ifunc.map(|symbol| symbol.name.into()),
        });
    }
    let is_static = needs.static_tls > 0 || needs.static_tls_flag;
    if is_static && !facts.is_program {
        if library::is_replaced(module.path.file_name()) && built == Libc::Glibc {
            obstacles.insert(PortObstacle::MissingRuntime {
                file: file(),
                library: library::plain_name(module.path.file_name()).into(),
                for_musl: true,
            });
        } else {
            obstacles.insert(PortObstacle::StaticTls { file: file() });
        }
    }
    if !needs.unknown_to_musl.is_empty() {
        obstacles.insert(PortObstacle::Relocations {
            file: file(),
            types: needs.unknown_to_musl.iter().copied().collect(),
        });
    }
    if needs.init_arguments && built == Libc::Glibc {
        obstacles.insert(PortObstacle::InitArguments { file: file() });
    }
    let for_musl = library::is_replaced(module.path.file_name());
    if !module.file.real_path.in_wheel() && (built == Libc::Musl) != for_musl {
        obstacles.insert(PortObstacle::WrongRuntime {
            file: module.file.real_path.clone(),
            for_musl,
        });
    }
}

/// What becomes of one reference.
enum Fate {
    /// It keeps its name.
    Stays,
    /// It keeps its name, and nothing defines it.
    Null,
    /// It gets this name.
    Becomes(String),
    /// The file cannot be ported.
    Refused(Box<PortObstacle>),
}

impl From<PortObstacle> for Fate {
    fn from(obstacle: PortObstacle) -> Self {
        Self::Refused(Box::new(obstacle))
    }
}

fn of_glibc(
    reference: &Reference,
    definers: &BTreeSet<Definer>,
    input: &PortInput<'_>,
    files: &ByPath<'_>,
) -> Fate {
    let (file, name) = (reference.file.clone(), Untrusted::from(&reference.name));
    if definers.contains(&Definer::Libc) {
        if definers.len() > 1 {
            return PortObstacle::Depends { file, name }.into();
        }
        return of_libc(reference, input, files);
    }
    if definers.contains(&Definer::Python) {
        return match definers.len() {
            1 => Fate::Stays,
            _ => PortObstacle::Depends { file, name }.into(),
        };
    }
    let has_too = musl_has(input.arch, &reference.name);
    if !definers.contains(&Definer::Nobody) {
        // In a program the wheel's own would come first, in an extension musl's.
        return match has_too && !reference.own_in_program(files) {
            true => PortObstacle::MuslHasToo { file, name }.into(),
            false => Fate::Stays,
        };
    }
    if !reference.weak {
        return match reference.asks_glibc() {
            true => PortObstacle::UnknownName {
                file,
                name,
                version: reference.version.as_ref().map(Into::into),
                weak: false,
            },
            false => PortObstacle::Unbound { file, name },
        }
        .into();
    }
    if null_is_expected(&reference.name) && !has_too {
        return Fate::Null;
    }
    // It may be null in some processes and not in others: that stays as it is, but musl must not
    // give what glibc does not.
    if has_too {
        return PortObstacle::MuslHasToo { file, name }.into();
    }
    match &reference.version {
        Some(version) => PortObstacle::UnknownName {
            file,
            name,
            version: Some(version.into()),
            weak: true,
        }
        .into(),
        None => Fate::Null,
    }
}

/// What becomes of a name of glibc's.
fn of_libc(reference: &Reference, input: &PortInput<'_>, files: &ByPath<'_>) -> Fate {
    let (file, name) = (reference.file.clone(), Untrusted::from(&reference.name));
    let wanted = Wanted {
        name: &reference.name,
        version: reference.version.as_deref(),
    };
    let target = match port_meaning(input.arch, wanted) {
        Some(Meaning::Same) => return Fate::Stays,
        Some(Meaning::Alias(target) | Meaning::Shim(target) | Meaning::Other(target)) => target,
        Some(Meaning::Refuse(_)) if reference.weak && null_is_expected(&reference.name) => {
            return match musl_has(input.arch, &reference.name) {
                true => PortObstacle::MuslHasToo { file, name }.into(),
                false => Fate::Null,
            };
        }
        Some(Meaning::Refuse(_))
            if reference.name == CANCEL && is_plain(files, input.needs, &file) =>
        {
            return Fate::Stays;
        }
        Some(Meaning::Refuse(why)) => {
            return PortObstacle::Name {
                file,
                name,
                version: reference.version.as_ref().map(Into::into),
                why: why.into(),
            }
            .into();
        }
        None => {
            return PortObstacle::UnknownName {
                file,
                name,
                version: reference.version.as_ref().map(Into::into),
                weak: reference.weak,
            }
            .into();
        }
    };
    if reference.own {
        let is_copied = input.copies(files, &reference.file, &reference.name);
        return match is_copied {
            true => PortObstacle::Copied { file, name },
            false => PortObstacle::Interposed { file, name },
        }
        .into();
    }
    match *target == reference.name {
        true => Fate::Stays,
        false => Fate::Becomes(target.clone()),
    }
}

fn of_musl(reference: &Reference, definers: &BTreeSet<Definer>, input: &PortInput<'_>) -> Fate {
    let (file, name) = (reference.file.clone(), Untrusted::from(&reference.name));
    let is_found = musl_has(input.arch, &reference.name)
        || definers.iter().all(|one| matches!(one, Definer::File(_)));
    if OF_MUSL.contains(&reference.name.as_str()) {
        return Fate::Becomes(format!("wfx_{}", reference.name));
    }
    match (is_found, reference.weak) {
        (true, _) => Fate::Stays,
        (false, true) => Fate::Null,
        (false, false) => PortObstacle::Unbound { file, name }.into(),
    }
}

/// A rename is of all of a file's references of that name: one that was to keep it would change its
/// meaning. `memcpy` beside its old version, which is `memmove`, is no harm: that does what both ask.
fn refuse_half_renamed(
    fates: &Fates,
    input: &PortInput<'_>,
    obstacles: &mut BTreeSet<PortObstacle>,
) {
    let renamed = |file: &ModulePath, name: &str| fates.renames.get(file)?.get(name);
    for (_, module) in input.graph.modules() {
        let file = &module.file.real_path;
        if fates.built_for.get(file) == Some(&Libc::Musl) {
            continue;
        }
        for symbol in module.file.facts.symbols.iter() {
            let Some(new) = renamed(file, symbol.name) else {
                continue;
            };
            let wanted = Wanted {
                name: symbol.name,
                version: symbol.version,
            };
            let meaning = port_meaning(input.arch, wanted);
            let agrees = match meaning {
                Some(Meaning::Alias(to) | Meaning::Shim(to) | Meaning::Other(to)) => to == new,
                Some(Meaning::Same) => symbol.name == "memcpy" && new == "memmove",
                _ => false,
            };
            let is_glibc_s = symbol
                .version
                .is_none_or(|version| version.starts_with("GLIBC_"));
            if symbol.defined || !agrees || !is_glibc_s {
                obstacles.insert(PortObstacle::Versions {
                    file: file.clone(),
                    name: symbol.name.into(),
                });
            }
        }
    }
}

impl Reference {
    /// Does it ask for a version of glibc's?
    fn asks_glibc(&self) -> bool {
        let version = self.version.as_deref();
        version.is_some_and(|version| version.starts_with("GLIBC_"))
    }

    /// Is it of a program, in which its own names come before the C library's?
    fn own_in_program(&self, files: &ByPath<'_>) -> bool {
        let mut modules = files.get(&self.file).into_iter().flatten();
        modules.any(|module| module.file.facts.is_program)
    }
}

impl PortInput<'_> {
    /// Does a program copy this name into itself?
    fn copies(&self, files: &ByPath<'_>, file: &ModulePath, name: &str) -> bool {
        let mut modules = files.get(file).into_iter().flatten();
        modules.any(|module| {
            let needs = self.needs.get(&module.file.digest);
            needs.is_some_and(|needs| needs.copied.contains(name))
        })
    }
}
