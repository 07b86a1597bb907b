//! patchelf's options, and a few of our own, for clap.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The release whose options these are, and nothing else: build tools ask for at least 0.14, and
/// maturin reads all that stands behind the name as a semantic version.
const VERSION: &str = "0.19.0";

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
    pub(super) page_size: Option<std::num::NonZeroU32>,
    /// Print `EI_OSABI` as a name
    #[arg(long)]
    pub(super) print_os_abi: bool,
    /// Set `EI_OSABI` by its name: `System V`, `Linux`, `FreeBSD` …
    #[arg(long, value_name = "ABI")]
    pub(super) set_os_abi: Option<String>,
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
    pub(super) allowed_rpath_prefixes: Option<String>,
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
    pub(super) no_sort: bool,
    /// Take the version off a dynamic symbol
    #[arg(long, value_name = "SYMBOL")]
    pub(super) clear_symbol_version: Vec<String>,
    /// Add DT_DEBUG, which debuggers look for
    #[arg(long)]
    pub(super) add_debug_tag: bool,
    /// Print whether the file asks for an executable stack
    #[arg(long)]
    pub(super) print_execstack: bool,
    /// Ask for a stack that is not executable
    #[arg(long)]
    pub(super) clear_execstack: bool,
    /// Ask for an executable stack
    #[arg(long)]
    pub(super) set_execstack: bool,
    /// Rename dynamic symbols: a file with an old and a new name a line
    #[arg(long, value_name = "FILE")]
    pub(super) rename_dynamic_symbols: Option<PathBuf>,
    /// Write to this file instead
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Say on stderr what is done
    #[arg(long)]
    pub(super) debug: bool,
    /// Not patchelf's: leave out symbol tables and debug sections, or the debug sections only
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub(super) strip: Option<StripArg>,
    /// Not patchelf's: unpack packed relocations (DT_RELR)
    #[arg(long, value_enum, value_name = "HOW", require_equals = true)]
    pub(super) relr: Option<RelrArg>,
    /// Not patchelf's: tell what differs between two files, BEFORE and AFTER
    #[arg(long)]
    pub(super) verify: bool,
    /// Not here: only the loader of one distribution understands it
    #[arg(long, hide = true)]
    pub(super) build_resolution_cache: bool,
    /// Not here: what a table leaves behind is cleared
    #[arg(long, hide = true)]
    pub(super) no_clobber_old_sections: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum StripArg {
    All,
    Debug,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RelrArg {
    Expand,
    Keep,
}
