//! The tables of an ELF file: symbols, versions, hashes, notes.

use super::elf_machine::{Codec, Machine};

/// Bytes from one function to the next.
pub const CODE_STEP: u64 = 16;

#[derive(Debug, Default)]
pub struct Symbol {
    pub name: String,
    pub offset: u32,
    pub weak: bool,
    pub version: Option<String>,
    /// `STT_…`: 2 a function, 6 thread-local data, 10 an indirect function.
    pub kind: u8,
    /// Which function it is; none: it is wanted.
    pub position: Option<u64>,
}

impl Symbol {
    pub fn record(&self, codec: Codec, code: u64, section: u16) -> Vec<u8> {
        if self.name.is_empty() {
            return vec![0; codec.symbol_size()];
        }
        let info = if self.weak { 0x20 } else { 0x10 } | self.kind;
        let (value, size, section) = match self.position {
            Some(_) if self.kind == 6 => (0, 1, section),
            Some(position) => (code + position * CODE_STEP, 1, section),
            None => (0, 0, 0),
        };
        let name = codec.u32(self.offset);
        let small = [vec![info, 0], codec.u16(section)].concat();
        let large = [codec.word_bytes(value), codec.word_bytes(size)].concat();
        match codec.wide {
            true => [name, small, large].concat(),
            false => [name, large, small].concat(),
        }
    }
}

pub struct Versions {
    pub bytes: Vec<u8>,
    pub count: u64,
    pub known: Vec<String>,
}

impl Versions {
    pub fn index_of(&self, symbol: &Symbol) -> u16 {
        match &symbol.version {
            None if symbol.name.is_empty() => 0,
            None => 1,
            Some(version) => {
                let position = self.known.iter().position(|known| known == version);
                position.expect("a symbol's version is not among `versions`") as u16 + 2
            }
        }
    }
}

pub fn relr_words(count: usize, codec: Codec) -> usize {
    1 + (count - 1).div_ceil(codec.word() * 8 - 1)
}

/// `least` zero bytes, then bytes without any pattern that a packer finds.
pub fn ballast(count: usize, least: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    });
    std::iter::repeat_n(0, least)
        .chain(noise.take(count))
        .collect()
}

/// One bucket: every symbol in one chain.
pub fn hash_table(machine: &Machine, symbols: &[Symbol]) -> Vec<u8> {
    let codec = machine.codec;
    let count = symbols.len() as u32;
    let first = if count > 1 { 1 } else { 0 };
    let mut numbers = vec![1, count, first, 0];
    numbers.extend((1..count).map(|index| if index + 1 < count { index + 1 } else { 0 }));
    let wide = machine.wide_hash();
    let bytes = numbers.iter().flat_map(|number| match wide {
        true => codec.word_bytes(u64::from(*number)),
        false => codec.u32(*number),
    });
    bytes.collect()
}

pub fn sysv_hash(name: &str) -> u32 {
    name.bytes().fold(0_u32, |hash, byte| {
        let hash = (hash << 4).wrapping_add(u32::from(byte));
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
}

/// `GNU_PROPERTY_X86_ISA_1_NEEDED`.
pub fn isa_note(codec: Codec, level: u32) -> Vec<u8> {
    let mut property = [0xc000_8002, 4, 1 << (level - 1)]
        .map(|n| codec.u32(n))
        .concat();
    property.resize(property.len().next_multiple_of(codec.word()), 0);
    gnu_note(codec, 5, &property)
}

/// A note of GNU's: of this type, with these bytes.
pub fn gnu_note(codec: Codec, kind: u32, content: &[u8]) -> Vec<u8> {
    let head = [4, content.len() as u32, kind].map(|n| codec.u32(n));
    [&head.concat(), &b"GNU\0"[..], content].concat()
}

/// The file's core: `Tag_CPU_arch`.
pub fn arm_attributes(cpu: u8) -> Vec<u8> {
    let pairs = [6, cpu];
    let mut file = vec![1];
    file.extend((5 + pairs.len() as u32).to_le_bytes());
    file.extend(pairs);
    let mut bytes = b"A".to_vec();
    bytes.extend((4 + 6 + file.len() as u32).to_le_bytes());
    bytes.extend(b"aeabi\0");
    bytes.extend(file);
    bytes
}
