//! What is shown: data on stdout, everything else on stderr. Nothing else prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Error, Exit};
use crate::host::{self, Limits, Progress};
use crate::report;
use crate::wheel::{Untrusted, harmless, harmless_json};

/// The flags of every command that say how it speaks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: what changes in each file, every path that was tried
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Colours; `NO_COLOR` in the environment counts as `never`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Print the report as JSON on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Raise a limit on what an input may ask for (`--limit depth=5000`; can be given several times)
    #[arg(
        long,
        global = true,
        value_name = "NAME=NUMBER",
        hide_short_help = true
    )]
    limit: Vec<String>,
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
    limit: Vec<String>,
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
            limit: args.limit.clone(),
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

    /// How much files may ask for.
    pub(super) fn limits(&self) -> Result<Limits, Error> {
        Limits::with(&self.limit)
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

    /// A report for people. What a writer of it forgot to escape steers no terminal and no log.
    pub(super) fn data(&self, text: &str) {
        self.exact(&harmless(text));
    }

    /// A report for programs.
    pub(super) fn json_data(&self, text: &str) {
        self.json_piece(&format!("{text}\n"));
    }

    /// A piece of one, whitespace and all.
    pub(super) fn json_piece(&self, text: &str) {
        self.exact(&harmless_json(text));
    }

    /// A value that a script reads, as it is; on a terminal it is a report like any other.
    pub(super) fn value(&self, text: &str) {
        match io::stdout().is_terminal() {
            true => self.data(text),
            false => self.exact(text),
        }
    }

    /// Lines that a build's runner takes for commands; their parts are escaped for it.
    pub(super) fn commands(&self, text: &str) {
        let line = |line: &str| match line.strip_prefix("::") {
            Some(command) => format!("::{}\n", harmless(command)),
            None => format!("{}\n", harmless(line)),
        };
        self.exact(&text.lines().map(line).collect::<String>());
    }

    fn exact(&self, text: &str) {
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
            self.line(line);
        }
    }

    /// Something that may matter, or a remark that only `-v` shows.
    pub(super) fn note(&self, about: impl Into<Untrusted>, warning: bool, text: &str) {
        let about = about.into();
        let text = harmless(text);
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
        let text = harmless(&report::failure(error));
        self.to_stderr(&format!("{style}error{style:#}: {text}\n"));
    }

    /// A line on stderr as it is, also where only failures are wanted.
    pub(super) fn line(&self, line: &str) {
        self.to_stderr(&format!("{}\n", harmless(line)));
    }

    /// The same, with a report for programs behind its first words.
    pub(super) fn json_line(&self, words: &str, report: &str) {
        self.to_stderr(&format!("{words}{}\n", harmless_json(report)));
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

/// What is wrong with a command line, or the help that it asks for. A file name that a shell put
/// there may be anybody's.
pub(super) fn print_refusal(error: &clap::Error) {
    let text = error.render().to_string();
    let shown = harmless(&text);
    let _ = match shown == text {
        true => error.print(),
        false => io::stderr().write_all(shown.as_bytes()),
    };
}

impl Progress for Terminal {
    fn expect(&self, bytes: u64) {
        let bar = self.bar();
        bar.inc_length(bytes);
        // The bar's own thread must be had: indicatif does not go without.
        static ROOM: OnceLock<bool> = OnceLock::new();
        if self.watched && *ROOM.get_or_init(host::has_room_for_a_thread) {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    fn advance(&self, bytes: u64) {
        self.bar().inc(bytes);
    }
}
