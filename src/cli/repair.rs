//! `wheelfix repair`: vendor what a wheel needs and tag it as what it is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::args::text_of;
use super::repair_args::Arguments;
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::ops::batch;
use crate::ops::repair::{Opened, Repair};
use crate::plan::{Note, WheelPlan};
use crate::report::{self, Ending, Outcome, RepairSummary};
use crate::wheel::Untrusted;

/// What became of one wheel.
struct Done {
    /// The wheel's file name.
    name: String,
    /// What was done; `None`: it was copied, since there is nothing to repair in it.
    plan: Option<WheelPlan>,
    /// What a person should know of it.
    notes: Vec<Note>,
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
        let output = self.output.as_deref().map(text_of);
        match &self.plan {
            Some(plan) => Ending::Repaired {
                plan,
                summary: self.summary,
                output: output.map(Into::into),
            },
            None => Ending::Copied(output.unwrap_or_default().into()),
        }
    }
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let repair = match arguments.opened(terminal) {
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
        |result| match result {
            Ok(done) => arguments.tell(done, terminal),
            Err(error) => terminal.error(error),
        },
    );
    if terminal.json() {
        terminal.json_data(&arguments.json(&results));
    }
    let exits = results.iter().map(|result| match result {
        Ok(done) if arguments.strict && done.is_limited() => Exit::No,
        Ok(_) => Exit::Done,
        Err(error) => error.exit(),
    });
    exits.max().unwrap_or(Exit::Done)
}

impl Arguments {
    fn opened(&self, terminal: &Terminal) -> Result<Repair, Error> {
        let options = self.options(terminal)?;
        if !self.dry_run {
            options.output.check()?;
            if let Some(folder) = &options.debug_folder {
                crate::host::check_folder(folder)?;
            }
        }
        Repair::open(options)
    }

    fn one(&self, repair: &Repair, path: &Path, terminal: &Terminal) -> Result<Done, Error> {
        let start = Instant::now();
        let opened = repair.gather(path, terminal)?;
        tell_refusal(&opened, terminal);
        let planned = opened.plan()?;
        let name = planned.name().to_owned();
        let mut summary = RepairSummary::default();
        let mut output = planned.output();
        if planned.plan().is_some() {
            summary.input_size = planned.input_size();
            summary.strip_would_save = planned.strip_would_save();
        }
        if !self.dry_run {
            let written = planned.write(terminal)?;
            summary.size = written.size;
            summary.seconds = start.elapsed().as_secs_f64();
            output = written.path;
        }
        // A wheel that is only copied would go there as well.
        let is_there = !self.dry_run || planned.plan().is_none();
        Ok(Done {
            name,
            notes: planned.notes().to_vec(),
            plan: planned.into_plan(),
            summary,
            output: is_there.then_some(output),
        })
    }

    /// Tells what became of a wheel.
    fn tell(&self, done: &Done, terminal: &Terminal) {
        for note in &done.notes {
            let (warning, text) = report::note_text(note);
            terminal.note(done.name.as_str(), warning, &text);
        }
        let Some(plan) = &done.plan else {
            return self.tell_copied(done, terminal);
        };
        match &done.output {
            None if terminal.json() => {}
            None => terminal.data(&report::plan_text(plan)),
            Some(output) => {
                if terminal.verbose() {
                    terminal.done(report::plan_text(plan).trim_end());
                }
                let place = Untrusted::from(output);
                terminal.done(&report::success(plan, &done.summary, &place));
            }
        }
    }

    fn tell_copied(&self, done: &Done, terminal: &Terminal) {
        let name = Untrusted::from(done.name.as_str());
        if !self.dry_run {
            let place = done.output.as_deref().unwrap_or(Path::new(""));
            terminal.done(&format!(
                "Copied {name} to {}: no ELF library or program in it, nothing to repair",
                Untrusted::from(place)
            ));
        } else if !terminal.json() {
            let text = format!("{name}\n  no ELF library or program in it: copied as it is\n");
            terminal.data(&text);
        }
    }

    fn json(&self, results: &[Result<Done, Error>]) -> String {
        let each = self.wheels.iter().zip(results);
        let outcomes: Vec<Outcome<'_>> = each
            .map(|(path, result)| Outcome {
                input: text_of(path).into(),
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
        terminal.note(opened.name(), true, text.as_str());
    }
    if !opened.is_refused() {
        terminal.done(&report::refusal_text(refusal));
    }
}
