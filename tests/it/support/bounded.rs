//! The program with little time and memory: what strangers' files may cost. Both are limits of the run, and
//! are measured behind it.
//!
//! What counts is what is shipped, so where everything is tested (`WHEELFIX_ALL_TOOLS`, which `scripts/check`
//! sets) it is the static program that runs. Elsewhere it is the one that the tests were built with, which
//! takes many times as long for want of optimisation: it has as much more time. `WHEELFIX_PROGRAM` names another
//! build of it; `WHEELFIX_COSTS` has what each run took printed, and nothing refused.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

use super::scratch;
use super::stage::static_binary;
use super::tools::{is_strict, tool};

/// Seconds of a processor.
const SECONDS: f64 = 2.0;
/// Bytes of memory.
pub const MEMORY: u64 = 256 << 20;
/// How much longer a program takes that is not optimised.
const SLOWER: f64 = 8.0;

/// Runs a command within a limit of data, tells what it took: seconds of a processor, kibibytes that it had
/// in memory at once, and how it ended.
const MEASURE: &str = "
import os, resource, signal, sys
told, seconds, data, *words = sys.argv[1:]
child = os.fork()
if child == 0:
    resource.setrlimit(resource.RLIMIT_DATA, (int(data), int(data)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(words[0], words)
signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
signal.alarm(120)
_, status, used = os.wait4(child, 0)
open(told, 'w').write(f'{used.ru_utime + used.ru_stime} {used.ru_maxrss} {status}')
";

/// What a run said, and what it took.
pub struct Run {
    pub code: i32,
    /// Both streams.
    pub text: String,
    /// Of a processor.
    pub seconds: f64,
    /// The most that it had in memory, in bytes.
    pub memory: u64,
}

/// As much of a text as a person reads.
pub fn begin(text: &str) -> String {
    text.chars().take(3000).collect()
}

/// The program that is measured, and how many times as long it may take.
fn program() -> (PathBuf, f64) {
    if let Some(program) = std::env::var_os("WHEELFIX_PROGRAM") {
        return (program.into(), 1.0);
    }
    match is_strict() {
        true => (static_binary().to_owned(), 1.0),
        false if cfg!(debug_assertions) => (env!("CARGO_BIN_EXE_wheelfix").into(), SLOWER),
        false => (env!("CARGO_BIN_EXE_wheelfix").into(), 1.0),
    }
}

/// A command line within the same bounds, for runs that something else has to watch (strace): the run is ended
/// that takes longer, and finds no memory past them.
pub fn within(words: &[&str]) -> Command {
    let seconds = SECONDS * program().1;
    let mut command = tool("prlimit");
    command.arg(format!("--data={MEMORY}"));
    command.arg(format!("--cpu={seconds}"));
    command.args(words);
    command
}

/// Runs wheelfix in `folder`, whatever it takes below what ends it, which is far above what is allowed.
fn run(folder: &Path, words: &[&str]) -> Run {
    let (program, slower) = program();
    let aside = scratch::folder();
    let told = aside.path().join("told");
    let mut command: Command = tool("python3");
    command.args(["-I", "-c", MEASURE]).arg(&told);
    command.arg(format!("{}", SECONDS * slower * 4.0));
    command
        .arg((MEMORY * 4).to_string())
        .arg(program)
        .args(words);
    command.current_dir(folder).env_remove("LD_LIBRARY_PATH");
    let output: Output = command.env("RAYON_NUM_THREADS", "2").output().unwrap();
    let text = super::command::text(&output);
    let Ok(told) = fs::read_to_string(told) else {
        panic!("{words:?} was not measured: {text}");
    };
    let told: Vec<&str> = told.split(' ').collect();
    let status = ExitStatus::from_raw(told[2].parse().unwrap());
    let code = status.code();
    let seconds = told[0].parse::<f64>().unwrap();
    assert!(
        code.is_some_and(|code| code < 5),
        "{words:?}: {status} after {seconds} s: {}",
        begin(&text)
    );
    assert!(!text.contains("panicked"), "{text}");
    Run {
        code: code.unwrap(),
        text,
        seconds: seconds / slower,
        memory: told[1].parse::<u64>().unwrap() << 10,
    }
}

/// Runs wheelfix in `folder`: two seconds of a processor and so many bytes have to do.
pub fn bounded_by(folder: &Path, memory: u64, words: &[&str]) -> Run {
    let run = run(folder, words);
    if std::env::var_os("WHEELFIX_COSTS").is_some() {
        let (mib, seconds) = (run.memory >> 20, run.seconds);
        println!("{seconds:6.2} s {mib:4} MiB, {}: {words:?}", run.code);
    } else {
        let (seconds, said) = (run.seconds, begin(&run.text));
        assert!(seconds <= SECONDS, "{words:?}: {seconds} s: {said}");
        let most = run.memory >> 20;
        assert!(run.memory <= memory, "{words:?}: {most} MiB: {said}");
    }
    run
}

/// As [`bounded_by`], with 256 MiB: the exit code, and both streams.
pub fn said(folder: &Path, words: &[&str]) -> (i32, String) {
    let run = bounded_by(folder, MEMORY, words);
    (run.code, run.text)
}
