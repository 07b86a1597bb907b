//! Signals: a temporary file that has a name is removed before the process goes.
//!
//! Nothing is watched before the first file is written: to start is a good part of what an edit of
//! one small file costs. A name lives for the moment between a link and a rename, for which a
//! signal can wait; only where files cannot be without a name a thread takes the signals. What the
//! process was started to ignore, under `nohup` for example, it goes on to ignore.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, OnceLock, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::open;

const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

static TEMPORARY: Mutex<Unfinished> = Mutex::new(Unfinished {
    paths: BTreeSet::new(),
    steps: 0,
});

/// What a signal has to wait for, or to clean up.
struct Unfinished {
    /// Files that must not outlive the process.
    paths: BTreeSet<PathBuf>,
    /// Steps that whoever takes them ends or takes back.
    steps: usize,
}

impl Unfinished {
    /// What came in between has only been noted: it ends the process once nothing is half done.
    fn release(&self) {
        if !self.paths.is_empty() || self.steps > 0 {
            return;
        }
        CLEAN.store(true, Ordering::SeqCst);
        if let Ok(signal @ 1..) = i32::try_from(WAITING.load(Ordering::SeqCst)) {
            let _ = emulate_default_handler(signal);
        }
    }
}

/// Is there no temporary file, so that a signal may end the process where it stands?
static CLEAN: AtomicBool = AtomicBool::new(true);
/// The signal that came while there was one; 0: none.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The signals that were ignored before any had a handler, which would count as not ignored from
/// then on; the first one as the lowest bit. `None`: there is no /proc.
///
/// No safe call says what happens at a signal, so /proc has to; and of its files `stat`, which
/// takes less to write than `status` (15 µs more than a look whether there is a /proc, not 20). An
/// edit of one file cannot go without: a name that it leaves behind at a signal stays for good.
fn ignored() -> Option<u32> {
    static IGNORED: OnceLock<Option<u32>> = OnceLock::new();
    *IGNORED.get_or_init(|| {
        let (mut file, _) = open::regular("/proc/self/stat".as_ref()).ok()?;
        // Longer than the line can be: 52 numbers and a name.
        let mut line = [0; 2048];
        let length = file.read(&mut line).unwrap_or_default();
        Some(ignored_of(line.get(..length).unwrap_or_default()))
    })
}

/// Is there a /proc? It is seen by the way.
pub(super) fn has_proc() -> bool {
    ignored().is_some()
}

/// Those of [`ENDING`] that end the process.
fn ending() -> impl Iterator<Item = i32> {
    let ignored = ignored().unwrap_or_default();
    let is_ignored = move |signal: i32| {
        let bit = signal.unsigned_abs().saturating_sub(1);
        ignored.checked_shr(bit).is_some_and(|bits| bits & 1 == 1)
    };
    ENDING
        .into_iter()
        .filter(move |signal| !is_ignored(*signal))
}

/// The signals that a line of /proc/PID/stat says are ignored, the first one as the lowest bit.
/// Where it does not say so, none is.
fn ignored_of(stat: &[u8]) -> u32 {
    // The second field is the program's name in parentheses, with whatever is in that.
    let name_end = stat.iter().rposition(|byte| *byte == b')');
    let after = name_end.and_then(|end| stat.get(end..)).unwrap_or_default();
    // From 2 on, as proc(5) counts; it calls this one, 33, obsolete since it ends at 31 signals.
    let field = after.split(|byte| *byte == b' ').nth(33 - 2);
    let number = field.and_then(|field| std::str::from_utf8(field).ok()?.parse().ok());
    number.unwrap_or_default()
}

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
        for signal in ending() {
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
        let Ok(mut signals) = Signals::new(ending()) else {
            return;
        };
        let watch = move || {
            for signal in signals.forever() {
                let unfinished = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
                for path in &unfinished.paths {
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
        let mut unfinished = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        CLEAN.store(false, Ordering::SeqCst);
        unfinished.paths.insert(path.to_owned());
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
        let mut unfinished = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_there {
            let _ = std::fs::remove_file(&self.path);
        }
        unfinished.paths.remove(&self.path);
        unfinished.release();
    }
}

/// A step that a signal waits for: it is ended, or taken back by whoever takes it. Where folders
/// may be swapped for links nobody may remove a file by its path, as [`Doomed`] does.
pub(super) struct Step(());

impl Step {
    pub(super) fn begin() -> Self {
        hold_signals();
        let mut unfinished = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        CLEAN.store(false, Ordering::SeqCst);
        unfinished.steps = unfinished.steps.saturating_add(1);
        Self(())
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let mut unfinished = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.steps = unfinished.steps.saturating_sub(1);
        unfinished.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_behind_a_name_of_any_kind() {
        let line = |name: &str, ignored: &str| {
            let zeros = ["0"; 29].join(" ");
            format!("7 ({name}) R {zeros} {ignored} 2 0 0 0 17 1\n").into_bytes()
        };
        for name in ["wheelfix", "a b", ") S 1 2 (", ""] {
            assert_eq!(ignored_of(&line(name, "16781313")), 0x0100_1001);
        }
        for other in [
            &b""[..],
            b")",
            b"7 (x) R 0",
            &line("x", "-1"),
            &line("x", ""),
        ] {
            assert_eq!(ignored_of(other), 0);
        }
    }
}
