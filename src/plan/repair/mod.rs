//! What makes a wheel fit to ship.

pub(in crate::plan) mod debug;
pub(in crate::plan) mod graft;
pub(in crate::plan) mod headers;
pub(in crate::plan) mod input;
pub(in crate::plan) mod launcher;
pub(in crate::plan) mod naming;
pub(in crate::plan) mod options;
pub(in crate::plan) mod plan;
pub(in crate::plan) mod run_path;
pub(in crate::plan) mod runs;
pub(in crate::plan) mod sbom;
pub(in crate::plan) mod sbom_json;
pub(in crate::plan) mod sbom_plan;
pub(in crate::plan) mod tags;
