//! The examples of README.md and of `docs/`: each block of a shell, and each recipe, has a mark in the
//! comment before it, and what is marked to run is run, its output compared.
//!
//! ```text
//! <!-- run -->                      in a folder with dist/spam-….whl, alpine/, fixtures/; ends with 0
//! <!-- run: in=tree exit=1 -->      and with what tests/docs/tree.toml lays out; the last one ends with 1
//! <!-- not run: needs a network; scripts/recipes/dockerfile runs it -->
//! ```
//!
//! In a `console` block lines that begin with `$ ` are commands, and the others what they print (a line
//! `…` stands for any number); of `sh` blocks nothing is compared. `WHEELFIX_BLESS=1` writes the output anew.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::case::Case;
use super::run::{difference, masked, without_hashes, without_sizes};
use super::{scratch, tools};

/// Blocks of these kinds are examples.
const EXAMPLES: [&str; 11] = [
    "sh",
    "bash",
    "shell",
    "console",
    "Dockerfile",
    "dockerfile",
    "toml",
    "yaml",
    "yml",
    "ini",
    "python",
];
/// Those that can be run.
const RUNNABLE: [&str; 2] = ["sh", "console"];
const WHEEL: &str = "spam-1.0-cp313-cp313-linux_x86_64.whl";

/// Every page, with its path from the top.
pub fn pages() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md")];
    collect(Path::new("docs"), &mut found);
    found.sort();
    found
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(top().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

pub fn page(page: &Path) -> Result<(), String> {
    let text = fs::read_to_string(top().join(page)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut written: Vec<String> = Vec::new();
    let mut faults = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        written.push(line.to_owned());
        at += 1;
        let Some(kind) = line.strip_prefix("```") else {
            if line.starts_with("    $ ") || line.starts_with("    scripts/") {
                faults.push(format!(
                    "{}:{at}: fence this example: ```sh",
                    page.display()
                ));
            }
            continue;
        };
        let length = lines[at..].iter().position(|line| *line == "```");
        let end = at + length.ok_or(format!("{}:{at}: no end of this block", page.display()))?;
        let body = lines[at..end].join("\n");
        let before = lines[..at - 1].iter().rev().find(|line| !line.is_empty());
        match block(kind, before.copied().unwrap_or_default(), &body) {
            Ok(body) => written.extend(body.lines().map(str::to_owned)),
            Err(fault) => {
                faults.push(format!("{}:{at}: {fault}", page.display()));
                written.extend(body.lines().map(str::to_owned));
            }
        }
        written.push("```".to_owned());
        at = end + 1;
    }
    let written = written.join("\n") + "\n";
    if written != text && faults.is_empty() {
        fs::write(top().join(page), written).unwrap();
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n\n")),
    }
}

/// The block as it is to be written.
fn block(kind: &str, before: &str, body: &str) -> Result<String, String> {
    let is_command = |line: &str| line.starts_with("$ ") || line.starts_with("wheelfix ");
    if !EXAMPLES.contains(&kind) {
        return match body.lines().any(is_command) {
            true => {
                Err("this is an example of a shell: say so behind the fence, ```console".to_owned())
            }
            false => Ok(body.to_owned()),
        };
    }
    let mark = before
        .strip_prefix("<!-- ")
        .and_then(|rest| rest.strip_suffix(" -->"));
    let mark = mark.unwrap_or_default();
    if let Some(reason) = mark.strip_prefix("not run: ") {
        return reason_holds(reason).map(|()| body.to_owned());
    }
    let settings = match mark.strip_prefix("run") {
        Some("") => "",
        Some(rest) => rest
            .strip_prefix(": ")
            .ok_or(format!("what is `{mark}`?"))?,
        None => {
            return Err(format!(
                "this ```{kind} block has no mark: put `<!-- run -->`, `<!-- run: in=NAME exit=1 -->` or `<!-- not run: \
                 WHY; WHAT RUNS IT -->` before it (tests/cases_harness/docs.rs)"
            ));
        }
    };
    if !RUNNABLE.contains(&kind) {
        return Err(format!("a ```{kind} block cannot be run: say what runs it"));
    }
    let folder = scratch::folder();
    let mut exit = 0;
    lay_out(folder.path());
    for setting in settings.split(' ').filter(|setting| !setting.is_empty()) {
        match setting.split_once('=') {
            Some(("in", name)) => {
                let case = top().join("tests/docs").join(name).with_extension("toml");
                Case::read(&case)?.lay_out(folder.path())?;
            }
            Some(("exit", number)) => exit = number.parse().map_err(|_| "no number".to_owned())?,
            _ => return Err(format!("what is `{setting}` in the mark?")),
        }
    }
    match kind {
        "sh" => shell(folder.path(), body, exit).map(|_| body.to_owned()),
        _ => console(folder.path(), body, exit),
    }
}

/// A script that is said to run a block is there.
fn reason_holds(reason: &str) -> Result<(), String> {
    let words = reason.split([' ', ',', ';', '`']);
    for path in words.filter(|word| word.starts_with("scripts/") || word.starts_with("tests/")) {
        if !top().join(path).exists() {
            return Err(format!("the mark names {path}, which is not there"));
        }
    }
    Ok(())
}

fn lay_out(folder: &Path) {
    let fixtures = top().join("fixtures");
    fs::create_dir(folder.join("dist")).unwrap();
    fs::copy(fixtures.join(WHEEL), folder.join("dist").join(WHEEL)).unwrap();
    symlink(&fixtures, folder.join("fixtures")).unwrap();
    let copied = tools::tool("cp")
        .arg("-a")
        .arg(fixtures.join("alpine"))
        .arg(folder)
        .status();
    assert!(copied.unwrap().success());
    fs::create_dir(folder.join(".bin")).unwrap();
    for name in ["wheelfix", "auditwheel", "patchelf"] {
        symlink(
            env!("CARGO_BIN_EXE_wheelfix"),
            folder.join(".bin").join(name),
        )
        .unwrap();
    }
}

fn console(folder: &Path, body: &str, exit: i32) -> Result<String, String> {
    let mut lines = body.lines().peekable();
    let mut written = String::new();
    while let Some(first) = lines.next() {
        let Some(first) = first.strip_prefix("$ ") else {
            return Err(format!("`{first}` is before any command"));
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            command = command + "\n" + lines.next().unwrap_or_default();
        }
        let mut expected = String::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            expected = expected + line + "\n";
        }
        let wanted = if lines.peek().is_some() { 0 } else { exit };
        let found = shell(folder, &command, wanted)?;
        written = written + "$ " + &command + "\n";
        let blessed = std::env::var_os("WHEELFIX_BLESS").is_some()
            && !expected.lines().any(|line| line == "…");
        let (wants, has) = (plain(&command, &expected), plain(&command, &found));
        if matches(&wants, &has) {
            written.push_str(&expected);
        } else if blessed {
            written.push_str(&found);
        } else {
            let file = Path::new("the page");
            return Err(command + &difference(&wants, &has, file));
        }
    }
    Ok(written)
}

/// Without what differs from run to run, or with the bytes of the shim; of a build also without sizes.
fn plain(command: &str, text: &str) -> String {
    let text = masked(text, Path::new("/nowhere/at/all"));
    let line = |line: &str| {
        let line = without_hashes(line);
        let line = match command.contains("wheelfix build") {
            true => without_sizes(line),
            false => line,
        };
        line.trim_end().to_owned() + "\n"
    };
    text.lines().map(line).collect()
}

/// Equal, or equal but for what a line `…` stands for.
fn matches(expected: &str, found: &str) -> bool {
    fn from(expected: &[&str], found: &[&str]) -> bool {
        match expected.split_first() {
            None => found.is_empty(),
            Some((&"…", rest)) => (0..=found.len()).any(|skipped| from(rest, &found[skipped..])),
            Some((line, rest)) => found.first() == Some(line) && from(rest, &found[1..]),
        }
    }
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();
    from(&expected, &found)
}

/// Both streams of a piece of shell, as a terminal shows them.
fn shell(folder: &Path, program: &str, exit: i32) -> Result<String, String> {
    let output = tools::tool("sh")
        .arg("-ec")
        .arg(format!("exec 2>&1\n{program}"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}/.bin:/usr/bin:/bin", folder.display()))
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = text.replace(folder.to_str().unwrap(), "/home/you");
    match output.status.code() == Some(exit) {
        true => Ok(text),
        false => Err(format!(
            "{program}\nends with {:?} instead of {exit}:\n{text}",
            output.status.code()
        )),
    }
}

/// Each relative link leads to a file, and `docs/SUMMARY.md` to every page.
pub fn every_link_leads_somewhere() -> Result<(), String> {
    let mut faults = Vec::new();
    let mut listed = BTreeSet::new();
    for page in pages() {
        let text = fs::read_to_string(top().join(&page)).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap_or_default();
            let target = top().join(page.parent().unwrap()).join(file);
            if !target.exists() {
                faults.push(format!(
                    "{} links to {link}, which is not there",
                    page.display()
                ));
            } else if page.ends_with("SUMMARY.md") {
                listed.insert(target.canonicalize().unwrap());
            }
        }
    }
    for page in pages()
        .iter()
        .filter(|page| page.starts_with("docs") && !page.ends_with("SUMMARY.md"))
    {
        if !listed.contains(&top().join(page).canonicalize().unwrap()) {
            faults.push(format!("docs/SUMMARY.md does not name {}", page.display()));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n")),
    }
}

/// Each command has a page that names all of its flags; those that many share stand in `shared.md`.
pub fn every_flag_is_explained() -> Result<(), String> {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let read = |name: &str| {
        let path = format!("docs/commands/{name}.md");
        fs::read_to_string(top().join(&path)).map_err(|_| format!("there is no {path}"))
    };
    let shared = read("shared")?;
    let list = help(&["--help"]);
    let commands = list.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
        })
        .filter_map(|line| line.split(' ').next().filter(|name| *name != "help"))
        .collect();
    assert!(commands.len() > 10, "{list}");
    let mut faults = Vec::new();
    for command in commands {
        let page = read(command)?;
        for line in help(&[command, "--help"]).lines() {
            let line = line.trim_start();
            let flag = line.split([' ', ',']).find(|word| word.starts_with("--"));
            let Some(flag) = flag.filter(|_| line.starts_with('-')) else {
                continue;
            };
            let flag = flag.split(['=', '[', '.']).next().unwrap_or_default();
            let is_named = |text: &str| {
                text.match_indices(flag).any(|(at, _)| {
                    let next = text[at + flag.len()..].chars().next();
                    !next.is_some_and(|next| next.is_alphanumeric() || next == '-')
                })
            };
            if !is_named(&page) && !is_named(&shared) {
                faults.push(format!("docs/commands/{command}.md does not name {flag}"));
            }
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.join("\n")),
    }
}
