//! Notes: the build id and the processor level that x86 files ask for.

use serde::Serialize;

use crate::address::{align_up, slice};
use crate::codec::Codec;
use crate::read::image::Image;
use crate::read::segment::{PT_GNU_PROPERTY, PT_NOTE};

const NT_GNU_BUILD_ID: u32 = 3;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED: u32 = 0xc000_8002;
/// What binutils 2.29 to 2.32 and 2.33 to 2.35 wrote; single features, not levels.
const GNU_PROPERTY_X86_COMPAT_ISA_1_NEEDED: u32 = 0xc000_0001;
const GNU_PROPERTY_X86_COMPAT_2_ISA_1_NEEDED: u32 = 0xc000_8000;

/// An x86-64 level of the psABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum X86Level {
    /// What every x86-64 processor has.
    Baseline,
    /// SSE4.2 and what came before.
    V2,
    /// AVX2 and what came before.
    V3,
    /// AVX-512.
    V4,
}

impl std::fmt::Display for X86Level {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Baseline => "x86-64",
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        })
    }
}

/// What a file says of the x86 instructions it cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct X86Isa {
    /// `GNU_PROPERTY_X86_ISA_1_NEEDED`: bit 0 baseline, 1 v2, 2 v3, 3 v4.
    pub needed: u32,
    /// `GNU_PROPERTY_X86_COMPAT_ISA_1_NEEDED`: bits 0 to 2 i486 to i686, 3 SSE, 4 SSE2, 5 SSE3,
    /// 6 SSSE3, 7 SSE4.1, 8 SSE4.2, 9 AVX, 10 AVX2, 11 FMA, from 12 on AVX-512.
    pub compat: u32,
    /// `GNU_PROPERTY_X86_COMPAT_2_ISA_1_NEEDED`: bit 0 CMOV, 1 SSE, 2 SSE2, 3 SSE3, 4 SSSE3,
    /// 5 SSE4.1, 6 SSE4.2, 7 AVX, 8 AVX2, 9 FMA, from 10 on AVX-512.
    pub compat_2: u32,
}

impl X86Isa {
    /// The lowest level that has everything the file asks for; `None` if it asks for nothing.
    #[must_use]
    pub fn level(self) -> Option<X86Level> {
        let by_levels = match self.needed {
            0 => None,
            bits if bits & !7 != 0 => Some(X86Level::V4),
            bits if bits & 4 != 0 => Some(X86Level::V3),
            bits if bits & 2 != 0 => Some(X86Level::V2),
            _ => Some(X86Level::Baseline),
        };
        let by_features = |bits: u32, sse3: u32, avx: u32, avx512: u32| match bits {
            0 => None,
            bits if bits >> avx512 != 0 => Some(X86Level::V4),
            bits if bits >> avx != 0 => Some(X86Level::V3),
            bits if bits >> sse3 != 0 => Some(X86Level::V2),
            _ => Some(X86Level::Baseline),
        };
        by_levels
            .max(by_features(self.compat, 5, 9, 12))
            .max(by_features(self.compat_2, 3, 7, 10))
    }
}

/// What the notes of a file say. Notes that make no sense are passed over, as loaders do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) build_id: Option<Vec<u8>>,
    pub(crate) x86_isa: X86Isa,
}

/// Reads all notes of a file.
pub(crate) fn read(image: &Image<'_>) -> Notes {
    let codec = image.codec();
    let mut notes = Notes::default();
    for segment in image
        .segments
        .iter()
        .filter(|segment| matches!(segment.kind, PT_NOTE | PT_GNU_PROPERTY))
    {
        let Some(bytes) = slice(image.bytes, segment.offset, segment.file_size) else {
            continue;
        };
        let align = if segment.align == 8 { 8 } else { 4 };
        each(codec, bytes, align, |name, kind, content| {
            if name != b"GNU\0" {
                return;
            }
            match kind {
                NT_GNU_BUILD_ID => notes.build_id = Some(content.to_vec()),
                NT_GNU_PROPERTY_TYPE_0 => properties(codec, content, &mut notes.x86_isa),
                _ => {}
            }
        });
    }
    notes
}

fn each(codec: Codec, bytes: &[u8], align: u64, mut visit: impl FnMut(&[u8], u32, &[u8])) {
    let mut rest = bytes;
    loop {
        let (Some(name_size), Some(size), Some(kind)) =
            (codec.u32(rest, 0), codec.u32(rest, 4), codec.u32(rest, 8))
        else {
            return;
        };
        let content_at = align_up(12 + u64::from(name_size), align).unwrap_or(u64::MAX);
        let content_end = content_at.saturating_add(u64::from(size));
        let range = |start: u64, end: u64| {
            rest.get(
                usize::try_from(start).unwrap_or(usize::MAX)
                    ..usize::try_from(end).unwrap_or(usize::MAX),
            )
        };
        let (Some(name), Some(content)) = (
            range(12, 12 + u64::from(name_size)),
            range(content_at, content_end),
        ) else {
            return;
        };
        visit(name, kind, content);
        let next = align_up(content_end, align).unwrap_or(u64::MAX);
        rest = usize::try_from(next)
            .ok()
            .and_then(|next| rest.get(next..))
            .unwrap_or_default();
    }
}

fn properties(codec: Codec, content: &[u8], isa: &mut X86Isa) {
    let mut rest = content;
    while let (Some(kind), Some(size)) = (codec.u32(rest, 0), codec.u32(rest, 4)) {
        if size == 4
            && let Some(value) = codec.u32(rest, 8)
        {
            match kind {
                GNU_PROPERTY_X86_ISA_1_NEEDED => isa.needed |= value,
                GNU_PROPERTY_X86_COMPAT_ISA_1_NEEDED => isa.compat |= value,
                GNU_PROPERTY_X86_COMPAT_2_ISA_1_NEEDED => isa.compat_2 |= value,
                _ => {}
            }
        }
        let next = align_up(8 + u64::from(size), codec.word_size()).unwrap_or(u64::MAX);
        rest = usize::try_from(next)
            .ok()
            .and_then(|next| rest.get(next..))
            .unwrap_or_default();
    }
}
