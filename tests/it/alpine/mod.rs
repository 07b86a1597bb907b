//! The promises on a real Alpine.

mod dedupe;
mod loads;
mod repair;
mod sbom;
