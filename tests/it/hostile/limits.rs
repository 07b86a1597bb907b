//! What is said of limits is so.

use std::fs;
use std::path::Path;

use wheelfix::host::Limits;

#[test]
fn the_documentation_has_every_limit_as_it_is() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let text = fs::read_to_string(file).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<String> = Limits::table()
        .into_iter()
        .map(|(name, most, what)| format!("| `{name}` | {most} | {what} |"))
        .collect();
    assert_eq!(rows, expected);
}
