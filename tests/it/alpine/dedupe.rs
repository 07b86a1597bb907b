//! The main promise of `dedupe` on real input: two wheels, repaired one by one from the same
//! OpenBLAS of an Alpine, carry the same bytes, and share one copy once they are installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::command::text;
use crate::support::installed_tree::Tree;
use crate::support::scratch;
use crate::support::stage::{inside, install_on_bare, run_on_bare, stage, static_binary};
use crate::support::wheels::{grafts, names, only_wheel};

const LIBRARY: &str = "libscipy_openblas";
/// A scalar product, and products of matrices; then from which file they came.
const COMPUTE: &str = "
import spam_dot, spam_gemm
assert spam_dot.dot(10) == 385.0
assert spam_gemm.power(30) == (1346269.0, 832040.0, 832040.0, 514229.0)
print({line.split()[5] for line in open('/proc/self/maps') if 'openblas' in line})";

fn sample(name: &str) -> PathBuf {
    let file = format!("{name}-1.0-cp313-cp313-linux_x86_64.whl");
    stage().samples.join(file)
}

/// Repaired by the static binary inside the Alpine that it was built on.
fn repaired(name: &str, out: &Path) -> PathBuf {
    let binds = [
        (static_binary().parent().unwrap(), "/mnt/bin"),
        (stage().samples.as_path(), "/mnt/in"),
        (out, "/mnt/out"),
    ];
    let program = format!("/mnt/bin/wheelfix repair -w /mnt/out /mnt/in/{name}-*.whl");
    let output = inside(&stage().full, &binds, &program);
    assert!(output.status.success(), "{}", text(&output));
    let wheel = only_wheel(out);
    assert_eq!(grafts(&wheel), names(LIBRARY));
    wheel
}

/// Run our static binary on a tree, inside the bare Alpine.
fn wheelfix(tree: &Tree, words: &str) -> String {
    let bin = static_binary().parent().unwrap();
    let binds = [(bin, "/mnt/bin"), (&tree.site(), "/mnt/site")];
    let program = format!("/mnt/bin/wheelfix {words} /mnt/site");
    done(&inside(&stage().bare, &binds, &program))
}

fn done(output: &Output) -> String {
    let said = text(output);
    assert!(output.status.success(), "{said}");
    said
}

/// The copies of the library that have bytes of their own, by their path in the tree.
fn copies(tree: &Tree) -> BTreeMap<String, Vec<u8>> {
    let files = tree.state().into_iter();
    files
        .filter(|(path, kind)| path.contains(&format!("/{LIBRARY}-")) && !kind.starts_with("link "))
        .map(|(path, _)| (path.clone(), fs::read(tree.site().join(path)).unwrap()))
        .collect()
}

#[test]
fn two_wheels_repaired_from_one_openblas_share_one_copy() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let dot = repaired("spam_dot", folders[0].path());
    let gemm = repaired("spam_gemm", folders[1].path());

    let tree = Tree {
        folder: scratch::folder(),
    };
    fs::create_dir(tree.site()).unwrap();
    done(&install_on_bare(&[&dot, &gemm], &tree.site()));
    let before = tree.state();
    let carried = copies(&tree);
    let mut paths: Vec<&String> = carried.keys().collect();
    paths.sort();
    let [of_dot, of_gemm] = paths[..] else {
        panic!("each wheel should carry one copy: {paths:?}");
    };
    let name = of_dot.strip_prefix("spam_dot.libs/").unwrap();
    assert_eq!(of_gemm, &format!("spam_gemm.libs/{name}"));
    assert!(carried[of_dot] == carried[of_gemm], "their bytes differ");

    // Without the system's OpenBLAS, each with its own.
    let hidden = names(LIBRARY);
    done(&run_on_bare(&tree.site(), &hidden, COMPUTE));

    let said = wheelfix(&tree, "dedupe --level identical --verify-import python3");
    assert!(said.contains("Made 2 files links to 1 library"), "{said}");
    let kept = format!("wheelfix.libs/{name}");
    assert_eq!(
        copies(&tree),
        BTreeMap::from([(kept.clone(), carried[of_dot].clone())])
    );
    let after = tree.state();
    for path in [of_dot, of_gemm] {
        assert_eq!(after[path], format!("link ../{kept}"));
    }
    tree.check_records();
    let said = done(&run_on_bare(&tree.site(), &hidden, COMPUTE));
    assert_eq!(said, format!("{{'/mnt/site/{kept}'}}\n"));

    wheelfix(&tree, "dedupe --undo");
    assert_eq!(tree.state(), before);
    tree.check_records();
    done(&run_on_bare(&tree.site(), &hidden, COMPUTE));

    // What hides the system's copy does hide it: unrepaired they do not load.
    let bare = scratch::folder();
    done(&install_on_bare(
        &[&sample("spam_dot"), &sample("spam_gemm")],
        bare.path(),
    ));
    let output = run_on_bare(bare.path(), &hidden, COMPUTE);
    let said = text(&output);
    assert!(!output.status.success() && said.contains(LIBRARY), "{said}");
}
