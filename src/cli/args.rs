//! Flags that several commands share, and the environment variables behind them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::elf::Strip;
use crate::error::Error;
use crate::host::{GatherOptions, Sysroot, SysrootOptions};
use crate::plan::Requested;
use crate::resolve::{Libc, ModulePath};
use crate::wheel::{DosDateTime, Level};

/// Where libraries are looked for, and by whose rules.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "World")]
pub(super) struct WorldArgs {
    /// The root in which libraries are looked for
    #[arg(long, value_name = "DIR", default_value = "/")]
    sysroot: PathBuf,
    /// Look in this folder too, before the system's own (can be given several times)
    #[arg(long, value_name = "DIR")]
    lib_path: Vec<PathBuf>,
    /// Look in these folders instead of the system's own
    #[arg(long, value_name = "DIR:DIR…")]
    ldpaths: Option<String>,
    /// Whose loader's rules count; told by the wheel's files where it is not given
    #[arg(long, value_enum)]
    libc: Option<LibcArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LibcArg {
    Musl,
    Glibc,
}

/// The world as the resolver wants it.
pub(super) struct World {
    pub(super) sysroot: Sysroot,
    pub(super) environment: Vec<ModulePath>,
    pub(super) lib_path: Vec<ModulePath>,
    pub(super) search_system: bool,
    pub(super) libc: Option<Libc>,
}

impl World {
    /// The same for commands that only tell of a wheel's ELF files.
    pub(super) fn telling_options(&self) -> GatherOptions {
        GatherOptions {
            records: false,
            ..self.gather_options(Requested::Auto, Strip::None)
        }
    }

    /// What gathering needs to know of it. `strip` is what stripping is measured by.
    pub(super) fn gather_options(&self, plat: Requested, strip: Strip) -> GatherOptions {
        GatherOptions {
            libc: self.libc,
            plat,
            environment: self.environment.clone(),
            lib_path: self.lib_path.clone(),
            search_system: self.search_system,
            strip,
            ..GatherOptions::default()
        }
    }
}

impl WorldArgs {
    /// Read the flags and the environment.
    pub(super) fn open(&self, strip: Strip) -> Result<World, Error> {
        let sysroot = Sysroot::open(&SysrootOptions {
            root: self.sysroot.clone(),
            strip,
        })?;
        let mut lib_path = Vec::new();
        for folder in &self.lib_path {
            lib_path.push(sysroot.folder(folder)?);
        }
        // A folder of a list that is not there is passed over, as a loader does.
        lib_path.extend(folders(
            &sysroot,
            self.ldpaths.as_deref().unwrap_or_default(),
        ));
        let mut environment = Vec::new();
        if let Some(list) = setting("LD_LIBRARY_PATH") {
            environment.extend(folders(&sysroot, &list));
        }
        // The loader's own variable speaks of this machine's root, not of another one,
        // and `--ldpaths` replaces it.
        if self.sysroot == Path::new("/") && self.ldpaths.is_none() {
            let list = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
            environment.extend(folders(&sysroot, &list));
        }
        Ok(World {
            sysroot,
            environment,
            lib_path,
            search_system: self.ldpaths.is_none(),
            libc: self.libc.map(|libc| match libc {
                LibcArg::Musl => Libc::Musl,
                LibcArg::Glibc => Libc::Glibc,
            }),
        })
    }
}

fn folders(sysroot: &Sysroot, list: &str) -> Vec<ModulePath> {
    list.split(':')
        .filter(|folder| !folder.is_empty())
        .filter_map(|folder| sysroot.folder(Path::new(folder)).ok())
        .collect()
}

/// A setting from the environment: `WHEELFIX_<name>`, else `AUDITWHEEL_<name>`.
pub(super) fn setting(name: &str) -> Option<String> {
    let read = |prefix: &str| -> Option<OsString> {
        std::env::var_os(format!("{prefix}_{name}")).filter(|value| !value.is_empty())
    };
    let value = read("WHEELFIX").or_else(|| read("AUDITWHEEL"))?;
    Some(value.to_string_lossy().into_owned())
}

/// The time of new entries: `SOURCE_DATE_EPOCH`, else 1980. The second value says that
/// the variable was outside of what an archive can hold.
pub(super) fn source_date() -> Result<(DosDateTime, bool), Error> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty())
    else {
        return Ok((DosDateTime::default(), false));
    };
    let text = value.to_string_lossy();
    match text.parse::<u64>() {
        Ok(seconds) => Ok(DosDateTime::from_epoch(seconds)),
        Err(_) => Err(Error::Usage(format!(
            "SOURCE_DATE_EPOCH is `{}`, not a number of seconds since 1970",
            crate::wheel::escape(&text)
        ))),
    }
}

/// How hard wheels are packed: the flag, else `ZIP_COMPRESSION_LEVEL` of the environment.
pub(super) fn level(flag: Option<u8>) -> Result<Level, Error> {
    let bad = |text: &str| {
        Error::Usage(format!(
            "`{}` is no compression level; pass a number from 0 to 12",
            crate::wheel::escape(text)
        ))
    };
    let number = match (flag, setting("ZIP_COMPRESSION_LEVEL")) {
        (Some(number), _) => number,
        (None, Some(text)) => text.parse().map_err(|_| bad(&text))?,
        (None, None) => return Ok(Level::default()),
    };
    Level::new(number).ok_or_else(|| bad(&number.to_string()))
}
