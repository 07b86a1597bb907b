//! Opens, scans and expects: what tests of broken wheels share.

use std::cell::Cell;
use std::fs;

use wheelfix::wheel::{Archive, Error, Limits, Rule, Wheel, WheelFilename};

use super::wheel_builder::Zip;
use super::{bounded, scratch};

pub const NAME: &str = "demo-1.0-py3-none-any.whl";

/// What the program is asked to do with a wheel, in turn.
const COMMANDS: [&str; 8] = [
    "check --strict",
    "repair --allow-pure-python-wheel -w out",
    "show --json",
    "slim -w out",
    "check --strict --json",
    "size",
    "port -w out",
    "lddtree --libc musl",
];

thread_local! {
    /// How many wheels the test has tried, which has a thread of its own.
    static TRIED: Cell<usize> = const { Cell::new(0) };
}

/// Opens and scans a wheel under the name and the limits given. The program has to agree, and to do with little
/// time and memory.
pub fn verify_as(bytes: &[u8], name: &str, limits: &Limits) -> Result<Wheel, Error> {
    let verdict = opened(bytes, name, limits);
    if *limits == Limits::default() && !name.contains('/') && name.len() < 255 {
        by_the_program(bytes, name, verdict.is_ok());
    }
    verdict
}

fn opened(bytes: &[u8], name: &str, limits: &Limits) -> Result<Wheel, Error> {
    let wheel = Wheel::open(bytes, &WheelFilename::parse(name)?, limits)?;
    wheel.scan(bytes, |_| true, |_, _| ())?;
    Ok(wheel)
}

/// Runs the program on the wheel, if it is its turn: the first wheels of a test are, then every fiftieth.
fn by_the_program(bytes: &[u8], name: &str, is_good: bool) {
    let turn = TRIED.replace(TRIED.get() + 1);
    if turn >= COMMANDS.len() && !turn.is_multiple_of(50) {
        return;
    }
    let folder = scratch::folder();
    fs::write(folder.path().join(name), bytes).unwrap();
    let command = COMMANDS[turn % COMMANDS.len()];
    let mut words: Vec<&str> = command.split(' ').collect();
    words.push(name);
    let (code, text) = bounded::said(folder.path(), &words);
    // `check` finds what is wrong; to those that write it is no wheel to work on. The others need not read all.
    let refused = match () {
        () if command.starts_with("check") => Some(1),
        () if command.contains("-w out") => Some(3),
        () => None,
    };
    let is_as_said = is_good || refused.is_none_or(|refused| code == refused);
    assert!(is_as_said, "{command}: {code}: {text}");
    let written = fs::read_dir(folder.path().join("out")).map_or(0, Iterator::count);
    assert!(is_good || written == 0, "{command} wrote {written} files");
}

pub fn limited(bytes: &[u8], limits: &Limits) -> Result<Wheel, Error> {
    verify_as(bytes, NAME, limits)
}

pub fn verify(bytes: &[u8]) -> Result<Wheel, Error> {
    limited(bytes, &Limits::default())
}

/// Reads the archive and unpacks every entry, whatever its RECORD says.
pub fn unpack_all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let archive = Archive::read(bytes, &Limits::default())?;
    archive
        .entries()
        .iter()
        .map(|entry| archive.contents(bytes, entry))
        .collect()
}

/// The wheel must be refused by that rule, and say so in one line that steers no terminal.
pub fn refused(bytes: &[u8], rule: Rule) -> Error {
    let error = verify(bytes).expect_err("a broken wheel passed");
    assert_eq!(error.rule, rule, "{error}");
    let text = error.to_string();
    assert!(text.contains(rule.id()), "{text}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    error
}

pub fn accepted(zip: &Zip) -> Wheel {
    verify(&zip.build()).unwrap_or_else(|error| panic!("a good wheel was refused: {error}"))
}
