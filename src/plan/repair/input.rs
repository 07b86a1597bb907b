//! What a repair is decided by, and what keeps it from a plan.

use crate::plan::needs::obstacle::Obstacle;
use crate::plan::needs::subject::Subject;
use crate::resolve::Exceeded;
use crate::wheel::{ArchivePath, Headers, WheelFilename};

/// Everything a repair is decided by.
pub struct RepairInput<'a> {
    /// The file name of the wheel.
    pub filename: &'a WheelFilename,
    /// Its files, in the archive's order, folders left out.
    pub entries: &'a [ArchivePath],
    /// Its `.dist-info` folder.
    pub dist_info: &'a ArchivePath,
    /// Its WHEEL file.
    pub wheel: &'a Headers,
    /// Its ELF files, what they are for and what each of them pulls in.
    pub subject: &'a Subject,
}

/// Why there is no plan.
#[derive(Clone, Debug)]
pub enum NoPlan {
    /// Everything that stands in the way.
    Obstacles(Vec<Obstacle>),
    /// There is more to find than the budget allows.
    Exceeded(Exceeded),
}

impl From<Vec<Obstacle>> for NoPlan {
    fn from(obstacles: Vec<Obstacle>) -> Self {
        Self::Obstacles(obstacles)
    }
}

impl From<Exceeded> for NoPlan {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}
