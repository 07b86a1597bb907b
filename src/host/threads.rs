//! The threads that work is shared between, and what becomes of it where the machine gives none.

use std::env;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use rayon::ThreadPoolBuilder;
use signal_hook::consts::SIGABRT;
use signal_hook::flag;

use crate::error::Exit;

/// More threads than this only wait for each other.
const MOST: usize = 256;

/// Do `work` with as many threads as the machine has processors, or `RAYON_NUM_THREADS` says. Where
/// it refuses them (a limit on processes, on memory) one does all: results do not depend on it.
///
/// From here on memory that is refused ends the process as the environment's failure, not as a
/// crash.
pub fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    end_without_memory();
    let wanted = env::var("RAYON_NUM_THREADS").ok();
    let wanted = wanted.and_then(|text| text.parse().ok());
    let wanted: usize = wanted.filter(|number| *number > 0).unwrap_or_else(|| {
        let processors = thread::available_parallelism();
        processors.map_or(1, NonZero::get)
    });
    let name = |number| format!("worker-{number}");
    let pool = ThreadPoolBuilder::new().thread_name(name);
    if wanted > 1
        && let Ok(pool) = pool.num_threads(wanted.min(MOST)).build()
    {
        return pool.install(work);
    }
    let alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    // What is asked of the pool by this thread is done by this thread.
    let _pool = alone.build();
    work()
}

/// Can another thread be had?
pub fn has_room_for_a_thread() -> bool {
    let tried = thread::Builder::new().spawn(|| ());
    tried.is_ok_and(|thread| thread.join().is_ok())
}

/// Where memory is refused the standard library says so and aborts; nothing of ours is asked before.
/// What is half written has no name, or one that the next run removes.
fn end_without_memory() {
    let always = Arc::new(AtomicBool::new(true));
    let code = i32::from(Exit::Environment.code());
    // Without it the process ends by the signal.
    let _ = flag::register_conditional_shutdown(SIGABRT, code, always);
}
