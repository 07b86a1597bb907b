//! A file of many gigabytes that are mostly zeros, kept in little memory.

use std::io::{self, Read, Seek, SeekFrom, Write};

use wheelfix::wheel::Source;

static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

/// Bytes at offsets, in order; what lies between them is zero.
#[derive(Debug, Clone, Default)]
pub struct Sparse {
    pieces: Vec<(u64, Vec<u8>)>,
    size: u64,
    position: u64,
}

impl Sparse {
    pub fn skip(&mut self, bytes: u64) {
        self.size += bytes;
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let hole =
            bytes.len() >= 4096 && bytes.len() <= ZEROS.len() && bytes == &ZEROS[..bytes.len()];
        if !hole {
            self.pieces.push((self.size, bytes.to_vec()));
        }
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        let end = offset
            .checked_add(buffer.len() as u64)
            .filter(|end| *end <= self.size);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        for (start, piece) in &self.pieces {
            let (from, to) = (offset.max(*start), end.min(start + piece.len() as u64));
            if from < to {
                let length = usize::try_from(to - from).unwrap();
                let (at, of) = ((from - offset) as usize, (from - start) as usize);
                buffer[at..at + length].copy_from_slice(&piece[of..of + length]);
            }
        }
        Ok(())
    }
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.position).unwrap();
        let length = left.min(buffer.len());
        self.read_exact_at(self.position, &mut buffer[..length])?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position
            .filter(|at| *at <= self.size)
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
