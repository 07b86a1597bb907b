//! What a file asks of a loader beside its names: which relocations it has, where its threads' data
//! is to lie, whether its initialisers want arguments.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::address::VirtualAddress;
use crate::error::Error;
use crate::read::dynamic::DT_FLAGS;
use crate::read::init_arguments;
use crate::read::machine::{Arch, Machine};
use crate::read::object::Object;
use crate::read::relocations;
use crate::read::symbols::{self, RawSymbol};

/// `DT_FLAGS`: threads' data of this file lies where the program begins with (`DF_STATIC_TLS`).
const DF_STATIC_TLS: u64 = 0x10;

/// What [`binding_needs`] finds in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BindingNeeds {
    /// Relocations of the initial-exec model (`TPOFF`, `TPREL`): musl refuses them in what `dlopen`
    /// loads.
    pub static_tls: u64,
    /// Whether the file says that it has such (`DF_STATIC_TLS`).
    pub static_tls_flag: bool,
    /// Relocations whose value a function of the file chooses (`IRELATIVE`), which musl lacks.
    pub indirect: u64,
    /// The names that a program copies from a library into itself (`COPY`).
    pub copied: BTreeSet<String>,
    /// Types of relocations that musl's loader does not know, whatever they are.
    pub unknown_to_musl: BTreeSet<u32>,
    /// Names that the file both defines and looks up: another definition may come first.
    pub own: BTreeSet<String>,
    /// Whether an initialiser reads the program's arguments, which only glibc hands it. Known by its
    /// first instructions (x86_64, aarch64) or, where those are not understood, by the traces of
    /// Rust's standard library, which has such an initialiser.
    pub init_arguments: bool,
    /// Whether frames of its code want to be told when they are unwound (destructors, handlers). Said,
    /// too, of a file whose frames are not understood.
    pub unwinds: bool,
}

/// The types of one machine.
struct Types {
    copy: u32,
    static_tls: u32,
    indirect: u32,
    /// What musl's `arch/*/reloc.h` names beside those three.
    known: &'static [u32],
}

fn types(arch: Option<Arch>) -> Option<Types> {
    match arch? {
        Arch::X86_64 => Some(Types {
            copy: 5,
            static_tls: 18,
            indirect: 37,
            known: &[0, 1, 2, 6, 7, 8, 16, 17, 36],
        }),
        Arch::Aarch64 => Some(Types {
            copy: 1024,
            static_tls: 1030,
            indirect: 1032,
            known: &[0, 257, 1025, 1026, 1027, 1028, 1029, 1031],
        }),
        Arch::Riscv64 => Some(Types {
            copy: 4,
            static_tls: 11,
            indirect: 58,
            known: &[0, 2, 3, 5, 7, 9],
        }),
        _ => None,
    }
}

/// Reads them. On machines other than x86_64, aarch64 and riscv64 no relocation is understood: all
/// of their types are among the unknown ones.
///
/// # Errors
/// When the bytes are not ELF, or its relocations or symbols lie outside of the file.
pub fn binding_needs(bytes: &[u8]) -> Result<BindingNeeds, Error> {
    let object = Object::parse(bytes)?;
    let mut needs = BindingNeeds::default();
    if !object.is_linked() {
        return Ok(needs);
    }
    let types = types(Machine::of(&object.image.header).arch());
    let mut named = BTreeSet::new();
    let mut copied = BTreeSet::new();
    relocations::each(&object.image, &object.dynamic, |relocation| {
        let kind = relocation.kind;
        match &types {
            Some(types) if kind == types.static_tls => needs.static_tls += 1,
            Some(types) if kind == types.indirect => needs.indirect += 1,
            Some(types) if kind == types.copy => {
                copied.insert(relocation.symbol);
            }
            Some(types) if types.known.contains(&kind) => {}
            _ => {
                needs.unknown_to_musl.insert(kind);
            }
        }
        named.insert(relocation.symbol);
    })?;
    let flags = object.dynamic.value(DT_FLAGS).unwrap_or(0);
    needs.static_tls_flag = flags & DF_STATIC_TLS != 0;
    let codec = object.codec();
    let records = object
        .symbols()?
        .chunks_exact(symbols::record_size(codec) as usize);
    for (index, raw) in records.enumerate().skip(1) {
        let Some(symbol) = RawSymbol::parse(codec, raw) else {
            break;
        };
        let index = index as u32;
        let is_own = symbol.section != 0 && symbol.info >> 4 != 0 && named.contains(&index);
        if !is_own && !copied.contains(&index) {
            continue;
        }
        let name = object.dynamic.strings.raw(u64::from(symbol.name))?;
        let name = String::from_utf8_lossy(name).into_owned();
        if copied.contains(&index) {
            needs.copied.insert(name.clone());
        }
        if is_own {
            needs.own.insert(name);
        }
    }
    needs.unwinds = want_unwinding(&object);
    needs.init_arguments = init_arguments::wanted(&object)?;
    Ok(needs)
}

const PT_GNU_EH_FRAME: u32 = 0x6474_e550;

/// An offset of four bytes with a sign, from where it stands (`DW_EH_PE_pcrel | DW_EH_PE_sdata4`): what
/// every linker writes.
const FROM_HERE: u8 = 0x1b;

/// Whether a frame of this file may want to be told when it is unwound: destructors, handlers, the
/// `cleanup` attribute, each by a personality routine that a CIE names. So it is said, too, of a file
/// whose frames are not understood, or that has none.
fn want_unwinding(object: &Object<'_>) -> bool {
    !are_plain(object).unwrap_or(false)
}

/// Reads `.eh_frame`, found by way of `PT_GNU_EH_FRAME` as unwinders find it (LSB 5.0, "Exception
/// Frames"). `None` where it is not understood.
fn are_plain(object: &Object<'_>) -> Option<bool> {
    let (image, codec) = (&object.image, object.codec());
    let mut segments = image.segments.iter();
    let header = segments.find(|one| one.kind == PT_GNU_EH_FRAME)?;
    let raw = image.at(header.address, 8)?;
    if raw.get(..2)? != [1, FROM_HERE] {
        return None;
    }
    let distance = i64::from(codec.u32(raw, 4)?.cast_signed());
    let place = header.address.0.checked_add(4)?;
    let (_, mut rest) = image.from(VirtualAddress(place.checked_add_signed(distance)?))?;
    loop {
        let length = match codec.u32(rest, 0) {
            // The end is a record without length, or the segment's.
            None | Some(0) => return Some(true),
            // A length of eight bytes follows, which no record needs.
            Some(u32::MAX) => return None,
            Some(length) => length as usize,
        };
        let record = rest.get(4..length.checked_add(4)?)?;
        // A CIE; what an FDE points back to is never 0.
        if codec.u32(record, 0)? == 0 {
            let text = record.get(5..)?;
            let end = text.iter().position(|byte| *byte == 0)?;
            let augmentation = text.get(..end)?;
            if augmentation.contains(&b'P') {
                return Some(false);
            }
            // Without `z` the rest is of an old form: `eh` has a pointer to its own.
            if !matches!(augmentation.first(), None | Some(b'z')) {
                return None;
            }
        }
        rest = rest.get(length.checked_add(4)?..)?;
    }
}
