//! What keeps a wheel from a platform tag, and what to do about it.

use std::collections::BTreeSet;

use crate::plan::Blocker;
use crate::policy::{GlibcVersion, PlatformTag};
use crate::resolve::ModulePath;
use crate::wheel::escape;

/// At most so many files are named for one reason.
pub(super) const NAMED: usize = 8;

/// What keeps a wheel from a tag, a line each.
pub(super) fn blockers_text(blockers: &[Blocker]) -> String {
    let mut lines: Vec<String> = blockers.iter().take(NAMED).map(blocker).collect();
    let more = blockers.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("  and {more} more\n"));
    }
    lines.concat()
}

fn blocker(blocker: &Blocker) -> String {
    match blocker {
        Blocker::Version {
            file,
            library,
            version,
        } => format!(
            "  {file} needs {} of {}\n",
            version,
            escape(library.as_str())
        ),
        Blocker::Symbol {
            file,
            library,
            symbol,
        } => format!(
            "  {file} needs {} of {}, which is not there or private\n",
            symbol,
            escape(library.as_str())
        ),
        Blocker::Isa { file, level } => format!("  {file} is built for {level} processors\n"),
        Blocker::Python { file, symbol } => format!(
            "  {file} needs {}, which ordinary builds of Python lack\n",
            symbol
        ),
        Blocker::Musl(cause) => {
            format!(
                "  {} {}, since Alpine {}\n",
                cause.file, cause.what, cause.since
            )
        }
    }
}

/// What to do about what keeps a tag away that was not just tried.
pub(super) fn blockers_hint(blockers: &[Blocker], tag: &str, auto: bool) -> String {
    // No tag has what is private, or what no table knows.
    let has_release = |blocker: &Blocker| match blocker {
        Blocker::Version { version, .. } => {
            GlibcVersion::of(version.as_str()).is_none_or(|version| version.release().is_some())
        }
        _ => true,
    };
    let newer_helps = !auto && blockers.iter().all(has_release);
    let plain = || {
        let arch = PlatformTag::parse(tag).map_or_else(String::new, |tag| tag.arch);
        format!("write a tag that promises nothing with `--plat linux_{arch}`")
    };
    if let Some(private) = private_hint(blockers) {
        return format!("{private}, or {}", plain());
    }
    match blockers.first() {
        Some(Blocker::Isa { .. }) => {
            "compile for the baseline processor, or pass `--disable-isa-ext-check`"
        }
        Some(Blocker::Python { .. }) => {
            "build with a Python of wide Unicode and without fpectl (PEP 513)"
        }
        Some(Blocker::Musl(_)) => "build on an older Alpine, or ask for `--plat auto`",
        Some(Blocker::Version { .. } | Blocker::Symbol { .. }) | None if newer_helps => {
            "build on an older system, or ask for `--plat auto` or a newer tag"
        }
        Some(Blocker::Version { .. } | Blocker::Symbol { .. }) | None => {
            return format!("build on an older system, or {}", plain());
        }
    }
    .to_owned()
}

/// What to do about what is private to one glibc: no older system has it, and no tag promises it. A
/// library of the system's that needs it is a part of that glibc.
fn private_hint(blockers: &[Blocker]) -> Option<String> {
    let files = blockers.iter().filter_map(|blocker| match blocker {
        Blocker::Version { file, version, .. } => {
            let is_private = GlibcVersion::of(version.as_str()) == Some(GlibcVersion::Private);
            is_private.then_some(file)
        }
        _ => None,
    });
    let (own, system): (BTreeSet<&ModulePath>, BTreeSet<&ModulePath>) =
        files.partition(|file| file.in_wheel());
    if let Some(file) = own.first() {
        return Some(format!(
            "build {file} without what it takes of GLIBC_PRIVATE, which is for the parts of one glibc alone (`readelf --dyn-syms` shows the symbols)"
        ));
    }
    let names: Vec<String> = system
        .iter()
        .map(|file| format!("--exclude '*{}'", escape(file.file_name())))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "leave to the system what is a part of its glibc, with `{}`",
            names.join(" ")
        )
    })
}
