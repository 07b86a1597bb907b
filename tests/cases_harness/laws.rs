//! What holds after every successful run: Python takes the wheels, repairing them again changes
//! nothing (porting them again is refused; a build is begun from other files), and the number of threads does not matter.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Cursor, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use zip::ZipArchive;

use super::case::{Case, Run};
use super::run::{arguments, wheelfix};
use super::scratch;
use super::tools::tool;

/// `written` are the files that the run made, by their path in `folder`.
pub fn check(case: &Case, run: &Run, folder: &Path, written: &[&String]) -> Result<(), String> {
    let wheels: Vec<&String> = written
        .iter()
        .filter(|n| n.ends_with(".whl"))
        .copied()
        .collect();
    if wheels.is_empty() {
        return Ok(());
    }
    for wheel in &wheels {
        python(&folder.join(wheel))?;
        equal_names_mean_equal_bytes(&fs::read(folder.join(wheel)).unwrap(), wheel)?;
    }
    // Beside the case's own folder, so that the next run does not see it.
    let scratch = scratch::folder();
    let threads = match run.env.contains_key("RAYON_NUM_THREADS") {
        true => "3",
        false => "1",
    };
    let single = scratch.path().join("one-thread");
    let words = into(arguments(run, &case.wheels(), folder), &single);
    wheelfix(folder, run, &words, &[("RAYON_NUM_THREADS", threads)]);
    same(folder, &wheels, &single, "another number of threads")?;
    if run.args.starts_with("build ") {
        return Ok(());
    }
    let again = scratch.path().join("again");
    let outputs: Vec<String> = wheels.iter().map(|name| (*name).clone()).collect();
    let words = into(arguments(run, &outputs, folder), &again);
    let output = wheelfix(folder, run, &words, &[]);
    if run.args.starts_with("port ") {
        // What was ported is for musl already, and says so.
        return match again.exists() {
            true => Err("a ported wheel is ported again".to_owned()),
            false => Ok(()),
        };
    }
    same(folder, &wheels, &again, "repairing it again").map_err(|difference| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        format!("{difference}\n{stderr}")
    })
}

/// The same command with another output folder.
fn into(mut words: Vec<String>, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap().to_owned();
    match words.iter().position(|word| word == "-w") {
        Some(at) => words[at + 1] = folder,
        None => words.extend(["-w".to_owned(), folder]),
    }
    words
}

fn same(folder: &Path, wheels: &[&String], other: &Path, what: &str) -> Result<(), String> {
    let listed = fs::read_dir(other).map_err(|_| format!("{what} gives no output at all"))?;
    let listed = listed.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().is_some_and(|name| name.ends_with(".whl"))
    });
    let count = listed.count();
    if count != wheels.len() {
        return Err(format!("{what} gives {count} files, not {}", wheels.len()));
    }
    for wheel in wheels {
        let name = Path::new(wheel).file_name().unwrap();
        let first = fs::read(folder.join(wheel)).unwrap();
        let Ok(second) = fs::read(other.join(name)) else {
            return Err(format!("{what} gives another name than {wheel}"));
        };
        if first != second {
            let one = super::wheel_text::describe(&first)?;
            let another = super::wheel_text::describe(&second)?;
            return Err(format!("{what} gives other bytes:\n{one}\n{another}"));
        }
    }
    Ok(())
}

/// Every grafted library that any case has made, by its name.
static GRAFTS: Mutex<BTreeMap<String, (Vec<u8>, String)>> = Mutex::new(BTreeMap::new());

fn equal_names_mean_equal_bytes(wheel: &[u8], place: &str) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(wheel)).unwrap();
    let mut grafts = GRAFTS.lock().unwrap_or_else(PoisonError::into_inner);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let path = entry.name().unwrap().into_owned();
        let Some((folder, name)) = path.rsplit_once('/') else {
            continue;
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !folder.ends_with(".libs") || !wheelfix::elf::is_elf(&bytes) {
            continue;
        }
        match grafts.get(name) {
            Some((known, elsewhere)) if *known != bytes => {
                return Err(format!(
                    "{name} is not the same in {place} and in {elsewhere}"
                ));
            }
            Some(_) => {}
            None => {
                grafts.insert(name.to_owned(), (bytes, place.to_owned()));
            }
        }
    }
    Ok(())
}

/// One Python process for all wheels: starting it takes longer than the checks.
static PYTHON: LazyLock<Mutex<(Child, ChildStdin, BufReader<ChildStdout>)>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/check_wheel.py");
    let mut child = tool("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to check the wheels");
    let input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    Mutex::new((child, input, output))
});

pub fn python(wheel: &Path) -> Result<(), String> {
    let mut python = PYTHON
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let (_, input, output) = &mut *python;
    writeln!(input, "{}", wheel.display()).unwrap();
    input.flush().unwrap();
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    match answer.trim_end() {
        "ok" => Ok(()),
        other => Err(format!("Python says of {}: {other}", wheel.display())),
    }
}
