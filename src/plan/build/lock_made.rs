//! A lock out of what pip resolved and what an index has.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::plan::build::lock::{Dependency, Locked, LockedFile, normalised, percent_decoded};
use crate::plan::build::target::Target;
use crate::wheel::WheelFilename;

/// What `pip install --report` says, as far as it matters.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PipReport {
    /// What would be installed.
    #[serde(default)]
    pub install: Vec<Resolved>,
}

/// A package that pip chose.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Resolved {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Metadata,
    /// The file it was resolved with.
    #[serde(default)]
    pub download_info: DownloadInfo,
    /// Was this version taken back?
    #[serde(default)]
    pub is_yanked: bool,
    /// Was it asked for by address?
    #[serde(default)]
    pub is_direct: bool,
}

/// What a package says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Metadata {
    /// The project as it writes itself.
    #[serde(default)]
    pub name: String,
    /// The version.
    #[serde(default)]
    pub version: String,
    /// Requirements (PEP 508).
    #[serde(default)]
    pub requires_dist: Vec<String>,
}

/// Where a file is.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DownloadInfo {
    /// Its address.
    #[serde(default)]
    pub url: String,
    /// Its digests, where it is an archive.
    #[serde(default)]
    pub archive_info: ArchiveInfo,
}

/// The digests of an archive.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ArchiveInfo {
    /// By algorithm.
    #[serde(default)]
    pub hashes: BTreeMap<String, String>,
}

/// A file that an index offers of a project.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Candidate {
    /// The version that its name speaks of.
    pub version: String,
    /// Its name.
    pub filename: String,
    /// Its address.
    pub url: String,
    /// Its SHA-256, where the index says it.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// The packages of a lock: of each the files of the version that was resolved, as far as the target can
/// use them and `pinned` (SHA-256 by project) allows them. What lies in the folder `stand_ins` is nothing but
/// metadata.
pub fn locked_packages(
    report: &PipReport,
    candidates: &BTreeMap<String, Vec<Candidate>>,
    pinned: &BTreeMap<String, BTreeSet<String>>,
    target: &Target,
    stand_ins: &str,
) -> Vec<Locked> {
    let all: BTreeSet<String> = report
        .install
        .iter()
        .map(|one| normalised(&one.metadata.name))
        .collect();
    let mut packages = Vec::new();
    for one in &report.install {
        let name = normalised(&one.metadata.name);
        let url = &one.download_info.url;
        let mut files = vec![LockedFile::at(
            url,
            one.download_info.archive_info.hashes.clone(),
        )];
        // An address has blanks and their like in other words than a path.
        let is_stand_in = percent_decoded(url).is_none_or(|url| url.contains(stand_ins));
        files.retain(|_| !is_stand_in);
        // A package by address has no other files.
        if !one.is_direct {
            let offered = candidates.get(&name).into_iter().flatten();
            let offered = offered.filter(|file| file.version == one.metadata.version);
            files.extend(offered.map(|file| {
                let sum = file.sha256.iter();
                let sum = sum.map(|sum| ("sha256".to_owned(), sum.clone()));
                LockedFile::at(&file.url, sum.collect())
            }));
        }
        let allowed = pinned.get(&name);
        let mut seen = BTreeSet::new();
        files.retain(|file| {
            let fits = allowed.is_none_or(|sums| sums.contains(file.sha256()));
            fits && seen.insert(file.file_name().to_owned())
        });
        let needs: BTreeSet<String> = one
            .metadata
            .requires_dist
            .iter()
            .map(|text| normalised(project_of(text)))
            .filter(|need| all.contains(need) && *need != name)
            .collect();
        let mut package = Locked {
            name,
            version: Some(one.metadata.version.clone()),
            dependencies: needs.into_iter().map(|name| Dependency { name }).collect(),
            ..Locked::default()
        };
        for file in files {
            match WheelFilename::parse(file.file_name()) {
                Ok(wheel) => {
                    if target.use_of(&wheel).is_some() {
                        package.wheels.push(file);
                    }
                }
                // A wheel of a name that none has is no source archive.
                Err(_) if file.file_name().ends_with(".whl") => {}
                Err(_) => {
                    package.sdist.get_or_insert(file);
                }
            }
        }
        package
            .wheels
            .sort_by(|a, b| a.file_name().cmp(b.file_name()));
        packages.push(package);
    }
    packages
}

/// The project that a requirement (PEP 508) names.
pub fn project_of(requirement: &str) -> &str {
    let end =
        requirement.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    requirement
        .get(..end.unwrap_or(requirement.len()))
        .unwrap_or_default()
}

/// The files that a file of requirements includes, in its order.
pub fn included_files(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        // A remark begins behind a blank; a short flag needs none before its value.
        let line = line.split(" #").next().unwrap_or_default().trim();
        let long = ["--requirement", "--constraint"].iter();
        let rest = ["-r", "-c"]
            .iter()
            .chain(long)
            .find_map(|flag| line.strip_prefix(flag))?;
        let rest = rest.trim_start_matches([' ', '=', '\t']);
        Some(rest).filter(|rest| !rest.is_empty() && !rest.contains("://"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::Arch;

    const TARGET: Target = Target {
        python: (3, 13),
        free_threaded: false,
        arch: Arch::X86_64,
    };

    fn locked(url: &str, files: &[&str]) -> Vec<Locked> {
        let report = PipReport {
            install: vec![Resolved {
                metadata: Metadata {
                    name: "demo".to_owned(),
                    version: "1.0+x".to_owned(),
                    ..Metadata::default()
                },
                download_info: DownloadInfo {
                    url: url.to_owned(),
                    ..DownloadInfo::default()
                },
                ..Resolved::default()
            }],
        };
        let file = |url: &&str| Candidate {
            version: "1.0+x".to_owned(),
            url: (*url).to_owned(),
            ..Candidate::default()
        };
        let files = files.iter().map(file).collect();
        let candidates = BTreeMap::from([("demo".to_owned(), files)]);
        locked_packages(
            &report,
            &candidates,
            &BTreeMap::new(),
            &TARGET,
            "/a b/resolve",
        )
    }

    #[test]
    fn a_stand_in_is_no_file_of_a_package_however_its_address_is_written() {
        let sdist = "https://index.example/demo-1.0%2Bx.tar.gz";
        for stand_in in [
            "file:///a%20b/resolve/demo-1.0%2Bx-py3-none-any.whl",
            "file:///a b/resolve/demo-1.0+x-py3-none-any.whl",
            "file:///%zz/demo-1.0+x-py3-none-any.whl",
        ] {
            let packages = locked(stand_in, &[sdist]);
            assert!(
                packages.iter().all(|one| one.wheels.is_empty()),
                "{stand_in}"
            );
            assert!(packages.iter().all(|one| one.sdist.is_some()), "{stand_in}");
        }
    }

    #[test]
    fn a_wheel_of_a_local_version_is_a_wheel() {
        let wheel = "https://index.example/demo-1.0%2Bx-py3-none-any.whl";
        let broken = "https://index.example/demo.whl";
        let packages = locked(wheel, &[broken]);
        let names = packages.iter().flat_map(|one| &one.wheels);
        let names: Vec<&str> = names.map(LockedFile::file_name).collect();
        assert_eq!(names, ["demo-1.0+x-py3-none-any.whl"]);
        assert!(packages.iter().all(|one| one.sdist.is_none()));
    }

    #[test]
    fn included_files_are_found_however_they_are_asked_for() {
        let text = "-r one.txt\n-rtwo.txt # why\n--requirement=three.txt\n-c  four.txt\n# -r no\nrich\n-r https://e/x\n";
        let found: Vec<&str> = included_files(text).collect();
        assert_eq!(found, ["one.txt", "two.txt", "three.txt", "four.txt"]);
    }
}
