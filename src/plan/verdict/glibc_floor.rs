//! On which glibc files load: what their symbol versions ask of it, and from which release on it
//! refuses them.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::elf::Arch;
use crate::plan::needs::hindrance::{NO_EXECUTABLE_STACK, wanting_stack};
use crate::plan::needs::links::{Leads, Links};
use crate::policy::GlibcVersion;
use crate::resolve::{Graph, ModulePath};
use crate::wheel::Untrusted;

/// The oldest glibc on which every file loads, and the first that refuses one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GlibcFloor {
    /// Its version (`2.34`); `None` where no file asks for any, or for none that is known.
    pub glibc: Option<Untrusted>,
    /// What keeps the files from some older glibc, newest first.
    pub causes: Vec<GlibcCause>,
    /// Versions of which nothing tells the glibc that has them; `since` says so.
    pub unknown: Vec<GlibcCause>,
    /// The release from which on some file is refused.
    pub not_from: Option<&'static str>,
    /// The files that it refuses: each asks for an executable stack and is loaded with dlopen.
    pub refused: Vec<ModulePath>,
}

/// A version of glibc that a file needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GlibcCause {
    /// The version of glibc (`2.34`), or why it is not known.
    pub since: Untrusted,
    /// The symbol version as it stands in the file (`GLIBC_2.34`, `GLIBC_ABI_DT_RELR`).
    pub version: Untrusted,
    /// The file.
    pub file: ModulePath,
    /// A symbol of that version, by name the first; `None` where no symbol is told apart.
    pub symbol: Option<Untrusted>,
    /// How many symbols of that version the file needs.
    pub symbols: usize,
}

/// What is said where a version is not in the tables.
const UNKNOWN: &str = "unknown, newer than the tables";
const PRIVATE: &str = "unknown: private to the glibc that it was built with";

/// What `files` ask of glibc. What they ask of libraries in the package is no matter.
pub(in crate::plan) fn glibc_floor(
    graph: &Graph,
    links: &Links,
    files: &BTreeSet<ModulePath>,
    arch: Arch,
) -> GlibcFloor {
    let mut causes = Vec::new();
    for path in files {
        let Some(file) = links.files.get(path) else {
            continue;
        };
        let inside: BTreeSet<&str> = links
            .of(path)
            .filter(|(_, leads)| matches!(leads, Leads::Inside { .. }))
            .map(|(name, _)| name.as_str())
            .collect();
        let needs = file.facts.version_needs.iter();
        let versions: BTreeSet<&str> = needs
            .filter(|need| !inside.contains(need.file.as_str()))
            .flat_map(|need| need.versions.iter().map(|version| version.name.as_str()))
            .collect();
        // By version, the first symbol that asks for it, and how many do.
        let mut asking: HashMap<&str, (&str, usize)> = HashMap::new();
        for symbol in file.facts.symbols.iter().filter(|symbol| !symbol.defined) {
            if let Some(version) = symbol.version {
                let (first, count) = asking.entry(version).or_insert((symbol.name, 0));
                *first = symbol.name.min(first);
                *count = count.saturating_add(1);
            }
        }
        for name in versions {
            let Some(version) = GlibcVersion::of(name) else {
                continue;
            };
            let asking = asking.get(name);
            let cause = GlibcCause {
                since: since(version).into(),
                version: name.into(),
                file: path.clone(),
                symbol: asking.map(|(first, _)| (*first).to_owned()).map(Into::into),
                symbols: asking.map_or(0, |(_, count)| *count),
            };
            causes.push((version, cause));
        }
    }
    causes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let (known, unknown): (Vec<_>, Vec<_>) = causes
        .into_iter()
        .partition(|(version, _)| version.release().is_some());
    let refused: Vec<ModulePath> = wanting_stack(graph, files, arch).into_keys().collect();
    GlibcFloor {
        glibc: known.first().map(|(_, cause)| cause.since.clone()),
        causes: known.into_iter().map(|(_, cause)| cause).collect(),
        unknown: unknown.into_iter().map(|(_, cause)| cause).collect(),
        not_from: (!refused.is_empty()).then_some(NO_EXECUTABLE_STACK),
        refused,
    }
}

fn since(version: GlibcVersion) -> String {
    match version {
        GlibcVersion::Since(major, minor, 0) => format!("{major}.{minor}"),
        GlibcVersion::Since(major, minor, patch) => format!("{major}.{minor}.{patch}"),
        GlibcVersion::Private => PRIVATE.to_owned(),
        GlibcVersion::Unknown => UNKNOWN.to_owned(),
    }
}
