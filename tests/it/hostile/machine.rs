//! A machine that refuses: files that it does not let be read, threads, memory, folders to write to. What
//! it failed to say is not "not there".

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use crate::support::command::text;
use crate::support::elf_builder::Elf;
use crate::support::fault::{Fixture, OUTPUT, WHEELFIX, names};
use crate::support::installed_tree::Tree;
use crate::support::tools::tool;

/// Runs words with a system call on paths that begin so failing; `None` where nothing can be traced.
fn failing(folder: &Path, calls: &str, error: &str, path: &Path, words: &[&str]) -> Option<Output> {
    let mut command = tool("strace");
    command.args(["-f", "-o", "/dev/null", "-P", path.to_str().unwrap()]);
    command.args(["-e", &format!("inject={calls}:error={error}"), WHEELFIX]);
    command
        .args(words)
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "1");
    command.env_remove("LD_LIBRARY_PATH");
    let output = command.output().unwrap();
    if text(&output).contains("PTRACE") {
        println!("skipped: strace cannot trace here: {}", text(&output));
        return None;
    }
    assert!(!text(&output).contains("panicked"), "{}", text(&output));
    Some(output)
}

/// A root in which the library lies twice: whichever is found first is grafted.
fn two_libraries(fixture: &Fixture) {
    let first = fixture.path().join("sysroot/lib");
    fs::create_dir_all(&first).unwrap();
    fs::write(
        first.join("libfoo.so.2"),
        Elf::library("libfoo.so.2", &[]).build(),
    )
    .unwrap();
}

#[test]
fn a_first_candidate_that_cannot_be_read_lets_no_other_be_grafted() {
    let fixture = Fixture::new(100);
    two_libraries(&fixture);
    let library = fixture.path().join("sysroot/lib/libfoo.so.2");
    let folder = fixture.path().join("sysroot/lib");
    for (calls, error, path) in [
        ("openat", "EACCES", &library),
        ("openat", "EIO", &library),
        ("openat", "EMFILE", &library),
        ("read", "EIO", &library),
        ("lstat,newfstatat,statx", "EIO", &library),
        ("lstat,newfstatat,statx", "EACCES", &folder),
    ] {
        let words = [
            "repair",
            "--sysroot",
            "sysroot",
            "-w",
            "out",
            crate::support::fault::INPUT,
        ];
        let Some(output) = failing(fixture.path(), calls, error, path, &words) else {
            return;
        };
        let text = text(&output);
        assert_eq!(output.status.code(), Some(4), "{calls} {error}: {text}");
        assert!(text.contains("sysroot"), "{calls} {error}: {text}");
        assert!(names(&fixture.out("out")).is_empty());
    }
}

#[test]
fn configuration_and_databases_that_cannot_be_read_are_the_machine_s_failure() {
    let fixture = Fixture::new(100);
    let root = fixture.path().join("sysroot");
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/ld-musl-x86_64.path"), "/usr/lib\n").unwrap();
    fs::create_dir_all(root.join("usr/lib/apk/db")).unwrap();
    fs::write(root.join("usr/lib/apk/db/installed"), "").unwrap();
    for (error, path) in [
        ("EIO", "etc/ld-musl-x86_64.path"),
        ("EACCES", "etc/ld-musl-x86_64.path"),
        ("EMFILE", "usr/lib/apk/db/installed"),
        ("EIO", "usr/lib/apk/db/installed"),
    ] {
        let words = [
            "repair",
            "--sysroot",
            "sysroot",
            "-w",
            "out",
            crate::support::fault::INPUT,
        ];
        let at = root.join(path);
        let Some(output) = failing(fixture.path(), "openat", error, &at, &words) else {
            return;
        };
        assert_eq!(
            output.status.code(),
            Some(4),
            "{path} {error}: {}",
            text(&output)
        );
        assert!(text(&output).contains(path), "{}", text(&output));
        assert!(names(&fixture.out("out")).is_empty());
    }
}

#[test]
fn a_tree_that_cannot_be_read_is_the_machine_s_failure() {
    let tree = Tree::new();
    tree.install("plain", &[("plain/a.py", b"a = 1\n".to_vec())]);
    let site = tree.site();
    let words = site.to_str().unwrap();
    for (calls, error, path) in [
        ("openat", "EIO", "plain/a.py"),
        ("openat", "EACCES", "plain-1.0.dist-info/RECORD"),
        ("openat", "EMFILE", "plain-1.0.dist-info/WHEEL"),
        ("read", "EIO", "plain/a.py"),
        ("openat,openat2", "EIO", "plain"),
        ("getdents64", "EIO", "plain"),
        ("getdents64", "EIO", ""),
    ] {
        // A tree is walked on handles: what is opened is a name in a folder.
        let at = match calls.starts_with("openat") {
            true => path.rsplit('/').next().unwrap().into(),
            false => site.join(path),
        };
        let folder = site.parent().unwrap();
        let Some(output) = failing(folder, calls, error, &at, &["check", words]) else {
            return;
        };
        let text = text(&output);
        assert_eq!(
            output.status.code(),
            Some(4),
            "{calls} {path} {error}: {text}"
        );
        let nothing = text.contains("nothing found");
        assert!(!nothing, "{calls} {path} {error}: {text}");
    }
}

fn run(fixture: &Fixture, before: &str, out: &str) -> Output {
    let mut command = tool("sh");
    let script = format!("{before} exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).args(fixture.words(out));
    command.current_dir(fixture.path()).output().unwrap()
}

#[test]
fn threads_that_are_refused_or_far_too_many_change_nothing() {
    let fixture = Fixture::new(100_000);
    for (number, before) in [
        "export RAYON_NUM_THREADS=20000;",
        "export RAYON_NUM_THREADS=0;",
        "export RAYON_NUM_THREADS=many;",
        "export RAYON_NUM_THREADS=1;",
        "export RAYON_NUM_THREADS=200;",
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("out-{number}");
        let output = run(&fixture, before, &out);
        assert_eq!(output.status.code(), Some(0), "{before} {}", text(&output));
        fixture.check(&out, output.status, &text(&output));
    }
    let written =
        |number: usize| fs::read(fixture.out(&format!("out-{number}")).join(OUTPUT)).unwrap();
    assert!((1..5).all(|number| written(number) == written(0)));
    // Threads that the kernel refuses.
    let words = fixture.words("refused");
    let mut strace = tool("strace");
    strace.args([
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "inject=clone,clone3:error=EAGAIN",
    ]);
    let output = strace
        .args(words)
        .current_dir(fixture.path())
        .output()
        .unwrap();
    if !text(&output).contains("PTRACE") {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        fixture.check("refused", output.status, &text(&output));
    }
}

#[test]
fn memory_that_is_refused_is_the_machine_s_failure() {
    let fixture = Fixture::new(20 << 20);
    let mut failed = 0;
    for kibibytes in [20_000, 40_000, 60_000, 100_000, 150_000, 4_000_000] {
        let out = format!("out-{kibibytes}");
        let before = format!("export RAYON_NUM_THREADS=1; ulimit -v {kibibytes};");
        let output = run(&fixture, &before, &out);
        let text = text(&output);
        fixture.check(&out, output.status, &text);
        if !output.status.success() {
            failed += 1;
            // Where not even the program itself can be loaded the kernel ends it, or its loader says so.
            let loaded = !text.is_empty() && !text.contains("error while loading shared libraries");
            assert!(
                !loaded || output.status.code() == Some(4),
                "{kibibytes}: {text}"
            );
            assert!(text.contains("memory") || !loaded, "{kibibytes}: {text}");
        }
    }
    assert!(failed > 0);
}

#[test]
fn a_target_that_cannot_be_written_is_told_before_a_wheel_is_read() {
    let fixture = Fixture::new(100);
    fs::write(fixture.path().join("file"), "").unwrap();
    for (out, wheel) in [
        ("file", "nothing.whl"),
        ("file/below", "nothing.whl"),
        ("file/below/more", "nothing.whl"),
    ] {
        for words in [
            &["repair", "-w", out, wheel][..],
            &["port", "-w", out, wheel],
            &["slim", "-w", out, wheel],
            &["repair", "--strip", "--debug-dir", out, "-w", "good", wheel],
        ] {
            let mut run = Command::new(WHEELFIX);
            run.args(words).current_dir(fixture.path());
            let output = run.output().unwrap();
            assert_eq!(output.status.code(), Some(4), "{}", text(&output));
            assert!(
                text(&output).contains("write to the folder"),
                "{words:?}: {}",
                text(&output)
            );
        }
        let below = format!("{out}/page.html");
        let mut run = Command::new(WHEELFIX);
        run.args(["size", "--html", &below, wheel]);
        let output = run.current_dir(fixture.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        assert!(text(&output).contains("cannot write"), "{}", text(&output));
        let mut run = Command::new(WHEELFIX);
        run.args(["build", "-w", out, "demo"]);
        let output = run.current_dir(fixture.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    }
}

#[test]
fn what_a_dead_process_left_is_removed_and_what_another_writes_is_not() {
    let fixture = Fixture::new(100);
    let out = fixture.out("out");
    fs::create_dir(&out).unwrap();
    let left = |name: &str, age: u64| {
        let path = out.join(name);
        let file = File::create(&path).unwrap();
        let then = SystemTime::now() - Duration::from_secs(age);
        file.set_modified(then).unwrap();
        path
    };
    let dead = left(&format!(".{OUTPUT}.tmp-4194303"), 7200);
    let kept = [
        left(&format!(".{OUTPUT}.tmp-4194302"), 1),
        left(&format!(".{OUTPUT}.tmp-{}", std::process::id()), 7200),
        left(&format!(".{OUTPUT}.tmp-x"), 7200),
        left(".other.whl.tmp-4194303", 7200),
        left(&format!("{OUTPUT}.tmp-4194303"), 7200),
    ];
    let output = fixture.command(&[], "out").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(!dead.exists());
    assert!(kept.iter().all(|path| path.exists()));
}
