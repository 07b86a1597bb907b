//! New names for the dynamic string table: found in it where possible, else appended.
//!
//! Bytes that are already in the table are never changed: any symbol may end in the same letters.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;

/// Where each wanted name is, and what has to be appended for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    offsets: BTreeMap<String, u32>,
    pub(super) appended: Vec<u8>,
}

impl Placed {
    /// The string table offset of a wanted name.
    pub(super) fn offset(&self, name: &str) -> Result<u32, Error> {
        self.offsets
            .get(name)
            .copied()
            .ok_or_else(|| Error::uneditable(format!("no place for the name {name:?}")))
    }
}

/// Finds places for all of `wanted` in a table that grows at its end.
pub(super) fn place(table: &[u8], wanted: &BTreeSet<String>) -> Result<Placed, Error> {
    if table.last().is_some_and(|&last| last != 0) {
        return Err(Error::uneditable(
            "the dynamic string table does not end with a NUL",
        ));
    }
    if let Some(name) = wanted.iter().find(|name| name.contains('\0')) {
        return Err(Error::uneditable(format!(
            "the name {name:?} contains a NUL"
        )));
    }
    let mut placed = Placed::default();
    let mut missing: Vec<&String> = wanted.iter().collect();
    find(table, 0, &mut missing, &mut placed.offsets)?;
    // Longest first, so that a name that ends another one shares its bytes.
    missing.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
    for name in missing {
        let mut one = vec![name];
        find(&placed.appended, table.len(), &mut one, &mut placed.offsets)?;
        if one.is_empty() {
            continue;
        }
        let offset = offset(table.len(), placed.appended.len())?;
        placed.offsets.insert(name.clone(), offset);
        placed.appended.extend_from_slice(name.as_bytes());
        placed.appended.push(0);
    }
    Ok(placed)
}

/// Takes every name out of `missing` that ends where some string of `table` ends.
fn find(
    table: &[u8],
    base: usize,
    missing: &mut Vec<&String>,
    offsets: &mut BTreeMap<String, u32>,
) -> Result<(), Error> {
    let mut end = 0_usize;
    for string in table.split(|&byte| byte == 0) {
        end = end.saturating_add(string.len());
        if missing.is_empty() || end >= table.len() {
            break;
        }
        let mut error = None;
        missing.retain(|name| {
            if !string.ends_with(name.as_bytes()) {
                return true;
            }
            match offset(base, end.saturating_sub(name.len())) {
                Ok(found) => drop(offsets.insert((*name).clone(), found)),
                Err(found) => error = Some(found),
            }
            false
        });
        if let Some(error) = error {
            return Err(error);
        }
        end = end.saturating_add(1);
    }
    Ok(())
}

fn offset(base: usize, inside: usize) -> Result<u32, Error> {
    base.checked_add(inside)
        .and_then(|offset| u32::try_from(offset).ok())
        .ok_or_else(|| Error::uneditable("the dynamic string table is larger than 4 GiB"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn placed(table: &[u8], names: &[&str]) -> Placed {
        place(table, &names.iter().map(|&name| name.to_owned()).collect()).unwrap()
    }

    #[test]
    fn a_name_that_ends_a_string_of_the_table_is_not_appended() {
        let placed = placed(b"\0_ZN3fooE\0libbar.so\0", &["bar.so", "fooE", ""]);
        assert_eq!(placed.appended, b"");
        assert_eq!(placed.offset("bar.so").unwrap(), 13);
        assert_eq!(placed.offset("fooE").unwrap(), 5);
        assert_eq!(placed.offset("").unwrap(), 0);
    }

    #[test]
    fn appended_names_share_their_ends() {
        let placed = placed(b"\0x\0", &["a.so", "liba.so"]);
        assert_eq!(placed.appended, b"liba.so\0");
        assert_eq!(placed.offset("liba.so").unwrap(), 3);
        assert_eq!(placed.offset("a.so").unwrap(), 6);
    }

    #[test]
    fn names_that_cannot_be_written_are_refused() {
        assert!(place(b"\0", &BTreeSet::from(["a\0b".to_owned()])).is_err());
        assert!(place(b"\0abc", &BTreeSet::from(["b".to_owned()])).is_err());
    }
}
