//! The program where it is called `auditwheel`: auditwheel's commands, flags, variables and the
//! forms of its answers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::args::WorldArgs;
use super::terminal::{OutputArgs, Terminal};
use super::{args, repair, repair_args};
use crate::error::{Error, Exit};
use crate::host::{self, AuditTreeOptions};
use crate::ops;
use crate::report;

/// The release whose interface this is.
const VERSION: &str = concat!("6.8.2 (wheelfix ", env!("CARGO_PKG_VERSION"), ")");

/// Cross-distro Python wheels: auditwheel's commands over wheelfix.
#[derive(Debug, Parser)]
#[command(
    name = "auditwheel",
    version = VERSION,
    max_term_width = 100,
    after_help = "`wheelfix --help` shows what else there is."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Box<ShowArguments>),
    Repair(Box<repair_args::Arguments>),
    Lddtree(Box<TreeArguments>),
}

/// Audit a wheel for external shared library dependencies
#[derive(Clone, Debug, Args)]
struct ShowArguments {
    /// The wheel
    #[arg(value_name = "WHEEL_FILE")]
    wheel: PathBuf,
    /// Accept files marked for newer processors than the tag's baseline
    #[arg(long)]
    disable_isa_ext_check: bool,
    /// Accept a wheel without ELF files
    #[arg(long)]
    allow_pure_python_wheel: bool,
    #[command(flatten)]
    world: WorldArgs,
}

/// Analyze a single ELF file (similar to `ldd`): JSON in a log line on stderr, as auditwheel has it;
/// with `--json` the same on stdout
#[derive(Clone, Debug, Args)]
struct TreeArguments {
    /// The library or program
    file: PathBuf,
    /// Look in these folders instead of the system's own
    #[arg(long, value_name = "DIR:DIR…")]
    ldpaths: Option<String>,
}

/// Run as auditwheel.
pub(super) fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            super::terminal::print_refusal(&error);
            return ExitCode::from(code.code());
        }
    };
    let terminal = Terminal::new(&arguments.output);
    let exit = host::with_threads(|| match arguments.command {
        Some(Command::Show(show)) => match run(&show, &terminal) {
            Ok(exit) => exit,
            Err(error) => {
                terminal.error(&error);
                error.exit()
            }
        },
        Some(Command::Repair(mut repair)) => {
            repair.refuse_as_auditwheel = true;
            repair::run(&repair, &terminal)
        }
        Some(Command::Lddtree(tree)) => match lddtree(&tree, &terminal) {
            Ok(()) => Exit::Done,
            Err(error) => {
                terminal.error(&error);
                error.exit()
            }
        },
        None => {
            terminal.data(&format!("{}\n", Arguments::command().render_help()));
            Exit::Done
        }
    });
    ExitCode::from(terminal.finish(exit).code())
}

fn run(arguments: &ShowArguments, terminal: &Terminal) -> Result<Exit, Error> {
    let path = &arguments.wheel;
    let disable_isa_check = arguments.disable_isa_ext_check;
    let audited = ops::auditwheel::audit(
        path,
        &arguments.world.options(terminal)?,
        disable_isa_check,
        terminal,
    )?;
    let name = &audited.name;
    for text in &audited.ignored {
        terminal.note(name, true, text.as_str());
    }
    match audited.verdict {
        Ok(audit) => {
            match terminal.json() {
                true => terminal.json_piece(&report::audit_json(name, &audit)),
                false => terminal.data(&report::audit_text(name, &audit, terminal.verbose())),
            }
            Ok(Exit::Done)
        }
        Err(refusal) => {
            let text = report::refusal_text(&refusal);
            terminal.done(&text);
            let fine = refusal.pure && arguments.allow_pure_python_wheel;
            if terminal.json() {
                terminal.json_piece(&match fine {
                    true => report::audit_pure_json(name),
                    false => report::audit_refused_json(name, &text),
                });
            }
            Ok(if fine { Exit::Done } else { Exit::No })
        }
    }
}

fn lddtree(arguments: &TreeArguments, terminal: &Terminal) -> Result<(), Error> {
    let mut environment = args::setting("LD_LIBRARY_PATH").unwrap_or_default();
    let of_loader = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    if arguments.ldpaths.is_none() && !of_loader.is_empty() {
        let colon = if environment.is_empty() { "" } else { ":" };
        environment.push_str(&format!("{colon}{of_loader}"));
    }
    let options = AuditTreeOptions {
        environment,
        ldpaths: arguments.ldpaths.clone(),
    };
    let (given, tree) = ops::auditwheel::tree(&arguments.file, &options)?;
    let json = report::audit_tree_json(&given, &tree);
    match terminal.json() {
        true => terminal.json_piece(&json),
        false => terminal.json_line(report::LOG_PREFIX, json.trim_end()),
    }
    Ok(())
}
