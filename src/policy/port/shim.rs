//! The library that stands between ported files and musl: `shim/`, built for each machine that can
//! be ported to.

use crate::elf::Arch;

/// The machines whose types and numbers are alike in both C libraries, as far as a shim can mend what
/// is not. i686 and armv7 differ in `time_t`, `off_t` and `struct stat`, ppc64le in `long double`;
/// s390x was never looked at.
pub const PORT_MACHINES: [Arch; 3] = [Arch::X86_64, Arch::Aarch64, Arch::Riscv64];

/// The shim's bytes; `None` for a machine that nothing is ported to.
pub fn shim(arch: Arch) -> Option<&'static [u8]> {
    match arch {
        Arch::X86_64 => Some(include_bytes!("../../../shim/built/x86_64/libwfx-port.so")),
        Arch::Aarch64 => Some(include_bytes!("../../../shim/built/aarch64/libwfx-port.so")),
        Arch::Riscv64 => Some(include_bytes!("../../../shim/built/riscv64/libwfx-port.so")),
        _ => None,
    }
}
