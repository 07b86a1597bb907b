//! `wheelfix patchelf`, and the program itself where it is called `patchelf`: patchelf's options
//! over wheelfix's own editor, with patchelf's printed forms and exit codes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use super::patchelf_args::Arguments;
use super::patchelf_request::request;
use super::terminal::{OutputArgs, Terminal};
use crate::error::{Error, Exit};
use crate::ops::patchelf::{self, EditedFile, OpenedFile};
use crate::report;

/// The command line where the program is called `patchelf`.
#[derive(Debug, Parser)]
#[command(name = "patchelf", max_term_width = 100)]
pub(super) struct Alone {
    #[command(flatten)]
    pub(super) arguments: Arguments,
}

/// The exit code of a mistake on the command line.
pub(super) const USAGE: Exit = Exit::No;

/// Run the program as `patchelf`.
pub(super) fn main() -> ExitCode {
    match Alone::try_parse() {
        Ok(alone) => finish(&alone.arguments),
        Err(error) => {
            super::terminal::print_refusal(&error);
            ExitCode::from(u8::from(error.use_stderr()))
        }
    }
}

/// Run the command by itself, to its exit code.
pub(super) fn finish(arguments: &Arguments) -> ExitCode {
    let terminal = Terminal::new(&OutputArgs::default());
    let exit = run(arguments, &terminal);
    ExitCode::from(terminal.finish(exit).code())
}

/// Run the command; every failure is one line and exit code 1, as patchelf has it.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let done = match arguments.files.as_slice() {
        [before, after] if arguments.verify => verify(before, after, terminal),
        _ if arguments.verify => Err(usage("--verify takes two files, BEFORE and AFTER")),
        files => patch(arguments, files, terminal),
    };
    match done {
        Ok(exit) => exit,
        Err(error) => {
            terminal.line(&format!("patchelf: {}", report::failure(&error)));
            Exit::No
        }
    }
}

fn usage(text: &'static str) -> Error {
    Error::Usage(text.into())
}

fn verify(before: &Path, after: &Path, terminal: &Terminal) -> Result<Exit, Error> {
    let compared = patchelf::compare(before, after)?;
    terminal.data(&report::comparison(&compared.found, compared.sizes));
    Ok(match compared.found.rest {
        None => Exit::Done,
        Some(_) => Exit::No,
    })
}

fn patch(arguments: &Arguments, files: &[PathBuf], terminal: &Terminal) -> Result<Exit, Error> {
    let request = request(arguments)?;
    if arguments.output.is_some() && files.len() != 1 {
        return Err(usage("--output option only allowed with single input file"));
    }
    let debug = arguments.debug || std::env::var_os("PATCHELF_DEBUG").is_some();
    for path in files {
        let file = OpenedFile::open(path)?;
        for line in file.printed(request.print)? {
            terminal.value(&format!("{line}\n"));
        }
        let new = file.edit(&request)?;
        if debug {
            terminal.line(&told(path, &new));
        }
        new.write(arguments.output.as_deref())?;
    }
    Ok(Exit::Done)
}

fn told(path: &Path, new: &EditedFile) -> String {
    let (name, edited) = (crate::wheel::Untrusted::from(path), &new.edited);
    format!(
        "patchelf: '{name}': changed {}, level {:?}, {} to {} bytes",
        edited.changed,
        edited.level,
        new.old_size,
        edited.bytes.len()
    )
}
