//! How text of others reaches a reader: as `Untrusted`, or as part of a `Sentence`, and no other way.

use super::assert_none;
use super::source::{Source, sources};

/// What these folders and files declare is read by reports: plain text is no type for what others wrote.
const SHOWN: [&str; 8] = [
    "src/error.rs",
    "src/plan/",
    "src/ops/",
    "src/report/",
    "src/resolve/",
    "src/policy/floor.rs",
    "src/host/tree/slim_tree.rs",
    "src/host/tree/undo_tree.rs",
];

/// The fields that may be plain text there: what they hold is no text of others, or nobody shows it.
const PLAIN: [(&str, &str, &[&str]); 19] = [
    // Taken out of a file name or of WHEEL by `Tag`, which lets letters, digits and `_` through alone.
    ("src/plan/needs/subject.rs", "tags", &["platforms"]),
    (
        "src/plan/verdict/inspect.rs",
        "tags",
        &["claims", "deserves"],
    ),
    ("src/plan/wheel_plan.rs", "tags", &["tags"]),
    // Digits of ours.
    ("src/plan/verdict/inspect.rs", "digits", &["build_ids"]),
    ("src/plan/build/record.rs", "digits", &["sha256", "inputs"]),
    ("src/plan/port/provenance.rs", "digits", &["sha256"]),
    // What a file will hold, byte for byte.
    ("src/plan/wheel_plan.rs", "content", &["text"]),
    (
        "src/plan/repair/sbom.rs",
        "content",
        &["filename", "needs", "source", "source_digest"],
    ),
    // The user's own words on the command line; what is refused of them becomes a `Sentence`.
    (
        "src/plan/repair/options.rs",
        "asked",
        &["lib_suffix", "build_number"],
    ),
    (
        "src/plan/stand_in/patchelf.rs",
        "asked",
        &[
            "interpreter",
            "clear_versions",
            "rename_symbols",
            "Shrink",
            "Set",
            "Add",
        ],
    ),
    (
        "src/plan/stand_in/auditwheel_tree.rs",
        "asked",
        &["environment", "ldpaths"],
    ),
    ("src/plan/build/choice.rs", "asked", &["compile"]),
    ("src/ops/port.rs", "asked", &["plat"]),
    ("src/ops/slim.rs", "asked", &["keep"]),
    // What pip says and what a lock holds, as data; `Made`, `Failed` and `BuildFault` tell of it.
    (
        "src/plan/build/lock.rs",
        "data",
        &["name", "version", "marker", "url", "path", "hashes"],
    ),
    (
        "src/plan/build/lock_made.rs",
        "data",
        &[
            "name",
            "version",
            "requires_dist",
            "url",
            "hashes",
            "filename",
            "sha256",
        ],
    ),
    // Names that are compared with others, and shown by nobody.
    ("src/plan/tree/includes.rs", "compared", &["File", "Module"]),
    ("src/plan/tree/slim_readers.rs", "compared", &["named"]),
    ("src/resolve/world.rs", "compared", &["FileIdentity"]),
];

/// The lines of public types that hold plain text: of each its number, and the field's name.
fn plain_lines(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut depth, mut inside) = (0_usize, None);
    for (number, line) in code.lines().enumerate() {
        let line = line.trim();
        let declares = |kind: &str| line.starts_with(&format!("pub {kind} "));
        let is_type = declares("struct") || declares("enum");
        if is_type && inside.is_none() && line.ends_with('{') {
            inside = Some((depth, declares("enum")));
        }
        let is_field = match inside {
            // What stands in brackets of its own is public in a folder alone.
            Some((_, is_enum)) => line.ends_with(',') && (is_enum || line.starts_with("pub ")),
            None => is_type && line.ends_with(");"),
        };
        if is_field && is_plain(line) {
            found.push((number + 1, name_of(line)));
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        if inside.is_some_and(|(outer, _)| depth <= outer) {
            inside = None;
        }
    }
    found
}

/// Does a type hold text, not words of ours, and no function that takes some?
fn is_plain(line: &str) -> bool {
    let line = line.replace("&'static str", "");
    let is_text = line
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|word| ["String", "str", "Cow"].contains(&word));
    is_text && !line.contains("Fn(")
}

/// The name of a field, a variant or a type.
fn name_of(line: &str) -> String {
    let words = ["pub ", "struct ", "enum "];
    let line = words
        .iter()
        .fold(line, |line, word| line.trim_start_matches(word));
    let end = line.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    line[..end.unwrap_or(line.len())].to_owned()
}

fn plain_fields(source: &Source) -> Vec<String> {
    let may = |name: &str| {
        PLAIN
            .iter()
            .any(|(file, _, fields)| *file == source.file && fields.contains(&name))
    };
    plain_lines(&source.code)
        .into_iter()
        .filter(|(_, name)| !may(name))
        .map(|(number, name)| {
            format!(
                "{}:{number} has `{name}` as plain text: take Untrusted or Sentence",
                source.file
            )
        })
        .collect()
}

/// Fields that are excused and are not there.
fn needless(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, _, fields) in &PLAIN {
        let source = sources.iter().find(|source| source.file == *file);
        let lines = source.map_or_else(Vec::new, |source| plain_lines(&source.code));
        let gone = fields
            .iter()
            .filter(|field| !lines.iter().any(|(_, name)| name == *field));
        found.extend(gone.map(|field| format!("{file} has no `{field}` that is plain text")));
    }
    found
}

/// Ways of making text of a path, or a sentence of text, past the types that escape.
fn ways_around(source: &Source) -> Vec<String> {
    let is_type = source.file == "src/wheel/shown.rs";
    let prints = source.file == "src/cli/terminal.rs";
    let shows = ["cli", "report", "error"].contains(&source.top());
    let words = [
        (".display()", !is_type),
        (
            "of_parts",
            !is_type && source.file != "src/plan/rules/rule.rs",
        ),
        (".exact(", !prints),
        ("to_string_lossy()", shows && source.top() == "report"),
        ("is_unseen", source.file != "src/wheel/escape.rs"),
        // A name out of an ELF file has no way to be shown but by `Untrusted`.
        ("Display for", source.file == "crates/elf/src/soname.rs"),
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
    let product = all
        .iter()
        .filter(|source| source.package == "src" || source.file == "crates/elf/src/soname.rs");
    let found: Vec<String> = product
        .flat_map(|source| {
            let mut found = ways_around(source);
            if SHOWN.iter().any(|shown| source.file.starts_with(shown)) {
                found.extend(plain_fields(source));
            }
            found
        })
        .chain(needless(&all))
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
        "pub enum Error {\n    Gone {\n        path: String,\n    },\n}",
    );
    assert!(
        field.contains("src/error.rs:3") && field.contains("Untrusted"),
        "{field}"
    );
    let path = said("src/report/x.rs", "fn f(p: &Path) { p.display() }");
    assert!(path.contains("src/report/x.rs:1"), "{path}");
    let name = said(
        "crates/elf/src/soname.rs",
        "impl fmt::Display for Soname {}",
    );
    assert!(name.contains("Display"), "{name}");
    assert_eq!(
        said(
            "src/error.rs",
            "pub enum Error {\n    Gone {\n        path: Untrusted,\n    },\n}"
        ),
        ""
    );
}
