//! Where musl's `pthread_cancel` does what glibc's does.
//!
//! Both end the thread at a cancellation point and run what `pthread_cleanup_push` left. glibc then unwinds
//! the frames, so that destructors run; musl does not. In a file whose frames want nothing of it (C alone)
//! there is no difference. Such a file has to start threads itself: a thread of somebody else's could be in
//! anybody's frames.

use std::collections::{BTreeMap, HashMap};

use crate::elf::BindingNeeds;
use crate::resolve::{Graph, Module, ModulePath};

/// The name that ends another thread.
pub(in crate::plan) const CANCEL: &str = "pthread_cancel";

/// The modules of a graph by the real paths of their files.
pub(in crate::plan) type ByPath<'a> = HashMap<&'a ModulePath, Vec<&'a Module>>;

/// Puts them in order.
pub(in crate::plan) fn by_path(graph: &Graph) -> ByPath<'_> {
    let mut found = ByPath::new();
    for (_, module) in graph.modules() {
        let same = found.entry(&module.file.real_path).or_default();
        same.push(module);
    }
    found
}

/// Is the file at this real path such a one?
pub(in crate::plan) fn is_plain(
    files: &ByPath<'_>,
    needs: &BTreeMap<[u8; 32], BindingNeeds>,
    file: &ModulePath,
) -> bool {
    let mut modules = files.get(file).into_iter().flatten();
    modules.any(|module| {
        let needs = needs.get(&module.file.digest);
        let mut symbols = module.file.facts.symbols.iter();
        needs.is_some_and(|needs| !needs.unwinds)
            && symbols.any(|symbol| !symbol.defined && symbol.name.ends_with("pthread_create"))
    })
}
