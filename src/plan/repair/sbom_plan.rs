//! Makes the bill of materials of a repair.

use std::collections::{BTreeMap, BTreeSet};

use crate::packages::{Package, PackageKind};
use crate::plan::repair::naming::hex;
use crate::plan::repair::sbom::{Sbom, SbomFile, SbomPackage};
use crate::plan::{EntryOp, WheelPlan};
use crate::resolve::ModulePath;
use crate::wheel::ArchivePath;

/// Write a bill of materials into the wheel's metadata, if the plan grafts anything. `dist_info` is the
/// metadata's folder, `owners` says which package each source came from.
///
/// Source: PEP 770 (`.dist-info/sboms/`). What is there already stays.
pub fn add_sbom(
    plan: &mut WheelPlan,
    dist_info: &ArchivePath,
    owners: &BTreeMap<ModulePath, Package>,
) {
    if plan.grafts().next().is_none() {
        return;
    }
    let sbom = sbom_of(plan, owners);
    let names = (1_u32..).map(|number| match number {
        1 => "sboms/wheelfix.cdx.json".to_owned(),
        _ => format!("sboms/wheelfix-{number}.cdx.json"),
    });
    let mut places = names.map_while(|name| dist_info.join(&name).ok());
    if let Some(place) = places.find(|place| !plan.ops.contains_key(place)) {
        plan.ops.insert(place, EntryOp::Sbom(sbom));
    }
}

fn sbom_of(plan: &WheelPlan, owners: &BTreeMap<ModulePath, Package>) -> Sbom {
    let wheel = Package {
        kind: PackageKind::Wheel,
        name: plan.output.distribution.clone(),
        version: plan.output.version.clone(),
        architecture: None,
        source: None,
        licences: Vec::new(),
        distribution: None,
    };
    let mut packages: BTreeMap<&Package, Vec<SbomFile>> = BTreeMap::new();
    let mut unowned = Vec::new();
    // The component of each graft, by the graft's name.
    let mut components: BTreeMap<&str, String> = BTreeMap::new();
    for (place, source) in plan.grafts() {
        let owner = owners.get(&source.path);
        let file = SbomFile {
            place: place.clone(),
            source: match owner {
                Some(package) if package.kind != PackageKind::Wheel => {
                    source.path.as_str().to_owned()
                }
                _ => source.path.file_name().to_owned(),
            },
            source_digest: hex(&source.digest),
        };
        components.insert(
            place.file_name(),
            owner.map_or_else(|| place.to_string(), Package::purl),
        );
        match owner {
            Some(package) => packages.entry(package).or_default().push(file),
            None => unowned.push(file),
        }
    }
    let packages = packages.into_iter().map(|(package, files)| SbomPackage {
        package: package.clone(),
        files,
    });
    Sbom {
        needs: needs_of(plan, &wheel.purl(), &components),
        filename: plan.output.to_string(),
        packages: packages.collect(),
        unowned,
        wheel,
    }
}

/// What each component needs of the others; one that needs none has an empty set.
fn needs_of(
    plan: &WheelPlan,
    wheel: &str,
    components: &BTreeMap<&str, String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let all = components.values().cloned().chain([wheel.to_owned()]);
    let mut needs: BTreeMap<String, BTreeSet<String>> =
        all.map(|component| (component, BTreeSet::new())).collect();
    for (place, op) in &plan.ops {
        let (from, edits) = match op {
            EntryOp::Graft { edits, .. } => match components.get(place.file_name()) {
                Some(from) => (from.as_str(), edits),
                None => continue,
            },
            EntryOp::Edit(edits) | EntryOp::Move { edits, .. } => (wheel, edits),
            _ => continue,
        };
        let wanted = edits.rename_needed.values();
        let wanted = wanted.filter_map(|name| components.get(name.as_str()));
        for to in wanted.filter(|to| *to != from) {
            needs.entry(from.to_owned()).or_default().insert(to.clone());
        }
    }
    needs
}
