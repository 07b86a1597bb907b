//! libFuzzer's entry to `wheelfix_fuzz::edit`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use wheelfix_fuzz::{edit, mutate};

fuzz_target!(|bytes: &[u8]| edit::check(bytes));

fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
    match seed % 4 {
        // Something else is asked of the same file.
        0 if size > edit::HEAD => {
            fuzzer_mutate(&mut bytes[..edit::HEAD], edit::HEAD, edit::HEAD);
            size
        }
        1 | 2 if size > edit::HEAD => {
            mutate::tables(&mut bytes[edit::HEAD..size], seed);
            size
        }
        _ => fuzzer_mutate(bytes, size, most),
    }
});
