//! Opens, scans and expects: what tests of broken wheels share.

use wheelfix::wheel::{Archive, Error, Limits, Rule, Wheel, WheelFilename};

use super::wheel_builder::Zip;

pub const NAME: &str = "demo-1.0-py3-none-any.whl";

/// Opens and scans a wheel under the name and the limits given.
pub fn verify_as(bytes: &[u8], name: &str, limits: &Limits) -> Result<Wheel, Error> {
    let wheel = Wheel::open(bytes, &WheelFilename::parse(name)?, limits)?;
    wheel.scan(bytes, |_| true, |_, _| ())?;
    Ok(wheel)
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
