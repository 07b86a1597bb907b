//! The promises on a real Alpine.

mod dedupe;
mod repair;
mod sbom;
