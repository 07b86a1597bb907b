//! Reading any bytes: facts or an error, never a panic.

use wheelfix_elf::{self as elf, Edits, Strip};

/// Reads the bytes in every way there is that only reads.
///
/// # Panics
/// When two readings contradict each other.
pub fn check(bytes: &[u8]) {
    let facts = elf::read(bytes);
    let nothing = elf::verify(bytes, bytes, &Edits::default());
    let debug = elf::strippable(bytes, Strip::Debug);
    let all = elf::strippable(bytes, Strip::All);
    assert!(
        facts.is_ok() || nothing.is_err(),
        "a file that cannot be read is found sound"
    );
    assert_eq!(
        elf::strippable(bytes, Strip::None).unwrap_or(0),
        0,
        "to strip nothing saves something"
    );
    for saved in [debug, all].into_iter().flatten() {
        assert!(
            saved <= bytes.len() as u64,
            "strip saves more than there is"
        );
    }
    if let Ok(facts) = facts {
        assert!(facts.dynamic || (facts.needed.is_empty() && facts.symbols.is_empty()));
        assert_eq!(facts.symbols.iter().count(), facts.symbols.len());
    }
}
