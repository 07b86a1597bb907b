//! Source files as the rules see them: without comments, texts and tests.

use std::fs;
use std::path::Path;

/// The folders of the packages that the rules are about.
pub const PACKAGES: [&str; 2] = ["src", "crates/elf/src"];

/// One `.rs` file of the product.
pub struct Source {
    /// The package's folder, one of `PACKAGES`.
    pub package: &'static str,
    /// From the root of the repository, as `src/plan/repair.rs`.
    pub file: String,
    pub text: String,
    /// As many lines as the text; see `code_of`.
    pub code: String,
}

impl Source {
    pub fn new(package: &'static str, file: &str, text: &str) -> Self {
        let code = without_tests(&code_of(text));
        Self {
            package,
            file: file.to_owned(),
            text: text.to_owned(),
            code,
        }
    }

    /// Its path below the package's folder.
    pub fn below(&self) -> &str {
        self.file[self.package.len()..].trim_start_matches('/')
    }

    /// Its module: `[]` for lib.rs, `[plan, repair]` for plan/repair.rs, `[plan]` for plan/mod.rs.
    pub fn module(&self) -> Vec<String> {
        let path = self.below().trim_end_matches(".rs");
        let mut names: Vec<String> = path.split('/').map(str::to_owned).collect();
        let is_folder = names.last().is_some_and(|name| name == "mod");
        if is_folder || names == ["lib"] {
            names.pop();
        }
        names
    }

    /// The folder or file right below the package's folder: `plan`, `error`; `lib`, `main`.
    pub fn top(&self) -> &str {
        let first = self.below().split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    /// Whether it stands for a folder.
    pub fn is_folder(&self) -> bool {
        self.file.ends_with("/mod.rs") || self.below() == "lib.rs"
    }

    /// `FILE:LINE` of a byte of the code.
    pub fn place(&self, at: usize) -> String {
        let line = self.code[..at].matches('\n').count() + 1;
        format!("{}:{line}", self.file)
    }
}

/// All files of both packages, by name.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for package in PACKAGES {
        let mut folders = vec![root.join(package)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                    let text = fs::read_to_string(&path).unwrap();
                    sources.push(Source::new(package, name, &text));
                }
            }
        }
    }
    sources.sort_by(|one, other| one.file.cmp(&other.file));
    for package in PACKAGES {
        let count = sources.iter().filter(|source| source.package == package);
        assert!(count.count() > 20, "{package} is not where it was");
    }
    sources
}

/// The text with a blank for each character of comments, strings and characters; lines stay.
pub fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => end_of(text, at, "\n"),
            b'/' if bytes[at..].starts_with(b"/*") => end_of(text, at, "*/"),
            b'"' => end_of_string(bytes, at),
            b'r' if !is_word(bytes, at.wrapping_sub(1)) || is_prefix(bytes, at) => {
                end_of_raw(text, at)
            }
            b'\'' => end_of_character(text, at),
            _ => at,
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).unwrap()
}

fn is_word(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Whether the letter before is the `b` or `c` of a string of bytes.
fn is_prefix(bytes: &[u8], at: usize) -> bool {
    at > 0 && matches!(bytes[at - 1], b'b' | b'c') && !is_word(bytes, at.wrapping_sub(2))
}

fn end_of(text: &str, at: usize, end: &str) -> usize {
    text[at..]
        .find(end)
        .map_or(text.len(), |length| at + length + end.len())
}

fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

/// `at`, if no raw string begins there.
fn end_of_raw(text: &str, at: usize) -> usize {
    let hashes = text[at + 1..].bytes().take_while(|byte| *byte == b'#');
    let hashes = hashes.count();
    let start = at + 1 + hashes;
    if text.as_bytes().get(start) != Some(&b'"') {
        return at;
    }
    end_of(text, start + 1, &format!("\"{}", "#".repeat(hashes)))
}

/// `at`, if it is the mark of a lifetime.
fn end_of_character(text: &str, at: usize) -> usize {
    let mut rest = text[at + 1..].char_indices();
    match rest.next() {
        Some((_, '\\')) => end_of(text, at + 3, "'"),
        _ => match rest.next() {
            Some((length, '\'')) => at + 1 + length + 1,
            _ => at,
        },
    }
}

/// The code with blanks for what only tests compile: what they use makes no edge.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut code = code.to_owned();
    while let Some(at) = code.find(MARK) {
        let rest = &code[at + MARK.len()..];
        let first = rest.find(['{', ';']).unwrap_or(rest.len());
        let mut depth = 0;
        let length = rest[first..].find(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let end = (at + MARK.len() + first + length.unwrap_or(0) + 1).min(code.len());
        let blank: String = code[at..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        code.replace_range(at..end, &blank);
    }
    code
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let code = |text: &str| Source::new("src", "src/x.rs", text).code.replace(' ', "");
    for (text, expected) in [
        ("let a = \"x // \\\" y\"; b // c\nd", "leta=;b\nd"),
        ("a /* b\nc */ d", "a\nd"),
        ("r#\"a \" b\"# + br\"c\\\" + number", "+b+number"),
        ("'a' + '\\'' + '\"' + f::<'a>('b')", "+++f::<'a>()"),
        ("a; #[cfg(test)]\nmod tests { fn x() {} }\nb", "a;\n\nb"),
        ("a; #[cfg(test)]\nuse x;\nb", "a;\n\nb"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
}
