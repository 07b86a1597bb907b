//! The program with little time and memory: what strangers' files may cost.

use std::path::Path;
use std::process::{Command, Output};

use super::command::text;
use super::tools::tool;

/// Seconds of a processor.
const SECONDS: u32 = 2;
/// Bytes of memory that is its own: stacks, heap, what is mapped without a file.
const MEMORY: u32 = 256 << 20;

/// Runs wheelfix in `folder` with two seconds and 256 MiB. Without optimisation everything takes many
/// times as long, and the time that is told then is longer by as much.
pub fn bounded(folder: &Path, words: &[&str]) -> Output {
    bounded_by(folder, MEMORY, words)
}

/// As [`bounded`], with so many bytes.
pub fn bounded_by(folder: &Path, memory: u32, words: &[&str]) -> Output {
    let seconds = if cfg!(debug_assertions) {
        SECONDS * 8
    } else {
        SECONDS
    };
    let script = format!(
        "ulimit -t {seconds} && ulimit -d {} && exec timeout -s KILL 60 \"$0\" \"$@\"",
        memory >> 10
    );
    let mut command: Command = tool("sh");
    command.arg("-c").arg(script);
    command.arg(env!("CARGO_BIN_EXE_wheelfix")).args(words);
    command.current_dir(folder).env_remove("LD_LIBRARY_PATH");
    let output = command.env("RAYON_NUM_THREADS", "2").output().unwrap();
    let text = text(&output);
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| code < 5),
        "{}: {text}",
        output.status
    );
    assert!(!text.contains("panicked"), "{text}");
    output
}

/// As [`bounded`]: the exit code, and both streams.
pub fn said(folder: &Path, words: &[&str]) -> (i32, String) {
    let output = bounded(folder, words);
    (output.status.code().unwrap(), text(&output))
}
