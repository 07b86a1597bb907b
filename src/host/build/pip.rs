//! pip as the engine: it resolves, finds, fetches and builds; what it says is read here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::StandIn;
use super::child::{run, run_logged};
use super::interpreter::{HELPER, Interpreter, PythonFacts, ask, failed};
use crate::error::Error;
use crate::plan::{BuildFault, Candidate, PipReport, Target, normalised};
use crate::wheel::{Sentence, Untrusted, sentence};

/// The interpreter whose pip does the work.
pub struct Engine {
    asked: Option<PathBuf>,
    /// The version it has to be of, since it judges the markers of requirements.
    version: Option<(u16, u16)>,
    found: OnceLock<Result<(Interpreter, PythonFacts), Sentence>>,
    /// The same one with a pip of uv's, where it has none of its own.
    of_uv: OnceLock<Option<Interpreter>>,
}

/// Where pip looks, and within which bounds.
#[derive(Clone, Debug, Default)]
pub struct PipOptions {
    /// Ask no index.
    pub no_index: bool,
    /// More folders, or pages, to look for files in.
    pub find_links: Vec<String>,
    /// Files of constraints.
    pub constraints: Vec<PathBuf>,
    /// Files of requirements.
    pub files: Vec<PathBuf>,
    /// Requirements.
    pub requirements: Vec<String>,
    /// Take versions before a release.
    pub pre: bool,
}

impl Engine {
    /// This one, or `python3`.
    pub(super) fn of(asked: Option<PathBuf>) -> Self {
        Self {
            asked,
            version: None,
            found: OnceLock::new(),
            of_uv: OnceLock::new(),
        }
    }

    /// One of this version: the one that was asked for has to be, else it is looked for.
    pub(super) fn of_version(asked: Option<PathBuf>, version: (u16, u16)) -> Self {
        Self {
            version: Some(version),
            ..Self::of(asked)
        }
    }

    pub(super) fn facts(&self) -> Result<&PythonFacts, Error> {
        Ok(&self.found()?.1)
    }

    fn found(&self) -> Result<&(Interpreter, PythonFacts), Error> {
        let found = self.found.get_or_init(|| self.look());
        found.as_ref().map_err(|why| Error::Refused {
            path: self.asked.clone().unwrap_or_else(|| PathBuf::from("pip")),
            why: why.clone(),
            hint: match self.version {
                Some((major, minor)) => {
                    sentence!(
                        "install Python {}.{} with pip, or name one with `--python PATH`",
                        major,
                        minor
                    )
                }
                None => "install Python with pip, or name it with `--python PATH`".into(),
            },
        })
    }

    fn look(&self) -> Result<(Interpreter, PythonFacts), Sentence> {
        let candidates = match (&self.asked, self.version) {
            (Some(python), _) => vec![python.clone()],
            (None, Some((major, minor))) => {
                vec![format!("python{major}.{minor}").into(), "python3".into()]
            }
            (None, None) => vec!["python3".into()],
        };
        let mut whys = Vec::new();
        for python in candidates {
            let interpreter = Interpreter::own(python.clone());
            let facts = match interpreter.facts() {
                Ok(facts) => facts,
                Err(error) => {
                    whys.push(reason(&python, &error));
                    continue;
                }
            };
            match self.version {
                Some(wanted) if facts.short_version() != Some(wanted) => whys.push(sentence!(
                    "`{}` is Python {}, and the Alpine's is {}.{}: it would judge markers of requirements wrongly",
                    Untrusted::from(&python),
                    Untrusted::from(facts.version.as_str()),
                    wanted.0,
                    wanted.1
                )),
                _ => return Ok((interpreter, facts)),
            }
        }
        Err(Sentence::listing(&whys, "; "))
    }

    /// The interpreter's pip.
    ///
    /// # Errors
    /// When there is none.
    pub fn pip<'a>(
        &'a self,
        options: &'a PipOptions,
        target: &'a Target,
    ) -> Result<Pip<'a>, Error> {
        let (interpreter, facts) = self.found()?;
        let with_pip = match &facts.pip {
            Some(_) => Some(interpreter),
            None => self.of_uv.get_or_init(|| interpreter.by_uv(facts)).as_ref(),
        };
        match with_pip {
            Some(python) => Ok(Pip {
                python,
                options,
                target,
            }),
            None => Err(Error::Refused {
                path: interpreter.python.clone(),
                why: "it has no pip, and there is no uv that brings one".into(),
                hint: "`python3 -m ensurepip`, or on Alpine `apk add py3-pip` or `apk add uv`"
                    .into(),
            }),
        }
    }
}

/// pip, with what it is to go by.
pub struct Pip<'a> {
    python: &'a Interpreter,
    options: &'a PipOptions,
    target: &'a Target,
}

#[derive(Deserialize)]
struct Fetched {
    failed: BTreeMap<String, String>,
}

impl Pip<'_> {
    /// Resolve the requirements to versions that have a wheel for musl, for any platform or for glibc.
    /// `stand_ins`: a folder of wheels that hold nothing but metadata, for projects without any wheel.
    ///
    /// # Errors
    /// With what pip said, when they cannot be resolved.
    pub fn resolve(&self, stand_ins: &Path, report: &Path) -> Result<PipReport, Error> {
        let mut command = self.command();
        command.args([
            "install",
            "--dry-run",
            "--ignore-installed",
            "--quiet",
            "--report",
        ]);
        command.arg(report).arg("--target").arg(stand_ins);
        command.args(self.target_flags()).args(self.source_flags());
        command
            .arg("--only-binary=:all:")
            .arg("--find-links")
            .arg(stand_ins);
        if self.options.pre {
            command.arg("--pre");
        }
        for file in &self.options.constraints {
            command.arg("--constraint").arg(file);
        }
        for file in &self.options.files {
            command.arg("--requirement").arg(file);
        }
        command.args(&self.options.requirements);
        let said = run(command, b"")?;
        if !said.done {
            return Err(failed("resolve the requirements", &said));
        }
        let text = super::files::read_text(report)?;
        serde_json::from_str(&text).map_err(|error| {
            Error::Build(BuildFault::Engine {
                doing: "resolve the requirements".into(),
                said: format!("pip wrote a report that cannot be read: {error}").into(),
                lacks: Vec::new(),
            })
        })
    }

    /// Put a wheel that holds nothing but metadata into `folder`, for a project that has no wheel, so that it
    /// can be resolved.
    ///
    /// # Errors
    /// When pip cannot look it up or fetch it.
    pub fn stand_in(&self, requirement: &str, folder: &Path) -> Result<StandIn, Error> {
        let mut flags = self.target_flags();
        flags.extend(self.source_flags());
        let request = json!({
            "do": "stand_in", "flags": flags, "requirement": requirement, "pre": self.options.pre, "to": folder,
        });
        ask(
            self.python,
            &request,
            &format!("look for `{}`", crate::wheel::escape(requirement)),
        )
    }

    /// The same from what the project's build says; what that says goes to `log`. `false`: it failed.
    ///
    /// # Errors
    /// When pip cannot be run.
    pub fn built_stand_in(&self, sdist: &Path, folder: &Path, log: &Path) -> Result<bool, Error> {
        let report = folder.join("metadata.json");
        let mut command = self.command();
        command.args([
            "install",
            "--dry-run",
            "--no-deps",
            "--ignore-installed",
            "--report",
        ]);
        command.arg(&report).args(self.source_flags()).arg(sdist);
        if !run_logged(command, log)?.0 {
            return Ok(false);
        }
        let text = super::files::read_text(&report)?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let metadata = value
            .pointer("/install/0/metadata")
            .cloned()
            .unwrap_or_default();
        let request = json!({"do": "write_stand_in", "to": folder, "metadata": metadata});
        let _: Value = ask(self.python, &request, "write down metadata")?;
        Ok(true)
    }

    /// Which environment markers hold for the target's Python, on this machine.
    ///
    /// # Errors
    /// When one is none.
    pub fn markers(&self, markers: &[String]) -> Result<Vec<bool>, Error> {
        let request = json!({"do": "markers", "markers": markers});
        ask(self.python, &request, "judge the markers of the lock")
    }

    /// Every file that the target could use, by project.
    ///
    /// # Errors
    /// When pip cannot look them up.
    pub fn candidates(&self, names: &[String]) -> Result<BTreeMap<String, Vec<Candidate>>, Error> {
        let mut flags = self.target_flags();
        flags.extend(self.source_flags());
        let request = json!({"do": "candidates", "flags": flags, "names": names});
        ask(self.python, &request, "ask for the files of the packages")
    }

    /// The SHA-256 digests that the requirement files pin, by project.
    ///
    /// # Errors
    /// When pip cannot read them.
    pub fn pinned(&self) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let request = json!({"do": "hashes", "flags": [], "files": self.options.files});
        let found: BTreeMap<String, BTreeSet<String>> =
            ask(self.python, &request, "read the requirements")?;
        let found = found.into_iter();
        Ok(found
            .map(|(name, sums)| (normalised(&name), sums))
            .collect())
    }

    /// Fetch files, each to its path; what cannot be fetched is in the answer, by its path, with the reason.
    ///
    /// # Errors
    /// When pip cannot be asked at all.
    pub fn fetch(&self, wanted: &[(String, PathBuf)]) -> Result<BTreeMap<PathBuf, String>, Error> {
        let files: Vec<Value> = wanted
            .iter()
            .map(|(url, to)| json!({"url": url, "to": to}))
            .collect();
        let request = json!({"do": "fetch", "flags": self.source_flags(), "files": files});
        let fetched: Fetched = ask(self.python, &request, "fetch files")?;
        let failed = fetched.failed.into_iter();
        Ok(failed
            .map(|(path, why)| (PathBuf::from(path), why))
            .collect())
    }

    /// Build a source archive into a wheel in `into`; what is said goes to `log`. The second value says how
    /// it ended.
    ///
    /// # Errors
    /// When the interpreter cannot be run.
    pub fn wheel(
        &self,
        source: &Path,
        into: &Path,
        wheelhouse: &Path,
        environment: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<(bool, String), Error> {
        let mut command = self.command();
        command.args([
            "wheel",
            "--no-deps",
            "--prefer-binary",
            "--verbose",
            "--wheel-dir",
        ]);
        command.arg(into).args(self.source_flags());
        command.arg("--find-links").arg(wheelhouse).arg(source);
        command.envs(environment);
        run_logged(command, log)
    }

    fn command(&self) -> Command {
        let mut command = self.python.command();
        command.args(["-c", HELPER, "pip"]);
        command.args(["--disable-pip-version-check", "--no-input"]);
        command
    }

    fn target_flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = self
            .target
            .platforms()
            .into_iter()
            .map(|tag| format!("--platform={tag}"))
            .collect();
        flags.push(format!("--python-version={}", self.target.version()));
        flags.push("--implementation=cp".to_owned());
        flags
    }

    fn source_flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.options.no_index {
            flags.push("--no-index".to_owned());
        }
        flags.extend(
            self.options
                .find_links
                .iter()
                .map(|place| format!("--find-links={place}")),
        );
        flags
    }
}

fn reason(python: &Path, error: &Error) -> Sentence {
    let why = match error {
        Error::Io { error, .. } => Sentence::of(error),
        Error::Build(BuildFault::Engine { said, .. }) => {
            let last = said.as_str().lines().last().unwrap_or_default();
            sentence!("{}", Untrusted::from(last))
        }
        _ => "it cannot be run".into(),
    };
    sentence!("`{}`: {}", Untrusted::from(python), why)
}
