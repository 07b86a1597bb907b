//! Flags that several commands share, and the environment variables behind them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::terminal::Terminal;
use crate::error::Error;
use crate::ops::{World, WorldOptions};
use crate::resolve::Libc;
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

impl WorldArgs {
    /// What they and the environment say.
    pub(super) fn options(&self, terminal: &Terminal) -> Result<WorldOptions, Error> {
        let mut environment = folders(&setting("LD_LIBRARY_PATH").unwrap_or_default());
        // The loader's own variable speaks of this machine's root, not of another one,
        // and `--ldpaths` replaces it.
        if self.sysroot == Path::new("/") && self.ldpaths.is_none() {
            let list = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
            environment.extend(folders(&list));
        }
        Ok(WorldOptions {
            limits: terminal.limits()?,
            sysroot: self.sysroot.clone(),
            lib_path: self.lib_path.clone(),
            instead: self.ldpaths.as_deref().map(folders),
            environment,
            libc: self.libc.map(|libc| match libc {
                LibcArg::Musl => Libc::Musl,
                LibcArg::Glibc => Libc::Glibc,
            }),
        })
    }

    /// The world of a command that only tells of files.
    pub(super) fn open(&self, terminal: &Terminal) -> Result<World, Error> {
        World::open(&self.options(terminal)?)
    }
}

fn folders(list: &str) -> Vec<PathBuf> {
    let folders = list.split(':').filter(|folder| !folder.is_empty());
    folders.map(PathBuf::from).collect()
}

/// A setting from the environment: `WHEELFIX_<name>`, else `AUDITWHEEL_<name>`.
pub(super) fn setting(name: &str) -> Option<String> {
    let read = |prefix: &str| -> Option<OsString> {
        std::env::var_os(format!("{prefix}_{name}")).filter(|value| !value.is_empty())
    };
    let value = read("WHEELFIX").or_else(|| read("AUDITWHEEL"))?;
    Some(value.to_string_lossy().into_owned())
}

/// The time of new entries: `SOURCE_DATE_EPOCH`, else 1980; a note where that is outside of what an
/// archive can hold.
pub(super) fn source_date(terminal: &Terminal) -> Result<DosDateTime, Error> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty())
    else {
        return Ok(DosDateTime::default());
    };
    let text = value.to_string_lossy();
    let Ok(seconds) = text.parse::<u64>() else {
        return Err(Error::Usage(crate::wheel::sentence!(
            "SOURCE_DATE_EPOCH is `{}`, not a number of seconds since 1970",
            crate::wheel::Untrusted::from(text)
        )));
    };
    let (time, clamped) = DosDateTime::from_epoch(seconds);
    if clamped {
        let text = "outside of what an archive can hold (1980 to 2107); the nearest time counts";
        terminal.note("SOURCE_DATE_EPOCH", true, text);
    }
    Ok(time)
}

/// How hard wheels are packed: the flag, else `ZIP_COMPRESSION_LEVEL` of the environment.
pub(super) fn level(flag: Option<u8>) -> Result<Level, Error> {
    let bad = |text: &str| {
        Error::Usage(crate::wheel::sentence!(
            "`{}` is no compression level; pass a number from 0 to 12",
            crate::wheel::Untrusted::from(text)
        ))
    };
    let number = match (flag, setting("ZIP_COMPRESSION_LEVEL")) {
        (Some(number), _) => number,
        (None, Some(text)) => text.parse().map_err(|_| bad(&text))?,
        (None, None) => return Ok(Level::default()),
    };
    Level::new(number).ok_or_else(|| bad(&number.to_string()))
}

/// A path as data: never to be shown as it is.
pub(super) fn text_of(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}
