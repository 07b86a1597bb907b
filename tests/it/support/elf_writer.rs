//! The frame of an ELF file: machines, byte order, program headers, section headers.

use super::elf_machine::{Codec, Machine, Names};

/// Which segment a part is loaded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Code,
    Data,
    Names,
    Nowhere,
}

/// A section.
#[derive(Debug, Clone)]
pub struct Part {
    name: String,
    place: Place,
    kind: u32,
    align: u64,
    extra_flags: u64,
    bytes: Vec<u8>,
    /// Program headers of its own, by type.
    segments: Vec<u32>,
    offset: u64,
    address: u64,
}

impl Part {
    pub fn new(name: &str, place: Place, kind: u32, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            place,
            kind,
            align: 1,
            extra_flags: 0,
            bytes,
            segments: Vec::new(),
            offset: 0,
            address: 0,
        }
    }

    pub fn align(mut self, align: usize) -> Self {
        self.align = align as u64;
        self
    }

    pub fn flag(mut self, flag: u64) -> Self {
        self.extra_flags |= flag;
        self
    }

    pub fn segment(mut self, kind: u32) -> Self {
        self.segments.push(kind);
        self
    }

    fn flags(&self) -> u64 {
        self.extra_flags
            | match self.place {
                Place::Nowhere => 0,
                Place::Data => 3,
                Place::Code | Place::Names => 2,
            }
    }
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    size: u64,
    align: u64,
}

/// Collects parts, lays them out, writes the file.
#[derive(Debug)]
pub struct Writer {
    pub machine: Machine,
    kind: u16,
    parts: Vec<Part>,
    segments: Vec<Segment>,
}

impl Writer {
    pub fn new(machine: Machine, kind: u16) -> Self {
        Self {
            machine,
            kind,
            parts: Vec::new(),
            segments: Vec::new(),
        }
    }

    pub fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    fn part(&self, name: &str) -> &Part {
        self.parts.iter().find(|part| part.name == name).unwrap()
    }

    pub fn address(&self, name: &str) -> u64 {
        self.part(name).address
    }

    pub fn size(&self, name: &str) -> u64 {
        self.part(name).bytes.len() as u64
    }

    /// The section's number.
    pub fn index(&self, name: &str) -> u16 {
        self.parts
            .iter()
            .position(|part| part.name == name)
            .unwrap() as u16
            + 1
    }

    pub fn fill(&mut self, name: &str, bytes: &[u8]) {
        let part = self.parts.iter_mut().find(|part| part.name == name);
        part.unwrap().bytes[..bytes.len()].copy_from_slice(bytes);
    }

    /// Give every part its place in the file and in memory.
    pub fn lay_out(&mut self) {
        let codec = self.machine.codec;
        let base: u64 = if self.kind == 2 { 0x40_0000 } else { 0 };
        let has_interpreter = self.parts.iter().any(|part| part.segments.contains(&3));
        let own: usize = self.parts.iter().map(|part| part.segments.len()).sum();
        // Three PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_PHDR for a program.
        let count = 5 + own + usize::from(has_interpreter);
        let headers = codec.header_size() + count * codec.program_header_size();
        let (mut offset, mut end) = (0_u64, base);
        for (place, flags) in [(Place::Code, 5), (Place::Data, 6), (Place::Names, 4)] {
            offset = offset.next_multiple_of(16);
            let start = offset;
            let page = self.machine.page;
            let address = match place {
                Place::Code => base,
                _ => end.next_multiple_of(page) + offset % page,
            };
            if place == Place::Code {
                offset = headers as u64;
            }
            for part in self.parts.iter_mut().filter(|part| part.place == place) {
                offset = offset.next_multiple_of(part.align);
                part.offset = offset;
                part.address = address + (offset - start);
                offset += part.bytes.len() as u64;
            }
            end = address + (offset - start);
            self.segments.push(Segment {
                kind: 1,
                flags,
                offset: start,
                address,
                size: offset - start,
                align: page,
            });
        }
        for part in self
            .parts
            .iter_mut()
            .filter(|part| part.place == Place::Nowhere)
        {
            offset = offset.next_multiple_of(part.align);
            part.offset = offset;
            offset += part.bytes.len() as u64;
        }
        self.other_segments(has_interpreter, base, headers);
    }

    fn other_segments(&mut self, has_interpreter: bool, base: u64, headers: usize) {
        let codec = self.machine.codec;
        let of = |part: &Part, kind: u32, flags: u32| Segment {
            kind,
            flags,
            offset: part.offset,
            address: part.address,
            size: part.bytes.len() as u64,
            align: part.align,
        };
        let dynamic = of(self.part(".dynamic"), 2, 6);
        self.segments.push(dynamic);
        let own = |part: &Part| -> Vec<Segment> {
            part.segments
                .iter()
                .map(|kind| of(part, *kind, 4))
                .collect()
        };
        let (before, after): (Vec<_>, Vec<_>) = self
            .parts
            .iter()
            .flat_map(own)
            .partition(|segment| segment.kind == 3);
        self.segments.extend(after);
        self.segments.push(Segment {
            kind: 0x6474_e551,
            flags: 6,
            offset: 0,
            address: 0,
            size: 0,
            align: 16,
        });
        if has_interpreter {
            let at = codec.header_size() as u64;
            let table = Segment {
                kind: 6,
                flags: 4,
                offset: at,
                address: base + at,
                size: headers as u64 - at,
                align: codec.word() as u64,
            };
            self.segments.splice(0..0, [vec![table], before].concat());
        }
    }

    /// An object file: a header and sections, nothing to load.
    pub fn object_file(mut self) -> Vec<u8> {
        let mut text = Part::new(".text", Place::Nowhere, 1, vec![0xc3; 16]).flag(6);
        text.offset = self.machine.codec.header_size() as u64;
        self.add(text);
        self.finish(0, true)
    }

    pub fn finish(&self, entry: u64, sections: bool) -> Vec<u8> {
        let codec = self.machine.codec;
        let mut names = Names::default();
        let name_offsets: Vec<u32> = self.parts.iter().map(|p| names.add(&p.name)).collect();
        let own_name = names.add(".shstrtab");
        let ends = self
            .parts
            .iter()
            .map(|part| part.offset + part.bytes.len() as u64);
        let loaded = self
            .parts
            .iter()
            .filter(|part| sections || part.place != Place::Nowhere);
        let names_at = if sections {
            ends.max().unwrap()
        } else {
            loaded
                .clone()
                .map(|p| p.offset + p.bytes.len() as u64)
                .max()
                .unwrap()
        };
        let table_at = (names_at + names.bytes.len() as u64).next_multiple_of(codec.word() as u64);
        let count = self.parts.len() as u16 + 2;
        let (table, count, index) = match sections {
            true => (table_at, count, count - 1),
            false => (0, 0, 0),
        };
        let mut bytes = self.header(entry, table, count, index);
        for segment in &self.segments {
            bytes.extend(segment.record(codec));
        }
        for part in loaded {
            put(&mut bytes, part.offset, &part.bytes);
        }
        if sections {
            put(&mut bytes, names_at, &names.bytes);
            let mut table = vec![0; codec.section_header_size()];
            for (part, name) in self.parts.iter().zip(name_offsets) {
                table.extend(self.section(part, name));
            }
            let mut last = Part::new(".shstrtab", Place::Nowhere, 3, names.bytes);
            last.offset = names_at;
            table.extend(self.section(&last, own_name));
            put(&mut bytes, table_at, &table);
        }
        bytes
    }

    fn header(&self, entry: u64, table: u64, sections: u16, names: u16) -> Vec<u8> {
        let codec = self.machine.codec;
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend([1 + u8::from(codec.wide), 1 + u8::from(codec.big), 1]);
        bytes.resize(16, 0);
        bytes.extend([codec.u16(self.kind), codec.u16(self.machine.number)].concat());
        bytes.extend(codec.u32(1));
        let program_headers = match self.segments.is_empty() {
            true => 0,
            false => codec.header_size() as u64,
        };
        for word in [entry, program_headers, table] {
            bytes.extend(codec.word_bytes(word));
        }
        bytes.extend(codec.u32(self.machine.flags));
        let program_header = match self.segments.is_empty() {
            true => 0,
            false => codec.program_header_size(),
        };
        for number in [
            codec.header_size() as u16,
            program_header as u16,
            self.segments.len() as u16,
            codec.section_header_size() as u16,
            sections,
            names,
        ] {
            bytes.extend(codec.u16(number));
        }
        bytes
    }

    fn section(&self, part: &Part, name: u32) -> Vec<u8> {
        let codec = self.machine.codec;
        let at = |name: &str| u32::from(self.index(name));
        let (link, info, entry_size) = match part.name.as_str() {
            ".dynamic" => (at(".dynstr"), 0, 2 * codec.word()),
            ".hash" => (
                at(".dynsym"),
                0,
                if self.machine.wide_hash() { 8 } else { 4 },
            ),
            ".dynsym" => (at(".dynstr"), 1, codec.symbol_size()),
            ".symtab" => (at(".strtab"), 1, codec.symbol_size()),
            ".gnu.version" => (at(".dynsym"), 0, 2),
            ".gnu.version_r" => (at(".dynstr"), self.version_records(part), 0),
            ".relr.dyn" => (0, 0, codec.word()),
            _ => (0, 0, 0),
        };
        let mut bytes = [codec.u32(name), codec.u32(part.kind)].concat();
        let size = part.bytes.len() as u64;
        for word in [part.flags(), part.address, part.offset, size] {
            bytes.extend(codec.word_bytes(word));
        }
        bytes.extend([codec.u32(link), codec.u32(info)].concat());
        bytes.extend(codec.word_bytes(part.align));
        bytes.extend(codec.word_bytes(entry_size as u64));
        bytes
    }

    fn version_records(&self, part: &Part) -> u32 {
        let codec = self.machine.codec;
        let number = |at: usize| {
            let raw: [u8; 4] = part.bytes[at..at + 4].try_into().unwrap();
            if codec.big {
                u32::from_be_bytes(raw)
            } else {
                u32::from_le_bytes(raw)
            }
        };
        let (mut at, mut count) = (0, 1);
        while number(at + 12) != 0 {
            at += number(at + 12) as usize;
            count += 1;
        }
        count
    }
}

impl Segment {
    fn record(&self, codec: Codec) -> Vec<u8> {
        let word = |number| codec.word_bytes(number);
        let places = [word(self.offset), word(self.address), word(self.address)].concat();
        let sizes = [word(self.size), word(self.size)].concat();
        let (kind, flags) = (codec.u32(self.kind), codec.u32(self.flags));
        match codec.wide {
            true => [kind, flags, places, sizes, word(self.align)].concat(),
            false => [kind, places, sizes, flags, word(self.align)].concat(),
        }
    }
}

/// Put bytes at an offset behind everything written so far.
fn put(bytes: &mut Vec<u8>, offset: u64, part: &[u8]) {
    assert!(bytes.len() as u64 <= offset, "two parts overlap");
    bytes.resize(offset as usize, 0);
    bytes.extend(part);
}
