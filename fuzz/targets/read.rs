//! libFuzzer's entry to `wheelfix_fuzz::read`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use wheelfix_fuzz::{mutate, read};

fuzz_target!(|bytes: &[u8]| read::check(bytes));

fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
    if seed.is_multiple_of(2) {
        mutate::tables(&mut bytes[..size], seed);
        size
    } else {
        fuzzer_mutate(bytes, size, most)
    }
});
