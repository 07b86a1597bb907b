//! What is around a run changes no byte of what it writes, and its want of memory or of files writes nothing
//! half.

use std::fs;

use crate::support::fault::{Fixture, OUTPUT, text};

/// Time zone, language, umask, working directory, threads, home, the order of words in the environment.
#[test]
fn the_same_bytes_are_written_wherever_it_runs() {
    let fixture = Fixture::new(50_000);
    let plain = fixture.command(&["env", "-i"], "plain").output().unwrap();
    assert!(plain.status.success(), "{}", text(&plain));
    let expected = fs::read(fixture.out("plain").join(OUTPUT)).unwrap();
    for (number, before) in [
        "env -i TZ=Asia/Kathmandu",
        "env -i LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8",
        "env -i RAYON_NUM_THREADS=1",
        "env -i RAYON_NUM_THREADS=7",
        "env -u HOME -u USER -u PATH",
        "sh -c umask\u{a0}077;exec\u{a0}\"$0\"\u{a0}\"$@\"",
        "sh -c umask\u{a0}000;exec\u{a0}\"$0\"\u{a0}\"$@\"",
        "env -i TERM=dumb COLUMNS=1 NO_COLOR=1",
    ]
    .iter()
    .enumerate()
    {
        let words: Vec<String> = before
            .split(' ')
            .map(|word| word.replace('\u{a0}', " "))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let out = format!("out-{number}");
        let output = fixture.command(&words, &out).output().unwrap();
        assert!(output.status.success(), "{before}: {}", text(&output));
        let bytes = fs::read(fixture.out(&out).join(OUTPUT)).unwrap();
        assert!(bytes == expected, "{before}");
    }
}

/// Less and less memory, fewer and fewer files: a whole wheel, or none.
#[test]
fn want_of_memory_or_of_files_leaves_no_half_wheel() {
    let fixture = Fixture::new(3_000_000);
    let mut codes = Vec::new();
    for limit in [
        "ulimit -v 4000000",
        "ulimit -v 200000",
        "ulimit -v 60000",
        "ulimit -v 30000",
        "ulimit -v 20000",
        "ulimit -v 12000",
        "ulimit -n 64",
        "ulimit -n 12",
        "ulimit -n 8",
        "ulimit -n 6",
        "ulimit -n 5",
        "ulimit -n 4",
    ] {
        let out = limit.replace(' ', "-");
        let script = format!("{limit} && exec \"$0\" \"$@\"");
        let output = fixture
            .command(&["sh", "-c", &script], &out)
            .output()
            .unwrap();
        let written = fixture.out(&out).join(OUTPUT);
        // Where the program cannot even be loaded, nobody is there to say how it ended.
        if output.status.success() {
            fixture.check(&out, output.status, &text(&output));
        } else {
            assert!(!written.exists(), "{limit}: {}", text(&output));
            codes.push(output.status.code());
        }
    }
    assert!(codes.len() >= 2, "{codes:?}");
}
