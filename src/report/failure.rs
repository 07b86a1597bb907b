//! An error as a person reads it: what, where, why, then what to do.

use super::auditwheel::refusal_text;
use super::obstacles;
use super::words::count;
use crate::error::Error;
use crate::wheel::Untrusted;

/// The whole text of an error, several lines, without colour.
pub fn failure(error: &Error) -> String {
    let (text, hint) = match error {
        Error::Usage(text) => (text.to_string(), None),
        Error::NoPlatformWheel(refusal) => (refusal_text(refusal), None),
        Error::Wheel { wheel, error } if error.is_io() => (
            format!("cannot read `{}`: {error}", wheel),
            Some("check that the disk holds a whole copy of the wheel"),
        ),
        Error::Wheel { wheel, error } if error.bound.is_some() => {
            // The error itself says by which flag.
            let text = format!("`{wheel}` asks for too much: {error}");
            (
                text,
                Some("no real package comes near; nothing was written"),
            )
        }
        Error::Wheel { wheel, error } => (
            format!("`{}` is not a wheel to work on: {error}", wheel),
            Some("build or download the wheel again; nothing was written"),
        ),
        Error::Output { wheel, error } => (
            format!(
                "cannot write `{}`: it would not be a valid wheel: {error}",
                wheel
            ),
            Some(
                "nothing was written; choose another folder with `--lib-sdir SUFFIX`, or rename what has the name",
            ),
        ),
        Error::MalformedElf { wheel, files } => {
            let number = count(files.len(), "broken ELF file", "broken ELF files");
            let mut text = format!("cannot use `{}`: {number}", wheel);
            for (path, error) in files {
                text.push_str(&format!("\n  {}: {error}", path));
            }
            (text, Some("build the wheel again; nothing was written"))
        }
        Error::Exceeded { of, exceeded } => {
            let name = exceeded.name();
            let more = exceeded.most.saturating_mul(10);
            return format!(
                "cannot work on `{of}`: it asks for too much: {exceeded}\n\nhint: no real package \
                 comes near; if you trust this one, raise the bound: `--limit {name}={more}`"
            );
        }
        Error::NotReadable { place, why } => (format!("cannot read `{place}`: {why}"), None),
        Error::Blocked { wheel, obstacles } => return obstacles::blocked(wheel, obstacles),
        Error::NotPortable { wheel, obstacles } => {
            return super::port_obstacles::refusal(wheel, obstacles);
        }
        Error::NotJudged { wheel, obstacles } => return obstacles::not_judged(wheel, obstacles),
        Error::Edit {
            wheel,
            place,
            error,
        } => (
            format!(
                "cannot repair `{}`: {place} cannot be edited: {error}",
                wheel
            ),
            Some(
                "nothing was written; this is a fault of wheelfix or of the file: please report it. `--relr=keep` leaves out one kind of edit",
            ),
        ),
        Error::Elf { path, error } => (
            format!("{}: {error}", Untrusted::from(path.as_path())),
            None,
        ),
        Error::Changed { path } => (
            format!("`{}` changed while it was read", path),
            Some("let whatever writes it finish, then run again; nothing was written"),
        ),
        Error::Io { doing, path, error } => (
            format!(
                "cannot {doing} `{}`: {error}",
                Untrusted::from(path.as_path())
            ),
            None,
        ),
        Error::Exists {
            path,
            is_input: true,
        } => (
            format!("`{}` is the input itself", Untrusted::from(path.as_path())),
            Some("choose another folder with `-w DIR`, or replace it with `--in-place`"),
        ),
        Error::Exists {
            path,
            is_input: false,
        } => (
            format!("`{}` is there already", Untrusted::from(path.as_path())),
            Some("remove it, or leave out `--no-clobber`"),
        ),
        Error::SameOutput {
            path,
            first,
            second,
        } => (
            format!(
                "`{}` would replace what `{}` has become: both are written to `{}`",
                second,
                first,
                Untrusted::from(path.as_path())
            ),
            Some("repair them with two commands, each with its own `-w DIR`"),
        ),
        Error::Refused { path, why, hint } => (
            format!(
                "cannot work on `{}`: {why}",
                Untrusted::from(path.as_path())
            ),
            Some(hint.as_str()),
        ),
        Error::Untrusted { path, why } => (
            format!("cannot trust `{}`: {why}", Untrusted::from(path.as_path())),
            Some(
                "nothing was changed; a package may have brought it: remove it, reinstall what links to it, then run again",
            ),
        ),
        Error::Busy { path } => (
            format!(
                "another wheelfix works on `{}`",
                Untrusted::from(path.as_path())
            ),
            Some("wait for it to finish, then run again"),
        ),
        Error::TreeChanged { path } => (
            format!(
                "`{}` changed since it was looked at",
                Untrusted::from(path.as_path())
            ),
            Some(
                "let whatever writes to the tree finish, then run again: what is half done is carried on, or taken back by `dedupe --undo`",
            ),
        ),
        Error::Build(fault) => return super::build_fault::words(fault),
        Error::NotBegun { wheel } => (
            format!(
                "`{}` was not repaired, since another wheel failed before",
                wheel
            ),
            Some("`--keep-going` repairs what can be repaired"),
        ),
    };
    match hint {
        Some(hint) => format!("{text}\n\nhint: {hint}"),
        None => text,
    }
}
