//! `.ARM.attributes`: which core a 32-bit Arm file was built for.

use crate::address::slice;
use crate::codec::Codec;
use crate::read::image::Image;
use crate::read::section::SHT_ARM_ATTRIBUTES;

const TAG_FILE: u64 = 1;
const TAG_CPU_RAW_NAME: u64 = 4;
const TAG_CPU_NAME: u64 = 5;
const TAG_CPU_ARCH: u64 = 6;
const TAG_COMPATIBILITY: u64 = 32;

/// `Tag_CPU_arch` of an Arm file, if it has attributes and they say so.
pub(crate) fn arm_cpu(image: &Image<'_>) -> Option<u8> {
    let section = image
        .sections
        .iter()
        .find(|section| section.kind == SHT_ARM_ATTRIBUTES)?;
    cpu_arch(
        image.codec(),
        slice(image.bytes, section.offset, section.size)?,
    )
}

/// Layout: `'A'`, then vendors' parts (size, name, NUL, then scopes: tag, size, tag-value pairs).
fn cpu_arch(codec: Codec, bytes: &[u8]) -> Option<u8> {
    let mut parts = bytes.strip_prefix(b"A")?;
    while let Some(size) = codec.u32(parts, 0) {
        let part = parts.get(4..size as usize)?;
        parts = parts.get(size as usize..)?;
        let Some(scopes) = part.strip_prefix(b"aeabi\0") else {
            continue;
        };
        if let Some(found) = file_scope(codec, scopes).and_then(pairs) {
            return Some(found);
        }
    }
    None
}

fn file_scope(codec: Codec, mut scopes: &[u8]) -> Option<&[u8]> {
    while let Some(&tag) = scopes.first() {
        let size = codec.u32(scopes, 1)? as usize;
        let content = scopes.get(5..size)?;
        if u64::from(tag) == TAG_FILE {
            return Some(content);
        }
        scopes = scopes.get(size..)?;
    }
    None
}

fn pairs(mut bytes: &[u8]) -> Option<u8> {
    while !bytes.is_empty() {
        let tag = uleb(&mut bytes)?;
        let has_text = tag == TAG_CPU_RAW_NAME
            || tag == TAG_CPU_NAME
            || (tag > TAG_COMPATIBILITY && tag % 2 == 1);
        if tag == TAG_COMPATIBILITY {
            uleb(&mut bytes)?;
        }
        if has_text || tag == TAG_COMPATIBILITY {
            let end = bytes.iter().position(|&byte| byte == 0)?;
            bytes = bytes.get(end.checked_add(1)?..)?;
            continue;
        }
        let value = uleb(&mut bytes)?;
        if tag == TAG_CPU_ARCH {
            return u8::try_from(value).ok();
        }
    }
    None
}

fn uleb(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Class, Endian};

    const CODEC: Codec = Codec {
        class: Class::Elf32,
        endian: Endian::Little,
    };

    #[test]
    fn an_armv6_core_is_told_from_an_armv7_core() {
        let attributes = |cpu: u8| {
            // Tag_CPU_name "6", Tag_CPU_arch, Tag_ARM_ISA_use 1.
            let mut bytes = b"A\x16\0\0\0aeabi\0\x01\x0c\0\0\0\x056\0\x06".to_vec();
            bytes.extend_from_slice(&[cpu, 8, 1]);
            bytes
        };
        assert_eq!(cpu_arch(CODEC, &attributes(6)), Some(6));
        assert_eq!(cpu_arch(CODEC, &attributes(10)), Some(10));
    }

    #[test]
    fn attributes_cut_anywhere_say_nothing_or_the_same() {
        let bytes = b"A\x16\0\0\0aeabi\0\x01\x0c\0\0\0\x056\0\x06\x06\x08\x01";
        for length in 0..bytes.len() {
            let found = cpu_arch(CODEC, bytes.get(..length).unwrap_or_default());
            assert!(matches!(found, None | Some(6)), "{found:?}");
        }
    }
}
