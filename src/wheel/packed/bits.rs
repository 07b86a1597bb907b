//! Bits of a deflate stream: the lowest bit of a byte comes first.

/// Reads bits. Past the end there are zeros, and `ended` says so.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next byte that is not held yet.
    next: usize,
    held: u64,
    /// How many bits are held.
    count: u32,
    /// Was more asked for than there is?
    pub(super) ended: bool,
}

impl<'a> BitReader<'a> {
    /// From this bit on.
    pub(super) fn at(bytes: &'a [u8], bit: usize) -> Self {
        let mut reader = Self {
            bytes,
            next: bit / 8,
            held: 0,
            count: 0,
            ended: false,
        };
        reader.refill();
        let inside = u32::try_from(bit % 8).unwrap_or_default();
        reader.skip(inside);
        reader
    }

    /// Holds 56 bits or more, but for the end of the bytes.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let rest = self.bytes.get(self.next..).unwrap_or_default();
        if let Some(eight) = rest.first_chunk() {
            self.held |= u64::from_le_bytes(*eight) << self.count;
            self.next += (63 - self.count as usize) / 8;
            self.count |= 56;
        } else {
            self.refill_slowly();
        }
    }

    #[cold]
    fn refill_slowly(&mut self) {
        while self.count <= 55
            && let Some(&byte) = self.bytes.get(self.next)
        {
            self.held |= u64::from(byte) << self.count;
            self.next = self.next.saturating_add(1);
            self.count = self.count.saturating_add(8);
        }
    }

    /// The bits that are held, the next one lowest; zeros above them.
    #[inline(always)]
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// Leaves up to 63 bits behind that are held.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.held >>= count & 63;
        if count > self.count {
            self.ended = true;
        }
        self.count = self.count.saturating_sub(count);
    }

    /// Up to 32 bits.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.refill();
        let bits = self.held & ((1_u64 << (count & 63)) - 1);
        self.skip(count);
        bits as u32
    }

    /// How many bits are behind.
    pub(super) fn position(&self) -> usize {
        let read = self.next.saturating_mul(8);
        read.saturating_sub(self.count as usize)
    }
}

/// Writes bits.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    /// `count` bits, at most 32; those above are zero.
    #[inline(always)]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes
                .extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// The bits from `from` to `to`, as they are.
    pub(super) fn copy(&mut self, bytes: &[u8], from: usize, to: usize) {
        let mut left = to.saturating_sub(from);
        self.bytes.reserve(left / 8);
        let mut reader = BitReader::at(bytes, from);
        while left >= 32 {
            let bits = reader.take(32);
            self.put(bits, 32);
            left -= 32;
        }
        let rest = u32::try_from(left).unwrap_or_default();
        let bits = reader.take(rest);
        self.put(bits, rest);
    }

    /// Zeros up to the next byte.
    pub(super) fn align(&mut self) {
        let over = self.count % 8;
        if over > 0 {
            self.put(0, 8 - over);
        }
    }

    /// The bytes, zeros behind the last bit.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let used = self.count.div_ceil(8) as usize;
        let last = self.held.to_le_bytes();
        self.bytes
            .extend_from_slice(last.get(..used).unwrap_or_default());
        self.bytes
    }
}
