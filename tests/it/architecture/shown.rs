//! How text of others reaches a reader: as `Untrusted`, or as part of a `Sentence`, and no other way.

use super::assert_none;
use super::source::{Source, sources};

/// The fields of what these files declare are shown: plain text is no type for them.
const SHOWN: [&str; 5] = [
    "src/error.rs",
    "src/plan/tree/tree_plan.rs",
    "src/plan/tree/size.rs",
    "src/plan/tree/slim.rs",
    "src/host/tree/slim_tree.rs",
];

/// What may be plain text there, being looked up and never shown.
const LOOKED_UP: [&str; 1] = ["pub name: String,"];

fn plain_fields(source: &Source) -> Vec<String> {
    let lines = source.code.lines().enumerate();
    let fields = lines.filter(|(_, line)| {
        let line = line.trim();
        let is_field = line.ends_with(',') && line.contains(": ") && !line.contains('(');
        let is_plain = line.contains("String") || line.contains("&str");
        is_field && is_plain && !LOOKED_UP.contains(&line)
    });
    fields
        .map(|(number, line)| {
            let line = line.trim();
            format!(
                "{}:{} has `{line}`: take Untrusted or Sentence",
                source.file,
                number + 1
            )
        })
        .collect()
}

/// Ways of making text of a path, or a sentence of text, past the types that escape.
fn ways_around(source: &Source) -> Vec<String> {
    let is_type = source.file == "src/wheel/shown.rs";
    let prints = source.file == "src/cli/terminal.rs";
    let shows = ["cli", "report", "error"].contains(&source.top());
    let words = [
        (".display()", !is_type),
        ("of_parts", !is_type),
        (".exact(", !prints),
        ("to_string_lossy()", shows && source.top() == "report"),
        ("is_unseen", source.file != "src/wheel/escape.rs"),
    ];
    let forbidden = words.iter().filter(|(_, forbidden)| *forbidden);
    let found = forbidden.flat_map(|(word, _)| {
        let found = source.code.match_indices(word);
        found.map(move |(at, _)| format!("{}: `{word}` goes around Untrusted", source.place(at)))
    });
    found.collect()
}

#[test]
fn what_others_wrote_is_shown_by_its_type_alone() {
    let all = sources();
    let product = all.iter().filter(|source| source.package == "src");
    let found: Vec<String> = product
        .flat_map(|source| {
            let mut found = ways_around(source);
            if SHOWN.contains(&source.file.as_str()) {
                found.extend(plain_fields(source));
            }
            found
        })
        .collect();
    assert_none(&found);
}

#[test]
fn a_way_around_is_found() {
    let said = |file: &str, code: &str| {
        let source = Source::new("src", file, code);
        [ways_around(&source), plain_fields(&source)]
            .concat()
            .join("; ")
    };
    let field = said(
        "src/error.rs",
        "enum Error {\n    Gone {\n        path: String,\n    },\n}",
    );
    assert!(
        field.contains("src/error.rs:3") && field.contains("Untrusted"),
        "{field}"
    );
    let path = said("src/report/x.rs", "fn f(p: &Path) { p.display() }");
    assert!(path.contains("src/report/x.rs:1"), "{path}");
    assert_eq!(
        said(
            "src/error.rs",
            "enum Error {\n    Gone {\n        path: Untrusted,\n    },\n}"
        ),
        ""
    );
}
