//! The promises on a real Alpine.

mod dedupe;
mod kinds;
mod libcs;
mod loads;
mod repair;
mod sbom;
