//! A wheel as text: its entries in their order, what its ELF files say, its metadata.

use std::fmt::Write as _;
use std::io::{Cursor, Read as _};

use wheelfix::elf::{self, RunPathKind};
use zip::ZipArchive;

pub fn describe(wheel: &[u8]) -> Result<String, String> {
    let mut archive = ZipArchive::new(Cursor::new(wheel)).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let mut metadata = String::new();
    let mut elf_files = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = entry
            .name()
            .map_err(|error| error.to_string())?
            .into_owned();
        let mode = entry.unix_mode().unwrap_or(0);
        let time = entry.last_modified().map(|time| time.to_string());
        let time = match time.as_deref() {
            Some("1980-01-01 00:00:00") | None => String::new(),
            Some(other) => format!("  {other}"),
        };
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{name}: {error}"))?;
        let kind = match mode & 0o170_000 {
            0o040_000 => "folder ",
            0o100_000 => "",
            _ => "strange ",
        };
        writeln!(text, "{kind}{:04o} {name}{time}", mode & 0o7777).unwrap();
        if elf::is_elf(&bytes) {
            elf_files.push(name);
            text.push_str(&facts(&bytes));
        } else if bytes.starts_with(b"#!python") {
            text.push_str(&indented(&bytes));
        } else if name.ends_with(".dist-info/WHEEL") {
            metadata.push_str("WHEEL\n");
            metadata.push_str(&indented(&bytes));
        } else if name.ends_with(".dist-info/RECORD") {
            metadata.push_str("RECORD\n");
            metadata.push_str(&indented(record(&bytes, &elf_files).as_bytes()));
        }
    }
    Ok(text + &metadata)
}

fn facts(bytes: &[u8]) -> String {
    let facts = match elf::read(bytes) {
        Ok(facts) => facts,
        Err(error) => return format!("       broken: {error}\n"),
    };
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "       {}", line.escape_debug()).unwrap();
    if let Some(soname) = &facts.soname {
        line(format!("soname {}", soname.as_str()));
    }
    for needed in &facts.needed {
        line(format!("needed {}", needed.as_str()));
    }
    for (kind, value) in [("RPATH", &facts.rpath), ("RUNPATH", &facts.runpath)] {
        if let Some(value) = value {
            line(format!("{kind} {value}"));
        }
    }
    if facts
        .run_path
        .as_ref()
        .is_some_and(|path| path.kind == RunPathKind::Runpath)
    {
        assert!(facts.runpath.is_some());
    }
    for need in &facts.version_needs {
        let versions: Vec<&str> = need.versions.iter().map(|one| one.name.as_str()).collect();
        line(format!(
            "versions of {}: {}",
            need.file.as_str(),
            versions.join(" ")
        ));
    }
    if let Some(count) = facts.relr {
        line(format!("{count} packed relocations"));
    }
    if facts.has_debug || facts.has_symbol_table {
        line("not stripped".to_owned());
    }
    if !facts.has_section_headers {
        line("no section headers".to_owned());
    }
    text
}

fn indented(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| match line {
        "" => "  |\n".to_owned(),
        other => format!("  | {}\n", other.replace('\r', "␍")),
    };
    text.lines().map(line).collect()
}

/// Without hashes and sizes of ELF files and of what tells their hashes: they are the editor's business,
/// and Python checks them.
fn record(bytes: &[u8], elf_files: &[String]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let row = |row: &str| {
        let path = match row
            .strip_prefix('"')
            .and_then(|rest| rest.split_once("\","))
        {
            Some((quoted, _)) => quoted.replace("\"\"", "\""),
            None => row.split(',').next().unwrap_or_default().to_owned(),
        };
        match elf_files.contains(&path) || path.ends_with(".cdx.json") {
            true => format!("{path},…\n"),
            false => format!("{row}\n"),
        }
    };
    text.lines().map(row).collect()
}
