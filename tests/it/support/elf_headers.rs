//! Program headers that ask for too much.

use super::Unwelcome;
use super::elf_machine::Codec;

/// Flags of the program headers, which stand behind the file's own header.
pub fn ask_too_much(unwelcome: &[Unwelcome], codec: Codec, bytes: &mut [u8]) {
    let word = codec.word();
    let (size, flags_at) = if word == 8 { (56, 4) } else { (32, 24) };
    for one in unwelcome {
        // PT_GNU_STACK; the first PT_LOAD, which is code.
        let kind: u32 = match one {
            Unwelcome::ExecutableStack | Unwelcome::NoStackHeader => 0x6474_e551,
            Unwelcome::WritableCode => 1,
            Unwelcome::TextRelocations => continue,
        };
        let mut headers = (codec.header_size()..).step_by(size);
        let header = headers.find(|at| bytes[*at..*at + 4] == codec.u32(kind)[..]);
        let header = header.unwrap();
        let (at, number) = match one {
            Unwelcome::NoStackHeader => (header, 0),
            _ => (header + flags_at, 7),
        };
        bytes[at..at + 4].copy_from_slice(&codec.u32(number));
    }
}
