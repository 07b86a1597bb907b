//! Signals: a temporary file that has a name is removed before the process goes.
//!
//! Nothing is watched before the first file is written: to start is a good part of what an edit of
//! one small file costs. A name lives for the moment between a link and a rename, for which a
//! signal can wait; only where files cannot be without a name a thread takes the signals.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// Is there no temporary file, so that a signal may end the process where it stands?
static CLEAN: AtomicBool = AtomicBool::new(true);
/// The signal that came while there was one; 0: none.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// A file that grows past the limit of its size becomes an ordinary write error.
pub fn expect_size_limit() {
    static ONCE: Once = Once::new();
    static PASSED: AtomicBool = AtomicBool::new(false);
    // A handler that only sets a flag: the write fails with EFBIG instead.
    ONCE.call_once(|| drop(flag::register(SIGXFSZ, &PASSED)));
}

/// From now on SIGINT, SIGTERM and SIGHUP end the process as they always do, but not while there
/// is a temporary file. Where the machine refuses, the process goes without.
fn hold_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in ENDING {
            let _ = flag::register_conditional_default(signal, &CLEAN);
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = flag::register_usize(signal, &WAITING, number);
        }
    });
}

/// From now on the same signals remove what is half done at once. Where no thread can be had, that
/// waits until it is done.
fn watch_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(mut signals) = Signals::new(ENDING) else {
            return;
        };
        let watch = move || {
            for signal in signals.forever() {
                let paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
                for path in paths.iter() {
                    let _ = std::fs::remove_file(path);
                }
                // Still locked: nothing new may come to be before the process is gone.
                let _ = emulate_default_handler(signal);
            }
        };
        let _ = thread::Builder::new().name("signals".into()).spawn(watch);
    });
}

/// A file name that must not outlive the process.
pub(super) struct Doomed {
    path: PathBuf,
    is_there: bool,
}

impl Doomed {
    /// A name for a moment: a signal waits until it is gone.
    pub(super) fn new(path: &Path) -> Self {
        hold_signals();
        let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        CLEAN.store(false, Ordering::SeqCst);
        paths.insert(path.to_owned());
        Self {
            path: path.to_owned(),
            is_there: true,
        }
    }

    /// A name for as long as the file is written.
    pub(super) fn lasting(path: &Path) -> Self {
        watch_signals();
        Self::new(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file has another name now: there is nothing to remove.
    pub(super) fn keep(mut self) {
        self.is_there = false;
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_there {
            let _ = std::fs::remove_file(&self.path);
        }
        paths.remove(&self.path);
        if !paths.is_empty() {
            return;
        }
        CLEAN.store(true, Ordering::SeqCst);
        // What came in between has only been noted.
        if let Ok(signal @ 1..) = i32::try_from(WAITING.load(Ordering::SeqCst)) {
            let _ = emulate_default_handler(signal);
        }
    }
}
