//! The imports of a source, wherever they stand, and its strings.

use super::tokens::{Token, Tokens};

/// More words than any import has; what is behind them is passed over.
const LONGEST_STATEMENT: usize = 1 << 16;
/// Longer strings are no names of files or modules.
const LONGEST_NAME: usize = 200;

/// One import statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// How many dots stand before the module; 0: its name is absolute.
    pub level: usize,
    /// The module as written, without those dots.
    pub module: String,
    /// What is imported from it, which may be modules as well; empty for `import module`.
    pub names: Vec<String>,
}

/// What [`scan`] finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// All imports, also those in functions and under conditions.
    pub imports: Vec<Import>,
    /// The strings that were asked for, as written.
    pub strings: Vec<String>,
    /// Whether it hands its own stub file to `lazy_loader.attach_stub`.
    pub attaches_stub: bool,
}

/// Reads a source. Of its strings those are kept that could be names and that `wanted` takes.
#[must_use]
pub fn scan(source: &str, wanted: impl Fn(&str) -> bool) -> Mentions {
    let mut mentions = Mentions::default();
    let mut statement: Vec<Token<'_>> = Vec::new();
    for token in Tokens::new(source) {
        match token {
            Token::Text(text) => {
                let is_name = !text.is_empty()
                    && text.len() <= LONGEST_NAME
                    && !text.contains(char::is_whitespace);
                if is_name && wanted(text) {
                    mentions.strings.push(text.to_owned());
                }
                add(&mut statement, token);
            }
            Token::Name("attach_stub") => {
                mentions.attaches_stub = true;
                add(&mut statement, token);
            }
            // `else: import x` is a statement behind a colon.
            Token::Line | Token::Mark(b';' | b':') => {
                read_statement(&statement, &mut mentions.imports);
                statement.clear();
            }
            _ => add(&mut statement, token),
        }
    }
    read_statement(&statement, &mut mentions.imports);
    mentions
}

/// Keeps what an import is made of, and of any other statement that it is one.
fn add<'a>(statement: &mut Vec<Token<'a>>, token: Token<'a>) {
    let is_import = matches!(statement.first(), Some(Token::Name("import" | "from")));
    if statement.is_empty() || is_import && statement.len() < LONGEST_STATEMENT {
        statement.push(token);
    }
}

fn read_statement(statement: &[Token<'_>], imports: &mut Vec<Import>) {
    match statement {
        [Token::Name("import"), rest @ ..] => {
            for part in rest.split(|token| *token == Token::Mark(b',')) {
                let (_, module, _) = dotted(part);
                imports.push(Import {
                    level: 0,
                    module,
                    names: Vec::new(),
                });
            }
        }
        [Token::Name("from"), rest @ ..] => {
            let (level, module, rest) = dotted(rest);
            let [Token::Name("import"), rest @ ..] = rest else {
                return;
            };
            let names = rest
                .split(|token| *token == Token::Mark(b','))
                .filter_map(|part| {
                    part.iter().find_map(|token| match token {
                        Token::Name(name) => Some((*name).to_owned()),
                        _ => None,
                    })
                })
                .collect();
            imports.push(Import {
                level,
                module,
                names,
            });
        }
        _ => {}
    }
}

/// Leading dots, then a dotted name; what comes after it.
fn dotted<'a, 'b>(tokens: &'b [Token<'a>]) -> (usize, String, &'b [Token<'a>]) {
    let level = tokens
        .iter()
        .take_while(|token| **token == Token::Mark(b'.'))
        .count();
    let mut rest = tokens.get(level..).unwrap_or_default();
    let mut module = String::new();
    while let [Token::Name(name), after @ ..] = rest {
        if *name == "import" || *name == "as" {
            break;
        }
        module.push_str(name);
        rest = after;
        let [Token::Mark(b'.'), after @ ..] = rest else {
            break;
        };
        module.push('.');
        rest = after;
    }
    (level, module, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(source: &str) -> Vec<(usize, String, Vec<String>)> {
        let mentions = scan(source, |_| true);
        let parts = mentions.imports.into_iter();
        parts
            .map(|one| (one.level, one.module, one.names))
            .collect()
    }

    fn one(level: usize, module: &str, names: &[&str]) -> (usize, String, Vec<String>) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        (level, module.to_owned(), names)
    }

    #[test]
    fn imports_are_found_wherever_they_stand() {
        let source = "import a.b as c, d # import no\n\
            try: from .tests import (x as y,\n    z)\nexcept E: import e\n\
            def f():\n    from ... import g; from ..h.i import *\n\
            raise A from b\nyield from c\nx = 'import n'\n\"\"\"\nimport m\n\"\"\"\n";
        assert_eq!(
            imports(source),
            [
                one(0, "a.b", &[]),
                one(0, "d", &[]),
                one(1, "tests", &["x", "z"]),
                one(0, "e", &[]),
                one(3, "", &["g"]),
                one(2, "h.i", &[]),
            ]
        );
    }

    #[test]
    fn broken_and_new_syntax_does_not_hide_what_follows() {
        let source = "x = 'no end\nimport a\nf\"{d[\"k\"]}\"\nimport b\nmatch x:\n  case [1, *_]: import c\n\\\nimport d";
        let modules: Vec<String> = imports(source).into_iter().map(|import| import.1).collect();
        assert_eq!(modules, ["a", "b", "c", "d"]);
    }

    #[test]
    fn strings_are_kept_when_they_could_be_names() {
        let source = "a = rb'x.h', \"two words\", 'it\\'s', '''y.h''', f'{z}.h'";
        let mentions = scan(source, |text| text.ends_with(".h"));
        assert_eq!(mentions.strings, ["x.h", "y.h", "{z}.h"]);
        assert!(!mentions.attaches_stub);
        assert!(scan("lazy.attach_stub(__name__)", |_| false).attaches_stub);
    }
}
