//! Builds small but sound ELF files in memory: what a linker would write, with room behind the
//! string table as in files that nobody has edited yet.
//!
//! It shares no code with the crate. Loaded parts, in order: code, then `.dynamic` and data,
//! then the tables of names with `.dynstr` at their end; each in a segment of its own, addresses
//! congruent to offsets without padding in the file.

use serde::Deserialize;

#[path = "elf_headers.rs"]
mod elf_headers;
#[path = "elf_machine.rs"]
mod elf_machine;
#[path = "elf_relocations.rs"]
mod elf_relocations;
#[path = "elf_tables.rs"]
mod elf_tables;
#[path = "elf_writer.rs"]
mod elf_writer;

use elf_machine::{Codec, Machine, Names};
use elf_tables::{
    CODE_STEP, Symbol, Versions, arm_attributes, ballast, gnu_note, hash_table, isa_note,
    relr_words, sysv_hash,
};
use elf_writer::{Part, Place, Writer};

/// A file to build. The default is an x86-64 library that needs and defines nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Elf {
    /// As wheel tags have it, or `x32` (x86-64 code in 32-bit files).
    pub machine: String,
    /// `shared`, `executable` (fixed addresses), `relocatable`.
    pub kind: String,
    pub soname: Option<String>,
    pub needed: Vec<String>,
    pub rpath: Option<String>,
    pub runpath: Option<String>,
    pub interpreter: Option<String>,
    /// Symbols it offers.
    pub defines: Vec<String>,
    /// Symbols it wants: `name`, `weak name`, each also with `@VERSION`.
    pub wants: Vec<String>,
    /// Versions it needs: `library VERSION…`.
    pub versions: Vec<String>,
    /// So many packed relative relocations.
    pub relr: usize,
    /// So many bytes of thread-local data.
    pub thread_data: usize,
    /// Symbols of it that it offers.
    pub thread_symbols: Vec<String>,
    /// Functions it offers that choose their code while it is loaded.
    pub indirect: Vec<String>,
    /// `thread-offset`, `thread-module`, `irelative` or `call`, each also with the name of a symbol.
    pub relocations: Vec<String>,
    /// The x86 level it is marked with: 1 baseline, 2, 3, 4.
    pub isa: Option<u32>,
    /// The bytes of its `NT_GNU_BUILD_ID` note.
    pub build_id: Option<Vec<u8>>,
    /// `Tag_CPU_arch` of Arm: 6 is v6, 10 is v7.
    pub arm_cpu: u8,
    /// A symbol table and a debug section of so many bytes, which stripping removes.
    pub debug: usize,
    /// So many bytes of data that do not compress.
    pub ballast: usize,
    pub sections: bool,
    /// So many unused entries at the end of `.dynamic`.
    pub spare: usize,
    /// What makes it unwelcome on hardened systems.
    pub unwelcome: Vec<Unwelcome>,
    /// What is wrong with it.
    pub lies: Vec<Lie>,
    /// Nothing behind so many bytes.
    pub cut: Option<usize>,
}

/// What a linker writes for code that asks for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unwelcome {
    ExecutableStack,
    TextRelocations,
    WritableCode,
    /// It says nothing of the stack.
    NoStackHeader,
}

/// A field that does not say the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// The program headers are far outside of the file.
    ProgramHeaders,
    /// The section headers are far outside of the file.
    SectionHeaders,
    /// The first segment's bytes begin near the end of the address space.
    SegmentOffset,
    /// The string table is at no loaded address.
    StringTable,
    /// The first needed name is outside of the string table.
    NeededName,
    /// `.dynamic` has no end.
    NoEnd,
}

impl Default for Elf {
    fn default() -> Self {
        Self {
            machine: "x86_64".to_owned(),
            kind: "shared".to_owned(),
            soname: None,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            interpreter: None,
            defines: Vec::new(),
            wants: Vec::new(),
            versions: Vec::new(),
            relr: 0,
            thread_data: 0,
            thread_symbols: Vec::new(),
            indirect: Vec::new(),
            relocations: Vec::new(),
            isa: None,
            build_id: None,
            arm_cpu: 10,
            debug: 0,
            ballast: 0,
            sections: true,
            spare: 5,
            unwelcome: Vec::new(),
            lies: Vec::new(),
            cut: None,
        }
    }
}

impl Elf {
    pub fn library(soname: &str, needed: &[&str]) -> Self {
        Self {
            soname: Some(soname.to_owned()),
            needed: needed.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    pub fn build(&self) -> Vec<u8> {
        let machine = Machine::of(&self.machine);
        let mut bytes = if self.kind == "relocatable" {
            Writer::new(machine, 1).object_file()
        } else {
            self.linked(machine)
        };
        if let Some(length) = self.cut {
            bytes.truncate(length);
        }
        bytes
    }

    fn linked(&self, machine: Machine) -> Vec<u8> {
        let codec = machine.codec;
        let mut names = Names::default();
        let symbols = self.symbols(&mut names);
        let versions = self.version_needs(codec, &mut names);
        let text_of = |names: &mut Names, text: &Option<String>| {
            text.as_ref().map(|text| names.add(text) as u64)
        };
        let soname = text_of(&mut names, &self.soname);
        let rpath = text_of(&mut names, &self.rpath);
        let runpath = text_of(&mut names, &self.runpath);
        let needed: Vec<u64> = self.needed.iter().map(|n| names.add(n) as u64).collect();

        let kind = if self.kind == "executable" { 2 } else { 3 };
        let mut writer = Writer::new(machine, kind);
        if let Some(interpreter) = &self.interpreter {
            let mut bytes = interpreter.clone().into_bytes();
            bytes.push(0);
            writer.add(Part::new(".interp", Place::Code, 1, bytes).segment(3));
        }
        if let Some(level) = self.isa {
            let note = isa_note(codec, level);
            let kind = Part::new(".note.gnu.property", Place::Code, 7, note);
            writer.add(kind.align(codec.word()).segment(4).segment(0x6474_e553));
        }
        if let Some(identity) = &self.build_id {
            let note = gnu_note(codec, 3, identity);
            let part = Part::new(".note.gnu.build-id", Place::Code, 7, note);
            writer.add(part.align(4).segment(4));
        }
        let functions = (self.defines.len() + self.indirect.len()) as u64 + 1;
        let code = vec![0xc3; (functions * CODE_STEP) as usize];
        writer.add(Part::new(".text", Place::Code, 1, code).align(16).flag(4));

        let words = symbols.len() * codec.symbol_size();
        let is_program = self.interpreter.is_some();
        let tags = needed.len()
            + [soname, rpath, runpath].iter().flatten().count()
            + 5
            + if versions.is_some() { 3 } else { 0 }
            + if self.relr > 0 { 3 } else { 0 }
            + if self.relocations.is_empty() { 0 } else { 3 }
            + usize::from(is_program)
            + 1
            + self.spare;
        let dynamic = vec![0; tags * 2 * codec.word()];
        writer.add(Part::new(".dynamic", Place::Data, 6, dynamic).align(codec.word()));
        let data = ballast(self.ballast, self.relr.max(1) * codec.word());
        writer.add(Part::new(".data", Place::Data, 1, data).align(codec.word()));
        if self.thread_data > 0 {
            let own = Part::new(".tdata", Place::Data, 1, vec![0; self.thread_data]);
            writer.add(own.align(codec.word()).flag(0x400).segment(7));
        }

        let hash = hash_table(&machine, &symbols);
        writer.add(Part::new(".hash", Place::Names, 5, hash).align(codec.word()));
        writer.add(Part::new(".dynsym", Place::Names, 11, vec![0; words]).align(codec.word()));
        if let Some(versions) = &versions {
            let indices = symbols
                .iter()
                .flat_map(|symbol| codec.u16(versions.index_of(symbol)))
                .collect();
            writer.add(Part::new(".gnu.version", Place::Names, 0x6fff_ffff, indices).align(2));
            let needs = versions.bytes.clone();
            writer.add(Part::new(".gnu.version_r", Place::Names, 0x6fff_fffe, needs).align(8));
        }
        if self.relr > 0 {
            let packed = vec![0; relr_words(self.relr, codec) * codec.word()];
            writer.add(Part::new(".relr.dyn", Place::Names, 19, packed).align(codec.word()));
        }
        if !self.relocations.is_empty() {
            let size = self.relocations.len() * elf_relocations::record_size(&machine);
            let kind = if elf_relocations::with_addends(&machine) {
                4
            } else {
                9
            };
            let table = Part::new(".rela.dyn", Place::Names, kind, vec![0; size]);
            writer.add(table.align(codec.word()));
        }
        writer.add(Part::new(".dynstr", Place::Names, 3, names.bytes.clone()));
        if self.debug > 0 {
            let debug = ballast(self.debug, 0);
            writer.add(Part::new(".debug_info", Place::Nowhere, 1, debug));
            let table = vec![0; words];
            writer.add(Part::new(".symtab", Place::Nowhere, 2, table).align(codec.word()));
            writer.add(Part::new(".strtab", Place::Nowhere, 3, names.bytes.clone()));
        }
        if self.machine.starts_with("arm") {
            let attributes = arm_attributes(self.arm_cpu);
            writer.add(Part::new(
                ".ARM.attributes",
                Place::Nowhere,
                0x7000_0003,
                attributes,
            ));
        }
        writer.lay_out();

        let mut entries: Vec<(u64, u64)> = needed.iter().map(|name| (1, *name)).collect();
        for (tag, value) in [(14, soname), (15, rpath), (29, runpath)] {
            entries.extend(value.map(|value| (tag, value)));
        }
        entries.push((4, writer.address(".hash")));
        entries.push((5, writer.address(".dynstr")));
        entries.push((6, writer.address(".dynsym")));
        entries.push((10, names.bytes.len() as u64));
        entries.push((11, codec.symbol_size() as u64));
        if let Some(versions) = &versions {
            entries.push((0x6fff_fff0, writer.address(".gnu.version")));
            entries.push((0x6fff_fffe, writer.address(".gnu.version_r")));
            entries.push((0x6fff_ffff, versions.count));
        }
        if self.relr > 0 {
            entries.push((36, writer.address(".relr.dyn")));
            entries.push((35, writer.size(".relr.dyn")));
            entries.push((37, codec.word() as u64));
            self.pack_relocations(&mut writer);
        }
        if !self.relocations.is_empty() {
            let first = if elf_relocations::with_addends(&machine) {
                7
            } else {
                17
            };
            let place = writer.address(".data");
            let table = elf_relocations::table(&machine, &self.relocations, &symbols, place);
            entries.push((first, writer.address(".rela.dyn")));
            entries.push((first + 1, table.len() as u64));
            entries.push((first + 2, elf_relocations::record_size(&machine) as u64));
            writer.fill(".rela.dyn", &table);
        }
        if is_program && kind == 3 {
            entries.push((0x6fff_fffb, 0x0800_0000));
        } else if is_program {
            entries.push((21, 0));
        }
        if self.unwelcome.contains(&Unwelcome::TextRelocations) {
            entries.push((22, 0));
        }
        self.lie_in_dynamic(&mut entries, tags);
        let bytes = entries
            .iter()
            .flat_map(|(tag, value)| [codec.word_bytes(*tag), codec.word_bytes(*value)].concat());
        writer.fill(".dynamic", &bytes.collect::<Vec<u8>>());
        let code = writer.address(".text");
        let records: Vec<u8> = symbols
            .iter()
            .flat_map(|symbol| symbol.record(codec, code, writer.index(".text")))
            .collect();
        writer.fill(".dynsym", &records);
        if self.debug > 0 {
            writer.fill(".symtab", &records);
        }
        let entry = if is_program { code } else { 0 };
        let mut bytes = writer.finish(entry, self.sections);
        elf_headers::ask_too_much(&self.unwelcome, codec, &mut bytes);
        self.lie_in_headers(codec, &mut bytes);
        bytes
    }

    /// The empty first symbol, then what it wants, then what it offers.
    fn symbols(&self, names: &mut Names) -> Vec<Symbol> {
        let mut symbols = vec![Symbol::default()];
        for text in &self.wants {
            let (weak, text) = match text.strip_prefix("weak ") {
                Some(name) => (true, name),
                None => (false, text.as_str()),
            };
            let (name, version) = match text.split_once('@') {
                Some((name, version)) => (name, Some(version.to_owned())),
                None => (text, None),
            };
            symbols.push(Symbol {
                name: name.to_owned(),
                offset: names.add(name),
                weak,
                version,
                kind: 2,
                position: None,
            });
        }
        let functions = self.defines.iter().map(|name| (name, 2));
        let functions = functions.chain(self.indirect.iter().map(|name| (name, 10)));
        for (position, (name, kind)) in functions.enumerate() {
            symbols.push(Symbol {
                name: name.clone(),
                offset: names.add(name),
                kind,
                position: Some(position as u64),
                ..Symbol::default()
            });
        }
        for name in &self.thread_symbols {
            symbols.push(Symbol {
                name: name.clone(),
                offset: names.add(name),
                kind: 6,
                position: Some(0),
                ..Symbol::default()
            });
        }
        symbols
    }

    fn version_needs(&self, codec: Codec, names: &mut Names) -> Option<Versions> {
        if self.versions.is_empty() {
            return None;
        }
        let mut bytes = Vec::new();
        let mut known = Vec::new();
        for (row, text) in self.versions.iter().enumerate() {
            let mut words = text.split(' ');
            let file = names.add(words.next().unwrap());
            let versions: Vec<&str> = words.collect();
            let last = row + 1 == self.versions.len();
            let next = if last { 0 } else { 16 + 16 * versions.len() };
            bytes.extend(codec.u16(1));
            bytes.extend(codec.u16(versions.len() as u16));
            bytes.extend(codec.u32(file));
            bytes.extend(codec.u32(16));
            bytes.extend(codec.u32(next as u32));
            for (number, version) in versions.iter().enumerate() {
                known.push((*version).to_owned());
                let last = number + 1 == versions.len();
                bytes.extend(codec.u32(sysv_hash(version)));
                bytes.extend(codec.u16(0));
                bytes.extend(codec.u16(known.len() as u16 + 1));
                bytes.extend(codec.u32(names.add(version)));
                bytes.extend(codec.u32(if last { 0 } else { 16 }));
            }
        }
        Some(Versions {
            bytes,
            count: self.versions.len() as u64,
            known,
        })
    }

    /// Every word of `.data` is relocated and holds the address of the code.
    fn pack_relocations(&self, writer: &mut Writer) {
        let codec = writer.machine.codec;
        let (data, code) = (writer.address(".data"), writer.address(".text"));
        let words = codec.word_bytes(code).repeat(self.relr);
        writer.fill(".data", &words);
        let per_map = codec.word() * 8 - 1;
        let mut packed = codec.word_bytes(data);
        let mut left = self.relr - 1;
        while left > 0 {
            let here = left.min(per_map);
            let map = (1_u128 << (here + 1)) - 1;
            packed.extend(codec.word_bytes(map as u64));
            left -= here;
        }
        writer.fill(".relr.dyn", &packed);
    }

    fn lie_in_dynamic(&self, entries: &mut Vec<(u64, u64)>, room: usize) {
        for lie in &self.lies {
            match lie {
                Lie::StringTable => entries.iter_mut().find(|e| e.0 == 5).unwrap().1 = 0x7fff_0000,
                Lie::NeededName => entries.iter_mut().find(|e| e.0 == 1).unwrap().1 = 0x7fff_ffff,
                Lie::NoEnd => entries.resize(room, (21, 0)),
                _ => {}
            }
        }
    }

    fn lie_in_headers(&self, codec: Codec, bytes: &mut [u8]) {
        let word = codec.word();
        let wild = codec.word_bytes(1 << 30 | (1_u64 << (8 * word - 2)));
        for lie in &self.lies {
            let at = match lie {
                Lie::ProgramHeaders => 24 + word,
                Lie::SectionHeaders => 24 + 2 * word,
                // p_offset of the first program header.
                Lie::SegmentOffset => codec.header_size() + if word == 8 { 8 } else { 4 },
                _ => continue,
            };
            bytes[at..at + word].copy_from_slice(&wild);
        }
    }
}
