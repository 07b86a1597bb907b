//! Machines: which wheel architecture an ELF file is for, and what its loaders expect of pages.

use serde::Serialize;

use crate::codec::{Class, Endian};
use crate::read::header::Header;

const EM_SPARC: u16 = 2;
const EM_386: u16 = 3;
const EM_MIPS: u16 = 8;
const EM_PPC: u16 = 20;
const EM_PPC64: u16 = 21;
const EM_S390: u16 = 22;
const EM_ARM: u16 = 40;
const EM_SPARCV9: u16 = 43;
const EM_X86_64: u16 = 62;
const EM_AARCH64: u16 = 183;
const EM_RISCV: u16 = 243;
const EM_LOONGARCH: u16 = 258;
const EM_ALPHA: u16 = 0x9026;

/// `Tag_CPU_arch` of the first Armv7 profile; smaller numbers are older cores.
const ARM_CPU_V7: u8 = 10;
const EF_ARM_ABI_FLOAT_SOFT: u32 = 0x200;
const EF_ARM_ABI_FLOAT_HARD: u32 = 0x400;

/// The architectures a wheel's platform tag can name on Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arch {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 32-bit x86.
    I686,
    /// 64-bit Arm, little endian.
    Aarch64,
    /// 32-bit Arm with at least the Armv7 instructions.
    Armv7l,
    /// 32-bit Arm with the Armv6 instructions only.
    Armv6l,
    /// 64-bit POWER, big endian.
    Ppc64,
    /// 64-bit POWER, little endian.
    Ppc64le,
    /// 64-bit z/Architecture.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit LoongArch.
    Loongarch64,
}

impl Arch {
    /// Every architecture.
    pub const ALL: [Self; 10] = [
        Self::X86_64,
        Self::I686,
        Self::Aarch64,
        Self::Armv7l,
        Self::Armv6l,
        Self::Ppc64,
        Self::Ppc64le,
        Self::S390x,
        Self::Riscv64,
        Self::Loongarch64,
    ];

    /// The architecture that platform tags call `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|arch| arch.name() == name)
    }

    /// The name in platform tags, for example `x86_64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::I686 => "i686",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armv7l",
            Self::Armv6l => "armv6l",
            Self::Ppc64 => "ppc64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
            Self::Loongarch64 => "loongarch64",
        }
    }
}

/// How a 32-bit Arm file passes floating point numbers; the two kinds cannot be mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FloatAbi {
    /// In integer registers.
    Soft,
    /// In floating point registers.
    Hard,
}

/// By the kernel's own list (`include/uapi/linux/elf-em.h`) without those of no user space
/// (`EM_BPF`, `EM_LANAI`), and without Hexagon: what packages hold for it is for a signal processor
/// beside the machine's own.
const OF_LINUX: [u16; 40] = [
    2, 3, 4, 6, 7, 8, 10, 15, 18, 20, 21, 22, 36, 40, 41, 42, 43, 50, 62, 76, 87, 88, 89, 92, 93,
    94, 106, 113, 140, 167, 183, 188, 189, 191, 195, 243, 252, 258, 0x9026, 0xa390,
];

/// What a file was built for: `e_machine` and what else tells its variants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// `e_flags`; its meaning is the machine's own.
    pub flags: u32,
    /// The width of addresses.
    pub class: Class,
    /// The byte order.
    pub endian: Endian,
    /// `Tag_CPU_arch` of an Arm file's attributes, where it has them.
    pub arm_cpu: Option<u8>,
}

impl Machine {
    pub(crate) fn of(header: &Header) -> Self {
        Self {
            number: header.machine,
            flags: header.flags,
            class: header.codec.class,
            endian: header.codec.endian,
            arm_cpu: None,
        }
    }

    /// The architecture as wheels name it; `None` for a machine no wheel tag speaks of.
    ///
    /// An Arm file that says nothing of its core counts as Armv7, the older one of the two that
    /// wheels are published for. The tags speak of floating point registers: a file that passes
    /// numbers in integer ones is for none of them.
    #[must_use]
    pub fn arch(self) -> Option<Arch> {
        match (self.number, self.class, self.endian) {
            (EM_X86_64, Class::Elf64, Endian::Little) => Some(Arch::X86_64),
            (EM_386, Class::Elf32, Endian::Little) => Some(Arch::I686),
            (EM_AARCH64, Class::Elf64, Endian::Little) => Some(Arch::Aarch64),
            (EM_ARM, Class::Elf32, Endian::Little) => match self.arm_cpu {
                _ if self.float_abi() == Some(FloatAbi::Soft) => None,
                Some(cpu) if cpu < ARM_CPU_V7 => Some(Arch::Armv6l),
                _ => Some(Arch::Armv7l),
            },
            (EM_PPC64, Class::Elf64, Endian::Big) => Some(Arch::Ppc64),
            (EM_PPC64, Class::Elf64, Endian::Little) => Some(Arch::Ppc64le),
            (EM_S390, Class::Elf64, Endian::Big) => Some(Arch::S390x),
            (EM_RISCV, Class::Elf64, Endian::Little) => Some(Arch::Riscv64),
            (EM_LOONGARCH, Class::Elf64, Endian::Little) => Some(Arch::Loongarch64),
            _ => None,
        }
    }

    /// How an Arm file passes floating point numbers (`e_flags`); `None` where it does not say.
    #[must_use]
    pub fn float_abi(self) -> Option<FloatAbi> {
        if self.number != EM_ARM {
            return None;
        }
        if self.flags & EF_ARM_ABI_FLOAT_HARD != 0 {
            Some(FloatAbi::Hard)
        } else if self.flags & EF_ARM_ABI_FLOAT_SOFT != 0 {
            Some(FloatAbi::Soft)
        } else {
            None
        }
    }

    /// The largest page the machine's kernels use. It decides the layout by the file's machine,
    /// never by the one that edits it.
    pub(crate) fn page(self) -> u64 {
        match self.number {
            EM_AARCH64 | EM_PPC | EM_PPC64 | EM_MIPS | EM_ARM | EM_SPARC | EM_SPARCV9
            | EM_LOONGARCH | EM_ALPHA => 0x1_0000,
            _ => 0x1000,
        }
    }

    /// Whether Linux runs programs on it. A file for any other machine no loader reads: code for
    /// graphics cards, microcontrollers, the kernel's own machine.
    #[must_use]
    pub fn runs_linux(self) -> bool {
        OF_LINUX.contains(&self.number)
    }

    pub(crate) fn is_arm(self) -> bool {
        self.number == EM_ARM
    }

    /// MIPS keeps dynamic tables that no other machine has, some relative to `.dynamic` itself.
    pub(crate) fn is_mips(self) -> bool {
        self.number == EM_MIPS
    }

    /// Whether the numbers in `DT_HASH` have eight bytes rather than four: on 64-bit s390 and Alpha.
    pub(crate) fn has_wide_hash_entries(self) -> bool {
        matches!(
            (self.number, self.class),
            (EM_S390 | EM_ALPHA, Class::Elf64)
        )
    }

    /// Whether the machine's linkers write relocations with addends of their own (`RELA`).
    pub(crate) fn uses_addends(self) -> bool {
        !matches!(
            (self.number, self.class),
            (EM_386 | EM_ARM, _) | (EM_MIPS, Class::Elf32)
        )
    }

    /// The relocation types that give the distance of thread-local data from the thread pointer, as
    /// the initial-exec model wants it. None for machines not known here.
    pub(crate) fn thread_offset_types(self) -> &'static [u32] {
        match self.number {
            EM_X86_64 => &[18, 23],
            EM_386 => &[14, 37],
            EM_AARCH64 => &[1030],
            EM_ARM => &[19],
            EM_PPC64 => &[73],
            EM_S390 => &[56],
            EM_RISCV | EM_LOONGARCH => &[10, 11],
            _ => &[],
        }
    }

    /// The relocation types that ask which file brings thread-local data: its module, or a descriptor
    /// of it. None for machines not known here.
    pub(crate) fn thread_module_types(self) -> &'static [u32] {
        match self.number {
            EM_X86_64 => &[16, 36],
            EM_386 => &[35, 41],
            EM_AARCH64 => &[1028, 1031],
            EM_ARM => &[13, 17],
            EM_PPC64 => &[68],
            EM_S390 => &[54],
            EM_RISCV => &[6, 7, 12],
            EM_LOONGARCH => &[6, 7, 13, 14],
            _ => &[],
        }
    }

    /// The relocation types that add the load base to a number: the plain one, and the one whose
    /// sum is a resolver function's address. `None` for machines not known here.
    pub(crate) fn relative_types(self) -> Option<[u32; 2]> {
        match self.number {
            EM_X86_64 => Some([8, 37]),
            EM_386 => Some([8, 42]),
            EM_AARCH64 => Some([1027, 1032]),
            EM_ARM => Some([23, 160]),
            EM_PPC64 => Some([22, 248]),
            EM_S390 => Some([12, 61]),
            EM_RISCV => Some([3, 58]),
            EM_LOONGARCH => Some([3, 12]),
            _ => None,
        }
    }
}
