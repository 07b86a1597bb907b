//! `docs/security.md` names a test for each row of its tables: they are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_row_is_held_by_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let held_by = cells.last().unwrap();
        if let Ok(row) = cells[0].parse::<usize>() {
            rows.push(row);
            assert!(held_by.contains('`'), "row {row} names no test");
        }
        for name in held_by.split('`').skip(1).step_by(2) {
            let is_test = name.contains("::") && !name.contains("Limits");
            let is_case = ["repair/", "check/"]
                .iter()
                .any(|folder| name.starts_with(folder));
            if is_test {
                let (file, test) = name.rsplit_once("::").unwrap();
                let path = root.join("tests/it").join(file.replace("::", "/") + ".rs");
                let source =
                    fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name}: no such file"));
                assert!(
                    source.contains(&format!("fn {test}()")),
                    "{name}: no such test"
                );
            } else if is_case {
                let path = root.join("tests/cases").join(format!("{name}.toml"));
                assert!(path.exists(), "{name}: no such case");
            }
        }
    }
    let inputs: BTreeSet<usize> = rows.iter().copied().collect();
    assert!(
        (1..=52).all(|row| inputs.contains(&row)),
        "a row is missing"
    );
    let faults = rows.iter().filter(|row| **row <= 18).count();
    assert_eq!(faults, 2 * 18, "a fault is missing");
}
