//! What compilers, linkers and pip say, read for what is missing, and what brings it.

use std::collections::BTreeSet;

use crate::plan::build::lack::{Cause, Lack, PATTERNS, Pattern, program};
use crate::plan::build::providers::{cmake_provider, header_provider, library_provider};

/// What was missing, each once, in the order of the text.
pub fn lacks(text: &str) -> Vec<Lack> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |lack: Lack| {
        if seen.insert(lack.clone()) {
            found.push(lack);
        }
    };
    for line in text.lines() {
        for lack in of_line(line) {
            add(lack);
        }
        if let Some(wanted) = between(
            line,
            "Could not find a version that satisfies the requirement ",
            " (from versions: ",
        ) {
            add(project(line, wanted));
        }
    }
    // What an index that was not reached has is not known.
    if found.contains(&Lack::Network) {
        found.retain(|lack| !matches!(lack, Lack::Project { .. }));
    }
    found
}

fn of_line(line: &str) -> Vec<Lack> {
    let says = |part: &str| line.contains(part);
    if says("Killed signal terminated program")
        || says("signal: 9, SIGKILL")
        || says("cc1plus: out of memory")
        || says("virtual memory exhausted")
        || says("std::bad_alloc")
        || says("ld terminated with signal 9")
        || says("Cannot allocate memory")
    {
        return vec![Lack::Memory];
    }
    if says("No space left on device") {
        return vec![Lack::Space];
    }
    if says("THESE PACKAGES DO NOT MATCH THE HASHES") {
        return vec![Lack::Digest];
    }
    if says("Hashes are required in --require-hashes mode")
        || says("all requirements must have their versions pinned")
    {
        return vec![Lack::Unpinned];
    }
    if says("ResolutionImpossible") {
        return vec![Lack::Conflict];
    }
    // As `pip_helper.py` says it.
    if let Some((name, why)) = line.split_once(" was not fetched: ") {
        let cause = match why.contains("its SHA-256 is ") {
            true => Cause::Digest,
            false => Cause::Network,
        };
        return vec![Lack::Unread {
            page: name.trim().into(),
            why: why.into(),
            cause,
        }];
    }
    // A project that an index does not have is told of in the same way.
    let is_absent = says("Could not fetch URL ") && says(": 404 Client Error: ");
    if !is_absent
        && [
            "NewConnectionError",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "NameResolutionError",
            "SSLError",
            "ProxyError",
            "ConnectionError: ",
            "Could not fetch URL",
            "Temporary failure in name resolution",
            "HTTP error 5",
        ]
        .iter()
        .any(|part| says(part))
    {
        return vec![Lack::Network];
    }
    if let Some(wants) = between(line, "requires a different Python: ", "")
        && let Some((_, wants)) = wants.split_once(" not in ")
    {
        let wants = wants.trim_matches(|c: char| matches!(c, '\'' | '"' | ' '));
        return vec![Lack::Python {
            wants: wants.into(),
        }];
    }
    if let Some(list) = between(
        line,
        "Ignored the following versions that require a different python version: ",
        "",
    ) {
        // The newest comes last: `1.0 Requires-Python >=3.8; 2.0 Requires-Python >=3.14`.
        let newest = list.rsplit("; ").next().unwrap_or(list);
        let wants = newest
            .split_once("Requires-Python ")
            .map_or(newest, |(_, wants)| wants);
        return vec![Lack::Python {
            wants: wants.trim().into(),
        }];
    }
    if let Some(list) = between(line, "ERROR: Unknown compiler(s): [[", "]]") {
        let first = list.split(['\'', '"']).nth(1).unwrap_or_default();
        return vec![program(first)];
    }
    if let Some(name) =
        between(line, "/bin/sh: ", ": not found").or_else(|| between(line, "sh: ", ": not found"))
    {
        let name = name.rsplit(": ").next().unwrap_or(name);
        return vec![program(name)];
    }
    if let Some(name) = between(line, "sh: ", ": command not found") {
        let name = name.rsplit(": ").next().unwrap_or(name);
        return vec![program(name)];
    }
    let found = PATTERNS.iter().find_map(|pattern| {
        let name = between(line, pattern.before, pattern.after)?.trim();
        // An empty end takes the rest of the line: a name is one word.
        let name = match pattern.after {
            "" => name.split([' ', ':', ',', ';']).next().unwrap_or_default(),
            _ => name,
        };
        let name = name.trim_end_matches(['.', '\'', '"']);
        is_name(name, pattern).then(|| (pattern.lack)(name))
    });
    found.into_iter().collect()
}

/// What stands between two parts of a line; an empty second part: the rest.
fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    match after {
        "" => Some(rest),
        after => rest.split_once(after).map(|(name, _)| name),
    }
}

/// A name that may stand in a command line; a sentence without one needs none.
fn is_name(name: &str, pattern: &Pattern) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    let has_none = pattern.after.is_empty() && (pattern.lack)("x") == (pattern.lack)("y");
    has_none
        || (!name.is_empty() && name.len() < 100 && name.chars().all(fits))
        || matches!((pattern.lack)(name), Lack::Requirement(_))
}

fn project(line: &str, wanted: &str) -> Lack {
    let versions = between(line, " (from versions: ", ")").unwrap_or_default();
    let versions = versions
        .split(", ")
        .filter(|one| !one.is_empty() && *one != "none");
    // Who asks for it stands behind it.
    let wanted = wanted
        .split_once(" (from ")
        .map_or(wanted, |(wanted, _)| wanted);
    Lack::Project {
        requirement: wanted.into(),
        versions: versions.map(Into::into).collect(),
    }
}

/// What brings it, as a line to paste; `None`: no package of Alpine does.
pub fn apk_line(lacks: &[Lack]) -> Option<String> {
    let mut wanted: Vec<String> = Vec::new();
    for lack in lacks {
        let package = match lack {
            Lack::Header(name) => header_provider(name.as_str()).map(str::to_owned),
            Lack::Library(name) => library_provider(name.as_str()).map(str::to_owned),
            Lack::PkgConfig(name) => Some(format!("pc:{name}")),
            Lack::Program(name) => Some(format!("cmd:{name}")),
            Lack::Compiler("C") => Some("build-base".to_owned()),
            Lack::Compiler("C++") => Some("cmd:g++".to_owned()),
            Lack::Compiler("Fortran") => Some("cmd:gfortran".to_owned()),
            Lack::Compiler("Rust") => Some("cmd:cargo cmd:rustc".to_owned()),
            Lack::CMakePackage(name) => cmake_provider(name.as_str()).map(str::to_owned),
            _ => None,
        };
        wanted.extend(package.filter(|package| !wanted.contains(package)));
    }
    (!wanted.is_empty()).then(|| format!("apk add {}", wanted.join(" ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Text as programs print it, what is missing, and the line that brings it.
    #[test]
    fn what_compilers_and_pip_say_becomes_what_is_missing() {
        for (text, lack, line) in [
            (
                "src/x.c:2:10: fatal error: libpq-fe.h: No such file or directory",
                Lack::Header("libpq-fe.h".into()),
                "apk add pc:libpq",
            ),
            (
                "demo.c:1:10: fatal error: 'curl/curl.h' file not found",
                Lack::Header("curl/curl.h".into()),
                "apk add pc:libcurl",
            ),
            (
                "/usr/lib/gcc/x86_64-alpine-linux-musl/14.2.0/../../../../x86_64-alpine-linux-musl/bin/ld: cannot find -lyaml: No such file or directory",
                Lack::Library("yaml".into()),
                "apk add pc:yaml-0.1",
            ),
            (
                "  error: unable to find dynamic system library \"yaml\" using strategy mode_first. searched paths:",
                Lack::Library("yaml".into()),
                "apk add pc:yaml-0.1",
            ),
            (
                "ld.lld: error: unable to find library -lz",
                Lack::Library("z".into()),
                "apk add pc:zlib",
            ),
            (
                "Package libxmlsec1 was not found in the pkg-config search path.",
                Lack::PkgConfig("libxmlsec1".into()),
                "apk add pc:libxmlsec1",
            ),
            (
                "Package 'openblas', required by 'virtual:world', not found",
                Lack::PkgConfig("openblas".into()),
                "apk add pc:openblas",
            ),
            (
                "../meson.build:12:6: ERROR: Dependency \"freetype2\" not found, tried pkgconfig and cmake",
                Lack::PkgConfig("freetype2".into()),
                "apk add pc:freetype2",
            ),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'",
                Lack::Program("cmake".into()),
                "apk add cmd:cmake",
            ),
            (
                "../../meson.build:76:0: ERROR: Unknown compiler(s): [['gfortran'], ['flang'], ['ifort']]",
                Lack::Compiler("Fortran"),
                "apk add cmd:gfortran",
            ),
            (
                "error: can't find Rust compiler",
                Lack::Compiler("Rust"),
                "apk add cmd:cargo cmd:rustc",
            ),
            (
                "error: command 'gcc' failed: No such file or directory",
                Lack::Compiler("C"),
                "apk add build-base",
            ),
            (
                "error: command '/usr/bin/g++' failed: No such file or directory",
                Lack::Compiler("C++"),
                "apk add cmd:g++",
            ),
            (
                "  Could not find a package configuration file provided by \"Eigen3\" with any",
                Lack::CMakePackage("Eigen3".into()),
                "apk add pc:eigen3",
            ),
            (
                "  Could NOT find OpenSSL, try to set the path to OpenSSL root folder in the",
                Lack::CMakePackage("OpenSSL".into()),
                "apk add pc:openssl",
            ),
            (
                "/bin/sh: pg_config: not found",
                Lack::Program("pg_config".into()),
                "apk add cmd:pg_config",
            ),
            (
                "make: /bin/sh: line 1: bison: command not found",
                Lack::Program("bison".into()),
                "apk add cmd:bison",
            ),
        ] {
            let found = lacks(text);
            assert_eq!(found, [lack], "{text}");
            assert_eq!(apk_line(&found).as_deref(), Some(line), "{text}");
        }
    }

    #[test]
    fn what_no_package_brings_is_named_too() {
        for (text, lack) in [
            (
                "ERROR: Package 'demo' requires a different Python: 3.13.2 not in '>=3.14'",
                Lack::Python {
                    wants: ">=3.14".into(),
                },
            ),
            (
                "c++: fatal error: Killed signal terminated program cc1plus",
                Lack::Memory,
            ),
            (
                "error: could not compile `demo` (signal: 9, SIGKILL: kill)",
                Lack::Memory,
            ),
            (
                "/tmp/x.o: final close failed: No space left on device",
                Lack::Space,
            ),
            (
                "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(\"x\")': /simple/x/",
                Lack::Network,
            ),
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
                Lack::Digest,
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)",
                Lack::Project {
                    requirement: "nosuch".into(),
                    versions: Vec::new(),
                },
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement demo>=2 (from other->more) (from versions: 1.0, 1.1)",
                Lack::Project {
                    requirement: "demo>=2".into(),
                    versions: vec!["1.0".into(), "1.1".into()],
                },
            ),
            (
                "ERROR: ResolutionImpossible: for help visit",
                Lack::Conflict,
            ),
            (
                "ModuleNotFoundError: No module named 'numpy'",
                Lack::Module("numpy".into()),
            ),
            (
                "ERROR: Invalid requirement: 'a b': Expected end",
                Lack::Requirement("a b".into()),
            ),
        ] {
            let found = lacks(text);
            assert_eq!(found, [lack], "{text}");
            assert_eq!(apk_line(&found), None, "{text}");
        }
    }

    #[test]
    fn what_would_be_pasted_has_no_blanks_or_signs_of_a_shell() {
        for text in [
            "fatal error: a;rm -rf b: No such file or directory",
            "cannot find -l$(x)",
            "Package '`x`', required by 'y', not found",
            "error: command 'a b' failed: No such file or directory",
        ] {
            assert_eq!(lacks(text), [], "{text}");
        }
    }

    #[test]
    fn all_that_is_missing_is_in_one_line_each_once() {
        let text = "a.c:1:10: fatal error: zlib.h: No such file or directory\n\
                    b.c:1:10: fatal error: zlib.h: No such file or directory\n\
                    ld: cannot find -lz\nsh: cmake: not found\n";
        let line = apk_line(&lacks(text));
        assert_eq!(line.as_deref(), Some("apk add pc:zlib cmd:cmake"));
    }
}
