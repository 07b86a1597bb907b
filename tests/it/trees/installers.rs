//! What pip does to a deduped tree: it knows nothing of the store, which outlives it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::installed_tree::{Tree, library};
use crate::support::scratch;
use crate::support::tools::{has, is_strict};
use wheelfix::wheel::RecordHash;

const LEAF: &str = "libspam_leaf-0123abcd.so.1";

/// A wheel of one package with the library of all of them.
fn wheel(folder: &Path, name: &str) -> PathBuf {
    let info = format!("{name}-1.0.dist-info");
    let files = [
        (format!("{name}/__init__.py"), b"x = 1\n".to_vec()),
        (format!("{name}.libs/{LEAF}"), library(LEAF, "$ORIGIN")),
        (
            format!("{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n").into_bytes(),
        ),
        (
            format!("{info}/WHEEL"),
            b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                .to_vec(),
        ),
    ];
    let mut record = String::new();
    let path = folder.join(format!("{name}-1.0-py3-none-any.whl"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let mut add = |path: &str, bytes: &[u8]| {
        zip.start_file(path, options).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    };
    for (path, bytes) in &files {
        add(path, bytes);
        record += &format!("{path},{},{}\n", RecordHash::sha256(bytes), bytes.len());
    }
    add(
        &format!("{info}/RECORD"),
        format!("{record}{info}/RECORD,,\n").as_bytes(),
    );
    zip.finish().unwrap();
    path
}

/// A virtual environment, and pip for it; `None` where there is no pip.
struct Environment {
    tree: Tree,
}

impl Environment {
    fn new() -> Option<Self> {
        let tree = Tree {
            folder: scratch::folder(),
        };
        let has_pip = has("python3") && {
            let asked = tree
                .command(&[
                    "python3",
                    "-m",
                    "pip",
                    "--python",
                    "/usr/bin/python3",
                    "--version",
                ])
                .output();
            asked.unwrap().status.success()
        };
        assert!(
            has_pip || !is_strict(),
            "pip is missing: scripts/setup --tests brings it"
        );
        if !has_pip {
            return None;
        }
        let environment = Self { tree };
        environment
            .sh("python3 -m venv --without-pip v && ln -s v/lib/python3*/site-packages site");
        for name in ["one", "two", "six"] {
            let path = wheel(environment.tree.folder.path(), name);
            environment.pip(&format!("install --no-deps {}", path.display()));
        }
        Some(environment)
    }

    fn sh(&self, program: &str) -> String {
        let output = self.tree.command(&["sh", "-ec", program]).output().unwrap();
        let said = crate::support::command::text(&output);
        assert!(output.status.success(), "{program}: {said}");
        said
    }

    fn pip(&self, words: &str) -> String {
        self.sh(&format!(
            "python3 -m pip --python v/bin/python --disable-pip-version-check --no-cache-dir {words}"
        ))
    }
}

#[test]
fn pip_neither_lists_the_store_nor_takes_it_away() {
    let Some(environment) = Environment::new() else {
        return;
    };
    let tree = &environment.tree;
    let before = environment.pip("freeze");
    assert!(before.contains("one"), "{before}");
    tree.done(&["dedupe", "site"]);
    assert_eq!(tree.links().len(), 3);
    assert_eq!(environment.pip("freeze"), before);
    assert!(!environment.pip("list").contains("wheelfix"));
    environment.pip("check");
    // What takes away all that no requirement names finds nothing but packages.
    let listed = environment.pip("list --format freeze");
    assert_eq!(
        listed.lines().filter(|line| line.contains("==")).count(),
        3,
        "{listed}"
    );
    environment.pip("uninstall -y two");
    tree.check_records();
    assert!(tree.site().join("one.libs").join(LEAF).exists());
    assert!(!tree.site().join("two.libs").exists());
    let two = tree.folder.path().join("two-1.0-py3-none-any.whl");
    environment.pip(&format!("install --no-deps {}", two.display()));
    assert_eq!(tree.links().len(), 2);
    tree.done(&["dedupe", "site"]);
    assert_eq!(tree.links().len(), 3);
    environment.pip(&format!(
        "install --no-deps --force-reinstall {}",
        two.display()
    ));
    tree.done(&["dedupe", "site"]);
    assert_eq!(tree.links().len(), 3);
    tree.check_records();
    environment.pip("uninstall -y one two six");
    let other = wheel(tree.folder.path(), "last");
    environment.pip(&format!("install --no-deps {}", other.display()));
    let said = tree.done(&["dedupe", "site"]);
    // The copy that was left is the one that the new package's becomes a link to.
    assert!(said.contains("linked  last.libs/"), "{said}");
    assert_eq!(tree.links().len(), 1);
}

/// A forged manifest comes with a wheel.
#[test]
fn a_manifest_that_a_wheel_brings_is_not_acted_on() {
    let Some(environment) = Environment::new() else {
        return;
    };
    let tree = &environment.tree;
    environment.sh(
        "mkdir -p w/wheelfix.libs w/evil-1.0.dist-info && cd w && \
         echo '{\"schema\":{\"name\":\"wheelfix.store\",\"version\":1},\"links\":{}}' >wheelfix.libs/.wheelfix.json && \
         printf 'Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n' >evil-1.0.dist-info/METADATA && \
         printf 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n' >evil-1.0.dist-info/WHEEL && \
         printf 'wheelfix.libs/.wheelfix.json,,\\nevil-1.0.dist-info/METADATA,,\\nevil-1.0.dist-info/WHEEL,,\\nevil-1.0.dist-info/RECORD,,\\n' >evil-1.0.dist-info/RECORD && \
         python3 -m zipfile -c ../evil-1.0-py3-none-any.whl wheelfix.libs evil-1.0.dist-info",
    );
    environment.pip("install --no-deps ./evil-1.0-py3-none-any.whl");
    for words in [&["dedupe", "site"][..], &["dedupe", "--undo", "site"]] {
        let output = tree.run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("evil-1.0 brought it"), "{said}");
    }
}
