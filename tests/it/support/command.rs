//! Running the scripts, and reading what commands say.

use std::path::Path;
use std::process::{Command, Output};

/// What a script of ours prints.
pub(crate) fn script(name: &str, args: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts")
        .join(name);
    let output = Command::new(&path).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "scripts/{name} {} failed, and this test cannot run without it. Run it by hand to see why: it names what is \
         missing on this machine.\n{}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Both streams of a command, for messages and for searching.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
