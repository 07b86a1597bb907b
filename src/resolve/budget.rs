//! How much work an input may ask for. Loaders have no such bounds, and need none: who loads a file has
//! chosen to run it. We read files of strangers, of which a thousand bytes can ask for the work of hours.
//!
//! Every bound lies far above what real packages ask for (`docs/limits.md`), can be raised, and is named
//! by the error that it leads to.

use std::cell::Cell;
use std::fmt;

use super::world::ModulePath;
use crate::elf::LoadFacts;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// Bytes of a needed name, of a SONAME, of an entry of a run path.
    NameLength,
    /// Parts of a path that a needed name or an entry of a run path is.
    PathParts,
    /// Needed names of one file.
    Needed,
    /// Entries of one run path.
    RunPathEntries,
    /// Folders that one search goes through.
    SearchFolders,
    /// Lines of the files that tell a loader where the system's libraries are, and names that these
    /// lines are compared with.
    PathFileLines,
    /// How many files may have each other loaded, each the next one.
    Depth,
    /// Files that are loaded.
    Modules,
    /// Needed names that are followed, of all processes.
    Edges,
    /// Paths that are tried and folders that are put in order for it, of all processes.
    SearchSteps,
    /// Needed names of files that lead nowhere, each once for a file.
    Missing,
    /// Dynamic symbols, and versions that are needed, of all files that are loaded.
    Symbols,
    /// The same, those of each file counted for each process that it is in: so many names are looked
    /// up, and offered to be found.
    Lookups,
    /// Symbols that nothing defines, each once for a file that needs it.
    Unbound,
    /// What `check` finds, in all that it looks at.
    Findings,
    /// Needed names that are followed in all rounds of `dedupe` together.
    RoundEdges,
}

/// A bound, its name for people, its number where nobody raises it, what it counts in words.
type Row = (Bound, &'static str, u64, &'static str);

/// All bounds, in the order of [`Bound`].
const BOUNDS: [Row; 16] = [
    (
        Bound::NameLength,
        "name-length",
        4096,
        "bytes in a name or run path entry",
    ),
    (Bound::PathParts, "path-parts", 256, "parts in a path"),
    (
        Bound::Needed,
        "needed",
        1000,
        "needed libraries of one file",
    ),
    (
        Bound::RunPathEntries,
        "run-path-entries",
        1000,
        "entries in one run path",
    ),
    (
        Bound::SearchFolders,
        "search-folders",
        4000,
        "folders to search for one library",
    ),
    (
        Bound::PathFileLines,
        "path-file-lines",
        10_000,
        "lines in the loader's path files",
    ),
    (
        Bound::Depth,
        "depth",
        500,
        "libraries that each load the next one",
    ),
    (Bound::Modules, "modules", 50_000, "files to load"),
    (Bound::Edges, "edges", 150_000, "needs to follow"),
    (
        Bound::SearchSteps,
        "search-steps",
        1_000_000,
        "paths to try",
    ),
    (
        Bound::Missing,
        "missing",
        100_000,
        "needs that lead nowhere",
    ),
    (Bound::Symbols, "symbols", 500_000, "symbols of all files"),
    (
        Bound::Lookups,
        "lookups",
        10_000_000,
        "symbols, counted for each process that they are in",
    ),
    (
        Bound::Unbound,
        "unbound",
        50_000,
        "symbols that nothing defines",
    ),
    (Bound::Findings, "findings", 50_000, "findings of `check`"),
    (
        Bound::RoundEdges,
        "round-edges",
        2_000_000,
        "needs to follow in all rounds of `dedupe`",
    ),
];

/// The number of each bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget([u64; BOUNDS.len()]);

impl Default for Budget {
    fn default() -> Self {
        Self(BOUNDS.map(|(_, _, most, _)| most))
    }
}

impl Budget {
    /// How much of it may be.
    #[must_use]
    pub fn most(&self, bound: Bound) -> u64 {
        self.0.get(bound as usize).copied().unwrap_or_default()
    }

    /// Sets the bound of that name; `false`: there is none.
    #[must_use]
    pub fn set(&mut self, name: &str, most: u64) -> bool {
        let place = BOUNDS.iter().position(|(_, known, ..)| *known == name);
        match place.and_then(|place| self.0.get_mut(place)) {
            Some(number) => {
                *number = most;
                true
            }
            None => false,
        }
    }

    /// Every bound: its name, its number by default, what it counts.
    pub fn table() -> impl Iterator<Item = (&'static str, u64, &'static str)> {
        BOUNDS
            .iter()
            .map(|(_, name, most, what)| (*name, *most, *what))
    }

    /// Is `count` within the bound?
    ///
    /// # Errors
    /// When it is not; `of` is the file that asks for so much.
    pub fn allow(&self, bound: Bound, count: u64, of: &ModulePath) -> Result<(), Exceeded> {
        let most = self.most(bound);
        match count <= most {
            true => Ok(()),
            false => Err(Exceeded {
                bound,
                most,
                of: of.clone(),
            }),
        }
    }

    /// Is all that a file asks for within bounds, whatever it will lead to?
    ///
    /// # Errors
    /// When it is not.
    pub fn allow_file(&self, path: &ModulePath, file: &LoadFacts) -> Result<(), Exceeded> {
        self.allow(Bound::Needed, file.needed.len() as u64, path)?;
        for name in file.needed.iter().chain(&file.soname) {
            self.allow_text(name.as_str(), path)?;
        }
        for run_path in [&file.rpath, &file.runpath].into_iter().flatten() {
            let mut count = 0_u64;
            for entry in run_path.split([':', '\n']) {
                count = count.saturating_add(1);
                self.allow(Bound::RunPathEntries, count, path)?;
                self.allow_text(entry, path)?;
            }
        }
        Ok(())
    }

    /// Is this name or path short enough to be worked with?
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn allow_text(&self, text: &str, of: &ModulePath) -> Result<(), Exceeded> {
        self.allow(Bound::NameLength, text.len() as u64, of)?;
        let parts = text.split('/').filter(|part| !part.is_empty());
        self.allow(Bound::PathParts, parts.count() as u64, of)
    }
}

/// More was asked for than a bound allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which bound.
    pub bound: Bound,
    /// Its number.
    pub most: u64,
    /// The file at which it was reached.
    pub of: ModulePath,
}

impl Exceeded {
    /// What the bound is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        BOUNDS.get(self.bound as usize).map_or("", |row| row.1)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = BOUNDS.get(self.bound as usize).map_or("", |row| row.3);
        let (most, of) = (self.most, &self.of);
        write!(formatter, "more than {most} {what}, at {of}")
    }
}

impl std::error::Error for Exceeded {}

/// What of a bound is left.
#[derive(Debug)]
pub struct Meter {
    bound: Bound,
    most: u64,
    left: Cell<u64>,
}

impl Meter {
    /// All of it.
    #[must_use]
    pub fn new(budget: &Budget, bound: Bound) -> Self {
        let most = budget.most(bound);
        Self {
            bound,
            most,
            left: Cell::new(most),
        }
    }

    /// Take so much.
    ///
    /// # Errors
    /// When less is left; `of` is the file that asks for it.
    pub fn spend(&self, amount: u64, of: &ModulePath) -> Result<(), Exceeded> {
        let left = self.left.get().checked_sub(amount);
        let exceeded = || Exceeded {
            bound: self.bound,
            most: self.most,
            of: of.clone(),
        };
        self.left.set(left.ok_or_else(exceeded)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_stands_at_its_own_place() {
        for (place, (bound, ..)) in BOUNDS.iter().enumerate() {
            assert_eq!(*bound as usize, place);
        }
    }

    #[test]
    fn a_bound_is_raised_by_its_name() {
        let mut budget = Budget::default();
        assert!(budget.set("depth", 7));
        assert!(!budget.set("height", 7));
        assert_eq!(budget.most(Bound::Depth), 7);
    }
}
