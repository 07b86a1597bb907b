//! The command line: one file a subcommand. `terminal` is the only place that prints.
#![allow(clippy::disallowed_methods)]

mod args;
mod auditwheel;
mod build;
mod check;
mod completions;
mod dedupe;
mod lddtree;
mod man;
mod patchelf;
mod patchelf_args;
mod patchelf_request;
mod patchelf_words;
mod port;
mod repair;
mod repair_args;
mod rule;
mod show;
mod size;
mod slim;
mod terminal;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::error::Exit;
use crate::host;
use terminal::{OutputArgs, Terminal};

/// Make Python wheels that run on Alpine (musl) and elsewhere, and make what they install small.
#[derive(Debug, Parser)]
#[command(
    name = "wheelfix",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Repair(Box<repair_args::Arguments>),
    Build(Box<build::Arguments>),
    Port(Box<port::Arguments>),
    Show(Box<show::Arguments>),
    Check(Box<check::Arguments>),
    Rule(Box<rule::Arguments>),
    Lddtree(Box<lddtree::Arguments>),
    Dedupe(Box<dedupe::Arguments>),
    Slim(Box<slim::Arguments>),
    Size(Box<size::Arguments>),
    Patchelf(Box<patchelf_args::Arguments>),
    Man(man::Arguments),
    Completions(completions::Arguments),
}

/// Run the program with the process's arguments; the result is its exit code.
pub fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().and_then(OsStr::to_str);
    if name == Some("auditwheel") {
        return auditwheel::main();
    }
    let is_patchelf = name == Some("patchelf");
    if (is_patchelf || words.next().is_some_and(|command| command == "patchelf"))
        && let Some(plain) = patchelf_words::plain(words)
    {
        return patchelf::finish(&plain);
    }
    if is_patchelf {
        return patchelf::main();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own exit code for help and version is 0, for mistakes 2.
            let code = match error.use_stderr() {
                true if is_for_patchelf() => patchelf::USAGE,
                true => Exit::Usage,
                false => Exit::Done,
            };
            terminal::print_refusal(&error);
            return ExitCode::from(code.code());
        }
    };
    let terminal = Terminal::new(&arguments.output);
    let command = arguments.command;
    let exit = match command {
        Command::Patchelf(patchelf) => patchelf::run(&patchelf, &terminal),
        command => host::with_threads(|| run(command, &terminal)),
    };
    ExitCode::from(terminal.finish(exit).code())
}

fn run(command: Command, terminal: &Terminal) -> Exit {
    match command {
        Command::Repair(repair) => repair::run(&repair, terminal),
        Command::Build(build) => build::run(&build, terminal),
        Command::Port(port) => port::run(&port, terminal),
        Command::Show(show) => show::run(&show, terminal),
        Command::Check(check) => check::run(&check, terminal),
        Command::Rule(rule) => rule::run(&rule, terminal),
        Command::Lddtree(lddtree) => lddtree::run(&lddtree, terminal),
        Command::Dedupe(dedupe) => dedupe::run(&dedupe, terminal),
        Command::Slim(slim) => slim::run(&slim, terminal),
        Command::Size(size) => size::run(&size, terminal),
        Command::Patchelf(patchelf) => patchelf::run(&patchelf, terminal),
        Command::Man(man) => man::run(&man, Arguments::command(), terminal),
        Command::Completions(shell) => completions::run(&shell, Arguments::command(), terminal),
    }
}

fn is_for_patchelf() -> bool {
    std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == "patchelf")
}
