//! The oldest glibc on which files load: what their symbol versions ask of it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::needs::links::{Leads, Links};
use crate::resolve::ModulePath;

/// The oldest glibc on which every file loads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GlibcFloor {
    /// Its version (`2.34`); `None` where no file asks for any.
    pub glibc: Option<String>,
    /// What keeps the files from some older glibc, newest first.
    pub causes: Vec<GlibcCause>,
}

/// A version of glibc that a file needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GlibcCause {
    /// The version of glibc (`2.34`).
    pub since: String,
    /// The symbol version as it stands in the file (`GLIBC_2.34`, `GLIBC_ABI_DT_RELR`).
    pub version: String,
    /// The file.
    pub file: ModulePath,
    /// A symbol of that version, by name the first; `None` where no symbol is told apart.
    pub symbol: Option<String>,
    /// How many symbols of that version the file needs.
    pub symbols: usize,
}

/// By this version a glibc that cannot load packed relocations refuses the file; 2.36 has it.
const RELR: &str = "GLIBC_ABI_DT_RELR";

/// What `files` ask of glibc. What they ask of libraries in the package is no matter.
pub(in crate::plan) fn glibc_floor(links: &Links, files: &BTreeSet<ModulePath>) -> GlibcFloor {
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
        for name in versions {
            let Some(version) = version_of(name) else {
                continue;
            };
            let symbols = file.facts.symbols.iter();
            let mut named: Vec<&str> = symbols
                .filter(|symbol| !symbol.defined && symbol.version == Some(name))
                .map(|symbol| symbol.name)
                .collect();
            named.sort_unstable();
            let cause = GlibcCause {
                since: version
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join("."),
                version: name.to_owned(),
                file: path.clone(),
                symbol: named.first().map(|name| (*name).to_owned()),
                symbols: named.len(),
            };
            causes.push((version, cause));
        }
    }
    causes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    GlibcFloor {
        glibc: causes.first().map(|(_, cause)| cause.since.clone()),
        causes: causes.into_iter().map(|(_, cause)| cause).collect(),
    }
}

/// The number in `GLIBC_2.34` or `GLIBC_2.2.5`, part by part.
fn version_of(name: &str) -> Option<Vec<u32>> {
    if name == RELR {
        return Some(vec![2, 36]);
    }
    let parts = name.strip_prefix("GLIBC_")?.split('.');
    let parts: Result<Vec<u32>, _> = parts.map(str::parse).collect();
    parts.ok()
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn versions_are_those_of_glibc_and_compare_as_numbers() {
        assert_eq!(version_of("GLIBC_2.34"), Some(vec![2, 34]));
        assert!(version_of("GLIBC_2.2.5") < version_of("GLIBC_2.14"));
        assert_eq!(version_of("GLIBC_ABI_DT_RELR"), Some(vec![2, 36]));
        assert_eq!(version_of("GLIBC_PRIVATE"), None);
        assert_eq!(version_of("GLIBCXX_3.4"), None);
    }
}
