//! Several wheels at once, each by itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::Error;

/// Do `work` for each wheel, in parallel. Once one has failed no other is begun, unless
/// `keep_going`. `told` hears of each result, in the order of the wheels and as soon as all before it
/// were told; the results are in that order too.
pub fn each<T: Send>(
    wheels: &[PathBuf],
    keep_going: bool,
    work: impl Fn(&Path) -> Result<T, Error> + Sync,
    told: impl Fn(&Result<T, Error>) + Sync,
) -> Vec<Result<T, Error>> {
    let has_failed = AtomicBool::new(false);
    let queue = Mutex::new(Queue::of(wheels.len()));
    let one = |(number, path): (usize, &PathBuf)| {
        let result = match has_failed.load(Ordering::Relaxed) && !keep_going {
            true => Err(Error::NotBegun { wheel: path.into() }),
            false => work(path),
        };
        if result.is_err() {
            has_failed.store(true, Ordering::Relaxed);
        }
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.put(number, result, &told);
    };
    wheels.par_iter().enumerate().for_each(one);
    let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    queue.results.into_iter().flatten().collect()
}

/// Results in the order of the wheels, whichever was done first.
struct Queue<T> {
    results: Vec<Option<Result<T, Error>>>,
    told: usize,
}

impl<T> Queue<T> {
    fn of(wheels: usize) -> Self {
        Self {
            results: std::iter::repeat_with(|| None).take(wheels).collect(),
            told: 0,
        }
    }

    /// Takes a result, and tells of all that have none missing before them.
    fn put(&mut self, number: usize, result: Result<T, Error>, told: &impl Fn(&Result<T, Error>)) {
        if let Some(place) = self.results.get_mut(number) {
            *place = Some(result);
        }
        while let Some(Some(next)) = self.results.get(self.told) {
            told(next);
            self.told = self.told.saturating_add(1);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_are_told_in_the_order_of_the_wheels_whichever_is_done_first() {
        let wheels: Vec<PathBuf> = (0..8_u64).map(|n| n.to_string().into()).collect();
        let number = |path: &Path| -> u64 { path.to_str().unwrap().parse().unwrap() };
        let heard = Mutex::new(Vec::<u64>::new());
        let work = |path: &Path| {
            std::thread::sleep(Duration::from_millis(2 * (8 - number(path))));
            Ok(number(path))
        };
        let hear = |result: &Result<u64, Error>| heard.lock().unwrap().extend(result.as_ref().ok());
        let results = each(&wheels, false, work, hear);
        let expected: Vec<u64> = (0..8).collect();
        assert_eq!(*heard.lock().unwrap(), expected);
        let results: Vec<u64> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!(results, expected);
    }
}
