//! Which copies of a library become one, and where that one lies.
//!
//! Six rules make a link safe. The files are one build (proved by whoever reads bytes). What they
//! need leads to one class again, need by need ([`Classes::refine`]). From each link's folder the
//! kept file finds what it needs, and it is as self-sufficient as each file it stands for: both
//! are seen by loading every file of the tree before and after (`dedupe_losses`), and so is that
//! no package comes to load what another one brings (`dedupe_strangers`). Twins
//! inside one distribution become links to each other; across distributions they become links to
//! a store that belongs to none of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::Kind;
use crate::plan::tree::classes::{Choice, Classes, Rounds, TreeElf, with_store};
use crate::plan::tree::dedupe_losses;
use crate::plan::tree::dedupe_store::{library_name, store_path, unused};
use crate::plan::tree::dedupe_strangers::Owners;
use crate::plan::tree::simulate::{Simulation, simulate};
use crate::plan::tree::tree_plan::{Apart, Merged, STORE, Tree, TreePlan};
use crate::resolve::{Budget, Exceeded};
use crate::wheel::ArchivePath;

/// What is known of a tree when it is planned.
pub struct DedupeInput<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Its ELF files by path; links are there with the file behind them.
    pub elf: &'a BTreeMap<ArchivePath, TreeElf>,
    /// Files that are proved to be one build; each at least two.
    pub twins: Vec<Vec<ArchivePath>>,
    /// Which of them are equal byte for byte: equal numbers.
    pub contents: &'a BTreeMap<ArchivePath, [u8; 32]>,
    /// What was found different on the way.
    pub apart: Vec<Apart>,
    /// How much work its files may ask for.
    pub budget: Budget,
}

/// Vendored libraries that may be twins: of one name and machine, or of one distribution, machine and
/// size, which may be copies under other names. Each group has several files, and at least one that
/// is not a link yet.
#[must_use]
pub fn candidates(tree: &Tree, elf: &BTreeMap<ArchivePath, TreeElf>) -> Vec<Vec<ArchivePath>> {
    let mut groups: BTreeMap<(String, String), Vec<ArchivePath>> = BTreeMap::new();
    let mut copies: BTreeMap<(usize, u64, String), Vec<ArchivePath>> = BTreeMap::new();
    let is_known = |path: &ArchivePath| tree.owner(path).is_some() || tree.is_copy(path);
    for (path, one) in elf {
        let is_file = tree.files.get(path).is_some_and(|file| file.link.is_none());
        let facts = &one.file.facts;
        let is_library = facts.kind == Kind::Shared && facts.dynamic && !facts.is_program;
        if is_file && is_library && is_vendored(path) && is_known(path) {
            // Code of one size at one address: anything else is another build for sure.
            let shape = format!("{:?} {:?}", facts.machine, one.code);
            if let Some(owner) = tree.owners.get(path) {
                let key = (*owner, one.file.size, shape.clone());
                copies.entry(key).or_default().push(path.clone());
            }
            let key = (library_name(path.file_name()), shape);
            groups.entry(key).or_default().push(path.clone());
        }
    }
    let mut all = joined(groups.into_values().chain(copies.into_values()));
    all.retain(|group| group.len() > 1);
    all
}

/// The groups, those that share a file as one.
fn joined(groups: impl Iterator<Item = Vec<ArchivePath>>) -> Vec<Vec<ArchivePath>> {
    let mut all: BTreeMap<usize, BTreeSet<ArchivePath>> = BTreeMap::new();
    let mut of: BTreeMap<ArchivePath, usize> = BTreeMap::new();
    for (number, group) in groups.enumerate() {
        let mut members: BTreeSet<ArchivePath> = group.into_iter().collect();
        let known: BTreeSet<usize> = members
            .iter()
            .filter_map(|path| of.get(path))
            .copied()
            .collect();
        for other in known {
            members.extend(all.remove(&other).unwrap_or_default());
        }
        of.extend(members.iter().map(|path| (path.clone(), number)));
        all.insert(number, members);
    }
    let mut all: Vec<Vec<ArchivePath>> = all
        .into_values()
        .map(|group| group.into_iter().collect())
        .collect();
    all.sort();
    all
}

/// Whether a file is by its name a library for others, rather than a module of Python's.
fn is_vendored(path: &ArchivePath) -> bool {
    let name = path.file_name();
    let in_libs = || {
        let folder = path.parent();
        folder.is_some_and(|folder| folder.as_str().ends_with(".libs"))
    };
    let is_module = name.contains(".cpython-") || name.contains(".abi3") || name.contains(".pypy");
    let is_versioned = name.contains(".so.");
    !is_module && (name.starts_with("lib") || is_versioned || in_libs())
}

/// Works out what `dedupe` does to a tree.
///
/// # Errors
/// When its files ask for more work than the budget allows.
pub fn dedupe(input: DedupeInput<'_>) -> Result<TreePlan, Exceeded> {
    let tree = input.tree;
    let mut apart = input.apart;
    let before = simulate(tree, input.elf, &Simulation::default(), input.budget)?;
    let mut classes = Classes::new(&input.twins);
    let rounds = Rounds::new(&input.budget);
    classes.refine(&before, input.elf, &mut apart, &rounds)?;
    let mut choices: BTreeMap<usize, Choice> = classes
        .members()
        .into_iter()
        .map(|(class, files)| (class, Choice::new(files, input.elf, input.contents)))
        .collect();
    let owners = Owners::new(tree, input.elf, input.contents, &before, &classes);
    loop {
        let plan = arrange(tree, &choices, input.contents);
        let simulation = Simulation {
            links: &plan.links,
            stored: &plan.stored,
        };
        let after = simulate(tree, input.elf, &simulation, input.budget)?;
        rounds.spend(&after)?;
        let keys = with_store(&classes, &plan);
        let loss = dedupe_losses::first_loss(&before, &after, &classes, &keys, &choices);
        let refusal = loss.or_else(|| owners.first_stranger(&after, &keys, &choices));
        let Some((class, why)) = refusal else {
            return Ok(finish(tree, plan, apart));
        };
        let exhausted = choices
            .get_mut(&class)
            .is_none_or(|choice| !choice.take_next());
        if exhausted && let Some(choice) = choices.remove(&class) {
            apart.extend(choice.refused(why));
        }
    }
}

fn arrange(
    tree: &Tree,
    choices: &BTreeMap<usize, Choice>,
    contents: &BTreeMap<ArchivePath, [u8; 32]>,
) -> TreePlan {
    let mut plan = TreePlan::default();
    let mut taken: BTreeSet<ArchivePath> = tree
        .files
        .keys()
        .filter(|path| path.first() == STORE)
        .cloned()
        .collect();
    for choice in choices.values() {
        let Some(kept) = choice.kept() else {
            continue;
        };
        let owners: BTreeSet<_> = choice
            .files
            .iter()
            .map(|path| tree.owners.get(path))
            .collect();
        let size = |path: &ArchivePath| tree.files.get(path).map_or(0, |file| file.size);
        let at = if kept.first() == STORE || owners.len() == 1 {
            kept.clone()
        } else {
            let Some(at) = store_path(kept, contents, &taken) else {
                continue;
            };
            taken.insert(at.clone());
            plan.stored.insert(at.clone(), kept.clone());
            at
        };
        let links: Vec<ArchivePath> = choice
            .files
            .iter()
            .filter(|path| **path != at)
            .cloned()
            .collect();
        let all: u64 = links.iter().map(size).sum();
        let cost = if at == *kept { 0 } else { size(kept) };
        let mut digests = choice.files.iter().map(|path| contents.get(path));
        let first = digests.next().flatten();
        plan.merged.push(Merged {
            library: library_name(kept.file_name()).into(),
            kept: kept.clone(),
            at: at.clone(),
            identical: digests.all(|digest| digest == first),
            other_names: has_other_names(tree, &choice.files),
            saved: all.saturating_sub(cost),
            links: links.clone(),
        });
        plan.links
            .extend(links.into_iter().map(|link| (link, at.clone())));
    }
    plan
}

/// Whether one distribution has the library under several names.
fn has_other_names(tree: &Tree, files: &[ArchivePath]) -> bool {
    let mut names: BTreeMap<usize, &str> = BTreeMap::new();
    files.iter().any(|path| match tree.owners.get(path) {
        Some(owner) => *names.entry(*owner).or_insert(path.file_name()) != path.file_name(),
        None => false,
    })
}

/// Adds what of the store nothing links to any more, which need not become a link either.
fn finish(tree: &Tree, mut plan: TreePlan, mut apart: Vec<Apart>) -> TreePlan {
    let unused = unused(tree, &plan.links);
    plan.links.retain(|path, _| !unused.contains(path));
    for merged in &mut plan.merged {
        let (gone, stay) = std::mem::take(&mut merged.links)
            .into_iter()
            .partition(|path| unused.contains(path));
        let gone: Vec<ArchivePath> = gone;
        merged.links = stay;
        merged.saved = merged.saved.saturating_sub(tree.size_of(gone.iter()));
    }
    plan.merged.retain(|merged| !merged.links.is_empty());
    plan.dropped = unused.into_iter().collect();
    apart.sort();
    apart.dedup();
    plan.apart = apart;
    plan.merged
        .sort_by(|one, other| (other.saved, &one.kept).cmp(&(one.saved, &other.kept)));
    plan
}

#[cfg(test)]
mod tests {
    use super::is_vendored;
    use crate::wheel::ArchivePath;

    #[test]
    fn a_module_of_python_s_is_no_library_for_others() {
        let of = |path| ArchivePath::parse(path).is_ok_and(|path| is_vendored(&path));
        for path in ["a/libx.so.1", "a.libs/x.so", "a/libx.so"] {
            assert!(of(path), "{path}");
        }
        for path in [
            "a/libx.abi3.so",
            "a/libx.abi3t.so",
            "a/libx.abi3-x86_64-linux-musl.so",
            "a/libx.cpython-313-x86_64-linux-musl.so",
        ] {
            assert!(!of(path), "{path}");
        }
    }
}
