//! The house rules, read from the sources: which module may use which, and what lives where.
//!
//! Modules stand on floors and use lower floors only; two on one floor do not know each other.
//! So `elf/` could be published alone, deciding (`plan/`) never does anything, and only `host/`
//! and `cli/` touch the machine.

use std::fs;
use std::path::Path;

/// The longest a source file may be. 400 is long already; a little more is no reason to tear
/// one thing in two.
const MOST_LINES: usize = 450;

/// Each top-level module's floor.
const FLOORS: [(&str, u32); 10] = [
    ("cli", 6),
    ("host", 5),
    ("report", 5),
    ("error", 4),
    ("plan", 3),
    ("policy", 2),
    ("resolve", 2),
    ("elf", 1),
    ("python", 1),
    ("wheel", 1),
];

/// Uses that the floors forbid, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "policy",
    "resolve",
    "where a wheel runs is a verdict on the graph of what it loads, which resolve makes; resolve \
     knows nothing of policies",
)];

/// A line of a source file, for the eyes of the rules: without comments and strings.
struct Line {
    file: String,
    number: usize,
    code: String,
}

impl Line {
    /// The top-level module that it belongs to.
    fn module(&self) -> &str {
        let path = self.file.strip_prefix("src/").unwrap();
        path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn place(&self) -> String {
        format!("{}:{}", self.file, self.number)
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 20, "the sources are not where they were");
    files
}

fn lines(file: &str, text: &str) -> Vec<Line> {
    let line = |(index, line): (usize, &str)| Line {
        file: file.to_owned(),
        number: index + 1,
        code: code_of(line),
    };
    text.lines().enumerate().map(line).collect()
}

fn all_lines() -> Vec<Line> {
    let sources = sources();
    sources
        .iter()
        .flat_map(|(file, text)| lines(file, text))
        .collect()
}

/// A line without its comment and without what stands between quotes.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut characters = line.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => {
                characters.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => {}
            '/' if characters.peek() == Some(&'/') => break,
            other => code.push(other),
        }
    }
    code
}

fn floor(module: &str) -> Option<u32> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// The top-level modules that code names behind `crate::`, grouped ones too, and where.
fn used(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let start = at + "crate::".len();
        let mut depth = 0;
        let mut name = start;
        for (offset, character) in code[start..].char_indices() {
            let here = start + offset;
            match character {
                '{' if depth == 0 && here != start => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if matches!(character, '{' | ',') && depth == 1 {
                name = here + 1;
            }
            let is_name = character.is_alphanumeric() || character == '_';
            if !is_name && depth <= 1 && name < here && !code[name..here].trim().is_empty() {
                found.push((name, code[name..here].trim().to_owned()));
                name = code.len();
            }
            if depth == 0 && !is_name {
                break;
            }
        }
    }
    found
}

/// The code of a whole file.
fn code(lines: &[Line]) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", line.code))
        .collect()
}

/// What is wrong with a file, and the way out.
fn broken_floors(lines: &[Line]) -> Vec<String> {
    let own = lines[0].module();
    let Some(own_floor) = floor(own) else {
        return Vec::new();
    };
    let code = code(lines);
    let mut complaints = Vec::new();
    for (at, other) in used(&code) {
        let Some(other_floor) = floor(&other) else {
            continue;
        };
        let allowed = other == own
            || other_floor < own_floor
            || EXCEPTIONS
                .iter()
                .any(|(from, to, _)| *from == own && *to == other);
        if !allowed {
            let (what, way_out) = match other_floor == own_floor {
                true => (
                    "its neighbour on one floor",
                    "let the floor above bring the two together",
                ),
                false => ("a higher floor", "pass what it knows in as an argument"),
            };
            // A group's names begin on the line after the comma.
            let start = at + code[at..].len() - code[at..].trim_start().len();
            let number = code[..start].matches('\n').count();
            let place = lines[number].place();
            complaints.push(format!("{place} uses crate::{other}, {what}: {way_out}"));
        }
    }
    complaints
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_module_uses_lower_floors_only() {
    let sources = sources();
    let complaints = sources
        .iter()
        .flat_map(|(file, text)| broken_floors(&lines(file, text)));
    assert_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn the_rule_itself_sees_what_it_should() {
    let complaint = |file: &str, code: &str| broken_floors(&lines(file, code)).join("; ");
    assert_eq!(
        complaint("src/plan/repair.rs", "use crate::host::gather;"),
        "src/plan/repair.rs:1 uses crate::host, a higher floor: pass what it knows in as an argument"
    );
    assert!(complaint("src/elf/edit.rs", "let x = crate::wheel::escape(y);").contains("neighbour"));
    assert!(
        complaint("src/report/x.rs", "use crate::{elf, host::gather};").contains("crate::host")
    );
    assert!(complaint("src/resolve/x.rs", "    crate::policy::Policy").contains("neighbour"));
    for (file, code) in [
        ("src/plan/repair.rs", "use crate::elf::Edits;"),
        ("src/plan/repair.rs", "use crate::plan::Note;"),
        ("src/plan/repair.rs", "// use crate::host is forbidden"),
        ("src/plan/repair.rs", "let text = \"crate::host\";"),
        ("src/policy/floor.rs", "use crate::resolve::Graph;"),
        ("src/plan/repair.rs", "use crate::elf::{host, cli};"),
        (
            "src/plan/repair.rs",
            "use crate::{elf::host, wheel::{cli, report}};",
        ),
        ("src/lib.rs", "pub use crate::cli::main;"),
    ] {
        assert_eq!(complaint(file, code), "", "{code}");
    }
}

#[test]
fn every_exception_is_still_needed() {
    for (from, to, reason) in &EXCEPTIONS {
        let needed = sources().iter().any(|(file, text)| {
            let lines = lines(file, text);
            lines[0].module() == *from && used(&code(&lines)).iter().any(|(_, name)| name == to)
        });
        assert!(
            needed,
            "{from} no longer uses {to} ({reason}): remove the exception"
        );
    }
}

#[test]
fn the_map_names_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let map = fs::read_to_string(root.join("lib.rs")).unwrap();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "lib" || name == "main" {
            continue;
        }
        assert!(
            map.contains(&format!("[`{name}`]")),
            "src/lib.rs does not tell what {name} is"
        );
        assert!(
            map.contains(&format!("pub mod {name};")),
            "src/lib.rs does not have {name}"
        );
        let floor = floor(&name);
        let floor = floor.unwrap_or_else(|| panic!("{name} has no floor: give it one in FLOORS"));
        let row = format!("| {floor} | [`{name}`]");
        assert!(
            map.contains(&row),
            "src/lib.rs shows {name} on another floor than {floor}"
        );
    }
}

#[test]
fn no_file_is_long_and_no_folder_deep() {
    let mut complaints = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            complaints.push(format!(
                "{file} has {lines} lines, more than {MOST_LINES}: split it by what it is about"
            ));
        }
        if file.split('/').count() > 3 {
            complaints.push(format!(
                "{file} is a folder too deep: src/FOLDER/FILE.rs is the depth"
            ));
        }
    }
    assert_none(&complaints);
}

#[test]
fn only_the_terminal_prints() {
    let macros = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "io::stdout",
        "io::stderr",
    ];
    let complaints: Vec<String> = all_lines()
        .iter()
        .filter(|line| line.file != "src/cli/terminal.rs")
        .filter(|line| macros.iter().any(|name| line.code.contains(name)))
        .map(|line| format!("{} prints: hand the text to cli/terminal.rs", line.place()))
        .collect();
    assert_none(&complaints);
}

#[test]
fn only_host_and_cli_touch_the_machine() {
    let names = [
        "std::fs",
        "std::env",
        "std::process",
        "std::net",
        "SystemTime::now",
    ];
    let complaints: Vec<String> = all_lines()
        .iter()
        .filter(|line| !matches!(line.module(), "host" | "cli" | "main"))
        .filter(|line| names.iter().any(|name| line.code.contains(name)))
        .map(|line| {
            let place = line.place();
            format!("{place} touches the machine: take the bytes, facts or values as arguments")
        })
        .collect();
    assert_none(&complaints);
}

/// Not a rule of style: what forbids it to the compiler could be lifted in one module.
#[test]
fn nothing_is_unsafe() {
    let complaints: Vec<String> = all_lines()
        .iter()
        .filter(|line| {
            line.code
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "unsafe")
        })
        .map(Line::place)
        .collect();
    assert_none(&complaints);
}
