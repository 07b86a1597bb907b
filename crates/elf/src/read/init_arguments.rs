//! Whether an initialiser reads the arguments that glibc hands to it: `argc`, `argv`, the environment.
//!
//! musl calls every function of `DT_INIT_ARRAY` without any, so that one which stores them (Rust's
//! standard library for glibc has one) would store whatever the registers hold. What a function does
//! with its arguments shows in its first instructions: they are followed up to the first call, jump
//! or return, and a function that copies or stores an argument register before it writes that
//! register takes arguments.

use crate::address::VirtualAddress;
use crate::error::Error;
use crate::read::machine::{Arch, Machine};
use crate::read::object::Object;
use crate::read::relocations;

const DT_INIT_ARRAY: u64 = 25;
const DT_INIT_ARRAYSZ: u64 = 27;

/// How many bytes of a function are looked at.
const WINDOW: u64 = 96;

/// What a function's beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// It reads an argument.
    Yes,
    /// It does something else first, after which arguments are gone.
    No,
    /// There is an instruction that is not understood.
    Unknown,
}

/// Whether any initialiser of a file takes arguments.
pub(crate) fn wanted(object: &Object<'_>) -> Result<bool, Error> {
    let (image, dynamic) = (&object.image, &object.dynamic);
    let Some(slots) = dynamic.table(DT_INIT_ARRAY, DT_INIT_ARRAYSZ) else {
        return Ok(false);
    };
    let codec = object.codec();
    let mut functions = Vec::new();
    let inside = |place: VirtualAddress| slots.start <= place && place < slots.end;
    relocations::each(image, dynamic, |relocation| {
        if inside(relocation.place) && relocation.symbol == 0 {
            functions.extend(relocation.addend.map(VirtualAddress));
        }
    })?;
    for place in relocations::packed_places(image, dynamic)? {
        if inside(place) {
            functions.extend(image.word_at(place).map(VirtualAddress));
        }
    }
    if let Some(words) = image.loaded_bytes(slots).filter(|_| functions.is_empty()) {
        // A program at fixed addresses has them ready.
        let words = words.chunks_exact(codec.word_size() as usize);
        functions.extend(
            words
                .filter_map(|raw| codec.word(raw, 0))
                .map(VirtualAddress),
        );
    }
    let arch = Machine::of(&image.header).arch();
    let mut is_unknown = false;
    for function in functions {
        let code = image
            .from(function)
            .map(|(_, code)| code)
            .unwrap_or_default();
        let code = code
            .get(..code.len().min(WINDOW as usize))
            .unwrap_or_default();
        let reads = match arch {
            Some(Arch::X86_64) => x86_64(code),
            Some(Arch::Aarch64) => aarch64(code),
            _ => Reads::Unknown,
        };
        match reads {
            Reads::Yes => return Ok(true),
            Reads::No => {}
            Reads::Unknown => is_unknown = true,
        }
    }
    Ok(is_unknown && has_rust(image.bytes))
}

/// Whether Rust's standard library left its traces: the paths of its sources in its messages.
fn has_rust(bytes: &[u8]) -> bool {
    let mark = b"/rustc/";
    bytes.windows(mark.len()).any(|window| window == mark)
}

/// `rdx`, `rsi`, `rdi` as the numbers that instructions have for them.
const ARGUMENTS: [u8; 3] = [2, 6, 7];

fn x86_64(code: &[u8]) -> Reads {
    // Registers written so far, a bit each.
    let mut written = 0_u16;
    let mut at = 0_usize;
    let is_argument = |register: u8, written: u16| {
        ARGUMENTS.contains(&register) && written & (1 << register) == 0
    };
    loop {
        let byte = |offset: usize| code.get(at.saturating_add(offset)).copied();
        if code.get(at..at.saturating_add(4)) == Some(&[0xf3, 0x0f, 0x1e, 0xfa]) {
            at = at.saturating_add(4);
            continue;
        }
        let mut length = 0_usize;
        let mut rex = 0_u8;
        if byte(0) == Some(0x66) {
            length = 1;
        }
        if let Some(prefix) = byte(length).filter(|prefix| prefix & 0xf0 == 0x40) {
            rex = prefix;
            length = length.saturating_add(1);
        }
        let Some(opcode) = byte(length) else {
            return Reads::Unknown;
        };
        length = length.saturating_add(1);
        let low = |register: u8, extended: bool| register | u8::from(extended) << 3;
        match opcode {
            // push
            0x50..=0x57 => {
                if is_argument(low(opcode & 7, rex & 1 != 0), written) {
                    return Reads::Yes;
                }
            }
            // Calls, jumps and returns end it.
            0xc3 | 0xe8 | 0xe9 | 0xeb | 0x70..=0x7f => return Reads::No,
            0xff => return Reads::No,
            // mov register, number
            0xb8..=0xbf => {
                written |= 1 << low(opcode & 7, rex & 1 != 0);
                let size = if rex & 8 != 0 { 8 } else { 4 };
                length = length.saturating_add(size);
            }
            // nop of any length, conditional jumps, cmov and the like: only the first is followed.
            0x0f => match byte(length) {
                Some(0x1f) => {
                    let Some((_, _, _, size)) = operands(code, at.saturating_add(length + 1), rex)
                    else {
                        return Reads::Unknown;
                    };
                    length = length.saturating_add(1).saturating_add(size);
                }
                Some(0x80..=0x8f) => return Reads::No,
                // cpuid writes the first four registers.
                Some(0xa2) => {
                    written |= 0xf;
                    length = length.saturating_add(1);
                }
                _ => return Reads::Unknown,
            },
            0x01
            | 0x09
            | 0x21
            | 0x29
            | 0x31
            | 0x33
            | 0x38..=0x3b
            | 0x63
            | 0x80
            | 0x81
            | 0x83
            | 0x84
            | 0x85
            | 0x87
            | 0x88..=0x8b
            | 0x8d
            | 0xc6
            | 0xc7 => {
                let Some((register, memory, direct, size)) =
                    operands(code, at.saturating_add(length), rex)
                else {
                    return Reads::Unknown;
                };
                length = length.saturating_add(size);
                length = length.saturating_add(match opcode {
                    0x80 | 0x83 | 0xc6 => 1,
                    0x81 | 0xc7 => 4,
                    _ => 0,
                });
                // xchg of two registers saves one of them over a cpuid.
                if let (0x87, Some(other)) = (opcode, direct) {
                    written |= 1 << register | 1 << other;
                    at = at.saturating_add(length);
                    continue;
                }
                // xor of a register with itself writes it and reads nothing.
                let clears = matches!(opcode, 0x31 | 0x33) && direct == Some(register);
                let is_group = matches!(opcode, 0x80 | 0x81 | 0x83 | 0xc6 | 0xc7);
                let writes_register = matches!(opcode, 0x33 | 0x63 | 0x8a | 0x8b | 0x8d);
                let reads_register = !is_group && !writes_register && !clears;
                let only_writes = matches!(opcode, 0xc6 | 0xc7)
                    || matches!(opcode, 0x88 | 0x89) && direct.is_some();
                let reads_other = !clears && !only_writes;
                let reads = reads_register && is_argument(register, written)
                    || reads_other && direct.is_some_and(|other| is_argument(other, written))
                    || memory.iter().any(|base| is_argument(*base, written));
                if reads {
                    return Reads::Yes;
                }
                if writes_register || clears {
                    written |= 1 << register;
                } else if let Some(other) =
                    direct.filter(|_| !matches!(opcode, 0x38..=0x3b | 0x84 | 0x85))
                {
                    written |= 1 << other;
                }
            }
            _ => return Reads::Unknown,
        }
        at = at.saturating_add(length);
        if ARGUMENTS
            .iter()
            .all(|register| written & (1 << register) != 0)
        {
            return Reads::No;
        }
    }
}

/// What a ModRM byte at `at` names: the register, the registers of an address, the other register
/// where there is no address, and how many bytes all of that takes.
#[allow(clippy::type_complexity)]
fn operands(code: &[u8], at: usize, rex: u8) -> Option<(u8, Vec<u8>, Option<u8>, usize)> {
    let modrm = *code.get(at)?;
    let register = (modrm >> 3) & 7 | (rex & 4) << 1;
    let other = modrm & 7;
    let extended = |register: u8, bit: u8| register | (rex & bit) << (3 - bit.trailing_zeros());
    if modrm >> 6 == 3 {
        return Some((register, Vec::new(), Some(extended(other, 1)), 1));
    }
    let mut size = 1_usize;
    let mut memory = Vec::new();
    let mut base = other;
    if other == 4 {
        let sib = *code.get(at.checked_add(1)?)?;
        size = 2;
        base = sib & 7;
        let index = extended((sib >> 3) & 7, 2);
        if index != 4 {
            memory.push(index);
        }
    }
    let displacement = match modrm >> 6 {
        0 if base == 5 => 4,
        0 => 0,
        1 => 1,
        _ => 4,
    };
    if !(modrm >> 6 == 0 && base == 5) {
        memory.push(extended(base, 1));
    }
    Some((register, memory, None, size.saturating_add(displacement)))
}

fn aarch64(code: &[u8]) -> Reads {
    let mut written = 0_u32;
    let is_argument = |register: u32, written: u32| register < 3 && written & (1 << register) == 0;
    for word in code.as_chunks::<4>().0 {
        let word = u32::from_le_bytes(*word);
        let (target, first, second) = (word & 31, word >> 5 & 31, word >> 16 & 31);
        // Hints (among them the landing marks of branches) do nothing here.
        if word & 0xffff_f01f == 0xd503_201f {
            continue;
        }
        // Branches, calls, returns.
        if word & 0x1c00_0000 == 0x1400_0000 {
            return Reads::No;
        }
        // adr, adrp
        if word & 0x1f00_0000 == 0x1000_0000 {
            written |= 1 << target;
            continue;
        }
        // movz, movn, movk
        if word & 0x1f80_0000 == 0x1280_0000 {
            written |= 1 << target;
            continue;
        }
        // Stores and loads of one register, or of two.
        let is_pair = word & 0x3a00_0000 == 0x2800_0000;
        if is_pair || word & 0x3a00_0000 == 0x3800_0000 {
            let is_load = word & 0x40_0000 != 0;
            let is_vector = word & 0x400_0000 != 0;
            let others = if is_pair { word >> 10 & 31 } else { 31 };
            if is_argument(first, written)
                || !is_load
                    && !is_vector
                    && (is_argument(target, written) || is_argument(others, written))
            {
                return Reads::Yes;
            }
            if is_load && !is_vector {
                written |= 1 << target | 1 << others;
            }
            continue;
        }
        // Arithmetic with a number (add, sub, the bit-field moves), or with a register.
        let is_immediate = word & 0x1c00_0000 == 0x1000_0000;
        let is_register = word & 0x0e00_0000 == 0x0a00_0000;
        if is_immediate || is_register {
            if is_argument(first, written) || is_register && is_argument(second, written) {
                return Reads::Yes;
            }
            written |= 1 << target;
            continue;
        }
        return Reads::Unknown;
    }
    Reads::Unknown
}

#[cfg(test)]
mod tests {
    use super::{Reads, aarch64, x86_64};

    #[test]
    fn what_rust_stores_is_seen() {
        // movslq %edi,%rax; mov %rax,x(%rip); mov %rsi,y(%rip); ret
        let code = [
            0x48, 0x63, 0xc7, 0x48, 0x89, 0x05, 1, 2, 3, 4, 0x48, 0x89, 0x35, 1, 2, 3, 4, 0xc3,
        ];
        assert_eq!(x86_64(&code), Reads::Yes);
        // mov %rsi,y(%rip); ret
        assert_eq!(x86_64(&[0x48, 0x89, 0x35, 1, 2, 3, 4, 0xc3]), Reads::Yes);
        // push %rbp; mov %rsp,%rbp; mov %edi,-4(%rbp)
        assert_eq!(
            x86_64(&[0x55, 0x48, 0x89, 0xe5, 0x89, 0x7d, 0xfc]),
            Reads::Yes
        );
        // adrp x8; adrp x9; str x0,[x8]; str x1,[x9]; ret
        let code: Vec<u8> = [0x9000_0008_u32, 0x9000_0009, 0xf900_0100, 0xf900_0121]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        assert_eq!(aarch64(&code), Reads::Yes);
    }

    #[test]
    fn what_a_compiler_s_own_initialisers_do_is_none_of_it() {
        // endbr64; jmp register_tm_clones
        assert_eq!(
            x86_64(&[0xf3, 0x0f, 0x1e, 0xfa, 0xe9, 1, 2, 3, 4]),
            Reads::No
        );
        // sub $8,%rsp; lea x(%rip),%rdi; call
        let code = [
            0x48, 0x83, 0xec, 8, 0x48, 0x8d, 0x3d, 1, 2, 3, 4, 0xe8, 1, 2, 3, 4,
        ];
        assert_eq!(x86_64(&code), Reads::No);
        // mov x(%rip),%rdi; lea y(%rip),%rdx; lea z(%rip),%rsi; jmp
        let code = [
            0x48, 0x8b, 0x3d, 1, 2, 3, 4, 0x48, 0x8d, 0x15, 1, 2, 3, 4, 0x48, 0x8d, 0x35, 1, 2, 3,
            4, 0xe9,
        ];
        assert_eq!(x86_64(&code), Reads::No);
        // mov $1,%eax; xchg %rbx,%rsi; cpuid; xchg %rbx,%rsi; ret
        let code = [
            0xb8, 1, 0, 0, 0, 0x48, 0x87, 0xde, 0x0f, 0xa2, 0x48, 0x87, 0xde, 0xc3,
        ];
        assert_eq!(x86_64(&code), Reads::No);
        // stp x29,x30,[sp,#-16]!; adrp x0; bl
        let code: Vec<u8> = [0xa9bf_7bfd_u32, 0x9000_0000, 0x9400_0000]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        assert_eq!(aarch64(&code), Reads::No);
    }
}
