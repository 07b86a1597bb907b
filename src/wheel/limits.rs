//! How much a wheel may ask for before it is refused.

/// Bounds on what an archive may hold. All can be raised by the user; none is ever ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in the archive.
    pub entries: u64,
    /// Bytes of the central directory.
    pub central_directory: u64,
    /// Bytes of all entries, unpacked.
    pub unpacked: u64,
    /// Unpacked bytes for each packed one, of one entry; looked at only from
    /// [`Limits::ratio_from`] bytes up, since a small file of zeros packs 1030 to 1 and harms
    /// nobody.
    pub ratio: u64,
    /// The unpacked size from which the ratio counts, in bytes.
    pub ratio_from: u64,
    /// Bytes of one entry's name.
    pub name: usize,
    /// Bytes of an entry that are held in memory at once, whatever it was packed to.
    pub held: u64,
    /// From [`Limits::held`] on: bytes that are held for each packed one. A library packs to a third,
    /// not to a hundredth; what grows a thousandfold would cost its reader that much memory.
    pub held_ratio: u64,
    /// Bytes of WHEEL, METADATA and RECORD, each, unpacked.
    pub metadata_file: u64,
    /// Take RECORD rows whose only hash is md5 or sha1; such files are then verified by size
    /// and CRC-32 alone.
    pub allow_weak_hashes: bool,
}

/// Names for people, numbers by default, and what is counted.
type Row = (&'static str, u64, &'static str);

impl Limits {
    /// The numbers, by the names that people have for them.
    fn named(&mut self) -> [(&'static str, &mut u64, &'static str); 8] {
        [
            ("entries", &mut self.entries, "entries of an archive"),
            (
                "central-directory",
                &mut self.central_directory,
                "bytes of an archive's central directory",
            ),
            (
                "unpacked",
                &mut self.unpacked,
                "bytes of all entries, unpacked",
            ),
            (
                "ratio",
                &mut self.ratio,
                "unpacked bytes for each packed one",
            ),
            (
                "ratio-from",
                &mut self.ratio_from,
                "unpacked bytes of an entry from which `ratio` counts",
            ),
            (
                "held",
                &mut self.held,
                "bytes of an ELF file or a source that are held at once",
            ),
            (
                "held-ratio",
                &mut self.held_ratio,
                "bytes that are held for each packed one, where more than `held` are",
            ),
            (
                "metadata-file",
                &mut self.metadata_file,
                "bytes of WHEEL, METADATA or RECORD",
            ),
        ]
    }

    /// Every bound that has a name: the name, the number by default, what it counts.
    #[must_use]
    pub fn table() -> Vec<Row> {
        let mut limits = Self::default();
        let named = limits.named().into_iter();
        named
            .map(|(name, most, what)| (name, *most, what))
            .collect()
    }

    /// Sets the bound of that name; `false`: there is none.
    #[must_use]
    pub fn set(&mut self, name: &str, most: u64) -> bool {
        let mut named = self.named().into_iter();
        match named.find(|(known, ..)| *known == name) {
            Some((_, number, _)) => {
                *number = most;
                true
            }
            None => false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 100_000,
            central_directory: 64 << 20,
            unpacked: 16 << 30,
            ratio: 1000,
            ratio_from: 64 << 20,
            name: 4096,
            held: 64 << 20,
            held_ratio: 50,
            metadata_file: 32 << 20,
            allow_weak_hashes: false,
        }
    }
}
