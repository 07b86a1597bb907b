//! What a loader, a linker and a user would want to know of one ELF file.

use serde::Serialize;

use crate::codec::{Class, Endian};
use crate::error::Error;
use crate::read::attributes;
use crate::read::dynamic::{
    DF_TEXTREL, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_TEXTREL,
};
use crate::read::header::Kind;
use crate::read::image::Image;
use crate::read::machine::Machine;
use crate::read::notes::{self, X86Isa};
use crate::read::object::Object;
use crate::read::relocated::{self, Relocated};
use crate::read::relocations;
use crate::read::section::SHT_SYMTAB;
use crate::read::segment::{PF_W, PF_X, PT_GNU_STACK, PT_INTERP};
use crate::read::symbols::{self, Symbols};
use crate::read::versions::{self, VersionNeed};
use crate::run_path::{RunPath, RunPathKind};
use crate::soname::Soname;

/// `DT_FLAGS_1`: a program rather than a library, though it is a shared object.
const DF_1_PIE: u64 = 0x0800_0000;

/// Everything [`read`] finds in a file. A file without a dynamic section has the fields of the
/// headers only; the rest is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The width of addresses.
    pub class: Class,
    /// The byte order.
    pub endian: Endian,
    /// What it was built for.
    pub machine: Machine,
    /// What it is for.
    pub kind: Kind,
    /// `EI_OSABI`.
    pub os_abi: u8,
    /// Whether a loader links it at run time (it has `PT_DYNAMIC`).
    pub dynamic: bool,
    /// The name it gives itself.
    pub soname: Option<Soname>,
    /// The libraries it needs, in file order.
    pub needed: Vec<Soname>,
    /// The run path that loaders use: `RUNPATH` where both tags are there.
    pub run_path: Option<RunPath>,
    /// `DT_RPATH`, also where `RUNPATH` overrides it.
    pub rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub runpath: Option<String>,
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
    /// Whether it is a program: it has an interpreter, fixed addresses or says so (`DF_1_PIE`).
    pub is_program: bool,
    /// Whether it has section headers.
    pub has_section_headers: bool,
    /// Whether it has a symbol table besides the dynamic one.
    pub has_symbol_table: bool,
    /// Whether it has debug sections.
    pub has_debug: bool,
    /// `DT_FLAGS`.
    pub flags: u64,
    /// `DT_FLAGS_1`.
    pub flags_1: u64,
}

/// Reads the facts of a file through its program headers, as a loader would.
///
/// Section headers are used only for what nothing else tells (debug sections, Arm attributes).
///
/// # Errors
/// When the bytes are not ELF, or contradict themselves anywhere a loader would look.
pub fn read(bytes: &[u8]) -> Result<Facts, Error> {
    of(&Object::parse(bytes)?)
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
    let mut machine = Machine::of(header);
    if machine.is_arm() {
        machine.arm_cpu = attributes::arm_cpu(image);
    }
    let notes = notes::read(image);
    let interpreter = interpreter(image)?;
    let stack = image
        .segments
        .iter()
        .find(|segment| segment.kind == PT_GNU_STACK);
    Ok(Facts {
        class: header.codec.class,
        endian: header.codec.endian,
        machine,
        kind: header.kind,
        os_abi: header.os_abi,
        dynamic: false,
        soname: None,
        needed: Vec::new(),
        run_path: None,
        rpath: None,
        runpath: None,
        is_program: interpreter.is_some() || header.kind == Kind::Executable,
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
        flags: 0,
        flags_1: 0,
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
    facts.dynamic = true;
    facts.soname = text(DT_SONAME)?.map(Soname::from);
    facts.needed = dynamic
        .entries
        .iter()
        .filter(|entry| entry.tag == DT_NEEDED)
        .map(|entry| dynamic.strings.text(entry.value).map(Soname::from))
        .collect::<Result<_, Error>>()?;
    facts.rpath = text(DT_RPATH)?;
    facts.runpath = text(DT_RUNPATH)?;
    let run_path =
        |kind, value: &Option<String>| value.clone().map(|value| RunPath { kind, value });
    facts.run_path = run_path(RunPathKind::Runpath, &facts.runpath)
        .or(run_path(RunPathKind::Rpath, &facts.rpath));
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
    facts.flags = dynamic.value(DT_FLAGS).unwrap_or(0);
    facts.flags_1 = dynamic.value(DT_FLAGS_1).unwrap_or(0);
    facts.text_relocations = dynamic.value(DT_TEXTREL).is_some() || facts.flags & DF_TEXTREL != 0;
    facts.is_program |= facts.flags_1 & DF_1_PIE != 0;
    Ok(())
}
