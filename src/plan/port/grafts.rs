//! The libraries that come along: which ones, under which names, and what is changed in them.
//!
//! A name carries a hash of everything that decides the bytes, so that equal names are equal bytes in
//! every wheel, and one copy serves a process.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::elf::{Arch, Edits, MoreEdits, Relr, RunPath, RunPathEdit, RunPathKind, Soname};
use crate::plan::port::fates::Fates;
use crate::plan::port::library;
use crate::plan::port::obstacle::PortObstacle;
use crate::plan::repair::naming::{graft_name, hex};
use crate::policy::shim;
use crate::resolve::{ElfFile, Graph, ModulePath, Target};

/// Changes with every change of the editor that makes other bytes of the same edits, so that a name
/// never stands for two contents.
const EDITOR: &str = "wheelfix port 1";

/// Where a needed name leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) enum Leads {
    /// To a file of a wheel, by its path.
    Inside(ModulePath),
    /// To a library that comes along, by its real path.
    Along(ModulePath),
}

/// What needed names lead to, and what comes along.
#[derive(Debug)]
pub(in crate::plan) struct Grafts {
    /// By the real path of who needs, what each name leads to.
    pub(in crate::plan) leads: BTreeMap<ModulePath, BTreeMap<Soname, Leads>>,
    /// The names of what comes along, by its real path.
    pub(in crate::plan) names: BTreeMap<ModulePath, Soname>,
    /// The shim's name.
    pub(in crate::plan) shim: Soname,
}

impl Grafts {
    /// Follow the graph's edges and name what comes along.
    pub(in crate::plan) fn find(
        graph: &Graph,
        arch: Arch,
        fates: &Fates,
        obstacles: &mut BTreeSet<PortObstacle>,
    ) -> Self {
        let mut grafts = Self {
            leads: BTreeMap::new(),
            names: BTreeMap::new(),
            shim: shim_name(arch),
        };
        // A library that is loaded by itself may not find what it finds when its user loads it.
        let mut missing: BTreeMap<(ModulePath, Soname), ModulePath> = BTreeMap::new();
        for walk in &graph.walks {
            for edge in walk.edges() {
                let Some(from) = graph.module(edge.from) else {
                    continue;
                };
                let (name, file) = (edge.wants.as_str(), || from.path.clone());
                let leads = match edge.target {
                    Target::Libc => continue,
                    Target::Missing if library::is_given(name) => continue,
                    Target::Missing => {
                        let key = (from.file.real_path.clone(), edge.wants.clone());
                        missing.insert(key, file());
                        continue;
                    }
                    Target::Module(id) => match graph.module(id) {
                        Some(to) if to.file.real_path.in_wheel() => Leads::Inside(to.path.clone()),
                        // A path is no name to look up: it would take any file of this machine along.
                        Some(_) if name.contains('/') => {
                            let key = (from.file.real_path.clone(), edge.wants.clone());
                            missing.insert(key, file());
                            continue;
                        }
                        Some(to) => Leads::Along(to.file.real_path.clone()),
                        None => continue,
                    },
                };
                let known = grafts.leads.entry(from.file.real_path.clone()).or_default();
                let old = known.insert(edge.wants.clone(), leads.clone());
                if old.is_some_and(|old| old != leads) {
                    obstacles.insert(PortObstacle::TwoLibraries {
                        file: file(),
                        library: edge.wants.clone(),
                    });
                }
            }
        }
        for ((from, library), file) in missing {
            let known = grafts.leads.get(&from);
            if !known.is_some_and(|known| known.contains_key(&library)) {
                obstacles.insert(lacking(file, library));
            }
        }
        let files: BTreeMap<&ModulePath, &ElfFile> = graph
            .modules()
            .map(|(_, module)| (&module.file.real_path, &*module.file))
            .filter(|(path, _)| !path.in_wheel())
            .collect();
        for path in files.keys() {
            grafts.name(path, &files, fates, &mut Vec::new());
        }
        grafts
    }

    /// Name a library, and before it what it needs.
    fn name(
        &mut self,
        path: &ModulePath,
        files: &BTreeMap<&ModulePath, &ElfFile>,
        fates: &Fates,
        above: &mut Vec<ModulePath>,
    ) -> Option<Soname> {
        if let Some(name) = self.names.get(path) {
            return Some(name.clone());
        }
        // Runtimes do not need each other in circles; one that does has no name here.
        let file = files.get(path).filter(|_| !above.contains(path))?;
        above.push(path.clone());
        let mut text = format!(
            "{EDITOR}\nsource {} {}\nshim {}\n",
            path.file_name(),
            hex(&file.digest),
            self.shim.as_str()
        );
        for (wants, leads) in self.leads.get(path).cloned().unwrap_or_default() {
            if let Leads::Along(other) = leads {
                let name = self.name(&other, files, fates, above)?;
                text.push_str(&format!("needs {} {}\n", wants.as_str(), name.as_str()));
            }
        }
        for (old, new) in fates.renames.get(path).into_iter().flatten() {
            text.push_str(&format!("name {old} {new}\n"));
        }
        for name in fates.bared.get(path).into_iter().flatten() {
            text.push_str(&format!("bare {name}\n"));
        }
        above.pop();
        let hash: String = hex(&Sha256::digest(text.as_bytes()))
            .chars()
            .take(8)
            .collect();
        // musl's build of a library and glibc's are called alike; the shorter name is the plain one.
        let name = graft_name(&library::plain_name(path.file_name()), &hash);
        self.names.insert(path.clone(), name.clone());
        Some(name)
    }

    /// What is changed in a library that comes along.
    pub(in crate::plan) fn edits_of(&self, file: &ElfFile, arch: Arch, fates: &Fates) -> Edits {
        let mut edits = self.common_edits(file, arch, fates);
        edits.soname = self.names.get(&file.real_path).cloned();
        edits.run_path = Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: "$ORIGIN".to_owned(),
        }));
        edits
    }

    /// What is changed in any file: the names it asks for, and the libraries it needs.
    pub(in crate::plan) fn common_edits(&self, file: &ElfFile, arch: Arch, fates: &Fates) -> Edits {
        let mut edits = Edits::default();
        let renames = fates.renames.get(&file.real_path);
        let mut more = MoreEdits {
            rename_symbols: renames.cloned().unwrap_or_default(),
            ..MoreEdits::default()
        };
        if let Some(names) = fates.bared.get(&file.real_path) {
            more.clear_versions.clone_from(names);
        }
        if renames.is_some_and(|all| all.values().any(|new| new.starts_with("wfx_"))) {
            more.add_needed.push(self.shim.clone());
        }
        let gone =
            |name: &&Soname| library::is_glibc(name.as_str()) || library::is_python(name.as_str());
        edits.remove_needed = file.facts.needed.iter().filter(gone).cloned().collect();
        if file
            .facts
            .needed
            .iter()
            .any(|name| library::is_glibc(name.as_str()))
        {
            more.add_needed.push(library::musl_libc(arch).into());
        }
        for (wants, leads) in self.leads.get(&file.real_path).into_iter().flatten() {
            if let Leads::Along(other) = leads
                && let Some(name) = self.names.get(other)
            {
                edits.rename_needed.insert(wants.clone(), name.clone());
            }
        }
        if file.facts.relr.is_some() {
            edits.relr = Relr::Expand;
        }
        edits.more = more;
        edits
    }
}

fn lacking(file: ModulePath, library: Soname) -> PortObstacle {
    match library::runtime(library.as_str()) {
        None => PortObstacle::MissingLibrary { file, library },
        Some(kind) => PortObstacle::MissingRuntime {
            file,
            library,
            for_musl: kind == library::Runtime::Musl,
        },
    }
}

/// The shim's name: equal in all wheels.
fn shim_name(arch: Arch) -> Soname {
    let bytes = shim(arch).unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(EDITOR);
    digest.update(bytes);
    let hash: String = hex(&digest.finalize()).chars().take(8).collect();
    graft_name("libwfx-port.so", &hash)
}
