//! Which package brought each library of a root: what the root's package databases say.

use std::collections::{BTreeMap, BTreeSet};

use super::sysroot::Sysroot;
use crate::error::Error;
use crate::packages::{
    Distribution, DpkgStatus, Licence, Package, PackageKind, apk_owners, copyright_licences,
    dpkg_listed, dpkg_may_own,
};
use crate::resolve::{ModulePath, Place};
use crate::wheel::{Headers, InstalledRecord};

/// Where apk keeps its database, since version 3 and before.
const APK: [&str; 2] = ["/usr/lib/apk/db/installed", "/lib/apk/db/installed"];
const DPKG: &str = "/var/lib/dpkg";
/// A larger database is not what it is called.
const MOST: u64 = 1 << 28;

/// Which package each of `files`, real paths of the root or of the machine, came from. What no package
/// owns is left out, as is what a database that is none would have told.
///
/// # Errors
/// When the machine fails to read what is there.
pub fn owners(
    sysroot: &Sysroot,
    files: &BTreeSet<ModulePath>,
) -> Result<BTreeMap<ModulePath, Package>, Error> {
    let of_root = files.iter().filter(|file| file.place() == Place::System);
    let wanted: BTreeSet<String> = of_root.flat_map(spellings).collect();
    let mut found: BTreeMap<String, Package> = BTreeMap::new();
    if !wanted.is_empty() {
        for text in APK.iter().filter_map(|place| text(sysroot, place)) {
            found.extend(apk_owners(&text, &wanted));
        }
        let of_root = files.iter().filter(|file| file.place() == Place::System);
        let of_root = of_root.filter(|file| dpkg_may_own(file.relative()));
        let wanted: BTreeSet<String> = of_root.flat_map(spellings).collect();
        if !wanted.is_empty() {
            found.extend(of_dpkg(sysroot, &wanted));
        }
    }
    let distribution = distribution(sysroot);
    let of_root = |file: &ModulePath| {
        let spelled = spellings(file);
        let package = spelled.iter().find_map(|path| found.get(path))?;
        Some(Package {
            distribution: distribution.clone(),
            ..package.clone()
        })
    };
    let owner = |file: &ModulePath| match file.place() {
        Place::System => of_root(file).or_else(|| of_wheel(sysroot, file)),
        _ => of_wheel(sysroot, file),
    };
    let owned = files.iter();
    let owned = owned.filter_map(|file| Some((file.clone(), owner(file)?)));
    let owned = owned.collect();
    sysroot.check_root()?;
    Ok(owned)
}

/// A path, and the other one that it has where `/lib` is a link to `/usr/lib`.
fn spellings(file: &ModulePath) -> [String; 2] {
    let path = file.relative();
    let other = match path.strip_prefix("usr/") {
        Some(rest) => rest.to_owned(),
        None => format!("usr/{path}"),
    };
    [path.to_owned(), other]
}

fn text(sysroot: &Sysroot, path: &str) -> Option<String> {
    let bytes = sysroot.bytes(&ModulePath::new(Place::System, path), MOST)?;
    let read = String::from_utf8(bytes);
    Some(read.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn distribution(sysroot: &Sysroot) -> Option<Distribution> {
    let texts = ["/etc/os-release", "/usr/lib/os-release"].iter();
    let mut texts = texts.filter_map(|path| text(sysroot, path));
    texts.find_map(|text| Distribution::parse(&text))
}

fn of_dpkg(sysroot: &Sysroot, wanted: &BTreeSet<String>) -> BTreeMap<String, Package> {
    let mut found = BTreeMap::new();
    let whole = text(sysroot, &format!("{DPKG}/status"));
    let whole = whole.map(|text| DpkgStatus::parse(&text));
    for (folder, ending) in [("info", ".list"), ("status.d", ".md5sums")] {
        let folder = format!("{DPKG}/{folder}");
        for name in sysroot.names(&ModulePath::new(Place::System, &folder)) {
            let Some(stem) = name.strip_suffix(ending) else {
                continue;
            };
            let Some(list) = text(sysroot, &format!("{folder}/{name}")) else {
                continue;
            };
            let owned = dpkg_listed(&list, wanted);
            if owned.is_empty() {
                continue;
            }
            let package = match (&whole, ending) {
                (Some(status), ".list") => status.of_list(stem).cloned(),
                _ => text(sysroot, &format!("{folder}/{stem}"))
                    .and_then(|text| DpkgStatus::parse(&text).of_list(stem).cloned()),
            };
            let Some(mut package) = package else {
                continue;
            };
            let copyright = format!("/usr/share/doc/{}/copyright", package.name);
            let copyright = text(sysroot, &copyright).unwrap_or_default();
            package.licences = copyright_licences(&copyright);
            found.extend(owned.into_iter().map(|path| (path, package.clone())));
        }
    }
    found
}

/// The wheel that was installed in one of the folders above a file, and lists it in its RECORD.
fn of_wheel(sysroot: &Sysroot, file: &ModulePath) -> Option<Package> {
    let mut folder = file.parent();
    loop {
        let inside = file.as_str().strip_prefix(folder.as_str())?;
        let inside = inside.trim_start_matches('/');
        for name in sysroot.names(&folder) {
            if name.ends_with(".dist-info")
                && let Some(package) = listed(sysroot, &folder.join(&name), inside)
            {
                return Some(package);
            }
        }
        let above = folder.parent();
        if above == folder {
            return None;
        }
        folder = above;
    }
}

fn listed(sysroot: &Sysroot, dist_info: &ModulePath, inside: &str) -> Option<Package> {
    let record = sysroot.bytes(&dist_info.join("RECORD"), MOST)?;
    InstalledRecord::parse(&record).ok()?.line(inside)?;
    let metadata = Headers::parse(&sysroot.bytes(&dist_info.join("METADATA"), MOST)?);
    let expression = metadata.get("License-Expression");
    let licence = match expression.as_deref().and_then(Licence::of_spdx_field) {
        Some(licence) => Some(licence),
        None => metadata
            .get("License")
            .and_then(|text| Licence::of_words(text.lines().next()?)),
    };
    Some(Package {
        kind: PackageKind::Wheel,
        name: metadata.get("Name")?,
        version: metadata.get("Version")?,
        architecture: None,
        source: None,
        licences: licence.into_iter().collect(),
        distribution: None,
    })
}
