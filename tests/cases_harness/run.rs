//! Runs a case in a folder of its own and compares what comes of it with the file beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use similar::{ChangeTag, TextDiff};

use super::case::{Case, Run};
use super::{laws, sbom, schema, scratch, wheel_text};

/// Everything in a folder: each file's bytes, each link's target.
type Files = BTreeMap<String, Vec<u8>>;

pub fn test(path: &Path) -> Result<(), String> {
    let case = Case::read(path)?;
    let folder = scratch::folder();
    case.lay_out(folder.path())?;
    let mut found = String::new();
    for run in &case.run {
        found.push_str(&one_run(&case, run, folder.path())?);
    }
    let expected_at = path.with_extension("out");
    if std::env::var_os("WHEELFIX_BLESS").is_some() {
        fs::write(&expected_at, found).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(&expected_at).unwrap_or_default();
    match expected == found {
        true => Ok(()),
        false => Err(difference(&expected, &found, &expected_at)),
    }
}

fn one_run(case: &Case, run: &Run, folder: &Path) -> Result<String, String> {
    let before = files(folder);
    let arguments = arguments(run, &case.wheels(), folder);
    let output = wheelfix(folder, run, &arguments, &[]);
    let after = files(folder);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if stderr.contains("panicked") {
        return Err(format!("a panic:\n{stderr}"));
    }
    let exit = output.status.code();
    if exit != Some(run.exit) {
        let expected = run.exit;
        return Err(format!(
            "exit code {exit:?} instead of {expected}:\n{stderr}"
        ));
    }
    for (name, bytes) in &before {
        if after.get(name) != Some(bytes) && !run.replaces {
            return Err(format!("{name} was changed"));
        }
    }
    let written: Vec<&String> = after
        .keys()
        .filter(|name| after.get(*name) != before.get(*name))
        .collect();
    if run.exit == 0 && !run.replaces {
        laws::check(case, run, folder, &written)?;
    }
    let program = run.called.as_deref().unwrap_or("wheelfix");
    let mut text = format!("$ {program} {}\n", masked(&arguments.join(" "), folder));
    for (name, value) in &run.env {
        text = format!("$ {name}={value:?} \\\n{}", &text.replace("$ ", "  "));
    }
    writeln!(text, "exit {}", run.exit).unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    schema::check(&stdout)?;
    for (title, stream) in [("stdout", stdout.as_ref()), ("stderr", &stderr)] {
        if !stream.is_empty() {
            writeln!(text, "--- {title}").unwrap();
            text.push_str(&masked(stream, folder));
        }
    }
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    let removed: Vec<&String> = removed.collect();
    if written.is_empty() && removed.is_empty() {
        text.push_str("--- nothing written\n");
    }
    for name in removed {
        writeln!(text, "--- removed {name}").unwrap();
    }
    for name in written {
        let verb = if before.contains_key(name) {
            "replaced"
        } else {
            "wrote"
        };
        match fs::read_link(folder.join(name)) {
            Ok(target) => writeln!(text, "--- linked {name} to {}", target.display()).unwrap(),
            Err(_) => writeln!(text, "--- {verb} {name}").unwrap(),
        }
        if name.ends_with(".whl") {
            text.push_str(&wheel_text::describe(&after[name])?);
            if let Some(ending) = &run.shows {
                text.push_str(&sbom::shown(&after[name], ending));
            }
            sbom::check(&after[name], Path::new(name))?;
        }
    }
    text.push('\n');
    // The shim's bytes are in the hashes of what a port writes: no case is about them.
    let lines = text.split_inclusive('\n');
    match run.args.split(' ').next() {
        Some("port") => Ok(lines.map(without_hashes).collect()),
        Some("build") => Ok(lines.map(without_hashes).map(without_sizes).collect()),
        _ => Ok(text),
    }
}

/// A line without times and sizes, which a table has in columns as wide as they are.
pub fn without_sizes(line: String) -> String {
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let is_unit = |word: &str| {
        matches!(
            word.trim_end_matches([',', ';']),
            "s" | "bytes" | "kB" | "MB"
        )
    };
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let is_measure = |at: usize| {
        let unit = words
            .get(at + 1)
            .is_some_and(|unit| is_unit(unit.trim_end()));
        is_number(words[at]) && unit
    };
    if !(0..words.len()).any(is_measure) {
        return line;
    }
    let masked = words.iter().enumerate();
    let masked = masked.map(|(at, word)| match is_measure(at) {
        true => "…",
        false => word,
    });
    masked.collect::<Vec<&str>>().join(" ")
}

/// A line without hashes: of file names, of the shim, of what tells of it.
pub fn without_hashes(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some(at) = line.find("wheelfix-port.json,sha256=") {
        return format!("{}wheelfix-port.json,…\n", &line[..at]);
    }
    if let Some(at) = line.find("\"sha256\": \"") {
        return format!("{}\"sha256\": …\n", &line[..at]);
    }
    let is_hash = |word: &str| {
        word.len() > 9
            && word.as_bytes()[8] == b'.'
            && word.bytes().take(8).all(|byte| byte.is_ascii_hexdigit())
    };
    let dashes: Vec<usize> = line.match_indices('-').map(|(at, _)| at).collect();
    for at in dashes.into_iter().rev() {
        if line.get(at + 1..).is_some_and(is_hash) {
            line.replace_range(at + 1..at + 9, "…");
        }
    }
    line
}

pub fn arguments(run: &Run, wheels: &[String], folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let word = |word: &str| word.replace("{tmp}", folder);
    run.args
        .split_whitespace()
        .flat_map(|one| match one {
            "{wheels}" => wheels.to_vec(),
            other => vec![word(other)],
        })
        .collect()
}

pub fn wheelfix(folder: &Path, run: &Run, arguments: &[String], more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
    command.current_dir(folder).env_clear().args(arguments);
    if let Some(name) = &run.called {
        command.arg0(name);
    }
    for (name, value) in &run.env {
        command.env(name, value.replace("{tmp}", folder.to_str().unwrap()));
    }
    for (name, value) in more {
        command.env(name, value);
    }
    bounded(command)
}

/// What it says, within what any input may take: two seconds of a processor, many times as long where it is not
/// optimised, and 256 MiB. Past them it is ended, or finds no memory.
fn bounded(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let seconds = if cfg!(debug_assertions) { 16 } else { 2 };
    for (resource, most) in [(Resource::Cpu, seconds), (Resource::Data, 256 << 20)] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // It may have come to its end already.
        let _ = prlimit(Some(Pid::from_child(&child)), resource, limit);
    }
    child.wait_with_output().unwrap()
}

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                found.insert(name, target.into_os_string().into_encoded_bytes());
            } else {
                found.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

/// The text without what differs from run to run, or with each change of the packer.
pub fn masked(text: &str, folder: &Path) -> String {
    let text = text.replace(folder.to_str().unwrap(), "{tmp}");
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let parts: Vec<String> = line.split(", ").map(masked_part).collect();
    parts.join(", ")
}

fn masked_part(part: &str) -> String {
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    if let Some(colon) = part.find("size\": ") {
        let (key, value) = part.split_at(colon + 7);
        let end = value.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{key}…{end}");
    }
    let words: Vec<&str> = part.split(' ').collect();
    match words.as_slice() {
        [number, rest] if is_number(number) && rest.trim_end().trim_end_matches(';') == "s" => {
            format!("… {rest}")
        }
        [number, "s;", rest @ ..] if is_number(number) => format!("… s; {}", rest.join(" ")),
        [one, _, "→", another, _] if is_number(one) && is_number(another) => "… → …".to_owned(),
        _ => part.to_owned(),
    }
}

pub fn difference(expected: &str, found: &str, file: &Path) -> String {
    let file = file.file_name().unwrap().to_string_lossy();
    let mut text = format!("\n  - as {file} has it\n  + as it came\n\n");
    let diff = TextDiff::from_lines(expected, found);
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            text.push_str("  ⋮\n");
        }
        for change in group
            .iter()
            .flat_map(|operation| diff.iter_changes(operation))
        {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            write!(text, "  {sign} {}", change.value()).unwrap();
            if !change.value().ends_with('\n') {
                text.push('\n');
            }
        }
    }
    text.push_str(
        "\nWHEELFIX_BLESS=1 writes the file anew; read the change before you commit it.\n",
    );
    text
}
