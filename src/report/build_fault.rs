//! What went wrong in a build, in words, with the cure.

use super::build_cure::{hints, lines};
use crate::plan::{BuildFault, Lack};
use crate::wheel::{Untrusted, escape};

/// Lines of a program's text that are worth showing.
const SHOWN: usize = 20;

/// The whole text.
pub(super) fn words(fault: &BuildFault) -> String {
    let (text, hints) = told(fault);
    let hints = hints.iter().map(|hint| format!("\n\nhint: {hint}"));
    format!("{text}{}", hints.collect::<String>())
}

fn told(fault: &BuildFault) -> (String, Vec<String>) {
    match fault {
        BuildFault::Engine { doing, said, lacks } => {
            let text = match lacks.as_slice() {
                [] => format!(":\n{}", quoted(said.as_str())),
                // Who names it is told by pip alone.
                [Lack::Conflict, ..] => format!(":{}\n{}", lines(lacks), quoted(said.as_str())),
                lacks => format!(":{}", lines(lacks)),
            };
            (format!("cannot {}{text}", doing), hints(lacks))
        }
        BuildFault::Lock { path, why } => (
            format!(
                "`{}` is no lock to go by: {}",
                Untrusted::from(path),
                quoted(why.as_str()).trim()
            ),
            vec![
                "let the tool that wrote it write it again (PEP 751), or resolve anew with `--upgrade`"
                    .to_owned(),
            ],
        ),
        BuildFault::Yanked { packages } => (
            format!(
                "taken back (yanked) by whoever published it: {}",
                packages.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
            ),
            vec![
                "ask for another version; whoever means this very file pins it with `--hash`, or by a lock"
                    .to_owned(),
            ],
        ),
        BuildFault::NoArchive { package } => (
            format!(
                "{} is asked for by the address of a repository or a folder, which a lock cannot hold to a digest",
                package
            ),
            vec![
                "build its archive first (`python3 -m build --sdist`), and add its folder with `--find-links`"
                    .to_owned(),
            ],
        ),
        BuildFault::Digest {
            file,
            expected,
            found,
        } => (
            format!(
                "`{}` is not the file that the lock names\n  sha256 of the lock  {}\n  sha256 of the file  {}",
                file,
                expected,
                found
            ),
            vec!["find out who changed it; if the new file is meant, resolve anew with `--upgrade`".to_owned()],
        ),
        BuildFault::NotFetched { file, why } => (
            format!("`{}` did not come: {}", file, quoted(why.as_str()).trim_start()),
            vec!["run again: what has come is kept".to_owned()],
        ),
        BuildFault::StillWrong { file, findings } => {
            let lines = findings.iter().map(|one| format!("\n  {one}"));
            (
                format!("`{}` is wrong, also when it is mended:{}", file, lines.collect::<String>()),
                vec!["`wheelfix check` tells of it; another version may be right".to_owned()],
            )
        }
        BuildFault::NoWay {
            package,
            target,
            forbidden,
        } => (
            format!(
                "no file of {} leads to a wheel for {}",
                package,
                target
            ),
            vec![match forbidden {
                Some(flag) => format!("leave out `{flag}`"),
                None => "ask for another version, or for another Python".to_owned(),
            }],
        ),
        BuildFault::Foreign { package } => (
            format!("`{}` has no wheel that fits, and is not compiled here: this is not the Alpine that it is for", package),
            vec!["run `wheelfix build` on the Alpine itself, without `--sysroot`".to_owned()],
        ),
        BuildFault::NotBuilt {
            package,
            said,
            lacks,
            log,
        } => {
            let why = match lacks.as_slice() {
                [] => format!(":\n{}", quoted(said.as_str())),
                lacks => format!(":{}", lines(lacks)),
            };
            let mut all = hints(lacks);
            all.push(format!("all of it is in `{}`", Untrusted::from(log)));
            (format!("{} was not built{why}", package), all)
        }
    }
}

/// The end of what a program said, two blanks to the right.
fn quoted(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(SHOWN);
    let shown = lines.get(from..).unwrap_or_default();
    let shown: Vec<String> = shown
        .iter()
        .map(|line| format!("  {}", escape(line)))
        .collect();
    shown.join("\n")
}
