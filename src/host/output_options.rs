//! Where a wheel goes, and how it is written.

use std::path::PathBuf;

use crate::wheel::{DosDateTime, Level};

/// How a wheel is written.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    /// The folder, `-w`.
    pub folder: PathBuf,
    /// How hard to deflate, `-z`.
    pub level: Level,
    /// The time of what is new, `SOURCE_DATE_EPOCH`.
    pub time: DosDateTime,
    /// Leave a file that is there already, `--no-clobber`.
    pub keep_existing: bool,
    /// The input itself may be replaced, `--in-place`.
    pub in_place: bool,
}

impl Default for OutputOptions {
    /// `wheelhouse`, written anew and the same at any time.
    fn default() -> Self {
        Self {
            folder: PathBuf::from("wheelhouse"),
            level: Level::default(),
            time: DosDateTime::default(),
            keep_existing: false,
            in_place: false,
        }
    }
}
