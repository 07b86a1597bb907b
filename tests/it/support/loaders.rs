//! Files that need no C library, built here, and both real loaders: glibc's of this machine and musl's of a
//! bare Alpine.

use super::command::text;
use super::stage::{inside, stage};
use super::tools::tool;
use super::wheel_builder::WheelBuilder;
use super::wheels::only_wheel;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const GLIBC: &str = "manylinux_2_17_x86_64";
pub(crate) const MUSL: &str = "musllinux_1_2_x86_64";

/// Loads each file in a process of its own, all symbols bound, and prints the names of those that load.
const LOAD: &str = "
import ctypes, os, sys
for path in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            ctypes.CDLL(path)
        except OSError as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        print(os.path.basename(path))
";

/// Ends a program: there is no C library in these.
pub(crate) const EXIT: &str = "static void leave(int code) {
  __asm__ volatile (\"syscall\" : : \"a\"(60L), \"D\"((long)code) : \"rcx\", \"r11\", \"memory\");
  __builtin_unreachable(); }\n";

/// A folder with what a test builds.
pub(crate) struct Yard(pub(crate) tempfile::TempDir);

impl Yard {
    pub(crate) fn open() -> Self {
        let yard = Self(tempfile::tempdir().unwrap());
        fs::create_dir(yard.path("lib")).unwrap();
        yard
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a text that needs no C library; words may name files of the yard.
    pub(crate) fn gcc(&self, output: &str, source: &str, words: &[&str]) -> Vec<u8> {
        fs::write(self.path("source.c"), source).unwrap();
        let mut command = tool("gcc");
        command.current_dir(self.0.path());
        command.args([
            "-O1",
            "-fPIC",
            "-nostdlib",
            "-fno-builtin",
            "-fno-stack-protector",
        ]);
        command.args([
            "-Wl,--no-as-needed",
            "-Wl,--allow-shlib-undefined",
            "-o",
            output,
        ]);
        let done = command.arg("source.c").args(words).output().unwrap();
        assert!(done.status.success(), "{output}: {}", text(&done));
        fs::read(self.path(output)).unwrap()
    }

    pub(crate) fn library(&self, output: &str, source: &str, words: &[&str]) -> Vec<u8> {
        self.gcc(output, source, &[&["-shared"], words].concat())
    }

    pub(crate) fn wheelfix(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wheelfix"));
        command
            .current_dir(self.0.path())
            .args(words)
            .output()
            .unwrap()
    }

    pub(crate) fn wheel(&self, tags: &str, files: &[(&str, &[u8])]) -> String {
        let mut wheel = WheelBuilder::new("demo", "1.0").tag(tags);
        for (path, bytes) in files {
            wheel = wheel.file(path, bytes);
        }
        let name = format!("demo-1.0-{tags}.whl");
        fs::write(self.path(&name), wheel.build()).unwrap();
        name
    }

    /// Unpacks a wheel into a new folder, programs and all.
    pub(crate) fn unpacked(&self, wheel: &Path, folder: &str) -> PathBuf {
        let site = self.path(folder);
        let mut archive = zip::ZipArchive::new(fs::File::open(wheel).unwrap()).unwrap();
        archive.extract(&site).unwrap();
        for path in archive
            .file_names()
            .map(|name| site.join(name.unwrap().as_ref()))
        {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        site
    }

    /// Repairs a wheel of these files, and gives its name and where it is unpacked.
    pub(crate) fn repaired(
        &self,
        tags: &str,
        files: &[(&str, &[u8])],
    ) -> Result<(String, PathBuf), String> {
        let wheel = self.wheel(tags, files);
        let out = self.path(&format!("out-{tags}"));
        let to = out.to_str().unwrap();
        let said = self.wheelfix(&["repair", "--lib-path", "lib", "-w", to, &wheel]);
        if !said.status.success() {
            return Err(text(&said));
        }
        let path = only_wheel(&out);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        Ok((name, self.unpacked(&path, &format!("site-{tags}"))))
    }

    /// The files that `check` names with one of these rules.
    pub(crate) fn findings(&self, wheel: &str, select: &str) -> BTreeSet<String> {
        let output = self.wheelfix(&["check", "--json", "--select", select, wheel]);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = value["packages"][0]["findings"].as_array().unwrap();
        let file = |one: &serde_json::Value| one["file"].as_str().unwrap().to_owned();
        found
            .iter()
            .map(|one| file(one).rsplit('/').next().unwrap().to_owned())
            .collect()
    }
}

/// The names of the files that a loader takes.
pub(crate) fn loaded(site: &Path, files: &[&str], on_musl: bool) -> BTreeSet<String> {
    let output = match on_musl {
        true => {
            fs::write(site.join("load.py"), LOAD).unwrap();
            let paths: Vec<String> = files.iter().map(|file| format!("/mnt/x/{file}")).collect();
            let program = format!("python3 /mnt/x/load.py {}", paths.join(" "));
            inside(&stage().bare, &[(site, "/mnt/x")], &program)
        }
        false => {
            let paths = files.iter().map(|file| site.join(file));
            tool("python3")
                .args(["-c", LOAD])
                .args(paths)
                .output()
                .unwrap()
        }
    };
    assert!(output.status.success(), "{}", text(&output));
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(str::to_owned).collect()
}

/// The exit code of a program; 127 where it cannot be started.
pub(crate) fn started(site: &Path, program: &str, on_musl: bool) -> i32 {
    let line = |path: &str| format!("{path} 2>&1 && echo code 0 || echo code $?");
    let output = match on_musl {
        true => inside(
            &stage().bare,
            &[(site, "/mnt/x")],
            &line(&format!("/mnt/x/{program}")),
        ),
        false => {
            let path = site.join(program);
            tool("sh")
                .arg("-c")
                .arg(line(path.to_str().unwrap()))
                .output()
                .unwrap()
        }
    };
    let said = text(&output);
    let (_, code) = said.rsplit_once("code ").unwrap();
    code.trim().parse().unwrap()
}

/// Names in a set, from words.
pub(crate) fn set(words: &str) -> BTreeSet<String> {
    words.split_whitespace().map(str::to_owned).collect()
}
