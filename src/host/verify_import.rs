//! Load every library of a tree with a real interpreter, each in a process of its own.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::tree::GatheredTree;
use crate::error::Error;
use crate::plan::STORE;

const SCRIPT: &str = include_str!("verify_import.py");

/// The libraries that `python` cannot load, by their path on this machine, and why. Those of the
/// store are not asked for: they are there for the links, which are.
///
/// # Errors
/// When the interpreter cannot be run or does not answer.
pub fn load_failures(
    gathered: &GatheredTree,
    python: &Path,
) -> Result<BTreeMap<String, String>, Error> {
    let failed = |error| Error::io("run the interpreter", python, error);
    let paths: Vec<String> = gathered
        .elf
        .keys()
        .filter(|path| path.first() != STORE)
        .map(|path| gathered.host_path(path).to_string_lossy().into_owned())
        .collect();
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let request = serde_json::to_vec(&paths).unwrap_or_default();
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without reading is told of below, by how it ended.
        match stdin.write_all(&request) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(failed(error)),
            _ => {}
        }
    }
    let output = child.wait_with_output().map_err(failed)?;
    serde_json::from_slice(&output.stdout).map_err(|_| Error::Refused {
        path: python.to_owned(),
        why: crate::wheel::sentence!(
            "it did not say which libraries load ({})",
            crate::wheel::Untrusted::from(output.status.to_string())
        ),
        hint: "give the interpreter of this tree, for example `.venv/bin/python`".into(),
    })
}
