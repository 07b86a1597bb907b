//! Where a repaired wheel runs, and what of it runs nowhere: the verdicts that `check` comes to, of
//! the wheel's files and of what comes along.

use std::collections::BTreeSet;

use crate::plan::needs::hindrance::{
    NO_EXECUTABLE_STACK, sure_hindrances, surroundings, too_much_thread_data, wanting_stack,
};
use crate::plan::needs::imports::not_imported;
use crate::plan::needs::outside::Outside;
use crate::plan::repair::input::RepairInput;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::files::FileFault;
use crate::plan::{Limit, Note};
use crate::policy::{Importers, Pythons};
use crate::resolve::{Exceeded, Libc, ModulePath, bind};
use crate::wheel::Sentence;

/// What limits where it runs.
pub(in crate::plan) struct Limits {
    /// Why it runs nowhere.
    pub(in crate::plan) nowhere: Vec<Fault>,
    /// The release of glibc from which on it is refused.
    pub(in crate::plan) not_from: Option<&'static str>,
    /// The same, and more, for people.
    pub(in crate::plan) notes: Vec<Note>,
}

/// Look for them.
pub(in crate::plan) fn limits(
    input: &RepairInput<'_>,
    outside: &Outside,
) -> Result<Limits, Exceeded> {
    let (graph, platform) = (&input.subject.graph, &input.subject.platform);
    let tags = || input.filename.interpreters();
    let pythons = Pythons::of_tags(tags());
    let files: BTreeSet<ModulePath> = outside.needs.keys().cloned().collect();
    let modules = graph.modules().map(|(_, module)| module);
    let own = modules.filter(|module| files.contains(&module.file.real_path));
    let own: BTreeSet<ModulePath> = own.map(|module| module.path.clone()).collect();
    let around = surroundings(platform.libc, platform.arch, &pythons);
    let binding = bind(graph, &around)?;
    let mut nowhere = sure_hindrances(graph, platform, &binding, &around, &own);
    nowhere.extend(not_imported(input.subject, &Importers::of_tags(tags())));
    let note = |limit: Limit, fault: &Fault| Note::Limited {
        code: fault.rule().id,
        limit,
        text: Sentence::of(fault),
    };
    let mut notes: Vec<Note> = nowhere
        .iter()
        .map(|one| note(Limit::Nowhere, one))
        .collect();
    let mut not_from = None;
    if platform.libc == Libc::Glibc {
        for (file, how) in wanting_stack(graph, &files, platform.arch) {
            let fault = FileFault::ExecutableStack { file, how }.into();
            notes.push(note(Limit::NotFromGlibc(NO_EXECUTABLE_STACK), &fault));
            not_from = Some(NO_EXECUTABLE_STACK);
        }
        let large = too_much_thread_data(graph).into_iter().map(Fault::from);
        notes.extend(large.map(|fault| note(Limit::Sometimes, &fault)));
    }
    Ok(Limits {
        nowhere,
        not_from,
        notes,
    })
}
