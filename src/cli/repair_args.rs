//! The flags of `repair`, and what they and the environment ask for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{self, WorldArgs};
use super::terminal::Terminal;
use crate::elf::Strip;
use crate::error::Error;
use crate::host::OutputOptions;
use crate::ops::repair::{Options, excluding, patterns};
use crate::plan::{RelrChoice, RepairOptions, Requested};

const EXAMPLES: &str = "\
Examples:
  wheelfix repair dist/*.whl
      In an Alpine builder: wheelhouse/ receives wheels that import on a bare Alpine.
  wheelfix repair --sysroot /mnt/alpine --strip -w out demo-1.0-cp313-cp313-linux_x86_64.whl
      From any machine, against an unpacked Alpine, and smaller.

Exit codes:
  0 done   1 cannot be repaired, or --strict and not right   2 usage   3 malformed wheel   4 input or output failed

Environment:
  WHEELFIX_PLAT, WHEELFIX_ZIP_COMPRESSION_LEVEL and WHEELFIX_LD_LIBRARY_PATH stand for --plat, -z
  and folders to look in; AUDITWHEEL_… is read where WHEELFIX_… is not set. LD_LIBRARY_PATH and
  SOURCE_DATE_EPOCH count as everywhere.";

/// Copy the libraries that a wheel needs into it, and give it the platform tag that is true then
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The wheels
    #[arg(required = true, value_name = "WHEEL")]
    pub(super) wheels: Vec<PathBuf>,
    /// Where the repaired wheels go
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    wheel_dir: PathBuf,
    /// The platform tag to reach, or `auto` for the best that the content allows
    #[arg(long, value_name = "TAG")]
    plat: Option<String>,
    /// Write the tag of --plat only, though the content allows a better one
    #[arg(long)]
    only_plat: bool,
    /// Leave file name and WHEEL as they are
    #[arg(long)]
    no_update_tags: bool,
    /// The build number of what is written: of wheels that are alike in all else, pip takes the highest
    #[arg(long, value_name = "NUMBER", conflicts_with = "no_update_tags")]
    build_number: Option<String>,
    /// Do not copy this library: the user's system has it. Wildcards; matched on its name, then its path
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Leave out symbol tables and debug sections, or the debug sections only
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    strip: Option<StripArg>,
    /// Keep what --strip leaves out as debug files in this folder, where gdb finds them by build id
    #[arg(long, value_name = "DIR")]
    debug_dir: Option<PathBuf>,
    /// Copy this library under its own name, without a hash in it (wildcards)
    #[arg(long, value_name = "GLOB")]
    no_mangle: Vec<String>,
    /// A run path entry that stays though it leads out of the wheel, with wildcards
    #[arg(long, value_name = "GLOB")]
    keep_run_path: Vec<String>,
    /// Fail where the copied libraries have more bytes than this; K, M and G stand for 1000, 1000² and 1000³
    #[arg(long, value_name = "SIZE")]
    max_graft_size: Option<String>,
    /// Take off copied libraries that they ask for an executable stack
    #[arg(long)]
    clear_execstack: bool,
    /// Packed relocations (DT_RELR), which musl before 1.2.4 cannot load: unpack or keep them
    #[arg(long, value_enum, value_name = "HOW", default_value_t = RelrArg::Auto)]
    relr: RelrArg,
    /// The end of the name of the folder for copied libraries, which begins with the project's name
    #[arg(short = 'L', long, value_name = "SUFFIX", default_value = ".libs")]
    lib_sdir: String,
    /// How hard to compress: 0 (not at all) to 12
    #[arg(short = 'z', long, value_name = "LEVEL")]
    zip_compression_level: Option<u8>,
    /// Accept files marked for newer processors than the tag's baseline
    #[arg(long)]
    disable_isa_ext_check: bool,
    /// Write no bill of materials (`.dist-info/sboms/wheelfix.cdx.json`) of what is grafted
    #[arg(long)]
    no_sbom: bool,
    /// Copy a wheel without ELF files instead of refusing it
    #[arg(long)]
    allow_pure_python_wheel: bool,
    /// Accepted for the sake of old command lines: wheelfix edits ELF files itself
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    patcher: Option<String>,
    /// Show what would be done, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Repair the other wheels when one cannot be
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Exit with 1 where what was written runs nowhere, or not everywhere that its tag says
    #[arg(long)]
    pub(super) strict: bool,
    /// Fail where the output is there already
    #[arg(long)]
    no_clobber: bool,
    /// The output may replace its own input
    #[arg(long)]
    in_place: bool,
    /// Called as auditwheel: refuse what it refuses, in its words.
    #[arg(skip)]
    pub(super) refuse_as_auditwheel: bool,
    #[command(flatten)]
    world: WorldArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RelrArg {
    /// Unpack them where the tag promises a C library that cannot load them
    Auto,
    /// Always unpack them
    Expand,
    /// Leave them as they are
    Keep,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StripArg {
    All,
    Debug,
}

impl Arguments {
    /// How wheels are to be repaired.
    pub(super) fn options(&self, terminal: &Terminal) -> Result<Options, Error> {
        let plat = plat(self.plat.clone().or_else(|| args::setting("PLAT")))?;
        let time = args::source_date(terminal)?;
        if self.patcher.is_some() {
            let text = "not needed: wheelfix edits ELF files itself";
            terminal.note("--patcher", false, text);
        }
        let plan = RepairOptions {
            plat,
            lib_suffix: self.lib_sdir.clone(),
            update_tags: !self.no_update_tags,
            only_plat: self.only_plat,
            build_number: self.build_number.as_deref().map(build_number).transpose()?,
            strip: match self.strip {
                None => Strip::None,
                Some(StripArg::All) => Strip::All,
                Some(StripArg::Debug) => Strip::Debug,
            },
            relr: match self.relr {
                RelrArg::Keep => RelrChoice::Keep,
                RelrArg::Expand => RelrChoice::Expand,
                RelrArg::Auto => RelrChoice::Auto,
            },
            debug_links: self.debug_dir.is_some(),
            exclude: excluding(&self.exclude)?,
            no_mangle: patterns("--no-mangle", &self.no_mangle)?,
            keep_run_path: patterns("--keep-run-path", &self.keep_run_path)?,
            most_grafted: self.max_graft_size.as_deref().map(size).transpose()?,
            clear_exec_stack: self.clear_execstack,
            disable_isa_check: self.disable_isa_ext_check,
        };
        Ok(Options {
            world: self.world.options(terminal)?,
            plan,
            output: OutputOptions {
                folder: self.wheel_dir.clone(),
                level: args::level(self.zip_compression_level)?,
                time,
                keep_existing: self.no_clobber,
                in_place: self.in_place,
            },
            debug_folder: self.debug_dir.clone(),
            no_sbom: self.no_sbom,
            allow_pure_python_wheel: self.allow_pure_python_wheel,
            refuse_as_auditwheel: self.refuse_as_auditwheel,
        })
    }
}

/// A build number as file names can hold it: a digit, then more digits, letters, `_` and `.` (PEP 427).
fn build_number(text: &str) -> Result<String, Error> {
    let fits = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '.');
    match text.starts_with(|first: char| first.is_ascii_digit()) && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(Error::Usage(crate::wheel::sentence!(
            "--build-number {}: it begins with a digit and goes on with digits, letters, `_` and `.`, as `1` or `2local`",
            crate::wheel::Untrusted::from(text)
        ))),
    }
}

/// `20M`: a number of bytes, in thousands as the reports have them.
fn size(text: &str) -> Result<u64, Error> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => (text.get(..at), unit),
        _ => (Some(text), ' '),
    };
    let factor = match unit.to_ascii_uppercase() {
        ' ' => Some(1_u64),
        'K' => Some(1000),
        'M' => Some(1_000_000),
        'G' => Some(1_000_000_000),
        _ => None,
    };
    let number = number.and_then(|number| number.parse::<u64>().ok());
    let bytes = number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor));
    bytes.ok_or_else(|| {
        Error::Usage(crate::wheel::sentence!(
            "--max-graft-size: `{}` is no size; pass bytes, or a number such as `20M`",
            crate::wheel::Untrusted::from(text)
        ))
    })
}

fn plat(given: Option<String>) -> Result<Requested, Error> {
    let Some(text) = given else {
        return Ok(Requested::Auto);
    };
    Requested::parse(&text).map_err(|_| Error::Usage(crate::wheel::sentence!(
        "`{}` is no Linux platform tag; pass `--plat auto`, or a tag such as `musllinux_1_2_x86_64`",
        crate::wheel::Untrusted::from(text.as_str())
    )))
}
