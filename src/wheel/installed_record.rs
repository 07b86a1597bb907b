//! RECORD as installers write it: with the files that they made themselves, and with paths that
//! lead out of site-packages. Lines that nobody changes stay as they are, byte for byte.

use super::error::{Error, Rule};
use super::hash::RecordHash;
use super::path::ArchivePath;
use super::record;

/// The lines of an installed RECORD, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledRecord {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// The text without its line break.
    text: String,
    /// The line break as it stands; empty at the end of the file.
    end: &'static str,
    /// The file, if it is one of site-packages.
    path: Option<ArchivePath>,
}

/// More rows with quotes in their paths than any package has: each takes many times as long.
const MOST_ODD: usize = 10_000;

impl InstalledRecord {
    /// Reads RECORD. Rows whose path leads elsewhere are kept, but belong to no path.
    ///
    /// # Errors
    /// [`Rule::Record`] when it is not UTF-8 or a row cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Error::new(Rule::Record, "RECORD is not UTF-8".to_owned()))?;
        let mut odd = 0_usize;
        let lines = text
            .split_inclusive('\n')
            .map(|raw| {
                let end = match raw {
                    raw if raw.ends_with("\r\n") => "\r\n",
                    raw if raw.ends_with('\n') => "\n",
                    _ => "",
                };
                let text = raw.strip_suffix(end).unwrap_or(raw).to_owned();
                let path = match plain_path_of(&text) {
                    Some(path) => ArchivePath::parse(&path.replace('\\', "/")).ok(),
                    None if odd >= MOST_ODD => {
                        let detail = format!("more than {MOST_ODD} paths with quotes in them");
                        return Err(Error::new(Rule::Record, detail));
                    }
                    None => {
                        odd = odd.saturating_add(1);
                        path_of(&text)?
                    }
                };
                Ok(Line { text, end, path })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { lines })
    }

    /// The files of site-packages that it lists, in its order.
    pub fn paths(&self) -> impl Iterator<Item = &ArchivePath> {
        self.lines.iter().filter_map(|line| line.path.as_ref())
    }

    /// The line of a file, as it stands.
    #[must_use]
    pub fn line(&self, path: &str) -> Option<&str> {
        self.find(path).map(|line| line.text.as_str())
    }

    fn find(&self, path: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.is(path))
    }

    /// Gives a file another hash and size; the old line, if there is one of the file and it
    /// changed.
    pub fn set(&mut self, path: &str, hash: &RecordHash, size: u64) -> Option<String> {
        let line = self.lines.iter_mut().find(|line| line.is(path))?;
        let new = record_line(path, hash, size);
        if line.text == new {
            return None;
        }
        Some(std::mem::replace(&mut line.text, new))
    }

    /// Puts a line back that [`InstalledRecord::set`] took; whether that changes anything.
    pub fn restore(&mut self, path: &str, old: &str) -> bool {
        let line = self
            .lines
            .iter_mut()
            .find(|line| line.is(path) && line.text != old);
        let Some(line) = line else {
            return false;
        };
        old.clone_into(&mut line.text);
        true
    }

    /// Takes the lines out whose path `goes`; how many there were.
    pub fn remove(&mut self, goes: impl Fn(&ArchivePath) -> bool) -> usize {
        let before = self.lines.len();
        self.lines
            .retain(|line| !line.path.as_ref().is_some_and(&goes));
        before.saturating_sub(self.lines.len())
    }

    /// RECORD's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line.text.as_bytes());
            bytes.extend_from_slice(line.end.as_bytes());
        }
        bytes
    }
}

impl Line {
    fn is(&self, path: &str) -> bool {
        self.path.as_ref().is_some_and(|own| own.as_str() == path)
    }
}

/// The row of a file, quoted where its path needs it.
#[must_use]
pub fn record_line(path: &str, hash: &RecordHash, size: u64) -> String {
    let mut text = String::new();
    record::push_path(&mut text, path);
    text.push_str(&format!(",{hash},{size}"));
    text
}

/// Whether a text is one row, of three values, and that of a file.
#[must_use]
pub fn is_row_of(line: &str, path: &str) -> bool {
    if line.contains(['\n', '\r']) {
        return false;
    }
    // A reader of such tables costs more to make than a thousand rows to split.
    if !line.contains('"') {
        let mut values = line.split(',');
        return values.next() == Some(path) && values.count() == 2;
    }
    let mut rows = record::values_of(line);
    let first = rows.next().and_then(Result::ok);
    first.is_some_and(|row| row.len() == 3 && row.get(0) == Some(path)) && rows.next().is_none()
}

/// The path of a row that has no quote in it, as nearly all do; `None`: it takes a reader of such tables.
fn plain_path_of(line: &str) -> Option<&str> {
    if line.contains('\r') {
        return None;
    }
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next();
    };
    let (path, rest) = quoted.split_once('"')?;
    (rest.is_empty() || rest.starts_with(',')).then_some(path)
}

fn path_of(line: &str) -> Result<Option<ArchivePath>, Error> {
    let Some(values) = record::values_of(line).next().transpose()? else {
        return Ok(None);
    };
    let path = values.get(0).unwrap_or_default();
    Ok(ArchivePath::parse(&path.replace('\\', "/")).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_file_is_one_line_with_its_path() {
        for row in ["a/b.so,,", "a/b.so,sha256=x,1", "\"a/b.so\",,"] {
            assert!(is_row_of(row, "a/b.so"), "{row}");
        }
        for row in [
            "",
            "a/c.so,,",
            "a/b.so",
            "a/b.so,,,",
            "a/b.so,,\n",
            "a/b.so,,\na/c.so,,",
            "a/b.so,\"\r\",",
        ] {
            assert!(!is_row_of(row, "a/b.so"), "{row}");
        }
    }

    #[test]
    fn lines_that_do_not_change_stay_byte_for_byte() {
        let text = "../../bin/f2py,sha256=x,1\r\n\"a,b.py\",,\nz.so,sha256=old,5\nd/RECORD,,";
        let mut record = InstalledRecord::parse(text.as_bytes()).unwrap();
        assert_eq!(record.paths().count(), 3);
        let hash = RecordHash::sha256(b"");
        let old = record.set("z.so", &hash, 7).unwrap();
        let new = record.line("z.so").unwrap().to_owned();
        assert_eq!(new, record_line("z.so", &hash, 7));
        assert_eq!(record.set("z.so", &hash, 7), None);
        assert!(!record.restore("y.so", &old));
        assert!(record.restore("z.so", &old));
        assert!(!record.restore("z.so", &old));
        assert_eq!(record.to_bytes(), text.as_bytes());
        assert_eq!(record.remove(|path| path.as_str() == "a,b.py"), 1);
        assert!(
            !String::from_utf8(record.to_bytes())
                .unwrap()
                .contains("a,b")
        );
    }
}
