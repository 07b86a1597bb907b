//! What a file that was built for glibc asks of it, and what that is on musl.

mod names;
mod shim;

pub use names::{Meaning, Wanted, null_is_expected, port_meaning};
pub use shim::{PORT_MACHINES, shim};
