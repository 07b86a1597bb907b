//! What is shown: data on stdout, everything else on stderr. Nothing else prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Error, Exit};
use crate::host::{self, Progress};
use crate::report;

/// The flags of every command that say how it speaks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: the plan, the remarks
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Colours; `NO_COLOR` in the environment counts as `never`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Print the report as JSON on stdout
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The way out of the program.
pub(super) struct Terminal {
    quiet: bool,
    verbose: bool,
    json: bool,
    /// Is the bar to be seen?
    watched: bool,
    /// Made when there is something to wait for: most of what starts a program is over by then.
    bar: OnceLock<ProgressBar>,
    /// What writing to stdout ran into first.
    broken: Mutex<Option<io::Error>>,
}

impl Terminal {
    pub(super) fn new(args: &OutputArgs) -> Self {
        match args.color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        Self {
            quiet: args.quiet,
            verbose: args.verbose > 0,
            json: args.json,
            watched: io::stderr().is_terminal() && !args.quiet,
            bar: OnceLock::new(),
            broken: Mutex::new(None),
        }
    }

    fn bar(&self) -> &ProgressBar {
        self.bar.get_or_init(|| {
            let target = match self.watched {
                true => ProgressDrawTarget::stderr(),
                false => ProgressDrawTarget::hidden(),
            };
            let bar = ProgressBar::with_draw_target(Some(0), target);
            let template = "{bar:30} {bytes} of {total_bytes}  {msg}";
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        })
    }

    /// Do something while the bar is out of the way.
    fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.bar.get() {
            Some(bar) => bar.suspend(work),
            None => work(),
        }
    }

    /// Is the report wanted as JSON?
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// Is only wanted what went wrong?
    pub(super) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Is every detail wanted?
    pub(super) fn verbose(&self) -> bool {
        self.verbose
    }

    /// Data.
    pub(super) fn data(&self, text: &str) {
        host::expect_size_limit();
        let written = self.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        });
        if let (Err(error), Ok(mut broken)) = (written, self.broken.lock()) {
            broken.get_or_insert(error);
        }
    }

    /// A line that tells what was done.
    pub(super) fn done(&self, line: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{line}\n"));
        }
    }

    /// Something that may matter, or a remark that only `-v` shows.
    pub(super) fn note(&self, about: &str, warning: bool, text: &str) {
        if warning && !self.quiet {
            let style = anstyle::AnsiColor::Yellow.on_default();
            self.to_stderr(&format!("{style}warning{style:#}: {about}: {text}\n"));
        } else if self.verbose {
            self.to_stderr(&format!("note: {about}: {text}\n"));
        }
    }

    /// What went wrong.
    pub(super) fn error(&self, error: &Error) {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        let text = report::failure(error);
        self.to_stderr(&format!("{style}error{style:#}: {text}\n"));
    }

    /// A line on stderr as it is, also where only failures are wanted.
    pub(super) fn line(&self, line: &str) {
        self.to_stderr(&format!("{line}\n"));
    }

    fn to_stderr(&self, text: &str) {
        self.suspend(|| {
            // Where not even stderr can be written to, there is nobody to tell.
            let _ = anstream::stderr().write_all(text.as_bytes());
        });
    }

    /// The exit code, once everything is shown: a reader who has closed the pipe has
    /// what it wanted, a disk that is full is a failure.
    pub(super) fn finish(&self, exit: Exit) -> Exit {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
        let broken = self.broken.lock().ok().and_then(|mut broken| broken.take());
        match broken {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.error(&Error::io("write the report to", "standard output", error));
                exit.max(Exit::Environment)
            }
            _ => exit,
        }
    }
}

impl Progress for Terminal {
    fn expect(&self, bytes: u64) {
        let bar = self.bar();
        bar.inc_length(bytes);
        bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn advance(&self, bytes: u64) {
        self.bar().inc(bytes);
    }
}
