//! New names for the dynamic string table: found in it where possible, else appended.
//!
//! Bytes that are already in the table are never changed, since any symbol may end in the same
//! letters; unless it was made sure that nothing uses them any more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Error;

/// What unused bytes are overwritten with.
const FILLER: u8 = b'X';

/// Where each wanted name is, and what has to be appended for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    offsets: BTreeMap<String, u32>,
    pub(crate) appended: Vec<u8>,
    /// Bytes to write into the old table, and where in it.
    pub(crate) rewritten: Option<(usize, Vec<u8>)>,
}

impl Placed {
    /// The string table offset of a wanted name.
    pub(crate) fn offset(&self, name: &str) -> Result<u32, Error> {
        self.offsets
            .get(name)
            .copied()
            .ok_or_else(|| Error::uneditable(format!("no place for the name {name:?}")))
    }
}

/// Finds places for all of `wanted` in a table that grows at its end. The bytes of `unused` are
/// overwritten; the longest name that fits goes there.
pub(crate) fn place(
    table: &[u8],
    wanted: &BTreeSet<String>,
    unused: Option<Range<usize>>,
) -> Result<Placed, Error> {
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
    let table = &*match unused {
        Some(span) => Cow::Owned(reuse(table, wanted, span, &mut placed)),
        None => Cow::Borrowed(table),
    };
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

/// Writes the longest name that fits over bytes that nothing uses, and fills what is left of them.
fn reuse(
    table: &[u8],
    wanted: &BTreeSet<String>,
    span: Range<usize>,
    placed: &mut Placed,
) -> Vec<u8> {
    let mut bytes = vec![FILLER; span.len()];
    let fits = wanted.iter().filter(|name| name.len() <= span.len());
    if let Some(name) = fits.max_by_key(|name| name.len()) {
        let text = name.bytes().chain([0]);
        for (target, byte) in bytes.iter_mut().zip(text) {
            *target = byte;
        }
    }
    let mut table = table.to_vec();
    if let Some(target) = table.get_mut(span.clone()) {
        target.copy_from_slice(&bytes);
    }
    placed.rewritten = Some((span.start, bytes));
    table
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
        place(
            table,
            &names.iter().map(|&name| name.to_owned()).collect(),
            None,
        )
        .unwrap()
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
        assert!(place(b"\0", &BTreeSet::from(["a\0b".to_owned()]), None).is_err());
        assert!(place(b"\0abc", &BTreeSet::from(["b".to_owned()]), None).is_err());
    }

    #[test]
    fn unused_bytes_take_the_longest_name_that_fits() {
        let wanted = BTreeSet::from(["/a/b".to_owned(), "/much/longer/than/before".to_owned()]);
        let placed = place(b"\0x\0/old/pa\0y\0", &wanted, Some(3..10)).unwrap();
        assert_eq!(placed.rewritten, Some((3, b"/a/b\0XX".to_vec())));
        assert_eq!(placed.offset("/a/b").unwrap(), 3);
        assert_eq!(placed.appended, b"/much/longer/than/before\0");
    }
}
