//! Which file of a process has a name first. A loader asks one file after the other; here every name
//! that is asked for has a number, and a process is gone through once, so that a lookup takes the same
//! time however many files there are.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::graph::ModuleId;

/// The names that files of a graph ask for, who offers them, and in one process after the other who
/// comes first.
#[derive(Debug)]
pub struct Scopes<K> {
    numbers: HashMap<K, usize>,
    /// The numbers of what each file offers, as far as anybody asks for it.
    offered: BTreeMap<ModuleId, Vec<usize>>,
    /// By number: the last process in which somebody offers it, and the places there of the first
    /// and of another one.
    found: Vec<Found>,
    process: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Found {
    process: usize,
    first: usize,
    other: Option<usize>,
}

impl<K: Eq + Hash> Scopes<K> {
    /// For these names; others that are offered are passed over.
    pub fn new(asked: impl IntoIterator<Item = K>) -> Self {
        let mut numbers = HashMap::new();
        for name in asked {
            let next = numbers.len();
            numbers.entry(name).or_insert(next);
        }
        Self {
            offered: BTreeMap::new(),
            found: vec![Found::default(); numbers.len()],
            process: 0,
            numbers,
        }
    }

    /// The number of a name; `None`: nobody asks for it.
    pub fn number(&self, name: &K) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// What a file offers.
    pub fn offer(&mut self, file: ModuleId, names: impl IntoIterator<Item = K>) {
        let names = names.into_iter();
        let mut numbers: Vec<usize> = names.filter_map(|name| self.number(&name)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.offered.insert(file, numbers);
    }

    /// Does a file offer the name of this number?
    pub fn has(&self, file: ModuleId, number: usize) -> bool {
        let offered = self.offered.get(&file);
        offered.is_some_and(|numbers| numbers.binary_search(&number).is_ok())
    }

    /// The next process, with these files in this order.
    pub fn enter(&mut self, files: &[ModuleId]) {
        self.process = self.process.saturating_add(1);
        for (place, file) in files.iter().enumerate() {
            for number in self.offered.get(file).into_iter().flatten() {
                let Some(found) = self.found.get_mut(*number) else {
                    continue;
                };
                if found.process != self.process {
                    *found = Found {
                        process: self.process,
                        first: place,
                        other: None,
                    };
                } else if found.other.is_none() {
                    found.other = Some(place);
                }
            }
        }
    }

    /// The place of the first file of the process that offers the name of this number.
    pub fn first(&self, number: usize) -> Option<usize> {
        let found = self.found.get(number)?;
        (found.process == self.process).then_some(found.first)
    }

    /// The same, were the file at a place not there.
    pub fn first_but(&self, number: usize, place: usize) -> Option<usize> {
        let found = self.found.get(number)?;
        let first = self.first(number)?;
        if first == place {
            found.other
        } else {
            Some(first)
        }
    }
}
