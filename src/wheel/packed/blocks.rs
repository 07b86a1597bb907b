//! The blocks of a deflate stream, found by reading its codes; what they stand for is not written anywhere.

use std::ops::Range;

use super::bits::BitReader;
use super::changed::Changed;
use super::huffman::{Code, Meaning};

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Its bits in the stream. The first says whether it is the last one.
    pub(super) bits: Range<usize>,
    /// The bytes that it stands for.
    pub(super) bytes: Range<usize>,
    /// Does it stand for the same bytes, where those before it changed?
    pub(super) holds: bool,
    /// Where the length of a stored block is, which begins with a byte.
    pub(super) stored_at: Option<usize>,
}

const LITERAL: Meaning = 0;
const MATCH: Meaning = 1;
const END: Meaning = 2;
const INVALID: Meaning = 3;

const fn meaning(kind: Meaning, extra: u32, number: u32) -> Meaning {
    kind << 8 | extra << 4 | number << 16
}

/// Literals, the end, and lengths (RFC 1951, 3.2.5).
static LITERALS: [Meaning; 288] = literals();
static DISTANCES: [Meaning; 32] = distances();

#[allow(clippy::indexing_slicing)] // At compile time.
const fn literals() -> [Meaning; 288] {
    let mut all = [meaning(INVALID, 0, 0); 288];
    let mut number = 0;
    while number < 256 {
        all[number] = meaning(LITERAL, 0, 0);
        number += 1;
    }
    all[256] = meaning(END, 0, 0);
    let mut length = 3;
    let mut code = 0;
    while code < 28 {
        let extra = if code < 8 { 0 } else { code / 4 - 1 };
        all[257 + code] = meaning(MATCH, extra as u32, length);
        length += 1 << extra;
        code += 1;
    }
    all[285] = meaning(MATCH, 0, 258);
    all
}

#[allow(clippy::indexing_slicing)] // At compile time.
const fn distances() -> [Meaning; 32] {
    let mut all = [meaning(INVALID, 0, 0); 32];
    let mut distance = 1;
    let mut code = 0;
    while code < 30 {
        let extra = if code < 4 { 0 } else { code / 2 - 1 };
        all[code] = meaning(MATCH, extra as u32, distance);
        distance += 1 << extra;
        code += 1;
    }
    all
}

/// The order in which the lengths of the code for lengths come.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The fewest packed bytes for each block: what has more blocks is made to keep a reader busy.
const SMALLEST: usize = 64;
const ALWAYS: usize = 64;

/// The blocks of a stream that is known to be whole, in their order. `None`: it is not, or has very many.
pub(super) fn blocks(packed: &[u8], changed: &Changed) -> Option<Vec<Block>> {
    let most = (packed.len() / SMALLEST).saturating_add(ALWAYS);
    let mut scan = Scan {
        reader: BitReader::at(packed, 0),
        literals: Code::new(),
        distances: Code::new(),
        changed,
        next: 0,
        dirty: 0,
        seams: changed.seams().collect(),
        next_seam: 0,
        seam: 0,
        at: 0,
    };
    let mut found = Vec::new();
    loop {
        let (bits, bytes) = (scan.reader.position(), scan.at);
        let is_last = scan.reader.take(1) == 1;
        let mut stored_at = None;
        let holds = match scan.reader.take(2) {
            0 => {
                stored_at = Some(scan.reader.position().div_ceil(8));
                scan.stored(packed)?
            }
            1 => {
                scan.fixed()?;
                scan.codes()?
            }
            2 => {
                scan.dynamic()?;
                scan.codes()?
            }
            _ => return None,
        };
        if scan.reader.ended || found.len() >= most {
            return None;
        }
        found.push(Block {
            bits: bits..scan.reader.position(),
            bytes: bytes..scan.at,
            holds,
            stored_at,
        });
        if is_last {
            return Some(found);
        }
    }
}

struct Scan<'a> {
    reader: BitReader<'a>,
    literals: Code,
    distances: Code,
    changed: &'a Changed,
    /// The first of the changed ranges that was not reached.
    next: usize,
    /// Where the last of those that were reached ends.
    dirty: usize,
    /// Where parts begin that lie otherwise to what is before them; the first of them that was not reached; the last
    /// one that was.
    seams: Vec<usize>,
    next_seam: usize,
    seam: usize,
    /// How many bytes there were so far.
    at: usize,
}

impl<'a> Scan<'a> {
    fn stored(&mut self, packed: &'a [u8]) -> Option<bool> {
        let start = self.reader.position().div_ceil(8);
        let [low, high, ..] = *packed.get(start..)?.first_chunk::<4>()?;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let from = self.at;
        self.begin();
        let is_clean = self.dirty <= from;
        let next_start = self.next_start();
        self.at = from.checked_add(length)?;
        if self.at > next_start {
            self.reach(self.at);
        }
        let end = start.checked_add(4)?.checked_add(length)?;
        if end > packed.len() {
            return None;
        }
        self.reader = BitReader::at(packed, end.checked_mul(8)?);
        Some(is_clean && self.at <= next_start)
    }

    fn fixed(&mut self) -> Option<()> {
        let lengths: [u8; 288] = std::array::from_fn(|number| match number {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        });
        self.literals.set(&lengths, &LITERALS)?;
        self.distances.set(&[5; 32], &DISTANCES)
    }

    fn dynamic(&mut self) -> Option<()> {
        let literals = self.reader.take(5) as usize + 257;
        let distances = self.reader.take(5) as usize + 1;
        let given = self.reader.take(4) as usize + 4;
        let mut lengths = [0_u8; 19];
        for place in ORDER.iter().take(given) {
            *lengths.get_mut(*place)? = self.reader.take(3) as u8;
        }
        let numbers: [Meaning; 19] = std::array::from_fn(|number| meaning(0, 0, number as u32));
        // It is soon used up: the table of distances takes its place behind it.
        self.distances.set(&lengths, &numbers)?;
        let mut all = [0_u8; 320];
        let (mut at, total) = (0, literals.checked_add(distances)?);
        while at < total {
            self.reader.refill();
            let number = self.distances.next(&mut self.reader)? >> 16;
            let (value, count) = match number {
                0..=15 => (number as u8, 1),
                16 => (*all.get(at.checked_sub(1)?)?, self.reader.take(2) + 3),
                17 => (0, self.reader.take(3) + 3),
                _ => (0, self.reader.take(7) + 11),
            };
            let end = at.checked_add(count as usize)?;
            if end > total || self.reader.ended {
                return None;
            }
            all.get_mut(at..end)?.fill(value);
            at = end;
        }
        let (first, rest) = all.split_at_checked(literals)?;
        self.literals
            .set(first, LITERALS.get(..literals.min(288))?)?;
        let rest = rest.get(..distances)?;
        self.distances
            .set(rest, DISTANCES.get(..distances.min(32))?)
    }

    /// Reads the codes of a block to its end. Whether what it stands for is as it was, where it lies and where
    /// it refers to.
    fn codes(&mut self) -> Option<bool> {
        let mut at = self.at;
        self.begin();
        let mut holds = self.dirty <= at;
        let mut next_start = self.next_start();
        loop {
            self.reader.refill();
            // 56 bits are held: a length with what follows it has 20 of them at most, a distance 28.
            let mut found = self.literals.next(&mut self.reader)?;
            if found >> 8 & 3 == LITERAL {
                at += 1;
                found = self.literals.next(&mut self.reader)?;
                if found >> 8 & 3 == LITERAL {
                    at += 1;
                    if at > next_start {
                        holds = false;
                        next_start = self.reach(at);
                    }
                    if self.reader.ended {
                        return None;
                    }
                    continue;
                }
                self.reader.refill();
            }
            match found >> 8 & 3 {
                MATCH => {}
                END => break,
                _ => return None,
            }
            let length = self.with_extra(found);
            let distance = self.distances.next(&mut self.reader)?;
            if distance >> 8 & 3 != MATCH {
                return None;
            }
            let distance = self.with_extra(distance);
            let from = at.checked_sub(distance)?;
            if from < self.dirty.max(self.seam) && holds {
                let source = from..from.saturating_add(length.min(distance));
                holds = from >= self.seam && !self.changed.touches(&source);
            }
            at += length;
            if at > next_start {
                holds = false;
                next_start = self.reach(at);
            }
            if self.reader.ended {
                return None;
            }
        }
        if at > next_start {
            holds = false;
            self.reach(at);
        }
        self.at = at;
        Some(holds)
    }

    #[inline(always)]
    fn with_extra(&mut self, found: Meaning) -> usize {
        let extra = found >> 4 & 15;
        let more = (self.reader.held() as u32) & ((1 << extra) - 1);
        self.reader.skip(extra);
        ((found >> 16) + more) as usize
    }

    /// A block begins: a seam right before it is behind it.
    fn begin(&mut self) {
        while let Some(&seam) = self.seams.get(self.next_seam)
            && seam <= self.at
        {
            self.seam = seam;
            self.next_seam = self.next_seam.saturating_add(1);
        }
    }

    /// The next byte from which on something is not as it was.
    fn next_start(&self) -> usize {
        let next = self.changed.ranges().get(self.next);
        let seam = self.seams.get(self.next_seam).copied();
        let next = next.map_or(usize::MAX, |range| range.start);
        next.min(seam.unwrap_or(usize::MAX))
    }

    /// The bytes up to `at` are there: the next such byte.
    #[cold]
    fn reach(&mut self, at: usize) -> usize {
        while let Some(range) = self.changed.ranges().get(self.next)
            && range.start < at
        {
            self.dirty = range.end;
            self.next = self.next.saturating_add(1);
        }
        while let Some(&seam) = self.seams.get(self.next_seam)
            && seam < at
        {
            self.seam = seam;
            self.next_seam = self.next_seam.saturating_add(1);
        }
        self.next_start()
    }
}
