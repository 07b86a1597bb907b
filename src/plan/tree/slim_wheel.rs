//! The plan of a wheel from which `slim` takes what nothing reads.

use std::collections::BTreeMap;

use crate::elf::{Edits, Strip};
use crate::plan::tree::slim::SlimPlan;
use crate::plan::{EntryOp, Reason, WheelPlan};
use crate::wheel::{ArchivePath, WheelFilename};

/// Makes a plan of the wheel out of what goes from its files. Name and tags stay.
#[must_use]
pub fn slim_wheel(
    filename: &WheelFilename,
    entries: &[ArchivePath],
    dist_info: &ArchivePath,
    slim: &SlimPlan,
) -> WheelPlan {
    let mut ops: BTreeMap<ArchivePath, EntryOp> = BTreeMap::new();
    for path in entries {
        let op = if let Some(kind) = slim.removed.get(path) {
            EntryOp::Remove(Reason::Slim(*kind))
        } else if slim.repacked.contains_key(path) {
            EntryOp::Edit(Edits {
                strip: Strip::All,
                ..Edits::default()
            })
        } else if path.below(dist_info.as_str()) == Some("RECORD") && !slim.is_empty() {
            EntryOp::Record
        } else if is_signature(path, dist_info) && !slim.is_empty() {
            EntryOp::Remove(Reason::Signature)
        } else {
            EntryOp::Keep
        };
        ops.insert(path.clone(), op);
    }
    WheelPlan {
        input: filename.to_string().into(),
        output: filename.clone(),
        ops,
        notes: Vec::new(),
        runs_on: None,
    }
}

fn is_signature(path: &ArchivePath, dist_info: &ArchivePath) -> bool {
    matches!(
        path.below(dist_info.as_str()),
        Some("RECORD.jws" | "RECORD.p7s")
    )
}
