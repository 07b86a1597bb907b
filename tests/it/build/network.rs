//! Indexes that are not reached, or give what is not whole: none of them reads as "no such project".

use crate::support::command::text;
use crate::support::stage::{inside, stage, static_binary};

use super::stage::{planted, wheels};

#[test]
fn an_index_that_is_out_of_order_is_not_one_without_the_project() {
    let planted = planted();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/build/index.py");
    std::fs::copy(script, planted.path().join("index.py")).unwrap();
    let program = static_binary().parent().unwrap();
    for (index, retries, expected, hint) in [
        ("gone", 0, "was not read: Connection", "run again"),
        ("gone", 1, "the index was not reached", "run again"),
        ("unwilling", 0, "too many 503", "run again"),
        ("denied", 0, "401 Client Error", "give credentials"),
        ("half", 0, "`good-1.0.tar.gz` was not read: ", "run again"),
        (
            "other",
            0,
            "and the index says",
            "another file than its page names",
        ),
        ("whole", 0, "there is no `nosuch`", "spelled right"),
    ] {
        let out = tempfile::tempdir().unwrap();
        let wanted = if index == "whole" { "nosuch" } else { "good" };
        let command = format!(
            "ip link set lo up; cd /out; python3 /planted/index.py /out/port /planted & 
            cd /out; while [ ! -f /out/port ]; do sleep 0.1; done; port=$(cat /out/port)
            [ {index} != gone ] || port=1
            env -u PIP_NO_INDEX -u PIP_FIND_LINKS PIP_RETRIES={retries} \
                PIP_INDEX_URL=http://user:secret@127.0.0.1:$port/{index}/simple \
                /mnt/program/wheelfix build --cache-dir /out/cache {wanted}"
        );
        let binds = [
            (program, "/mnt/program"),
            (planted.path(), "/planted"),
            (out.path(), "/out"),
        ];
        let ran = inside(&stage().full, &binds, &command);
        let said = text(&ran);
        assert_eq!(ran.status.code(), Some(1), "{index}: {said}");
        assert!(
            said.contains(expected) && said.contains(hint),
            "{index}: {said}"
        );
        assert!(
            !said.contains("secret") && !said.contains(" at 0x"),
            "{said}"
        );
        assert_eq!(wheels(&out.path().join("wheelhouse")), [""; 0], "{index}");
    }
}
