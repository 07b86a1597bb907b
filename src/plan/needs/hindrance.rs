//! What keeps files from being loaded at all, on whatever system of their C library.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::Arch;
use crate::plan::needs::outside::is_libpython;
use crate::plan::needs::subject::Platform;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::files::{Bytes, Carriers, FileFault, StackRequest};
use crate::plan::rules::needs::NeedFault;
use crate::policy::{Pythons, glibc_has, musl_has, provided_symbols, python_home, symbol_home};
use crate::resolve::{
    BindingReport, Graph, Libc, ModulePath, Surroundings, is_extension, late_thread_data,
    loaded_later, starts, static_thread_data, undefined_thread_data,
};

/// Each file that nothing loads, with why, sorted: a symbol that nothing defines, and on musl what
/// its loader does not know.
pub(in crate::plan) fn hindrances(
    graph: &Graph,
    settled: &Platform,
    binding: &BindingReport,
    around: &Surroundings<'_>,
) -> Vec<Fault> {
    let mut found = unbound(binding);
    if settled.libc == Libc::Musl {
        let late = late_thread_data(graph).into_iter().map(|data| {
            Fault::from(FileFault::InitialExec {
                file: data.file,
                symbol: data.symbol,
                definition: data.definition,
            })
        });
        found.extend(late);
        let gone = undefined_thread_data(graph, around).into_iter();
        found.extend(gone.map(|data| {
            let (file, symbol) = (data.file, data.symbol);
            Fault::from(FileFault::NoThreadData { file, symbol })
        }));
        let modules = graph.modules().map(|(_, module)| module);
        // A static program does its relocations itself, also one without fixed addresses.
        let computing = modules.filter(|module| {
            let facts = &module.file.facts;
            let is_static = facts.is_program && facts.interpreter.is_none();
            facts.relocated.irelative && !is_static
        });
        found.extend(computing.map(|module| {
            Fault::from(FileFault::Indirect {
                file: module.path.clone(),
                symbol: None,
            })
        }));
    }
    found.sort();
    found.dedup();
    found
}

/// Those that keep `own` files (by real path) from being loaded for sure. glibc binds what a
/// program or an unknown opener loads only when it is used; Python has all bound at once.
pub(in crate::plan) fn sure_hindrances(
    graph: &Graph,
    settled: &Platform,
    binding: &BindingReport,
    around: &Surroundings<'_>,
    own: &BTreeSet<ModulePath>,
) -> Vec<Fault> {
    let mut found = hindrances(graph, settled, binding, around);
    let sure: Option<BTreeSet<&ModulePath>> =
        (settled.libc == Libc::Glibc).then(|| bound_at_once(graph));
    found.retain(|fault| {
        let file = fault.told().file;
        file.is_some_and(|file| {
            own.contains(&file) && sure.as_ref().is_none_or(|sure| sure.contains(&file))
        })
    });
    found
}

/// From this release of glibc on dlopen refuses a file that wants an executable stack where the
/// process has none.
pub(in crate::plan) const NO_EXECUTABLE_STACK: &str = "2.41";

/// Which of `files` (by real path) it refuses, and how each asks for the stack: what is loaded with a
/// program may have one.
pub(in crate::plan) fn wanting_stack(
    graph: &Graph,
    files: &BTreeSet<ModulePath>,
    arch: Arch,
) -> BTreeMap<ModulePath, StackRequest> {
    let later = loaded_later(graph);
    let modules = graph.modules().map(|(_, module)| module);
    let loaded = modules
        .filter(|module| files.contains(&module.file.real_path) && later.contains(&module.path));
    let asking = loaded.filter_map(|module| {
        let how = StackRequest::of(&module.file.facts, Libc::Glibc, arch)?;
        Some((module.path.clone(), how))
    });
    asking.collect()
}

/// What glibc keeps for static thread-local data of what is loaded after a program has started
/// (`TLS_STATIC_SURPLUS`), in bytes.
const STATIC_THREAD_DATA: u64 = 1664;

/// What wants more of it than there is.
pub(in crate::plan) fn too_much_thread_data(graph: &Graph) -> Vec<FileFault> {
    let all = static_thread_data(graph).into_iter();
    let large = all.filter(|data| data.bytes > STATIC_THREAD_DATA);
    let faults = large.map(|data| FileFault::StaticThreadData {
        file: data.root,
        bytes: Bytes(data.bytes),
        carriers: Carriers(data.carriers),
    });
    faults.collect()
}

/// The files that are loaded with an extension module.
fn bound_at_once(graph: &Graph) -> BTreeSet<&ModulePath> {
    let walks = starts(graph).filter(|walk| {
        graph
            .module(walk.root)
            .is_some_and(|module| is_extension(module.path.file_name(), &module.file.facts))
    });
    let ids = walks.flat_map(|walk| walk.closure.iter());
    let modules = ids.filter_map(|id| graph.module(*id));
    modules.map(|module| &module.path).collect()
}

fn unbound(binding: &BindingReport) -> Vec<Fault> {
    let faults = binding.unbound.iter().map(|one| {
        let (file, symbol) = (one.file.clone(), one.symbol.clone());
        if one.passed_over.is_some() {
            let symbol = Some(symbol);
            return FileFault::Indirect { file, symbol }.into();
        }
        let home = symbol_home(one.symbol.as_str()).map(str::to_owned);
        let home = home.or_else(|| python_home(one.symbol.as_str()));
        NeedFault::Unbound {
            home: home.map(Into::into),
            file,
            symbol,
        }
        .into()
    });
    faults.collect()
}

/// What a file may take symbols from although it is not there to be read: the C library, the
/// interpreter, and the libraries that the tag provides.
pub(in crate::plan) fn surroundings(libc: Libc, arch: Arch, pythons: &Pythons) -> Surroundings<'_> {
    Surroundings {
        defines: Box::new(move |name| {
            let by_libc = match libc {
                Libc::Musl => musl_has(arch, name),
                Libc::Glibc => glibc_has(name),
            };
            by_libc || pythons.have(name)
        }),
        // The interpreter that loads a file has what libpython has, whether or not that is there.
        library: Box::new(|name| match is_libpython(name) {
            true => Some(Vec::new()),
            false => provided_symbols(name).map(|offers| vec![offers]),
        }),
        versions: libc == Libc::Glibc,
        indirect: libc == Libc::Glibc,
    }
}
