//! Installed trees: `dedupe`, and its undo after a kill at any step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;

use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX, killed, library, link};
use crate::support::{elf_builder, scratch};
use wheelfix::host::{self, Likeness, Progress};
use wheelfix::plan::{self, DedupeInput};
use wheelfix::{elf, wheel::ArchivePath};

#[test]
fn copies_of_one_build_become_links_to_the_store_and_back() {
    let tree = Tree::new();
    let before = tree.state();
    tree.done(&["dedupe", "--dry-run", "site"]);
    assert_eq!(tree.state(), before);
    tree.done(&["dedupe", "site"]);
    for name in ["one", "two", "six"] {
        let to = Path::new("../wheelfix.libs").join(LIBRARY);
        assert_eq!(link(&tree, name), Some(to), "{name}");
    }
    tree.check_records();
    // What pip and uv list is what they installed.
    let is_new = |path: &String| !before.contains_key(path) && !path.starts_with("wheelfix.libs");
    let new: Vec<String> = tree.state().into_keys().filter(is_new).collect();
    assert!(new.is_empty(), "{new:?}");
    let after = tree.state();
    assert!(tree.done(&["dedupe", "site"]).contains("Nothing to merge"));
    assert_eq!(tree.state(), after);
    tree.done(&["dedupe", "--undo", "site"]);
    assert_eq!(tree.state(), before);
    assert!(
        tree.done(&["dedupe", "--undo", "site"])
            .contains("Nothing to undo")
    );
}

#[test]
fn only_equal_bytes_are_merged_when_that_is_asked() {
    let tree = Tree::new();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    assert!(link(&tree, "one").is_some() && link(&tree, "six").is_some());
    assert_eq!(link(&tree, "two"), None);
    tree.check_records();
}

/// The store's second copy becomes a link to its first, behind links that were there before.
#[test]
fn what_was_merged_in_two_steps_is_undone_in_one() {
    let tree = Tree::new();
    tree.install_second_two();
    let before = tree.state();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    tree.check_records();
    tree.done(&["dedupe", "site"]);
    tree.check_records();
    assert_eq!(tree.links().len(), 5);
    tree.done(&["dedupe", "--undo", "site"]);
    tree.check_records();
    assert_eq!(tree.state(), before);
}

/// Two copies of one name lie in the store, the second under a name with its digest in it.
#[test]
fn copies_of_one_name_in_the_store_become_one_later() {
    let tree = Tree::new();
    let path = format!("ten.libs/{LIBRARY}");
    tree.install("ten", &[(&path, library(LIBRARY, "$ORIGIN/../x"))]);
    let before = tree.state();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    assert_eq!(copies_in_store(&tree).len(), 2);
    let said = tree.done(&["dedupe", "site"]);
    assert!(said.starts_with("libspam_leaf.so.1   saves"), "{said}");
    assert_eq!(copies_in_store(&tree).len(), 1);
    tree.check_records();
    assert!(tree.done(&["dedupe", "site"]).contains("Nothing to merge"));
    tree.done(&["dedupe", "--undo", "site"]);
    tree.check_records();
    assert_eq!(tree.state(), before);
}

/// The libraries of the store that have bytes of their own.
fn copies_in_store(tree: &Tree) -> Vec<String> {
    let state = tree.state().into_iter();
    let copies = state.filter(|(path, what)| {
        let is_store = path.starts_with("wheelfix.libs/") && !path.ends_with(".json");
        is_store && !what.starts_with("link ")
    });
    copies.map(|(path, _)| path).collect()
}

/// A tree in which a copy of the store was merged with another by each of two runs: `two` links to
/// a link to a link; and what it was before.
fn merged_in_four_steps() -> (Tree, BTreeMap<String, String>) {
    let tree = Tree::new();
    tree.install_second_two();
    let mut before = tree.state();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    tree.done(&["dedupe", "site"]);
    for name in ["tan", "red"] {
        // Of all names in the store the first: that copy is kept.
        let path = format!("{name}.libs/libspam_leaf-0000abcd.so.1");
        tree.install(name, &[(&path, library(LIBRARY, "$ORIGIN/"))]);
        let state = tree.state().into_iter();
        before.extend(state.filter(|(path, _)| path.starts_with(name)));
    }
    tree.done(&["dedupe", "--level", "identical", "site"]);
    tree.done(&["dedupe", "site"]);
    assert_eq!(
        copies_in_store(&tree),
        ["wheelfix.libs/libspam_leaf-0000abcd.so.1"]
    );
    tree.check_records();
    (tree, before)
}

#[test]
fn what_was_merged_in_many_steps_is_undone_in_one() {
    let (tree, before) = merged_in_four_steps();
    tree.done(&["dedupe", "--undo", "site"]);
    tree.check_records();
    assert_eq!(tree.state(), before);
}

/// A link of the store that no package links to is dropped as a copy is.
#[test]
fn links_of_the_store_go_with_the_packages_that_needed_them() {
    let (tree, _) = merged_in_four_steps();
    let of_store = || {
        let mut links = tree.links();
        links.retain(|path| path.starts_with("wheelfix.libs/"));
        links.len()
    };
    assert_eq!(of_store(), 2);
    tree.uninstall("two");
    tree.done(&["dedupe", "site"]);
    assert_eq!(of_store(), 2, "`ten` still links there");
    tree.uninstall("ten");
    let said = tree.done(&["dedupe", "site"]);
    assert!(said.contains("nothing links to it any more"), "{said}");
    assert_eq!(of_store(), 1);
    tree.check_records();
    for name in ["one", "six"] {
        tree.uninstall(name);
    }
    tree.done(&["dedupe", "site"]);
    assert_eq!(of_store(), 0);
    tree.check_records();
    let said = tree.done(&["dedupe", "--undo", "site"]);
    assert!(said.contains("Restored 2 files"), "{said}");
}

/// What lies in the store is loaded by the links to it: from their folders its needs are found, or
/// are not. `libouter` would look for the `libinner` of the other packages, which has another name.
#[test]
fn copies_in_the_store_are_merged_only_where_their_links_find_what_they_need() {
    let tree = Tree {
        folder: scratch::folder(),
    };
    for (name, hash) in [
        ("one", "1111abcd"),
        ("six", "1111abcd"),
        ("ten", "2222abcd"),
        ("two", "2222abcd"),
    ] {
        let inner = format!("libinner-{hash}.so.1");
        let outer = format!("libouter-{hash}.so.1");
        let mut elf = elf_builder::Elf::library(&outer, &[&inner, "libc.musl-x86_64.so.1"]);
        elf.rpath = Some("$ORIGIN".to_owned());
        let leaf = elf_builder::Elf::library(&inner, &["libc.musl-x86_64.so.1"]);
        tree.install(
            name,
            &[
                (&format!("{name}.libs/{inner}"), leaf.build()),
                (&format!("{name}.libs/{outer}"), elf.build()),
            ],
        );
    }
    let before = tree.state();
    tree.done(&["dedupe", "--level", "identical", "site"]);
    assert_eq!(copies_in_store(&tree).len(), 4);
    let said = tree.done(&["dedupe", "-v", "site"]);
    let gathered = host::gather_tree(
        host::TreeRoot::open(&tree.site()).unwrap(),
        &Counted::default(),
    )
    .unwrap();
    let nothing = plan::Simulation::default();
    let budget = gathered.limits().budget;
    let graphs = plan::simulate(&gathered.tree, &gathered.elf, &nothing, budget).unwrap();
    assert!(graphs.iter().all(|graph| !graph.is_incomplete()), "{said}");
    assert!(said.contains("would not find what it needs"), "{said}");
    assert_eq!(copies_in_store(&tree).len(), 3, "{said}");
    tree.check_records();
    tree.done(&["dedupe", "--undo", "site"]);
    assert_eq!(tree.state(), before);
}

#[test]
fn another_build_of_the_same_name_stays_apart() {
    let tree = Tree::new();
    let path = tree.site().join(format!("two.libs/{LIBRARY}"));
    let mut bytes = fs::read(&path).unwrap();
    // The first byte of its code: the program header says where that is.
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let headers = (0..bytes[56]).map(|index| number(32) + usize::from(index) * 56);
    let code = headers
        .filter(|&at| bytes[at..at + 4] == [1, 0, 0, 0] && bytes[at + 4] & 1 == 1)
        .map(|at| number(at + 8))
        .next()
        .unwrap();
    bytes[code] ^= 1;
    fs::write(&path, bytes).unwrap();
    tree.done(&["dedupe", "site"]);
    assert!(link(&tree, "one").is_some());
    assert_eq!(link(&tree, "two"), None);
}

#[test]
fn a_package_that_is_installed_anew_is_linked_again_and_one_that_went_is_forgotten() {
    let tree = Tree::new();
    let fresh = fs::read(tree.site().join(format!("two.libs/{LIBRARY}"))).unwrap();
    tree.done(&["dedupe", "site"]);
    let path = tree.site().join(format!("two.libs/{LIBRARY}"));
    fs::remove_file(&path).unwrap();
    fs::write(&path, fresh).unwrap();
    tree.done(&["dedupe", "site"]);
    assert!(link(&tree, "two").is_some());
    for name in ["one", "two", "six"] {
        for folder in [
            name.to_owned(),
            format!("{name}.libs"),
            format!("{name}-1.0.dist-info"),
        ] {
            fs::remove_dir_all(tree.site().join(folder)).unwrap();
        }
    }
    tree.install("last", &[("last.py", b"".to_vec())]);
    tree.done(&["dedupe", "site"]);
    let left: Vec<_> = fs::read_dir(tree.site()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn links_into_a_cache_are_refused_and_hard_links_are_never_written_through() {
    let tree = Tree::new();
    let cache = tree.folder.path().join("cache.so");
    let library = tree.site().join(format!("one.libs/{LIBRARY}"));
    fs::hard_link(&library, &cache).unwrap();
    let bytes = fs::read(&cache).unwrap();
    tree.done(&["dedupe", "site"]);
    tree.done(&["slim", "site"]);
    assert_eq!(fs::read(&cache).unwrap(), bytes);
    tree.done(&["dedupe", "--undo", "site"]);
    fs::remove_file(&library).unwrap();
    symlink(&cache, &library).unwrap();
    let output = tree.run(&["dedupe", "site"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("link-mode"), "{text}");
}

#[test]
fn a_dedupe_that_is_killed_at_any_step_can_be_undone_or_carried_on() {
    let before = RefCell::default();
    let make = || {
        let tree = Tree::new();
        before.replace(tree.state());
        tree
    };
    killed(&["dedupe", "site"], make, |tree, _| {
        // Whatever was reached, the libraries are there.
        for name in ["one", "two", "six"] {
            let bytes = fs::read(tree.site().join(format!("{name}.libs/{LIBRARY}"))).unwrap();
            assert!(elf::read(&bytes).is_ok());
        }
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), *before.borrow());
        tree.done(&["dedupe", "site"]);
        tree.check_records();
        assert!(link(tree, "two").is_some());
    });
}

#[test]
fn an_undo_that_is_killed_at_any_step_can_be_undone_again() {
    let before = RefCell::default();
    let make = || {
        let tree = Tree::new();
        before.replace(tree.state());
        tree.done(&["dedupe", "site"]);
        tree
    };
    killed(&["dedupe", "--undo", "site"], make, |tree, _| {
        tree.done(&["dedupe", "--undo", "site"]);
        assert_eq!(tree.state(), *before.borrow());
    });
}

/// Root may write everywhere but to a file system that is mounted so.
#[test]
fn a_tree_that_cannot_be_written_to_is_refused_before_anything_is_changed() {
    let tree = Tree::new();
    let before = tree.state();
    for words in ["dedupe site", "slim --no-repack --tests site", "slim site"] {
        let program = format!(
            "mount --bind site site && mount -o remount,ro,bind site && exec {WHEELFIX} {words}"
        );
        let mut command = tree.command(&["unshare", "-r", "-m", "sh", "-c", &program]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = match words.contains("--tests") {
            // Nothing is to be done, so nothing need be written.
            true => Some(0),
            false => Some(4),
        };
        assert_eq!(output.status.code(), expected, "{words}: {said}");
        let refused = said.contains("cannot write to the folder")
            && said.contains("site`: Read-only file system");
        assert_eq!(refused, expected == Some(4), "{words}: {said}");
        assert_eq!(tree.state(), before);
    }
    // What only looks needs no more than that.
    let look = format!(
        "mount --bind site site && mount -o remount,ro,bind site && {WHEELFIX} size site && {WHEELFIX} dedupe -n site && {WHEELFIX} slim -n site"
    );
    let mut command = tree.command(&["unshare", "-r", "-m", "sh", "-c", &look]);
    assert!(command.output().unwrap().status.success());
}

/// Expected and done since it was last looked at.
#[derive(Default)]
struct Counted(Mutex<(u64, u64)>);

impl Counted {
    fn take(&self) -> (u64, u64) {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Progress for Counted {
    fn expect(&self, bytes: u64) {
        self.0.lock().unwrap().0 += bytes;
    }

    fn advance(&self, bytes: u64) {
        self.0.lock().unwrap().1 += bytes;
    }
}

/// The bar shows bytes; it was once given numbers of files.
#[test]
fn progress_is_told_in_bytes_of_files_and_comes_to_its_end() {
    let tree = Tree::new();
    let size = |path: &str| fs::metadata(tree.site().join(path)).unwrap().len();
    let of_library = |name: &&str| size(&format!("{name}.libs/{LIBRARY}"));
    let of_module = |name: &&str| size(&format!("{name}/_core.cpython-313-x86_64-linux-musl.so"));
    let names = ["one", "two", "six"];
    let libraries: u64 = names.iter().map(of_library).sum();
    let modules: u64 = names.iter().map(of_module).sum();
    let counted = Counted::default();
    let gathered =
        host::gather_tree(host::TreeRoot::open(&tree.site()).unwrap(), &counted).unwrap();
    assert_eq!(counted.take(), (libraries + modules, libraries + modules));
    let groups = plan::candidates(&gathered.tree, &gathered.elf);
    let twins = host::find_twins(&gathered, &groups, Likeness::SameBuild, &counted).unwrap();
    assert_eq!(counted.take(), (libraries, libraries));
    let plan = plan::dedupe(DedupeInput {
        tree: &gathered.tree,
        elf: &gathered.elf,
        twins: twins.classes,
        contents: &twins.contents,
        apart: twins.apart,
        budget: gathered.limits().budget,
    })
    .unwrap();
    let kept: Vec<&ArchivePath> = plan.stored.values().collect();
    let all = libraries + size(kept[0].as_str());
    host::apply_dedupe(&gathered, &plan, &twins.contents, &counted).unwrap();
    assert_eq!(counted.take(), (all, all));
}
