//! libFuzzer's entry to `wheelfix_fuzz::repair`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use wheelfix_fuzz::{mutate, repair};

fuzz_target!(|bytes: &[u8]| repair::check(bytes));

fuzz_mutator!(|bytes: &mut [u8], size: usize, most: usize, seed: u32| {
    // The tables of one of the ELF files in it.
    let found = bytes[..size].windows(4).enumerate();
    let elf: Vec<usize> = found
        .filter(|(_, four)| four == b"\x7fELF")
        .map(|(at, _)| at)
        .collect();
    match elf.get(seed as usize / 4 % elf.len().max(1)) {
        Some(&at) if seed % 4 != 0 => {
            mutate::tables(&mut bytes[at..size], seed);
            size
        }
        _ => fuzzer_mutate(bytes, size, most),
    }
});
