//! Where what a strip leaves out is kept for debuggers, and how the stripped files say so.

use std::collections::BTreeMap;

use crate::elf::Strip;
use crate::plan::EntryOp;
use crate::plan::repair::naming::hex;
use crate::wheel::ArchivePath;

/// Let every file that is stripped name its debug file: its own name with `.debug` behind it.
pub(in crate::plan) fn link_debug_files(ops: &mut BTreeMap<ArchivePath, EntryOp>) {
    for (place, op) in ops {
        let (EntryOp::Edit(edits) | EntryOp::Move { edits, .. } | EntryOp::Graft { edits, .. }) =
            op
        else {
            continue;
        };
        if edits.strip != Strip::None {
            edits.debug_link = Some(format!("{}.debug", place.file_name()));
        }
    }
}

/// Where the debug file of a file lies in the folder of `--debug-dir`: where debuggers look by the build
/// id, or, without one, by the wheel's name and the file's place in it.
///
/// Source: GDB's manual, "Separate Debug Files": `.build-id/` + two digits + `/` + the others + `.debug`.
pub fn debug_place(wheel: &str, place: &ArchivePath, build_id: Option<&[u8]>) -> String {
    match build_id {
        // One byte would leave no name for the file.
        Some([first, rest @ ..]) if !rest.is_empty() => {
            format!(".build-id/{first:02x}/{}.debug", hex(rest))
        }
        _ => format!("{}/{place}.debug", wheel.trim_end_matches(".whl")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_file_lies_by_its_build_id_or_by_its_place() {
        let place = ArchivePath::parse("demo.libs/liba-01234567.so.1").unwrap();
        let at = |build_id| debug_place("demo-1.0-py3-none-linux_x86_64.whl", &place, build_id);
        assert_eq!(at(Some(&[0xab, 0xcd, 0x01])), ".build-id/ab/cd01.debug");
        let by_place = "demo-1.0-py3-none-linux_x86_64/demo.libs/liba-01234567.so.1.debug";
        for short in [None, Some(&[][..]), Some(&[0xab][..])] {
            assert_eq!(at(short), by_place);
        }
    }
}
