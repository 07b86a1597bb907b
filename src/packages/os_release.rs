//! `/etc/os-release`: which distribution a root is.

/// A distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distribution {
    /// `alpine`, `debian`.
    pub id: String,
    /// `3.23.6`; a rolling one has none.
    pub version: Option<String>,
}

impl Distribution {
    /// Read it; `None` where it does not say which distribution it is.
    ///
    /// Source: os-release(5). The last line of a name counts, as in a shell.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let lines = text.lines().rev();
            let mut values = lines.filter_map(|line| {
                let (name, value) = line.trim().split_once('=')?;
                (name == key).then(|| unquoted(value))
            });
            values.next().filter(|value| !value.is_empty())
        };
        Some(Self {
            id: value("ID")?,
            version: value("VERSION_ID"),
        })
    }

    /// `alpine-3.23.6`.
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{}-{version}", self.id),
            None => self.id.clone(),
        }
    }
}

/// A value without its quotes; a backslash in it makes the next character ordinary.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let quoted = |mark: char| value.strip_prefix(mark)?.strip_suffix(mark);
    if let Some(plain) = quoted('\'') {
        return plain.to_owned();
    }
    let mut text = String::new();
    let mut characters = quoted('"').unwrap_or(value).chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_are_read_as_a_shell_does() {
        let text = "# ID=no\nNAME=\"Some \\\"OS\\\"\"\nID='debian'\nVERSION_ID=\"13\"\n";
        let found = Distribution::parse(text).unwrap();
        assert_eq!(found.label(), "debian-13");
        assert_eq!(
            Distribution::parse("ID=arch").unwrap().label(),
            "arch",
            "a rolling distribution has no version"
        );
        assert_eq!(Distribution::parse("ID=a\nID=b").unwrap().id, "b");
        assert_eq!(Distribution::parse("NAME=x\nID=\"\""), None);
    }
}
