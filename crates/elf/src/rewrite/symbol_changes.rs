//! Which dynamic symbols an edit gives new names, and which lose their version.

use std::collections::{BTreeMap, BTreeSet};

use crate::edits::MoreEdits;
use crate::error::Error;
use crate::read::machine::Machine;
use crate::read::object::Object;
use crate::read::symbols::{self, RawSymbol};

/// Which symbols get a new name, and which lose their version; by their index.
type SymbolChanges = (BTreeMap<usize, String>, BTreeSet<usize>);

/// Finds the symbols that an edit is about.
pub(crate) fn changes(object: &Object<'_>, edits: &MoreEdits) -> Result<SymbolChanges, Error> {
    let mut changes = SymbolChanges::default();
    if edits.rename_symbols.is_empty() && edits.clear_versions.is_empty() {
        return Ok(changes);
    }
    let Object { image, dynamic, .. } = object;
    let codec = image.codec();
    let record = symbols::record_size(codec) as usize;
    let table = object.symbols()?;
    for (index, raw) in table.chunks_exact(record).enumerate().skip(1) {
        let Some(symbol) = RawSymbol::parse(codec, raw) else {
            break;
        };
        let Ok(name) = dynamic.strings.text(u64::from(symbol.name)) else {
            continue;
        };
        if let Some(new) = edits.rename_symbols.get(name).filter(|&new| new != name) {
            changes.0.insert(index, new.clone());
        }
        if edits.clear_versions.contains(name) {
            changes.1.insert(index);
        }
    }
    let renames = !changes.0.is_empty();
    if renames && image.sections.is_empty() {
        return Err(Error::uneditable(
            "symbols cannot be renamed without section headers",
        ));
    }
    if renames && Machine::of(&image.header).is_mips() {
        return Err(Error::uneditable(
            "symbols of MIPS files stand in the order of their offset table",
        ));
    }
    Ok(changes)
}
