//! The program where it is called `auditwheel`: auditwheel's commands, flags, variables and the
//! forms of its answers.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::args::WorldArgs;
use super::terminal::{OutputArgs, Terminal};
use super::{args, repair};
use crate::elf::Strip;
use crate::error::{Error, Exit};
use crate::host::{self, GatherOptions, Gathered, Sysroot, SysrootOptions};
use crate::plan::{self, AuditInput, Selection, Subject, TreeRequest};
use crate::report;
use crate::resolve::{ModulePath, Place};

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
    Repair(Box<repair::Arguments>),
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
            let _ = error.print();
            return ExitCode::from(code.code());
        }
    };
    let terminal = Terminal::new(&arguments.output);
    let exit = match arguments.command {
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
    };
    ExitCode::from(terminal.finish(exit).code())
}

fn run(arguments: &ShowArguments, terminal: &Terminal) -> Result<Exit, Error> {
    let path = &arguments.wheel;
    if !path.is_file() {
        let path = crate::wheel::escape(&path.to_string_lossy());
        return Err(Error::Usage(format!("cannot access {path}. No such file")));
    }
    let world = arguments.world.open(Strip::None)?;
    let options = world.telling_options();
    let gathered = host::gather(path, &world.sysroot, &options, terminal)?;
    let name = gathered.wheel.filename.to_string();
    let selection = match plan::select(
        &gathered.wheel.filename.platform,
        plan::elf_of(&gathered.subject),
    ) {
        Ok(selection) => selection,
        Err(refusal) => {
            let text = report::refusal_text(&refusal);
            tell(&name, &refusal.ignored, terminal);
            terminal.done(&text);
            let fine = refusal.pure && arguments.allow_pure_python_wheel;
            if terminal.json() {
                terminal.data(&match fine {
                    true => report::audit_pure_json(&name),
                    false => report::audit_refused_json(&name, &text),
                });
            }
            return Ok(if fine { Exit::Done } else { Exit::No });
        }
    };
    tell(&name, &selection.ignored, terminal);
    let subject = loaded(gathered, selection, &world.sysroot, &options);
    let audit = plan::audit(&AuditInput {
        subject: &subject,
        disable_isa_check: arguments.disable_isa_ext_check,
    });
    terminal.data(&match terminal.json() {
        true => report::audit_json(&name, &audit),
        false => report::audit_text(&name, &audit, terminal.verbose()),
    });
    Ok(Exit::Done)
}

fn lddtree(arguments: &TreeArguments, terminal: &Terminal) -> Result<(), Error> {
    let path = &arguments.file;
    let failed = |error| Error::io("read", path, error);
    let text = |path: &Path| ModulePath::new(Place::System, &path.to_string_lossy());
    let sysroot = Sysroot::open(&SysrootOptions::default())?;
    let mut environment = args::setting("LD_LIBRARY_PATH").unwrap_or_default();
    let of_loader = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    if arguments.ldpaths.is_none() && !of_loader.is_empty() {
        let colon = if environment.is_empty() { "" } else { ":" };
        environment.push_str(&format!("{colon}{of_loader}"));
    }
    // `./a.so` and `a.so` are shown alike.
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let request = TreeRequest {
        given: parts.collect::<PathBuf>().to_string_lossy().into_owned(),
        path: text(&std::path::absolute(path).map_err(failed)?),
        working_directory: text(&std::env::current_dir().map_err(failed)?),
        environment,
        ldpaths: arguments.ldpaths.clone(),
    };
    let tree = host::gather_audit_tree(path, &sysroot, &request)?;
    let json = report::audit_tree_json(&request.given, &tree);
    match terminal.json() {
        true => terminal.data(&json),
        false => terminal.line(&format!("{}{}", report::LOG_PREFIX, json.trim_end())),
    }
    Ok(())
}

/// What the selected files pull in: known already where they are all there are.
fn loaded(
    gathered: Gathered,
    selection: Selection,
    sysroot: &Sysroot,
    options: &GatherOptions,
) -> Subject {
    let Selection { elf, platform, .. } = selection;
    let same = |subject: &Subject| {
        let known = &subject.platform;
        (known.libc, known.arch) == (platform.libc, platform.arch) && subject.elf.len() == elf.len()
    };
    match gathered.subject {
        Ok(subject) if same(&subject) => subject,
        _ => host::load(elf, platform, sysroot, options),
    }
}

fn tell(wheel: &str, ignored: &[String], terminal: &Terminal) {
    for text in ignored {
        terminal.note(wheel, true, &crate::wheel::escape(text));
    }
}
