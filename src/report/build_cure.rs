//! What a build lacks, and the cure, in words.

use crate::plan::{Cause, Lack, apk_line};

/// What is missing: one line each.
pub(super) fn lines(lacks: &[Lack]) -> String {
    let lines = lacks.iter().map(|lack| format!("\n  {}", line(lack)));
    lines.collect()
}

fn line(lack: &Lack) -> String {
    match lack {
        Lack::Header(name) => format!("a header is missing: {}", name),
        Lack::Library(name) => format!("a library is missing: -l{}", name),
        Lack::PkgConfig(name) => format!("pkg-config does not know {}", name),
        Lack::Program(name) => format!("a program is missing: {}", name),
        Lack::Compiler(language) => format!("a compiler is missing: {language}"),
        Lack::CMakePackage(name) => format!("CMake does not find {}", name),
        Lack::Python { wants } => format!("it is for other Pythons: {}", wants),
        Lack::Memory => "there was not enough memory".to_owned(),
        Lack::Space => "the disk is full".to_owned(),
        Lack::Network => "the index was not reached".to_owned(),
        Lack::Unread { page, why, .. } => format!("`{page}` was not read: {why}"),
        Lack::Digest => "a file is not the one that the requirements pin".to_owned(),
        Lack::Project {
            requirement,
            versions,
        } if versions.is_empty() => {
            format!("there is no `{}` for this Python and machine", requirement)
        }
        Lack::Project {
            requirement,
            versions,
        } => {
            let from = versions.len().saturating_sub(8);
            let last: Vec<String> = versions
                .iter()
                .skip(from)
                .map(|one| one.to_string())
                .collect();
            let dots = if from > 0 { "…, " } else { "" };
            format!(
                "there is no `{}`; there are {dots}{}",
                requirement,
                last.join(", ")
            )
        }
        Lack::Conflict => "no versions meet all requirements".to_owned(),
        Lack::Unpinned => "one requirement is pinned by a digest, so all have to be".to_owned(),
        Lack::Requirement(text) => format!("this is no requirement: {}", text),
        Lack::Module(name) => format!("its build imports `{}` and does not ask for it", name),
    }
}

/// What to do about it.
pub(super) fn hints(lacks: &[Lack]) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    hints.extend(
        apk_line(lacks).map(|line| format!("`{line}`, then run again: what is done is kept")),
    );
    for lack in lacks {
        let hint = match lack {
            Lack::Header(_) | Lack::Library(_) | Lack::CMakePackage(_)
                if apk_line(std::slice::from_ref(lack)).is_none() =>
            {
                "search pkgs.alpinelinux.org (Contents) for the file, and `apk add` its package".to_owned()
            }
            Lack::Python { .. } => "ask for another version of it, or build with such a Python (`--python`)".to_owned(),
            Lack::Memory => "`--jobs 1`, or give the container more memory".to_owned(),
            Lack::Space => "free some space where TMPDIR and the wheelhouse are; what is done is kept".to_owned(),
            Lack::Unread { cause: Cause::Digest, .. } => {
                "the server, or a proxy, gives another file than its page names: have that mended, or ask another index".to_owned()
            }
            Lack::Unread { cause: Cause::Denied, .. } => {
                "give credentials that it takes: in its address, in ~/.netrc or by `keyring` (see `pip help install`)".to_owned()
            }
            Lack::Network | Lack::Unread { .. } => {
                "run again: what has come is kept; without a network `--no-index --find-links DIR`".to_owned()
            }
            Lack::Digest => "find out who changed it; pin the new digest if that is meant".to_owned(),
            Lack::Project { versions, .. } if versions.is_empty() => {
                "see whether the name is spelled right, and whether the index (`pip config list`) has it".to_owned()
            }
            Lack::Project { .. } => "ask for a version that is there".to_owned(),
            Lack::Conflict => "loosen one of the requirements that pip names above".to_owned(),
            Lack::Unpinned => "pin all of them (`pip lock`, `uv pip compile --generate-hashes`), or none".to_owned(),
            Lack::Requirement(_) => "write it as `name>=1.0` (PEP 508)".to_owned(),
            Lack::Module(name) => format!(
                "put a wheel of {} into the wheelhouse, or ask for a version of the project that names it",
                name
            ),
            _ => continue,
        };
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints
}
