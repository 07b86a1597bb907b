//! RECORD: every file of a wheel with its hash and size (PEP 376, PEP 427).

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::error::{Error, Rule};
use super::escape::escape;
use super::hash::RecordHash;
use super::path::ArchivePath;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// The file.
    pub path: ArchivePath,
    /// Its hash; none for RECORD itself and its signatures.
    pub hash: Option<RecordHash>,
    /// Its size in bytes; may be left out.
    pub size: Option<u64>,
}

/// The most bytes that an entry's name has: their number has 16 bits (APPNOTE 4.3.7).
const LONGEST_NAME: usize = 65_535;

/// A row as one of a set: its path is what counts. A map would hold each path twice, of which there may be a million.
#[derive(Debug, Clone)]
struct ByPath(RecordRow);

impl PartialEq for ByPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.path == other.0.path
    }
}

impl Eq for ByPath {}

impl PartialOrd for ByPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.path.cmp(&other.0.path)
    }
}

impl Borrow<str> for ByPath {
    fn borrow(&self) -> &str {
        self.0.path.as_str()
    }
}

/// The rows of RECORD, one for each path, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Record {
    rows: BTreeSet<ByPath>,
    /// Folders, which some builders list as if they were files.
    folders: BTreeSet<ArchivePath>,
    backslashes: usize,
    roundabout: usize,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        let rest = |record: &Self| (record.backslashes, record.roundabout);
        self.rows().eq(other.rows()) && self.folders == other.folders && rest(self) == rest(other)
    }
}

impl Eq for Record {}

impl Record {
    /// Reads RECORD: comma-separated values, quoted where they need it, UTF-8. Backslashes in
    /// paths are taken for slashes (builders on Windows wrote them so), `./a` and `a//b` for the plain
    /// path, and counted. A row that ends with a slash, without hash and size, is a folder's.
    ///
    /// # Errors
    /// [`Rule::Record`] when it is no such file, a row has not three values or a value makes no
    /// sense; [`Rule::RecordAlgorithm`]; [`Rule::RecordDuplicate`]; [`Rule::Name`] for a path
    /// that is not a plain relative one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut record = Self::default();
        // Python's own reader of such files makes an empty row of it, and pip breaks on that.
        if let Some(line) = blank_line(bytes) {
            let detail = format!("line {line} of RECORD is blank");
            return Err(record_error(detail));
        }
        for row in record_lines(bytes)? {
            let row = row?;
            // Its copies would cost many times what the archive does.
            if row.path.len() > LONGEST_NAME {
                let begin: String = row.path.chars().take(1024).collect();
                let detail =
                    format!("a path of more than {LONGEST_NAME} bytes, which no entry's name has");
                return Err(Error::new(Rule::Name, detail).entry(&begin));
            }
            let slashes = row.path.replace('\\', "/");
            if slashes != row.path {
                record.backslashes = record.backslashes.saturating_add(1);
            }
            let plain = plain_path(&slashes);
            let is_folder = slashes.ends_with('/');
            let path = ArchivePath::parse(&plain)?;
            if is_folder && row.hash.is_none() && row.size.is_none() {
                record.folders.insert(path);
                continue;
            }
            if plain != slashes {
                record.roundabout = record.roundabout.saturating_add(1);
            }
            if record.rows.contains(path.as_str()) {
                let again = format!("RECORD lists it again in line {}", row.line);
                return Err(Error::new(Rule::RecordDuplicate, again).entry(&path));
            }
            record.insert(RecordRow {
                path,
                hash: row.hash,
                size: row.size,
            });
        }
        Ok(record)
    }

    /// The row of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&RecordRow> {
        self.rows.get(path).map(|row| &row.0)
    }

    /// All rows, sorted by path.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &RecordRow> {
        self.rows.iter().map(|row| &row.0)
    }

    /// How many paths were written with backslashes.
    #[must_use]
    pub fn backslashes(&self) -> usize {
        self.backslashes
    }

    /// How many paths were written with `./` or `//`.
    #[must_use]
    pub fn roundabout(&self) -> usize {
        self.roundabout
    }

    /// The folders that it lists; they are not among the rows.
    pub fn folders(&self) -> impl Iterator<Item = &ArchivePath> {
        self.folders.iter()
    }

    /// Adds a row, or replaces that of the same path.
    pub fn insert(&mut self, row: RecordRow) {
        self.rows.replace(ByPath(row));
    }

    /// Adds the row of a file with these bytes, or replaces it.
    pub fn insert_bytes(&mut self, path: ArchivePath, bytes: &[u8]) {
        let size = u64::try_from(bytes.len()).ok();
        self.insert(RecordRow {
            path,
            hash: Some(RecordHash::sha256(bytes)),
            size,
        });
    }

    /// Takes a row out.
    pub fn remove(&mut self, path: &str) -> Option<RecordRow> {
        self.rows.take(path).map(|row| row.0)
    }

    /// RECORD's bytes: rows sorted by path, LF, quotes only where needed, and `itself` (the path
    /// of RECORD) last, without hash and size, whether or not there is a row for it.
    #[must_use]
    pub fn to_bytes(&self, itself: &ArchivePath) -> Vec<u8> {
        let mut text = String::new();
        for row in self.rows().filter(|row| row.path != *itself) {
            push_path(&mut text, row.path.as_str());
            text.push(',');
            if let Some(hash) = &row.hash {
                text.push_str(&hash.to_string());
            }
            text.push(',');
            if let Some(size) = row.size {
                text.push_str(&size.to_string());
            }
            text.push('\n');
        }
        push_path(&mut text, itself.as_str());
        text.push_str(",,\n");
        text.into_bytes()
    }
}

impl FromIterator<RecordRow> for Record {
    fn from_iter<I: IntoIterator<Item = RecordRow>>(rows: I) -> Self {
        let mut record = Self::default();
        for row in rows {
            record.insert(row);
        }
        record
    }
}

/// One line of a RECORD as written. Installers also list what lies outside of site-packages, and
/// what they compiled without a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// Its number, from 1 on.
    pub line: u64,
    /// The path as written: relative to site-packages, perhaps with `..`, or absolute.
    pub path: String,
    /// The hash, where there is one.
    pub hash: Option<RecordHash>,
    /// The size in bytes, where there is one.
    pub size: Option<u64>,
}

/// The lines of a RECORD, of a wheel or of an installed package, read one by one.
///
/// # Errors
/// [`Rule::Record`] when it is not UTF-8, a line has not three values or a value makes no sense;
/// [`Rule::RecordAlgorithm`].
pub fn record_lines(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<RecordLine, Error>> + use<'_>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        record_error(format!(
            "RECORD is not UTF-8 from byte {} on",
            error.valid_up_to()
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(values_of(text).map(|values| {
        let values = values?;
        let line = values.position().map_or(0, csv::Position::line);
        let fields: Vec<&str> = values.iter().collect();
        let [path, hash, size] = fields.as_slice() else {
            return Err(record_error(format!(
                "line {line} of RECORD has {} values, not path, hash and size",
                fields.len()
            )));
        };
        let hash = match *hash {
            "" => None,
            hash => Some(RecordHash::parse(hash).map_err(|error| error.entry(path))?),
        };
        let size = match *size {
            "" => None,
            // `parse` alone would take a sign.
            digits => match digits.parse() {
                Ok(size) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(size),
                _ => {
                    let detail = format!("the size `{}` in RECORD is not a number", escape(digits));
                    return Err(record_error(detail).entry(path));
                }
            },
        };
        Ok(RecordLine {
            line,
            path: (*path).to_owned(),
            hash,
            size,
        })
    }))
}

/// A path without components that lead nowhere (`.`, empty ones), as every file system reads it. An
/// absolute one, and one that climbs, stay what they are.
fn plain_path(path: &str) -> String {
    let (root, rest) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let leads = |part: &&str| !part.is_empty() && *part != ".";
    let parts: Vec<&str> = rest.split('/').filter(leads).collect();
    format!("{root}{}", parts.join("/"))
}

/// The number of the first line with nothing in it, from 1 on. Paths hold no line breaks, so a line is
/// one wherever it stands; what is behind the last line break is none.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    if lines.is_empty() {
        return None;
    }
    let mut lines = lines.split(|&byte| byte == b'\n');
    let blank = lines.position(|line| line.is_empty() || line == b"\r")?;
    Some(blank.saturating_add(1))
}

/// The comma-separated values of each line of `text`.
pub(super) fn values_of(
    text: &str,
) -> impl Iterator<Item = Result<csv::StringRecord, Error>> + use<'_> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    reader.into_records().map(|values| {
        values.map_err(|error| record_error(format!("RECORD cannot be read: {error}")))
    })
}

/// A path as a value: quoted where it holds a comma or a quote (paths hold no line breaks).
pub(super) fn push_path(text: &mut String, path: &str) {
    if path.contains([',', '"']) {
        text.push('"');
        text.push_str(&path.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(path);
    }
}

fn record_error(detail: String) -> Error {
    Error::new(Rule::Record, detail)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const HASH: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    #[test]
    fn rows_are_sorted_quoted_and_itself_comes_last() {
        let text = format!("d.dist-info/RECORD,,\r\nz,{HASH},0\n\"a,\"\"b\",{HASH},\n");
        let record = Record::parse(text.as_bytes()).unwrap();
        let itself = ArchivePath::parse("d.dist-info/RECORD").unwrap();
        let expected = format!("\"a,\"\"b\",{HASH},\nz,{HASH},0\nd.dist-info/RECORD,,\n");
        assert_eq!(
            String::from_utf8(record.to_bytes(&itself)).unwrap(),
            expected
        );
        assert_eq!(Record::parse(expected.as_bytes()).unwrap(), record);
    }

    #[test]
    fn backslashes_are_read_as_slashes_and_counted() {
        let record = Record::parse(format!("a\\b.py,{HASH},0\n").as_bytes()).unwrap();
        assert!(record.get("a/b.py").is_some());
        assert_eq!(record.backslashes(), 1);
    }

    #[test]
    fn a_path_longer_than_any_name_is_not_copied_into_the_error() {
        let error = Record::parse(format!("{},,\n", "x".repeat(1 << 20)).as_bytes()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("65535 bytes") && text.len() < 2000, "{text}");
    }

    #[test]
    fn roundabout_paths_are_read_as_plain_ones_and_folders_apart() {
        let text = format!("./a.py,{HASH},0\nb/./c//d.py,{HASH},0\nb/,,\n./b/c/,,\n");
        let record = Record::parse(text.as_bytes()).unwrap();
        let rows: Vec<&str> = record.rows().map(|row| row.path.as_str()).collect();
        let folders: Vec<&str> = record.folders().map(ArchivePath::as_str).collect();
        assert_eq!(
            (rows, folders),
            (vec!["a.py", "b/c/d.py"], vec!["b", "b/c"])
        );
        assert_eq!(record.roundabout(), 2);
    }

    #[test]
    fn broken_rows_are_refused() {
        let cases = [
            ("a,,\na,,\n", Rule::RecordDuplicate),
            ("a/b,,\na\\b,,\n", Rule::RecordDuplicate),
            ("a,,\n\n", Rule::Record),
            ("\n\na,,\n", Rule::Record),
            ("a,,\r\n\r\nb,,\r\n", Rule::Record),
            ("a,,-1\n", Rule::Record),
            ("a,,+1\n", Rule::Record),
            ("a,,99999999999999999999\n", Rule::Record),
            ("a,\n", Rule::Record),
            ("a,,,\n", Rule::Record),
            ("a,sha256=x,\n", Rule::Record),
            ("a,whirl=x,\n", Rule::RecordAlgorithm),
            ("../a,,\n", Rule::Name),
            ("/a,,\n", Rule::Name),
            ("./../a,,\n", Rule::Name),
            (".,,\n", Rule::Name),
            (".//,,\n", Rule::Name),
            ("a,,\n./a,,\n", Rule::RecordDuplicate),
            ("a//b,,\na/b,,\n", Rule::RecordDuplicate),
        ];
        for (text, rule) in cases {
            assert_eq!(
                Record::parse(text.as_bytes()).unwrap_err().rule,
                rule,
                "{text}"
            );
        }
        assert_eq!(Record::parse(b"\xff,,\n").unwrap_err().rule, Rule::Record);
    }

    #[test]
    fn paths_outside_of_site_packages_and_rows_without_a_hash_are_read() {
        let text = b"../../bin/demo,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
                     demo/__pycache__/a.pyc,,\n\"demo/a,b.py\",,12\n";
        let lines = record_lines(text).unwrap();
        let rows: Vec<RecordLine> = lines.collect::<Result<_, _>>().unwrap();
        assert_eq!(rows[0].path, "../../bin/demo");
        assert!(rows[1].hash.is_none() && rows[1].size.is_none());
        assert_eq!(
            (rows[2].path.as_str(), rows[2].size),
            ("demo/a,b.py", Some(12))
        );
    }

    #[test]
    fn a_line_of_nonsense_is_refused() {
        for text in ["a,b\n", "a,sha256=x,1\n", "a,,many\n"] {
            let mut lines = record_lines(text.as_bytes()).unwrap();
            assert!(lines.any(|line| line.is_err()), "{text}");
        }
    }
}
