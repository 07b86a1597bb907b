//! Every text that comes from outside, in every report: each one holds all that could steer a terminal,
//! a log or an eye.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use super::names::{assert_tame, is_report};
use crate::support::elf_builder::Elf;
use crate::support::installed_tree::{LIBRARY, Tree, WHEELFIX};
use crate::support::scratch;
use crate::support::wheel_builder::WheelBuilder;

/// What an archive lets through: no control characters.
const QUIET: &str =
    "x\u{115f}\u{3164}\u{fe0f}\u{e0101}\u{34f}\u{2800}\u{202e}\u{2066}\u{200b}##[error]y";
/// All of it; `fooled` may begin no line.
const LOUD: &str = "x\u{1b}]0;t\u{7}\nfooled\n::error::fooled\r\n::stop-commands::t\n##vso[task]\u{9b}31m\u{115f}\u{3164}\u{fe0f}\u{e0101}\u{34f}\u{2800}\u{202e}\u{2066}y";

/// Runs the program, by another name if need be.
fn run(program: &Path, folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(words);
    let output = command.env_remove("LD_LIBRARY_PATH").output().unwrap();
    let code = output.status.code();
    assert!(code.is_some_and(|code| code < 5), "{words:?}: {output:?}");
    output
}

/// Runs a command line and looks at both streams; `more` stands behind it. What it said.
fn tame(folder: &Path, command: &str, more: &[&str]) -> String {
    tame_by(Path::new(WHEELFIX), folder, command, more)
}

fn tame_by(program: &Path, folder: &Path, command: &str, more: &[&str]) -> String {
    let mut words: Vec<&str> = command.split(' ').collect();
    words.extend(more);
    let output = run(program, folder, &words);
    assert_tame(&words, &output, words.contains(&"github"));
    if is_report(&words) && !output.stdout.is_empty() {
        let value: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        value.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    String::from_utf8(output.stdout).unwrap() + std::str::from_utf8(&output.stderr).unwrap()
}

/// A library with a loud text in every field.
fn loud_elf() -> Elf {
    Elf {
        soname: Some(format!("lib{LOUD}.so")),
        needed: vec![format!("lib{LOUD}.so.1"), "libc.so.6".to_owned()],
        rpath: Some(format!("/opt/{LOUD}:$ORIGIN/{LOUD}:{LOUD}")),
        wants: vec![LOUD.replace('@', ""), format!("weak {LOUD}")],
        defines: vec![LOUD.to_owned(), "PyInit__core".to_owned()],
        thread_symbols: vec![format!("t{LOUD}")],
        thread_data: 8,
        // The builder splits at blanks.
        versions: vec![format!("libc.so.6 GLIBC_{LOUD} {LOUD}")],
        ..Elf::default()
    }
}

/// The same as a program.
fn loud_program() -> Elf {
    Elf {
        kind: "executable".to_owned(),
        interpreter: Some(format!("/lib/{LOUD}")),
        ..loud_elf()
    }
}

/// Texts of a `.dist-info`: what is odd about each is said.
const METADATA: &str = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: ";

fn loud_wheels() -> Vec<(&'static str, Vec<u8>)> {
    let name = "demo-1.0-cp313-cp313-linux_x86_64.whl";
    let plain = || WheelBuilder::new("demo", "1.0").tag("cp313-cp313-linux_x86_64");
    let core = loud_elf().build();
    let path = format!("{QUIET}/_core.so");
    vec![
        (
            name,
            plain()
                .metadata(&format!("{METADATA}{LOUD}\n\n{LOUD}\n"))
                .file(&path, core.clone())
                .file(
                    &format!("demo-1.0.data/scripts/{QUIET}"),
                    loud_program().build(),
                )
                .file(
                    &format!("{QUIET}.py"),
                    format!("import {QUIET}\n'{LOUD}'\n"),
                )
                .file(&format!("{QUIET}.abi3.so"), *b"no library")
                .build(),
        ),
        (
            name,
            plain()
                .file("_core.so", core.clone())
                .wheel(&format!(
                    "Wheel-Version: 1.0\nGenerator: {QUIET}\nRoot-Is-Purelib: {QUIET}\nTag: {QUIET}\n"
                ))
                .build(),
        ),
        (
            name,
            plain()
                .file("_core.so", core.clone())
                .metadata(&format!(
                    "Metadata-Version: 2.1\nName: {QUIET}\nVersion: {QUIET}\n"
                ))
                .build(),
        ),
        (
            name,
            plain()
                .file("_core.so", core.clone())
                .record(&format!(
                    "\"{LOUD}\",{QUIET},{QUIET}\n_core.so,{QUIET}=x,\n"
                ))
                .build(),
        ),
        (name, plain().file(LOUD, core).build()),
    ]
}

const OF_WHEELS: [&str; 34] = [
    "show",
    "show -v --libc musl",
    "show -v --libc glibc",
    "show --json --libc musl",
    "check --strict",
    "check -v",
    "check --json --strict",
    "check --output-format github",
    "check --output-format gitlab",
    "check --output-format sarif",
    "repair -n -v --libc musl",
    "repair -n -v --libc glibc --exclude *",
    "repair -n --json --libc glibc --exclude *",
    "repair --libc glibc --exclude * --plat linux -v -w out",
    "repair --libc musl --json -w out",
    "repair --libc musl --sysroot root -v -w out2",
    "repair --libc musl --sysroot root -n --json",
    "port --dry-run -v",
    "port --dry-run --json",
    "port --dry-run --explain",
    "slim -n -v --tests --sources --stubs",
    "slim --json -n",
    "slim -v -w slim",
    "size",
    "size -v",
    "size --json",
    "dedupe",
    "lddtree --libc musl -v",
    "lddtree --libc glibc --json",
    "lddtree --libc musl --format dot",
    "lddtree --libc musl --format mermaid",
    "lddtree --libc musl --sysroot root -v",
    "patchelf --set-soname a",
    "build --no-index --sysroot root -w house",
];

/// A root whose libraries, package database and configuration hold loud texts.
fn lay_out_root(folder: &Path) {
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.join("root").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let library = Elf {
        soname: Some(format!("lib{LOUD}.so.1")),
        needed: vec![format!("libother{LOUD}.so")],
        ..Elf::default()
    };
    put("usr/bin/python3.13", b"");
    put("lib/ld-musl-x86_64.so.1", &Elf::default().build());
    put(
        "etc/ld-musl-x86_64.path",
        format!("/lib\n/usr/{LOUD}\n").as_bytes(),
    );
    put(
        "etc/os-release",
        format!("ID={LOUD}\nVERSION_ID={LOUD}\n").as_bytes(),
    );
    put(
        "lib/apk/db/installed",
        format!(
            "P:{QUIET}\nV:{QUIET}\nA:{QUIET}\nL:{QUIET}\no:{QUIET}\nF:lib\nR:lib{QUIET}.so.1\n\n"
        )
        .as_bytes(),
    );
    // The needed name has no slash but those of its codes.
    let file = format!("lib{LOUD}.so.1").replace('/', "_");
    put(&format!("lib/{file}"), &library.build());
    put(&format!("lib/lib{QUIET}.so.1"), &library.build());
}

#[test]
fn every_text_of_a_wheel_is_shown_by_code_in_every_report() {
    for (number, (name, bytes)) in loud_wheels().into_iter().enumerate() {
        let folder = scratch::folder();
        let folder = folder.path();
        lay_out_root(folder);
        fs::write(folder.join(name), bytes).unwrap();
        let mut said = String::new();
        for command in OF_WHEELS {
            said.push_str(&tame(folder, command, &[name]));
        }
        // What is looked for is there at all.
        let shown = ["\\u{115f}", "\\u115f"];
        let is_shown = shown.iter().any(|code| said.contains(code));
        assert!(is_shown, "wheel {number}: {said}");
        let auditwheel = folder.join("auditwheel");
        symlink(WHEELFIX, &auditwheel).unwrap();
        for command in [
            "show",
            "-v show",
            "show --json",
            "repair -w other",
            "repair --plat linux_x86_64 -w other",
            "lddtree",
        ] {
            tame_by(&auditwheel, folder, command, &[name]);
        }
    }
}

#[test]
fn every_text_of_a_file_is_shown_by_code_in_every_report() {
    let folder = scratch::folder();
    let folder = folder.path();
    lay_out_root(folder);
    let (auditwheel, patchelf) = (folder.join("auditwheel"), folder.join("patchelf"));
    symlink(WHEELFIX, &auditwheel).unwrap();
    symlink(WHEELFIX, &patchelf).unwrap();
    for (elf, libc) in [(loud_elf(), "musl"), (loud_program(), "glibc")] {
        let file = format!("./{LOUD}.so").replace("t\n", "");
        fs::write(folder.join(&file), elf.build()).unwrap();
        let libc = format!("--libc {libc}");
        for command in [
            "show",
            "show -v",
            "show --json",
            "lddtree",
            "lddtree -v",
            "lddtree --json",
            "lddtree --format dot",
            "lddtree --format mermaid",
            "lddtree --sysroot root -v",
            "check",
            "repair",
            "slim",
            "size",
            "port",
            "dedupe",
        ] {
            let with_libc = ["show", "lddtree"]
                .iter()
                .any(|word| command.starts_with(word));
            match with_libc {
                true => tame(folder, &format!("{command} {libc}"), &[&file]),
                false => tame(folder, command, &[&file]),
            };
        }
        tame(folder, "lddtree --libc musl --invert", &[LOUD, &file]);
        for command in ["lddtree", "lddtree --json"] {
            tame_by(&auditwheel, folder, command, &[&file]);
        }
        for option in [
            "--replace-needed a",
            "--set-interpreter",
            "--set-rpath",
            "--add-needed",
            "--rename-dynamic-symbols",
            "--clear-symbol-version",
            "--set-os-abi",
            "--shrink-rpath --allowed-rpath-prefixes",
            "--verify",
        ] {
            tame(folder, &format!("patchelf {option}"), &[LOUD, &file]);
            tame_by(&patchelf, folder, option, &[LOUD, &file]);
        }
    }
}

#[test]
fn every_text_of_a_tree_is_shown_by_code_in_every_report() {
    let tree = Tree::new();
    let site = tree.site();
    let put = |path: &str, bytes: &[u8]| {
        let path = site.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let name = LOUD.replace('/', "_");
    let info = format!("{name}-1.0.dist-info");
    put(
        &format!("{info}/RECORD"),
        format!("\"{name}/a.so\",{name},1\n\"{name}/gone\",sha256=x,9\n").as_bytes(),
    );
    put(&format!("{info}/WHEEL"), format!("Wheel-Version: 1.0\nRoot-Is-Purelib: {LOUD}\nTag: {LOUD}\nTag: cp313-cp313-linux_x86_64\n").as_bytes());
    put(
        &format!("{info}/METADATA"),
        format!("Name: {LOUD}\nVersion: {LOUD}\n").as_bytes(),
    );
    put(
        &format!("{info}/entry_points.txt"),
        format!("[console_scripts]\n{LOUD} = {LOUD}:main\n").as_bytes(),
    );
    put(&format!("{info}/INSTALLER"), LOUD.as_bytes());
    put(&format!("{name}/a.so"), &loud_elf().build());
    put(&format!("{name}/tests/t.py"), LOUD.as_bytes());
    put(
        &format!("{name}/b.c"),
        format!("#include \"{LOUD}\"\n").as_bytes(),
    );
    put(
        &format!("{name}.pth"),
        format!("import {LOUD}\n").as_bytes(),
    );
    put(
        &format!("{name}/{LIBRARY}"),
        &fs::read(site.join(format!("one.libs/{LIBRARY}"))).unwrap(),
    );
    symlink(format!("/{name}"), site.join(format!("{name}/link"))).unwrap();
    let loud = tree.folder.path().join(&name);
    fs::rename(&site, &loud).unwrap();
    let commands = [
        "dedupe -n -v",
        "dedupe -n --json",
        "slim -n -v --tests --sources --stubs --no-pyc",
        "slim -n --json",
        "size",
        "size -v",
        "size --json",
        "show",
        "show -v",
        "show --json",
        "check --strict",
        "check --json",
        "check --output-format github",
        "check --output-format gitlab",
        "check --output-format sarif",
        "dedupe -v --verify-import /nowhere",
        "dedupe -v",
        "dedupe -v",
        "slim -v --tests --sources",
        "dedupe --undo -v",
        "repair",
        "port",
        "lddtree",
        "build -w",
    ];
    for command in commands {
        tame(tree.folder.path(), command, &[&name]);
    }
    // A store whose every text is loud.
    let word = serde_json::to_string(&name).unwrap();
    for text in [
        format!("{{\"schema\":{word}}}"),
        format!("{{{word}:{word}}}"),
        format!(
            "{{\"links\":{{{word}:{{\"target\":{word},\"sha256\":{word},\"delta\":{word},\"record\":[{word},{word},{word}]}}}}}}"
        ),
        LOUD.to_owned(),
    ] {
        for folder in [
            "wheelfix.libs",
            "wheelfix_libs-1.dist-info",
            "wheelfix.dist-info",
        ] {
            fs::create_dir_all(loud.join(folder)).unwrap();
            fs::write(loud.join(folder).join("manifest.json"), &text).unwrap();
            fs::write(loud.join(folder).join("INSTALLER"), &name).unwrap();
            fs::write(loud.join(folder).join(&name), &text).unwrap();
        }
        for command in [
            "dedupe",
            "dedupe -v --undo",
            "slim -v",
            "size -v",
            "check",
            "dedupe --json",
        ] {
            tame(tree.folder.path(), command, &[&name]);
        }
    }
}

#[test]
fn every_text_of_a_build_is_shown_by_code() {
    let folder = scratch::folder();
    let folder = folder.path();
    lay_out_root(folder);
    // A pip that says nothing but loud texts, on both streams.
    fs::write(folder.join("loud"), LOUD).unwrap();
    let word = serde_json::to_string(LOUD).unwrap();
    for (number, facts) in [
        LOUD.to_owned(),
        format!("{{\"version\":{word},\"implementation\":{word},\"soabi\":{word},\"machine\":{word}}}"),
        format!("{{\"version\":\"3.13\",\"implementation\":\"cpython\",\"soabi\":\"cpython-313-x86_64-linux-musl\",\"machine\":{word}}}"),
        "{\"version\":\"3.13\",\"implementation\":\"cpython\",\"soabi\":\"cpython-313-x86_64-linux-musl\",\"machine\":\"x86_64\",\"pip\":\"26.0\"}".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(folder.join("facts"), &facts).unwrap();
        let python = folder.join(format!("python{number}"));
        fs::write(&python, "#!/bin/sh\nif [ -e asked ]; then cat loud loud; cat loud >&2; exit 3; fi\ncat loud >&2\ncat facts\n").unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let python = format!("./python{number}");
        for command in ["build -w house --python", "build --json -w house --python", "build --sysroot root -w house --python"] {
            let _ = fs::remove_file(folder.join("asked"));
            tame(folder, command, &[&python, LOUD]);
            fs::write(folder.join("asked"), "").unwrap();
            tame(folder, command, &[&python, LOUD]);
        }
    }
    let digest = "0".repeat(64);
    let quiet = serde_json::to_string(QUIET).unwrap();
    for package in [
        format!("name = {word}"),
        format!("name = \"a\"\nversion = {word}"),
        format!("name = \"a\"\nmarker = {word}"),
        format!(
            "name = \"a\"\nwheels = [{{ name = {word}, hashes = {{ sha256 = \"{digest}\" }} }}]"
        ),
        format!(
            "name = \"a\"\nwheels = [{{ path = {word}, hashes = {{ sha256 = \"{digest}\" }} }}]"
        ),
        format!(
            "name = \"a\"\nwheels = [{{ name = \"a-1.0-py3-none-any.whl\", url = {word}, hashes = {{ sha256 = \"{digest}\" }} }}]"
        ),
        format!(
            "name = \"a\"\nwheels = [{{ name = \"a-1.0-py3-none-any.whl\", path = {quiet}, hashes = {{ sha256 = \"{digest}\", {quiet} = {word} }} }}]"
        ),
        format!("name = \"a\"\nversion = \"1.0\"\n{quiet} = {word}"),
        LOUD.to_owned(),
    ] {
        let text =
            format!("lock-version = \"1.0\"\ncreated-by = {word}\n[[packages]]\n{package}\n");
        fs::write(folder.join("pylock.toml"), text).unwrap();
        for command in [
            "build --sysroot root --cache-dir cache -w house -r pylock.toml",
            "build --json --sysroot root --cache-dir cache -w house -r pylock.toml",
        ] {
            tame(folder, command, &[]);
        }
    }
    // What earlier runs are said to have made.
    let made = folder.join("house/.wheelfix/made");
    fs::create_dir_all(&made).unwrap();
    let record = format!(
        "{{\"name\":\"a\",\"version\":{word},\"how\":\"taken\",\"why\":\"asked\",\"passed\":[{word}],\"source\":{word},\"source_size\":1,\"wheel\":{word},\"size\":1,\"sha256\":{word},\"floor\":{word},\"seconds\":0.0,\"inputs\":{word}}}"
    );
    fs::write(made.join("a.json"), record).unwrap();
    tame(
        folder,
        "build --sysroot root --cache-dir cache -w house -r",
        &["pylock.toml"],
    );
    tame(folder, "build --sysroot root -w", &[LOUD, "-r", LOUD]);
}
