//! `wheelfix repair`: vendor what a wheel needs and tag it as what it is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::repair_args::Arguments;
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::ops::batch;
use crate::ops::repair::{Opened, Planned, Repair};
use crate::plan::WheelPlan;
use crate::report::{self, Ending, Outcome, RepairSummary};

/// What became of one wheel.
struct Done {
    /// What was done; `None`: it was copied, since there is nothing to repair in it.
    plan: Option<WheelPlan>,
    summary: RepairSummary,
    /// Where the result is, or the copy would be.
    output: Option<PathBuf>,
}

impl Done {
    /// Does it run nowhere, or not everywhere that its tag says?
    fn is_limited(&self) -> bool {
        self.plan.as_ref().is_some_and(WheelPlan::is_limited)
    }

    fn ending(&self) -> Ending<'_> {
        let output = self.output.as_ref().map(|path| path.display().to_string());
        match &self.plan {
            Some(plan) => Ending::Repaired {
                plan,
                summary: self.summary,
                output,
            },
            None => Ending::Copied(output.unwrap_or_default()),
        }
    }
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let repair = match arguments.options(terminal).and_then(Repair::open) {
        Ok(repair) => repair,
        Err(error) => {
            terminal.error(&error);
            return error.exit();
        }
    };
    let results = batch::each(
        &arguments.wheels,
        arguments.keep_going,
        |path| arguments.one(&repair, path, terminal),
        |error| terminal.error(error),
    );
    if terminal.json() {
        terminal.data(&format!("{}\n", arguments.json(&results)));
    }
    let exits = results.iter().map(|result| match result {
        Ok(done) if arguments.strict && done.is_limited() => Exit::No,
        Ok(_) => Exit::Done,
        Err(error) => error.exit(),
    });
    exits.max().unwrap_or(Exit::Done)
}

impl Arguments {
    fn one(&self, repair: &Repair, path: &Path, terminal: &Terminal) -> Result<Done, Error> {
        let start = Instant::now();
        let opened = repair.gather(path, terminal)?;
        tell_refusal(&opened, terminal);
        let planned = opened.plan()?;
        let Some(plan) = planned.plan() else {
            return self.copy(&planned, terminal);
        };
        for note in &plan.notes {
            let (warning, text) = report::note_text(note);
            terminal.note(planned.name(), warning, &text);
        }
        let mut summary = RepairSummary {
            input_size: planned.input_size(),
            strip_would_save: planned.strip_would_save(),
            ..RepairSummary::default()
        };
        let mut output = None;
        if self.dry_run {
            if !terminal.json() {
                terminal.data(&report::plan_text(plan));
            }
        } else {
            if terminal.verbose() {
                terminal.done(report::plan_text(plan).trim_end());
            }
            let written = planned.write(terminal)?;
            summary.size = written.size;
            summary.seconds = start.elapsed().as_secs_f64();
            terminal.done(&report::success(plan, &summary));
            output = Some(written.path);
        }
        Ok(Done {
            plan: planned.into_plan(),
            summary,
            output,
        })
    }

    fn copy(&self, planned: &Planned<'_>, terminal: &Terminal) -> Result<Done, Error> {
        let wheel = planned.name();
        let output = if self.dry_run {
            if !terminal.json() {
                let name = crate::wheel::escape(wheel);
                let text = format!("{name}\n  no ELF library or program in it: copied as it is\n");
                terminal.data(&text);
            }
            planned.output()
        } else {
            let path = planned.write(terminal)?.path;
            terminal.done(&format!(
                "Copied {wheel} to {}: no ELF library or program in it, nothing to repair",
                path.display()
            ));
            path
        };
        Ok(Done {
            plan: None,
            summary: RepairSummary::default(),
            output: Some(output),
        })
    }

    fn json(&self, results: &[Result<Done, Error>]) -> String {
        let each = self.wheels.iter().zip(results);
        let outcomes: Vec<Outcome<'_>> = each
            .map(|(path, result)| Outcome {
                input: path.display().to_string(),
                ending: match result {
                    Ok(done) => done.ending(),
                    Err(error) => Ending::Failed(error),
                },
            })
            .collect();
        report::repair_json(&outcomes, self.dry_run)
    }
}

/// What auditwheel has against a wheel, also where it is let through.
fn tell_refusal(opened: &Opened<'_>, terminal: &Terminal) {
    let Some(refusal) = opened.refusal() else {
        return;
    };
    for text in &refusal.ignored {
        terminal.note(opened.name(), true, &crate::wheel::escape(text));
    }
    if !opened.is_refused() {
        terminal.done(&report::refusal_text(refusal));
    }
}
