//! What was resolved, as data: `pylock.toml` (PEP 751), which pip and uv read too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every package of a wheelhouse, and every file that it could come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lock {
    /// The format's version.
    lock_version: String,
    /// Who wrote it.
    created_by: String,
    /// The packages, by name.
    #[serde(default)]
    pub packages: Vec<Locked>,
    /// What else the writer keeps.
    #[serde(default)]
    tool: Tool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tool {
    #[serde(default)]
    wheelfix: Own,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Own {
    /// The SHA-256 of everything that was resolved.
    #[serde(default)]
    inputs: String,
}

/// One package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Locked {
    /// The project, normalised.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// The environments that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// The packages that it needs at run time, as far as the lock says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// Its source archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdist: Option<LockedFile>,
    /// Its wheels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wheels: Vec<LockedFile>,
}

/// A package that another one needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    /// Its name, normalised.
    pub name: String,
}

/// A file of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockedFile {
    /// The file's name; the last part of the place, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is on this machine, seen from the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Digests by algorithm, in hexadecimal digits.
    #[serde(default)]
    pub hashes: BTreeMap<String, String>,
}

impl LockedFile {
    /// A file at an address.
    pub(super) fn at(url: &str, hashes: BTreeMap<String, String>) -> Self {
        let file = Self {
            name: None,
            url: Some(url.to_owned()),
            path: None,
            hashes,
        };
        file.named()
    }

    /// The same; an address whose last part is not the name as it stands (`demo-1.0%2Bcpu…`, a query, a
    /// fragment) has it told beside it.
    fn named(mut self) -> Self {
        if let (None, Some(url)) = (&self.name, &self.url) {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            let last = path.rsplit('/').next().unwrap_or_default();
            let name = percent_decoded(last).filter(|name| !url.ends_with(&format!("/{name}")));
            self.name = name;
        }
        self
    }

    /// The file's name.
    pub fn file_name(&self) -> &str {
        let place = self.url.as_deref().or(self.path.as_deref());
        let last = place.map(|place| place.rsplit('/').next().unwrap_or(place));
        self.name.as_deref().or(last).unwrap_or_default()
    }

    /// Its SHA-256, which has to be there.
    pub fn sha256(&self) -> &str {
        self.hashes.get("sha256").map_or("", String::as_str)
    }
}

impl Lock {
    /// A lock over these packages. `inputs` is the SHA-256 of what was resolved.
    pub fn new(mut packages: Vec<Locked>, inputs: &str) -> Self {
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            lock_version: "1.0".to_owned(),
            created_by: "wheelfix".to_owned(),
            packages,
            tool: Tool {
                wheelfix: Own {
                    inputs: inputs.to_owned(),
                },
            },
        }
    }

    /// The SHA-256 of what was resolved; empty where another tool wrote the lock.
    pub fn inputs(&self) -> &str {
        &self.tool.wheelfix.inputs
    }

    /// Read one.
    ///
    /// # Errors
    /// Why it is no lock that a build can go by: broken TOML, another format, a file without SHA-256, a
    /// name or a version that would lead out of a folder.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lock: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !lock.lock_version.starts_with("1.") {
            return Err(format!(
                "lock-version is `{}`, and this program knows 1.0",
                crate::wheel::escape(&lock.lock_version)
            ));
        }
        for package in &mut lock.packages {
            let name = normalised(&package.name);
            if name.is_empty() || !is_plain(&name) {
                return Err(format!(
                    "`{}` is no project's name",
                    crate::wheel::escape(&package.name)
                ));
            }
            package.name = name;
            if let Some(version) = package.version.as_deref().filter(|text| !is_plain(text)) {
                return Err(format!(
                    "`{}` is no version of `{}`",
                    crate::wheel::escape(version),
                    package.name
                ));
            }
            for file in package.sdist.iter_mut().chain(&mut package.wheels) {
                *file = std::mem::take(file).named();
                let name = file.file_name();
                let told = crate::wheel::escape(name);
                if !is_plain(name) || name.starts_with('.') {
                    return Err(format!("`{told}` of `{}` is no file's name", package.name));
                }
                let sha256 = file.sha256();
                if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(format!("`{told}` of `{}` has no sha256", package.name));
                }
            }
        }
        lock.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lock)
    }

    /// A package that stands there twice: a build can make one of each.
    pub fn repeated(&self) -> Option<&str> {
        let mut neighbours = self.packages.windows(2);
        neighbours.find_map(|pair| match pair {
            [one, other] if one.name == other.name => Some(one.name.as_str()),
            _ => None,
        })
    }

    /// As it is written.
    pub fn to_text(&self) -> String {
        // Values made of strings always become text.
        toml::to_string(self).unwrap_or_default()
    }
}

/// A project's name as indexes compare it (PEP 503).
pub fn normalised(name: &str) -> String {
    let mut text = String::new();
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push('-');
        }
        text.push_str(&part.to_ascii_lowercase());
    }
    text
}

/// Text of an address, percent signs resolved; `None`: it is not well-formed.
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [left.next()?, left.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Is it a name that can stand in a path as it is?
pub(super) fn is_plain(name: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'!');
    !name.is_empty() && name.len() <= 255 && name.bytes().all(fits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(name: &str) -> LockedFile {
        LockedFile {
            name: Some(name.to_owned()),
            url: Some(format!("https://index.example/{name}")),
            path: None,
            hashes: BTreeMap::from([("sha256".to_owned(), "0".repeat(64))]),
        }
    }

    #[test]
    fn a_lock_is_read_back_as_it_was_written() {
        let package = Locked {
            name: "demo".to_owned(),
            version: Some("1.0".to_owned()),
            dependencies: vec![Dependency {
                name: "other".to_owned(),
            }],
            sdist: Some(file("demo-1.0.tar.gz")),
            wheels: vec![file("demo-1.0-py3-none-any.whl")],
            ..Locked::default()
        };
        let lock = Lock::new(vec![package], "abc");
        let again = Lock::parse(&lock.to_text()).unwrap();
        assert_eq!(again, lock);
        assert_eq!(again.inputs(), "abc");
    }

    #[test]
    fn a_lock_that_cannot_be_gone_by_is_refused_with_the_reason() {
        let package = |text: &str| {
            format!("lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\n{text}\n")
        };
        for (text, expected) in [
            (
                "lock-version = \"2.0\"\ncreated-by = \"x\"".to_owned(),
                "lock-version is `2.0`",
            ),
            ("lock-version".to_owned(), "TOML"),
            (package("name = \"../x\""), "no project's name"),
            (
                package("name = \"x\"\nsdist = { url = \"https://e/x.tar.gz\" }"),
                "`x.tar.gz` of `x` has no sha256",
            ),
            (
                package("name = \"x\"\nsdist = { name = \"a/../../b\", url = \"u\" }"),
                "no file's name",
            ),
            (
                package("name = \"x\"\nsdist = { url = \"https://e/a%2F..%2Fb\" }"),
                "no file's name",
            ),
            (
                package("name = \"x\"\nversion = \"1/../../y\""),
                "`1/../../y` is no version of `x`",
            ),
        ] {
            let error = Lock::parse(&text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_name_in_an_address_is_read_as_it_is_meant() {
        for (url, name) in [
            (
                "https://e/demo-1.0%2Bcpu-py3-none-any.whl",
                "demo-1.0+cpu-py3-none-any.whl",
            ),
            (
                "https://e/demo-1.0-py3-none-any.whl#sha256=0",
                "demo-1.0-py3-none-any.whl",
            ),
            (
                "https://e/demo-1.0-py3-none-any.whl?x=/y",
                "demo-1.0-py3-none-any.whl",
            ),
            (
                "https://e/demo-1.0-py3-none-any.whl",
                "demo-1.0-py3-none-any.whl",
            ),
        ] {
            assert_eq!(LockedFile::at(url, BTreeMap::new()).file_name(), name);
        }
    }

    #[test]
    fn a_package_of_two_spellings_stands_there_twice() {
        let text = |other: &str| {
            format!(
                "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a-b\"\n[[packages]]\nname = \"{other}\"\n"
            )
        };
        assert_eq!(Lock::parse(&text("A_b")).unwrap().repeated(), Some("a-b"));
        assert_eq!(Lock::parse(&text("a-c")).unwrap().repeated(), None);
    }

    #[test]
    fn names_are_compared_as_indexes_do() {
        assert_eq!(normalised("Scikit_learn"), "scikit-learn");
        assert_eq!(normalised("zope.interface"), "zope-interface");
        assert_eq!(normalised("a--__b"), "a-b");
    }
}
