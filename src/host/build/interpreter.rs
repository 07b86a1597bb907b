//! A Python to run, with what it says of itself.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::child::{Said, run};
use crate::error::Error;
use crate::plan::{BuildFault, lacks};

pub(super) const HELPER: &str = include_str!("pip_helper.py");

/// What would send pip's resolving elsewhere, or keep it from files that the lock has to have.
const UNWANTED: [&str; 8] = [
    "PIP_NO_BINARY",
    "PIP_ONLY_BINARY",
    "PIP_PLATFORM",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
];

/// How an interpreter is started.
pub(super) struct Interpreter {
    pub(super) python: PathBuf,
    /// By `uv run`, which gives it a pip for the time being.
    by_uv: bool,
}

/// What an interpreter says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct PythonFacts {
    pub(super) version: String,
    pub(super) implementation: String,
    pub(super) soabi: String,
    pub(super) machine: String,
    pub(super) pip: Option<String>,
}

impl PythonFacts {
    pub(super) fn short_version(&self) -> Option<(u16, u16)> {
        let mut parts = self.version.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

impl Interpreter {
    /// As it is.
    pub(super) fn own(python: PathBuf) -> Self {
        Self {
            python,
            by_uv: false,
        }
    }

    /// The same one, with a pip that uv brings. `None`: there is no uv, or it does not.
    pub(super) fn by_uv(&self, facts: &PythonFacts) -> Option<Self> {
        let other = Self {
            python: self.python.clone(),
            by_uv: true,
        };
        let found = other.facts().ok()?;
        let fits =
            found.pip.is_some() && found.version == facts.version && found.soabi == facts.soabi;
        fits.then_some(other)
    }

    /// What it says of itself.
    pub(super) fn facts(&self) -> Result<PythonFacts, Error> {
        ask(
            self,
            &json!({"do": "facts"}),
            "ask the interpreter what it is",
        )
    }

    /// It, without arguments yet.
    pub(super) fn command(&self) -> Command {
        let mut command = match self.by_uv {
            false => Command::new(&self.python),
            true => {
                let mut command = Command::new("uv");
                command.args([
                    "run",
                    "--quiet",
                    "--no-project",
                    "--no-config",
                    "--with",
                    "pip",
                    "--python",
                ]);
                command.arg(&self.python).arg("python");
                command
            }
        };
        for name in UNWANTED {
            command.env_remove(name);
        }
        command
    }
}

/// Ask the helper, in the interpreter.
pub(super) fn ask<T: DeserializeOwned>(
    python: &Interpreter,
    request: &Value,
    doing: &str,
) -> Result<T, Error> {
    let mut command = python.command();
    command.args(["-c", HELPER]);
    let said = run(command, format!("{request}\n").as_bytes())?;
    let answer = said.out.lines().last().unwrap_or_default();
    match serde_json::from_str(answer) {
        Ok(answer) if said.done => Ok(answer),
        _ => Err(failed(doing, &said)),
    }
}

pub(super) fn failed(doing: &str, said: &Said) -> Error {
    let text = match said.err.trim() {
        "" => said.status.clone(),
        text => text.to_owned(),
    };
    Error::Build(BuildFault::Engine {
        doing: doing.into(),
        lacks: lacks(&text),
        said: text.into(),
    })
}
