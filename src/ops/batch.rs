//! Several wheels at once, each by itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::error::Error;

/// Do `work` for each wheel, in parallel. Once one has failed no other is begun, unless
/// `keep_going`. `failed` hears of each failure as it happens, from any thread; the results are in
/// the order of the wheels.
pub fn each<T: Send>(
    wheels: &[PathBuf],
    keep_going: bool,
    work: impl Fn(&Path) -> Result<T, Error> + Sync,
    failed: impl Fn(&Error) + Sync,
) -> Vec<Result<T, Error>> {
    let has_failed = AtomicBool::new(false);
    let one = |path: &PathBuf| {
        let result = match has_failed.load(Ordering::Relaxed) && !keep_going {
            true => Err(Error::NotBegun {
                wheel: path.display().to_string(),
            }),
            false => work(path),
        };
        if let Err(error) = &result {
            has_failed.store(true, Ordering::Relaxed);
            failed(error);
        }
        result
    };
    wheels.par_iter().map(one).collect()
}
