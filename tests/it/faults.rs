//! Whatever happens while a wheel is written: the final name holds a whole wheel or nothing.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;
use std::thread::sleep;
use std::time::Instant;

use crate::support::fault::{Fixture, OUTPUT, in_namespace, names, text, whole};
use crate::support::tools::tool;

const SMALL: usize = 300_000;
const LARGE: usize = 2_000_000;
/// More system calls of one kind than any run of ours has.
const MOST_CALLS: usize = 60;

#[test]
fn a_limit_on_the_size_of_files_is_a_full_disk() {
    let fixture = Fixture::new(SMALL);
    let mut succeeded = false;
    // In blocks of 512 bytes; the last one is enough.
    for blocks in [0, 1, 8, 100, 511, 512, 513, 600, 1000, 4000] {
        let out = format!("out-{blocks}");
        let script = format!("ulimit -f {blocks} && exec \"$0\" \"$@\"");
        let output = fixture
            .command(&["sh", "-c", &script], &out)
            .output()
            .unwrap();
        fixture.check(&out, output.status, &text(&output));
        succeeded = output.status.success();
        if !succeeded {
            assert_eq!(output.status.code(), Some(4), "{}", text(&output));
            assert!(
                text(&output).contains("File too large"),
                "{}",
                text(&output)
            );
        }
    }
    assert!(succeeded);
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let fixture = Fixture::new(SMALL);
    let command = fixture.words("full").join(" ");
    // Room for half a wheel; then for a whole one, but not beside the old one.
    let script = format!(
        "mkdir full && mount -t tmpfs -o size=300k none full || exit 100
         {command}; echo \"exit $?\"; ls -A full
         echo old > full/{OUTPUT}
         {command}; echo \"exit $?\"; ls -A full; cat full/{OUTPUT}"
    );
    let Some(output) = in_namespace(fixture.path(), &script) else {
        return;
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        stdout,
        format!("exit 4\nexit 4\n{OUTPUT}\nold\n"),
        "{}",
        text(&output)
    );
    assert!(text(&output).contains("No space left on device"));
}

#[test]
fn a_read_only_folder_is_told() {
    let fixture = Fixture::new(100);
    let command = fixture.words("frozen").join(" ");
    let script = format!(
        "mkdir frozen && mount -t tmpfs -o ro none frozen || exit 100
         {command}; echo \"exit $?\"; ls -A frozen"
    );
    let Some(output) = in_namespace(fixture.path(), &script) else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "exit 4\n");
    assert!(
        text(&output).contains("Read-only file system"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let fixture = Fixture::new(100);
    for (redirection, expected) in [("> /dev/full", 4), ("| true", 0)] {
        let out = format!("out{expected}");
        // POSIX shells tell the status of the last command of a pipe only.
        let script =
            format!("{{ \"$0\" \"$@\" --json; echo $? > status{expected}; }} {redirection}");
        let mut command = fixture.command(&["sh", "-c", &script], &out);
        let output = command.output().unwrap();
        let status = fs::read_to_string(fixture.out(&format!("status{expected}"))).unwrap();
        assert_eq!(status.trim(), expected.to_string(), "{}", text(&output));
        whole(&fixture.out(&out).join(OUTPUT));
    }
}

#[test]
fn a_signal_at_any_moment_leaves_nothing_behind() {
    let fixture = Fixture::new(LARGE);
    let begin = Instant::now();
    let output = fixture.command(&[], "clean").output().unwrap();
    let time = begin.elapsed();
    fixture.check("clean", output.status, &text(&output));
    for (signal, number, steps) in [
        ("KILL", 9, 8),
        ("TERM", 15, 8),
        ("INT", 2, 3),
        ("HUP", 1, 3),
    ] {
        let mut caught = 0;
        for step in 0..steps {
            let out = format!("out-{signal}-{step}");
            let child = fixture.command(&[], &out).spawn().unwrap();
            sleep(time.mul_f64(f64::from(step) / f64::from(steps)));
            let kill = format!("kill -{signal} {}", child.id());
            let _ = tool("sh").args(["-c", &kill]).output().unwrap();
            let output = child.wait_with_output().unwrap();
            fixture.check(&out, output.status, &text(&output));
            caught += usize::from(output.status.signal() == Some(number));
        }
        // What `nohup` ignores the programs that it starts ignore too.
        let ignored = ignored_signals() >> (number - 1) & 1 == 1;
        assert_eq!(caught == 0, ignored, "SIG{signal} ended {caught} runs");
    }
}

/// The signals that this process ignores, and its children by inheritance: bit 0 is signal 1.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap()
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    for named in [false, true] {
        inject_below(
            &nohup,
            "write,fsync,linkat,?rename,?renameat2,?unlink:signal=HUP",
            named,
            |output| assert!(output.status.success(), "{}", text(output)),
        );
    }
}

/// One way in which the Nth call of a kind goes wrong.
fn inject_everywhere(fault: &str, named: bool) {
    inject_below(&[], fault, named, |_| ());
}

/// The same for a program that `below` starts; `also` is asked of every ending.
fn inject_below(below: &[&str], fault: &str, named: bool, also: impl Fn(&Output)) {
    let fixture = Fixture::new(SMALL);
    let temporary = match named {
        false => None,
        true => Some(without_unnamed_files(&fixture)),
    };
    for number in 1..=MOST_CALLS {
        let out = format!("out-{number}");
        fs::create_dir(fixture.out(&out)).unwrap();
        let log = fixture.out("log");
        let inject = format!("inject={fault}:when={number}");
        let mut before = below.to_vec();
        before.extend(["strace", "-f", "-o", log.to_str().unwrap(), "-e", &inject]);
        before.extend(temporary.iter().flat_map(|inject| ["-e", inject.as_str()]));
        let output = fixture.command(&before, &out).output().unwrap();
        let log = fs::read_to_string(log).unwrap();
        if log.is_empty() {
            println!("skipped: strace cannot trace here: {}", text(&output));
            return;
        }
        fixture.check(&out, output.status, &text(&output));
        also(&output);
        // The fault of the temporary file shows in each log.
        let faults =
            ["(INJECTED)", "--- SIG", "+++ killed by"].map(|sign| log.matches(sign).count());
        let faults: usize = faults.iter().sum();
        if faults <= usize::from(temporary.is_some()) {
            assert!(output.status.success(), "{}", text(&output));
            assert!(number > 1, "{fault} never met a call");
            return;
        }
    }
    panic!("{fault} met more than {MOST_CALLS} calls");
}

/// Makes the kernel refuse files without a name, so that a temporary one is written; how to say
/// so to strace.
fn without_unnamed_files(fixture: &Fixture) -> String {
    let log = fixture.out("probe.log");
    let before = ["strace", "-f", "-o", log.to_str().unwrap()];
    fixture.command(&before, "probe").output().unwrap();
    let log = fs::read_to_string(log).unwrap();
    let Some(line) = log.lines().find(|line| line.contains("O_TMPFILE")) else {
        return "inject=unlink:retval=0:when=1000".to_owned();
    };
    // strace counts the calls of each thread by itself.
    let (thread, call) = line.split_once(' ').unwrap();
    let name = call.trim_start().split('(').next().unwrap();
    let before = log.lines().take_while(|other| *other != line);
    let same = before.filter(|other| {
        let (other_thread, other) = other.split_once(' ').unwrap();
        other_thread == thread && other.trim_start().starts_with(&format!("{name}("))
    });
    format!("inject={name}:error=EOPNOTSUPP:when={}", same.count() + 1)
}

#[test]
fn no_space_at_any_write() {
    inject_everywhere("write:error=ENOSPC", false);
}

#[test]
fn no_space_at_any_write_of_a_named_file() {
    inject_everywhere("write:error=ENOSPC", true);
}

#[test]
fn an_error_where_the_file_is_synced_and_named() {
    inject_everywhere("fsync,linkat,?rename,?renameat,?renameat2:error=EIO", false);
}

#[test]
fn an_error_at_any_open() {
    inject_everywhere("?open,openat:error=EIO", false);
}

#[test]
fn killed_at_any_call_that_writes() {
    inject_everywhere(
        "write,fsync,linkat,?rename,?renameat2,?unlink:signal=KILL",
        false,
    );
}

#[test]
fn ended_at_any_call_that_writes() {
    inject_everywhere(
        "write,fsync,linkat,?rename,?renameat2,?unlink:signal=TERM",
        false,
    );
}

#[test]
fn ended_at_any_call_that_writes_a_named_file() {
    inject_everywhere(
        "write,fsync,linkat,?rename,?renameat2,?unlink:signal=TERM",
        true,
    );
}

#[test]
fn an_interrupted_write_is_repeated() {
    let fixture = Fixture::new(SMALL);
    let inject = "inject=write:error=EINTR:when=1+2";
    let before = ["strace", "-f", "-o", "log", "-e", inject];
    let output = fixture.command(&before, "out").output().unwrap();
    fixture.check("out", output.status, &text(&output));
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(names(&fixture.out("out")), [OUTPUT]);
}
