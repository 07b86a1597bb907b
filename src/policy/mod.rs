//! What may stay outside of a wheel, and where a wheel runs. Verdicts are values, never
//! errors, and never depend on the machine that asks.

mod floor;
mod platform;
mod table;

pub use floor::{Alpine, Cause, MuslFloor, What, musl_floor, musl_has};
pub use platform::{Family, PlatformTag};
pub use table::{Policy, policies, policy_of};
