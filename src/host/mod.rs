//! The only floor that touches the machine: it reads what a plan is made from, and does
//! what a plan says, or nothing.
#![allow(clippy::disallowed_methods)]

mod apply_wheel;
mod build;
mod debug_files;
mod edit_file;
mod examine;
mod examine_tree;
mod file_source;
mod gather;
mod gather_file;
mod interrupt;
mod limits;
mod no_modules;
mod open;
mod output_options;
mod owners;
mod path_kind;
mod port_wheels;
mod publish;
mod sysroot;
mod threads;
mod tree;
mod verify_import;
mod written;

pub use apply_wheel::{apply_wheel, copy_wheel, write_wheel};
pub use build::{
    Engine, Pip, PipOptions, StandIn, TargetAsked, Unreached, Wheelhouse, absolute, cores,
    find_target, free_memory, is_same_file, local_file, read_text, sha256_of, size_of,
    surroundings, variables,
};
pub use debug_files::write_debug_files;
pub use edit_file::{check_page, holds_library, read_file, read_value, write_edited, write_page};
pub use examine::{examine, wheels_in};
pub use examine_tree::examine_tree;
pub use file_source::FileSource;
pub use gather::{GatherOptions, Gathered, Judged, gather, judge, load};
pub use gather_file::{AuditTreeOptions, gather_audit_tree, gather_file, gather_file_alone};
pub use interrupt::expect_size_limit;
pub use limits::{LimitRow, Limits};
pub use open::if_there;
pub use output_options::{OutputOptions, check_folder};
pub use owners::owners;
pub use path_kind::{PathKind, path_kind};
pub use port_wheels::{PortFiles, digest_of, port_files, read_written};
pub use sysroot::{Sysroot, SysrootOptions};
pub use threads::{has_room_for_a_thread, with_threads};
pub use tree::{
    GatheredTree, Likeness, SlimFacts, Slimmed, TreeRoot, Twins, Undone, apply_dedupe, find_twins,
    gather_tree, slim_facts, slim_tree, take_back, undo_dedupe, wheel_facts,
};
pub use verify_import::load_failures;
pub use written::{Applied, Written};

/// Tells how far a long work has come. All of it may be called from any thread.
pub trait Progress: Sync {
    /// So many bytes are to be done, in addition to what was announced before.
    fn expect(&self, bytes: u64);
    /// So many of them are done.
    fn advance(&self, bytes: u64);
}

/// Nobody watches.
pub struct Unwatched;

impl Progress for Unwatched {
    fn expect(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}
