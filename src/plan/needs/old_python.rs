//! Extensions for builds of Python that no platform tag speaks of (PEP 513): Python 2 with narrow
//! Unicode, and Python with fpectl.

use crate::elf::Facts;
use crate::plan::needs::links::Links;
use crate::plan::needs::obstacle::Blocker;
use crate::plan::needs::outside::Outside;
use crate::resolve::{ModulePath, is_extension};

/// The symbol of a Python with narrow Unicode that an extension needs.
pub(in crate::plan) fn narrow_unicode(file: &ModulePath, facts: &Facts) -> Option<String> {
    wanted(file, facts, |name| name.contains("PyUnicodeUCS2_"))
}

/// The symbol of a Python with fpectl that an extension needs.
pub(in crate::plan) fn fpectl(file: &ModulePath, facts: &Facts) -> Option<String> {
    let names = ["PyFPE_jbuf", "PyFPE_dummy", "PyFPE_counter"];
    wanted(file, facts, |name| names.contains(&name))
}

fn wanted(file: &ModulePath, facts: &Facts, of: impl Fn(&str) -> bool) -> Option<String> {
    if !is_extension(file.file_name(), facts) {
        return None;
    }
    let mut symbols = facts.symbols.iter();
    let found = symbols.find(|symbol| !symbol.defined && of(symbol.name));
    found.map(|symbol| symbol.name.to_owned())
}

/// The extensions that no tag allows.
pub(in crate::plan) fn python_blockers(links: &Links, outside: &Outside) -> Vec<Blocker> {
    let mut found = Vec::new();
    for path in outside.needs.keys().filter(|path| path.in_wheel()) {
        let Some(file) = links.files.get(path) else {
            continue;
        };
        let symbols = [narrow_unicode(path, &file.facts), fpectl(path, &file.facts)];
        found.extend(symbols.into_iter().flatten().map(|symbol| Blocker::Python {
            file: path.clone(),
            symbol: symbol.into(),
        }));
    }
    found
}
