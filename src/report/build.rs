//! What a build has come to: one table, and how to install it.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{bytes, count};
use crate::error::Error;
use crate::plan::{How, Made, Way, Why};
use crate::wheel::{Untrusted, escape};

/// What there is to tell of a build.
pub struct BuildReport<'a> {
    /// The wheelhouse as it was named.
    pub wheelhouse: &'a Untrusted,
    /// The packages in it, by name.
    pub made: &'a [Made],
    /// Those of an earlier run.
    pub resumed: &'a BTreeSet<Untrusted>,
    /// Those that are not, by name.
    pub failed: Vec<FailedPackage<'a>>,
    /// How long all of it took, in seconds.
    pub seconds: f64,
}

/// A package without a wheel.
pub struct FailedPackage<'a> {
    /// The project.
    pub name: &'a Untrusted,
    /// Its version.
    pub version: &'a Untrusted,
    /// What was tried.
    pub errors: &'a [(Way, Error)],
}

/// One line for a package as it is done.
pub fn made_line(made: &Made) -> String {
    format!(
        "{} {} {}: {}, {:.1} s",
        capital(made.how),
        made.name,
        made.version,
        bytes(made.size),
        made.seconds
    )
}

fn capital(how: How) -> &'static str {
    match how {
        How::Taken => "Taken",
        How::Mended => "Mended",
        How::Ported => "Ported",
        How::Compiled => "Compiled",
    }
}

/// The table, the totals, and the command that installs it.
pub fn build_text(report: &BuildReport<'_>) -> String {
    let mut rows = vec![
        [
            "package", "version", "how", "time", "source", "wheel", "runs on",
        ]
        .map(str::to_owned),
    ];
    for made in report.made {
        let again = report.resumed.contains(&made.name);
        rows.push([
            made.name.to_string(),
            made.version.to_string(),
            made.how.word().to_owned(),
            match again {
                true => "before".to_owned(),
                false => format!("{:.1} s", made.seconds),
            },
            bytes(made.source_size),
            bytes(made.size),
            runs_on(made),
        ]);
    }
    for failed in &report.failed {
        let [name, version] = [failed.name, failed.version].map(ToString::to_string);
        let nothing = String::new;
        rows.push([
            name,
            version,
            "failed".to_owned(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
        ]);
    }
    if let Some((_, packages)) = rows.split_first_mut() {
        packages.sort();
    }
    let mut text = aligned(&rows);
    for made in report.made.iter().filter(|made| !made.passed.is_empty()) {
        text.push_str(&format!(
            "\n{} was {}, since:\n",
            made.name,
            made.how.word()
        ));
        for why in &made.passed {
            text.push_str(&indented(why.as_str()));
        }
    }
    text.push_str(&format!("\n{}\n", totals(report)));
    if report.failed.is_empty() && !report.made.is_empty() {
        let house = shell_word(report.wheelhouse.as_str());
        text.push_str(&format!(
            "install it with: pip install --no-index --find-links {house} -r {house}/wheelhouse.txt\n"
        ));
    }
    text
}

/// The packages with the digests of their wheels, as pip's requirements: what was asked for may pin the digests
/// of wheels that were mended or ported since.
pub fn requirements_text(made: &[Made]) -> String {
    let mut text =
        "# pip install --no-index --find-links THIS_FOLDER -r THIS_FOLDER/wheelhouse.txt\n"
            .to_owned();
    for one in made {
        let (name, version) = (one.name.as_str(), one.version.as_str());
        text.push_str(&format!("{name}=={version} --hash=sha256:{}\n", one.sha256));
    }
    text
}

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./+@%:,=".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => escape(&format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

fn runs_on(made: &Made) -> String {
    let floor = made.floor.as_ref();
    let mut text = floor.map_or_else(|| "any".to_owned(), |floor| format!("Alpine ≥ {floor}"));
    match made.why {
        Why::MuslWheel | Why::PureWheel => {}
        Why::OnlyGlibc => text.push_str(" (no wheel for musl)"),
        Why::NoWheel => text.push_str(" (no wheel)"),
        Why::Asked => text.push_str(" (asked for)"),
        Why::Fallback => text.push_str(" (see below)"),
    }
    text
}

fn totals(report: &BuildReport<'_>) -> String {
    let mut by_how: BTreeMap<How, usize> = BTreeMap::new();
    for made in report.made {
        let number = by_how.entry(made.how).or_default();
        *number = number.saturating_add(1);
    }
    let mut parts: Vec<String> = by_how
        .iter()
        .map(|(how, number)| format!("{number} {}", how.word()))
        .collect();
    if !report.failed.is_empty() {
        parts.push(format!("{} failed", report.failed.len()));
    }
    let sum = |size: fn(&Made) -> u64| {
        let sizes = report.made.iter().map(size);
        bytes(sizes.fold(0, u64::saturating_add))
    };
    let all = report.made.len().saturating_add(report.failed.len());
    format!(
        "{}: {}; {} → {}; {:.1} s",
        count(all, "package", "packages"),
        parts.join(", "),
        sum(|made| made.source_size),
        sum(|made| made.size),
        report.seconds
    )
}

/// A text two blanks to the right.
fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {}\n", Untrusted::from(line)),
    });
    lines.collect()
}

/// Columns as wide as their widest cell; numbers to the right.
fn aligned(rows: &[[String; 7]]) -> String {
    let mut widths = [0_usize; 7];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (number, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = match (3..6).contains(&number) {
                true => format!("{cell:>width$}  "),
                false => format!("{cell:width$}  "),
            };
            line.push_str(&cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
