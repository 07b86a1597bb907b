//! The rules of musl's and of glibc's loader, one by one, over files that are only in memory.
//!
//! musl: `ldso/dynlink.c`; glibc: ld.so(8) and `elf/dl-load.c`.

mod loaded;
mod names;
mod order;
mod passed_over;
mod run_paths;
mod system;

use crate::support::small_world::SmallWorld;

fn musl() -> SmallWorld {
    SmallWorld::musl("x86_64")
}

fn glibc() -> SmallWorld {
    SmallWorld::glibc("x86_64")
}
