//! `wheelfix patchelf`, and the program itself where it is called `patchelf`: patchelf's options
//! over wheelfix's own editor, with patchelf's printed forms and exit codes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};

use super::terminal::Terminal;
use crate::elf::{self, Relr, Soname, Strip};
use crate::error::{Error, Exit};
use crate::host;
use crate::plan::{self, Printed, RunPathRequest, SingleFileRequest};
use crate::report;

/// The release whose options these are; build tools ask for at least 0.14.
const VERSION: &str = concat!("0.19.0 (wheelfix ", env!("CARGO_PKG_VERSION"), ")");

const EXAMPLES: &str = "\
A value `@FILE` of an option that takes one text is read from that file.

Examples:
  wheelfix patchelf --set-rpath '$ORIGIN/../lib' --replace-needed liba.so.1 libb.so.1 library.so
      Edit a file in place, all in one go; the result is verified before it is written.
  wheelfix patchelf --verify before.so after.so
      Tell in words what differs, and whether anything else does.

Exit codes:
  0 done, or nothing else differs   1 anything else, as patchelf has it";

/// Edit single ELF files: patchelf's options over wheelfix's own editor
#[derive(Clone, Debug, Default, Args)]
#[command(
    after_help = EXAMPLES,
    version = VERSION,
    arg_required_else_help = true,
    args_override_self = true
)]
pub(super) struct Arguments {
    /// The ELF files, edited in place
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The loader that a program asks for
    #[arg(
        long,
        visible_alias = "interpreter",
        value_name = "PATH",
        allow_hyphen_values = true
    )]
    pub(super) set_interpreter: Option<String>,
    #[arg(long, help = "Print the loader that a program asks for")]
    pub(super) print_interpreter: bool,
    /// Accepted: the page size follows from the file's machine
    #[arg(long, value_name = "BYTES")]
    page_size: Option<std::num::NonZeroU32>,
    /// Print `EI_OSABI` as a name
    #[arg(long)]
    print_os_abi: bool,
    /// Set `EI_OSABI` by its name: `System V`, `Linux`, `FreeBSD` …
    #[arg(long, value_name = "ABI")]
    set_os_abi: Option<String>,
    /// Print the library's own name
    #[arg(long)]
    pub(super) print_soname: bool,
    /// Set the library's own name
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(super) set_soname: Option<String>,
    /// Set the run path
    #[arg(long, value_name = "PATHS", allow_hyphen_values = true)]
    pub(super) set_rpath: Option<String>,
    /// Put folders behind those of the run path
    #[arg(
        long,
        value_name = "PATHS",
        allow_hyphen_values = true,
        conflicts_with = "set_rpath"
    )]
    pub(super) add_rpath: Option<String>,
    /// Take the run path away
    #[arg(long)]
    pub(super) remove_rpath: bool,
    /// Take folders out of the run path that hold no needed library
    #[arg(long)]
    pub(super) shrink_rpath: bool,
    /// With --shrink-rpath: also folders that begin with none of these prefixes
    #[arg(long, value_name = "PREFIXES", allow_hyphen_values = true)]
    allowed_rpath_prefixes: Option<String>,
    /// Print the run path
    #[arg(long)]
    pub(super) print_rpath: bool,
    /// Write DT_RPATH instead of DT_RUNPATH
    #[arg(long)]
    pub(super) force_rpath: bool,
    /// Need one more library
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(super) add_needed: Vec<String>,
    /// Do not need a library any more
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(super) remove_needed: Vec<String>,
    /// Need another library instead
    #[arg(long, value_names = ["NAME", "NEW"], num_args = 2, allow_hyphen_values = true)]
    pub(super) replace_needed: Vec<String>,
    /// Print the needed libraries
    #[arg(long)]
    pub(super) print_needed: bool,
    /// Search no default folders for what the file needs
    #[arg(long)]
    pub(super) no_default_lib: bool,
    /// Accepted: headers are never sorted
    #[arg(long)]
    no_sort: bool,
    /// Take the version off a dynamic symbol
    #[arg(long, value_name = "SYMBOL")]
    clear_symbol_version: Vec<String>,
    /// Add DT_DEBUG, which debuggers look for
    #[arg(long)]
    add_debug_tag: bool,
    /// Print whether the file asks for an executable stack
    #[arg(long)]
    print_execstack: bool,
    /// Ask for a stack that is not executable
    #[arg(long)]
    clear_execstack: bool,
    /// Ask for an executable stack
    #[arg(long)]
    set_execstack: bool,
    /// Rename dynamic symbols: a file with an old and a new name a line
    #[arg(long, value_name = "FILE")]
    rename_dynamic_symbols: Option<PathBuf>,
    /// Write to this file instead
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Say on stderr what is done
    #[arg(long)]
    debug: bool,
    /// Not patchelf's: leave out symbol tables and debug sections, or the debug sections only
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    strip: Option<StripArg>,
    /// Not patchelf's: unpack packed relocations (DT_RELR)
    #[arg(long, value_enum, value_name = "HOW", require_equals = true)]
    relr: Option<RelrArg>,
    /// Not patchelf's: tell what differs between two files, BEFORE and AFTER
    #[arg(long)]
    verify: bool,
    /// Not here: only the loader of one distribution understands it
    #[arg(long, hide = true)]
    build_resolution_cache: bool,
    /// Not here: what a table leaves behind is cleared
    #[arg(long, hide = true)]
    no_clobber_old_sections: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StripArg {
    All,
    Debug,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RelrArg {
    Expand,
    Keep,
}

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
            let _ = error.print();
            ExitCode::from(u8::from(error.use_stderr()))
        }
    }
}

/// Run the command by itself, to its exit code.
pub(super) fn finish(arguments: &Arguments) -> ExitCode {
    let terminal = Terminal::new(&super::terminal::OutputArgs::default());
    let exit = run(arguments, &terminal);
    ExitCode::from(terminal.finish(exit).code())
}

/// Run the command; every failure is exit code 1, as patchelf has it.
pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let done = match arguments.files.as_slice() {
        [before, after] if arguments.verify => verify(before, after, terminal),
        _ if arguments.verify => Err(Failure::new("--verify takes two files, BEFORE and AFTER")),
        files => patch(arguments, files, terminal),
    };
    match done {
        Ok(exit) => exit,
        Err(Failure(text)) => {
            terminal.line(&format!("patchelf: {text}"));
            Exit::No
        }
    }
}

/// Why it cannot be done, in one line.
struct Failure(String);

impl Failure {
    fn new(text: impl ToString) -> Self {
        Self(text.to_string())
    }

    fn about(path: &Path) -> impl Fn(elf::Error) -> Self {
        let name = crate::wheel::escape(&path.display().to_string());
        move |error| Self(format!("{name}: {error}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(report::failure(&error))
    }
}

fn verify(before: &Path, after: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    let (old, new) = (host::read_file(before)?, host::read_file(after)?);
    // Which of the two cannot be read?
    elf::read(&old).map_err(Failure::about(before))?;
    let found = elf::compare(&old, &new).map_err(Failure::about(after))?;
    terminal.data(&report::comparison(&found, (old.len(), new.len())));
    Ok(match found.rest {
        None => Exit::Done,
        Some(_) => Exit::No,
    })
}

fn patch(arguments: &Arguments, files: &[PathBuf], terminal: &Terminal) -> Result<Exit, Failure> {
    let request = request(arguments)?;
    if arguments.output.is_some() && files.len() != 1 {
        return Err(Failure::new(
            "--output option only allowed with single input file",
        ));
    }
    let debug = arguments.debug || std::env::var_os("PATCHELF_DEBUG").is_some();
    for path in files {
        let bytes = host::read_file(path)?;
        let about = Failure::about(path);
        let facts = elf::read(&bytes).map_err(&about)?;
        let lines = plan::printed(&facts, request.print);
        for line in lines.map_err(|why| Failure(format!("{}: {why}", path.display())))? {
            terminal.data(&format!("{line}\n"));
        }
        let has = |folder: &str, name: &Soname| host::holds_library(folder, name, &facts);
        let edits = plan::single_file_edits(&facts, &request, has);
        // The edit reads the file for itself; the memory of many symbols serves it better.
        drop(facts);
        let edited = elf::edit(&bytes, &edits).map_err(&about)?;
        if debug {
            let (name, level) = (path.display(), edited.level);
            terminal.line(&format!(
                "patchelf: '{name}': changed {}, level {level:?}, {} to {} bytes",
                edited.changed,
                bytes.len(),
                edited.bytes.len()
            ));
        }
        let output = arguments.output.as_deref();
        if edited.changed || output.is_some() {
            host::write_edited(path, output.unwrap_or(path), &edited.bytes)?;
        }
    }
    Ok(Exit::Done)
}

fn request(arguments: &Arguments) -> Result<SingleFileRequest, Failure> {
    if arguments.build_resolution_cache {
        return Err(Failure::new(
            "--build-resolution-cache is not supported: only NixOS's own loader reads that note",
        ));
    }
    if arguments.no_clobber_old_sections {
        return Err(Failure::new(
            "--no-clobber-old-sections is not supported: what moves is cleared where it was; \
             without this option most edits move nothing",
        ));
    }
    let os_abi = match text(&arguments.set_os_abi)? {
        None => None,
        Some(name) => Some(
            plan::os_abi_number(&name)
                .ok_or_else(|| Failure(format!("unrecognized OS ABI '{name}'")))?,
        ),
    };
    let soname = |name: String| Soname::from(name.as_str());
    let names = |values: &[String]| -> Result<Vec<Soname>, Failure> {
        let values = values.iter().map(|value| resolved(value));
        values.map(|value| value.map(soname)).collect()
    };
    let pairs = arguments.replace_needed.chunks_exact(2);
    let replace_needed = pairs.filter_map(|pair| match pair {
        [old, new] => Some((Soname::from(old.as_str()), Soname::from(new.as_str()))),
        _ => None,
    });
    Ok(SingleFileRequest {
        print: Printed {
            interpreter: arguments.print_interpreter,
            os_abi: arguments.print_os_abi,
            soname: arguments.print_soname,
            run_path: arguments.print_rpath,
            exec_stack: arguments.print_execstack,
            needed: arguments.print_needed,
        },
        interpreter: text(&arguments.set_interpreter)?.filter(|path| !path.is_empty()),
        os_abi,
        soname: text(&arguments.set_soname)?.map(soname),
        run_path: run_path(arguments)?,
        force_rpath: arguments.force_rpath,
        add_needed: names(&arguments.add_needed)?.into_iter().collect(),
        remove_needed: names(&arguments.remove_needed)?.into_iter().collect(),
        replace_needed: replace_needed.collect(),
        no_default_libraries: arguments.no_default_lib,
        debug_entry: arguments.add_debug_tag,
        exec_stack: match (arguments.print_execstack, arguments.clear_execstack) {
            (true, _) => None,
            (false, true) => Some(false),
            (false, false) => arguments.set_execstack.then_some(true),
        },
        clear_versions: arguments.clear_symbol_version.iter().cloned().collect(),
        rename_symbols: match &arguments.rename_dynamic_symbols {
            Some(path) => renamed_symbols(path)?,
            None => BTreeMap::new(),
        },
        strip: match arguments.strip {
            None => Strip::None,
            Some(StripArg::All) => Strip::All,
            Some(StripArg::Debug) => Strip::Debug,
        },
        relr: match arguments.relr {
            Some(RelrArg::Expand) => Relr::Expand,
            Some(RelrArg::Keep) | None => Relr::Keep,
        },
    })
}

fn run_path(arguments: &Arguments) -> Result<RunPathRequest, Failure> {
    if arguments.shrink_rpath {
        let prefixes = arguments
            .allowed_rpath_prefixes
            .as_deref()
            .unwrap_or_default();
        let prefixes = prefixes.split(':').filter(|prefix| !prefix.is_empty());
        return Ok(RunPathRequest::Shrink(
            prefixes.map(str::to_owned).collect(),
        ));
    }
    if arguments.remove_rpath {
        return Ok(RunPathRequest::Remove);
    }
    if let Some(new) = text(&arguments.set_rpath)? {
        return Ok(RunPathRequest::Set(new));
    }
    Ok(match text(&arguments.add_rpath)? {
        Some(new) => RunPathRequest::Add(new),
        None => RunPathRequest::Keep,
    })
}

fn text(value: &Option<String>) -> Result<Option<String>, Failure> {
    value.as_deref().map(resolved).transpose()
}

/// A value, or the content of the file it names with an `@`.
fn resolved(value: &str) -> Result<String, Failure> {
    Ok(match value.strip_prefix('@') {
        Some(path) => host::read_value(Path::new(path)).map_err(|error| match error {
            Error::Io { path, error, .. } => {
                let path = crate::wheel::escape(&path.display().to_string());
                Failure(format!("getting info about '{path}': {error}"))
            }
            error => error.into(),
        })?,
        None => value.to_owned(),
    })
}

/// Reads a map of symbols: an old and a new name a line.
fn renamed_symbols(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut names = BTreeMap::new();
    let text = host::read_value(path)?;
    for (number, line) in text.lines().enumerate() {
        let at = |what: &str| {
            let line = number.saturating_add(1);
            Failure(format!("{}:{line}: {what}", path.display()))
        };
        let mut words = line.split_whitespace();
        let Some(old) = words.next() else {
            break;
        };
        let new = words
            .next()
            .ok_or_else(|| at("Map file line is missing the second element"))?;
        if old.contains('@') || new.contains('@') {
            return Err(at(&format!("Name pair contains version tag: {old} {new}")));
        }
        if names.insert(old.to_owned(), new.to_owned()).is_some() {
            return Err(at(&format!("Name '{old}' appears twice in the map file")));
        }
    }
    Ok(names)
}
