//! The rules of musl's and of glibc's loader, one by one, over files that are only in memory.
//!
//! musl: `ldso/dynlink.c`; glibc: ld.so(8) and `elf/dl-load.c`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "support/elf_builder.rs"]
mod elf_builder;
#[path = "resolve/loaded.rs"]
mod loaded;
#[path = "resolve/names.rs"]
mod names;
#[path = "resolve/order.rs"]
mod order;
#[path = "resolve/passed_over.rs"]
mod passed_over;
#[path = "resolve/run_paths.rs"]
mod run_paths;
#[path = "support/small_world.rs"]
mod small_world;
#[path = "resolve/system.rs"]
mod system;

use small_world::SmallWorld;

fn musl() -> SmallWorld {
    SmallWorld::musl("x86_64")
}

fn glibc() -> SmallWorld {
    SmallWorld::glibc("x86_64")
}
