//! What is left of a tree that was made smaller once a package is uninstalled: all others load
//! as before. The libraries are a compiler's, and a real loader loads them.

use std::fs;
use std::path::Path;

use crate::support::installed_tree::Tree;
use crate::support::scratch;
use crate::support::tools::{has, tool};
use wheelfix::elf::{self, Edits, RunPath, RunPathEdit, RunPathKind, Soname};

const INNER: &str = "int inner(void) { return 42; }\n";
const OUTER: &str = "int inner(void); int outer(void) { return inner(); }\n";
const LOAD: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **words) {
    void *library = dlopen(words[1], RTLD_NOW);
    int (*outer)(void) = library ? (int (*)(void))dlsym(library, "outer") : 0;
    if (outer && outer() == 42) return 0;
    fprintf(stderr, "%s\n", library ? "another outer" : dlerror());
    return 1;
}
"#;

/// Two libraries, and a program `load` that calls the one that needs the other; `None` where there
/// is no compiler.
fn compiled(folder: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    if !has("gcc") {
        return None;
    }
    let gcc = |words: &[&str]| {
        let output = tool("gcc").args(words).current_dir(folder).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
    };
    for (name, text) in [("inner.c", INNER), ("outer.c", OUTER), ("load.c", LOAD)] {
        fs::write(folder.join(name), text).unwrap();
    }
    let library = ["-shared", "-fPIC", "-O1"];
    let inner = [
        "-o",
        "libinner.so.1",
        "inner.c",
        "-Wl,-soname,libinner.so.1",
    ];
    gcc(&[&library[..], &inner].concat());
    let outer = ["-o", "libouter.so.1", "outer.c", "libinner.so.1"];
    gcc(&[&library[..], &outer, &["-Wl,-soname,libouter.so.1"]].concat());
    gcc(&["-o", "load", "load.c", "-ldl"]);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    Some((read("libinner.so.1"), read("libouter.so.1")))
}

/// As a repair names it, with a run path.
fn repaired(bytes: &[u8], stem: &str, hash: &str, run_path: &str) -> Vec<u8> {
    let named = |stem: &str| Soname::from(format!("{stem}-{hash}.so.1"));
    let edits = Edits {
        soname: Some(named(stem)),
        rename_needed: match stem {
            "libouter" => [("libinner.so.1".into(), named("libinner"))].into(),
            _ => [].into(),
        },
        run_path: Some(RunPathEdit::Set(RunPath {
            kind: RunPathKind::Rpath,
            value: run_path.to_owned(),
        })),
        ..Edits::default()
    };
    elf::edit(bytes, &edits).unwrap().bytes.into()
}

/// The library of `two` leads to its own package by that package's name, so that a link to it
/// leads there as well. Both packages, and both orders of removal.
#[test]
fn what_one_package_loads_does_not_go_with_another() {
    for gone in ["one", "two"] {
        let tree = Tree {
            folder: scratch::folder(),
        };
        let Some((inner, outer)) = compiled(tree.folder.path()) else {
            return;
        };
        let mut outers = Vec::new();
        for (name, hash, run_path) in [
            ("one", "1111abcd", "$ORIGIN"),
            ("two", "2222abcd", "$ORIGIN/../two.libs"),
        ] {
            let path = |stem: &str| format!("{name}.libs/{stem}-{hash}.so.1");
            let inner = repaired(&inner, "libinner", hash, "$ORIGIN");
            let outer = repaired(&outer, "libouter", hash, run_path);
            tree.install(
                name,
                &[(&path("libinner"), inner), (&path("libouter"), outer)],
            );
            outers.push((name, path("libouter")));
        }
        let check = |when: &str| {
            for (name, path) in &outers {
                if *name == gone && when == "uninstalled" {
                    continue;
                }
                let output = tree.command(&["./load", &format!("site/{path}")]).output();
                let output = output.unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{when}, without {gone}: {said}");
            }
        };
        check("installed");
        let said = tree.done(&["dedupe", "-v", "site"]);
        // The proof is not an empty one: what needs nothing of its package is one file now.
        assert!(said.contains("libinner.so.1   saves"), "{said}");
        check("deduped");
        tree.uninstall(gone);
        check("uninstalled");
    }
}
