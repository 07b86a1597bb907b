//! Builds wheels in memory, honest ones and ones that lie about any field of the archive.
//!
//! It shares no code with the crate: what it writes is laid out here by hand, from APPNOTE.

use base64::Engine as _;
use sha2::Digest as _;

pub const STORED: u16 = 0;
pub const DEFLATED: u16 = 8;
pub const DESCRIPTOR_FLAG: u16 = 1 << 3;
pub const UTF8_FLAG: u16 = 1 << 11;

/// The fields of one header, local or central. Both start equal; tests change either.
#[derive(Debug, Clone)]
pub struct Header {
    pub signature: [u8; 4],
    pub flags: u16,
    pub method: u16,
    pub time: u16,
    pub date: u16,
    pub crc32: u32,
    pub compressed_size: u32,
    pub size: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
    /// Central only.
    pub made_by: u16,
    /// Central only.
    pub disk: u16,
    /// Central only.
    pub external: u32,
    /// Central only: where the local header is, when not where it really is.
    pub offset: Option<u32>,
}

/// One entry: its two headers, its packed body, what follows the body.
#[derive(Debug, Clone)]
pub struct ZipEntry {
    pub local: Header,
    pub central: Header,
    pub body: Vec<u8>,
    /// A data descriptor, or anything else behind the body.
    pub after: Vec<u8>,
    /// Leave the entry out of the central directory.
    pub unlisted: bool,
    /// Leave out the local header and the body.
    pub centrally_only: bool,
}

impl ZipEntry {
    /// An honest entry.
    pub fn new(name: &str, bytes: &[u8], method: u16) -> Self {
        let body = if method == DEFLATED {
            deflate(bytes)
        } else {
            bytes.to_vec()
        };
        let header = Header {
            signature: *b"PK\x03\x04",
            flags: if name.is_ascii() { 0 } else { UTF8_FLAG },
            method,
            time: 0,
            date: 0x21,
            crc32: libdeflater::crc32(bytes),
            compressed_size: body.len().try_into().unwrap(),
            size: bytes.len().try_into().unwrap(),
            name: name.as_bytes().to_vec(),
            extra: Vec::new(),
            made_by: 3 << 8 | 20,
            disk: 0,
            external: 0,
            offset: None,
        };
        let mode = if name.ends_with('/') {
            0o040_755
        } else {
            0o100_644
        };
        let central = Header {
            signature: *b"PK\x01\x02",
            external: mode << 16,
            ..header.clone()
        };
        Self {
            local: header,
            central,
            body,
            after: Vec::new(),
            unlisted: false,
            centrally_only: false,
        }
    }

    /// Changes both headers alike.
    pub fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    /// Makes it as streaming writers do: zero CRC and sizes in front, a descriptor behind.
    pub fn stream(&mut self, with_signature: bool, long: bool) {
        self.both(|header| header.flags |= DESCRIPTOR_FLAG);
        let mut after = if with_signature {
            b"PK\x07\x08".to_vec()
        } else {
            Vec::new()
        };
        after.extend(self.central.crc32.to_le_bytes());
        for size in [self.central.compressed_size, self.central.size] {
            if long {
                after.extend(u64::from(size).to_le_bytes());
            } else {
                after.extend(size.to_le_bytes());
            }
        }
        self.after = after;
        self.local.crc32 = 0;
        self.local.compressed_size = 0;
        self.local.size = 0;
    }

    /// Moves both sizes into zip64 fields, which is legal for a small file too.
    pub fn long_sizes(&mut self) {
        self.both(|header| {
            let mut data = u64::from(header.size).to_le_bytes().to_vec();
            data.extend(u64::from(header.compressed_size).to_le_bytes());
            header.extra.extend(extra(1, &data));
            header.size = u32::MAX;
            header.compressed_size = u32::MAX;
        });
    }
}

/// The end records' fields.
#[derive(Debug, Clone)]
pub struct End {
    pub disk: u16,
    pub entries_here: u64,
    pub entries: u64,
    pub size: u64,
    pub offset: u64,
    pub comment_length: u16,
    pub comment: Vec<u8>,
    /// Write zip64's end record and locator too.
    pub zip64: bool,
    /// Saturate the plain record's fields (only with zip64).
    pub saturated: bool,
    /// Where the locator says zip64's end record is, relative to the truth.
    pub locator_shift: i64,
    /// Extensible data of zip64's end record.
    pub extensible: Vec<u8>,
}

type Lie = Box<dyn Fn(&mut End)>;

/// An archive.
#[derive(Default)]
pub struct Zip {
    pub entries: Vec<ZipEntry>,
    /// Bytes before everything; offsets do not know of them unless `aware` is set.
    pub before: Vec<u8>,
    pub aware: bool,
    /// Bytes between the last entry and the central directory.
    pub before_central: Vec<u8>,
    /// Bytes between the central directory and the end records.
    pub after_central: Vec<u8>,
    pub after: Vec<u8>,
    pub end: Option<Lie>,
}

impl Zip {
    pub fn entry(&mut self, name: &str) -> &mut ZipEntry {
        let found = self
            .entries
            .iter_mut()
            .find(|entry| entry.central.name == name.as_bytes());
        found.expect("no such entry")
    }

    pub fn lie_about_the_end(&mut self, lie: impl Fn(&mut End) + 'static) {
        self.end = Some(Box::new(lie));
    }

    pub fn build(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        let base = if self.aware { 0 } else { self.before.len() };
        let mut central = Vec::new();
        let mut listed = 0_u64;
        for entry in &self.entries {
            let offset = u32::try_from(bytes.len() - base).unwrap();
            if !entry.centrally_only {
                put_local(&mut bytes, &entry.local);
                bytes.extend(&entry.body);
                bytes.extend(&entry.after);
            }
            if !entry.unlisted {
                put_central(&mut central, &entry.central, offset);
                listed += 1;
            }
        }
        bytes.extend(&self.before_central);
        let mut end = End {
            disk: 0,
            entries_here: listed,
            entries: listed,
            size: central.len() as u64,
            offset: (bytes.len() - base) as u64,
            comment_length: 0,
            comment: Vec::new(),
            zip64: false,
            saturated: true,
            locator_shift: 0,
            extensible: Vec::new(),
        };
        bytes.extend(central);
        bytes.extend(&self.after_central);
        if let Some(lie) = &self.end {
            lie(&mut end);
        }
        put_end(&mut bytes, &end, base);
        bytes.extend(&self.after);
        bytes
    }
}

/// One extra field.
pub fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    let mut field = id.to_le_bytes().to_vec();
    field.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    field.extend(data);
    field
}

/// The Unicode path extra field (0x7075) for a header's name.
pub fn unicode_path(header_name: &[u8], path: &[u8]) -> Vec<u8> {
    let mut data = vec![1];
    data.extend(libdeflater::crc32(header_name).to_le_bytes());
    data.extend(path);
    extra(0x7075, &data)
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(6).unwrap());
    let mut packed = vec![0; packer.deflate_compress_bound(bytes.len())];
    let length = packer.deflate_compress(bytes, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

pub fn put_local(bytes: &mut Vec<u8>, header: &Header) {
    bytes.extend(header.signature);
    bytes.extend(20_u16.to_le_bytes());
    put_shared(bytes, header);
    bytes.extend(&header.name);
    bytes.extend(&header.extra);
}

pub fn put_central(bytes: &mut Vec<u8>, header: &Header, offset: u32) {
    bytes.extend(header.signature);
    bytes.extend(header.made_by.to_le_bytes());
    bytes.extend(20_u16.to_le_bytes());
    put_shared(bytes, header);
    bytes.extend(0_u16.to_le_bytes());
    bytes.extend(header.disk.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes.extend(header.external.to_le_bytes());
    bytes.extend(header.offset.unwrap_or(offset).to_le_bytes());
    bytes.extend(&header.name);
    bytes.extend(&header.extra);
}

fn put_shared(bytes: &mut Vec<u8>, header: &Header) {
    for number in [header.flags, header.method, header.time, header.date] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [header.crc32, header.compressed_size, header.size] {
        bytes.extend(number.to_le_bytes());
    }
    for length in [header.name.len(), header.extra.len()] {
        bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
    }
}

/// `base` is taken off where zip64's locator points.
pub fn put_end(bytes: &mut Vec<u8>, end: &End, base: usize) {
    if end.zip64 {
        let offset = (bytes.len() - base) as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend((44 + end.extensible.len() as u64).to_le_bytes());
        bytes.extend([45, 3, 45, 0]);
        bytes.extend([0; 8]);
        for number in [end.entries_here, end.entries, end.size, end.offset] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&end.extensible);
        bytes.extend(b"PK\x06\x07");
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(offset.wrapping_add_signed(end.locator_shift).to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    let saturated = end.zip64 && end.saturated;
    bytes.extend(b"PK\x05\x06");
    for number in [u64::from(end.disk), 0, end.entries_here, end.entries] {
        let count = if saturated && number > 0 {
            u16::MAX
        } else {
            number.try_into().unwrap()
        };
        bytes.extend(count.to_le_bytes());
    }
    for number in [end.size, end.offset] {
        let size = if saturated {
            u32::MAX
        } else {
            number.try_into().unwrap()
        };
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend(end.comment_length.to_le_bytes());
    bytes.extend(&end.comment);
}

/// A wheel `demo` 1.0 for any Python, with whatever files a test adds; its WHEEL, METADATA and
/// RECORD are made for it unless the test gives its own.
#[derive(Debug, Clone)]
pub struct WheelBuilder {
    pub name: String,
    pub version: String,
    pub tags: Vec<String>,
    pub dist_info: String,
    pub files: Vec<(String, Vec<u8>)>,
    pub wheel: Option<String>,
    pub metadata: Option<String>,
    pub record: Option<String>,
    /// Files of the `.dist-info` directory to leave out.
    pub without: Vec<String>,
}

impl Default for WheelBuilder {
    fn default() -> Self {
        Self::new("demo", "1.0")
    }
}

impl WheelBuilder {
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            tags: vec!["py3-none-any".to_owned()],
            dist_info: format!("{name}-{version}.dist-info"),
            files: Vec::new(),
            wheel: None,
            metadata: None,
            record: None,
            without: Vec::new(),
        }
    }

    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.push((path.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.tags = vec![tag.to_owned()];
        self
    }

    #[must_use]
    pub fn wheel(mut self, text: &str) -> Self {
        self.wheel = Some(text.to_owned());
        self
    }

    #[must_use]
    pub fn metadata(mut self, text: &str) -> Self {
        self.metadata = Some(text.to_owned());
        self
    }

    #[must_use]
    pub fn record(mut self, text: &str) -> Self {
        self.record = Some(text.to_owned());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// All files with the `.dist-info` ones, RECORD last.
    pub fn all_files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = self.files.clone();
        let tags: String = self
            .tags
            .iter()
            .map(|tag| format!("Tag: {tag}\n"))
            .collect();
        let wheel = self.wheel.clone().unwrap_or_else(|| {
            format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n{tags}\n")
        });
        let metadata = self.metadata.clone().unwrap_or_else(|| {
            format!(
                "Metadata-Version: 2.1\nName: {}\nVersion: {}\n\n",
                self.name, self.version
            )
        });
        for (name, text) in [("WHEEL", wheel), ("METADATA", metadata)] {
            files.push((format!("{}/{name}", self.dist_info), text.into_bytes()));
        }
        files.retain(|(path, _)| {
            !self
                .without
                .iter()
                .any(|name| *path == format!("{}/{name}", self.dist_info))
        });
        let record = self.record.clone().unwrap_or_else(|| {
            let rows: String = files
                .iter()
                .filter(|(path, _)| !path.ends_with('/'))
                .map(|(path, bytes)| record_row(path, bytes))
                .collect();
            format!("{rows}{}/RECORD,,\n", self.dist_info)
        });
        if !self.without.iter().any(|name| name == "RECORD") {
            files.push((format!("{}/RECORD", self.dist_info), record.into_bytes()));
        }
        files
    }

    /// The archive, open to lies. Bodies are deflated, but not those of directories.
    pub fn zip(&self) -> Zip {
        let entries = self
            .all_files()
            .iter()
            .map(|(path, bytes)| {
                ZipEntry::new(
                    path,
                    bytes,
                    if path.ends_with('/') {
                        STORED
                    } else {
                        DEFLATED
                    },
                )
            })
            .collect();
        Zip {
            entries,
            ..Zip::default()
        }
    }

    pub fn build(&self) -> Vec<u8> {
        self.zip().build()
    }
}

/// A row of RECORD.
pub fn record_row(path: &str, bytes: &[u8]) -> String {
    let path = if path.contains([',', '"']) {
        format!("\"{}\"", path.replace('"', "\"\""))
    } else {
        path.to_owned()
    };
    format!("{path},{},{}\n", sha256(bytes), bytes.len())
}

/// `sha256=…` as RECORD has it.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = sha2::Sha256::digest(bytes);
    format!(
        "sha256={}",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
    )
}
