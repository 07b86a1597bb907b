//! Packs bytes for an archive.

use libdeflater::{CompressionLvl, Compressor};

use crate::wheel::error::Error;
use crate::wheel::packed::{Changed, repack};
use crate::wheel::zip::entry::Method;
use crate::wheel::zip::fields::buffer;

/// How hard to pack: 0 stores, 1 is fastest, 12 smallest. The numbers are libdeflate's; up to 9
/// they compare with zlib's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// A level from 0 to 12; `None` for other numbers.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (level <= 12).then_some(Self(level))
    }

    /// Its number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    /// 6.
    fn default() -> Self {
        Self(6)
    }
}

/// Packed bytes with all that their headers need: ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deflated {
    /// How `bytes` are packed.
    pub method: Method,
    /// The packed bytes.
    pub bytes: Vec<u8>,
    /// The CRC-32 of the unpacked bytes.
    pub crc32: u32,
    /// How many unpacked bytes there are.
    pub size: u64,
}

/// Packs bytes; stores them where packing does not make them smaller. The same bytes and level
/// give the same result on every machine.
///
/// # Errors
/// Only when there is no memory for the result.
pub fn deflate(bytes: &[u8], level: Level) -> Result<Deflated, Error> {
    let crc32 = libdeflater::crc32(bytes);
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let packed = match CompressionLvl::new(level.0.into()) {
        Ok(strength) if level.0 > 0 && !bytes.is_empty() => pack(bytes, strength)?,
        _ => None,
    };
    Ok(match packed {
        Some(bytes) => Deflated {
            method: Method::Deflated,
            bytes,
            crc32,
            size,
        },
        None => Deflated {
            method: Method::Stored,
            bytes: bytes.to_vec(),
            crc32,
            size,
        },
    })
}

/// The same for bytes that differ little from others whose packed form there is: what of that can be kept is
/// not packed again. That is for the levels up to the default one; whoever asks for more wants all of it packed so.
///
/// # Errors
/// Only when there is no memory for the result.
pub fn deflate_again(
    packed: &[u8],
    changed: &Changed,
    bytes: &[u8],
    level: Level,
) -> Result<Deflated, Error> {
    let strength = CompressionLvl::new(level.0.into()).ok();
    let strength = strength.filter(|_| (1..=Level::default().0).contains(&level.0));
    let kept = strength.and_then(|strength| repack(packed, changed, bytes, strength));
    match kept.filter(|kept| kept.len() < bytes.len()) {
        Some(kept) => Ok(Deflated {
            method: Method::Deflated,
            bytes: kept,
            crc32: libdeflater::crc32(bytes),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }),
        None => deflate(bytes, level),
    }
}

/// `None` where the result would not be smaller.
fn pack(bytes: &[u8], level: CompressionLvl) -> Result<Option<Vec<u8>>, Error> {
    // One byte less than there is: what does not fit into that is not wanted.
    let mut packed = buffer(bytes.len().saturating_sub(1))?;
    let Ok(length) = Compressor::new(level).deflate_compress(bytes, &mut packed) else {
        return Ok(None);
    };
    packed.truncate(length);
    packed.shrink_to_fit();
    Ok(Some(packed))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_packing_does_not_make_smaller_is_stored() {
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..500)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        for bytes in [&b""[..], b"a", b"ab", &noise] {
            let packed = deflate(bytes, Level::default()).unwrap();
            assert_eq!(
                (packed.method, packed.bytes.as_slice()),
                (Method::Stored, bytes)
            );
        }
        let zeros = vec![0; 100_000];
        for level in 1..=12 {
            let packed = deflate(&zeros, Level::new(level).unwrap()).unwrap();
            assert_eq!(packed.method, Method::Deflated);
            assert!(packed.bytes.len() < 1000, "{level}");
        }
        assert_eq!(
            deflate(&zeros, Level::new(0).unwrap()).unwrap().bytes,
            zeros
        );
        assert_eq!(Level::new(13), None);
    }
}
