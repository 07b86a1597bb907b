//! Machines, word sizes, byte orders, string tables: the letters in which ELF files are written.

use std::collections::HashMap;

/// Word size and byte order.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    pub wide: bool,
    pub big: bool,
}

impl Codec {
    pub fn word(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    pub fn header_size(self) -> usize {
        if self.wide { 64 } else { 52 }
    }

    pub fn program_header_size(self) -> usize {
        if self.wide { 56 } else { 32 }
    }

    pub fn section_header_size(self) -> usize {
        if self.wide { 64 } else { 40 }
    }

    pub fn symbol_size(self) -> usize {
        if self.wide { 24 } else { 16 }
    }

    pub fn u16(self, number: u16) -> Vec<u8> {
        match self.big {
            true => number.to_be_bytes().to_vec(),
            false => number.to_le_bytes().to_vec(),
        }
    }

    pub fn u32(self, number: u32) -> Vec<u8> {
        match self.big {
            true => number.to_be_bytes().to_vec(),
            false => number.to_le_bytes().to_vec(),
        }
    }

    pub fn word_bytes(self, number: u64) -> Vec<u8> {
        match (self.wide, self.big) {
            (true, true) => number.to_be_bytes().to_vec(),
            (true, false) => number.to_le_bytes().to_vec(),
            (false, _) => self.u32(number as u32),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Machine {
    pub codec: Codec,
    pub number: u16,
    pub flags: u32,
    pub page: u64,
}

impl Machine {
    pub fn of(name: &str) -> Self {
        let little = |wide| Codec { wide, big: false };
        let big = Codec {
            wide: true,
            big: true,
        };
        let (number, codec, flags, page) = match name {
            "x86_64" => (62, little(true), 0, 0x1000),
            "x32" => (62, little(false), 0, 0x1000),
            "i686" => (3, little(false), 0, 0x1000),
            "aarch64" => (183, little(true), 0, 0x1_0000),
            "armv7l" | "armv6l" => (40, little(false), 0x0500_0400, 0x1_0000),
            "arm-soft" => (40, little(false), 0x0500_0200, 0x1_0000),
            "ppc64le" => (21, little(true), 2, 0x1_0000),
            "ppc64" => (21, big, 1, 0x1_0000),
            "s390x" => (22, big, 0, 0x1000),
            "riscv64" => (243, little(true), 5, 0x1000),
            "loongarch64" => (258, little(true), 0x43, 0x1_0000),
            // No loader reads these: GPUs, the kernel's own machine, a microcontroller, a DSP.
            "amdgpu" => (224, little(true), 0x3f, 0x1000),
            "cuda" => (190, little(true), 0x5a, 0x1000),
            "bpf" => (247, little(true), 0, 0x1000),
            "avr" => (83, little(false), 0, 0x1000),
            "hexagon" => (164, little(false), 0x68, 0x1000),
            other => panic!("no such machine: {other}"),
        };
        Self {
            codec,
            number,
            flags,
            page,
        }
    }

    /// `DT_HASH` counts in words of eight bytes on 64-bit s390.
    pub fn wide_hash(&self) -> bool {
        self.number == 22 && self.codec.wide
    }
}

/// A string table; equal strings are kept once.
#[derive(Debug)]
pub struct Names {
    pub bytes: Vec<u8>,
    known: HashMap<String, u32>,
}

/// In a longer table nobody looks for a name that another one begins with.
const LONG: usize = 1 << 14;

impl Default for Names {
    fn default() -> Self {
        Self {
            bytes: vec![0],
            known: HashMap::new(),
        }
    }
}

impl Names {
    pub fn add(&mut self, text: &str) -> u32 {
        if let Some(at) = self.known.get(text) {
            return *at;
        }
        let mut wanted = vec![0];
        wanted.extend(text.as_bytes());
        wanted.push(0);
        let mut windows = self.bytes.windows(wanted.len());
        let is_short = self.bytes.len() < LONG;
        if is_short && let Some(at) = windows.position(|bytes| bytes == wanted) {
            return at as u32 + 1;
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(&wanted[1..]);
        self.known.insert(text.to_owned(), at);
        at
    }
}
