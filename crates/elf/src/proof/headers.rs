//! Whether all that an edit had no business with is still the same.

use crate::address::{same_bytes, same_slices};
use crate::edits::Edits;
use crate::error::Error;
use crate::proof::loaded_bytes;
use crate::proof::sections;
use crate::read::image::Image;
use crate::read::object::Object;
use crate::read::segment::{
    PF_X, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_GNU_PROPERTY, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP,
    PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR, PT_TLS, Segment,
};

/// Compares all bytes and headers but those of the tables, which have a meaning of their own.
pub(crate) fn verify(old: &Object<'_>, new: &Object<'_>, edits: &Edits) -> Result<(), Error> {
    verify_header(&old.image, &new.image, edits)?;
    verify_segments(&old.image, &new.image, edits)?;
    loaded_bytes::verify(old, new, edits)?;
    sections::verify(old, new, edits)?;
    verify_overlay(&old.image, &new.image)
}

fn verify_header(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    // Everything up to the tables' places, and the flags behind them.
    let codec = old.codec();
    let identity = |image: &Image<'_>| {
        let mut identity = image.bytes.get(..24)?.to_vec();
        *identity.get_mut(7)? = edits.more.os_abi.unwrap_or(image.header.os_abi);
        Some(identity)
    };
    let same = identity(old) == identity(new)
        && new.header.os_abi == edits.more.os_abi.unwrap_or(old.header.os_abi)
        && codec == new.codec()
        && old.header.entry == new.header.entry
        && old.header.flags == new.header.flags;
    if same {
        Ok(())
    } else {
        Err(Error::unverified("the ELF header differs"))
    }
}

fn verify_segments(old: &Image<'_>, new: &Image<'_>, edits: &Edits) -> Result<(), Error> {
    let others = |image: &Image<'_>| -> Vec<Segment> {
        image
            .segments
            .iter()
            .filter(|segment| !matches!(segment.kind, PT_LOAD | PT_NULL))
            .copied()
            .collect()
    };
    let (mut before, after) = (others(old), others(new));
    // What is asked of the stack is seen in the facts; here it must be all there is new.
    if edits.more.exec_stack.is_some() {
        let stack = |segment: &&Segment| segment.kind == PT_GNU_STACK;
        let at = after
            .iter()
            .position(|segment| segment.kind == PT_GNU_STACK);
        match (
            before
                .iter_mut()
                .find(|segment| segment.kind == PT_GNU_STACK),
            at,
        ) {
            (Some(one), Some(at)) => {
                let flags = after.get(at).map_or(0, |segment| segment.flags);
                one.flags = one.flags & !PF_X | flags & PF_X;
            }
            (None, Some(at)) => before.insert(
                at.min(before.len()),
                *after
                    .iter()
                    .find(stack)
                    .ok_or_else(|| Error::unverified("no stack"))?,
            ),
            _ => {}
        }
    }
    if before.len() != after.len() {
        return Err(Error::unverified("there are more or fewer program headers"));
    }
    for (one, other) in before.iter().zip(&after) {
        let moves = matches!(
            one.kind,
            PT_PHDR | PT_DYNAMIC | PT_NOTE | PT_GNU_PROPERTY | PT_INTERP
        );
        let keeps_size = match one.kind {
            PT_PHDR | PT_DYNAMIC => false,
            PT_INTERP => edits.more.interpreter.is_none(),
            _ => true,
        };
        let same = one.kind == other.kind
            && one.flags == other.flags
            && one.align == other.align
            && one.physical.wrapping_sub(one.address.0)
                == other.physical.wrapping_sub(other.address.0)
            && (moves || one.address == other.address)
            && if one.memory_size == one.file_size {
                other.memory_size == other.file_size
            } else {
                one.memory_size == other.memory_size
            }
            && (!keeps_size
                || (one.file_size, one.memory_size) == (other.file_size, other.memory_size));
        if !same {
            let name = name_of(one.kind);
            return Err(Error::unverified(format!("{name} differs")).at(other.offset));
        }
        let has_content = keeps_size && one.file_size > 0;
        // What is loaded is compared range by range, where tables may differ.
        let is_loaded = || old.loads().any(|load| load.holds(one.file_span()));
        if has_content && (moves || !is_loaded()) {
            let content = old.file_bytes(one.file_span());
            let others = new.file_bytes(other.file_span());
            if !same_slices(content, others) {
                let name = name_of(one.kind);
                return Err(
                    Error::unverified(format!("the content of {name} differs")).at(other.offset)
                );
            }
        }
    }
    Ok(())
}

/// A program header's kind as elf(5) calls it.
fn name_of(kind: u32) -> String {
    let name = match kind {
        PT_DYNAMIC => "PT_DYNAMIC",
        PT_INTERP => "PT_INTERP",
        PT_NOTE => "PT_NOTE",
        PT_PHDR => "PT_PHDR",
        PT_TLS => "PT_TLS",
        PT_GNU_EH_FRAME => "PT_GNU_EH_FRAME",
        PT_GNU_STACK => "PT_GNU_STACK",
        PT_GNU_RELRO => "PT_GNU_RELRO",
        PT_GNU_PROPERTY => "PT_GNU_PROPERTY",
        other => return format!("the program header of kind {other:#x}"),
    };
    format!("the program header {name}")
}

/// What was appended to the file without any header knowing of it is still there.
fn verify_overlay(old: &Image<'_>, new: &Image<'_>) -> Result<(), Error> {
    if same_bytes(old.payload(), new.payload()) {
        Ok(())
    } else {
        Err(Error::unverified("what was appended to the file differs"))
    }
}
