//! Little-endian fields of ZIP records, read without ever stepping outside them.

/// A reader of consecutive fields; every read says `None` past the end.
#[derive(Debug, Clone)]
pub(in crate::wheel) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(in crate::wheel) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not read yet.
    pub(in crate::wheel) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(in crate::wheel) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(in crate::wheel) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(in crate::wheel) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(in crate::wheel) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// Reads `length` bytes at `offset`.
pub(in crate::wheel) fn read_at<S: crate::wheel::Source + ?Sized>(
    source: &S,
    offset: u64,
    length: usize,
) -> Result<Vec<u8>, crate::wheel::Error> {
    let mut bytes = buffer(length)?;
    fill_at(source, offset, &mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer with the bytes at `offset`.
pub(in crate::wheel) fn fill_at<S: crate::wheel::Source + ?Sized>(
    source: &S,
    offset: u64,
    bytes: &mut [u8],
) -> Result<(), crate::wheel::Error> {
    source
        .read_exact_at(offset, bytes)
        .map_err(|error| crate::wheel::Error::io("cannot read the wheel", error).at(offset))
}

/// A zeroed buffer, or an error (not an abort) where there is no memory for it.
pub(in crate::wheel) fn buffer(length: usize) -> Result<Vec<u8>, crate::wheel::Error> {
    let mut bytes = Vec::new();
    grow(&mut bytes, length)?;
    Ok(bytes)
}

/// Makes a buffer at least that long. What it held is lost when it grows.
pub(in crate::wheel) fn grow(
    bytes: &mut Vec<u8>,
    length: usize,
) -> Result<(), crate::wheel::Error> {
    if length <= bytes.len() {
        return Ok(());
    }
    // Small buffers grow in strides, or a row of ever larger files would allocate for each.
    let length = length.max(bytes.len().saturating_mul(2).min(STRIDE));
    *bytes = Vec::new();
    let mut asked: Vec<u8> = Vec::new();
    asked.try_reserve_exact(length).map_err(|_| {
        crate::wheel::Error::io(
            &format!("no memory for {length} bytes"),
            std::io::ErrorKind::OutOfMemory.into(),
        )
    })?;
    drop(asked);
    // Zeroed by the system, page by page when first touched: filling the reserved memory with
    // zeros by hand would be one more pass over it.
    *bytes = vec![0; length];
    Ok(())
}

/// The largest step beyond what is needed that a buffer grows by, in bytes.
const STRIDE: usize = 1 << 20;
