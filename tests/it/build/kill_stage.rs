//! A build in the full Alpine that is killed while it resolves, ports and compiles.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::port::manylinux;
use crate::support::command::{script, text};
use crate::support::stage::{inside, stage, static_binary};

use super::stage::{planted, wheels};

/// Killed at ten moments, each time alone: nothing goes on without it, and the last run ends with the bytes of
/// one that nobody disturbed.
#[test]
fn a_build_that_is_killed_takes_its_compilers_along_and_ends_with_the_same_bytes() {
    let planted = planted();
    let kiwi = manylinux("kiwisolver");
    fs::copy(&kiwi, planted.path().join(kiwi.file_name().unwrap())).unwrap();
    let runtimes = script("runtimes", &[]);
    let runtimes = Path::new(runtimes.lines().next().unwrap());
    let out = tempfile::tempdir().unwrap();
    let build =
        "/mnt/program/wheelfix build --no-index --find-links /planted --runtimes /mnt/runtimes";
    let names = "old second kiwisolver";
    let command = format!(
        "cd /out
        begin=$(date +%s%N)
        {build} --cache-dir /out/whole-cache -w whole {names}
        took=$(( ($(date +%s%N) - begin) / 1000000 ))
        others() {{ ls /proc | grep -c '^[0-9]' || :; }}
        before=$(others)
        for part in 1 2 3 4 5 6 7 8 9 10; do
            {build} --cache-dir /out/cache -w killed {names} >/dev/null 2>&1 &
            sleep $(awk \"BEGIN {{ print $took * $part / 11000 }}\")
            kill -9 $! 2>/dev/null || echo done before $part
            wait $! 2>/dev/null || :
            for wait in 1 2 3 4 5 6 7 8 9 10; do [ $(others) -gt $before ] || break; sleep 0.2; done
            [ $(others) = $before ] || {{ echo left over at $part; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; exit 3; }}
            for wheel in killed/*.whl; do
                [ ! -f $wheel ] || cmp $wheel whole/${{wheel#*/}}
            done
            [ $((part % 4)) != 0 ] || rm -rf killed
        done
        {build} --cache-dir /out/cache -w killed {names}"
    );
    let binds = [
        (static_binary().parent().unwrap(), "/mnt/program"),
        (planted.path(), "/planted"),
        (runtimes, "/mnt/runtimes"),
        (out.path(), "/out"),
    ];
    let ran = inside(&stage().full, &binds, &command);
    assert!(ran.status.success(), "{}", text(&ran));
    let digests = |folder: &str| -> Vec<(String, Vec<u8>)> {
        let folder = out.path().join(folder);
        let names = wheels(&folder).into_iter();
        let digests = names.map(|name| {
            let bytes = fs::read(folder.join(&name)).unwrap();
            (name, Sha256::digest(bytes).to_vec())
        });
        digests.collect()
    };
    assert_eq!(digests("whole").len(), 4);
    assert_eq!(digests("killed"), digests("whole"));
    let left = fs::read_dir(out.path().join("killed/.wheelfix")).unwrap();
    assert!(left.flatten().all(|entry| entry.file_name() != "work"));
}
