//! Changes where they matter: most bytes of an ELF file are read by nobody, a few tables by all.

/// A small random generator; the fuzzer gives the seed, so that it can repeat what it did.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Changes one to three words of the headers or of the dynamic section of a file.
pub fn tables(file: &mut [u8], seed: u32) {
    let mut dice = Dice(u64::from(seed) << 20 | 0x9e3d);
    let Some(layout) = Layout::of(file) else {
        return;
    };
    for _ in 0..=dice.roll(3) {
        let Some(&(start, length)) = layout.hot.get(dice.roll(layout.hot.len())) else {
            return;
        };
        let width = [2, 4, 4, 8, layout.word][dice.roll(5)];
        let at = start + dice.roll(length / 4 + 1) * 4;
        let Some(old) = layout.get(file, at, width) else {
            continue;
        };
        let (from, from_length) = layout.hot[dice.roll(layout.hot.len())];
        let other = layout.get(file, from + dice.roll(from_length / 4 + 1) * 4, width);
        let step = [1, 4, 8, 0x18, 0x1000, 0x10000][dice.roll(6)];
        let new = match dice.roll(8) {
            0 => 0,
            1 => u64::MAX >> dice.roll(64),
            2 => old.wrapping_add(step),
            3 => old.wrapping_sub(step),
            4 => file.len() as u64,
            5 => dice.roll(64) as u64,
            _ => other.unwrap_or(old),
        };
        layout.put(file, at, width, new);
    }
}

/// Where the tables are, as far as the header tells.
struct Layout {
    hot: Vec<(usize, usize)>,
    word: usize,
    big: bool,
}

impl Layout {
    fn of(file: &[u8]) -> Option<Self> {
        let word = if *file.get(4)? == 2 { 8 } else { 4 };
        let mut layout = Self {
            hot: vec![(16, 8 + 3 * word + 12)],
            word,
            big: *file.get(5)? == 2,
        };
        let (segment, section) = if word == 8 { (56, 64) } else { (32, 40) };
        let tail = 24 + 3 * word + 4;
        let segments = layout.table(file, 24 + word, tail + 2, segment)?;
        layout.hot.extend([segments, segments]);
        if let Some(sections) = layout.table(file, 24 + 2 * word, tail + 6, section) {
            layout.hot.push(sections);
        }
        // PT_DYNAMIC: where it lies and how long it is.
        for start in (0..segments.1 / segment).map(|index| segments.0 + index * segment) {
            if layout.get(file, start, 4)? == 2 {
                let at = layout.get(file, start + word, word)? as usize;
                let size = layout.get(file, start + 4 * word, word)? as usize;
                if at < file.len() {
                    layout.hot.push((at, size.min(0x400)));
                }
            }
        }
        Some(layout)
    }

    fn table(&self, file: &[u8], at: usize, count: usize, size: usize) -> Option<(usize, usize)> {
        let start = usize::try_from(self.get(file, at, self.word)?).ok()?;
        let count = self.get(file, count, 2)? as usize;
        (start < file.len() && count > 0).then_some((start, count.min(64) * size))
    }

    fn get(&self, file: &[u8], at: usize, width: usize) -> Option<u64> {
        let bytes = file.get(at..at.checked_add(width)?)?;
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.big {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        })
    }

    fn put(&self, file: &mut [u8], at: usize, width: usize, value: u64) {
        let little = value.to_le_bytes();
        for index in 0..width {
            let from = if self.big { width - 1 - index } else { index };
            file[at + index] = little[from];
        }
    }
}
