//! `wheelfix port`: make wheels for glibc run on musl.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::args::{self, text_of};
use super::terminal::Terminal;
use crate::error::{Error, Exit};
use crate::host::OutputOptions;
use crate::ops::port::{Options, Outcome, port};
use crate::report::{self, PortSummary, Ported};

const EXAMPLES: &str = "\
Examples:
  wheelfix port --sysroot /mnt/alpine manylinux/*.whl
      On Debian: wheelhouse/ receives wheels for Alpine, with this machine's libstdc++ in them.
  wheelfix port --runtimes /runtimes --dry-run --explain demo-1.0-cp313-cp313-manylinux2014_x86_64.whl
      On Alpine: whether it would work, and what would become of each name.

Exit codes:
  0 done   1 cannot be ported   2 usage   3 malformed wheel   4 input or output failed";

/// Make a wheel for glibc (manylinux) run on musl (Alpine), proven or refused
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The wheels; those that need each other's libraries are ported together
    #[arg(required = true, value_name = "WHEEL")]
    wheels: Vec<PathBuf>,
    /// Where the ported wheels go
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    wheel_dir: PathBuf,
    /// Take runtime libraries for glibc (libstdc++) from here, not from this machine (can be given
    /// several times)
    #[arg(long, value_name = "DIR")]
    runtimes: Vec<PathBuf>,
    /// An unpacked Alpine with the runtimes that musl needs its own build of (libgomp)
    #[arg(long, value_name = "ALPINE")]
    sysroot: Option<PathBuf>,
    /// The platform tag to reach, without its machine, or `auto` for musllinux_1_2
    #[arg(long, value_name = "TAG")]
    plat: Option<String>,
    /// Show whether it can be done, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Show what becomes of each name
    #[arg(long)]
    explain: bool,
    /// How hard to compress: 0 (not at all) to 12
    #[arg(short = 'z', long, value_name = "LEVEL")]
    zip_compression_level: Option<u8>,
    /// Fail where the output is there already
    #[arg(long)]
    no_clobber: bool,
}

/// Run the command.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let start = Instant::now();
    let ported = arguments
        .options(terminal)
        .and_then(|options| port(&arguments.wheels, &options, terminal));
    let results = match ported {
        Ok(results) => results,
        Err(error) => {
            terminal.error(&error);
            return error.exit();
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    for result in &results {
        match result {
            Ok(outcome) => arguments.tell(outcome, seconds, terminal),
            Err(error) => terminal.error(error),
        }
    }
    if terminal.json() {
        terminal.json_data(&arguments.json(&results));
    }
    let exits = results.iter().map(|result| match result {
        Ok(_) => Exit::Done,
        Err(error) => error.exit(),
    });
    exits.max().unwrap_or(Exit::Done)
}

impl Arguments {
    fn options(&self, terminal: &Terminal) -> Result<Options, Error> {
        let time = args::source_date(terminal)?;
        Ok(Options {
            runtimes: self.runtimes.clone(),
            sysroot: self.sysroot.clone(),
            plat: self.plat.clone().or_else(|| args::setting("PLAT")),
            output: OutputOptions {
                // What is proven has to be written, somewhere and without a name.
                folder: match self.dry_run {
                    true => std::env::temp_dir(),
                    false => self.wheel_dir.clone(),
                },
                level: args::level(self.zip_compression_level)?,
                time,
                keep_existing: self.no_clobber,
                in_place: false,
            },
            dry_run: self.dry_run,
            limits: terminal.limits()?,
        })
    }

    fn tell(&self, outcome: &Outcome, seconds: f64, terminal: &Terminal) {
        for note in &outcome.plan.notes {
            let (warning, text) = report::note_text(note);
            terminal.note(outcome.plan.input.as_str(), warning, &text);
        }
        if self.explain && !terminal.json() {
            terminal.data(&report::explained(&outcome.plan, &outcome.provenance));
        }
        let summary = summary(outcome, seconds);
        terminal.done(&report::ported(
            &outcome.plan,
            &outcome.provenance,
            &summary,
        ));
    }

    fn json(&self, results: &[Result<Outcome, Error>]) -> String {
        let each = self.wheels.iter().zip(results);
        let outcomes: Vec<(String, Ported<'_>)> = each
            .map(|(path, result)| {
                let ending = match result {
                    Err(error) => Ported::Failed(error),
                    Ok(outcome) => Ported::Done {
                        plan: &outcome.plan,
                        provenance: &outcome.provenance,
                        summary: summary(outcome, 0.0),
                        output: outcome
                            .written
                            .as_ref()
                            .map(|written| text_of(&written.path))
                            .map(Into::into),
                    },
                };
                (text_of(path), ending)
            })
            .collect();
        report::port_json(&outcomes, self.dry_run)
    }
}

fn summary(outcome: &Outcome, seconds: f64) -> PortSummary {
    PortSummary {
        size: outcome.written.as_ref().map_or(0, |written| written.size),
        input_size: outcome.input_size,
        seconds,
    }
}
