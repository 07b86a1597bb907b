//! The header blocks of WHEEL and METADATA, keeping every byte nobody asked to change.

/// `Name: value` lines as in e-mail (PEP 427 for WHEEL, PEP 566/643 for METADATA), with the
/// body that may follow them.
///
/// Reading never fails: as Python's `email` does, the headers end at the first line that is
/// none, and everything from there on is body. [`Headers::to_bytes`] of something unchanged is
/// the input, whatever its line endings, folding and order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<Line>,
    body: Vec<u8>,
    ending: &'static str,
}

/// One header with its folded continuation lines.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    raw: Vec<u8>,
}

impl Line {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value, unfolded: line breaks are gone, each with the white space around it made one
    /// space.
    fn value(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        let value = text.split_once(':').map_or("", |(_, value)| value);
        let parts: Vec<&str> = value
            .lines()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" ")
    }
}

impl Headers {
    /// Reads a header block and its body.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        let mut read = 0_usize;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            match (folded, lines.last_mut(), header_name(line)) {
                (true, Some(last), _) => last.raw.extend_from_slice(line),
                (false, _, Some(name)) => lines.push(Line {
                    name,
                    raw: line.to_vec(),
                }),
                _ => break,
            }
            read = read.saturating_add(line.len());
        }
        let ending = match lines.first() {
            Some(first) if first.raw.ends_with(b"\r\n") => "\r\n",
            _ => "\n",
        };
        Self {
            lines,
            body: bytes.get(read..).unwrap_or_default().to_vec(),
            ending,
        }
    }

    /// The value of the first header of that name, unfolded and trimmed; names are compared
    /// without case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.lines
            .iter()
            .find(|line| line.is(name))
            .map(Line::value)
    }

    /// The values of all headers of that name, in order.
    #[must_use]
    pub fn get_all(&self, name: &str) -> Vec<String> {
        self.lines
            .iter()
            .filter(|line| line.is(name))
            .map(Line::value)
            .collect()
    }

    /// Makes the headers of that name these values, one line each: where the first of them
    /// stood, else after the last header. No values: the headers go. Nothing changes, not even
    /// spelling or folding, where they say so already.
    ///
    /// Line breaks in a value become spaces: a value can never become a second header.
    pub fn set_all<V: AsRef<str>>(&mut self, name: &str, values: &[V]) {
        let wanted: Vec<String> = values
            .iter()
            .map(|value| one_line(value.as_ref()))
            .collect();
        if self.get_all(name) == wanted {
            return;
        }
        let first = self.lines.iter().position(|line| line.is(name));
        let at = first.unwrap_or(self.lines.len());
        let spelled = self
            .lines
            .get(at)
            .map_or(name, |line| line.name.as_str())
            .to_owned();
        self.lines.retain(|line| !line.is(name));
        let ending = self.ending;
        let fresh = wanted.iter().map(|value| Line {
            name: spelled.clone(),
            raw: format!("{spelled}: {value}{ending}").into_bytes(),
        });
        self.lines.splice(at..at, fresh);
        // A body that begins with white space would go on with the last header.
        if matches!(self.body.first(), Some(b' ' | b'\t')) {
            self.body.splice(0..0, ending.bytes());
        }
        // The file's last line may have had no line end; it has now, if others follow it.
        let last = self.lines.len().saturating_sub(1);
        for (position, line) in self.lines.iter_mut().enumerate() {
            if (position < last || !self.body.is_empty()) && !line.raw.ends_with(b"\n") {
                line.raw.extend_from_slice(ending.as_bytes());
            }
        }
    }

    /// As [`Headers::set_all`] with one value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.set_all(name, &[value]);
    }

    /// What follows the headers, with the empty line before it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The whole file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self
            .lines
            .iter()
            .flat_map(|line| line.raw.iter().copied())
            .collect();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// The name before the colon, when the line is a header (RFC 5322, 2.2: printable US-ASCII
/// without space and colon).
fn header_name(line: &[u8]) -> Option<String> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?;
    let fits = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    fits.then(|| String::from_utf8_lossy(name).into_owned())
}

/// A value on one line, as reading it back would give it.
fn one_line(value: &str) -> String {
    let parts: Vec<&str> = value
        .split(['\r', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHEEL: &str =
        "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: a-b-c\nTag: d-e-f\n\n";

    #[test]
    fn what_is_not_changed_comes_back_byte_for_byte() {
        for text in [
            WHEEL,
            "A: b\r\nC: d\r\n\r\nbody\r\n",
            "A:b\nFolded: one\n  two\n\tthree\n\nbody\n\n",
            "no header at all",
            "",
            "\n",
            " starts folded\nA: b\n",
            "A: b\n>From x\nC: d\n",
            "A: no line end",
        ] {
            assert_eq!(
                Headers::parse(text.as_bytes()).to_bytes(),
                text.as_bytes(),
                "{text:?}"
            );
        }
        let odd = b"Name: caf\xe9\nBody: \xff\n\n\xfe";
        assert_eq!(Headers::parse(odd).to_bytes(), odd);
    }

    #[test]
    fn values_are_found_without_case_and_unfolded() {
        let headers = Headers::parse(b"License: one\n  two\nTAG:  a-b-c \nTag: d-e-f\n\nTag: no\n");
        assert_eq!(headers.get("license").as_deref(), Some("one two"));
        assert_eq!(headers.get_all("tag"), ["a-b-c", "d-e-f"]);
        assert_eq!(headers.get("missing"), None);
        assert_eq!(headers.body(), b"\nTag: no\n");
    }

    #[test]
    fn new_values_stand_where_the_first_old_one_stood() {
        let mut headers = Headers::parse(WHEEL.as_bytes());
        headers.set("root-is-purelib", "false");
        headers.set_all("Tag", &["g-h-i"]);
        headers.set_all("Generator", &["y", "z"]);
        headers.set("Build", "1");
        assert_eq!(
            String::from_utf8_lossy(&headers.to_bytes()),
            "Wheel-Version: 1.0\nGenerator: y\nGenerator: z\nRoot-Is-Purelib: false\nTag: g-h-i\nBuild: 1\n\n"
        );
        headers.set_all::<&str>("Tag", &[]);
        assert_eq!(headers.get("Tag"), None);
    }

    #[test]
    fn values_that_stand_already_change_nothing() {
        let text = "tag:a-b-c\r\nRoot-Is-Purelib:\r\n  true\r\n";
        let mut headers = Headers::parse(text.as_bytes());
        headers.set("Tag", "a-b-c");
        headers.set("Root-Is-Purelib", "true");
        assert_eq!(headers.to_bytes(), text.as_bytes());
    }

    #[test]
    fn line_ends_follow_the_file_and_are_completed() {
        let mut headers = Headers::parse(b"A: b\r\nC: d");
        headers.set("E", "f");
        assert_eq!(headers.to_bytes(), b"A: b\r\nC: d\r\nE: f\r\n");
    }

    #[test]
    fn a_value_cannot_smuggle_in_a_header() {
        let mut headers = Headers::parse(b"A: b\n");
        headers.set("A", "c\r\nEvil: yes\n");
        assert_eq!(headers.to_bytes(), b"A: c Evil: yes\n");
    }
}
