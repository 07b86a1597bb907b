//! What a repair put into a wheel and where that came from, as a value: a software bill of materials.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use crate::packages::Package;
use crate::wheel::ArchivePath;

/// What a repair put into a wheel and where that came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sbom {
    /// The repaired wheel.
    #[serde(serialize_with = "as_purl")]
    pub wheel: Package,
    /// Its file name.
    pub filename: String,
    /// The packages that grafted libraries came from.
    pub packages: Vec<SbomPackage>,
    /// Grafted libraries that no package owns.
    pub unowned: Vec<SbomFile>,
    /// What needs what; a component is named by [`Package::purl`] or by an unowned file's place.
    pub needs: BTreeMap<String, BTreeSet<String>>,
}

/// A package that grafted libraries came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomPackage {
    /// The package.
    #[serde(serialize_with = "as_purl")]
    pub package: Package,
    /// Its libraries, by their place in the wheel.
    pub files: Vec<SbomFile>,
}

/// A grafted library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomFile {
    /// Where it is in the wheel.
    #[serde(serialize_with = "as_text")]
    pub place: ArchivePath,
    /// Where it was: the path that its system's package gave it, else its name alone, since its folder
    /// would tell of the build machine only.
    pub source: String,
    /// SHA-256 of its bytes there, in hexadecimal.
    pub source_digest: String,
}

fn as_purl<S: Serializer>(package: &Package, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&package.purl())
}

fn as_text<S: Serializer>(path: &ArchivePath, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path.as_str())
}
