//! What was written is looked at again, by musl's rules: every name of every file has the definition
//! that was meant for it, one and the same in every process that loads the file.
//!
//! The theory: let a reference be a name that a file looks up. Before the port, glibc's loader binds
//! it to its libc, to the interpreter, to a file or to nothing, and so in each process that loads the
//! file. A port is right where musl's loader binds each reference of the written files as glibc's did:
//! to that file's ported self; to the interpreter; to nothing; and where it was glibc's, to what
//! `names.tsv` says that the name means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::elf::BindingNeeds;
use crate::plan::port::bindings::{Definer, Reference, Surroundings, bindings};
use crate::plan::port::cancel::{ByPath, CANCEL, by_path, is_plain};
use crate::plan::port::fates::own_names;
use crate::plan::port::library;
use crate::plan::port::obstacle::PortObstacle;
use crate::plan::port::plan::{PortPlan, Promise};
use crate::policy::{Meaning, MuslFloor, Pythons, Wanted, musl_floor, musl_has, port_meaning};
use crate::resolve::{Graph, Libc, Module, ModulePath, Target, offers};
use crate::wheel::{Sentence, Untrusted, sentence};

/// The files as they were written.
pub struct Written<'a> {
    /// Each loaded by musl's rules into a world that holds the written wheels alone.
    pub graph: &'a Graph,
    /// What each file asks of a loader, by its digest.
    pub needs: &'a BTreeMap<[u8; 32], BindingNeeds>,
    /// The interpreters that the wheels are for.
    pub pythons: &'a [Pythons],
}

/// Prove a port.
///
/// # Errors
/// Everything that does not hold.
pub fn prove_port(plan: &PortPlan, written: &Written<'_>) -> Result<MuslFloor, Vec<PortObstacle>> {
    let mut proof = Proof {
        promise: &plan.promise,
        written,
        files: by_path(written.graph),
        faults: BTreeSet::new(),
    };
    for (_, module) in written.graph.modules() {
        proof.file(module);
    }
    proof.edges();
    proof.names();
    if !proof.faults.is_empty() {
        return Err(proof.faults.into_iter().collect());
    }
    let files: BTreeSet<&ModulePath> = written
        .graph
        .modules()
        .map(|(_, module)| &module.file.real_path)
        .collect();
    Ok(musl_floor(written.graph, plan.promise.arch, &files, false))
}

struct Proof<'a> {
    promise: &'a Promise,
    written: &'a Written<'a>,
    files: ByPath<'a>,
    faults: BTreeSet<PortObstacle>,
}

impl Proof<'_> {
    fn fault(&mut self, file: &ModulePath, why: impl Into<Sentence>) {
        self.faults.insert(PortObstacle::Proof {
            file: file.clone(),
            why: why.into(),
        });
    }

    /// What one file says of itself.
    fn file(&mut self, module: &Module) {
        let (path, facts) = (&module.path, &module.file.facts);
        let Some(origin) = self.promise.origin.get(path) else {
            return self.fault(path, "it is of no file that was looked at");
        };
        for need in &facts.version_needs {
            if library::is_glibc(need.file.as_str()) {
                self.fault(
                    path,
                    sentence!(
                        "it asks for versions of {}",
                        Untrusted::from(need.file.as_str())
                    ),
                );
            }
        }
        for name in &facts.needed {
            if library::is_glibc(name.as_str()) || library::is_python(name.as_str()) {
                self.fault(
                    path,
                    sentence!("it needs {}", Untrusted::from(name.as_str())),
                );
            }
        }
        if facts.relr.is_some() {
            self.fault(path, "its relocations are packed (DT_RELR)");
        }
        let needs = self.written.needs.get(&module.file.digest);
        let Some(needs) = needs else {
            return self.fault(path, "it was not read whole");
        };
        if needs.indirect > 0 || !needs.unknown_to_musl.is_empty() {
            self.fault(path, "it has relocations that musl does not know");
        }
        let is_static = needs.static_tls > 0 || needs.static_tls_flag;
        if is_static && !facts.is_program {
            self.fault(path, "its threads' data is initial-exec");
        }
        if let Some(interpreter) = &facts.interpreter
            && *interpreter != library::musl_interpreter(self.promise.arch)
        {
            self.fault(
                path,
                sentence!("its interpreter is {}", Untrusted::from(interpreter)),
            );
        }
        // glibc's C++ library, inlined into the wheel's code, reads tables inside of a locale.
        let is_runtime = library::plain_name(path.file_name()) == "libstdc++.so.6";
        let built = origin
            .as_ref()
            .and_then(|origin| self.promise.fates.built_for.get(origin));
        if is_runtime
            && (built != Some(&Libc::Glibc)
                || facts
                    .symbols
                    .iter()
                    .any(|one| !one.defined && one.name == "newlocale")
                || !facts
                    .symbols
                    .iter()
                    .any(|one| !one.defined && one.name == "wfx_newlocale"))
        {
            self.fault(
                path,
                "it is no C++ library of glibc's with the shim's locales",
            );
        }
    }

    /// Every needed library is in the wheels, or musl itself.
    fn edges(&mut self) {
        for walk in &self.written.graph.walks {
            for edge in walk.edges() {
                if edge.target == Target::Missing
                    && let Some(module) = self.written.graph.module(edge.from)
                {
                    self.fault(
                        &module.path,
                        sentence!("{} is not found", Untrusted::from(edge.wants.as_str())),
                    );
                }
            }
        }
    }

    /// Every name has the definition that was meant for it.
    fn names(&mut self) {
        let arch = self.promise.arch;
        let after = bindings(
            self.written.graph,
            &Surroundings {
                rules: Libc::Musl,
                libc: &|name, _| musl_has(arch, name),
                python: &|name| self.written.pythons.iter().any(|one| one.have(name)),
                own: &|module| own_names(self.written.needs.get(&module.file.digest)),
                // What comes along is loaded by those who need it.
                begins: &|module| {
                    let origin = self.promise.origin.get(&module.file.real_path);
                    matches!(origin, Some(Some(origin)) if origin.in_wheel())
                },
                expected: &|_| false,
            },
        );
        let mut seen: BTreeSet<(&ModulePath, String)> = BTreeSet::new();
        for (reference, definers) in &after {
            match self.promise.origin.get(&reference.file) {
                Some(Some(origin)) => {
                    let names = self.old_names(origin, reference);
                    for old in &names {
                        self.reference(origin, old, reference, definers);
                    }
                    seen.extend(names.into_iter().map(|name| (origin, name)));
                }
                Some(None) => self.of_shim(reference, definers),
                None => {}
            }
        }
        // No reference may be lost on the way.
        let before = &self.promise.fates.before;
        let lost: Vec<&Reference> = before
            .keys()
            .filter(|reference| !seen.contains(&(&reference.file, reference.name.clone())))
            .collect();
        for reference in lost {
            let file = reference.file.clone();
            self.fault(
                &file,
                sentence!(
                    "its reference to {} is gone",
                    Untrusted::from(&reference.name)
                ),
            );
        }
    }

    /// What a written reference was called: several names may have become one.
    fn old_names(&self, origin: &ModulePath, reference: &Reference) -> Vec<String> {
        let renames = self.promise.fates.renames.get(origin);
        let old = renames.into_iter().flatten();
        let mut names: Vec<String> = old
            .filter(|(_, new)| **new == reference.name)
            .map(|(old, _)| old.clone())
            .collect();
        let is_renamed = renames.is_some_and(|all| all.contains_key(&reference.name));
        let had = self.before(origin, &reference.name).next().is_some();
        if !is_renamed && had {
            names.push(reference.name.clone());
        }
        names
    }

    fn before<'p>(
        &'p self,
        origin: &'p ModulePath,
        name: &'p str,
    ) -> impl Iterator<Item = (&'p Reference, &'p Arc<BTreeSet<Definer>>)> {
        let first = Reference {
            file: origin.clone(),
            name: name.to_owned(),
            version: None,
            weak: false,
            own: false,
        };
        let from = self.promise.fates.before.range(first..);
        from.take_while(move |(one, _)| one.file == *origin && one.name == name)
    }

    fn reference(
        &mut self,
        origin: &ModulePath,
        old: &str,
        reference: &Reference,
        definers: &BTreeSet<Definer>,
    ) {
        let mut wrong = Vec::new();
        let mut is_known = false;
        for (before, meant) in self.before(origin, old) {
            if before.own != reference.own {
                continue;
            }
            is_known = true;
            if !self.is_as_before(origin, before, meant, reference, definers) {
                wrong.push(sentence!(
                    "{} was {} and is {} of {}",
                    Untrusted::from(old),
                    described(meant),
                    Untrusted::from(&reference.name),
                    described(definers)
                ));
            }
        }
        if !is_known {
            let name = Untrusted::from(&reference.name);
            wrong.push(sentence!("nobody asked for {}", name));
        }
        for why in wrong {
            self.fault(&reference.file, why);
        }
    }

    fn is_as_before(
        &self,
        origin: &ModulePath,
        before: &Reference,
        meant: &BTreeSet<Definer>,
        reference: &Reference,
        definers: &BTreeSet<Definer>,
    ) -> bool {
        if self.promise.fates.built_for.get(origin) == Some(&Libc::Musl) {
            let name = format!("wfx_{}", before.name);
            return match reference.name == name {
                true => self.is_shim(&name, definers),
                false => {
                    reference.name == before.name
                        && (definers.iter().all(|one| *one == Definer::Libc)
                            || self.ported(definers) == *meant
                            || reference.weak)
                }
            };
        }
        if !meant.contains(&Definer::Libc) {
            return reference.name == before.name && self.ported(definers) == *meant;
        }
        let wanted = Wanted {
            name: &before.name,
            version: before.version.as_deref(),
        };
        let is_musl_s = definers.iter().all(|one| *one == Definer::Libc);
        match port_meaning(self.promise.arch, wanted) {
            // The old memcpy is memmove, and one name has one new name.
            Some(Meaning::Same) => {
                let name = reference.name.as_str();
                let is_move = before.name == "memcpy" && name == "memmove";
                (name == before.name || is_move) && is_musl_s
            }
            Some(Meaning::Alias(target)) => *target == reference.name && is_musl_s,
            Some(Meaning::Shim(target) | Meaning::Other(target)) => {
                *target == reference.name && self.is_shim(target, definers)
            }
            Some(Meaning::Refuse(_)) if before.name == CANCEL && reference.name == CANCEL => {
                let needs = self.written.needs;
                is_musl_s && is_plain(&self.files, needs, &reference.file)
            }
            Some(Meaning::Refuse(_)) => {
                before.weak && definers.iter().all(|one| *one == Definer::Nobody)
            }
            None => false,
        }
    }

    /// Definers as they were before the port.
    fn ported(&self, definers: &BTreeSet<Definer>) -> BTreeSet<Definer> {
        let of = |one: &Definer| match one {
            Definer::File(path) => match self.promise.origin.get(path) {
                Some(Some(origin)) => Definer::File(origin.clone()),
                _ => one.clone(),
            },
            other => other.clone(),
        };
        definers.iter().map(of).collect()
    }

    /// Are all of them the shim, and does it define that name?
    fn is_shim(&self, name: &str, definers: &BTreeSet<Definer>) -> bool {
        definers.iter().all(|one| match one {
            Definer::File(path) => {
                let mut modules = self.files.get(path).into_iter().flatten();
                self.promise.origin.get(path) == Some(&None)
                    && modules.any(|module| offers(&module.file.facts, name))
            }
            _ => false,
        })
    }

    /// The shim's own needs are musl's; what it could do without is the unwinder's.
    fn of_shim(&mut self, reference: &Reference, definers: &BTreeSet<Definer>) {
        let is_musl_s = definers.iter().all(|one| *one == Definer::Libc);
        let is_unwinder = reference.weak && reference.name.starts_with("_Unwind_");
        let is_own = reference.own && reference.name.starts_with("wfx_");
        if !is_musl_s && !is_unwinder && !is_own {
            let name = Untrusted::from(&reference.name);
            let why = sentence!("{} of the shim is {}", name, described(definers));
            self.fault(&reference.file, why);
        }
    }
}

fn described(definers: &BTreeSet<Definer>) -> Sentence {
    let texts = definers.iter().map(|one| match one {
        Definer::Libc => "the C library's".into(),
        Definer::Python => "the interpreter's".into(),
        Definer::File(path) => sentence!("{}'s", path),
        Definer::Nobody => "nobody's".into(),
    });
    Sentence::listing(&texts.collect::<Vec<_>>(), " or ")
}
