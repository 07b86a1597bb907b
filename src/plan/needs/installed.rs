//! Where an entry of a wheel lands when the wheel is installed (PEP 427).

use crate::resolve::{ModulePath, Place};
use crate::wheel::ArchivePath;

/// A program of `.data/scripts` that must find libraries moves to a folder of
/// site-packages with this ending.
pub const LAUNCHER_FOLDER_SUFFIX: &str = ".scripts";

/// Where an entry lands. `.data/platlib` and `.data/purelib` are unpacked into
/// site-packages beside everything else, `.data/scripts` goes among the interpreter's
/// programs, the rest somewhere under the prefix.
pub fn installed(entry: &ArchivePath) -> ModulePath {
    let text = entry.as_str();
    let mut parts = text.splitn(3, '/');
    let (folder, scheme, rest) = (parts.next(), parts.next(), parts.next());
    if let (Some(folder), Some(scheme), Some(rest)) = (folder, scheme, rest)
        && folder.ends_with(".data")
    {
        return match scheme {
            "platlib" | "purelib" => ModulePath::new(Place::Wheel, rest),
            "scripts" => ModulePath::new(Place::WheelScripts, rest),
            "data" => ModulePath::new(Place::WheelPrefix, rest),
            other => ModulePath::new(Place::WheelPrefix, &format!("{other}/{rest}")),
        };
    }
    ModulePath::new(Place::Wheel, text)
}
