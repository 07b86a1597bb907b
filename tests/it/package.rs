//! The package: the manual, what shells complete, and what `pip install wheelfix` brings.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::command::{script, text};
use crate::support::scratch;
use crate::support::stage::{inside, stage};
use crate::support::tools;

const COMMANDS: [&str; 13] = [
    "repair",
    "build",
    "port",
    "show",
    "check",
    "rule",
    "lddtree",
    "dedupe",
    "slim",
    "size",
    "patchelf",
    "man",
    "completions",
];

fn wheelfix(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let pages = COMMANDS.map(|command| (command, wheelfix(&["man", command])));
    assert!(wheelfix(&["man"]).contains("wheelfix"));
    for (command, page) in pages {
        assert!(
            page.contains(&format!(".TH wheelfix-{command} 1")),
            "{page}"
        );
        assert!(
            page.contains("Exit codes") || page.contains("exit"),
            "{page}"
        );
    }
}

#[test]
fn groff_reads_the_manual_without_a_word() {
    if !tools::has("groff") {
        return;
    }
    let scratch = scratch::folder();
    for command in COMMANDS {
        let page = scratch.path().join(format!("wheelfix-{command}.1"));
        std::fs::write(&page, wheelfix(&["man", command])).unwrap();
        let output = tools::tool("groff")
            .args(["-ww", "-man", "-Tutf8"])
            .arg(&page)
            .output()
            .unwrap();
        let shown = good(&output);
        assert!(output.stderr.is_empty(), "{command}: {}", text(&output));
        assert!(
            shown.contains("General Commands Manual"),
            "{command}: {shown}"
        );
    }
}

#[test]
fn a_page_of_no_command_names_those_there_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_wheelfix"))
        .args(["man", "repare"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("no command `repare`; there are repair, "));
}

/// What a shell offers for the last word of a command line.
fn completed(shell: &str, program: &str) -> String {
    let scratch = scratch::folder();
    let file = scratch.path().join("_wheelfix");
    std::fs::write(&file, wheelfix(&["completions", shell])).unwrap();
    // A shell that waits for what never comes is ended.
    let output = tools::tool("timeout")
        .args(["60", shell])
        .arg(if shell == "zsh" { "-fc" } else { "-c" })
        .arg(program)
        .current_dir(scratch.path())
        .env("HOME", scratch.path())
        .output()
        .unwrap();
    good(&output)
}

#[test]
fn bash_completes_commands_and_flags() {
    let ask = |words: &str, last: usize| {
        format!(
            "source ./_wheelfix; COMP_WORDS=({words}); COMP_CWORD={last}; \
             _wheelfix wheelfix \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last}-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    };
    let commands = completed("bash", &ask("wheelfix re", 1));
    assert_eq!(commands.trim(), "repair");
    let flags = completed("bash", &ask("wheelfix repair --lib-p", 2));
    assert_eq!(flags.trim(), "--lib-path");
}

#[test]
fn zsh_completes_commands_and_flags() {
    if !tools::has("zsh") {
        return;
    }
    // A terminal of its own: zsh completes only what is typed.
    let program = r#"zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z 'PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -D -u; echo rea""dy'
        zpty -r -m z line '*ready*'
        zpty -w -n z $'wheelfix repair --clear-exe\t'
        zpty -r -m z line '*--clear-execstack*'
        print -r -- $line
        zpty -d z"#;
    assert!(completed("zsh", program).contains("--clear-execstack"));
}

/// What is asked of the installed package: the command, the module, its answers and its errors.
const TRY: &str = r#"
import os, subprocess, sys, wheelfix
assert os.path.exists(wheelfix.find_program())
said = subprocess.run([sys.executable, "-m", "wheelfix", "--version"], stdout=subprocess.PIPE, check=True)
assert said.stdout.startswith(b"wheelfix "), said
wheel, root, out = sys.argv[1:]
done = wheelfix.repair(wheel, sysroot=root, wheel_dir=out)
made = done["wheels"][0]["output"]
assert wheelfix.check(made)["packages"][0]["findings"] == [], made
assert wheelfix.show(made, sysroot=root)["wheels"][0]["deserves"] == ["musllinux_1_2_x86_64"]
assert wheelfix.check(wheel)["packages"][0]["findings"][0]["degree"] == "error"
assert [rule["code"] for rule in wheelfix.rule("F002")["rules"]] == ["F002"]
assert wheelfix.size(made)["trees"], made
try:
    wheelfix.build(lock_of_nothing=True)
except wheelfix.WheelfixError as error:
    assert error.exit == 2 and "--lock-of-nothing" in error.text, error.text
try:
    wheelfix.build("demo", sysroot=os.path.dirname(wheel), wheel_dir=out + "-house")
except wheelfix.WheelfixError as error:
    assert error.exit == 1 and "no Python is in its" in error.text, (error.exit, error.text)
else:
    raise AssertionError("a folder of wheels is no Alpine")
for paths, flags, exit, text in [
    ([wheel], {"sysroot": "/nonexistent", "wheel_dir": out}, 4, "/nonexistent"),
    ([wheel], {"sysroot": root, "wheel_dir": out, "plat": "musllinux_1_0_x86_64"}, 1, "musllinux_1_0"),
    ([wheel], {"no_such_flag": True}, 2, "--no-such-flag"),
    ([__file__], {"wheel_dir": out}, 3, "wheel"),
]:
    try:
        wheelfix.repair(*paths, **flags)
    except wheelfix.WheelfixError as error:
        assert error.exit == exit and text in error.text, (error.exit, error.text, exit, text)
    else:
        raise AssertionError((paths, flags))
print("all as it says")
"#;

const SPAM: &str = "spam-1.0-cp313-cp313-linux_x86_64.whl";

fn package() -> std::path::PathBuf {
    script("package", &[]).trim_end().into()
}

#[test]
fn pip_installs_the_package_on_debian() {
    let wheel = package();
    let scratch = scratch::folder();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let venv = scratch.path().join("venv");
    good(
        &tools::tool("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .output()
            .unwrap(),
    );
    let python = venv.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "-q", "--no-index"])
        .arg(&wheel);
    good(&pip.output().unwrap());
    let program = scratch.path().join("try.py");
    std::fs::write(&program, TRY).unwrap();
    let mut command = Command::new(&python);
    command
        .arg(&program)
        .arg(fixtures.join(SPAM))
        .arg(fixtures.join("alpine"));
    let output = command.arg(scratch.path().join("out")).output().unwrap();
    assert_eq!(good(&output).trim(), "all as it says");
    let output = Command::new(venv.join("bin/wheelfix"))
        .arg("--version")
        .output();
    assert!(good(&output.unwrap()).starts_with("wheelfix "));
}

#[test]
fn pip_installs_the_package_on_a_bare_alpine() {
    let wheel = package();
    let scratch = scratch::folder();
    std::fs::write(scratch.path().join("try.py"), TRY).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let program = format!(
        // The stage lives on: what an earlier build of the package left there must not be tried.
        "venv=$(mktemp -d); trap 'rm -rf $venv' EXIT
        python3 -m venv --without-pip $venv
        pip -q --python $venv/bin/python install --no-index /mnt/package/{}
        $venv/bin/wheelfix --version
        $venv/bin/python /mnt/try/try.py /mnt/fixtures/{SPAM} /mnt/fixtures/alpine $venv/out",
        wheel.file_name().unwrap().to_str().unwrap()
    );
    let binds = [
        (wheel.parent().unwrap(), "/mnt/package"),
        (scratch.path(), "/mnt/try"),
        (fixtures.as_path(), "/mnt/fixtures"),
    ];
    let said = good(&inside(&stage().bare, &binds, &program));
    assert!(said.contains("all as it says"), "{said}");
}

#[test]
fn the_package_is_what_its_tags_say() {
    let wheel = package();
    let name = wheel.file_name().unwrap().to_str().unwrap();
    for tag in ["manylinux2014_x86_64", "musllinux_1_1_x86_64"] {
        assert!(name.contains(tag), "{name}");
    }
    let said = wheelfix(&["check", "--strict", wheel.to_str().unwrap()]);
    assert_eq!(said, "", "{said}");
    let shown = wheelfix(&["show", wheel.to_str().unwrap()]);
    assert!(!shown.contains("runs nowhere"), "{shown}");
}
