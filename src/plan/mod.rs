//! What will change, as a value: nothing is done yet, nothing here can do it.

mod build;
mod needs;
mod note;
mod port;
mod repair;
mod rules;
mod stand_in;
mod tree;
mod verdict;
mod wheel_plan;

pub use build::choice::{ChoiceOptions, Step, Way, Why, steps};
pub use build::cure::{apk_line, lacks};
pub use build::fault::BuildFault;
pub use build::jobs::{ENVIRONMENT, Jobs, SizeFlags, environment, jobs};
pub use build::lack::{Cause, Lack};
pub use build::lock::{Lock, Locked, LockedFile, normalised, percent_decoded};
pub use build::lock_made::{Candidate, PipReport, included_files, locked_packages, project_of};
pub use build::record::{How, Made};
pub use build::target::{Target, Use};
pub use needs::exclusions::Exclusions;
pub use needs::installed::{LAUNCHER_FOLDER_SUFFIX, installed};
pub use needs::no_module::{BEGINNING, NoModule};
pub use needs::obstacle::{Blocker, MissingLibrary, Obstacle};
pub use needs::settle::settle;
pub use needs::subject::{ElfEntry, Package, Platform, Subject, Unsettled, elf_of};
pub use needs::target::{Requested, libc_of_wheel, machine_of};
pub use needs::unloadable::{set_aside, take_excluded};
pub use needs::world::PackageWorld;
pub use note::{Limit, Note};
pub use port::input::{PortInput, PortWheel};
pub use port::obstacle::PortObstacle;
pub use port::plan::{PortPlan, port, ported_name};
pub use port::proof::{Written, prove_port};
pub use port::provenance::{PROVENANCE, Provenance};
pub use port::world::{PortWorld, RuntimeFolders};
pub use repair::debug::debug_place;
pub use repair::input::{NoPlan, RepairInput};
pub use repair::naming::hex;
pub use repair::options::{RelrChoice, RepairOptions};
pub use repair::plan::{promise_too_wide, repair};
pub use repair::sbom::{Sbom, SbomFile, SbomPackage};
pub use repair::sbom_json::sbom_json;
pub use repair::sbom_plan::add_sbom;
pub use rules::archive::{ArchiveFault, Listing, Mismatch};
pub use rules::choice::RuleChoice;
pub use rules::degree::Degree;
pub use rules::fault::Fault;
pub use rules::files::{FileFault, StackRequest};
pub use rules::floors::{FloorFault, MuslAge};
pub use rules::needs::{NeedFault, Sought};
pub use rules::rule::{Rule, Told};
pub use rules::tags::TagFault;
pub use stand_in::auditwheel::{Audit, AuditInput, Upgrade, audit};
pub use stand_in::auditwheel_select::{Refusal, Selection, select};
pub use stand_in::auditwheel_tree::{AuditLibrary, AuditTree, Disk, TreeRequest, audit_tree};
pub use stand_in::patchelf::{
    Printed, RunPathRequest, SingleFileRequest, os_abi_number, printed, single_file_edits,
};
pub use tree::classes::TreeElf;
pub use tree::dedupe::{DedupeInput, candidates, dedupe};
pub use tree::dedupe_store::library_name;
pub use tree::includes::{Include, includes};
pub use tree::kinds::{is_source, may_include, may_list};
pub use tree::simulate::{Simulation, module_path, simulate};
pub use tree::size::{Category, PackageSize, Savings, TreeSize, size};
pub use tree::slim::{SlimInput, SlimKind, SlimOptions, SlimPlan, slim};
pub use tree::slim_readers::{sources_compiled_in, sources_listed};
pub use tree::slim_sources::SourceFacts;
pub use tree::slim_tests::may_name_test;
pub use tree::slim_wheel::slim_wheel;
pub use tree::tree_plan::{
    Apart, Distribution, LinkTarget, Merged, STORE, STORE_INFO, STORE_MANIFEST, Tree, TreeFile,
    TreePlan, followed_link, relative_link,
};
pub use verdict::check::{check, copies_under_other_names};
pub use verdict::check_needs::name_clashes;
pub use verdict::glibc_floor::{GlibcCause, GlibcFloor};
pub use verdict::inspect::{Carried, InspectInput, Inspection, Needed, inspect};
pub use wheel_plan::{EntryOp, Reason, RunsOn, SourceLibrary, WheelPlan};
