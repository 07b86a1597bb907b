//! What may stay outside of a wheel, and where a wheel runs. Verdicts are values, never
//! errors, and never depend on the machine that asks.

mod floor;
mod glibc;
mod imports;
mod platform;
mod port;
mod python;
mod symbols;
mod table;

pub use floor::{Alpine, Cause, MuslFloor, What, musl_floor, musl_has};
pub use glibc::GlibcVersion;
pub use imports::{Importers, names_extension};
pub use platform::{Family, PlatformTag};
pub use port::{Meaning, PORT_MACHINES, Wanted, null_is_expected, port_meaning, shim};
pub use python::{Pythons, python_home};
pub use symbols::{Has, glibc_has, provided_symbols, symbol_home};
pub use table::{Policy, policies, policy_of};
