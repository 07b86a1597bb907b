//! What a loader, a linker and a user would want to know of one ELF file.

use std::ops::Deref;

use serde::Serialize;

use crate::error::Error;
use crate::read::attributes;
use crate::read::dynamic::{
    DF_TEXTREL, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_TEXTREL,
};
use crate::read::image::Image;
use crate::read::load_facts::LoadFacts;
use crate::read::machine::Machine;
use crate::read::notes::{self, X86Isa};
use crate::read::object::Object;
use crate::read::relocated::{self, Relocated};
use crate::read::relocations;
use crate::read::section::SHT_SYMTAB;
use crate::read::segment::{PF_W, PF_X, PT_GNU_STACK, PT_INTERP};
use crate::read::symbols::{self, Symbols};
use crate::read::versions::{self, VersionNeed};
use crate::soname::Soname;

/// Everything [`read`] finds in a file. A file without a dynamic section has the fields of the
/// headers only; the rest is empty. What loaders go by is a part of it, and its fields are named as
/// if they were its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// What loaders search and match files by.
    #[serde(flatten)]
    pub load: LoadFacts,
    /// The loader that a program asks for.
    pub interpreter: Option<String>,
    /// The versions it needs of other libraries.
    pub version_needs: Vec<VersionNeed>,
    /// The versions it defines, without its own name.
    pub version_definitions: Vec<String>,
    /// Its dynamic symbols.
    pub symbols: Symbols,
    /// How many relative relocations `DT_RELR` packs; `None` without it. musl before 1.2.4 and
    /// glibc before 2.36 do not know them.
    pub relr: Option<u64>,
    /// What its relocations ask of a loader beyond addresses.
    pub relocated: Relocated,
    /// The build id.
    pub build_id: Option<Vec<u8>>,
    /// The x86 instructions it says it needs.
    pub x86_isa: X86Isa,
    /// Whether it asks for an executable stack; `None` if it says nothing of the stack.
    pub exec_stack: Option<bool>,
    /// Whether a segment is both writable and executable.
    pub write_execute: bool,
    /// Whether relocations write to code (`DT_TEXTREL`).
    pub text_relocations: bool,
    /// Whether it has section headers.
    pub has_section_headers: bool,
    /// Whether it has a symbol table besides the dynamic one.
    pub has_symbol_table: bool,
    /// Whether it has debug sections.
    pub has_debug: bool,
}

impl Deref for Facts {
    type Target = LoadFacts;

    fn deref(&self) -> &LoadFacts {
        &self.load
    }
}

impl AsRef<LoadFacts> for Facts {
    fn as_ref(&self) -> &LoadFacts {
        &self.load
    }
}

/// Reads the facts of a file through its program headers, as a loader would.
///
/// Section headers are used only for what nothing else tells (debug sections, Arm attributes).
///
/// # Errors
/// When the bytes are not ELF, or contradict themselves anywhere a loader would look. Of a file that
/// no loader reads, what only a loader would look at need not make sense.
pub fn read(bytes: &[u8]) -> Result<Facts, Error> {
    let read = Object::parse(bytes).and_then(|object| of(&object));
    read.or_else(|error| match Image::parse(bytes) {
        Ok(image) if !Machine::of(&image.header).runs_linux() => of_headers(&image),
        _ => Err(error),
    })
}

/// The facts of a file that was read.
pub(crate) fn of(object: &Object<'_>) -> Result<Facts, Error> {
    let mut facts = of_headers(&object.image)?;
    if object.is_linked() {
        add_dynamic(&mut facts, object)?;
    }
    Ok(facts)
}

fn of_headers(image: &Image<'_>) -> Result<Facts, Error> {
    let header = &image.header;
    let notes = notes::read(image);
    let interpreter = interpreter(image)?;
    let mut load = LoadFacts::of_headers(header, interpreter.is_some());
    if load.machine.is_arm() {
        load.machine.arm_cpu = attributes::arm_cpu(image);
    }
    let stack = image
        .segments
        .iter()
        .find(|segment| segment.kind == PT_GNU_STACK);
    Ok(Facts {
        load,
        interpreter,
        version_needs: Vec::new(),
        version_definitions: Vec::new(),
        symbols: Symbols::default(),
        relr: None,
        relocated: Relocated::default(),
        build_id: notes.build_id,
        x86_isa: notes.x86_isa,
        exec_stack: stack.map(|segment| segment.flags & PF_X != 0),
        write_execute: image
            .loads()
            .any(|load| load.flags & PF_W != 0 && load.flags & PF_X != 0),
        text_relocations: false,
        has_section_headers: !image.sections.is_empty(),
        has_symbol_table: image
            .sections
            .iter()
            .any(|section| section.kind == SHT_SYMTAB && !section.is_loaded()),
        has_debug: image.sections.iter().any(|section| {
            !section.is_loaded()
                && image
                    .section_name(section)
                    .is_some_and(crate::read::section::is_debug_name)
        }),
    })
}

pub(crate) fn interpreter(image: &Image<'_>) -> Result<Option<String>, Error> {
    let Some(segment) = image
        .segments
        .iter()
        .find(|segment| segment.kind == PT_INTERP && !image.is_hollow(segment))
    else {
        return Ok(None);
    };
    let malformed = |what| Error::malformed(segment.offset, what);
    let bytes = crate::address::slice(image.bytes, segment.offset, segment.file_size)
        .ok_or_else(|| malformed("the interpreter's name lies outside the file"))?;
    let name = std::ffi::CStr::from_bytes_until_nul(bytes)
        .map_err(|_| malformed("the interpreter's name has no end"))?
        .to_str()
        .map_err(|_| malformed("the interpreter's name is not UTF-8"))?;
    Ok(Some(name.to_owned()))
}

fn add_dynamic(facts: &mut Facts, object: &Object<'_>) -> Result<(), Error> {
    let (image, dynamic) = (&object.image, &object.dynamic);
    let text = |tag| Ok::<_, Error>(dynamic.text(tag)?.map(str::to_owned));
    let load = &mut facts.load;
    load.soname = text(DT_SONAME)?.map(Soname::from);
    load.needed = dynamic
        .entries
        .iter()
        .filter(|entry| entry.tag == DT_NEEDED)
        .map(|entry| dynamic.strings.text(entry.value).map(Soname::from))
        .collect::<Result<_, Error>>()?;
    load.rpath = text(DT_RPATH)?;
    load.runpath = text(DT_RUNPATH)?;
    load.conclude(
        dynamic.value(DT_FLAGS).unwrap_or(0),
        dynamic.value(DT_FLAGS_1).unwrap_or(0),
    );
    facts.text_relocations = dynamic.value(DT_TEXTREL).is_some() || facts.flags & DF_TEXTREL != 0;
    let needs = versions::needs(image, dynamic)?;
    let definitions = versions::definitions(image, dynamic)?;
    facts.version_needs = versions::named(&needs, dynamic)?;
    facts.version_definitions = definitions
        .iter()
        .filter(|definition| !definition.is_base)
        .map(|definition| Ok(dynamic.strings.text(u64::from(definition.name))?.to_owned()))
        .collect::<Result<_, Error>>()?;
    facts.symbols = symbols::read(image, dynamic, object.symbols()?, &needs, &definitions)?;
    facts.relr = relocations::packed_count(image, dynamic)?;
    facts.relocated = relocated::read(image, dynamic, &facts.symbols)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;

    /// A 64-bit file of one dynamic section, in which there is no more than its end.
    fn hollow(machine: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let half = |bytes: &mut Vec<u8>, value: u16| bytes.extend(value.to_le_bytes());
        let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
        let long = |bytes: &mut Vec<u8>, value: u64| bytes.extend(value.to_le_bytes());
        half(&mut bytes, 3);
        half(&mut bytes, machine);
        word(&mut bytes, 1);
        long(&mut bytes, 0);
        long(&mut bytes, 64);
        long(&mut bytes, 0);
        word(&mut bytes, 0);
        for value in [64, 56, 2, 64, 0, 0] {
            half(&mut bytes, value);
        }
        for (kind, offset, size) in [(1, 0, 192_u64), (2, 176, 16)] {
            word(&mut bytes, kind);
            word(&mut bytes, 4);
            for value in [offset, offset, offset, size, size, 0x1000] {
                long(&mut bytes, value);
            }
        }
        bytes.resize(192, 0);
        bytes
    }

    #[test]
    fn what_only_a_loader_reads_matters_where_a_loader_reads_it() {
        let error = read(&hollow(62)).unwrap_err();
        assert!(error.to_string().contains("no string table"), "{error}");
        for machine in [224, 164, 190] {
            let facts = read(&hollow(machine)).unwrap();
            assert!(!facts.dynamic && facts.machine.number == machine);
        }
    }
}
