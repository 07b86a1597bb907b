//! Prefix codes of a deflate stream (RFC 1951, 3.2.2).

use super::bits::BitReader;

/// Codes of up to this many bits are found by one look.
const LOOK: u32 = 11;
const LOOKED: usize = 1 << LOOK;
const LONGEST: usize = 15;

/// What a code stands for, in one word: how many bits it has (bits 0 to 3), how many follow it (4 to 7),
/// of what kind it is (8 and 9), and a number (from 16 on).
pub(super) type Meaning = u32;

/// No code, or one that is longer than a look.
const NONE: Meaning = 0;

/// A prefix code.
pub(super) struct Code {
    table: Box<[Meaning; LOOKED]>,
    /// How many codes there are of each length.
    counts: [u16; LONGEST + 1],
    /// The meanings in the order of the codes, without their number of bits.
    sorted: Vec<Meaning>,
}

impl Code {
    pub(super) fn new() -> Self {
        Self {
            table: Box::new([NONE; LOOKED]),
            counts: [0; LONGEST + 1],
            sorted: Vec::new(),
        }
    }

    /// Takes the code with these numbers of bits, one for each meaning. `None`: no such code can be.
    pub(super) fn set(&mut self, lengths: &[u8], meanings: &[Meaning]) -> Option<()> {
        self.counts = [0; LONGEST + 1];
        for &length in lengths {
            let count = self.counts.get_mut(usize::from(length))?;
            *count = count.checked_add(1)?;
        }
        let [unused, ..] = &mut self.counts;
        *unused = 0;
        // More codes than there is room for?
        let mut room = 1_i32;
        let mut offsets = [0_u16; LONGEST + 2];
        let mut next_codes = [0_u32; LONGEST + 1];
        let (mut code, mut offset) = (0_u32, 0_u16);
        for (length, &count) in self.counts.iter().enumerate().skip(1) {
            room = room.checked_mul(2)?.checked_sub(i32::from(count))?;
            if room < 0 {
                return None;
            }
            *next_codes.get_mut(length)? = code;
            code = code.checked_add(u32::from(count))?.checked_mul(2)?;
            *offsets.get_mut(length)? = offset;
            offset = offset.checked_add(count)?;
        }
        self.sorted.clear();
        self.sorted.resize(usize::from(offset), NONE);
        self.table.fill(NONE);
        for (&length, &meaning) in lengths.iter().zip(meanings) {
            if length == 0 {
                continue;
            }
            let bits = usize::from(length);
            let at = offsets.get_mut(bits)?;
            *self.sorted.get_mut(usize::from(*at))? = meaning;
            *at = at.checked_add(1)?;
            let next = next_codes.get_mut(bits)?;
            let code = *next;
            *next = next.checked_add(1)?;
            if u32::from(length) <= LOOK {
                // Their first bit comes first, so that it is the lowest.
                let first = (code.reverse_bits() >> (32 - u32::from(length))) as usize;
                let step = 1_usize << length;
                let slots = self.table.get_mut(first..)?.iter_mut();
                for slot in slots.step_by(step) {
                    *slot = meaning | u32::from(length);
                }
            }
        }
        Some(())
    }

    /// The next code's meaning, with its number of bits, which are left behind; 15 bits have to be held.
    #[inline(always)]
    pub(super) fn next(&self, reader: &mut BitReader<'_>) -> Option<Meaning> {
        let look = (reader.held() as usize) & (LOOKED - 1);
        let found = self.table.get(look).copied().unwrap_or(NONE);
        if found & 15 != 0 {
            reader.skip(found & 15);
            return Some(found);
        }
        self.next_long(reader)
    }

    #[cold]
    #[inline(never)]
    fn next_long(&self, reader: &mut BitReader<'_>) -> Option<Meaning> {
        let held = reader.held();
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for (length, &count) in self.counts.iter().enumerate().skip(1) {
            let bit = (held >> (length - 1)) & 1;
            code |= bit as u32;
            let count = u32::from(count);
            if let Some(inside) = code.checked_sub(first)
                && inside < count
            {
                reader.skip(length as u32);
                let at = index.checked_add(inside)? as usize;
                let meaning = self.sorted.get(at).copied()?;
                return Some(meaning | length as u32);
            }
            index = index.checked_add(count)?;
            first = first.checked_add(count)? << 1;
            code <<= 1;
        }
        None
    }
}
