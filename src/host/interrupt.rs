//! Signals: a temporary file that has a name is removed before the process goes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// From now on SIGINT, SIGTERM and SIGHUP remove what is half done and then end the
/// process as they always do; a file size limit becomes an ordinary write error. Where
/// the machine refuses (no threads left), the process goes without.
pub fn watch_signals() {
    // A handler that only sets a flag: the write fails with EFBIG instead.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let _ = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                let paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
                for path in paths.iter() {
                    let _ = std::fs::remove_file(path);
                }
                // Still locked: nothing new may come to be before the process is gone.
                let _ = emulate_default_handler(signal);
            }
        });
}

/// A file name that must not outlive the process.
pub(super) struct Doomed(PathBuf);

impl Doomed {
    pub(super) fn new(path: &Path) -> Self {
        let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path.to_owned());
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        // After a rename there is nothing under this name any more.
        let _ = std::fs::remove_file(&self.0);
        paths.remove(&self.0);
    }
}
