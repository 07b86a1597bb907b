//! Which folders a source may mean when it makes paths.

use super::tokens::{Token, Tokens};

/// Longer strings are no paths.
const LONGEST_PATH: usize = 200;

/// A statement with one of these makes a path, or looks into a folder.
const WORDS: [&str; 27] = [
    "__file__",
    "__path__",
    "abspath",
    "as_file",
    "dirname",
    "exists",
    "expanduser",
    "files",
    "get_path",
    "glob",
    "include_dirs",
    "include_path",
    "isdir",
    "iterdir",
    "join",
    "joinpath",
    "listdir",
    "normpath",
    "open",
    "parent",
    "parents",
    "Path",
    "PurePath",
    "realpath",
    "resource_filename",
    "scandir",
    "walk",
];

/// What [`paths`] finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Strings of statements that make a path.
    pub joined: Vec<String>,
    /// All other strings that were asked for.
    pub others: Vec<String>,
    /// Whether it defines a function by whose name others ask where headers are, as
    /// `numpy.get_include`.
    pub gives_includes: bool,
}

/// Reads a source. Of its strings those are kept that could be paths and that `wanted` takes.
#[must_use]
pub fn paths(source: &str, wanted: impl Fn(&str) -> bool) -> Paths {
    let mut found = Paths::default();
    let mut statement = Statement::default();
    for token in Tokens::new(source).chain([Token::Line]) {
        if matches!(token, Token::Line | Token::Mark(b';')) {
            std::mem::take(&mut statement).end(&mut found);
            continue;
        }
        found.gives_includes |= statement.gives_includes(token);
        statement.add(token, &wanted);
    }
    found
}

/// What counts of a statement so far.
#[derive(Default)]
struct Statement<'a> {
    /// Whether it makes a path.
    joins: bool,
    /// Whether a function's name comes next.
    is_def: bool,
    /// How many tokens of `def includes(` have come.
    asks: u8,
    /// Its strings that are kept.
    texts: Vec<&'a str>,
}

/// Does a function of this name tell where headers are? `get_include`, `include_dirs`, `print_includes` do;
/// `query_include_self` includes something else.
fn asks_for_includes(name: &str) -> bool {
    let Some((_, rest)) = name.rsplit_once("include") else {
        return false;
    };
    let is_last = matches!(rest.trim_end_matches('_'), "" | "s");
    let places = [
        "dir", "path", "folder", "file", "root", "loc", "flag", "opt", "arg", "lib", "head",
    ];
    is_last || places.iter().any(|place| name.contains(place))
}

impl<'a> Statement<'a> {
    /// Whether with this token it defines what others ask where headers are. A method `includes` of an
    /// interval or of a set answers another question.
    fn gives_includes(&mut self, token: Token<'a>) -> bool {
        match (self.asks, token) {
            (1, Token::Mark(b'(')) => self.asks = 2,
            (2, Token::Name("self")) => self.asks = 0,
            (1 | 2, _) => {
                self.asks = 0;
                return true;
            }
            (_, Token::Name("includes")) if self.is_def => self.asks = 1,
            (_, Token::Name(name)) if self.is_def => {
                return asks_for_includes(&name.to_ascii_lowercase());
            }
            _ => {}
        }
        false
    }

    fn add(&mut self, token: Token<'a>, wanted: &impl Fn(&str) -> bool) {
        self.is_def = token == Token::Name("def");
        match token {
            Token::Name(name) => self.joins |= WORDS.contains(&name),
            Token::Mark(b'/') => self.joins = true,
            Token::Text(text) => {
                let is_path = text.len() <= LONGEST_PATH && !text.contains(['\n', '\\']);
                if is_path && wanted(text) {
                    self.texts.push(text);
                }
            }
            _ => {}
        }
    }

    fn end(self, found: &mut Paths) {
        for text in self.texts {
            let list = match self.joins || text.contains('/') {
                true => &mut found.joined,
                false => &mut found.others,
            };
            list.push(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_make_a_path_are_told_from_others() {
        let source = "D = join(\n  dirname(__file__), 'a')\nP = HERE / 'b'\nx = f'{D}/c'\n\
            y = 'd'\ndef get_include(): return D; z = ['e']\n";
        let found = paths(source, |_| true);
        assert_eq!(found.joined, ["a", "b", "{D}/c"]);
        assert_eq!(found.others, ["d", "e"]);
        assert!(found.gives_includes);
        for (source, gives) in [
            ("def includes(self, x): pass", false),
            ("def includes(): pass", true),
            ("def print_includes(self): pass", true),
            ("def get_include_and_link_flags(): pass", true),
            ("def includeDirs(): pass", true),
            ("def _query_include_self(x, include_self): pass", false),
        ] {
            assert_eq!(paths(source, |_| false).gives_includes, gives, "{source}");
        }
        assert_eq!(
            paths("get_include('a')", |text| text == "b"),
            Paths::default()
        );
    }
}
