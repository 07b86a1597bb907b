//! Requirements in, an Alpine wheelhouse out: pip resolves and builds, what it gives is taken, mended or
//! ported here.

mod compile;
mod compile_all;
mod fetch;
mod lock;
mod options;
mod ported;
mod run;
mod take;

pub use options::{Failed, Options, Outcome};
pub use run::build;
