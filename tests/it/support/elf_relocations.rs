//! Relocations that ask more of a loader than an address.

use super::elf_machine::Machine;
use super::elf_tables::Symbol;

/// Whether the machine's linkers write addends into the records.
pub fn with_addends(machine: &Machine) -> bool {
    !matches!(machine.number, 3 | 40)
}

pub fn record_size(machine: &Machine) -> usize {
    let words = if with_addends(machine) { 3 } else { 2 };
    words * machine.codec.word()
}

/// `thread-offset`, `thread-module`, `irelative` or `call`, each of which may have a symbol behind it.
fn kind(machine: &Machine, name: &str) -> u64 {
    let [offset, module, irelative, call] = match machine.number {
        62 => [18, 16, 37, 7],
        3 => [14, 35, 42, 7],
        183 => [1030, 1028, 1032, 1026],
        40 => [19, 17, 160, 22],
        21 => [73, 68, 248, 21],
        22 => [56, 54, 61, 11],
        243 => [11, 7, 58, 5],
        258 => [11, 7, 12, 5],
        other => panic!("relocations of machine {other} are not written here"),
    };
    match name {
        "thread-offset" => offset,
        "thread-module" => module,
        "irelative" => irelative,
        "call" => call,
        other => panic!("no such relocation: {other}"),
    }
}

/// The table: every relocation fills the same word.
pub fn table(machine: &Machine, texts: &[String], symbols: &[Symbol], place: u64) -> Vec<u8> {
    let codec = machine.codec;
    let records = texts.iter().flat_map(|text| {
        let (name, symbol) = text.split_once(' ').unwrap_or((text, ""));
        let found = symbols.iter().position(|one| one.name == symbol);
        let number = found.unwrap_or_else(|| panic!("no symbol {symbol}")) as u64;
        let shift = if codec.wide { 32 } else { 8 };
        let info = number << shift | kind(machine, name);
        let mut words = vec![place, info];
        words.extend(with_addends(machine).then_some(0));
        words
            .into_iter()
            .flat_map(move |word| codec.word_bytes(word))
    });
    records.collect()
}
