//! Sizes as a table, as JSON, and as a map to look at.

use std::collections::BTreeMap;

use serde_json::json;

use super::words::bytes;
use crate::plan::{Category, PackageSize, Savings, TreeSize};
use crate::wheel::Untrusted;

/// So many packages are told one by one; `verbose` tells all.
const MANY: usize = 20;

/// Megabytes with one digit, or nothing where there is next to nothing.
fn cell(size: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let megabytes = size as f64 / 1e6;
    if size < 50_000 {
        "·".to_owned()
    } else {
        format!("{megabytes:.1}")
    }
}

/// The report as text, sizes in MB (10^6 bytes).
pub fn size_text(size: &TreeSize, verbose: bool) -> String {
    let mut packages: Vec<(&Untrusted, &PackageSize)> = size.packages.iter().collect();
    packages.sort_by(|one, other| (other.1.total, one.0).cmp(&(one.1.total, other.0)));
    let most = if verbose { usize::MAX } else { MANY };
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut head = vec!["MB".to_owned(), "total".to_owned()];
    head.extend(Category::ALL.map(|category| category.name().to_owned()));
    head.extend(["symbols".to_owned(), "holes".to_owned()]);
    rows.push(head);
    let mut rest = PackageSize::default();
    let mut all = PackageSize::default();
    for (place, (name, package)) in packages.iter().enumerate() {
        add(&mut all, package);
        if place < most {
            let name = match name.as_str() {
                "" => "(nobody's)".to_owned(),
                _ => name.to_string(),
            };
            rows.push(row(&name, package));
        } else {
            add(&mut rest, package);
        }
    }
    if packages.len() > most {
        let more = packages.len().saturating_sub(most);
        rows.push(row(&format!("{more} more (-v)"), &rest));
    }
    rows.push(row("all", &all));
    let mut text = aligned(&rows);
    text.push_str("\nsymbols and holes are parts of native.\n\nCould be saved:\n");
    for (step, saved) in steps(&size.savings) {
        if saved > 0 {
            text.push_str(&format!("  {:>9}   {step}\n", bytes(saved)));
        }
    }
    for note in &size.notes {
        text.push_str(&format!("note   {note}\n"));
    }
    text
}

/// Each step with what it saves.
pub(super) fn steps(savings: &Savings) -> [(&'static str, u64); 7] {
    [
        ("wheelfix slim", savings.repack),
        ("wheelfix slim --tests", savings.tests),
        ("wheelfix slim --sources", savings.sources),
        ("wheelfix dedupe", savings.dedupe),
        ("wheelfix slim --stubs", savings.stubs),
        ("wheelfix slim --samples", savings.samples),
        (
            "wheelfix slim --no-pyc   (slows every start)",
            savings.bytecode,
        ),
    ]
}

fn add(sum: &mut PackageSize, package: &PackageSize) {
    sum.total = sum.total.saturating_add(package.total);
    sum.symbols = sum.symbols.saturating_add(package.symbols);
    sum.holes = sum.holes.saturating_add(package.holes);
    for (category, size) in &package.categories {
        let entry = sum.categories.entry(*category).or_default();
        *entry = entry.saturating_add(*size);
    }
}

fn row(name: &str, package: &PackageSize) -> Vec<String> {
    let mut row = vec![name.to_owned(), cell(package.total)];
    let of = |category| cell(package.categories.get(&category).copied().unwrap_or(0));
    row.extend(Category::ALL.map(of));
    row.extend([cell(package.symbols), cell(package.holes)]);
    row
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(place, (cell, width))| match place {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The report as JSON.
pub fn size_json(trees: &BTreeMap<String, TreeSize>) -> String {
    let value = json!({
        "schema": {"name": "wheelfix.size", "version": 1},
        "trees": trees,
    });
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

const PAGE: &str = include_str!("size.html");

/// The page. Names get into it as JSON only, in which nothing can end the script.
pub fn size_html(name: &str, size: &TreeSize) -> String {
    let packages: Vec<_> = size
        .packages
        .iter()
        .map(|(name, package)| {
            let files: Vec<_> = package
                .files
                .iter()
                .map(|(path, category, before, after)| {
                    json!([path.as_str(), category.name(), before, after])
                })
                .collect();
            json!({"name": name, "files": files})
        })
        .collect();
    let steps: Vec<_> = steps(&size.savings).into_iter().collect();
    let data = json!({"name": name, "total": size.total, "packages": packages, "steps": steps});
    let text = data
        .to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    PAGE.replacen("/*DATA*/null", &text, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PackageSize;

    #[test]
    fn no_name_can_end_the_script() {
        let mut size = TreeSize::default();
        let name = "</script><script>alert(1)</script>".to_owned();
        size.packages.insert(name.into(), PackageSize::default());
        let page = size_html("<!--", &size);
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<!--"));
        assert!(!page.contains("http"));
    }
}
