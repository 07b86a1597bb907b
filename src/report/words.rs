//! Numbers and lists as people write them.

/// A size in the unit that reads best, decimal: `26.9 MB`.
pub fn bytes(count: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let number = count as f64;
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.2} GB", number / 1e9),
    }
}

/// `1 library`, `2 libraries`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// Lines of two or three columns, the last one ragged.
pub(super) fn columns(rows: &[[String; 3]], indent: &str) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    rows.iter()
        .map(|[a, b, c]| format!("{indent}{a:first$}   {b:second$}   {c}\n"))
        .collect()
}
