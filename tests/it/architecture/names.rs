//! What a file says of other modules: its `use` lines, the paths in its code, what it defines.

use std::collections::BTreeSet;

/// A name that a `use` brings in: `use a::b as c` has the path `a::b` and the name `c`.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    /// `*` for all names of a module.
    pub name: String,
    /// Whether others may take it from here.
    pub public: bool,
    /// Where it stands in the code.
    pub at: usize,
}

/// A path in the code, of two names or more.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    pub path: Vec<String>,
    pub at: usize,
}

#[derive(Debug, Default)]
pub struct Names {
    pub imports: Vec<Import>,
    pub mentions: Vec<Mention>,
    /// What is defined at the top of the file.
    pub items: BTreeSet<String>,
    /// Whether there is more in the file than modules and `use` lines.
    pub holds_items: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    at: usize,
}

impl Token<'_> {
    fn is_name(self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Names, `::`, and every other character that is not blank.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            c if is_word(c) => code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at),
            ':' if code[at..].starts_with("::") => 2,
            c => c.len_utf8(),
        };
        if !first.is_whitespace() {
            let text = &code[at..at + length];
            tokens.push(Token { text, at });
        }
        at += length;
    }
    tokens
}

/// Reads code without comments and texts.
pub fn names(code: &str) -> Names {
    let tokens = tokens(code);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut names = Names::default();
    let (mut at, mut depth) = (0, 0);
    while at < tokens.len() {
        match text(at) {
            // `impl Trait + use<'a>` names no module.
            "use" if text(at + 1) != "<" => {
                let public = at > 0 && matches!(text(at - 1), "pub" | ")");
                at += 1;
                tree(&tokens, &mut at, &[], public, &mut names.imports);
                continue;
            }
            "{" => depth += 1,
            "}" => depth -= 1,
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" | "impl"
            | "macro_rules"
                if depth == 0 =>
            {
                names.holds_items = true;
                let name = if text(at + 1) == "!" { at + 2 } else { at + 1 };
                names.items.insert(text(name).to_owned());
            }
            _ if tokens[at].is_name() && text(at + 1) == "::" => {
                let start = at;
                let mut path = vec![text(at).to_owned()];
                while text(at + 1) == "::" && tokens.get(at + 2).is_some_and(|next| next.is_name())
                {
                    path.push(text(at + 2).to_owned());
                    at += 2;
                }
                let is_first = start == 0 || !matches!(text(start - 1), "." | "::");
                if is_first && path.len() > 1 {
                    let at = tokens[start].at;
                    names.mentions.push(Mention { path, at });
                }
            }
            _ => {}
        }
        at += 1;
    }
    names
}

/// One tree of a `use` line, with the path before it; ends behind it.
fn tree(
    tokens: &[Token<'_>],
    at: &mut usize,
    before: &[String],
    public: bool,
    found: &mut Vec<Import>,
) {
    let mut path = before.to_vec();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        match token.text {
            "::" => {}
            "{" => {
                while !matches!(text(*at), "}" | "") {
                    tree(tokens, at, &path, public, found);
                    if text(*at) == "," {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            name => {
                let glob = name == "*";
                let is_group_itself = name == "self" && !before.is_empty();
                if !glob && !is_group_itself {
                    path.push(name.to_owned());
                }
                if text(*at) == "::" {
                    continue;
                }
                let mut name = if glob {
                    "*"
                } else {
                    path.last().map_or("", |name| name)
                };
                if text(*at) == "as" {
                    name = text(*at + 1);
                    *at += 2;
                }
                let name = name.to_owned();
                let at = token.at;
                found.push(Import {
                    path,
                    name,
                    public,
                    at,
                });
                return;
            }
        }
    }
}

#[test]
fn use_lines_and_paths_are_read_as_rust_reads_them() {
    let code = "
        pub(crate) use self::a::{b, c as d};
        use super::x::{self, y::{z, *}};
        use std::fs;
        fn f() -> impl Sized + use<'a> { a.collect::<Vec<_>>(); crate::p::q(r::S::T); one(two) }
        impl X { fn hidden() {} }";
    let names = names(code);
    let imports: Vec<String> = names
        .imports
        .iter()
        .map(|import| {
            format!(
                "{} {} {}",
                import.path.join("::"),
                import.name,
                import.public
            )
        })
        .collect();
    let expected = [
        "self::a::b b true",
        "self::a::c d true",
        "super::x x false",
        "super::x::y::z z false",
        "super::x::y * false",
        "std::fs fs false",
    ];
    assert_eq!(imports, expected);
    let mentions: Vec<String> = names
        .mentions
        .iter()
        .map(|mention| mention.path.join("::"))
        .collect();
    assert_eq!(mentions, ["crate::p::q", "r::S::T"]);
    assert!(names.items.contains("f") && !names.items.contains("hidden"));
    assert!(names.holds_items);
}
