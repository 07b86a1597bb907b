//! Who loads whom, and why that file: the rules of musl's and of glibc's loader over
//! any set of files.
//!
//! [`resolve`] is a pure function: what exists is asked of a [`World`], which rules
//! count is said by a [`Loader`]. It knows nothing of wheels' tags or of policies.

mod bind;
mod budget;
mod directories;
mod glibc;
mod graph;
mod late;
mod loader;
mod musl;
mod process;
mod rules;
mod scope;
mod stray;
mod walk;
mod world;

pub use bind::{
    BindingReport, Offers, Surroundings, Unbound, bind, is_extension, offered, offers, required,
    starts,
};
pub use budget::{Bound, Budget, Exceeded, Meter};
pub use graph::{
    Edge, Graph, Module, ModuleId, Outcome, Probe, RootWalk, Target, Why, distinct_edges,
};
pub use late::{
    LateThreadData, StaticThreadData, UndefinedThreadData, late_thread_data, loaded_later,
    static_thread_data, undefined_thread_data,
};
pub use loader::{Libc, Loader, MachineKey};
pub use musl::ignores as musl_ignores;
pub use rules::{answers_for, configured_folders, libc_of, needed_libc};
pub use scope::Scopes;
pub use stray::{Leaves, Stray, strays};
pub use walk::resolve;
pub use world::{ElfFile, FileIdentity, Loadable, MemoryWorld, ModulePath, Opened, Place, World};
