//! What a source of a compiled language reads when it is compiled: by C's `#include`, by Cython's
//! `cimport`, `include` and `extern from`.
//!
//! Only lines are looked at. What stands in a comment or behind an `#ifdef` counts as well: a file
//! that is kept for nothing costs its bytes, one that is missing costs whoever compiles.

/// One thing that a source reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Include {
    /// A file, by the path that the source gives, which is looked for in several folders.
    File(String),
    /// A module that is cimported, by its dotted name without leading dots.
    Module(String),
}

/// Longer paths are none.
const LONGEST: usize = 300;

/// What a text reads; Python sources that hold others in their strings may be given as well.
#[must_use]
pub fn includes(text: &str) -> Vec<Include> {
    let mut found: Vec<Include> = text.lines().flat_map(of_line).collect();
    found.sort();
    found.dedup();
    found
}

fn of_line(line: &str) -> Vec<Include> {
    // A source in a string of Python's may begin on the line of its quotes.
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    if let Some(rest) = line
        .find('#')
        .and_then(|at| line.get(at.saturating_add(1)..))
    {
        let rest = rest.trim_start();
        let rest = ["include_next", "include", "import"]
            .iter()
            .find_map(|word| rest.strip_prefix(word));
        if let Some(file) = rest.and_then(|rest| quoted(rest.trim_start())) {
            return vec![file];
        }
    }
    let mut words = line.split_whitespace();
    match words.next() {
        Some("include") => {
            let rest = line.strip_prefix("include").unwrap_or_default();
            quoted(rest.trim_start()).into_iter().collect()
        }
        Some("cimport") => {
            let rest = line.strip_prefix("cimport").unwrap_or_default();
            let parts = rest
                .split(',')
                .filter_map(|part| part.split_whitespace().next());
            parts.map(|name| Include::Module(name.to_owned())).collect()
        }
        Some("from") => {
            let rest = line.strip_prefix("from").unwrap_or_default();
            let Some((module, names)) = rest.split_once(" cimport ") else {
                return Vec::new();
            };
            cimported(module.trim(), names)
        }
        Some("cdef") => {
            let from = line.split_once("extern from ");
            let file = from.and_then(|(_, rest)| quoted(rest.trim_start()));
            file.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `from a.b cimport c`: `a.b`, and `a.b.c`, which may be a module as well.
fn cimported(module: &str, names: &str) -> Vec<Include> {
    let module = module.trim_start_matches('.');
    let mut found = Vec::new();
    if !module.is_empty() {
        found.push(Include::Module(module.to_owned()));
    }
    for name in names.split(',') {
        let name = name.trim_matches(|c: char| c.is_whitespace() || "()\\".contains(c));
        if let Some(name) = name.split_whitespace().next() {
            let dot = if module.is_empty() { "" } else { "." };
            found.push(Include::Module(format!("{module}{dot}{name}")));
        }
    }
    found
}

/// A path in quotes or angle brackets at the begin of a text. Cython has angle brackets in quotes.
fn quoted(text: &str) -> Option<Include> {
    let mut rest = text;
    let mut ends: Vec<char> = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            '"' | '\'' => ends.push(first),
            '<' => ends.push('>'),
            '\\' => {}
            _ => break,
        }
        rest = rest.get(1..)?;
    }
    let path = rest.split(|c| ends.contains(&c) || c == '\\').next()?;
    let is_path = !ends.is_empty() && !path.is_empty() && path.len() <= LONGEST;
    is_path.then(|| Include::File(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_read_another_file_is_seen() {
        let file = |path: &str| Include::File(path.to_owned());
        let module = |name: &str| Include::Module(name.to_owned());
        for (line, found) in [
            ("#include \"a/b.h\"", vec![file("a/b.h")]),
            ("  #  include <b.cuh> // why", vec![file("b.cuh")]),
            ("#include_next <b.h>", vec![file("b.h")]),
            ("#import \"m.h\"", vec![file("m.h")]),
            ("KERNEL = \"#include \\\"k.h\\\"\\n\"", vec![file("k.h")]),
            ("'''#include <k.h>", vec![file("k.h")]),
            ("include 'a.pxi'", vec![file("a.pxi")]),
            ("cdef extern from \"<math.h>\" nogil:", vec![file("math.h")]),
            ("cdef extern from 'x.hpp':", vec![file("x.hpp")]),
            (
                "cimport libc.math, a as b",
                vec![module("a"), module("libc.math")],
            ),
            (
                "from ..x cimport (y as z,",
                vec![module("x"), module("x.y")],
            ),
            ("from . cimport y", vec![module("y")]),
            ("from x import y", vec![]),
            ("#include MACRO", vec![]),
            ("include = 'x'", vec![]),
            ("# includes \"x\"", vec![]),
            ("#include \"\"", vec![]),
        ] {
            assert_eq!(includes(line), found, "{line}");
        }
    }
}
