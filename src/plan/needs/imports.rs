//! Extension modules that no Python of a package's tags finds.

use std::collections::BTreeMap;

use crate::plan::needs::subject::Subject;
use crate::plan::rules::fault::Fault;
use crate::plan::rules::tags::TagFault;
use crate::policy::Importers;
use crate::resolve::{ModulePath, is_extension};

/// The first file of each such module. A library that no
/// extension's init function says to be a module may be called anything.
pub(in crate::plan) fn not_imported(subject: &Subject, importers: &Importers) -> Vec<Fault> {
    let mut modules: BTreeMap<(ModulePath, &str), Vec<(&ModulePath, &str)>> = BTreeMap::new();
    for entry in &subject.elf {
        let (path, facts) = (&entry.installed, &entry.file.facts);
        let Some((stem, ending)) = path.file_name().split_once('.') else {
            continue;
        };
        if facts.dynamic && is_extension(path.file_name(), facts) {
            let module = modules.entry((path.parent(), stem)).or_default();
            module.push((path, ending));
        }
    }
    let (libc, arch) = (subject.platform.libc, subject.platform.arch);
    let unserved = modules.values().filter_map(|files| {
        let endings: Vec<&str> = files.iter().map(|(_, ending)| *ending).collect();
        let want = importers.unserved(&endings, libc, arch)?;
        let (path, _) = files.first()?;
        let file = (*path).clone();
        Some(
            TagFault::ExtensionName {
                file,
                want: want.into(),
            }
            .into(),
        )
    });
    unserved.collect()
}
